"""Rules and records of range tests: known answers on drawn curves, none on noise."""

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.results import RULES, Bounds, RangeTest, RangeTestBand
from helpers.results.rules import (
    accuracy_bounds,
    longest_fall,
    scatter,
    smooth,
    suggestions,
    turns_up,
)
from helpers.schedules import OneCycle, Triangular, WarmRestarts

RATES = np.geomspace(1e-6, 10, 701)  # a hundred to a decade


def loss_curve(*corners):
    """Return straight lines between corners `(rate, loss)` on a log axis."""
    rates, losses = zip(*corners)
    return np.interp(np.log10(RATES), np.log10(rates), losses)


# Level to 0.001, down to 0.1, level to 1, up.
KNOWN = loss_curve((1e-6, 2.3), (1e-3, 2.3), (1e-1, 0.3), (1, 0.3), (10, 30))


def suggested(losses, smoothing=0.0, rates=RATES, **options):
    found = suggestions(rates, losses, smoothing, **options)
    return {rule: each.rate for rule, each in found.items()}


def test_every_rule_finds_its_known_answer():
    found = suggested(KNOWN)
    assert list(found) == list(RULES)
    assert found["valley"] == pytest.approx(1e-2, rel=0.03)
    assert 1e-3 < found["steepest"] < 1e-1
    assert found["turning_point"] == pytest.approx(0.1, rel=1e-6)
    assert found["minimum_over_ten"] == pytest.approx(0.01, rel=1e-6)
    # The explosion is a straight line here: its slope is the same everywhere.
    assert found["slide"] is None


def test_slide_stops_where_the_slope_stops_changing():
    """From point 600 on the loss grows as a square, so slopes 15 apart differ by 30 times 0.001.

    The interval from k to k + 15 has a difference above 0.005 while 2 * 0.001 * (k + 15 - 600) is.
    """
    places = np.arange(len(RATES))
    found = suggested(np.interp(places, [100, 500], [2.3, 0.3]) + square(places))
    assert found["slide"] == RATES[588]


def square(places):
    return 0.001 * np.maximum(places - 600, 0) ** 2


def test_steepest_is_where_the_loss_falls_most_for_a_factor_of_the_rate():
    """By a factor, not by a difference: that would be some rate near 1e-6."""
    curve = loss_curve((1e-6, 2.4), (1e-4, 2.3), (0.03, 1.5), (0.1, 0.5), (1, 0.4), (10, 9))
    assert 0.03 <= suggested(curve)["steepest"] <= 0.1


def test_steepest_does_not_mistake_the_end_of_an_explosion_for_a_fall():
    curve = KNOWN.copy()
    curve[650:660] = 50.0
    assert suggested(curve)["steepest"] < 0.1


def test_rules_see_finite_points_only():
    with_holes = KNOWN.copy()
    with_holes[[5, 300, 420]] = np.nan, np.inf, -np.inf
    with_holes[690:] = np.nan
    found, whole = suggested(with_holes), suggested(KNOWN)
    for rule in ("valley", "turning_point", "minimum_over_ten"):
        assert found[rule] == pytest.approx(whole[rule], rel=0.05)


def test_rules_do_not_depend_on_where_the_loss_stands_or_how_high_it_is():
    """But for `slide`, whose threshold is a number of the loss."""
    smooth_curve = 1.3 - np.tanh(np.log10(RATES) + 2) + (RATES / 3) ** 4
    found, moved = suggested(smooth_curve), suggested(10 * smooth_curve - 50)
    for rule in set(RULES) - {"slide"}:
        assert moved[rule] == pytest.approx(found[rule], rel=1e-6)
    assert moved["slide"] != found["slide"]


