"""Basins and hops among them: shapes by hand, replays in plain Python, shares by closed forms."""

import html
import math
import re
import statistics
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from helpers import explorers
from helpers.describe import describe_hop_difference, describe_hop_shares, describe_hops
from helpers.explorers.hopping import SHAPES
from helpers.landscapes import (
    Basins,
    Hops,
    Parabola,
    compare_hops,
    descend,
    hop,
    wilson_share,
)
from helpers.plotting import plot_hop_shares, plot_hops
from helpers.schedules import Constant, Cosine, WarmRestarts

STEPS = 420
sizes = st.floats(0.2, 5)


@st.composite
def curves(draw):
    count = draw(st.integers(2, 6))
    depths = draw(st.lists(sizes, min_size=count, max_size=count))
    depths[draw(st.integers(0, count - 1))] = max(depths) + 0.5
    return Basins(depths, draw(st.lists(sizes, min_size=count, max_size=count)))


def hills(curve):
    """The places between two basins, from the widths alone."""
    ends = [sum(curve.widths[: place + 1]) for place in range(len(curve.widths) - 1)]
    return [end - sum(curve.widths) / 2 for end in ends]


def schedules(rate):
    return {
        "constant": Constant(rate),
        "one cosine": Cosine(rate, STEPS),
        "equal restarts": WarmRestarts(rate, STEPS // 4),
        "doubling restarts": WarmRestarts(rate, STEPS // 15, cycle_mult=2),
    }


def hop_all(curve, rate, noise, trials=1000, seed=0):
    start = curve.bottoms[0]
    return {
        name: hop(curve, schedule, steps=STEPS, trials=trials, noise=noise, seed=seed, start=start)
        for name, schedule in schedules(rate).items()
    }


def standing_at(*rows, **changes):
    """Hops whose trials stand at given places of a curve with a deep basin right of 0."""
    options = {"steps": 9, "noise": 1.0, "seed": 0, "start": None, **changes}
    updates = tuple(range(10 - len(rows), 10))
    curve = Basins(depths=(1, 2), widths=(2, 2))
    return Hops(landscape=curve, updates=updates, positions=np.array(rows), **options)


@settings(deadline=None, max_examples=60)
@given(curves())
def test_basins_have_the_depths_and_widths_they_say(curve):
    top = max(curve.depths)
    for bottom, depth in zip(curve.bottoms, curve.depths):
        assert curve.loss(bottom) == pytest.approx(top - depth, abs=1e-9)
        assert curve.gradient(bottom) == pytest.approx(0, abs=1e-9)
    between = hills(curve)
    for place in between:
        assert curve.loss(place) == pytest.approx(top, abs=1e-9)
    ends = [curve.view[0][0], *between, curve.view[0][1]]
    assert np.diff(ends) == pytest.approx(curve.widths)
    assert np.add(ends[:-1], ends[1:]) / 2 == pytest.approx(curve.bottoms)
    assert min(curve.loss(end) for end in curve.view[0]) > top


@settings(deadline=None, max_examples=60)
@given(curves(), st.floats(-0.7, 0.7))
def test_gradient_is_the_slope_of_the_loss_everywhere(curve, share):
    place, small = share * sum(curve.widths), 1e-6
    slope = (curve.loss(place + small) - curve.loss(place - small)) / (2 * small)
    steepest = max(math.pi * d / w for d, w in zip(curve.depths, curve.widths))
    bend = max(curve.sharpness)
    assert slope == pytest.approx(curve.gradient(place)[0], abs=1e-7 * steepest + 2 * small * bend)
    assert abs(curve.gradient(place)[0]) <= steepest * (1 + 1e-12)
    assert curve.loss(place) >= 0


@settings(deadline=None, max_examples=30)
@given(curves())
def test_the_lowest_loss_is_zero_at_the_minimum_with_the_stated_curvature(curve):
    (bottom,), small = curve.minimum, 1e-4
    assert curve.loss(bottom) == pytest.approx(0, abs=1e-9)
    bend = (curve.loss(bottom + small) + curve.loss(bottom - small)) / small**2
    assert curve.curvatures[0] == pytest.approx(bend, rel=1e-3)
    assert curve.curvatures[0] == curve.sharpness[curve.deepest]


def test_outside_the_walls_are_straight():
    curve = Basins(depths=(1, 2), widths=(2, 4))
    assert curve.gradient([[-9.0], [-99.0], [9.0]])[:, 0] == pytest.approx(
        [-math.pi / 2, -math.pi / 2, math.pi / 2]
    )
    assert curve.loss(-100) - curve.loss(-99) == pytest.approx(math.pi / 2)


def test_many_positions_are_those_one_by_one():
    curve, places = Basins(), np.linspace(-5, 5, 41)
    column = places[:, None]
    assert curve.loss(column).tolist() == [curve.loss(place) for place in places]
    assert curve.gradient(column)[:, 0].tolist() == [curve.gradient(place)[0] for place in places]
    assert curve.basin(column).tolist() == [curve.basin(place) for place in places]
    assert curve.basin(-99) == 0
    assert [curve.basin(bottom) for bottom in curve.bottoms] == [0, 1, 2, 3]


def plain_gradient(curve, x):
    """The gradient without arrays, written from the docstring."""
    between = hills(curve)
    index = sum(x > place for place in between)
    bottom, width, depth = curve.bottoms[index], curve.widths[index], curve.depths[index]
    steepest = math.pi * depth / width
    if index == 0 and x < bottom - width / 4:
        return -steepest
    if index == len(between) and x > bottom + width / 4:
        return steepest
    return steepest * math.sin(2 * math.pi * (x - bottom) / width)


@pytest.mark.parametrize("start", [None, -3.0])
@pytest.mark.parametrize("name", schedules(0.4))
def test_hops_are_those_of_a_loop_in_plain_python(name, start):
    curve, trials, schedule = Basins(), 5, schedules(0.4)[name]
    hops = hop(curve, schedule, steps=STEPS, trials=trials, noise=1.5, seed=3, start=start)
    places = np.random.default_rng([3, 0]).uniform(*curve.view[0], trials)
    noises = np.random.default_rng([3, 1]).standard_normal((STEPS, trials))
    ends = sorted({*schedule.cycle_ends(STEPS), STEPS})
    assert hops.updates == tuple(ends)
    assert hops.positions.shape == (len(ends), trials)
    for trial in range(trials):
        x = places[trial] if start is None else start
        for step in range(STEPS):
            rate = float(schedule(step))
            x -= rate * (plain_gradient(curve, x) + 1.5 * noises[step, trial])
            if step + 1 in ends:
                assert hops.positions[ends.index(step + 1), trial] == pytest.approx(x, abs=1e-9)


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.5])
def test_without_noise_every_trial_is_a_plain_descent(rate):
    hops = hop(Basins(), Constant(rate), steps=60, trials=3, noise=0, start=-3.2)
    walk = descend(Basins(), -3.2, rate=rate, steps=60)
    np.testing.assert_allclose(hops.positions, np.full((1, 3), walk.path[-1, 0]), rtol=1e-12)


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_in_one_basin_the_spread_is_that_of_a_noisy_quadratic(rate):
    """There x[t+1] = (1 - rate * c) * x[t] - rate * noise * z, with a geometric sum as variance."""
    curve, noise = Basins(), 0.1
    hops = hop(curve, Constant(rate), steps=300, trials=4000, noise=noise, start=curve.minimum[0])
    factor = 1 - rate * curve.curvatures[0]
    variance = (rate * noise) ** 2 * (1 - factor**600) / (1 - factor**2)
    # Four standard deviations of a sample variance.
    assert np.var(hops.positions[-1]) == pytest.approx(variance, rel=4 * math.sqrt(2 / 4000))


