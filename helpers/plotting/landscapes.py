"""Figures of walks down a loss landscape."""

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from helpers.plotting.style import (
    FONT_SIZE,
    LOOKS,
    PALETTE,
    figure_and_axes,
    label_axes,
    new_figure,
)

PATH = {**LOOKS["rate"], "linewidth": 1.2, "marker": "o", "markersize": 4}
START = {"color": PALETTE["black"], "marker": "s", "markersize": 7, "linestyle": "none"}
NEAR = {
    "textcoords": "offset points",
    "fontsize": FONT_SIZE,
    "zorder": 5,
    "path_effects": [withStroke(linewidth=3, foreground="white")],
}
SIDES = {-1: "right", 1: "left"}
END = {"color": PALETTE["vermillion"], "marker": "D", "markersize": 7, "linestyle": "none"}
LOST = {"color": PALETTE["black"], "marker": "X", "markersize": 9, "linestyle": "none"}
# Losses below this are drawn at it: the log axis would otherwise show rounding errors.
LOWEST_DRAWN = 1e-6
LOSS_TICKS = (1e-6, 1e-4, 1e-2, 1, 1e2, 1e4, 1e6)


def plot_descent(descent, *, ax=None):
    """Draw a walk on its landscape: the curve with the points visited, or contours with the path.

    A square marks the start, a diamond the end, a cross the place where a diverging walk leaves the
    picture; what comes after that is not drawn.

    Args:
        descent: A `Descent` in one or two dimensions.
        ax: Axes to draw on; a new figure by default.

    Returns:
        The figure.

    Raises:
        ValueError: If the landscape has more than two dimensions.
    """
    if descent.landscape.dimensions not in (1, 2):
        raise ValueError(
            f"The landscape has {descent.landscape.dimensions} dimensions; allowed is 1 or 2."
        )
    figure, ax = figure_and_axes(ax)
    if descent.landscape.dimensions == 1:
        points, window = _draw_curve(descent, ax)
    else:
        points, window = _draw_contours(descent, ax)
    _draw_path(points, window, descent.diverged, ax)
    ax.set_xlim(window[0])
    ax.set_ylim(window[1])
    ax.locator_params(nbins=5)
    return figure


def plot_descent_losses(descent, *, tolerance=None, ax=None):
    """Draw the loss after each update on a log axis.

    Args:
        descent: A `Descent`.
        tolerance: Loss at which to draw a dashed line; none by default.
        ax: Axes to draw on; a new figure by default.

    Returns:
        The figure. Losses below 1e-6 are drawn there; where the loss grows past 100 times its
        start, a cross at the upper edge marks it.
    """
    figure, ax = figure_and_axes(ax)
    ceiling = 100 * max(descent.losses[0], tolerance or 0, 10 * LOWEST_DRAWN)
    losses = np.clip(descent.losses, LOWEST_DRAWN, ceiling)
    shown = np.flatnonzero(descent.losses > ceiling)[:1] + 1 if descent.diverged else []
    losses = losses[: shown[0]] if len(shown) else losses
    ax.semilogy(losses, **{**PATH, **LOOKS["training"], "markersize": 3})
    if len(shown):
        ax.plot(len(losses) - 1, ceiling, clip_on=False, **LOST)
    if tolerance is not None:
        ax.axhline(tolerance, color=PALETTE["grey"], linestyle="--", linewidth=1.2)
    ax.set_ylim(LOWEST_DRAWN / 2, ceiling)
    # Ticks are most of what drawing costs: few of them keep the explorer quick.
    ax.set_yticks([tick for tick in LOSS_TICKS if tick <= ceiling])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.set_xlim(0, descent.steps)
    label_axes(ax, "update", "loss (log scale)")
    return figure


