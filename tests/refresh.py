"""`python -m tests.refresh [NAME ...]`: the one way by which stored outputs of notebooks are made.

Writes the set-up cell and the badge, runs each notebook on a fresh kernel (CPU, LEARNING_RATE_DATA
unset), and stores it in a form that comes out the same, byte for byte, when nothing changed.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers.environment import ROOT
from helpers.lessons import suggest
from tests import nbval_hooks, setup_cell

NOTEBOOKS = ROOT / "notebooks"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)(?:\s*\|\s*)?")


def list_notebooks(folder=NOTEBOOKS):
    """Return the paths of all lessons and solutions, in order."""
    return sorted([*folder.glob("*.ipynb"), *folder.glob("solutions/*.ipynb")])


def find_notebooks(names, folder=NOTEBOOKS):
    """Return the paths whose names begin with the given ones; all if none is given.

    Raises:
        ValueError: If a name fits no notebook.
    """
    paths = list_notebooks(folder)
    if not names:
        return paths
    found = []
    for name in names:
        stem = Path(name).stem
        fitting = [path for path in paths if path.stem.startswith(stem)]
        if not fitting:
            known = [path.stem for path in paths]
            raise ValueError(f"There is no notebook {name!r}. {suggest(stem, known)}")
        found += fitting
    return list(dict.fromkeys(found))


def prepare(notebook, path, root=ROOT, address=None, ref=None):
    """Write the set-up cell and the badge, and give each cell an id; in place.

    Args:
        notebook: A notebook as nbformat reads it.
        path: Where it lies; the badge names it.
        root: The folder that the badge's path starts from.
        address: Where the course is published; as in setup_cell.py if None, then `ref` as well.
        ref: Tag or branch.
    """
    source = setup_cell.SOURCE if address is None else setup_cell.source(address, ref)
    for cell in notebook.cells:
        if cell.cell_type == "code" and _is_setup(cell):
            cell.source = source
            cell.metadata.update(setup_cell.METADATA)
    if notebook.cells and notebook.cells[0].cell_type == "markdown":
        place = Path(path).resolve().relative_to(Path(root).resolve()).as_posix()
        badge = setup_cell.badge(place, address, ref)
        notebook.cells[0].source = with_badge(notebook.cells[0].source, badge)
    _give_ids(notebook)


def with_badge(source, badge):
    """Return a first cell's text with this badge at the head of the line after the title."""
    title, _, rest = source.partition("\n")
    rest = _BADGE.sub("", rest).lstrip("\n")
    line = " | ".join(part for part in (badge, rest) if part)
    return f"{title}\n\n{line}" if line else title


def execute(notebook, folder, cell_timeout=600):
    """Run a notebook in place on a fresh kernel: CPU, quiet, without LEARNING_RATE_DATA.

    Args:
        notebook: A notebook as nbformat reads it.
        folder: The folder in which its kernel runs.
        cell_timeout: Seconds after which a cell counts as failed.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as keras_home:
        environment = {**os.environ, **nbval_hooks.SETTINGS, "KERAS_HOME": keras_home}
        for name in ("LEARNING_RATE_DATA", "MPLBACKEND"):
            environment.pop(name, None)
        client = NotebookClient(
            notebook,
            timeout=cell_timeout,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            store_widget_state=False,
        )
        client.execute(env=environment, stderr=subprocess.DEVNULL)


def normalize(notebook):
    """Remove from a run notebook what would differ without a reason; in place."""
    notebook.metadata = type(notebook.metadata)(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        for name in ("execution", "ExecuteTime", "ExecuteInfo", "collapsed", "id", "outputId"):
            cell.metadata.pop(name, None)
        if cell.cell_type == "code":
            cell.outputs = _stable_outputs(cell.outputs)


def _stable_outputs(outputs):
    """Return outputs without stderr and widget views; neighboring texts joined."""
    stable = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if stable and stable[-1].output_type == "stream":
                stable[-1].text += output.text
                continue
        elif "data" in output:
            # A view names a model of a kernel that is gone; the picture and the text remain.
            output.data.pop(WIDGET_VIEW, None)
            output.metadata.pop(WIDGET_VIEW, None)
            if not output.data:
                continue
        stable.append(output)
    for output in stable:
        if output.output_type == "stream":
            output.text = _overwritten(output.text)
    return stable


def _overwritten(text):
    """Return what a terminal shows of a text that goes back to the start of its lines."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return "\n".join(lines)


def refresh(path, root=ROOT, check=False):
    """Run one notebook and store it, or compare it with what is stored.

    Args:
        path: The notebook.
        root: The folder that badge paths start from.
        check: Compare only; write nothing.

    Returns:
        The lines of a difference between the stored and the new notebook; empty if they agree.
    """
    import nbformat

    path = Path(path)
    stored = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(stored, as_version=4)
    prepare(notebook, path, root)
    execute(notebook, path.parent)
    normalize(notebook)
    nbformat.validate(notebook)
    fresh = nbformat.writes(notebook) + "\n"
    if fresh != stored and not check:
        _write(path, fresh)
    return list(
        difflib.unified_diff(stored.splitlines(), fresh.splitlines(), "stored", "new", lineterm="")
    )


def _write(path, text):
    """Replace a file in one step, so that an interruption leaves the old one."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(text, encoding="utf-8", newline="\n")
    os.replace(draft, path)


def _is_setup(cell):
    first_line = cell.source.partition("\n")[0]
    return re.match(r"#\s*@title Set-up", first_line) is not None


def _give_ids(notebook):
    """Give an id, by position, to each cell that has none or one that occurs before."""
    used = set()
    for number, cell in enumerate(notebook.cells, start=1):
        if not cell.get("id") or cell["id"] in used:
            cell["id"] = next(
                name
                for name in (f"cell-{number:03d}{suffix}" for suffix in ("", "a", "b", "c"))
                if name not in used
            )
        used.add(cell["id"])


def main(arguments=None):
    """Refresh the named notebooks, or all; return 1 if one fails or, with --check, differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.refresh", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how names begin; default all")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(arguments)
    try:
        paths = find_notebooks(options.names)
    except ValueError as error:
        parser.error(str(error))
    bad = 0
    for path in paths:
        try:
            difference = refresh(path, check=options.check)
        except Exception as error:
            print(f"{path.stem:<36} failed, not written\n{error}", flush=True)
            bad += 1
            continue
        verdict = "unchanged" if not difference else "differs" if options.check else "written"
        print(f"{path.stem:<36} {verdict}", flush=True)
        if options.check and difference:
            bad += 1
            print("\n".join(line[:200] for line in difference[:60]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
