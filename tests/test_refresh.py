"""`python -m tests.refresh` stores a notebook alike each time, and never a failed run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.environment import ROOT
from tests import refresh, setup_cell

FIGURE = """\
import sys
sys.path.insert(0, ROOT)
from helpers.plotting.style import new_figure, show
figure, axes = new_figure()
axes.plot([1, 2, 3])
show(figure, "Line chart of three numbers against their place; they rise steadily.")"""

WIDGET = """\
import ipywidgets
class Explorer:
    def _repr_mimebundle_(self, **_):
        view = ipywidgets.IntSlider()
        place = {"version_major": 2, "version_minor": 0, "model_id": view.model_id}
        bundle = {"application/vnd.jupyter.widget-view+json": place}
        return {**bundle, "image/png": "aGk=", "text/plain": "a slider at zero"}
Explorer()"""

TALK = """\
import os, sys
print("one", file=sys.stderr)
print("10 %", end="\\r"); print("done")
print(os.environ.get("LEARNING_RATE_DATA"), os.environ["CUDA_VISIBLE_DEVICES"])"""


@pytest.fixture
def lesson(tmp_path):
    """A tiny notebook as an editor leaves it: no ids, odd counts, traces of a front end."""
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Tiny\nLesson 9 of 9"),
            new_code_cell(FIGURE.replace("ROOT", repr(str(ROOT)))),
            new_code_cell(WIDGET, metadata={"ExecuteTime": {"end": "now"}, "tags": []}),
            new_code_cell(TALK, execution_count=77),
        ],
        metadata={
            "widgets": {},
            "colab": {},
            "language_info": {"name": "python", "version": "3.1.4"},
        },
    )
    path = tmp_path / "tiny.ipynb"
    text = nbformat.writes(notebook)
    raw = json.loads(text)
    for cell in raw["cells"]:
        del cell["id"]
    path.write_text(json.dumps({**raw, "nbformat_minor": 4}), encoding="utf-8")
    return path


def test_a_second_refresh_changes_no_byte(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("LEARNING_RATE_DATA", "somewhere")
    assert refresh.refresh(lesson, root=tmp_path)
    first = lesson.read_bytes()
    assert refresh.refresh(lesson, root=tmp_path) == []
    assert lesson.read_bytes() == first
    assert not list(tmp_path.glob("*.draft"))

    notebook = nbformat.reads(first.decode(), as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    _, figure, widget, talk = notebook.cells
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert figure.outputs[0].metadata["image/png"]["alt"].startswith("Line chart")
    assert set(widget.outputs[0].data) == {"image/png", "text/plain"}
    assert "ExecuteTime" not in widget.metadata
    assert [(o.name, o.text) for o in talk.outputs] == [("stdout", "done\nNone -1\n")]


def test_check_reports_and_writes_nothing(lesson, tmp_path):
    stored = lesson.read_bytes()
    difference = refresh.refresh(lesson, root=tmp_path, check=True)
    assert any("done" in line for line in difference)
    assert lesson.read_bytes() == stored


def test_a_failed_run_is_not_stored(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    path = folder / "01_broken.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), path)
    stored = path.read_bytes()
    monkeypatch.setattr(refresh, "find_notebooks", lambda names: [path])
    monkeypatch.setattr(refresh, "prepare", lambda *rest: None)
    assert refresh.main([]) == 1
    assert path.read_bytes() == stored
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_the_address_reaches_setup_cell_and_badge(monkeypatch):
    address = "https://github.com/owner/name"
    monkeypatch.setattr(setup_cell, "ADDRESS", address)
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Title\n[![Open in Colab](old.svg)](old) | Lesson 1 of 6"),
            new_code_cell("#@title Set-up (an older one)\nold()"),
        ]
    )
    refresh.prepare(notebook, ROOT / "notebooks" / "01_a.ipynb")
    title, setup = notebook.cells
    assert setup.source == setup_cell.SOURCE
    assert setup.metadata == setup_cell.METADATA
    place = "https://colab.research.google.com/github/owner/name/blob/main/notebooks/01_a.ipynb"
    assert f"]({place}) | Lesson 1 of 6" in title.source
    assert title.source.count("Open in Colab") == 1


def test_without_an_address_the_badge_goes():
    old = "# Title\n\n[![Open in Colab](old.svg)](old) | Lesson 1 of 6"
    assert refresh.with_badge(old, "") == "# Title\n\nLesson 1 of 6"
    assert refresh.with_badge("# Title", "") == "# Title"


def test_ids_are_given_by_position_and_kept():
    notebook = new_notebook(cells=[new_markdown_cell("a", id="kept"), new_markdown_cell("b")])
    del notebook.cells[1]["id"]
    notebook.cells.append(new_markdown_cell("c", id="kept"))
    refresh._give_ids(notebook)
    assert [cell.id for cell in notebook.cells] == ["kept", "cell-002", "cell-003"]


def test_texts_around_stderr_become_one():
    pieces = [
        new_output("stream", name="stdout", text="a\n"),
        new_output("stream", name="stderr", text="warning"),
        new_output("stream", name="stdout", text="1 of 2\r2 of 2\n"),
    ]
    joined = refresh._stable_outputs(pieces)
    assert [output.text for output in joined] == ["a\n2 of 2\n"]


def test_an_unknown_name_gets_near_matches(tmp_path):
    (tmp_path / "solutions").mkdir()
    for name in ("01_fixed_rate_sweep", "02_range_test", "solutions/02_range_test_solutions"):
        (tmp_path / f"{name}.ipynb").write_text("{}")
    found = refresh.find_notebooks(["02"], tmp_path)
    assert [path.stem for path in found] == ["02_range_test", "02_range_test_solutions"]
    with pytest.raises(ValueError, match="Did you mean 02_range_test"):
        refresh.find_notebooks(["range_test"], tmp_path)


def test_an_unknown_name_is_wrong_use(capsys):
    with pytest.raises(SystemExit) as stop:
        refresh.main(["no_such_lesson"])
    assert stop.value.code == 2
    assert "There is no notebook 'no_such_lesson'" in capsys.readouterr().err


def run_setup_cell(folder, address=""):
    """Execute the set-up cell as a notebook in this folder would, without TensorFlow's start."""
    source = setup_cell.SOURCE.replace("session.start(seed=0)", "")
    source = re.sub(
        "^ADDRESS, REF = .*$", f'ADDRESS, REF = "{address}", "main"', source, flags=re.M
    )
    scope = {}
    before = os.getcwd()
    os.chdir(folder)
    try:
        exec(source, scope)
    finally:
        os.chdir(before)
    return Path(scope["root"])


