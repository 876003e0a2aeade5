"""`python -m tests.address`: one address everywhere, or nothing changed."""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from helpers.environment import ROOT
from tests import address, refresh, setup_cell

README = """# A course

    git clone https://github.com/OWNER/NAME course

| lesson | minutes |
|---|---|
| [01 Sweep](notebooks/01_sweep.ipynb) | 50 |

Read [lesson 01](notebooks/01_sweep.ipynb). See https://github.com/OWNER/NAMESAKE.
"""
OURS = "https://github.com/some-owner/a.course"
OUTPUT = nbformat.v4.new_output("stream", name="stdout", text="ready\n")


@pytest.fixture
def course(tmp_path):
    """A course of one lesson and its solutions, not published yet."""
    for folder in ("tests", "notebooks/solutions"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "README.md").write_text(README)
    text = (ROOT / "tests" / "setup_cell.py").read_text(encoding="utf-8")
    text = address.changed_settings(text, "", "main")
    (tmp_path / "tests" / "setup_cell.py").write_text(text, encoding="utf-8")
    for name in ("01_sweep", "solutions/01_sweep_solutions"):
        cells = [
            new_markdown_cell("# Sweep\n\nLesson 1 of 6", id="a"),
            new_code_cell(
                setup_cell.source("", "main"), id="b", outputs=[OUTPUT], execution_count=1
            ),
        ]
        cells[1].metadata.update(setup_cell.METADATA)
        text = nbformat.writes(new_notebook(cells=cells)) + "\n"
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(text)
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_address_reaches_every_place(course):
    changed = address.set_address(OURS, "v1.0", root=course)
    assert len(changed) == 4
    settings = {}
    exec((course / "tests" / "setup_cell.py").read_text(encoding="utf-8"), settings)
    assert (settings["ADDRESS"], settings["REF"]) == (OURS, "v1.0")

    page = (course / "README.md").read_text()
    lesson = "notebooks/01_sweep.ipynb"
    link = f"https://colab.research.google.com/github/some-owner/a.course/blob/v1.0/{lesson})"
    assert f"git clone {OURS} course" in page
    assert page.count(link) == 1
    assert page.count("OWNER/NAME") == page.count("OWNER/NAMESAKE") == 1

    notebook = nbformat.read(course / lesson, as_version=nbformat.NO_CONVERT)
    assert notebook.cells[0].source.endswith(f"{link} | Lesson 1 of 6")
    assert notebook.cells[1].source == settings["SOURCE"]
    assert f'ADDRESS, REF = "{OURS}", "v1.0"' in settings["SOURCE"]
    assert notebook.cells[1].outputs == [OUTPUT]
    assert "solutions/01_sweep_solutions.ipynb)" in changed[-1].read_text()


def test_a_second_time_changes_nothing_and_the_way_back_is_exact(course):
    before = contents(course)
    address.set_address(OURS, "v1.0", root=course)
    after = contents(course)
    assert address.set_address(OURS, "v1.0", root=course) == []
    assert contents(course) == after
    address.set_address("https://github.com/other/one", "main", root=course)
    address.set_address("", "main", root=course)
    assert contents(course) == before


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("octocat/hello-world", "https://github.com/octocat/hello-world"),
        ("https://github.com/a/b.c_d", "https://github.com/a/b.c_d"),
        ("a/b--c", "https://github.com/a/b--c"),
    ],
)
def test_good_addresses(text, meant):
    assert address.checked_address(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "octocat",
        "octocat/",
        "/name",
        "a/b/c",
        "-a/b",
        "a-/b",
        "a--b/c",
        "a/..",
        "a/b.git",
        "a b/c",
        "a/b\n",
        'a/b"',
        "ä/b",
        "x" * 40 + "/b",
        "OWNER/NAME",
        "http://github.com/a/b",
        "https://example.org/a/b",
        "https://github.com/a/b/",
    ],
)
def test_malformed_addresses_are_refused(text, capsys, monkeypatch):
    monkeypatch.setattr(address, "set_address", lambda *rest: pytest.fail("it was set"))
    assert address.main(["--", text]) == 2
    assert "allowed is OWNER/NAME" in capsys.readouterr().err


@pytest.mark.parametrize("ref", ["", "-x", "a..b", "a b", "v1/", "/v1", "v1.lock", 'v"1', "v1."])
def test_malformed_refs_are_refused(ref, capsys, monkeypatch):
    monkeypatch.setattr(address, "set_address", lambda *rest: pytest.fail("it was set"))
    assert address.main(["a/b", f"--ref={ref}"]) == 2
    assert "such as v1.0" in capsys.readouterr().err


def spoil_readme(course):
    (course / "README.md").write_text("# A course without an address\n")


def spoil_settings(course):
    (course / "tests" / "setup_cell.py").write_text('ADDRESS = ""\nREF = "main"\nREF = "v2"\n')


def spoil_notebook(course):
    (course / "notebooks" / "02_broken.ipynb").write_text("{ this is no notebook")


@pytest.mark.parametrize("spoil", [spoil_readme, spoil_settings, spoil_notebook])
def test_an_unexpected_file_stops_it_before_anything_changes(course, spoil):
    spoil(course)
    before = contents(course)
    with pytest.raises(ValueError, match="wanted is one|does not hold|JSON"):
        address.set_address(OURS, "v1.0", root=course)
    assert contents(course) == before


@pytest.mark.parametrize("fails_at", [1, 3])
def test_a_failed_write_is_taken_back(course, monkeypatch, fails_at):
    before, calls, replace = contents(course), [], address.os.replace

    def failing(source, target):
        calls.append(target)
        if len(calls) == fails_at:
            raise OSError("no space left")
        replace(source, target)

    monkeypatch.setattr(address.os, "replace", failing)
    with pytest.raises(OSError, match="no space"):
        address.set_address(OURS, "v1.0", root=course)
    assert contents(course) == before


def test_the_course_itself_names_one_address_everywhere(tmp_path):
    """Setting what is set changes nothing: no file has another address or lacks its badge."""
    for name in ("README.md", "tests/setup_cell.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for path in refresh.list_notebooks():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    assert address.set_address(setup_cell.ADDRESS, setup_cell.REF, root=tmp_path) == []