@pytest.mark.parametrize("seed", range(5))
def test_noise_on_a_curve_moves_the_rules_little(seed):
    noisy = KNOWN + np.random.default_rng(seed).normal(scale=0.1, size=len(KNOWN))
    found = suggested(noisy, smoothing=0.9)
    # Noise goes on making new lowest points on the level part that follows.
    assert 0.002 < found["valley"] < 0.15
    assert 1e-3 < found["steepest"] < 0.2
    assert 0.09 < found["turning_point"] < 1.5
    assert found["minimum_over_ten"] == found["turning_point"] / 10


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("smoothing", [0.0, 0.9, 0.98])
def test_noise_alone_suggests_nothing_and_says_so(seed, smoothing):
    noise = np.random.default_rng(seed).normal(2.3, 0.2, size=300)
    found = suggestions(RATES[:300], noise, smoothing)
    assert {each.rate for each in found.values()} == {None}
    assert "never fell by more than its noise" in found["valley"].reason


@pytest.mark.parametrize("losses", [np.full(300, 2.3), np.linspace(2.3, 9, 300), np.zeros(300)])
def test_a_curve_that_never_falls_suggests_nothing(losses):
    assert set(suggested(losses, 0.9, RATES[:300]).values()) == {None}
    assert not turns_up(RATES[:300], losses, 0.9)


def test_a_curve_that_never_rises_has_no_turning_point():
    falling = loss_curve((1e-6, 2.3), (1e-3, 2.3), (10, 0.3))
    found = suggestions(RATES, falling, 0.9)
    assert found["turning_point"].rate is None
    assert found["minimum_over_ten"].rate is None
    assert "raise max_rate" in found["turning_point"].reason
    assert found["valley"].rate is not None
    assert not turns_up(RATES, falling, 0.9)
    assert turns_up(RATES, KNOWN, 0.9)


def test_a_loss_that_explodes_from_its_lowest_point_has_risen():
    """The smoothed curve may still fall at the last finite point before NaN."""
    falling = loss_curve((1e-6, 2.3), (1e-3, 2.3), (10, 0.3))
    assert suggested(falling, diverged=True)["turning_point"] == pytest.approx(10)


def test_a_tenth_below_the_lowest_rate_is_not_suggested():
    rates = np.linspace(0.01, 0.2, 300)
    losses = np.interp(rates, [0.01, 0.05, 0.2], [2.0, 1.0, 8.0])
    found = suggestions(rates, losses, 0.0)
    assert found["turning_point"].rate == pytest.approx(0.05, rel=0.01)
    assert found["minimum_over_ten"].rate is None
    assert "lower min_rate" in found["minimum_over_ten"].reason


def test_few_points_suggest_nothing():
    found = suggestions(RATES[:19], KNOWN[::37], 0.9)
    assert {each.rate for each in found.values()} == {None}
    assert "only 19 finite points" in found["slide"].reason


@given(st.lists(st.integers(0, 30), min_size=1, max_size=9))
def test_longest_fall_is_that_of_all_subsequences(values):
    def falls(places):
        chosen = [values[place] for place in places]
        return all(later < earlier for earlier, later in itertools.pairwise(chosen))

    by_length = {}
    for count in range(1, len(values) + 1):
        ends = [p[-1] for p in itertools.combinations(range(len(values)), count) if falls(p)]
        if ends:
            by_length[count] = min(ends)
    assert longest_fall(values) == (max(by_length), by_length[max(by_length)])


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=12), st.integers(0, 9))
def test_smoothing_is_the_weighted_mean_of_all_points_so_far(values, tenths):
    weight = Fraction(tenths, 10)
    expected = []
    for last in range(len(values)):
        weights = [weight ** (last - place) for place in range(last + 1)]
        expected.append(float(sum(w * v for w, v in zip(weights, values)) / sum(weights)))
    np.testing.assert_allclose(smooth(values, float(weight)), expected, atol=1e-9)


@given(st.floats(-1e3, 1e3), st.floats(0, 0.99), st.integers(1, 50))
def test_a_constant_curve_stays_what_it_is(level, weight, points):
    np.testing.assert_allclose(smooth([level] * points, weight), level, rtol=1e-9)


def test_a_point_that_is_not_finite_spoils_no_other():
    smoothed = smooth([1.0, math.nan, 1.0, math.inf, 3.0], 0.5)
    assert np.isnan(smoothed).tolist() == [False, True, False, True, False]
    assert smoothed[4] == pytest.approx(smooth([1.0, 1.0, 3.0], 0.5)[2])


