"""Figures of trials that hop among basins: where they end, and in what shares."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers.plotting.style import FONT_SIZE, PALETTE, SERIES, figure_and_axes, label_axes

BINS = 90
# The histogram hangs below the curve: its room, and its highest bar, in heights of the curve.
ROOM, TALLEST = 0.75, 0.5
DEEPEST, OTHERS = PALETTE["blue"], PALETTE["orange"]
BELOW = {"ha": "center", "va": "top", "fontsize": FONT_SIZE, "textcoords": "offset points"}


def plot_hops(hops, *, ax=None):
    """Draw the basins, and below them a histogram of where the trials ended.

    Bars in the deepest basin are blue, the others orange; the share of trials in each basin stands
    beneath it. A trial that ended outside the view counts for the outermost basin and has no bar. A
    square marks where all trials began, if they began at one place.

    Args:
        hops: A `Hops`.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure.
    """
    figure, ax = figure_and_axes(ax, height=3.6)
    landscape = hops.landscape
    low, high = landscape.view[0]
    x = np.linspace(low, high, 300)
    losses = landscape.loss(x[:, None])
    height = losses.max()
    ax.plot(x, losses, color=PALETTE["grey"], linewidth=2)
    if hops.start is not None:
        _mark_start(ax, hops.start, landscape.loss(hops.start))
    _draw_histogram(ax, hops, -ROOM * height, TALLEST * height)
    ax.set_xlim(low, high)
    ax.set_ylim(-1.0 * height, 1.05 * height)
    ticks = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(0, height)
    ax.set_yticks([tick for tick in ticks if 0 <= tick <= height])
    ax.locator_params("x", nbins=5)
    label_axes(ax, "x", "loss")
    return figure


def plot_hop_shares(series, *, ax=None):
    """Draw which share of the trials each schedule leaves in the deepest basin.

    A dot with its 95 % interval says where training ended; an open diamond, where a schedule has
    several checkpoints, says where the one with the lowest loss was.

    Args:
        series: Dict of the schedule's name to its `Hops`.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure.

    Raises:
        ValueError: If `series` is empty.
    """
    if not series:
        raise ValueError("series is empty; give one schedule or more, as hop returns them.")
    figure, ax = figure_and_axes(ax, height=1.6 + 0.45 * len(series))
    heights = np.arange(len(series))[::-1]
    last = [hops.share() for hops in series.values()]
    _draw_shares(ax, heights, last, {**SERIES[0], "label": "where training ends"})
    several = np.array([len(hops.updates) > 1 for hops in series.values()])
    if several.any():
        best = [hops.share("best") for hops in series.values() if len(hops.updates) > 1]
        look = {**SERIES[1], "marker": "D", "markerfacecolor": "white"}
        _draw_shares(ax, heights[several], best, {**look, "label": "best of its checkpoints"})
    ax.set_yticks(heights, list(series))
    ax.set_ylim(-0.6, len(series) - 0.4)
    ax.set_xlim(-2, 102)
    ax.grid(False, axis="y")
    label_axes(ax, "trials in the deepest basin, %, 95 % interval", "")
    ax.legend(fontsize=FONT_SIZE, frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0))
    return figure


def _mark_start(ax, x, loss):
    ax.plot(x, loss, "s", color=PALETTE["black"], markersize=7)
    ax.annotate("start", (x, loss), (0, -7), **BELOW)


def _draw_histogram(ax, hops, bottom, tallest):
    """Hang a histogram of the last positions below the curve, with the share of each basin."""
    landscape = hops.landscape
    low, high = landscape.view[0]
    counts, edges = np.histogram(hops.positions[-1], BINS, (low, high))
    middles = (edges[1:] + edges[:-1]) / 2
    deepest = landscape.basin(middles[:, None]) == landscape.deepest
    for chosen, color in ((deepest, DEEPEST), (~deepest, OTHERS)):
        bars = bottom + tallest * np.where(chosen, counts, 0) / max(counts.max(), 1)
        ax.stairs(bars, edges, baseline=bottom, fill=True, color=color)
    ax.axhline(bottom, color=PALETTE["black"], linewidth=0.8)
    shares = np.bincount(hops.basins[-1], minlength=len(landscape.bottoms)) / hops.trials
    for place, share in zip(landscape.bottoms, shares):
        ax.annotate(f"{100 * share:.0f} %", (place, bottom), (0, -3), **BELOW)


def _draw_shares(ax, heights, shares, look):
    """Draw a mark for each share, and a line along its interval."""
    values, low, high = (
        100 * np.array([getattr(share, end) for share in shares])
        for end in ("value", "low", "high")
    )
    ax.errorbar(
        values,
        heights,
        xerr=np.array([values - low, high - values]),
        color=look["color"],
        marker=look["marker"],
        markerfacecolor=look.get("markerfacecolor", look["color"]),
        markersize=7,
        linestyle="none",
        elinewidth=2,
        label=look["label"],
    )
