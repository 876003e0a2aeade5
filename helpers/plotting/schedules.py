"""Figures of schedules: the rate against the update, and momentum below it."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers.plotting.style import (
    FONT_SIZE,
    LOOKS,
    PALETTE,
    SERIES,
    figure_and_axes,
    label_axes,
    new_figure,
)
from helpers.schedules import Schedule, checked_count

# More points than pixels: a line through so many steps is the curve.
MOST_POINTS = 1_500
# Beyond these numbers cycles are a band, and rings would cover it.
MOST_CYCLES_DRAWN = 500
MOST_ENDS_MARKED = 40
MARKERS = 8
ROUND = [1, 2, 2.5, 4, 5, 10]
# Rates such as 0.00025 need more room than the others.
SHORT = [1, 2, 5, 10]
MOMENTUM = {"color": PALETTE["green"], "linestyle": "-."}
RING = {"marker": "o", "markersize": 6, "markerfacecolor": "white", "linestyle": "none"}


def plot_schedules(schedules, total_steps, *, steps_per_epoch=None, mark_cycle_ends=True, ax=None):
    """Draw the learning rate of some schedules against the update.

    Args:
        schedules: Dict of name to `Schedule`, one to eight. Several are named in a legend at the
            right of the axes.
        total_steps: Updates to draw, >= 2.
        steps_per_epoch: Updates of one pass, >= 1: the ticks then stand at whole epochs and name
            both. None names updates only.
        mark_cycle_ends: Put a ring on the last update of each cycle, where there are 40 or fewer.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure.

    Raises:
        TypeError: If `schedules` is not a dict of schedules, or a number is no whole number.
        ValueError: If there is no schedule or there are more than eight, or a number is out of
            bounds.
    """
    _check_schedules(schedules)
    total = checked_count(total_steps, "total_steps", least=2)
    figure, ax = figure_and_axes(ax, width=7.0 if len(schedules) == 1 else 8.5)
    looks = SERIES if len(schedules) > 1 else [LOOKS["rate"]]
    for (name, schedule), look in zip(schedules.items(), looks):
        _draw(ax, schedule, total, look, mark_cycle_ends, label=name)
    ax.set_ylim(0, 1.06 * ax.dataLim.y1 or 1)
    _update_axis(ax, total, steps_per_epoch)
    label_axes(ax, "update", "learning rate")
    if len(schedules) > 1:
        ax.legend(
            fontsize=FONT_SIZE,
            frameon=False,
            handlelength=3.5,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
        )
    return figure


def plot_rate_and_momentum(schedule, momentum_schedule, total_steps, *, steps_per_epoch=None):
    """Draw a learning rate, and below it the momentum that goes with it.

    Args:
        schedule: The learning rate's `Schedule`.
        momentum_schedule: The momentum's, such as `OppositeMomentum(schedule)`.
        total_steps: As for `plot_schedules`.
        steps_per_epoch: As for `plot_schedules`.

    Returns:
        The matplotlib figure.

    Raises:
        TypeError: As for `plot_schedules`.
        ValueError: As for `plot_schedules`.
    """
    _check_schedules({"schedule": schedule, "momentum_schedule": momentum_schedule})
    figure, (above, below) = new_figure(height=4.2, rows=2, sharex=True)
    plot_schedules({"rate": schedule}, total_steps, steps_per_epoch=steps_per_epoch, ax=above)
    above.set_xlabel("")
    _draw(below, momentum_schedule, total_steps, MOMENTUM, mark_ends=True)
    below.margins(y=0.08)
    below.yaxis.set_major_locator(MaxNLocator(5, steps=SHORT))
    label_axes(below, "update", "momentum")
    return figure


def drawn_steps(schedule, total_steps):
    """Return the steps through which the line of a schedule is drawn.

    They are evenly spaced in each cycle, with its first, middle and last step among them: of whole
    cycles no peak and no trough is cut off, and no pattern appears that the schedule does not have.
    Where there are more than 500 cycles, some are left out as a whole.

    Args:
        schedule: A `Schedule`.
        total_steps: Updates of the training, >= 1.

    Returns:
        int64 array, rising, from 0 to `total_steps - 1`.

    Example:
        >>> from helpers.schedules import Triangular
        >>> drawn_steps(Triangular(0.1, 0.5, half_cycle_steps=4), total_steps=5).tolist()
        [0, 1, 2, 3, 4]
    """
    edges = np.unique([0, *schedule.cycle_ends(total_steps), total_steps])
    # Of too many cycles whole ones are left out, not steps of each.
    some = slice(None, None, -(-len(edges) // MOST_CYCLES_DRAWN))
    starts, stops = edges[:-1][some], edges[1:][some]
    # An odd number of points, at least five, has the middle of each cycle among them.
    points = max(5, MOST_POINTS // len(starts) // 2 * 2 + 1)
    even = np.linspace(starts, stops, points).round().astype("int64")
    return np.unique(np.minimum([*even.ravel(), *(stops - 1), total_steps], total_steps - 1))


def _check_schedules(schedules):
    if not isinstance(schedules, dict):
        raise TypeError(
            f"schedules is of type {type(schedules).__name__}; give a dict of name to schedule, "
            "such as {'constant': Constant(0.01)}."
        )
    for name, schedule in schedules.items():
        if not isinstance(schedule, Schedule):
            raise TypeError(
                f"{name} is {schedule!r}; give a schedule of helpers.schedules, such as "
                "Constant(0.01)."
            )
    if not 1 <= len(schedules) <= len(SERIES):
        raise ValueError(
            f"There are {len(schedules) or 'no'} schedules; allowed is 1 to {len(SERIES)}; "
            "draw more in two figures."
        )


def _draw(ax, schedule, total_steps, look, mark_ends, label=None):
    """Draw the line of a schedule, and a ring on the last update of each cycle."""
    steps = drawn_steps(schedule, total_steps)
    rates = schedule(steps)
    spots = np.searchsorted(steps, np.linspace(0, total_steps, MARKERS + 2)[1:-1])
    ax.plot(steps, rates, markevery=spots, markersize=5, label=label, **look)
    ends = schedule.cycle_ends(total_steps) if mark_ends else []
    if 0 < len(ends) <= MOST_ENDS_MARKED:
        last = np.array(ends) - 1
        ax.plot(last, schedule(last), markeredgecolor=look["color"], **RING, clip_on=False)


def _update_axis(ax, total_steps, steps_per_epoch):
    """Let the axis count updates, and name epochs where at least one is whole."""
    ax.set_xlim(0, total_steps)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=SHORT))
    ax.yaxis.set_major_formatter("{x:g}")
    locator = MaxNLocator(6, steps=ROUND, integer=True)
    if steps_per_epoch is not None:
        size = checked_count(steps_per_epoch, "steps_per_epoch")
        if size <= total_steps:
            epochs = locator.tick_values(0, total_steps / size)
            epochs = epochs[epochs * size <= total_steps].astype("int64")
            ax.set_xticks(epochs * size, [f"{epoch * size:,}\nepoch {epoch}" for epoch in epochs])
            return
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter("{x:,.0f}")
