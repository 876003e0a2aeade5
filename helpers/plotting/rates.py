"""Learning rates as figures, by update and by layer; and lines of any numbers."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm

from helpers.plotting.style import BESIDE, LOOKS, axes_for, described, looks, sparse

# More rings than this would hide the curve.
MOST_ENDS_MARKED = 20
# Read alike by color-blind eyes, and in print: a higher rate is lighter.
COLORS, STILL = colormaps["viridis"], "#DDDDDD"


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
        values, every = np.asarray(values, "float64"), max(1, len(values) // 8)
        ax.plot(places, values, label=name, markersize=5, markevery=every, **look)
        known = values[np.isfinite(values)]
        if len(known):
            ends.append(f"{name} from {known[0]:.3g} to {known[-1]:.3g}")
    scales = ["log" if axis in log else "linear" for axis in "xy"]
    ax.set(xlabel=x, ylabel=y, xscale=scales[0], yscale=scales[1])
    ax.set(ylim=ylim, xlim=ax.get_xlim())
    for letter in log:
        sparse(getattr(ax, f"{letter}axis"))
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
        cycles = f", {len(ends)} ends of cycles, the last at {ends[-1]:,}" if ends else ""
        highest = f"highest {rates.max():.3g} at update {steps[rates.argmax()]:,}"
        parts.append(f"{name} from {rates[0]:.3g}, {highest}, last {rates[-1]:.3g}{cycles}".strip())
    ax.set(xlabel="update", ylabel=y, xlim=(0, total_steps))
    ax.set_ylim(0, 1.06 * max(line.get_ydata().max() for line in ax.lines) or 1)
    ax.yaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    if steps_per_epoch:
        name_epochs(ax, steps_per_epoch)
    if len(schedules) > 1:
        ax.legend(**BESIDE)
    sentence = f"Line chart of the {y} over {total_steps:,} updates: {'; '.join(parts)}."
    return described(ax.figure, sentence)


def name_epochs(ax, steps_per_epoch):
    """Name about five whole epochs below an axis of updates."""
    end = ax.get_xlim()[1]
    every = steps_per_epoch * max(1, round(end / steps_per_epoch / 5))
    ticks = range(0, int(end) + 1, every)
    ax.set_xticks(ticks, [f"{tick:,}\nepoch {tick // steps_per_epoch}" for tick in ticks])


def drawn_steps(cycle_ends, total_steps):
    """Return steps through which a line cuts off no peak and no trough, rising from 0.

    Example:
        >>> drawn_steps([4], total_steps=5).tolist()
        [0, 1, 2, 3, 4]
    """
    edges = np.unique([0, *cycle_ends, total_steps])
    # An odd number of points has the middle of each cycle among them.
    points = max(5, 1500 // len(edges) // 2 * 2 + 1)
    even = np.linspace(edges[:-1], edges[1:], points).round().astype("int64").ravel()
    return np.unique(np.minimum([*even, *(edges[1:] - 1)], total_steps - 1))


def plot_layer_rates(table, *, limits=None, ax=None):
    """Draw a network as a stack of blocks, input at the top, each colored by its learning rate.

    Args:
        table: What `LayerGroups.table(optimizer)` returned: one row a block, with `group`,
            `layers`, `parameters` and `learning_rate`; where it has `trained`, a block with 0 is
            drawn as frozen.
        limits: Lowest and highest rate of the colors, both > 0; None takes those of the table.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure. Colors are logarithmic, and each block has its rate written in it.
    """
    ax, words = axes_for(ax, height=0.7 + 0.36 * len(table)), []
    positive = [rate for rate in table["learning_rate"] if rate > 0] or [1.0]
    norm = LogNorm(*(limits or (min(positive) / 3, max(positive) * 3)), clip=True)
    _write(ax, -0.6, ("group and layers", "learning rate", "parameters"), ["#555555"] * 3)
    for place, row in enumerate(table.to_dict("records")):
        frozen, learning_rate = row.get("trained", 1) == 0, row["learning_rate"]
        still = frozen or learning_rate == 0
        color, hatch = (STILL, "//") if still else (COLORS(norm(learning_rate)), None)
        ax.barh(place, 1, 0.86, color=color, hatch=hatch, edgecolor="white")
        rate = "frozen" if frozen else f"{learning_rate:.3g}"
        # On the darker half of the colors white stands out more.
        ink = "black" if still or norm(learning_rate) > 0.5 else "white"
        cells = f"{row['group']}   {row['layers']:.44}", rate, f"{row['parameters']:,}"
        _write(ax, place, cells, [ink, ink, "black"])
        words.append(f"{row['layers']} {rate}")
    ax.set(xlim=(0, 1.26), ylim=(len(table) - 0.5, -1.0))
    ax.set_axis_off()
    groups = f"{len(table)} blocks in {table['group'].nunique()} groups"
    sentence = f"Network of {groups}, input first, colored by learning rate: {'; '.join(words)}."
    return described(ax.figure, sentence)


def _write(ax, place, cells, inks):
    """Write the row of one block: what stands at its left, at its right, and beside it."""
    for x, side, cell, ink in zip((0.015, 0.985, 1.25), ("left", "right", "right"), cells, inks):
        ax.text(x, place, cell, ha=side, va="center", color=ink)
