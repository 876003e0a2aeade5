"""`python -m tests.refresh [NAME ...]`: the one way by which stored outputs of notebooks are made.

Runs each notebook on a fresh kernel (CPU, LEARNING_RATE_DATA unset), and stores it in a form that
comes out the same when nothing changed. A notebook that fails is not written; Ctrl-C ends all.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from helpers.environment import ROOT, finish
from tests.nbval_hooks import SETTINGS

NOTEBOOKS = ROOT / "notebooks"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def paths_of(names):
    """Return the lessons and solutions whose names begin as given; all if none is given."""
    every = sorted([*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("solutions/*.ipynb")])
    fitting = [path for path in every if not names or path.stem.startswith(tuple(names))]
    if not fitting or "" in names:
        sys.exit(f"There is no such notebook; there are {', '.join(path.stem for path in every)}.")
    return fitting


def executed(path):
    """Return a notebook with the outputs of a fresh kernel."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as keras_home:
        environment = {**os.environ, **SETTINGS, "KERAS_HOME": keras_home}
        for name in ("LEARNING_RATE_DATA", "MPLBACKEND"):
            environment.pop(name, None)
        NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            record_timing=False,
            store_widget_state=False,
        ).execute(env=environment)
    return normalized(notebook)


def normalized(notebook):
    """Return a notebook without what differs from run to run."""
    # Where a stream is cut into pieces is chance.
    CoalesceStreamsPreprocessor().preprocess(notebook, {})
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            # No one but a live kernel can draw it, and its number is another in each run.
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def main(names):
    """Refresh the notebooks that are named, or all."""
    for path in paths_of(names):
        nbformat.write(executed(path), path)
        print(f"{Path(path).relative_to(ROOT)}: stored", flush=True)


if __name__ == "__main__":
    finish(main)
