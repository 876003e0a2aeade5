"""Learning rates as figures, by update and by layer; and lines of any numbers."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm
from matplotlib.ticker import MaxNLocator

from helpers.plotting.style import BESIDE, LOOKS, axes_for, described, looks

# More rings than this would hide the curve.
MOST_ENDS_MARKED = 20
MOST_POINTS = 1500
# Of so many cycles whole ones are left out, or peaks would be cut off.
MOST_CYCLES = 300
# Read alike by color-blind eyes, and in print: a higher rate is lighter.
COLORS, STILL = colormaps["viridis"], "#DDDDDD"
MOST_LETTERS = 44


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
    ax.set_ylim(ylim, auto=ylim is None)
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
        highest = f"highest {rates.max():.3g} at update {steps[rates.argmax()]:,}"
        words = f"{name} from {rates[0]:.3g}, {highest}, last {rates[-1]:.3g}{cycles}"
        parts.append(words.strip())
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
    positive = table["learning_rate"][table["learning_rate"] > 0]
    if limits is None:
        limits = (positive.min() / 3, positive.max() * 3) if len(positive) else (0.1, 1)
    norm = LogNorm(*limits, clip=True)
    titles = {"va": "center", "color": "#555555"}
    _write(ax, -0.6, "group and layers", "learning rate", "parameters", titles, titles)
    for place, row in enumerate(table.to_dict("records")):
        frozen, learning_rate = row.get("trained", 1) == 0, row["learning_rate"]
        still = frozen or learning_rate == 0
        color, hatch = (STILL, "//") if still else (COLORS(norm(learning_rate)), None)
        ax.barh(place, 1, 0.86, color=color, hatch=hatch, edgecolor="white")
        rate, name = "frozen" if frozen else f"{learning_rate:.3g}", str(row["layers"])
        name = name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 3]}..."
        # On the darker half of the colors white stands out more.
        ink = "black" if still or norm(learning_rate) > 0.5 else "white"
        name, parameters = f"{row['group']}   {name}", f"{row['parameters']:,}"
        inside = {"va": "center", "color": ink}
        _write(ax, place, name, rate, parameters, inside, {"va": "center"})
        words.append(f"{row['layers']} {rate}")
    ax.set(xlim=(0, 1.21), ylim=(len(table) - 0.5, -1.0))
    ax.set_axis_off()
    groups = f"{len(table)} blocks in {table['group'].nunique()} groups"
    sentence = f"Network of {groups}, input first, colored by learning rate: {'; '.join(words)}."
    return described(ax.figure, sentence)


def _write(ax, place, name, rate, parameters, inside, beside):
    """Write the row of one block."""
    ax.text(0.015, place, name, **inside)
    ax.text(0.985, place, rate, ha="right", **inside)
    ax.text(1.2, place, parameters, ha="right", **beside)
