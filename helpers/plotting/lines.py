"""Lines of numbers, and schedules: the learning rate at each update."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers.plotting.style import BESIDE, LOOKS, axes_for, described, looks

# More rings than this would hide the curve.
MOST_ENDS_MARKED = 20
MOST_POINTS = 1500
# Of so many cycles whole ones are left out, or peaks would be cut off.
MOST_CYCLES = 300


def plot_lines(lines, x, y, *, log="", ylim=None, ax=None):
    """Draw some lines, each with its own color, dashes and marker.

    Args:
        lines: Dict of a line's name to its values, or to a pair of arrays `(x, y)`; at most eight.
        x: What the horizontal axis shows, with its unit.
        y: What the vertical axis shows.
        log: `"x"`, `"y"` or `"xy"` for logarithmic axes.
        ylim: `(lowest, highest)` of the vertical axis; None fits it to the data.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure.
    """
    ax, ends = axes_for(ax), []
    for look, (name, values) in zip(looks(map(str, lines)), lines.items()):
        places, values = values if isinstance(values, tuple) else (range(len(values)), values)
        places, values = np.asarray(places), np.asarray(values, "float64")
        ax.plot(
            places, values, label=name, markersize=5, markevery=max(1, len(places) // 8), **look
        )
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            ends.append(f"{name} from {values[known[0]]:.3g} to {values[known[-1]]:.3g}")
    ax.set(xlabel=x, ylabel=y, ylim=ylim)
    ax.set_xscale("log" if "x" in log else "linear")
    ax.set_yscale("log" if "y" in log else "linear")
    if len(lines) > 1:
        ax.legend(**BESIDE)
    return described(ax.figure, f"Line chart of {y} against {x}: {'; '.join(ends)}.")


def plot_schedules(schedules, total_steps, *, steps_per_epoch=None, y="learning rate", ax=None):
    """Draw schedules against updates, each with a ring on the last update of its cycles.

    Args:
        schedules: A `Schedule`, or a dict of name to schedule, at most eight; any function from an
            array of steps to rates will do.
        total_steps: Updates of the training, >= 1.
        steps_per_epoch: Names whole epochs below the axis; None names none.
        y: What the vertical axis shows, such as `"momentum"`.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure.
    """
    schedules = schedules if isinstance(schedules, dict) else {"": schedules}
    ax, parts = axes_for(ax), []
    for look, (name, schedule) in zip(looks(map(str, schedules)), schedules.items()):
        ends = getattr(schedule, "cycle_ends", lambda _: [])(total_steps)
        steps = drawn_steps(ends, total_steps)
        rates = np.asarray(schedule(steps), "float64")
        look = look if len(schedules) > 1 else LOOKS["rate"]
        ax.plot(steps, rates, label=name, markersize=5, markevery=0.12, **look)
        if 0 < len(ends) <= MOST_ENDS_MARKED:
            last = np.array(ends) - 1
            ring = {"marker": "o", "mfc": "white", "mec": look["color"], "ls": "none", "ms": 7}
            ax.plot(last, schedule(last), clip_on=False, zorder=3, **ring)
        cycles = f", ends of cycles at {_listed(ends)}" if ends else ""
        parts.append(
            f"{name} ".lstrip() + f"from {rates[0]:.3g}, highest {rates.max():.3g} at update "
            f"{steps[rates.argmax()]:,}, last {rates[-1]:.3g}{cycles}"
        )
    ax.set(xlabel="update", ylabel=y, xlim=(0, total_steps))
    ax.set_ylim(0, 1.06 * max(line.get_ydata().max() for line in ax.lines) or 1)
    ax.yaxis.set_major_formatter("{x:g}")
    _name_epochs(ax, total_steps, steps_per_epoch)
    if len(schedules) > 1:
        ax.legend(**BESIDE)
    sentence = f"Line chart of the {y} over {total_steps:,} updates: {'; '.join(parts)}."
    return described(ax.figure, sentence)


def drawn_steps(cycle_ends, total_steps):
    """Return steps through which a line cuts off no peak and no trough, rising from 0.

    Example:
        >>> drawn_steps([4], total_steps=5).tolist()
        [0, 1, 2, 3, 4]
    """
    edges = np.unique([0, *cycle_ends, total_steps])
    some = slice(None, None, -(-len(edges) // MOST_CYCLES))
    starts, stops = edges[:-1][some], edges[1:][some]
    # An odd number of points has the middle of each cycle among them.
    points = max(5, MOST_POINTS // len(starts) // 2 * 2 + 1)
    even = np.linspace(starts, stops, points).round().astype("int64").ravel()
    return np.unique(np.minimum([*even, *(stops - 1), total_steps], total_steps - 1))


def _name_epochs(ax, total_steps, steps_per_epoch):
    locator = MaxNLocator(6, steps=[1, 2, 5, 10], integer=True)
    if steps_per_epoch and steps_per_epoch <= total_steps:
        epochs = locator.tick_values(0, total_steps / steps_per_epoch).astype("int64")
        epochs = epochs[epochs * steps_per_epoch <= total_steps]
        ticks = [f"{epoch * steps_per_epoch:,}\nepoch {epoch}" for epoch in epochs]
        ax.set_xticks(epochs * steps_per_epoch, ticks)
    else:
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter("{x:,.0f}")


def _listed(ends, most=4):
    words = [f"{end:,}" for end in ends]
    return ", ".join(words if len(words) <= most else [*words[:2], "...", words[-1]])