def plot_descents(descents, *, tolerance=0.01):
    """Draw several walks side by side, each under its rate and what became of it.

    Args:
        descents: One to four `Descent` records.
        tolerance: Loss at or below which a walk counts as converged, > 0.

    Returns:
        The figure.

    Raises:
        ValueError: If there are no descents, or more than four.
    """
    descents = list(descents)
    if not 1 <= len(descents) <= 4:
        given = len(descents) or "no"
        raise ValueError(
            f"There are {given} descents; allowed is 1 to 4; draw more in two figures."
        )
    flat = all(descent.landscape.dimensions == 2 for descent in descents)
    height = 2.4 if flat else 3.2
    figure, axes = new_figure(
        width=8.5, height=height, columns=len(descents), sharex=True, sharey=True, squeeze=False
    )
    for ax, descent in zip(axes[0], descents):
        plot_descent(descent, ax=ax)
        momentum = f"\nmomentum {descent.momentum:g}" if descent.momentum else ""
        title = f"rate {descent.rate:g}{momentum}\n{_outcome(descent, tolerance)}"
        ax.set_title(title, fontsize=FONT_SIZE, pad=10)
        ax.label_outer()
    return figure


def _outcome(descent, tolerance):
    """Say in a few words what became of a walk."""
    if descent.diverged:
        return "diverges"
    converged = descent.converged_at(tolerance)
    if converged is None:
        return f"loss {descent.losses[-1]:.2g} after {descent.updates}"
    return f"loss {tolerance:g} after {converged}"


def _draw_curve(descent, ax):
    """Draw a one-dimensional landscape; return the points of the walk on it and the window."""
    landscape = descent.landscape
    low, high = landscape.view[0]
    x = np.linspace(low, high, 200)
    losses = landscape.loss(x[:, None])
    ax.plot(x, losses, color=PALETTE["grey"], linewidth=2)
    ax.plot(*landscape.minimum, 0, color=PALETTE["black"], marker="+", markersize=12)
    label_axes(ax, "x", "loss")
    points = np.column_stack([descent.path[:, 0], descent.losses])
    return points, ((low, high), (-0.06 * losses.max(), 1.02 * losses.max()))


def _draw_contours(descent, ax):
    """Draw a two-dimensional landscape; return the points of the walk on it and the window."""
    landscape = descent.landscape
    (low_x, high_x), (low_y, high_y) = landscape.view
    x, y = np.meshgrid(np.linspace(low_x, high_x, 81), np.linspace(low_y, high_y, 61))
    losses = landscape.loss(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    # Squares of equal steps: lines of equal loss of a quadratic then lie equally far apart.
    levels = losses.max() * np.linspace(0.1, 1, 8) ** 2
    ax.contour(x, y, losses, levels=levels, colors=PALETTE["grey"], linewidths=0.8)
    ax.plot(*landscape.minimum, color=PALETTE["black"], marker="+", markersize=12)
    ax.set_aspect("equal")
    ax.grid(False)
    label_axes(ax, "x", "y")
    return descent.path, landscape.view


def _draw_path(points, window, diverged, ax):
    """Draw points joined by lines, up to where a diverging walk leaves the window."""
    low, high = np.transpose(window)
    outside = ((points < low) | (points > high)).any(axis=1)
    lost = int(np.argmax(outside)) if diverged and outside.any() else None
    if lost == 0:
        ax.plot(*np.clip(points[0], low, high), clip_on=False, **LOST)
        return
    inside = points[:lost]
    ax.plot(*inside.T, **PATH)
    ax.plot(*inside[0], **START)
    side = -1 if inside[0][0] > (low[0] + high[0]) / 2 else 1
    ax.annotate("start", inside[0], xytext=(7 * side, 6), ha=SIDES[side], **NEAR)
    if lost is None:
        ax.plot(*inside[-1], **END)
        return
    edge = _crossing(inside[-1], points[lost], low, high)
    ax.plot(*np.transpose([inside[-1], edge]), **{**PATH, "marker": ""})
    ax.plot(*edge, clip_on=False, **LOST)


def _crossing(inside, outside, low, high):
    """Return the point where the line between two points meets the edge of the window."""
    step = outside - inside
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(step > 0, (high - inside) / step, (low - inside) / step)
    return inside + min(shares[step != 0]) * step