def test_scatter_sees_noise_and_neither_slopes_nor_explosions():
    noise = np.random.default_rng(0).normal(scale=0.3, size=2000)
    for curve in (np.zeros(2000), np.linspace(0, 500, 2000)):
        assert scatter(curve + noise) == pytest.approx(0.3, rel=0.1)
    exploding = np.concatenate([np.zeros(1900), np.geomspace(1, 1e9, 100)])
    assert scatter(exploding + noise) == pytest.approx(0.3, rel=0.15)
    assert scatter([1.0, 1.0, 1.0]) == 0


def accuracy_curve(*corners):
    return loss_curve(*corners)


CASES = {
    "slows": ([(1e-6, 0.1), (1e-3, 0.1), (1e-1, 0.9), (10, 0.9)], 1e-3, 1e-1, "slows"),
    "falls": ([(1e-6, 0.1), (1e-3, 0.1), (1e-1, 0.9), (10, 0.1)], 1e-3, 1e-1, "begins to fall"),
    "ragged": (
        [(1e-6, 0.1), (1e-4, 0.1), (1e-3, 0.6), (2e-3, 0.3), (1e-1, 0.9), (1, 0.9), (10, 0.5)],
        1e-4,
        1e-3,
        "ragged",
    ),
}


@pytest.mark.parametrize(("noise", "seed"), [(0.0, 0), (0.08, 1), (0.08, 2), (0.08, 3)])
@pytest.mark.parametrize("name", CASES)
def test_bounds_are_where_the_accuracy_begins_to_rise_and_stops(name, noise, seed):
    corners, low, high, word = CASES[name]
    draw = np.random.default_rng(seed)
    accuracies = accuracy_curve(*corners) + draw.normal(scale=noise, size=len(RATES))
    bounds = accuracy_bounds(RATES, accuracies)
    slack = 2.2 if noise else 1.5
    assert low / slack < bounds.min_rate < low * slack
    assert high / slack < bounds.max_rate < high * slack
    assert word in bounds.max_reason
    assert "begins to rise" in bounds.min_reason


def test_an_accuracy_that_still_rises_has_no_upper_bound():
    bounds = accuracy_bounds(RATES, accuracy_curve((1e-6, 0.1), (1e-2, 0.1), (10, 0.9)))
    assert bounds.min_rate == pytest.approx(1e-2, rel=0.5)
    assert bounds.max_rate is None
    assert "raise max_rate" in bounds.max_reason


def test_an_accuracy_that_rises_until_the_loss_explodes_ends_there():
    rising = accuracy_curve((1e-6, 0.1), (1e-2, 0.1), (10, 0.9))
    bounds = accuracy_bounds(RATES, rising, diverged=True)
    assert bounds.max_rate == 10
    assert "until the loss exploded" in bounds.max_reason


@pytest.mark.parametrize("seed", range(10))
def test_an_accuracy_that_never_rises_has_no_bounds(seed):
    draw = np.random.default_rng(seed)
    for curve in (np.full(300, 0.1), draw.binomial(32, 0.1, size=300) / 32, np.linspace(0.9, 0.1)):
        low, high = bounds = accuracy_bounds(RATES[: len(curve)], curve)
        assert (low, high) == (None, None)
        assert "never rose" in bounds.min_reason


def test_bounds_need_points():
    assert "only 3" in accuracy_bounds(RATES[:3], [0.1, 0.5, 0.9]).max_reason


def make_test(**options):
    accuracies = accuracy_curve(*CASES["slows"][0])
    return RangeTest(RATES, KNOWN, accuracies, **({"smoothing": 0.0} | options))


def test_bounds_take_held_out_accuracy_where_enough_was_measured():
    held_out = accuracy_curve((1e-6, 0.1), (1e-5, 0.1), (1e-4, 0.9), (10, 0.9))
    held_out[1::2] = np.nan
    often = make_test(val_losses=held_out, val_accuracies=held_out)
    assert often.bounds().max_rate < 1e-3
    held_out[::20] = np.nan
    seldom = make_test(val_losses=held_out, val_accuracies=held_out)
    assert seldom.bounds().max_rate == pytest.approx(0.08, rel=0.1)


