"""Walks on a loss landscape as figures: one descent, and many noisy trials."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers.plotting.style import LOOKS, PALETTE, SERIES, axes_for, described

PATH = {**LOOKS["rate"], "linewidth": 1.2, "marker": "o", "markersize": 4}
START = {"color": PALETTE["black"], "marker": "s", "markersize": 7, "linestyle": "none"}
END = {"color": PALETTE["vermillion"], "marker": "D", "markersize": 7, "linestyle": "none"}
LOST = {"color": PALETTE["black"], "marker": "X", "markersize": 9, "linestyle": "none"}
# Losses below this are rounding errors of a walk that has arrived.
LOWEST_DRAWN = 1e-6
# The histogram hangs below the curve: its room, and its highest bar, in heights of the curve.
ROOM, TALLEST, BINS = 0.75, 0.5, 90


def plot_descent(descent, *, ax=None):
    """Draw a walk on its landscape: the curve with the points visited, or contours with the path.

    A square marks the start, a diamond the end, a cross the place where a diverging walk leaves the
    picture; what comes after that is not drawn.

    Args:
        descent: A `Descent` in one or two dimensions.
        ax: Axes to draw on; a new figure by default.

    Returns:
        The figure.
    """
    ax = axes_for(ax)
    draw = _draw_curve if descent.landscape.dimensions == 1 else _draw_contours
    points, window = draw(ax, descent)
    low, high = np.transpose(window)
    outside = ((points < low) | (points > high)).any(axis=1)
    # A step of a walk that works may overshoot the picture, and come back.
    lost = int(np.argmax(outside)) if descent.diverged and outside.any() else len(points)
    ax.plot(*points[: lost + 1].T, **PATH)
    ax.plot(*np.clip(points[0], low, high), label="start", **START)
    if lost == len(points):
        ax.plot(*points[-1], label="end", **END)
    else:
        ax.plot(*np.clip(points[lost], low, high), clip_on=False, label="lost", **LOST)
    ax.set(xlim=window[0], ylim=window[1])
    ax.locator_params(nbins=5)
    return described(ax.figure, _sentence(descent))


def plot_descent_losses(descent, *, tolerance=0.01, ax=None):
    """Draw the loss after each update on a log axis, down to 1e-6.

    Args:
        descent: A `Descent`.
        tolerance: Loss at which to draw a dashed line.
        ax: Axes to draw on; a new figure by default.

    Returns:
        The figure.
    """
    ax, losses = axes_for(ax), descent.losses
    ceiling = 100 * max(losses[0], tolerance)
    look = PATH | LOOKS["training"] | {"markersize": 3}
    ax.semilogy(np.where(losses < LOWEST_DRAWN, np.nan, losses), **look)
    ax.axhline(tolerance, color=PALETTE["grey"], linestyle="--", linewidth=1.2)
    ax.set(xlim=(0, descent.steps), ylim=(LOWEST_DRAWN, ceiling), xlabel="update")
    ax.set_ylabel("loss (log scale), down to 1e-6")
    ax.set_yticks([tick for tick in (1e-6, 1e-4, 1e-2, 1, 1e2, 1e4) if tick <= ceiling])
    ax.minorticks_off()
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    return described(ax.figure, _sentence(descent))


def plot_hops(hops, name="hopping", *, ax=None):
    """Draw the basins, and below them a histogram of where the trials ended.

    Bars in the deepest basin are blue, the others orange; the share of trials in each basin stands
    beneath it.

    Args:
        hops: A `Hops`.
        name: What to call the schedule.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure.
    """
    ax, landscape = axes_for(ax, height=3.6), hops.landscape
    low, high = landscape.view[0]
    x = np.linspace(low, high, 300)
    losses = landscape.loss(x[:, None])
    height, bottom = losses.max(), -ROOM * losses.max()
    ax.plot(x, losses, color=PALETTE["grey"], linewidth=2)
    if hops.settings["start"] is not None:
        ax.plot(hops.settings["start"], landscape.loss(hops.settings["start"]), **START)
    counts, edges = np.histogram(hops.positions[-1], BINS, (low, high))
    deepest = landscape.basin((edges[1:] + edges[:-1])[:, None] / 2) == landscape.deepest
    for chosen, color in ((deepest, PALETTE["blue"]), (~deepest, PALETTE["orange"])):
        bars = bottom + TALLEST * height * np.where(chosen, counts, 0) / max(counts.max(), 1)
        ax.stairs(bars, edges, baseline=bottom, fill=True, color=color)
    ax.axhline(bottom, color=PALETTE["black"], linewidth=0.8)
    below = {"ha": "center", "va": "top", "textcoords": "offset points"}
    shares = np.bincount(hops.basins(), minlength=len(landscape.bottoms)) / hops.trials
    for place, share in zip(landscape.bottoms, shares):
        ax.annotate(f"{share:.0%}", (place, bottom), (0, -3), **below)
    ax.set(xlim=(low, high), ylim=(-height, 1.05 * height), xlabel="x", ylabel="loss")
    ax.set_yticks([tick for tick in MaxNLocator(4).tick_values(0, height) if 0 <= tick <= height])
    best = ""
    if len(hops.updates) > 1:
        best = f", {_share(hops.share('best'))} by the best of {len(hops.updates)} checkpoints"
    return described(
        ax.figure,
        f"Histogram of {hops.trials:,} ends in {landscape}, {name}: {_share(hops.share())} in the "
        f"deepest{best}.",
    )


def plot_hop_shares(series, *, ax=None):
    """Draw which share of the trials each schedule leaves in the deepest basin.

    Args:
        series: Dict of the schedule's name to its `Hops`.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure: dots with 95 % intervals for where training ended, and open diamonds for the
        checkpoint with the lowest loss, where a schedule has several.
    """
    ax, words = axes_for(ax, height=1.6 + 0.4 * len(series)), []
    for place, (name, hops) in enumerate(series.items()):
        keeps = ["last"] if len(hops.updates) == 1 else ["last", "best"]
        for keep, look, shift in zip(keeps, (SERIES[0], SERIES[1]), (-0.1, 0.1)):
            share, low, high = (100 * value for value in hops.share(keep))
            mark = {"marker": "o"} if keep == "last" else {"marker": "D", "mfc": "white"}
            label = "where training ends" if keep == "last" else "best of its checkpoints"
            known = label in ax.get_legend_handles_labels()[1]
            ends = [[share - low], [high - share]]
            ax.errorbar(
                share,
                place + shift,
                xerr=ends,
                color=look["color"],
                ls="none",
                ms=7,
                **mark,
                label=None if known else label,
            )
            words.append(f"{name}, {label}: {_share(hops.share(keep))}")
    ax.set_yticks(range(len(series)), list(series))
    ax.set(xlim=(-2, 102), ylim=(len(series) - 0.5, -0.5))
    ax.grid(False, axis="y")
    ax.set_xlabel("trials in the deepest basin, %, 95 % interval")
    ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0))
    return described(ax.figure, f"Dot chart of trials in the deepest basin. {'; '.join(words)}.")


def _share(share):
    return "{:.1f} % [{:.1f}, {:.1f}]".format(*(100 * value for value in share))


def _sentence(descent):
    converged = descent.converged_at()
    start, end = descent.losses[[0, -1]]
    walk = f"from {start:.3g} to {end:.3g} in {len(descent.losses) - 1} updates"
    if descent.diverged:
        outcome = f"it diverges, the loss grows {walk}"
    elif converged is None:
        outcome = f"the loss goes {walk} and has not settled at 0.01"
    else:
        outcome = f"the loss goes {walk} and stays at or below 0.01 after update {converged}"
    settings = f"rate {descent.rate:.3g}, momentum {descent.momentum:.3g}"
    return f"Descent on {descent.landscape}, {settings}: {outcome}."


def _draw_curve(ax, descent):
    """Draw a one-dimensional landscape; return the points of the walk on it and the window."""
    landscape = descent.landscape
    x = np.linspace(*landscape.view[0], 200)
    losses = landscape.loss(x[:, None])
    ax.plot(x, losses, color=PALETTE["grey"], linewidth=2)
    ax.plot(*landscape.minimum, 0, color=PALETTE["black"], marker="+", markersize=12)
    ax.set(xlabel="x", ylabel="loss")
    points = np.column_stack([descent.path[:, 0], descent.losses])
    return points, (landscape.view[0], (-0.06 * losses.max(), 1.02 * losses.max()))


def _draw_contours(ax, descent):
    """Draw a two-dimensional landscape; return the points of the walk on it and the window."""
    landscape = descent.landscape
    x, y = np.meshgrid(*(np.linspace(*ends, 81) for ends in landscape.view))
    losses = landscape.loss(np.stack([x, y], axis=-1))
    # Squares of equal steps: lines of equal loss of a quadratic then lie equally far apart.
    levels = losses.max() * np.linspace(0.1, 1, 8) ** 2
    ax.contour(x, y, losses, levels=levels, colors=PALETTE["grey"], linewidths=0.8)
    ax.plot(*landscape.minimum, color=PALETTE["black"], marker="+", markersize=12)
    ax.set_aspect("equal")
    ax.grid(False)
    ax.set(xlabel="x", ylabel="y")
    return descent.path, landscape.view