def test_all_schedules_meet_the_same_starts_and_the_same_noise():
    def late_drop(steps):
        return np.where(steps < 90, 0.3, 0.0)

    options = {"steps": 100, "trials": 20, "noise": 2, "checkpoints": (90,)}
    one = hop(Basins(), Constant(0.3), **options)
    other = hop(Basins(), late_drop, **options)
    np.testing.assert_array_equal(one.positions[0], other.positions[0])
    np.testing.assert_array_equal(other.positions[0], other.positions[1])
    assert not np.array_equal(one.positions[0], one.positions[1])
    assert not np.array_equal(
        one.positions, hop(Basins(), Constant(0.3), seed=1, **options).positions
    )


@settings(deadline=None, max_examples=40)
@given(curves(), st.floats(0, 2), st.floats(0, 5), st.integers(0, 100))
def test_every_trial_ends_somewhere_and_shares_are_shares(curve, rate, noise, seed):
    hops = hop(curve, Cosine(rate, 12), steps=25, trials=7, noise=noise, seed=seed)
    assert hops.updates == (12, 25)
    assert np.isfinite(hops.positions).all()
    assert ((hops.basins >= 0) & (hops.basins < len(curve.depths))).all()
    assert (hops.losses >= 0).all()
    for keep in ("last", "best"):
        share = hops.share(keep)
        assert share.count == hops.in_deepest(keep).sum()
        assert 0 <= share.low <= share.value <= share.high <= 1
    kept = curve.loss(hops.kept("best")[:, None])
    np.testing.assert_array_equal(kept, hops.losses.min(axis=0))


