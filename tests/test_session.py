"""A session starts alike everywhere, refuses what cannot work, and reports what repeats."""

import subprocess
import sys

import pytest

from helpers import environment, session

START = "import sys; sys.path.insert(0, sys.argv[1]); from helpers import session; "


def run(code, cwd, **variables):
    import os

    kept = {k: v for k, v in os.environ.items() if k not in session.QUIET}
    return subprocess.run(
        [sys.executable, "-c", START + code, str(environment.ROOT)],
        cwd=cwd,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_start_and_report_print_the_same_lines_twice(tmp_path):
    code = (
        "assert 'tensorflow' not in sys.modules; session.start(seed=3); session.report();"
        "import numpy; print(numpy.random.rand())"
    )
    first, second = run(code, tmp_path), run(code, tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert first.stderr == ""
    assert first.stdout.startswith("Ready: TensorFlow ")
    assert "seed 3." in first.stdout
    assert "Device: CPU. Seed: 3." in first.stdout
    assert "Restart the kernel" not in first.stdout


def test_a_late_start_says_so(tmp_path):
    done = run("import tensorflow; session.start()", tmp_path)
    assert done.returncode == 0
    assert "Restart the kernel and run this cell first" in done.stdout


def test_a_second_start_is_not_late(tmp_path):
    done = run("session.start(); session.start()", tmp_path)
    assert done.stdout.count("Ready") == 2
    assert "Restart" not in done.stdout


def test_advice_against_building_many_models_is_held_back(tmp_path):
    code = (
        "session.start(); import keras; import numpy as np; x = np.zeros((2, 1))\n"
        "for _ in range(8):\n"
        "    model = keras.Sequential([keras.layers.Dense(1)])\n"
        "    model.compile('sgd', 'mse')\n"
        "    model.fit(x, x, verbose=0)"
    )
    done = run(code, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_native_messages_are_held_back_unless_the_block_fails(tmp_path):
    code = "\nwith session._no_native_messages():\n    __import__('os').write(2, b'native')\n"
    assert run(code, tmp_path).stderr == ""
    failed = run(code + "    raise ImportError('broken')", tmp_path).stderr
    assert failed.startswith("native")
    assert "ImportError: broken" in failed


def test_another_copy_of_the_course_is_refused(tmp_path):
    other = tmp_path / "helpers"
    other.mkdir()
    (other / "session.py").touch()
    (tmp_path / "notebooks").mkdir()
    done = run("session.start()", tmp_path / "notebooks")
    assert done.returncode == 1
    assert "do not pip install it" in done.stderr


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match="allowed is 0"):
        session.start(seed)


@pytest.mark.parametrize("seed", [0.5, "0", None, True])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(TypeError, match="whole number"):
        session.start(seed)


@pytest.mark.parametrize(
    ("colab", "advice"), [(False, "python3 -m helpers open"), (True, "Do not install anything")]
)
def test_a_missing_package_is_named_and_not_installed(monkeypatch, colab, advice):
    absent = environment.Requirement("no-such-package", ">=1", "lessons", "nothing")
    monkeypatch.setattr(session, "missing", lambda roles: [absent])
    monkeypatch.setattr(session, "in_colab", lambda: colab)
    with pytest.raises(RuntimeError, match="no-such-package>=1") as problem:
        session.start()
    assert advice in str(problem.value)


def test_report_before_start_is_refused(monkeypatch):
    monkeypatch.setitem(session._session, "started", None)
    with pytest.raises(RuntimeError, match="set-up cell"):
        session.report()


def test_wall_time_is_a_range():
    assert session._time_range(0.1) == session._time_range(9.9) == "under 10 s"
    assert session._time_range(10) == "under 30 s"
    assert session._time_range(1e5) == "over 1800 s"


def test_colab_is_recognized_by_its_package(monkeypatch):
    assert not session.in_colab()
    monkeypatch.setattr(environment.requirements.importlib.util, "find_spec", lambda name: name)
    assert session.in_colab()
