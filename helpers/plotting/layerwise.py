"""Figures of layer groups: the network as blocks colored by rate, and how far each group moved."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle

from helpers.plotting.style import (
    FONT_SIZE,
    PALETTE,
    SERIES,
    figure_and_axes,
    label_axes,
    new_figure,
)
from helpers.results.layerwise import movement_spread

# Read alike by color-blind eyes, and in print: a higher rate is lighter.
COLORS = colormaps["viridis"]
STILL = "#DDDDDD"
# Shares of the width: number of the group, block, parameters.
BLOCK_LEFT, BLOCK_RIGHT = 0.09, 0.78
# How wide a letter of most names is; the rate beside the name has up to eight.
LETTER_INCHES, RATE_LETTERS = 0.085, 10
# How far apart treatments of one group are drawn, as a share of the row, all together.
SPREAD = 0.5


def plot_layer_rates(table, *, limits=None, ax=None):
    """Draw a network as a stack of blocks, input at the top, each colored by its learning rate.

    Args:
        table: What `LayerGroups.table(optimizer)` returned: one row a block, with `group`,
            `layers`, `parameters` and `learning_rate`; where it has `trained`, a block with 0 is
            drawn as frozen. Rows that follow one another may be of one group.
        limits: Lowest and highest rate of the colors, both > 0; None takes those of the table.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure. Colors are logarithmic, and each block has its rate written in it.

    Raises:
        ValueError: If the table lacks a column or has no row, or the limits are no two rates.
    """
    _check_table(table)
    norm = _color_norm(table["learning_rate"], limits)
    if ax is None:
        ax = _filling_axes(height=0.45 + 0.36 * len(table))
    for place, row in enumerate(table.to_dict("records")):
        _draw_block(ax, place, row, norm)
    _draw_group_numbers(ax, list(table["group"]))
    _draw_header(ax)
    set_rows(ax, len(table))
    ax.set_xlim(0, 1)
    ax.set_axis_off()
    return ax.get_figure()


def plot_movement(movements, *, names=None, labels=None, ax=None):
    """Draw how far training moved each group, relative to its size, for several treatments.

    Args:
        movements: As for `results.movement_spread`: dict of a treatment's name to what
            `layerwise.movement` returned, or to a list of such frames, one for each seed.
        names: What to call each group, the one nearest to the input first; None numbers them.
        labels: Treatments to draw; None draws all.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure: a row for each group, input at the top, and a marker for each
        treatment on a log axis, at the median of the seeds, with their range. What did not move at
        all stands at the left edge, marked "0"; what moved without bound at the right edge.

    Raises:
        TypeError: As for `results.movement_spread`.
        ValueError: As for `results.movement_spread`, or if there is not one name for each group, a
            label is not known, or more treatments are to be drawn than there are looks.
    """
    spread = movement_spread(movements)
    groups = int(spread["group"].max()) + 1
    names = [f"group {group}" for group in range(groups)] if names is None else list(names)
    if len(names) != groups:
        raise ValueError(f"names has {len(names)} entries for {groups} groups; give {groups}.")
    labels = _checked_labels(labels, movements)
    spread = spread[spread["treatment"].isin(labels)]
    figure, ax = figure_and_axes(ax, width=8.5, height=1.0 + 0.55 * groups)
    low, high = _movement_limits(spread)
    shifts = np.linspace(-SPREAD / 2, SPREAD / 2, len(labels)) if len(labels) > 1 else [0]
    for shift, (name, rows) in zip(shifts, spread.groupby("treatment", sort=False)):
        look = SERIES[list(movements).index(name) % len(SERIES)] | {"label": name}
        _draw_treatment(ax, rows, shift, look, (low, high))
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    set_rows(ax, groups)
    ax.set_yticks(range(groups), names)
    label_axes(ax, "movement: change of the weights / their size (log scale)", "")
    beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    ax.legend(fontsize=FONT_SIZE, frameon=False, handlelength=3.5, **beside)
    return figure


def set_rows(ax, count):
    """Give axes so many rows, the first at the top, as both figures here have them."""
    ax.set_ylim(count - 0.5, -0.5)


def _filling_axes(height):
    """Return axes of a new figure, which they fill but for the header at the top."""
    figure, ax = new_figure(height=height)
    figure.set_layout_engine(None)
    ax.set_position((0.01, 0.05 / height, 0.98, 1 - 0.4 / height))
    return ax


def _check_table(table):
    wanted = {"group", "layers", "parameters", "learning_rate"}
    missing = wanted - set(getattr(table, "columns", ()))
    if missing or not len(table):
        raise ValueError(
            f"The table lacks {sorted(missing) or 'rows'}; give what groups.table(optimizer) "
            "returns."
        )


def _color_norm(rates, limits):
    """Return how rates become colors; those of the table span two powers of ten or more."""
    if limits is None:
        positive = [rate for rate in rates if rate > 0] or [1.0]
        middle = (min(positive) * max(positive)) ** 0.5
        limits = min(*positive, middle / 10), max(*positive, middle * 10)
    low, high = limits
    if not 0 < low < high:
        raise ValueError(f"limits are {limits}; allowed are two rates, 0 < lowest < highest.")
    return LogNorm(low, high, clip=True)


def _draw_block(ax, place, row, norm):
    """Draw one block with its layers and rate in it, and its parameters beside it."""
    frozen = row.get("trained", 1) == 0
    still = frozen or row["learning_rate"] == 0
    color = STILL if still else COLORS(norm(row["learning_rate"]))
    look = {"facecolor": color, "edgecolor": "white", "hatch": "//" if still else None}
    size = (BLOCK_RIGHT - BLOCK_LEFT, 0.86)
    ax.add_patch(Rectangle((BLOCK_LEFT, place - size[1] / 2), *size, **look))
    rate = "frozen" if frozen else f"{row['learning_rate']:.3g}"
    inches = ax.get_window_extent().width / ax.get_figure().dpi * size[0]
    name = _shortened(row["layers"], int(inches / LETTER_INCHES) - RATE_LETTERS)
    words = {"color": _readable_on(color), "va": "center", "fontsize": FONT_SIZE}
    ax.text(BLOCK_LEFT + 0.015, place, name, **words)
    ax.text(BLOCK_RIGHT - 0.015, place, rate, ha="right", **words)
    ax.text(1, place, f"{row['parameters']:,}", ha="right", va="center", fontsize=FONT_SIZE)


def _draw_group_numbers(ax, groups):
    """Write each group's number once, at the middle of its blocks, with a line along them."""
    for group in dict.fromkeys(groups):
        first = groups.index(group)
        last = len(groups) - 1 - groups[::-1].index(group)
        line = {"color": PALETTE["black"], "lw": 1.2, "solid_capstyle": "butt"}
        ax.plot([BLOCK_LEFT - 0.015] * 2, [first - 0.4, last + 0.4], **line)
        words = {"ha": "right", "va": "center", "fontsize": FONT_SIZE}
        ax.text(BLOCK_LEFT - 0.03, (first + last) / 2, str(group), **words)


