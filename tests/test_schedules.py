"""Schedules are pure functions of the step: exact at every boundary, within bounds, no state."""

import dataclasses
import json
from functools import reduce

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.plotting import plot_schedules
from helpers.schedules import (
    MODES,
    Constant,
    Cosine,
    ExponentialRamp,
    LinearRamp,
    OneCycle,
    OppositeMomentum,
    Pieces,
    StepDecay,
    Triangular,
    WarmRestarts,
    from_dict,
    with_warmup,
)
from tests.exact_rates import (
    FAR,
    FORMULAS,
    HARD_RESTARTS,
    LAST,
    cycle_starts,
    exact_rate,
    exact_rates,
    is_near,
    schedule_table,
    telling_steps,
)

TABLE = schedule_table(40)

RATES = st.sampled_from([0.0, 0.1, 1.0]) | st.floats(1e-9, 10)
POSITIVE = st.floats(1e-9, 10)
SHARES = st.sampled_from([0.5, 1.0]) | st.floats(1e-3, 1)
COUNTS = st.integers(1, 5) | st.integers(1, 200) | st.integers(1, LAST)
STEPS = st.integers(0, 50) | st.integers(0, 2000) | st.integers(0, LAST)
BOUNDS = st.tuples(RATES, RATES).map(sorted)


def triangles(mode):
    gamma = SHARES if mode.startswith("exp_range") else st.none()
    return st.builds(
        lambda bounds, half, gamma: Triangular(*bounds, half, mode, gamma), BOUNDS, COUNTS, gamma
    )


RESTARTS = st.builds(
    lambda bounds, first, mult, decay: WarmRestarts(bounds[1], first, mult, bounds[0], decay),
    BOUNDS,
    COUNTS,
    st.just(1) | st.floats(1.01, 10) | st.integers(2, 10**12),
    SHARES,
)
TWO_PHASES = st.builds(
    OneCycle,
    RATES,
    COUNTS,
    st.floats(0, 1),
    st.floats(1, 100),
    st.floats(1, 1e5),
    st.sampled_from(["cosine", "linear"]),
)
THREE_PHASES = st.builds(
    OneCycle,
    RATES,
    COUNTS.filter(lambda steps: steps >= 3),
    st.floats(1e-6, 0.5),
    st.floats(1, 100),
    st.floats(1, 1e5),
    st.sampled_from(["cosine", "linear"]),
    st.just(True),
)
SIMPLE = st.one_of(
    st.builds(Constant, RATES),
    st.builds(LinearRamp, RATES, RATES, COUNTS),
    st.builds(ExponentialRamp, POSITIVE, POSITIVE, COUNTS),
    st.builds(StepDecay, RATES, SHARES, COUNTS),
    st.builds(lambda bounds, total: Cosine(bounds[1], total, bounds[0]), BOUNDS, COUNTS),
    *map(triangles, MODES),
    RESTARTS,
    TWO_PHASES,
    THREE_PHASES,
)
SCHEDULES = st.one_of(
    SIMPLE,
    st.lists(st.tuples(SIMPLE, COUNTS), min_size=1, max_size=4).map(Pieces),
    st.builds(with_warmup, SIMPLE, COUNTS, start_rate=RATES),
    st.builds(OppositeMomentum, SIMPLE, st.just(0.5), st.floats(0.5, 0.99)),
)


@pytest.mark.parametrize("kind", FORMULAS)
def test_every_schedule_is_exact_at_and_around_every_boundary(kind):
    mine = [schedule for schedule in TABLE if type(schedule).__name__ == kind]
    assert len(mine) >= 40
    for seed, schedule in enumerate(mine):
        steps = telling_steps(schedule, seed)
        exact = exact_rates(schedule, steps)
        near = is_near(schedule(steps), exact, schedule, relative=1e-13)
        assert near.all(), (schedule, steps[~near], schedule(steps)[~near], exact[~near])


@pytest.mark.parametrize("schedule", HARD_RESTARTS, ids=str)
def test_hard_restarts_are_exact_and_at_the_peak_on_their_very_step(schedule):
    steps = telling_steps(schedule)
    exact = exact_rates(schedule, steps)
    assert is_near(schedule(steps), exact, schedule, relative=1e-13).all()
    ends = schedule.cycle_ends(FAR)
    assert (schedule(ends) == 1.0).all()
    before = [end - 1 for end in ends]
    assert (schedule(before) < 0.01).all()


def test_a_comparison_with_the_neighboring_step_finds_every_jump():
    schedule = WarmRestarts(1.0, 41)
    ends = np.array(schedule.cycle_ends(2000))
    exact = exact_rates(schedule, ends)
    assert not is_near(schedule(ends - 1), exact, schedule, relative=1e-13).any()
    assert not is_near(schedule(ends + 1), exact, schedule, relative=1e-13).any()


