"""Walks on a loss landscape as figures: one descent, and many noisy trials."""

import numpy as np

from helpers.plotting.style import LOOKS, PALETTE, SERIES, axes_for, described

PATH = {**LOOKS["rate"], "linewidth": 1.2, "marker": "o", "markersize": 4}
START = {"color": PALETTE["black"], "marker": "s", "markersize": 7, "linestyle": "none"}
END = START | {"color": PALETTE["vermillion"], "marker": "D"}
LOST = START | {"marker": "X", "markersize": 9}
BOTTOM = {"color": PALETTE["black"], "marker": "+", "markersize": 12}
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
    converged, ends = descent.converged_at(), descent.losses[[0, -1]]
    outcome = "it diverges, " if descent.diverged else ""
    outcome += f"the loss goes from {ends[0]:.3g} to {ends[1]:.3g} in {len(points) - 1} updates"
    if converged is not None:
        outcome += f" and stays at or below 0.01 after update {converged}"
    settings = f"rate {descent.rate:.3g}, momentum {descent.momentum:.3g}"
    return described(ax.figure, f"Descent on {descent.landscape}, {settings}: {outcome}.")


def _draw_curve(ax, descent):
    """Draw a one-dimensional landscape; return the points of the walk on it and the window."""
    landscape = descent.landscape
    x = np.linspace(*landscape.view[0], 200)
    losses = landscape.loss(x[:, None])
    ax.plot(x, losses, color=PALETTE["grey"], linewidth=2)
    ax.plot(*landscape.minimum, 0, **BOTTOM)
    ax.set(xlabel="x", ylabel="loss")
    points = np.column_stack([descent.path[:, 0], descent.losses])
    return points, (landscape.view[0], (-0.06 * losses.max(), 1.02 * losses.max()))


def _draw_contours(ax, descent):
    """Draw a two-dimensional landscape; return the points of the walk on it and the window."""
    landscape = descent.landscape
    x, y = np.meshgrid(*(np.linspace(*ends, 41) for ends in landscape.view))
    losses = landscape.loss(np.stack([x, y], axis=-1))
    # Squares of equal steps: lines of equal loss of a quadratic then lie equally far apart.
    levels = losses.max() * np.linspace(0.1, 1, 8) ** 2
    ax.contour(x, y, losses, levels=levels, colors=PALETTE["grey"], linewidths=0.8)
    ax.plot(*landscape.minimum, **BOTTOM)
    ax.set_aspect("equal")
    ax.grid(False)
    ax.set(xlabel="x", ylabel="y")
    return descent.path, landscape.view


def plot_hops(hops, name="hopping", *, ax=None):
    """Draw the basins, and below them a histogram of where the trials ended.

    The share of trials in each basin stands beneath it.

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
    counts, edges = np.histogram(hops.positions[-1], BINS, (low, high))
    bars = bottom + TALLEST * height * counts / max(counts.max(), 1)
    # Three times as fast as `stairs`, and the same picture.
    ax.fill_between(edges, [*bars, bottom], bottom, step="post", color=PALETTE["blue"], lw=0)
    ax.axhline(bottom, color=PALETTE["black"], linewidth=0.8)
    shares = np.bincount(hops.basins(), minlength=len(landscape.bottoms)) / hops.trials
    for place, share in zip(landscape.bottoms, shares):
        ax.text(place, bottom - 0.05 * height, f"{share:.0%}", ha="center", va="top")
    ax.set(xlim=(low, high), ylim=(-height, 1.05 * height), xlabel="x", ylabel="loss")
    ax.set_yticks(np.arange(0, height, 0.5))
    ends = f"{hops.trials:,} ends in {landscape}, {name}: {_share(hops.share())} in the deepest"
    return described(ax.figure, f"Histogram of {ends}.")


def plot_hop_shares(series, *, ax=None):
    """Draw which share of the trials each schedule leaves in the deepest basin.

    Args:
        series: Dict of the schedule's name to its `Hops`.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure: dots with 95 % intervals for where training ended, and open diamonds for the
        checkpoint with the lowest loss.
    """
    own, words = ax is None, []
    ax = axes_for(ax, height=1.6 + 0.4 * len(series))
    marks = [("last", "where training ends", -0.1, SERIES[0])]
    if any(len(hops.updates) > 1 for hops in series.values()):
        marks.append(("best", "best of its checkpoints", 0.1, SERIES[3] | {"mfc": "white"}))
    for keep, label, shift, look in marks:
        shares = {name: hops.share(keep) for name, hops in series.items()}
        words += [f"{name}, {label}: {_share(share)}" for name, share in shares.items()]
        share, low, high = 100 * np.transpose(list(shares.values()))
        look, heights = look | {"linestyle": "", "label": label}, np.arange(len(share)) + shift
        ax.errorbar(share, heights, xerr=[share - low, high - share], **look)
    ax.set_yticks(range(len(series)), list(series))
    ax.set(xlim=(-2, 102), ylim=(len(series) - 0.5, -0.5))
    ax.grid(False, axis="y")
    ax.set_xlabel("trials in the deepest basin, %, 95 % interval")
    if own:
        ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0))
    return described(ax.figure, f"Dot chart of trials in the deepest basin. {'; '.join(words)}.")


def _share(share):
    return "{:.1f} % [{:.1f}, {:.1f}]".format(*(100 * value for value in share))
