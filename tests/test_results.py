"""`Runs`, paired intervals and files: known answers on small hand-made experiments."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.results import Paired, Runs, holm, load, stored
from helpers.results.paired import direction, name

# Validation accuracy after the last epoch, by rate and seed; 1.0 diverged with seed 1.
ENDS = {0.01: (0.70, 0.72, 0.71), 0.1: (0.90, 0.94, 0.92), 1.0: (0.80, math.nan, 0.99)}


def row(seed, epoch, **values):
    return {"seed": seed, "epoch": epoch, "updates": 40 * epoch} | values


def make_sweep():
    rows = []
    for rate, ends in ENDS.items():
        for seed, end in enumerate(ends):
            rows.append(row(seed, 1, rate=rate, loss=2.0, val_accuracy=0.5))
            last = row(seed, 2, rate=rate, loss=1.0, val_accuracy=end)
            rows.append(last | {"diverged": math.isnan(end)})
    return Runs.from_rows(rows, {"epochs": 2})


def make_policies():
    rows = [
        row(seed, 1, policy=policy, rate=rate, val_loss=base + rate + seed / 100, test_loss=rate)
        for policy, base in (("cosine", 0.1), ("constant", 0.3))
        for rate in (0.01, 0.1, 1.0)
        for seed in (0, 1)
    ]
    return Runs.from_rows(rows)


SWEEP, POLICIES = make_sweep(), make_policies()


def test_labels_are_rates_policies_or_both():
    assert SWEEP.labels == [0.01, 0.1, 1.0]
    assert SWEEP.policies == []
    assert POLICIES.labels[:2] == [("cosine", 0.01), ("cosine", 0.1)]
    assert POLICIES.policies == ["cosine", "constant"]
    assert POLICIES.policy("constant").labels == [0.01, 0.1, 1.0]
    assert Runs.from_rows([row(0, 1, policy="guess", loss=1.0)]).labels == ["guess"]


def test_a_history_is_that_of_keras_and_found_by_any_number_type():
    for rate in (0.1, np.float32(0.1), np.float64(0.1)):
        assert SWEEP.history(rate, 1) == {"loss": [2.0, 1.0], "val_accuracy": [0.5, 0.94]}
    for label, seed in ((0.5, 0), (0.1, 9), ("cosine", 0)):
        with pytest.raises(ValueError, match="labels are|seeds are"):
            SWEEP.history(label, seed)


def test_a_label_with_a_diverged_run_has_no_mean_and_is_out_of_the_race():
    summary = SWEEP.summary()
    assert summary["mean"].round(6).tolist()[:2] == [0.71, 0.92]
    assert summary["spread"][0.1] == pytest.approx(0.02)
    assert math.isnan(summary["mean"][1.0])
    assert summary["diverged"].tolist() == [0, 0, 1]
    best = SWEEP.best()
    assert (best.label, best.seeds, best.at_edge) == (0.1, 3, False)
    assert best.mean == pytest.approx(0.92)


def test_the_best_is_the_lowest_of_a_loss_and_the_edge_is_told():
    best = POLICIES.policy("cosine").best("val_loss")
    assert (best.label, best.at_edge) == (0.01, True)
    with pytest.raises(ValueError, match="better or worse"):
        Runs.from_rows([row(0, 1, rate=0.1, movement=1.0)]).best("movement")
    assert Runs.from_rows([row(0, 1, rate=0.1, movement=1.0)]).best("movement", "min").mean == 1


def test_the_usable_window_holds_what_is_near_the_best():
    assert SWEEP.usable(within=0.25) == [0.01, 0.1]
    assert SWEEP.usable(within=0.01) == [0.1]


def test_each_policy_is_tuned_by_itself():
    tuned = POLICIES.tuned("val_loss")
    assert tuned.labels == ["cosine", "constant"]
    assert tuned.about["tuned_rates"] == {"cosine": 0.01, "constant": 0.01}
    assert tuned.about["at_edge"] == ["cosine", "constant"]
    assert tuned.history("constant", 1)["val_loss"] == [pytest.approx(0.32)]


def test_steps_to_a_level_count_updates_and_say_where_it_was_never_reached():
    steps = SWEEP.steps_to("val_accuracy", 0.9)
    assert steps["steps"].isna().sum() == 5
    assert steps.dropna()["steps"].tolist() == [80, 80, 80, 80]
    assert set(SWEEP.steps_to("loss", 1.5)["steps"]) == {80}


def test_tables_are_tidy_and_points_hold_mid_epoch_measurements_too():
    middle = row(0, math.nan, rate=0.1, val_accuracy=0.6) | {"updates": 20}
    runs = Runs.from_rows([middle, *(row(0, 1, rate=0.1, val_accuracy=0.7),)])
    assert runs.points()["updates"].tolist() == [20, 40]
    assert runs.table()["updates"].tolist() == [40]
    assert list(SWEEP.table().columns)[:4] == ["label", "seed", "epoch", "updates"]
    assert len(SWEEP.at_end().points()) == 9


def test_runs_are_selected_and_joined_and_none_may_occur_twice():
    parts = [SWEEP.select(seeds=[seed]) for seed in (0, 1, 2)]
    joined = parts[0].concat(*parts[1:])
    assert joined.summary().loc[SWEEP.labels].equals(SWEEP.summary())
    assert SWEEP.select([0.1], [2]).seeds == [2]
    with pytest.raises(ValueError, match="twice|once"):
        parts[0].concat(parts[0])


def test_a_file_holds_everything_also_what_is_not_finite(tmp_path):
    odd = make_sweep().frame.assign(loss=[math.inf, *[0.1 + 0.2] * 17])
    runs = Runs.from_rows(odd, {"note": "[ 1,   2 ]", "number": {"number": 3}, "seeds": [0, 1]})
    loaded = load(runs.save(tmp_path / "runs.json"))
    assert loaded.frame.equals(runs.frame)
    assert loaded.about == runs.about
    assert loaded.labels == runs.labels
    assert not list(tmp_path.glob("*.part"))


NONE_OF_OURS = ["", "{}", "[1]", '{"kind": "Runs", "version": 1}', "not JSON"]
NONE_OF_OURS += ['{"kind": "Runs", "version": 2, "columns": {}}', '{"kind": "Cat", "version": 2}']


@pytest.mark.parametrize("text", NONE_OF_OURS)
def test_a_file_that_is_none_of_ours_is_named(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="other.json"):
        Runs.load(path)


def test_stored_experiments_are_found_by_name():
    assert stored("momentum_sweep").about["seeds"] == list(range(5))
    with pytest.raises(ValueError, match="momentum_sweep"):
        stored("digits")


def test_a_paired_interval_is_students_and_zero_inside_is_a_tie():
    """Differences 1, 2, 3: mean 2, standard error 1 / sqrt(3), t of two degrees 4.3027."""
    paired = Paired("a", "b", "loss", "min", {0: 1.0, 1: 2.0, 2: 3.0})
    half = 4.302653 / math.sqrt(3)
    assert paired.interval == pytest.approx((2 - half, 2 + half), rel=1e-6)
    assert (paired.winner, paired.verdict) == (None, "tie")
    sure = Paired("a", "b", "loss", "min", {0: 1.0, 1: 1.1, 2: 0.9})
    assert (sure.winner, sure.verdict) == ("b", "b")
    assert Paired("a", "b", "accuracy", "max", {0: 1.0, 1: 1.1, 2: 0.9}).winner == "a"


def test_pairs_are_those_of_shared_seeds_and_a_diverged_run_is_no_difference():
    paired = SWEEP.paired(0.1, 0.01)
    assert list(paired.differences.values()) == pytest.approx([0.2, 0.22, 0.21])
    assert paired.winner == 0.1
    with pytest.raises(ValueError, match="diverged"):
        SWEEP.paired(0.1, 1.0)
    with pytest.raises(ValueError, match="share 1 seed"):
        SWEEP.select(seeds=[0]).paired(0.1, 0.01)


def test_a_policy_with_a_rate_is_compared_with_one_that_has_none():
    guess = Runs.from_rows(row(seed, 1, policy="guess", val_loss=0.2) for seed in (0, 1))
    runs = POLICIES.concat(guess)
    found = runs.paired(("cosine", 0.1), "guess", "val_loss").differences
    assert found == pytest.approx({0: 0.0, 1: 0.01})
    assert runs.best("val_loss").label == ("cosine", 0.01)
    assert runs.usable("val_loss", 0.1) == [("cosine", 0.01), ("cosine", 0.1), "guess"]
    with pytest.raises(ValueError, match="guess.*rate"):
        runs.tuned()


def holm_by_hand(p_values, level=0.05):
    """Return which are rejected, by the rule as it stands in the paper."""
    rejected = [False] * len(p_values)
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[place] > level / (len(p_values) - rank):
            break
        rejected[place] = True
    return rejected


@given(st.lists(st.floats(0.1, 12), min_size=1, max_size=6), st.integers(3, 9))
def test_holm_rejects_what_the_rule_of_the_paper_rejects(means, seeds):
    noise = np.random.default_rng(seeds).normal(size=seeds)
    noise = noise - noise.mean()
    pairs = [
        Paired("a", "b", "loss", "min", dict(enumerate((mean + noise).tolist()))) for mean in means
    ]
    p_values = [pair.p for pair in pairs]
    # Where one stands on the limit itself, rounding decides.
    if any(abs(p * k - 0.05) < 1e-9 for p in p_values for k in range(1, 7)):
        return
    assert [pair.winner is not None for pair in holm(pairs)] == holm_by_hand(p_values)


def test_directions_and_names():
    assert direction("val_accuracy") == "max"
    assert direction("test_loss") == "min"
    assert direction("movement", "min") == "min"
    assert name(("cosine", 0.0316227766)) == "cosine at 0.0316"


def test_saved_text_is_json_that_python_reads(tmp_path):
    content = json.loads(SWEEP.save(tmp_path / "a.json").read_text())
    assert content["kind"] == "Runs"