def test_exp_range_is_the_papers_and_exp_range_amplitude_the_usual_code():
    paper, amplitude = (
        Triangular(0.001, 0.006, 2000, mode, 0.99994)
        for mode in ("exp_range", "exp_range_amplitude")
    )
    # 40,000 is a trough, 42,000 a peak: there the formulas are short.
    assert paper(40_000) == pytest.approx(0.001 * 0.99994**40_000, rel=1e-12)
    assert paper(42_000) == pytest.approx(0.006 * 0.99994**42_000, rel=1e-12)
    assert amplitude(40_000) == pytest.approx(0.001, rel=1e-12)
    assert amplitude(42_000) == pytest.approx(0.001 + 0.005 * 0.99994**42_000, rel=1e-12)
    rounded = [f"{rate:.2g}" for rate in (*paper([40_000, 42_000]), *amplitude([40_000, 42_000]))]
    assert rounded == ["9.1e-05", "0.00048", "0.001", "0.0014"]


@given(SCHEDULES, st.lists(STEPS, min_size=1, max_size=8))
def test_no_rate_leaves_the_bounds(schedule, steps):
    low, high = schedule.rate_bounds
    rates = schedule(steps)
    assert 0 <= low <= high
    assert ((low <= rates) & (rates <= high)).all()


@given(SCHEDULES, st.lists(STEPS, min_size=2, max_size=6))
@example(StepDecay(0.1, 0.08089467095882061, 3), [0, 6])  # np.power rounds these differently
def test_an_array_gives_what_its_scalars_give_in_any_order_and_again(schedule, steps):
    told, hashed = schedule.to_dict(), hash(schedule)
    backwards = [schedule(step) for step in reversed(steps)][::-1]
    rates = schedule(np.array(steps))
    assert rates.dtype == np.float64
    assert rates.tolist() == backwards == schedule(steps).tolist()
    assert (schedule.to_dict(), hash(schedule)) == (told, hashed)


@given(SCHEDULES, STEPS)
def test_the_shape_of_the_steps_is_kept(schedule, step):
    assert isinstance(schedule(step), np.float64)
    assert schedule(np.full((2, 1, 3), step)).shape == (2, 1, 3)
    assert schedule(np.zeros((0, 2), "int32")).shape == (0, 2)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "uint64"])
def test_steps_of_every_integer_type_are_the_same_steps(kind):
    schedule = WarmRestarts(0.1, 7, 2)
    steps = np.arange(120).astype(kind)
    np.testing.assert_array_equal(schedule(steps), schedule(list(range(120))))


@given(SCHEDULES)
def test_a_schedule_comes_back_from_json_as_it_was(schedule):
    back = from_dict(json.loads(json.dumps(schedule.to_dict())))
    assert back == schedule
    assert hash(back) == hash(schedule)


@pytest.mark.parametrize("schedule", TABLE[:20], ids=lambda schedule: type(schedule).__name__)
def test_a_schedule_is_frozen(schedule):
    field = dataclasses.fields(schedule)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(schedule, field, 0.5)


def test_drawing_a_schedule_leaves_it_as_it_was():
    schedule, untouched = (WarmRestarts(0.1, 41, 1.5) for _ in range(2))
    plot_schedules({"drawn": schedule}, 500)
    assert schedule == untouched
    assert vars(schedule) == vars(untouched)
    np.testing.assert_array_equal(schedule(np.arange(500)), untouched(np.arange(500)))


@given(BOUNDS, st.integers(1, 60), st.integers(0, 400))
def test_a_triangle_ends_its_cycles_at_its_lowest_rate(bounds, half, total):
    schedule = Triangular(*bounds, half)
    ends = schedule.cycle_ends(total)
    assert ends == [step for step in range(1, total + 1) if step % (2 * half) == 0]
    assert (schedule(np.array(ends, int)) == bounds[0]).all()
    assert (schedule(np.array(ends, int) + half) == bounds[1]).all()


@given(st.integers(1, 60), st.sampled_from([1, 2, 3, 1.5, 1.25]), st.integers(0, 2000))
def test_restarts_begin_with_the_peak_after_the_lowest_rate_of_a_cycle(first, mult, total):
    schedule = WarmRestarts(0.3, first, mult, min_rate=0.1)
    ends = schedule.cycle_ends(total)
    if mult == 1:
        starts = list(range(0, total + first + 1, first))
    else:
        starts = cycle_starts(first, mult)
    assert ends == [start for start in starts if 0 < start <= total]
    for start, end in zip([0, *ends], ends):
        cycle = schedule(np.arange(start, end))
        assert cycle[0] == 0.3
        assert (np.diff(cycle) < 0).all()
        assert (cycle > 0.1).all()


@given(st.lists(st.tuples(SIMPLE, st.integers(1, 60)), min_size=1, max_size=4), st.integers(0, 300))
def test_pieces_end_the_cycles_of_their_pieces(parts, total):
    starts = reduce(lambda sums, part: [*sums, sums[-1] + part[1]], parts[:-1], [0])
    wanted = []
    for update in range(1, total + 1):
        at = max(index for index, start in enumerate(starts) if start < update)
        if update - starts[at] in parts[at][0].cycle_ends(update - starts[at]):
            wanted.append(update)
    assert Pieces(parts).cycle_ends(total) == wanted