@settings(max_examples=200)
@given(st.integers(1, 10**6), st.floats(0, 1))
def test_wilson_ends_are_where_the_score_test_changes_its_mind(trials, part):
    count = round(part * trials)
    share = wilson_share(count, trials)
    z = statistics.NormalDist().inv_cdf(0.975)
    for end in (share.low, share.high):
        # Both ends p solve (share - p)^2 = z^2 p (1 - p) / n.
        left, right = (share.value - end) ** 2, z**2 * end * (1 - end) / trials
        assert left == pytest.approx(right, rel=1e-6, abs=1e-14)
    assert share.low <= share.value <= share.high
    mirrored = wilson_share(trials - count, trials)
    assert mirrored.low == pytest.approx(1 - share.high, abs=1e-12)


def test_wilson_interval_holds_in_95_of_100_samples():
    draw = np.random.default_rng(0)
    for true in (0.02, 0.3, 0.9):
        counts = draw.binomial(200, true, 4000)
        intervals = {count: wilson_share(count, 200) for count in set(counts.tolist())}
        hits = [intervals[count].low <= true <= intervals[count].high for count in counts.tolist()]
        assert np.mean(hits) == pytest.approx(0.95, abs=0.03)


def test_the_best_checkpoint_is_the_one_of_lowest_loss():
    hops = standing_at([1.0, -1.0, 0.5], [-1.0, 0.9, 1.2])
    assert hops.basins.tolist() == [[1, 0, 1], [0, 1, 1]]
    assert hops.kept("last").tolist() == [-1.0, 0.9, 1.2]
    assert hops.kept("best").tolist() == [1.0, 0.9, 1.2]
    assert hops.share().count == 2
    assert hops.share("best").count == 3


def test_comparison_is_trial_by_trial():
    a = standing_at([1.0, 1.0, 1.0, -1.0, -1.0])
    b = standing_at([1.0, -1.0, -1.0, -1.0, 1.0])
    paired = compare_hops(a, b, names=("x", "y"))
    assert list(paired.differences.values()) == [0, 1, 1, 0, -1]
    assert paired.mean == pytest.approx(0.2)
    half = 2.7764451 * statistics.stdev([0, 1, 1, 0, -1]) / math.sqrt(5)
    assert (paired.low, paired.high) == pytest.approx((0.2 - half, 0.2 + half))
    assert paired.verdict == "tie"
    # The same noise makes a sure thing of what would be a guess with noise of its own.
    assert compare_hops(a, a).low == compare_hops(a, a).high == 0


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"steps": 10}, {"noise": 2.0}, {"start": 0.0}], ids=str
)
def test_only_the_schedule_may_differ(changes):
    with pytest.raises(ValueError, match=f"{next(iter(changes))} is"):
        compare_hops(standing_at([1.0, 1.0]), standing_at([1.0, 1.0], **changes))


def test_hot_trials_end_in_the_deepest_basin_more_often_the_longer_the_last_descent():
    hops = hop_all(SHAPES["deepest is wide"], rate=0.4, noise=2, trials=2000)
    order = ["one cosine", "doubling restarts", "equal restarts", "constant"]
    for better, worse in zip(order, order[1:]):
        assert compare_hops(hops[better], hops[worse]).verdict == "a", (better, worse)


def test_restarts_win_where_the_best_trough_is_kept():
    for shape in SHAPES.values():
        hops = hop_all(shape, rate=0.4, noise=2, trials=2000)
        for name in ("equal restarts", "doubling restarts"):
            assert compare_hops(hops[name], hops["one cosine"], keep="best").verdict == "a"


def test_cold_trials_stay_where_they_began_whatever_the_schedule():
    for shape in SHAPES.values():
        for hops in hop_all(shape, rate=0.04, noise=1, trials=200).values():
            assert (hops.basins == 0).all()


@pytest.mark.parametrize(
    ("call", "error", "part"),
    [
        (lambda: Basins(depths=(1, 2, 3)), ValueError, "3 depths and 4 widths"),
        (lambda: Basins((1,), (1,)), ValueError, "two or more"),
        (lambda: Basins((2, 2), (1, 1)), ValueError, "deeper than all others"),
        (lambda: Basins((2, 0), (1, 1)), ValueError, "depth is 0"),
        (lambda: Basins((2, 1), (1, "1")), TypeError, "width is '1'"),
        (lambda: Basins().loss([1, 2]), ValueError, "1 number"),
        (lambda: hopping(landscape=Parabola()), TypeError, "no basins"),
        (lambda: hopping(schedule=0.1), TypeError, "Constant"),
        (lambda: hopping(schedule=lambda steps: 0.1), ValueError, "one finite rate"),
        (lambda: hopping(schedule=lambda steps: -0.1 * steps), ValueError, ">= 0"),
        (lambda: hopping(schedule=lambda steps: steps * np.nan), ValueError, "finite"),
        (lambda: hopping(steps=0), ValueError, "steps is 0"),
        (lambda: hopping(trials=1.5), TypeError, "trials is 1.5"),
        (lambda: hopping(noise=-1), ValueError, "noise is -1"),
        (lambda: hopping(noise="much"), TypeError, "noise is 'much'"),
        (lambda: hopping(seed=-1), ValueError, "seed is -1"),
        (lambda: hopping(start=(1, 2)), ValueError, "1 number"),
        (lambda: hopping(checkpoints=(11,)), ValueError, "checkpoint is 11"),
        (lambda: hopping(checkpoints=(0.5,)), TypeError, "checkpoint is 0.5"),
        (lambda: hopping().kept("first"), ValueError, '"last" and "best"'),
        (lambda: wilson_share(3, 2), ValueError, "count is 3"),
        (lambda: wilson_share(0, 0), ValueError, "trials is 0"),
        (lambda: plot_hop_shares({}), ValueError, "empty"),
        (lambda: explorers.hop(target=0), ValueError, "1 to 99"),
    ],
)
def test_wrong_arguments_are_named(call, error, part):
    with pytest.raises(error, match=part):
        call()


