"""The course's notebooks as files: which there are, and running one without a browser."""

import difflib
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from helpers.environment import ROOT

NOTEBOOKS = ROOT / "notebooks"
_LESSON = re.compile(r"^\d\d_\w+$")


@dataclass(frozen=True)
class LessonRun:
    """What came of running one notebook.

    Attributes:
        name: The notebook's name without its ending.
        seconds: Wall time, the start of the kernel included.
        code_cells: Number of code cells in the notebook.
        failed_cell: Number of the code cell that failed, from 1; None if all ran.
        error: Last line of the error; empty if all ran.
    """

    name: str
    seconds: float
    code_cells: int
    failed_cell: int | None = None
    error: str = ""

    @property
    def ok(self):
        """Whether every cell ran."""
        return self.failed_cell is None and not self.error

    def __str__(self):
        verdict = "ok    " if self.ok else "failed"
        line = f"{self.name:<28} {verdict} {self.seconds:6.1f} s  {self.code_cells:>3} code cells"
        if self.ok:
            return line
        where = "before the first cell" if self.failed_cell is None else f"cell {self.failed_cell}"
        return f"{line}\n    {where}: {self.error}"


def list_lessons(folder=None):
    """Return the paths of the lessons in their order (solutions are not lessons).

    Args:
        folder: The folder of the lessons; the course's own if None.

    Returns:
        A list of paths such as `notebooks/01_fixed_rate_sweep.ipynb`; empty if there are none.
    """
    return sorted(
        path for path in Path(folder or NOTEBOOKS).glob("*.ipynb") if _LESSON.match(path.stem)
    )


def find_lessons(names, folder=None):
    """Return the paths of the named lessons.

    Args:
        names: Lesson names or their numbers: `"02_range_test"`, `"02"` or `"2"`; all if empty.
        folder: The folder of the lessons; the course's own if None.

    Returns:
        A list of paths, in the order of the names.

    Raises:
        ValueError: If a name fits no lesson; the message lists near matches.
    """
    lessons = list_lessons(folder)
    if not names:
        return lessons
    known = {path.stem: path for path in lessons}
    numbers = {path.stem[:2]: path for path in lessons}
    found = []
    for name in names:
        stem = Path(name).stem
        path = known.get(stem) or numbers.get(stem.zfill(2))
        if path is None:
            raise ValueError(f"There is no lesson {name!r}. {suggest(stem, known)}")
        found.append(path)
    return found


def suggest(name, known):
    """Return a sentence that names what may have been meant.

    Args:
        name: What was given.
        known: The names there are.

    Returns:
        A sentence with the near matches, or with all names where none is near.

    Example:
        >>> suggest("range_tset", ["02_range_test", "04_warm_restarts"])
        'Did you mean 02_range_test?'
    """
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"There are: {', '.join(known)}." if known else "There are none yet."


def run_lesson(path, on_cell=None, cell_timeout=600):
    """Run a notebook on a fresh kernel, in its own folder; the file is not touched.

    Args:
        path: The notebook.
        on_cell: Called as `on_cell(number, total)` before each code cell, counted from 1.
        cell_timeout: Seconds after which a cell counts as failed.

    Returns:
        A `LessonRun`.

    Raises:
        FileNotFoundError: If there is no such notebook.
    """
    import nbformat
    from nbclient import NotebookClient

    path = Path(path)
    notebook = nbformat.read(path, as_version=4)
    order = {cell.get("id"): number for number, cell in enumerate(code_cells(notebook), start=1)}
    reached = [0]

    def announce(cell, cell_index):
        reached[0] = order.get(cell.get("id"), reached[0])
        if on_cell is not None and cell.cell_type == "code":
            on_cell(reached[0], len(order))

    client = NotebookClient(
        notebook,
        timeout=cell_timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=announce,
    )
    started = time.monotonic()
    failed_cell, error = _execute(client, reached)
    return LessonRun(path.stem, time.monotonic() - started, len(order), failed_cell, error)


def code_cells(notebook):
    """Return the code cells of a notebook, in order.

    Args:
        notebook: A notebook as nbformat reads it.

    Returns:
        A list of cells.
    """
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _execute(client, reached):
    """Run the client; return the number of the failed cell and the error's last line."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryFile() as messages:  # the kernel's own, which no cell shows
        try:
            client.execute(stderr=messages)
        except CellExecutionError as error:
            last = (error.evalue or "").strip().splitlines() or [""]
            return reached[0] or None, f"{error.ename}: {last[-1]}"
        except CellTimeoutError:
            return reached[0] or None, f"took longer than {client.timeout} seconds"
        except DeadKernelError:
            messages.seek(0)
            said = messages.read().decode(errors="replace").strip().splitlines() or ["nothing said"]
            return reached[0] or None, f"the kernel died; memory may have run out ({said[-1]})"
    return None, ""
