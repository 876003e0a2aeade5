"""`python -m helpers` and `python -m tests`: their words, their lines, their exit codes."""

import subprocess
import sys
import types

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import helpers.__main__ as door
from helpers import environment, lessons
from tests import __main__ as runner


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder of two lessons, one of which fails in its second code cell."""
    good = [new_markdown_cell("# Good"), new_code_cell("import os; print(os.getcwd())")]
    bad = [
        new_code_cell("a = 1"),
        new_markdown_cell("..."),
        new_code_cell("a + b"),
        new_code_cell(),
    ]
    for name, cells in (("01_good", good), ("02_bad", bad), ("scratch", good)):
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path)
    return tmp_path


def test_lessons_are_found_by_name_and_number(course):
    assert [path.stem for path in lessons.list_lessons()] == ["01_good", "02_bad"]
    for name in ("02_bad", "02", "2", "notebooks/02_bad.ipynb"):
        assert lessons.find_lessons([name]) == [course / "02_bad.ipynb"]
    with pytest.raises(ValueError, match="Did you mean 01_good"):
        lessons.find_lessons(["01_goood"])


def test_run_gives_a_line_for_each_lesson_and_changes_no_file(course, capsys):
    before = {path: path.read_bytes() for path in course.iterdir()}
    assert door.main(["run"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["01_good", "ok"]
    assert lines[0].endswith("1 code cells")
    assert lines[1].split()[:2] == ["02_bad", "failed"]
    assert lines[1].endswith("3 code cells")
    assert lines[2].strip() == "cell 2: NameError: name 'b' is not defined"
    assert lines[3] == "1 of 2 lessons ran from top to bottom."
    assert {path: path.read_bytes() for path in course.iterdir()} == before


def test_run_of_a_good_lesson_returns_zero(course, capsys):
    assert door.main(["run", "1"]) == 0
    assert "1 of 1" in capsys.readouterr().out


def test_run_announces_each_code_cell(course):
    seen = []
    outcome = lessons.run_lesson(course / "02_bad.ipynb", lambda *place: seen.append(place))
    assert seen == [(1, 3), (2, 3)]
    assert (outcome.ok, outcome.failed_cell) == (False, 2)


def test_a_cell_that_takes_too_long_fails(course):
    path = course / "03_slow.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("import time; time.sleep(600)")]), path)
    outcome = lessons.run_lesson(path, cell_timeout=1)
    assert outcome.failed_cell == 1
    assert "longer than 1 seconds" in str(outcome)


def test_a_kernel_that_dies_is_a_failure(course):
    path = course / "03_dies.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("import os; os._exit(1)")]), path)
    outcome = lessons.run_lesson(path)
    assert outcome.failed_cell == 1
    assert "the kernel died" in outcome.error


def test_an_unknown_lesson_is_wrong_use(course, capsys):
    assert door.main(["run", "03"]) == 2
    assert "There are: 01_good, 02_bad" in capsys.readouterr().err


def test_open_starts_jupyterlab_on_the_first_lesson(course, monkeypatch):
    started = []

    class Process:
        def __init__(self, command, cwd):
            started.append(command)

        def wait(self):
            return 0

    monkeypatch.setattr(door.subprocess, "Popen", Process)
    assert door.main(["open", "--", "--no-browser"]) == 0
    assert started[0][1:] == ["-m", "jupyterlab", str(course / "01_good.ipynb"), "--no-browser"]


def test_open_without_lessons_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path)
    assert door.main(["open"]) == 1
    assert "no lessons" in capsys.readouterr().err


@pytest.fixture
def experiments(tmp_path, monkeypatch):
    """Two stored experiments that save their name, and where they are saved."""

    class Experiment:
        def __init__(self, name):
            self.name, self.summary = name, f"about {name}"

        def run(self, progress):
            assert progress
            return types.SimpleNamespace(save=lambda path: path.write_text(self.name))

    module = types.ModuleType("helpers.experiments")
    module.EXPERIMENTS = {name: Experiment(name) for name in ("sweep_many_seeds", "hop")}
    monkeypatch.setitem(sys.modules, "helpers.experiments", module)
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    return tmp_path / "notebooks" / "results"


@pytest.mark.parametrize("words", [[], ["--list"]])
def test_experiments_are_listed(experiments, capsys, words):
    assert door.main(["experiments", *words]) == 0
    assert (
        capsys.readouterr().out.split()
        == "sweep_many_seeds about sweep_many_seeds hop about hop".split()
    )
    assert not experiments.exists()


def test_experiments_are_run_and_saved(experiments):
    assert door.main(["experiments", "hop"]) == 0
    assert [path.name for path in experiments.iterdir()] == ["hop.json"]
    assert door.main(["experiments", "all"]) == 0
    assert (experiments / "sweep_many_seeds.json").read_text() == "sweep_many_seeds"


def test_an_unknown_experiment_runs_none(experiments, capsys):
    assert door.main(["experiments", "hop", "sweep_many_seed"]) == 2
    assert "Did you mean sweep_many_seeds?" in capsys.readouterr().err
    assert not experiments.exists()


def test_check_returns_one_where_something_is_missing(monkeypatch, capsys):
    assert door.main(["check"]) == 0
    assert "The set-up is complete." in capsys.readouterr().out
    bad = environment.CheckedItem("keras", False, "not installed", "Do this.")
    monkeypatch.setattr(environment, "check_setup", lambda: [bad])
    assert door.main(["check"]) == 1
    assert "Do this." in capsys.readouterr().out


def test_a_problem_of_the_environment_is_a_message(monkeypatch, capsys):
    def fail(*rest, **more):
        raise environment.EnvironmentProblem("no internet")

    monkeypatch.setattr(environment, "relay", fail)
    assert door.main(["run"]) == 1
    assert runner.main([]) == 1
    assert capsys.readouterr().err == "no internet\nno internet\n"


def test_what_ran_elsewhere_keeps_its_exit_code(monkeypatch):
    monkeypatch.setattr(environment, "relay", lambda *rest, **more: 7)
    assert door.main(["run"]) == 7
    assert runner.main([]) == 7


@pytest.mark.parametrize("module", ["helpers", "tests"])
def test_help_shows_examples(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=environment.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert f"python3 -m {module} " in done.stdout
    assert "exit codes" in done.stdout


# The test command.


@pytest.fixture
def tools(monkeypatch):
    """Record what the test command would start; each tool returns the code set for it."""
    started, codes = [], {}

    def call(command, stage):
        started.append(command)
        return codes.get(stage, 0)

    monkeypatch.setattr(runner, "_call", call)
    # A Python that lacks a tool would make an environment and run the whole course in it.
    monkeypatch.setattr(environment, "relay", lambda *rest, **more: None)
    return started, codes


def test_all_stages_run_in_order(tools, capsys):
    assert runner.main([]) == 0
    commands = [" ".join(command) for command in tools[0]]
    assert commands[:2] == ["ruff check .", "ruff format --check ."]
    assert commands[2].startswith("pytest tests helpers --ignore=tests/browser")
    assert commands[3].startswith("pytest notebooks --nbval-lax")
    assert "--dist loadscope" in commands[3]
    assert commands[4] == "pytest tests/browser"
    assert capsys.readouterr().out.count("passed") == 4


def test_a_failed_stage_fails_the_run_and_the_others_still_run(tools, capsys):
    tools[1].update(unit=1)
    assert runner.main([]) == 1
    assert len(tools[0]) == 5
    assert "failed (exit code 1)" in capsys.readouterr().out


def test_one_stage_with_words_for_pytest(tools):
    assert runner.main(["unit", "--", "-k", "range", "-x"]) == 0
    assert len(tools[0]) == 1
    assert tools[0][0][-3:] == ["-k", "range", "-x"]


def test_a_stage_without_tests_is_said_to_be_empty(tools, capsys):
    tools[1].update(browser=runner.NO_TESTS)
    assert runner.main(["browser"]) == 0
    assert "nothing to test" in capsys.readouterr().out


def test_an_unknown_stage_is_wrong_use(capsys):
    with pytest.raises(SystemExit) as stop:
        runner.main(["units"])
    assert stop.value.code == 2
    assert "lint, unit, notebooks, browser" in capsys.readouterr().err


def test_notebooks_are_tested_without_real_data(monkeypatch):
    seen = {}

    def run(command, cwd, env, check):
        seen[command[2]] = env
        return types.SimpleNamespace(returncode=0)

    monkeypatch.setenv("LEARNING_RATE_DATA", "somewhere")
    monkeypatch.setattr(runner.subprocess, "run", run)
    runner._call(["unit"], "unit")
    runner._call(["notebooks"], "notebooks")
    assert seen["unit"]["LEARNING_RATE_DATA"] == "somewhere"
    assert "LEARNING_RATE_DATA" not in seen["notebooks"]
    assert seen["unit"]["KERAS_HOME"] != seen["notebooks"]["KERAS_HOME"]
