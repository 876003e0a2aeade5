"""A lesson takes another data set by the one name at its top."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.environment import ROOT
from helpers.lessons import code_cells, list_lessons

CHOICE = re.compile(r'^DATA = "digits"$', re.MULTILINE)


def choices(path):
    """Return the code cells in which a lesson chooses its data, and the notebook."""
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in code_cells(notebook) if CHOICE.search(cell.source)], notebook


LESSONS = [path for path in list_lessons() if not path.stem.startswith("00_")]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_runs_on_photographs(path, real_data):
    """The facts are stated for digits, so that they bind here for nothing; every cell runs."""
    (choice,), notebook = choices(path)
    choice.source = CHOICE.sub('DATA = "cifar10"', choice.source)
    resources = {"metadata": {"path": str(ROOT / "notebooks")}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    printed = [output.get("text", "") for cell in code_cells(notebook) for output in cell.outputs]
    assert any("stated for digits; yours:" in text for text in printed)
