"""Runs, checked against numbers made by hand."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.results import Run, Runs
from helpers.results.metrics import direction


def run(label, seed, accuracy, loss=None, diverged_at=None, points=()):
    history = {"loss": loss or [1.0 - value for value in accuracy], "val_accuracy": accuracy}
    updates = [10 * (epoch + 1) for epoch in range(len(accuracy))]
    return Run(label, seed, history, updates, list(points), diverged_at)


def two_labels(first, second):
    """Runs of labels 0.1 and 0.2 whose last accuracies are given, one a seed."""
    runs = [run(0.1, seed, [0.1, value]) for seed, value in enumerate(first)]
    return Runs((*runs, *(run(0.2, seed, [0.1, value]) for seed, value in enumerate(second))))


def test_paired_by_hand():
    """Differences 1, 2, 3: mean 2, deviation 1, t(2 degrees of freedom) = 4.302653."""
    runs = two_labels([2.0, 3.0, 4.0], [1.0, 1.0, 1.0])
    verdict = runs.paired(0.1, 0.2)
    assert verdict.differences == {0: 1.0, 1: 2.0, 2: 3.0}
    assert verdict.mean == 2.0
    assert verdict.low == pytest.approx(2 - 4.302653 / math.sqrt(3), abs=1e-5)
    assert verdict.high == pytest.approx(2 + 4.302653 / math.sqrt(3), abs=1e-5)
    assert (verdict.verdict, verdict.winner) == ("tie", None)


def test_paired_five_seeds_by_hand():
    """Differences 0.1, 0.1, 0.2, 0.2, 0.15: mean 0.15, deviation 0.05, t(4) = 2.776445."""
    runs = two_labels([0.6, 0.6, 0.7, 0.7, 0.65], [0.5] * 5)
    verdict = runs.paired(0.1, 0.2)
    assert verdict.low == pytest.approx(0.15 - 2.776445 * 0.05 / math.sqrt(5), abs=1e-6)
    assert (verdict.verdict, verdict.winner) == ("a", 0.1)
    assert runs.paired(0.2, 0.1).verdict == "b"


def test_lower_loss_wins():
    runs = two_labels([0.6, 0.6, 0.7], [0.5, 0.5, 0.6])
    assert runs.paired(0.1, 0.2, "loss").winner == 0.1
    assert runs.paired(0.1, 0.2, "loss", mode="max").winner == 0.2


def test_equal_runs_are_a_tie():
    verdict = two_labels([0.5, 0.6], [0.5, 0.6]).paired(0.1, 0.2)
    assert (verdict.low, verdict.high, verdict.verdict) == (0.0, 0.0, "tie")


def test_paired_uses_shared_seeds_only_and_needs_two():
    runs = Runs((run(0.1, 0, [0.5]), run(0.1, 1, [0.5]), run(0.2, 1, [0.5])))
    with pytest.raises(ValueError, match=r"share 1 seed"):
        runs.paired(0.1, 0.2)


def test_paired_refuses_diverged_runs():
    runs = Runs(
        (run(0.1, 0, [0.5]), run(0.1, 1, [0.5], diverged_at=7), *two_labels([], [0.5, 0.5]).runs)
    )
    with pytest.raises(ValueError, match="seed 1 diverged"):
        runs.paired(0.1, 0.2)


def t_interval_by_scipy(values):
    from scipy import stats

    return stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=12).filter(lambda v: len(set(v)) > 1))
def test_interval_agrees_with_scipy(values):
    values = [value / 10 for value in values]
    verdict = two_labels(values, [0.0] * len(values)).paired(0.1, 0.2)
    low, high = t_interval_by_scipy(values)
    assert (verdict.low, verdict.high) == (
        pytest.approx(low, abs=1e-9),
        pytest.approx(high, abs=1e-9),
    )
    expected = "a" if low > 1e-12 else "b" if high < -1e-12 else "tie"
    assert verdict.verdict == expected


def test_best_by_hand():
    best = two_labels([0.5, 0.7], [0.8, 0.8]).best()
    assert (best.label, best.mean, best.spread, best.seeds, best.at_edge) == (
        0.2,
        0.8,
        0.0,
        2,
        True,
    )
    assert type(best.label) is float
    best = two_labels([0.5, 0.7], [0.8, 0.8]).best("loss")
    assert best.label == 0.2
    assert two_labels([0.5, 0.7], [0.8, 0.8]).best(mode="min").spread == pytest.approx(
        math.sqrt(0.02)
    )


def test_best_is_not_at_the_edge_in_the_middle_or_among_names():
    runs = Runs(
        tuple(run(rate, 0, [value]) for rate, value in [(0.1, 0.5), (0.2, 0.9), (0.4, 0.3)])
    )
    assert not runs.best().at_edge
    assert not Runs((run("cosine", 0, [0.9]), run("step", 0, [0.1]))).best().at_edge


def test_a_label_with_a_diverged_run_cannot_be_best():
    runs = Runs((run(0.1, 0, [0.5]), run(0.2, 0, [0.99], diverged_at=3)))
    assert runs.best().label == 0.1
    assert runs.summary().loc[0.2, "diverged"] == 1
    with pytest.raises(ValueError, match="lower rates"):
        Runs((run(0.2, 0, [0.9], diverged_at=3),)).best()


def test_usable_window_by_hand():
    """Means 0.5, 0.9, 0.89, 0.7: within 0.02 of the best are the two in the middle."""
    values = [(0.1, 0.5), (0.2, 0.9), (0.4, 0.89), (0.8, 0.7)]
    runs = Runs(tuple(run(rate, 0, [value]) for rate, value in values))
    assert runs.usable() == [0.2, 0.4]
    assert runs.usable(within=0.3) == [0.2, 0.4, 0.8]
    with pytest.raises(ValueError, match="> 0"):
        runs.usable(within=0)


def test_direction_of_metrics():
    assert direction("val_loss") == direction("root_mean_squared_error") == "min"
    assert direction("sparse_categorical_accuracy") == direction("auc_1") == "max"
    with pytest.raises(ValueError, match="better or worse"):
        direction("forgetting")
    with pytest.raises(ValueError, match="'min' or 'max'"):
        direction("loss", "smaller")


def test_steps_to_uses_points_between_epochs():
    points = [{"updates": 5, "val_accuracy": 0.75}]
    runs = Runs(
        (run(0.1, 0, [0.5, 0.8], points=points), run(0.1, 1, [0.5, 0.8]), run(0.1, 2, [0.5, 0.6]))
    )
    steps = runs.steps_to("val_accuracy", 0.7)
    assert steps["steps"].isna().tolist() == [False, False, True]
    assert steps["steps"].dropna().tolist() == [5, 20]
    assert runs.steps_to("loss", 0.5)["steps"].tolist() == [10, 10, 10]


def test_table_is_tidy():
    table = two_labels([0.5], [0.7]).table()
    assert table.columns.tolist() == ["label", "seed", "epoch", "updates", "loss", "val_accuracy"]
    assert table["epoch"].tolist() == [1, 2, 1, 2]
    assert table["updates"].tolist() == [10, 20, 10, 20]


def test_history_is_a_copy():
    runs = two_labels([0.5], [0.7])
    runs.history(0.1, 0)["val_accuracy"].append(9)
    assert runs.history(0.1, 0)["val_accuracy"] == [0.1, 0.5]


def test_labels_are_found_to_float32_rounding():
    runs = two_labels([0.5], [0.7])
    assert runs.history(np.float32(0.1), 0) == runs.history(0.1, 0)
    for label, seed in [(0.3, 0), ("0.1", 0), (0.1, 9)]:
        with pytest.raises(ValueError, match="are"):
            runs.history(label, seed)


def test_select_and_concat():
    runs = two_labels([0.5, 0.6], [0.7, 0.8])
    assert runs.select([0.2], [1]).runs == (runs.run(0.2, 1),)
    assert runs.select([0.1]).concat(runs.select([0.2])).runs == runs.runs
    with pytest.raises(ValueError, match="twice"):
        runs.concat(runs)
    with pytest.raises(TypeError, match="Runs"):
        runs.concat([1])


finite_or_not = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(finite_or_not, min_size=1, max_size=5), st.floats(1e-9, 10), st.integers(0, 9))
def test_save_and_load_keep_everything(tmp_path_factory, values, rate, seed):
    path = tmp_path_factory.mktemp("runs") / "runs.json"
    original = Runs(
        (Run(rate, seed, {"loss": values}, [3] * len(values), [], 3, 1.5),), {"epochs": 4}
    )
    json.loads(original.save(path).read_text(), parse_constant=pytest.fail)
    loaded = Runs.load(path)
    assert loaded.labels == [rate]
    assert loaded.about == {"epochs": 4}
    np.testing.assert_array_equal(loaded.history(rate, seed)["loss"], values)
    assert loaded.run(rate, seed).diverged_at == 3


def test_a_failed_save_keeps_the_older_file(tmp_path):
    path = tmp_path / "runs.json"
    two_labels([0.5], [0.7]).save(path)
    before = path.read_text()
    with pytest.raises(TypeError):
        Runs((), {"model": object()}).save(path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"kind": "RangeTest", "version": 1, "content": {}}']
)
def test_files_that_are_no_runs_are_refused(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.json"):
        Runs.load(path)
    with pytest.raises(ValueError, match="no file"):
        Runs.load(tmp_path / "missing.json")
    with pytest.raises(ValueError, match="folder"):
        Runs(()).save(tmp_path / "missing" / "runs.json")


def test_unknown_metric_lists_the_known():
    with pytest.raises(ValueError, match="val_accuracy"):
        two_labels([0.5], [0.7]).best("accuracy")