def _draw_header(ax):
    words = {"va": "bottom", "fontsize": FONT_SIZE, "color": "#555555"}
    ax.text(BLOCK_LEFT - 0.03, -0.6, "group", ha="right", **words)
    ax.text(BLOCK_LEFT + 0.015, -0.6, "layers", **words)
    ax.text(BLOCK_RIGHT - 0.015, -0.6, "rate", ha="right", **words)
    ax.text(1, -0.6, "parameters", ha="right", **words)


def _shortened(name, letters):
    """Return a name that fits, its end left out where it is too long."""
    return name if len(name) <= letters else f"{name[: max(letters, 4) - 3].rstrip(' .')}..."


def _readable_on(color):
    """Return black or white, whichever stands out more from a color."""
    if color == STILL:
        return PALETTE["black"]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color
    ]
    luminance = np.dot(linear[:3], (0.2126, 0.7152, 0.0722))
    # Where both have the same contrast, as WCAG 2 defines it.
    return PALETTE["black"] if luminance > 0.179 else "white"


def _movement_limits(spread):
    """Return the ends of the log axis, a little beyond what moved at all; two decades or more."""
    ends = spread[["lowest", "highest"]].to_numpy()
    moved = ends[np.isfinite(ends) & (ends > 0)]
    if not moved.size:
        return 1e-3, 1.0
    high = 2 * moved.max()
    return min(moved.min() / 2.5, high / 100), high


def _checked_labels(labels, movements):
    labels = list(movements if labels is None else labels)
    unknown = [label for label in labels if label not in movements]
    if unknown or not 1 <= len(labels) <= len(SERIES):
        raise ValueError(
            f"labels are {labels}; allowed are one to {len(SERIES)} of {list(movements)}."
        )
    return labels


def _draw_treatment(ax, rows, shift, look, limits):
    """Draw a treatment's medians, joined by a thin line, and the range of its seeds."""
    known = rows.dropna()
    heights = known["group"] + shift
    low, middle, high = (known[name].clip(*limits) for name in ("lowest", "median", "highest"))
    ax.hlines(heights, low, high, color=look["color"], lw=3, alpha=0.5)
    ax.plot(middle, heights, lw=1, markersize=7, clip_on=False, zorder=3, **look)
    for height, value in zip(heights, known["median"]):
        if value == 0 or np.isinf(value):
            words, side = ("0", "left") if value == 0 else ("∞", "right")
            place = limits[0] if value == 0 else limits[1]
            ax.annotate(
                words,
                (place, height),
                xytext=(7 if value == 0 else -7, 0),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=FONT_SIZE,
            )