def test_without_accuracy_there_are_no_bounds_and_the_reason_says_what_to_do():
    bounds = RangeTest(RATES, KNOWN).bounds()
    assert tuple(bounds) == (None, None)
    assert 'metrics=["accuracy"]' in bounds.min_reason


def test_bounds_become_schedules():
    result = make_test()
    low, high = result.bounds()
    assert result.triangular(50) == Triangular(low, high, 50)
    assert result.triangular(50, mode="exp_range", gamma=0.99).gamma == 0.99
    cycle = result.one_cycle(500)
    assert isinstance(cycle, OneCycle)
    assert cycle(0) == pytest.approx(low)
    assert cycle(cycle.peak_step) == pytest.approx(high)
    assert result.one_cycle(500, start_divisor=25, anneal="linear").start_divisor == 25
    assert result.warm_restarts(100, cycle_mult=2) == WarmRestarts(high, 100, cycle_mult=2)
    with pytest.raises(ValueError, match="allowed is a finite number above 0"):
        result.one_cycle(500, min_rate=0)


def test_a_rate_of_ones_own_takes_the_place_of_a_bound_and_only_what_is_needed_is_asked_for():
    """A regression model has no accuracy, and so no bounds."""
    without = RangeTest(RATES, KNOWN)
    valley = without.suggest()["valley"]
    assert without.triangular(50, max_rate=valley) == Triangular(valley / 4, valley, 50)
    assert without.one_cycle(500, max_rate=valley) == OneCycle(valley, 500)
    assert without.warm_restarts(50, max_rate=valley) == WarmRestarts(valley, 50)
    for make in (without.triangular, without.one_cycle, without.warm_restarts):
        with pytest.raises(ValueError, match="no max_rate: no accuracy was measured"):
            make(50)


def test_reasons_go_with_suggestions():
    result = make_test()
    assert list(result.reasons()) == list(result.suggest()) == list(RULES)
    assert "rises from there" in result.reasons()["turning_point"]


def test_table_has_what_was_measured():
    plain = RangeTest([0.1, 0.2], [2.0, 1.0], smoothing=0, updates_per_rate=3)
    assert plain.table().to_dict("list") == {
        "step": [0, 3],
        "learning_rate": [0.1, 0.2],
        "loss": [2.0, 1.0],
        "smoothed_loss": [2.0, 1.0],
    }
    columns = make_test(val_losses=KNOWN, val_accuracies=KNOWN).table().columns
    assert list(columns)[-3:] == ["accuracy", "val_loss", "val_accuracy"]


def test_save_and_load_give_the_same_record(tmp_path):
    losses = KNOWN.copy()
    losses[-1] = math.inf
    result = dataclasses.replace(
        make_test(diverged=True, stop_reason="the loss was not finite", about={"seed": 3}),
        losses=losses,
        val_losses=np.where(np.arange(701) % 9, np.nan, KNOWN),
    )
    path = result.save(tmp_path / "test.json")
    loaded = RangeTest.load(path)
    for name in ("rates", "losses", "accuracies", "val_losses"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(result, name))
    assert loaded.val_accuracies is None
    assert loaded.suggest() == result.suggest()
    assert (loaded.about, loaded.diverged) == ({"seed": 3}, True)
    assert repr(loaded) == repr(result)
    with pytest.raises(ValueError, match="no RangeTestBand"):
        RangeTestBand.load(path)


def test_a_record_cannot_be_changed():
    result = make_test()
    with pytest.raises(ValueError, match="read-only"):
        result.losses[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.smoothing = 0.5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"losses": [1.0]}, "same length"),
        ({"rates": [], "losses": []}, "1 or more"),
        ({"rates": [0.2, 0.1]}, "rise"),
        ({"rates": [0.0, 0.1]}, "above 0"),
        ({"rates": [0.1, math.inf]}, "finite"),
        ({"rates": [0.1, math.nan]}, "rise"),
        ({"smoothing": 1.0}, "below 1"),
        ({"accuracies": [0.5]}, "same length"),
    ],
)
def test_impossible_records_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        RangeTest(**({"rates": [0.1, 0.2], "losses": [2.0, 1.0]} | change))


