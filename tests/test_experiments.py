"""Stored experiments: how each was made is written in it, and its first updates come out again."""

import importlib
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from helpers.environment import ROOT
from helpers.results import STORED, Runs, load
from tests.weekly import rest_weekly

EXPERIMENTS = ROOT / "notebooks" / "experiments"
FILES = sorted(STORED.glob("*.json"))
NEEDED = {"command", "what", "data", "split", "seeds", "date", "minutes", "keras", "tensorflow"}
# What needs no file; the others are looked at where LEARNING_RATE_DATA is set.
EMBEDDED = {"digits", "none"}


@pytest.fixture
def common(monkeypatch):
    # The scripts set it for themselves; what other tests start keeps what it had.
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", os.environ.get("TF_ENABLE_ONEDNN_OPTS", "0"))
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    return importlib.import_module("common")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_how_it_was_made(path):
    about = load(path).about
    assert NEEDED | {"first_losses"} <= set(about)
    _, script, name = about["command"].split()
    assert (ROOT / script).is_file()
    assert name == path.stem


def check_first_losses(path, common):
    about = load(path).about
    script = importlib.import_module(about["command"].split()[1].split("/")[-1].removesuffix(".py"))
    found = common.first_losses(getattr(script, path.stem), path.stem)
    np.testing.assert_allclose(found, about["first_losses"], rtol=2e-3)


def is_embedded(path):
    return load(path).about["data"].split(":")[0] in EMBEDDED


@pytest.mark.parametrize(
    "path", rest_weekly(filter(is_embedded, FILES), 6), ids=lambda path: path.stem
)
def test_the_first_updates_come_out_again(path, common):
    check_first_losses(path, common)


@pytest.mark.parametrize(
    "path",
    rest_weekly(itertools.filterfalse(is_embedded, FILES)),
    ids=lambda path: path.stem,
)
def test_the_first_updates_on_real_data_come_out_again(path, common, real_data):
    check_first_losses(path, common)


TRY = """
import sys
sys.path.insert(0, {experiments!r})
import common, pathlib
from helpers.results import Runs
common.STORED = common.UNFINISHED = pathlib.Path({folder!r})
def row(part):
    return Runs.from_rows([{{"rate": 0.1, "seed": part, "epoch": 1, "updates": 1, "loss": 1.0}}])
def stopped(part):
    if part == 1 and {stop}:
        raise KeyboardInterrupt
    print("measured", part)
    return row(part)
def trial(experiment):
    "A trial."
    if experiment.only_look:
        raise common.Looked([1.0])
    return common.joined([experiment.part(f"part {{p}}", stopped, p) for p in (0, 1)])
sys.argv = ["trial.py", "trial"]
common.command(trial)
"""


@pytest.mark.weekly
def test_a_stopped_experiment_replaces_nothing_and_goes_on(tmp_path):
    old = Runs.from_rows([{"rate": 9.0, "seed": 0, "epoch": 1, "updates": 1, "loss": 1.0}])
    old.save(tmp_path / "trial.json")

    def run(stop):
        code = TRY.format(experiments=str(EXPERIMENTS), folder=str(tmp_path), stop=stop)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        return done.returncode, done.stdout

    code, said = run(stop=True)
    assert code == 130
    assert "stopped; the same command goes on" in said
    assert Runs.load(tmp_path / "trial.json").labels == [9.0]
    code, said = run(stop=False)
    assert (code, said.count("measured")) == (0, 1)
    assert Runs.load(tmp_path / "trial.json").seeds == [0, 1]


@pytest.mark.weekly
def test_an_experiment_without_its_data_says_so_in_one_sentence():
    settings = {name: value for name, value in os.environ.items() if name != "LEARNING_RATE_DATA"}
    done = subprocess.run(
        [sys.executable, str(EXPERIMENTS / "tournament.py"), "statistics_photographs"],
        env=settings | {"KERAS_HOME": os.devnull + "/none"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cifar10 could not be downloaded" in done.stderr
    unknown = subprocess.run(
        [sys.executable, str(EXPERIMENTS / "sweeps.py"), "none"], capture_output=True, text=True
    )
    assert "there are momentum_sweep" in unknown.stderr
