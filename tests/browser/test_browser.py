"""Every explorer of every notebook works in JupyterLab, by keyboard, without an error."""

import nbformat
import pytest

from tests.browser import cells
from tests.browser.demonstrations import FAULTS, write
from tests.browser.drive import Driver, Trouble
from tests.browser.lab import OpenNotebook


def drive(path, chromium, server):
    """Open a notebook, run what its explorers need, drive them; raise Trouble where one fails."""
    needed, explorers = cells.plan(path)
    notebook = OpenNotebook(chromium, server, path.name)
    try:
        for index in needed:
            for output in notebook.run(index):
                if output["output_type"] == "error":
                    raise Trouble(f"cell {index} ends in {output['ename']}: {output['evalue']}")
            if index in explorers:
                Driver(notebook.page, notebook.output(index)).drive()
        if notebook.errors:
            raise Trouble("page or kernel report errors")
    except Trouble as trouble:
        raise Trouble("\n".join([str(trouble), *notebook.errors])) from None
    finally:
        notebook.close()


@pytest.mark.parametrize("path", cells.notebooks_with_explorers(), ids=lambda path: path.stem)
def test_explorers_of_a_lesson_work_by_keyboard(path, chromium, server):
    drive(path, chromium, server)


@pytest.mark.parametrize(
    "path", sorted(cells.NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem
)
def test_every_explorer_that_a_lesson_announces_is_found(path):
    announced = [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown" and "### Explorer" in cell.source
    ]
    assert len(cells.plan(path)[1]) == len(announced)


def test_gate_passes_a_sound_explorer(chromium, server, demonstrations):
    drive(demonstrations[0], chromium, server)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("no_change", "the picture stays"),
        ("no_alt", "alt text"),
        ("error", "ZeroDivisionError"),
        ("error_in_cell", "NameError"),
    ],
)
def test_gate_catches_a_fault(fault, complaint, chromium, server, demonstrations):
    with pytest.raises(Trouble, match=complaint):
        drive(demonstrations[list(FAULTS).index(fault)], chromium, server)


def test_only_cells_that_explorers_need_are_run(tmp_path):
    path = write(tmp_path)[0]
    assert cells.plan(path) == ([1, 2, 3, 5], [5])
    assert cells.notebooks_with_explorers(tmp_path) == sorted(tmp_path.glob("*.ipynb"))