@pytest.fixture
def keep_path(monkeypatch):
    """Give sys.path back after a set-up cell changed it."""
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.usefixtures("keep_path")
def test_the_setup_cell_finds_a_checkout_and_a_clone(tmp_path):
    assert run_setup_cell(ROOT / "helpers") == ROOT
    (tmp_path / "clone" / "helpers").mkdir(parents=True)
    (tmp_path / "clone" / "helpers" / "session.py").touch()
    assert run_setup_cell(tmp_path) == tmp_path / "clone"


@pytest.mark.usefixtures("keep_path")
def test_the_setup_cell_fetches_a_published_course_once(tmp_path):
    published, alone = tmp_path / "course", tmp_path / "alone"
    (published / "helpers").mkdir(parents=True)
    (published / "helpers" / "session.py").touch()
    alone.mkdir()
    author = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=published, check=True)
    assert run_setup_cell(alone, published.as_uri()) == alone / "course"
    shutil.rmtree(published)
    assert run_setup_cell(alone, published.as_uri()) == alone / "course"


@pytest.mark.usefixtures("keep_path")
def test_the_setup_cell_says_what_to_do_without_the_course(tmp_path):
    with pytest.raises(RuntimeError, match="Copy the whole course"):
        run_setup_cell(tmp_path)


def test_the_setup_cell_is_short_and_installs_nothing():
    assert len(setup_cell.SOURCE.splitlines()) <= 25
    assert "pip" not in setup_cell.SOURCE