def hopping(**changes):
    options = {"landscape": Basins(), "schedule": Constant(0.1), "steps": 10, "trials": 3}
    options |= {"noise": 1, **changes}
    return hop(options.pop("landscape"), options.pop("schedule"), **options)


def test_checkpoints_may_be_one_number_and_the_end_is_always_among_them():
    assert hopping(checkpoints=4).updates == (4, 10)
    assert hopping(checkpoints=(10, 3, 3)).updates == (3, 10)
    assert hopping().updates == (10,)


@pytest.mark.parametrize("noise", [0, 1, 50])
@pytest.mark.parametrize("start", [None, -3])
def test_every_hop_can_be_drawn_and_described(noise, start):
    series = {
        name: hop(Basins(), schedule, steps=STEPS, trials=50, noise=noise, start=start)
        for name, schedule in schedules(0.4).items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in (plot_hop_shares(series), *map(plot_hops, series.values())):
            assert isinstance(figure, Figure)
            figure.canvas.draw()
    for name, hops in series.items():
        text = describe_hops(hops, name)
        assert name in text
        assert str(hops.share()) in text
        assert str(hops.share()) in describe_hop_shares(series)
        assert str(hops.share()) in repr(hops)


def test_the_figure_says_what_each_basin_got():
    hops = standing_at([1.0, 1.0, 1.0, -1.0])
    own = plot_hops(hops)
    assert plot_hops(hops, ax=own.axes[0]) is own
    words = [text.get_text() for text in plot_hops(hops).axes[0].texts]
    assert words == ["25 %", "75 %"]
    (marks, *_) = plot_hop_shares({"x": hops}).axes[0].containers[0]
    assert marks.get_xdata().tolist() == [75]


def test_the_sentence_about_a_difference_has_its_numbers():
    a, b = standing_at([1.0] * 4 + [-1.0]), standing_at([-1.0] * 5)
    assert describe_hop_difference(a, b, names=("x", "y")) == (
        "x minus y: +80.0 points [+24.5, +135.5], x wins."
    )


@pytest.fixture
def explorer():
    made = explorers.hop()
    yield made
    made.close()


def picture(explorer):
    return re.search(r"base64,([^\"]+)", explorer._view.value)[1]


def test_every_control_of_the_explorer_changes_its_picture_and_text(explorer):
    choices = {
        "max_rate": (0.01, 1),
        "noise": (0, 6),
        "restarts": (1, 3),
        "schedule": ("constant", "one cosine", "doubling restarts", "equal restarts"),
        "shape": ("equal widths", "deepest is sharp", "deepest is wide"),
    }
    assert set(choices) == set(explorer.controls)
    for name, values in choices.items():
        seen = set()
        for value in values:
            explorer.controls[name].value = value
            assert 40 <= len(explorer.text) <= 200
            assert explorer.text in html.unescape(explorer._view.value)
            assert explorer.score.startswith("Target: 70 %")
            seen.add((picture(explorer), explorer.text))
        assert len(seen) == len(values)
        explorer.reset()


def test_the_explorer_starts_below_its_target_and_one_cosine_reaches_it(explorer):
    assert "reached" not in explorer.score
    assert "one cosine wins" in explorer.text
    assert not explorer.controls["restarts"].disabled
    explorer.controls["schedule"].value = "one cosine"
    assert "reached" in explorer.score
    assert explorer.controls["restarts"].disabled


@pytest.mark.parametrize("schedule", ["equal restarts", "doubling restarts"])
@pytest.mark.parametrize("restarts", [1, 2, 3])
def test_every_choice_of_restarts_ends_at_a_trough(explorer, schedule, restarts):
    explorer.controls["schedule"].value = schedule
    explorer.controls["restarts"].value = restarts
    assert f"best of {restarts + 1} checkpoints" in explorer.text
