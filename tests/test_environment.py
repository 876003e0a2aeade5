"""Requirements are read as written, and the environment is reused, completed or explained."""

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from helpers import environment
from helpers.environment import bootstrap, check, requirements
from helpers.environment.requirements import Requirement

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(
    lambda parts: ".".join(map(str, parts))
)
ABSENT = Requirement("no-such-package", ">=1", "lessons", "nothing")


@given(version=NUMBERS, lower=NUMBERS, upper=NUMBERS, sign=st.sampled_from(["<", "<=", "!=", "=="]))
def test_fits_agrees_with_packaging(version, lower, upper, sign):
    ranges = f">={lower},{sign}{upper}"
    assert environment.fits(version, ranges) == (Version(version) in SpecifierSet(ranges))


def test_fits_reads_versions_with_letters_and_refuses_other_ranges():
    assert environment.fits("2.21.0rc1", ">=2.18")
    with pytest.raises(ValueError, match="'~=2.0'"):
        environment.fits("2.0", "~=2.0")


def test_requirements_are_read_by_role(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("# a comment\n\nkeras>=3.5,<4   # lessons: models\npytest  # tests: runner\n")
    assert environment.read_requirements(path, roles=["tests"]) == [
        Requirement("pytest", "", "tests", "runner")
    ]
    assert len(environment.read_requirements(path)) == 2


@pytest.mark.parametrize("line", ["keras>=3", "keras>=3  # models", "keras>=3 # learners: x"])
def test_a_requirement_without_role_and_reason_is_refused(tmp_path, line):
    path = tmp_path / "requirements.txt"
    path.write_text(line)
    with pytest.raises(ValueError, match="line 1"):
        environment.read_requirements(path)


def test_an_unknown_role_is_refused():
    with pytest.raises(ValueError, match="'learners'"):
        environment.read_requirements(roles=["learners"])


def test_missing_names_what_is_absent_or_too_old(monkeypatch):
    old = Requirement("numpy", ">=99", "lessons", "arrays")
    fine = Requirement("numpy", ">=1", "lessons", "arrays")
    monkeypatch.setattr(requirements, "read_requirements", lambda roles: [ABSENT, old, fine])
    assert environment.missing() == [ABSENT, old]


def test_tensorflow_under_another_name_counts(monkeypatch):
    def version(name):
        if name == "tensorflow-cpu":
            return "2.20.0"
        raise requirements.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(requirements.importlib.metadata, "version", version)
    assert environment.installed_version("tensorflow") == "2.20.0"
    monkeypatch.setattr(requirements.importlib.util, "find_spec", lambda name: None)
    assert environment.installed_version("tensorflow") is None


def test_bootstrap_is_readable_for_python_3_8():
    files = [*(environment.ROOT / "helpers" / "environment").glob("*.py")]
    files += [environment.ROOT / "helpers" / name for name in ("__init__.py", "__main__.py")]
    assert len(files) >= 6
    for path in files:
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_bootstrap_needs_the_standard_library_alone():
    code = "import sys; sys.path.insert(0, sys.argv[1]); import helpers.__main__"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(environment.ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# Making .venv, with a record of the commands in place of an installation.


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A course of one absent package, whose `.venv` is made by recorded commands."""
    commands = []
    python = tmp_path / ".venv" / "python"

    def call(command, interruptible=False):
        commands.append(command)
        if "venv" in command:
            python.parent.mkdir(exist_ok=True)
            python.touch()
        return 0

    (tmp_path / "requirements.txt").write_text("no-such-package>=1  # lessons: nothing\n")
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("# Python {}.{} here\n".format(*sys.version_info[:2]))
    monkeypatch.setattr(bootstrap, "FOLDER", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(bootstrap, "CONSTRAINTS", constraints)
    monkeypatch.setattr(bootstrap, "venv_python", lambda: python)
    monkeypatch.setattr(bootstrap, "_call", call)
    monkeypatch.setattr(bootstrap, "_version_of", lambda path: sys.version_info[:2])
    monkeypatch.setattr(bootstrap, "_runs", lambda path, code="": path.is_file())
    monkeypatch.setattr(requirements, "missing", lambda roles=(): [ABSENT])
    monkeypatch.setattr(requirements, "in_colab", lambda: False)
    return commands


def kinds(commands):
    words = ("venv", "pip", "helpers")
    return [next(word for word in words if word in command) for command in commands]


def test_the_first_use_makes_fills_and_continues(made):
    assert environment.relay("helpers", ["open"]) == 0
    assert kinds(made) == ["venv", "pip", "helpers"]
    assert made[1][-2:] == ["-c", str(bootstrap.CONSTRAINTS)]
    assert made[2][-3:] == ["-m", "helpers", "open"]


def test_the_second_use_reuses_it(made):
    environment.relay("helpers", ["open"])
    del made[:]
    environment.relay("helpers", ["run"])
    assert kinds(made) == ["helpers"]


def test_changed_requirements_are_installed_into_it(made):
    environment.relay("helpers", ["open"])
    bootstrap.REQUIREMENTS.write_text("no-such-package>=2  # lessons: nothing\n")
    del made[:]
    environment.relay("helpers", ["open"])
    assert kinds(made) == ["pip", "helpers"]


def test_an_interrupted_installation_is_completed(made, monkeypatch):
    recorded = bootstrap._call

    def broken(command, interruptible=False):
        return 1 if "pip" in command else recorded(command)

    monkeypatch.setattr(bootstrap, "_call", broken)
    with pytest.raises(environment.EnvironmentProblem, match="no internet"):
        environment.relay("helpers", ["open"])
    monkeypatch.setattr(bootstrap, "_call", recorded)
    del made[:]
    assert environment.relay("helpers", ["open"]) == 0
    assert kinds(made) == ["pip", "helpers"]


def test_another_python_takes_the_ranges(made):
    bootstrap.CONSTRAINTS.write_text("# Python 3.1 here\n")
    environment.relay("helpers", ["open"])
    assert "-c" not in made[1]


def test_constraints_belong_to_one_python(made):
    bootstrap.CONSTRAINTS.write_text("# Python 3.11 on Linux\n")
    assert bootstrap.constraints_apply((3, 11))
    assert not bootstrap.constraints_apply((3, 1))
    assert not bootstrap.constraints_apply((3, 12))


def test_without_the_parts_for_it_the_package_is_named(made, monkeypatch):
    monkeypatch.setattr(bootstrap, "_call", lambda command, interruptible=False: 1)
    with pytest.raises(environment.EnvironmentProblem, match="python3-venv"):
        environment.relay("helpers", ["open"])


def test_an_environment_that_stays_incomplete_is_no_endless_loop(made, monkeypatch):
    monkeypatch.setattr(bootstrap, "_is_complete", lambda python: False)
    with pytest.raises(environment.EnvironmentProblem, match="still missing"):
        environment.relay("helpers", ["open"])


def test_colab_never_installs(made, monkeypatch):
    monkeypatch.setattr(requirements, "in_colab", lambda: True)
    with pytest.raises(environment.EnvironmentProblem, match="Nothing is installed on Colab"):
        environment.relay("helpers", ["run"])
    assert made == []


def test_a_suitable_python_goes_on_by_itself(made, monkeypatch):
    monkeypatch.setattr(requirements, "missing", lambda roles=(): [])
    assert environment.relay("helpers", ["open"]) is None
    assert made == []


def test_a_look_makes_nothing_but_uses_what_is_complete(made):
    assert environment.relay("helpers", ["check"], make=False) is None
    assert made == []
    environment.relay("helpers", ["open"])
    del made[:]
    assert environment.relay("helpers", ["check"], make=False) == 0
    assert kinds(made) == ["helpers"]


def test_a_relative_data_folder_is_settled_before_kernels_start(made, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEARNING_RATE_DATA", "../data")
    environment.relay("helpers", ["run"])
    assert bootstrap.os.environ["LEARNING_RATE_DATA"] == str(tmp_path.parent / "data")


def test_an_old_python_is_told_which_one_is_needed(made, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(environment.EnvironmentProblem, match=r"Python 3\.10 or newer is needed"):
        environment.relay("helpers", ["open"])


def test_an_old_python_uses_what_a_newer_one_made(made, monkeypatch):
    environment.relay("helpers", ["open"])
    del made[:]
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(requirements, "missing", lambda roles=(): [])
    assert environment.relay("helpers", ["run"]) == 0
    assert kinds(made) == ["helpers"]


def test_the_version_of_an_interpreter_is_its_own():
    assert bootstrap._version_of(sys.executable) == sys.version_info[:2]


def test_call_returns_the_exit_code_also_of_a_signal():
    assert bootstrap._call([sys.executable, "-c", "raise SystemExit(7)"]) == 7
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    if sys.platform != "win32":
        assert bootstrap._call([sys.executable, "-c", code]) == 128 + 15


# The check, item by item.


def item(name):
    return next(item for item in environment.check_setup() if item.name == name)


def test_check_accepts_this_set_up():
    assert [entry for entry in environment.check_setup() if not entry.ok] == []


def test_check_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(requirements, "installed_version", lambda name: None)
    monkeypatch.setattr(requirements, "in_colab", lambda: False)
    found = item("keras")
    assert (found.ok, found.found) == (False, "not installed")
    assert "python3 -m helpers open" in found.advice


def test_check_says_where_data_comes_from(monkeypatch, tmp_path):
    assert item("data folder").found == "LEARNING_RATE_DATA is not set"
    assert item("data digits").found == "embedded"
    assert item("data cifar10").found == "download needed"
    assert "LEARNING_RATE_DATA" in item("data cifar10").advice
    (tmp_path / "cifar10.npz").touch()
    monkeypatch.setenv("LEARNING_RATE_DATA", str(tmp_path))
    assert item("data cifar10").found == str(tmp_path / "cifar10.npz")
    assert item("data cifar10").advice == ""


def test_check_notices_a_mistyped_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LEARNING_RATE_DATA", str(tmp_path / "typo"))
    assert not item("data").ok
    assert "not a folder" in item("data").found


def test_check_notices_a_folder_that_cannot_be_written(monkeypatch):
    def refuse(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(check.tempfile, "TemporaryFile", refuse)
    assert not item("saving").ok
    assert "Copy the course" in item("saving").advice