@given(st.one_of(TWO_PHASES, THREE_PHASES))
def test_one_cycle_rises_to_its_peak_and_falls_to_its_end(schedule):
    peak, total = schedule.peak_step, schedule.total_steps
    assert schedule(peak) == schedule.max_rate
    assert 0 <= peak < total
    assert schedule(0) == (schedule.max_rate / schedule.start_divisor if peak else schedule(peak))
    end = schedule.max_rate / schedule.end_divisor
    assert schedule([total, min(total + 1, LAST), LAST]).tolist() == [end] * 3
    rising = schedule(np.linspace(0, peak, 20).astype(int))
    last = 2 * peak if schedule.three_phase else total
    falling = schedule(np.linspace(peak, last, 20).astype(int))
    # Of two rates that differ by a rounding, either may be the higher.
    assert (np.diff(rising) >= -1e-15 * schedule.max_rate).all()
    assert (np.diff(falling) <= 1e-15 * schedule.max_rate).all()


@given(COUNTS, st.floats(0, 1))
def test_the_peak_of_one_cycle_is_where_the_fraction_says(total, fraction):
    peak = OneCycle(0.1, total, fraction).peak_step
    assert abs(peak - fraction * total) <= 0.5 or peak == total - 1


@given(COUNTS.filter(lambda steps: steps >= 3), st.floats(1e-6, 0.5))
def test_each_of_three_phases_has_a_step_and_the_first_two_are_equal(total, fraction):
    schedule = OneCycle(0.5, total, fraction, three_phase=True)
    peak = schedule.peak_step
    assert abs(peak - fraction * total) <= 1.5 or peak == 1
    assert 1 <= peak
    assert 2 * peak < total
    assert schedule(2 * peak) == schedule(0)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (WarmRestarts(0.5, 1), [0.5, 0.5, 0.5, 0.5]),
        (WarmRestarts(0.5, 1, 2), [0.5, 0.5, 0.25, 0.5]),
        (Triangular(0.25, 0.5, 1), [0.25, 0.5, 0.25, 0.5]),
        (Triangular(0.0, 0.5, 1, "triangular2"), [0, 0.5, 0, 0.25]),
        (LinearRamp(0.25, 0.5, 1), [0.25, 0.5, 0.5, 0.5]),
        (ExponentialRamp(0.25, 0.5, 1), [0.25, 0.5, 0.5, 0.5]),
        (Cosine(0.5, 1), [0.5, 0, 0, 0]),
        (StepDecay(0.5, 0.5, 1), [0.5, 0.25, 0.125, 0.0625]),
        (OneCycle(0.5, 1, end_divisor=4), [0.5, 0.125, 0.125, 0.125]),
        (OneCycle(0.5, 2, 0, end_divisor=4, anneal="linear"), [0.5, 0.3125, 0.125, 0.125]),
        (OneCycle(0.5, 2, 1, 2, 4), [0.25, 0.5, 0.125, 0.125]),
        (OneCycle(0.5, 3, 0.5, 2, 4, three_phase=True), [0.25, 0.5, 0.25, 0.125]),
        (Pieces([(0.5, 1), (Cosine(0.5, 1, 0.25), 1), (1, None)]), [0.5, 0.5, 1, 1]),
        (with_warmup(0.5, 1), [0, 0.5, 0.5, 0.5]),
        (OppositeMomentum(Constant(0.5), 0.5, 0.75), [0.75, 0.75, 0.75, 0.75]),
    ],
    ids=str,
)
def test_phases_of_one_step_or_none(schedule, rates):
    np.testing.assert_allclose(schedule(np.arange(4)), rates, rtol=1e-15)


@given(SIMPLE, COUNTS, RATES)
def test_a_warm_up_ends_where_the_schedule_begins(schedule, steps, start):
    warm = with_warmup(schedule, steps, start_rate=start)
    assert warm(0) == start
    later = np.array([0, 1, 5])
    inside = later[later + steps <= LAST]
    assert warm(inside + steps).tolist() == schedule(inside).tolist()


@given(RESTARTS, st.lists(STEPS, min_size=2, max_size=6))
def test_momentum_is_lowest_where_the_rate_is_highest(schedule, steps):
    momentum = OppositeMomentum(schedule, 0.5, 0.9)
    order = np.argsort(schedule(steps), kind="stable")
    assert (np.diff(momentum(steps)[order]) <= 1e-15).all()
    if schedule.max_rate > schedule.min_rate:
        assert momentum(0) == 0.5


def test_a_cycle_that_outlasts_all_steps_may_be_of_any_length():
    schedule = WarmRestarts(0.1, 41, cycle_mult=1e300)
    assert schedule.cycle_ends(LAST) == [41]
    assert schedule([40, 41, LAST]) == pytest.approx(
        [float(exact_rate(schedule, 40)), 0.1, 0.1], rel=1e-12
    )
