"""Layer groups as figures: the network as blocks colored by rate, and how far each group moved."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import LogNorm

from helpers.plotting.style import BESIDE, axes_for, described, looks

# Read alike by color-blind eyes, and in print: a higher rate is lighter.
COLORS = colormaps["viridis"]
STILL = "#DDDDDD"
MOST_LETTERS = 44


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
    rates = table["learning_rate"]
    if limits is None:
        positive = rates[rates > 0] if (rates > 0).any() else pd.Series([1.0])
        limits = positive.min() / 3, positive.max() * 3
    norm, words = LogNorm(*limits, clip=True), []
    ax = axes_for(ax, height=0.7 + 0.36 * len(table))
    for place, row in enumerate(table.to_dict("records")):
        frozen = row.get("trained", 1) == 0
        still = frozen or row["learning_rate"] == 0
        color = STILL if still else COLORS(norm(row["learning_rate"]))
        hatch = "//" if still else None
        ax.barh(place, 1, 0.86, color=color, hatch=hatch, edgecolor="white")
        rate = "frozen" if frozen else f"{row['learning_rate']:.3g}"
        # On the darker half of the colors white stands out more.
        ink = "black" if still or norm(row["learning_rate"]) > 0.5 else "white"
        name = str(row["layers"])
        name = name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 3]}..."
        ax.text(0.015, place, f"{row['group']}   {name}", color=ink, va="center")
        ax.text(0.985, place, rate, color=ink, va="center", ha="right")
        ax.text(1.2, place, f"{row['parameters']:,}", va="center", ha="right")
        words.append(f"{row['layers']} {rate}")
    ax.text(0.015, -0.6, "group and layers", color="#555555")
    ax.text(0.985, -0.6, "learning rate", ha="right", color="#555555")
    ax.text(1.2, -0.6, "parameters", ha="right", color="#555555")
    ax.set(xlim=(0, 1.21), ylim=(len(table) - 0.5, -1.0))
    ax.set_axis_off()
    return described(
        ax.figure,
        f"Network of {len(table)} blocks in {table['group'].nunique()} groups, input first, "
        f"colored by learning rate: {'; '.join(words)}.",
    )


def plot_movement(movements, *, names=None, ax=None):
    """Draw how far training moved each group, relative to its size, for several treatments.

    Args:
        movements: Dict of a treatment's name to what `layerwise.movement` returned, or to a list
            of such frames, one for each seed.
        names: What to call each group, the one nearest to the input first; None numbers them.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure: a row for each group, input at the top, and a marker for each treatment on a log
        axis, at the median of the seeds, with their range. What did not move at all stands at the
        left edge, marked "0".
    """
    several = {
        name: pd.DataFrame(
            [one["movement"] for one in (frames if isinstance(frames, list) else [frames])]
        )
        for name, frames in movements.items()
    }
    groups = next(iter(several.values())).columns.size
    known = pd.concat(several.values()).replace([0, np.inf], np.nan)
    low, high = np.nanmin(known.to_numpy()) / 2.5, np.nanmax(known.to_numpy()) * 2
    ax, words = axes_for(ax, width=8.5, height=1.0 + 0.5 * groups), []
    shifts = np.linspace(-0.25, 0.25, len(several)) if len(several) > 1 else [0]
    for shift, look, (name, frame) in zip(shifts, looks(several), several.items()):
        heights = np.arange(groups) + shift
        middle = frame.median()
        ends = frame.min().clip(low, high), frame.max().clip(low, high)
        ax.hlines(heights, *ends, color=look["color"], lw=3, alpha=0.5)
        ax.plot(middle.clip(low, high), heights, label=name, lw=1, clip_on=False, **look)
        for height in heights[middle.to_numpy() == 0]:
            ax.annotate("0", (low, height), (7, 0), textcoords="offset points", va="center")
        words.append(f"{name} {', '.join(f'{value:.2g}' for value in middle)}")
    ax.set_xscale("log")
    ax.set(xlim=(low, high), ylim=(groups - 0.5, -0.5))
    ax.set_yticks(range(groups), names or [f"group {group}" for group in range(groups)])
    ax.set_xlabel("movement: change of the weights / their size (log scale)")
    ax.legend(**BESIDE)
    sentence = f"Movement of {groups} groups, input first, on a log axis: {'; '.join(words)}."
    return described(ax.figure, sentence)
