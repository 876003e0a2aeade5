"""Figures and sentences of schedules: what is drawn, where, and whether the words are true."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from helpers import describe, plotting
from helpers.plotting.schedules import MOST_CYCLES_DRAWN, MOST_ENDS_MARKED, drawn_steps
from helpers.schedules import (
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
    with_warmup,
)

WAVE = Triangular(0.1, 0.5, half_cycle_steps=400)
ALL_KINDS = {
    "constant": Constant(0.3),
    "ramp": LinearRamp(0.1, 0.6, 900),
    "factors": ExponentialRamp(0.01, 0.6, 900),
    "stairs": StepDecay(0.5, 0.5, 300),
    "cosine": Cosine(0.5, 2_000),
    "triangular": WAVE,
    "restarts": WarmRestarts(0.5, 100, cycle_mult=2, min_rate=0.05, peak_decay=0.8),
    "one cycle": OneCycle(0.5, 2_000),
}

restarts = st.builds(
    WarmRestarts,
    max_rate=st.just(0.5),
    first_cycle_steps=st.integers(1, 300),
    cycle_mult=st.sampled_from([1, 1.01, 1.5, 2, 3]),
    min_rate=st.sampled_from([0.0, 0.1]),
)
waves = st.builds(Triangular, st.just(0.1), st.just(0.5), st.integers(1, 3_000))


def lines_of(ax):
    """The lines of the rates, without the rings on their ends of cycles."""
    return [line for line in ax.get_lines() if line.get_linestyle() != "None"]


def rings_of(ax):
    return [line for line in ax.get_lines() if line.get_linestyle() == "None"]


def tick_texts(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


@pytest.mark.parametrize(
    "figure",
    [
        plotting.plot_schedules({"wave": WAVE}, 2_000, steps_per_epoch=40),
        plotting.plot_schedules(ALL_KINDS, 2_000),
        plotting.plot_rate_and_momentum(WAVE, OppositeMomentum(WAVE), 2_000),
    ],
    ids=["one", "eight", "momentum"],
)
def test_figures_are_plain_figures_with_named_axes_in_the_palette(figure):
    assert isinstance(figure, Figure)
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
    assert figure.axes[-1].get_xlabel() == "update"
    for ax in figure.axes:
        assert ax.get_ylabel()
        assert {line.get_color() for line in lines_of(ax)} <= set(plotting.PALETTE.values())


def test_a_line_holds_the_rate_of_each_step_and_a_ring_ends_each_cycle():
    ax = plotting.plot_schedules({"wave": WAVE}, 2_000).axes[0]
    (line,), (rings,) = lines_of(ax), rings_of(ax)
    phase = np.abs((line.get_xdata() + 400) % 800 - 400) / 400
    np.testing.assert_allclose(line.get_ydata(), 0.1 + 0.4 * phase)
    assert line.get_xdata()[[0, -1]].tolist() == [0, 1_999]
    assert rings.get_xdata().tolist() == [799, 1_599]
    np.testing.assert_allclose(rings.get_ydata(), 0.101)
    assert line.get_color() == plotting.LOOKS["rate"]["color"]
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("schedule", "steps", "mark"),
    [
        (WAVE, 2_000, False),
        (WAVE, 700, True),
        (Triangular(0.1, 0.5, 1), 2 * MOST_ENDS_MARKED + 2, True),
    ],
    ids=["not asked", "no cycle ends", "too many"],
)
def test_no_rings_where_they_are_not_wanted_or_would_cover_the_line(schedule, steps, mark):
    ax = plotting.plot_schedules({"wave": schedule}, steps, mark_cycle_ends=mark).axes[0]
    assert rings_of(ax) == []


def test_the_largest_number_of_rings_is_drawn():
    ax = plotting.plot_schedules({"wave": Triangular(0.1, 0.5, 1)}, 2 * MOST_ENDS_MARKED).axes[0]
    assert len(rings_of(ax)[0].get_xdata()) == MOST_ENDS_MARKED


def test_several_schedules_differ_in_color_dashes_and_marker_and_are_named():
    ax = plotting.plot_schedules(ALL_KINDS, 2_000).axes[0]
    for looks in (
        [line.get_color() for line in lines_of(ax)],
        [line.get_marker() for line in lines_of(ax)],
        [str(line._unscaled_dash_pattern) for line in lines_of(ax)],
    ):
        assert len(set(looks)) == len(ALL_KINDS)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(ALL_KINDS)


def test_ticks_name_updates_and_whole_epochs_where_the_size_of_an_epoch_is_known():
    ax = plotting.plot_schedules({"wave": WAVE}, 20_000, steps_per_epoch=500).axes[0]
    assert tick_texts(ax)[:2] == ["0\nepoch 0", "5,000\nepoch 10"]
    for place, text in zip(ax.get_xticks(), tick_texts(ax)):
        update, epoch = re.fullmatch(r"([\d,]+)\nepoch (\d+)", text).groups()
        assert int(update.replace(",", "")) == place == 500 * int(epoch)
    short = plotting.plot_schedules({"wave": WAVE}, 300, steps_per_epoch=500).axes[0]
    assert "epoch" not in "".join(tick_texts(short))


def test_axes_of_the_caller_are_used_and_rates_of_zero_are_drawn():
    figure, ax = plotting.new_figure()
    assert plotting.plot_schedules({"none": Constant(0)}, 10, ax=ax) is figure
    assert ax.get_ylim() == (0, 1)
    assert lines_of(ax)[0].get_ydata().tolist() == [0.0] * 10


def test_momentum_stands_below_the_rate_on_the_same_steps():
    figure = plotting.plot_rate_and_momentum(WAVE, OppositeMomentum(WAVE), 800, steps_per_epoch=40)
    above, below = figure.axes
    (rate,), (momentum,) = lines_of(above), lines_of(below)
    assert rate.get_xdata().tolist() == momentum.get_xdata().tolist()
    np.testing.assert_allclose(momentum.get_ydata(), 0.95 - (rate.get_ydata() - 0.1) / 4)
    assert above.get_xlim() == below.get_xlim()
    assert "epoch 20" in "".join(tick_texts(below))


@given(st.one_of(restarts, waves), st.integers(1, 40_000))
def test_the_steps_drawn_rise_within_the_training_and_miss_no_peak_and_no_trough(schedule, total):
    steps = drawn_steps(schedule, total)
    assert steps[[0, -1]].tolist() == [0, total - 1]
    assert (np.diff(steps) > 0).all()
    assert len(steps) < 6_000
    ends = schedule.cycle_ends(total)
    if 0 < len(ends) <= MOST_CYCLES_DRAWN - 2:
        every, drawn = schedule(np.arange(ends[-1])), schedule(steps[steps < ends[-1]])
        assert (drawn.min(), drawn.max()) == (every.min(), every.max())


@given(st.integers(10, 30_000), st.floats(0.1, 1))
def test_the_peak_of_an_unfinished_cycle_is_missed_by_less_than_a_pixel(half_cycle, share):
    schedule, total = Triangular(0.1, 0.5, half_cycle), int(share * 2 * half_cycle)
    drawn = schedule(drawn_steps(schedule, total))
    assert drawn.max() == pytest.approx(schedule(np.arange(total)).max(), abs=0.4 / 300)


@given(st.integers(2, 7), st.integers(100_000, 300_000))
def test_cycles_narrower_than_a_pixel_are_a_band_from_bound_to_bound(half_cycle, total):
    schedule = Triangular(0.1, 0.5, half_cycle)
    steps = drawn_steps(schedule, total)
    for part in np.array_split(steps[:-1], 20):
        rates = schedule(part)
        assert rates.max() == 0.5
        assert rates.min() < 0.1 + 0.4 / half_cycle + 1e-12


@given(restarts, st.integers(1, 40_000))
def test_few_cycles_are_drawn_with_their_restarts(schedule, total):
    ends = schedule.cycle_ends(total)
    if len(ends) <= MOST_CYCLES_DRAWN - 2:
        corners = {0, *ends, *(end - 1 for end in ends)} - {total}
        assert corners <= set(drawn_steps(schedule, total).tolist())


@pytest.mark.parametrize(
    ("schedules", "error", "message"),
    [
        ([WAVE], TypeError, "list; give a dict"),
        ({"mine": 0.1}, TypeError, "mine is 0.1"),
        ({}, ValueError, "no schedules"),
        ({str(each): WAVE for each in range(9)}, ValueError, "9 schedules; allowed is 1 to 8"),
    ],
)
def test_what_is_not_one_to_eight_schedules_is_refused(schedules, error, message):
    with pytest.raises(error, match=message):
        plotting.plot_schedules(schedules, 100)


@pytest.mark.parametrize(
    ("total", "size", "error"),
    [(1, None, ValueError), (1.5, None, TypeError), (100, 0, ValueError), (100, 2.5, TypeError)],
)
def test_numbers_out_of_bounds_are_refused_by_figure_and_sentence(total, size, error):
    for function in (plotting.plot_schedules, describe.describe_schedules):
        with pytest.raises(error, match="total_steps is|steps_per_epoch is"):
            function({"wave": WAVE}, total, steps_per_epoch=size)
    for function in (plotting.plot_rate_and_momentum, describe.describe_rate_and_momentum):
        with pytest.raises(error, match="total_steps is|steps_per_epoch is"):
            function(WAVE, OppositeMomentum(WAVE), total, steps_per_epoch=size)


def test_momentum_that_is_no_schedule_is_refused():
    with pytest.raises(TypeError, match="momentum_schedule is 0.9"):
        plotting.plot_rate_and_momentum(WAVE, 0.9, 100)


def test_the_sentence_names_every_schedule_with_its_course():
    text = describe.describe_schedules(
        {"flat": Constant(0.25), "wave": WAVE, "fall": LinearRamp(0.5, 0.1, 800)},
        1_600,
        steps_per_epoch=500,
    )
    assert text == (
        "Line chart of the learning rate against 1,600 updates (3.2 epochs). "
        "flat: 0.25 throughout; "
        "wave: from 0.1, at most 0.5, 0.101 at the last update, 2 cycles; "
        "fall: from 0.5, at most 0.5, 0.1 at the last update."
    )


def test_a_peak_of_one_step_in_a_long_training_is_not_overlooked():
    spike = Pieces([(0.1, 333_333), (WarmRestarts(0.7, 2, min_rate=0.1), None)])
    assert "at most 0.7" in describe.describe_schedules({"spike": spike}, 333_336)


@pytest.mark.parametrize(
    ("schedule", "size", "epochs", "expected"),
    [
        (
            Triangular(0.001, 0.006, 2_000),
            500,
            24,
            "500 updates per epoch, 12,000 in 24 epochs: 3 cycles of 4,000 updates, a trough after "
            "every 8 epochs. Training ends at a trough.",
        ),
        (
            Triangular(0.001, 0.006, 2_000),
            500,
            3,
            "500 updates per epoch, 1,500 in 3 epochs: no whole cycle. "
            "Training stops in mid-cycle: train 8 epochs.",
        ),
        (
            WarmRestarts(0.1, 200, cycle_mult=2),
            40,
            30,
            "40 updates per epoch, 1,200 in 30 epochs: 2 cycles of 200 and 400 updates, troughs "
            "after epochs 5 and 15. Training stops in mid-cycle: train 15 or 35 epochs.",
        ),
        (
            WarmRestarts(0.1, 200, cycle_mult=1.5),
            40,
            30,
            "40 updates per epoch, 1,200 in 30 epochs: 3 cycles of 200, 300 and 450 updates, "
            "troughs after epochs 5, 12.5 and 23.75. Training stops in mid-cycle: start with a "
            "cycle of 480 updates (2 in all).",
        ),
        (
            WarmRestarts(0.1, 40, cycle_mult=1.5),
            40,
            2,
            "40 updates per epoch, 80 in 2 epochs: 1 cycle of 40 updates, a trough after epoch 1. "
            "Training stops in mid-cycle: train 1 epoch, or start with a cycle of 32 updates (2 in "
            "all).",
        ),
        (
            WarmRestarts(0.1, 1, cycle_mult=2),
            1,
            63,
            "1 update per epoch, 63 in 63 epochs: 6 cycles of 1, 2, 4, ... and 32 updates, troughs "
            "after epochs 1, 3, 7, ... and 63. Training ends at a trough.",
        ),
        (
            WarmRestarts(0.1, 40),
            40,
            3,
            "40 updates per epoch, 120 in 3 epochs: 3 cycles of 40 updates, a trough after every "
            "epoch. Training ends at a trough.",
        ),
        (
            OneCycle(0.1, 40),
            40,
            1,
            "40 updates per epoch, 40 in 1 epoch: 1 cycle of 40 updates, a trough after epoch 1. "
            "Training ends at a trough.",
        ),
        (
            Cosine(0.1, 40),
            40,
            2,
            "40 updates per epoch, 80 in 2 epochs: 1 cycle of 40 updates, a trough after epoch 1. "
            "Training goes on after the last cycle.",
        ),
        (Constant(0.1), 40, 2, "40 updates per epoch, 80 in 2 epochs, without cycles."),
        (
            with_warmup(WarmRestarts(0.1, 80), 40),
            40,
            4,
            "40 updates per epoch, 160 in 4 epochs: 1 cycle of 120 updates, a trough after epoch 3."
            " Training stops in mid-cycle: train 3 or 5 epochs.",
        ),
    ],
)
def test_the_arithmetic_of_cycles_in_words(schedule, size, epochs, expected):
    assert describe.describe_cycles(schedule, size, epochs) == expected


@pytest.mark.parametrize(("size", "epochs"), [(0, 1), (1, 0)])
def test_an_empty_training_is_refused(size, epochs):
    with pytest.raises(ValueError, match="is 0"):
        describe.describe_cycles(WAVE, size, epochs)


@given(
    st.integers(1, 60),
    st.sampled_from([1, 1.5, 2, 3]),
    st.integers(1, 50),
    st.integers(1, 60),
)
def test_what_a_sentence_advises_ends_training_at_a_trough(first, mult, size, epochs):
    schedule = WarmRestarts(0.1, first, cycle_mult=mult)
    text = describe.describe_cycles(schedule, size, epochs)
    assert text.endswith("ends at a trough.") == (
        size * epochs in schedule.cycle_ends(size * epochs)
    )
    for advice in re.findall(r"train ([\d or]+) epochs?", text):
        for better in map(int, advice.split(" or ")):
            assert better != epochs
            assert size * better in schedule.cycle_ends(size * better)
    for steps, cycles in re.findall(r"a cycle of ([\d,]+) updates? \((\d+) in all\)", text):
        other = WarmRestarts(0.1, int(steps.replace(",", "")), cycle_mult=mult)
        ends = other.cycle_ends(size * epochs)
        assert (len(ends), ends[-1]) == (int(cycles), size * epochs)
    assert ("mid-cycle" in text) == ("mid-cycle: " in text)