def test_a_curve_that_ends_before_it_rises_is_warned_of():
    falling = loss_curve((1e-6, 2.3), (1e-3, 2.3), (10, 0.3))
    result = RangeTest(RATES, falling, stop_reason="all 701 rates were tried")
    assert result.warning.startswith("The loss never diverged, and did not rise up to a rate of 10")
    assert dataclasses.replace(result, diverged=True).warning == ""
    assert make_test().warning == ""


def shifted(factor, points=701):
    """Return the known test with all its corners at rates higher by a factor."""
    losses = np.interp(np.log10(RATES / factor), np.log10(RATES), KNOWN)
    accuracies = np.interp(np.log10(RATES / factor), np.log10(RATES), make_test().accuracies)
    return RangeTest(RATES[:points], losses[:points], accuracies[:points], smoothing=0)


BAND = RangeTestBand((3, 4, 5, 6), [shifted(1, points=640), shifted(2), shifted(4), shifted(8)])


def test_a_band_gives_median_and_spread_of_each_rule():
    spread = BAND.spread()
    assert list(spread.index) == list(RULES)
    turning = spread.loc["turning_point"]
    expected = [0.1 * math.sqrt(8), 0.1, 0.8, 8, 4]
    assert turning.tolist() == pytest.approx(expected, rel=0.05)
    assert BAND.suggest()["turning_point"] == turning["median"]


def test_a_band_counts_the_seeds_that_found_a_rate():
    flat = RangeTest(RATES, np.full(701, 2.3), smoothing=0)
    mixed = RangeTestBand((0, 1, 2), [make_test(), flat, flat])
    assert mixed.spread().loc["valley", "seeds"] == 1
    assert mixed.suggest()["valley"] is None
    none = RangeTestBand((0,), [flat]).spread()
    assert none["seeds"].tolist() == [0] * 5
    assert none[["median", "lowest", "highest", "ratio"]].isna().all(axis=None)


def test_a_band_has_the_median_bounds_and_hands_them_off():
    bounds = BAND.bounds()
    assert isinstance(bounds, Bounds)
    lows = sorted(test.bounds().min_rate for test in BAND.tests)
    assert bounds.min_rate == pytest.approx(math.sqrt(lows[1] * lows[2]))
    assert "the median of 4 of 4 seeds" in bounds.min_reason
    assert BAND.triangular(50).min_rate == bounds.min_rate
    without = RangeTestBand((0,), [RangeTest(RATES, KNOWN)])
    with pytest.raises(ValueError, match="no accuracy was measured"):
        without.one_cycle(100)


def test_a_band_has_one_curve():
    curve = BAND.curve()
    assert curve["seeds"].tolist() == [4] * 640 + [3] * 61
    assert (curve["lowest"] <= curve["median"]).all()
    assert (curve["median"] <= curve["highest"]).all()
    assert curve["lowest"].iloc[100] == min(test.losses[100] for test in BAND.tests)
    assert BAND.test(5).losses.tolist() == BAND.tests[2].losses.tolist()


def test_a_band_is_saved_and_loaded(tmp_path):
    loaded = RangeTestBand.load(BAND.save(tmp_path / "band.json"))
    assert loaded.seeds == (3, 4, 5, 6)
    assert loaded.spread().equals(BAND.spread())


@pytest.mark.parametrize(
    ("seeds", "tests", "error", "words"),
    [
        ((), (), ValueError, "no test|0 tests"),
        ((1,), (make_test(), make_test()), ValueError, "2 tests"),
        ((1, 1), (make_test(), make_test()), ValueError, "of its own"),
        ((1, 2), (make_test(), RangeTest(RATES * 2, KNOWN)), ValueError, "different rates"),
    ],
)
def test_impossible_bands_are_refused(seeds, tests, error, words):
    with pytest.raises(error, match=words):
        RangeTestBand(seeds, tests)
