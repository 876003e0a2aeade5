"""Each stored experiment says how it was made; a small part of it, run again, agrees."""

import datetime

import numpy as np
import pytest

from helpers.environment import ROOT
from helpers.experiments import EXPERIMENTS, RESULTS
from helpers.results import Runs

NEEDED = {"command", "data", "seeds", "date", "wall_seconds", "tensorflow", "keras", "python"}
EXPERIMENT = pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=EXPERIMENTS)


@EXPERIMENT
def test_stored_result_says_how_it_was_made(experiment):
    about = Runs.load(experiment.path).about
    assert set(about) >= NEEDED
    assert about["command"] == f"python -m helpers experiments {experiment.name}"
    assert about["data"] == experiment.data
    assert datetime.date.fromisoformat(about["date"]) <= datetime.date.today()
    assert about["wall_seconds"] > 0


def test_no_result_is_stored_without_its_experiment():
    assert {path.stem for path in RESULTS.glob("*.json")} == set(EXPERIMENTS)


@EXPERIMENT
def test_stored_result_is_used_by_a_lesson(experiment):
    lessons = (ROOT / "notebooks").rglob("*.ipynb")
    assert any(experiment.name in lesson.read_text(encoding="utf-8") for lesson in lessons)


@EXPERIMENT
def test_a_part_run_again_agrees(experiment, request):
    """Another machine rounds otherwise, and training magnifies that, but not beyond the seeds."""
    if experiment.needs_files:
        request.getfixturevalue("real_data")
    stored = Runs.load(experiment.path)
    again = experiment.run(progress=False, **experiment.part)
    assert len(again) >= 1
    for run in again.runs:
        before = stored.run(run.label, run.seed)
        # A part may end earlier.
        end = len(run.updates)
        assert run.updates == before.updates[:end]
        assert run.diverged_at == before.diverged_at
        for name, values in run.history.items():
            kept = [each.history[name][:end] for each in stored.runs if each.label == run.label]
            was = before.history[name][:end]
            room = 0.03 * np.abs(was) + 2 * np.nanstd(kept, axis=0)
            off = np.abs(np.subtract(values, was))
            assert np.all(off <= room), f"{run.label}, {name}: off by {off}, room {room}"


def test_an_experiment_stores_the_part_that_was_asked_for(tmp_path):
    result = EXPERIMENTS["digits_sweep"].run(progress=False, rates=(0.1,), seeds=(3,), epochs=1)
    loaded = Runs.load(result.save(tmp_path / "part.json"))
    assert (loaded.labels, loaded.seeds, loaded.about["seeds"]) == ([0.1], [3], [3])
