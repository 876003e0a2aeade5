"""The door: which Python a command goes on in, what it says, and what it leaves alone."""

import os
import shutil
import signal
import subprocess
import sys
import time
import venv

import nbformat
import pytest

from helpers import environment
from helpers.__main__ import main

SILENT = {"capture_output": True, "text": True}


def test_this_python_has_what_the_course_needs():
    assert environment.missing() == []


@pytest.mark.parametrize(
    ("line", "lacking"),
    [
        ("pandas>=2", False),
        ("pandas>=99", True),
        ("pandas<1", True),
        ("no-such-package", True),
        ("# a comment", False),
    ],
)
def test_names_and_versions_are_looked_at(monkeypatch, tmp_path, line, lacking):
    (tmp_path / "requirements.txt").write_text(line + "\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", tmp_path / "requirements.txt")
    assert environment.missing() == ([line] if lacking else [])


def test_a_command_that_is_none_says_which_there_are():
    for words in (["opne"], [], ["run", "99"], ["run", ""]):
        done = subprocess.run([sys.executable, "-m", "helpers", *words], **SILENT)
        assert done.returncode == 2
        assert "COMMAND" in done.stderr or "00_start_here" in done.stderr


def test_the_check_names_what_is_missing(monkeypatch, capsys):
    assert main(["check"]) == 0
    monkeypatch.setattr(environment, "missing", lambda: ["tensorflow>=2.18,<3"])
    assert main(["check"]) == 1
    assert "missing: tensorflow" in capsys.readouterr().out


def write_lesson(folder, name, source):
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{name}.ipynb")


def test_lessons_run_a_line_each_and_files_are_not_touched(monkeypatch, tmp_path, capsys):
    write_lesson(tmp_path, "01_good", "1 + 1")
    write_lesson(tmp_path, "02_bad", "1 / 0")
    before = (tmp_path / "01_good.ipynb").read_bytes()
    monkeypatch.setattr("helpers.__main__.NOTEBOOKS", tmp_path)
    assert main(["run"]) == 1
    said = capsys.readouterr().out
    assert "01_good                      ok" in said
    assert "ZeroDivisionError" in said
    assert "1 of 2 lessons" in said
    assert main(["run", "1"]) == 0
    assert (tmp_path / "01_good.ipynb").read_bytes() == before


def test_ctrl_c_ends_a_run_with_130_and_no_traceback(tmp_path):
    started = tmp_path / "started"
    lesson = f"import time; open({str(started)!r}, 'w').close(); time.sleep(600)"
    write_lesson(tmp_path, "01_long", lesson)
    code = (
        "import sys, pathlib, helpers.__main__ as door; from helpers import environment\n"
        f"door.NOTEBOOKS = pathlib.Path({str(tmp_path)!r})\n"
        "sys.argv = ['helpers', 'run']; environment.finish(door.main)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=environment.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not started.exists():
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error


@pytest.fixture
def empty_course(tmp_path):
    """A copy of the course that needs one tiny package, in a path with a space."""
    root = tmp_path / "a course"
    (root / "tests").mkdir(parents=True)
    shutil.copytree(environment.ROOT / "helpers", root / "helpers")
    (root / "tests" / "constraints.txt").write_text("# Python 0.0 on nothing\n")
    package = tmp_path / "tiny"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (root / "requirements.txt").write_text("tiny-course-package\n")
    wheel(tmp_path / "wheels", "tiny_course_package")
    wheel(tmp_path / "wheels", "packaging")
    return root


def wheel(folder, name):
    """Write a wheel with a module that does nothing."""
    import zipfile

    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: course\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")


ENTER = "from helpers import environment; environment.enter('helpers.progress', [])"


@pytest.mark.weekly
def test_two_first_starts_at_once_make_one_environment(empty_course, tmp_path):
    """In a path with spaces, from a folder of wheels, quietly; the third start makes nothing."""
    offline = {"PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_NO_INDEX": "1"}
    settings = {"cwd": empty_course, "env": {**os.environ, **offline}}
    command = [sys.executable, "-c", ENTER]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    starts = [subprocess.Popen(command, **settings, **pipes) for _ in range(2)]
    said = [start.communicate(timeout=300) for start in starts]
    assert [start.returncode for start in starts] == [0, 0], said
    assert sorted("Setting up" in out for out, _ in said) == [False, True]
    assert len("".join(out for out, _ in said).splitlines()) <= 2
    assert "tiny" in (empty_course / ".venv" / "install.log").read_text()
    again = subprocess.run(command, **settings, **SILENT)
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.weekly
def test_an_installation_that_fails_says_why_and_is_completed_by_the_next_start(
    empty_course, tmp_path
):
    settings = {"cwd": empty_course, **SILENT}
    nowhere = {"PIP_FIND_LINKS": str(tmp_path / "none"), "PIP_NO_INDEX": "1"}
    command = [sys.executable, "-c", ENTER]
    failed = subprocess.run(command, env={**os.environ, **nowhere}, **settings)
    assert failed.returncode == 1
    assert "No matching distribution" in failed.stdout
    assert "bring a folder of wheels" in failed.stderr
    offline = nowhere | {"PIP_FIND_LINKS": str(tmp_path / "wheels")}
    assert subprocess.run(command, env={**os.environ, **offline}, **settings).returncode == 0


@pytest.mark.weekly
def test_half_an_environment_is_made_again(empty_course, tmp_path):
    venv.create(empty_course / ".venv", with_pip=False)
    offline = {"PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_NO_INDEX": "1"}
    settings = {"cwd": empty_course, "env": {**os.environ, **offline}}
    assert subprocess.run([sys.executable, "-c", ENTER], **settings, **SILENT).returncode == 0
