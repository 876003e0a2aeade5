"""Figures of `Runs`: curves over epochs, and the last value against the learning rate."""

import math

import numpy as np

from helpers.plotting.style import (
    FONT_SIZE,
    LOOKS,
    PALETTE,
    SERIES,
    figure_and_axes,
    label_axes,
    new_figure,
)
from helpers.results.metrics import METRIC_NAMES


def plot_histories(runs, metric="val_accuracy", *, labels=None, seeds=None, smoothing=0.0, ax=None):
    """Draw a metric against epochs: a line for each label (mean), a band over its seeds.

    Args:
        runs: A `Runs`.
        metric: A name from `runs.metrics`.
        labels: Rates or names to draw; None draws all.
        seeds: Seeds to draw; None draws all.
        smoothing: Weight of the past in an exponential mean along each curve, 0 (none) to below 1.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure. A loss axis ends at 1.5 times the first value, so that one diverging
        run does not flatten the others.

    Raises:
        ValueError: If a label, a seed or the metric is not known, or smoothing is out of bounds.
    """
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing is {smoothing}; allowed is 0 (none) up to below 1; try 0.5.")
    places = {label: place for place, label in enumerate(runs.labels)}
    runs = runs.select(labels, seeds)
    figure, ax = figure_and_axes(ax, height=3.6)
    ends = []
    for label in runs.labels:
        curves = [smooth(run.history[metric], smoothing) for run in runs.runs if run.label == label]
        ends.append((_last(curves), _name(label), _draw_band(ax, curves, places[label])))
    _limit_loss(ax, runs, metric)
    _label_ends(ax, ends)
    label_axes(ax, "epoch", METRIC_NAMES.get(metric, metric))
    ax.xaxis.get_major_locator().set_params(integer=True)
    return figure


def plot_learning_curves(runs, metrics=("accuracy", "val_accuracy")):
    """Draw two metrics side by side against epochs, on one scale.

    Args:
        runs: A `Runs`.
        metrics: Two names from `runs.metrics`; by default training and validation accuracy.

    Returns:
        The matplotlib figure; lines and bands as in `plot_histories`.

    Raises:
        ValueError: If there are not two metrics, or one is not known.
    """
    if len(metrics) != 2:
        raise ValueError(f"metrics is {metrics!r}; give two names, such as ('loss', 'val_loss').")
    figure, axes = new_figure(width=9.0, height=3.6, columns=2, sharey=True)
    for ax, metric in zip(axes, metrics):
        plot_histories(runs, metric, ax=ax)
    return figure


def plot_sweep(runs, metrics=("val_accuracy",), *, within=None, ax=None):
    """Draw the last value of some metrics against the learning rate, with every seed.

    Args:
        runs: The `Runs` of a sweep.
        metrics: One name or several from `runs.metrics`: each is a line of means with a band from
            the smallest to the largest seed.
        within: Shade the rates whose mean of the first metric is this close to the best; None
            shades nothing.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure: rate on a log axis, the best rate by the first metric as a vertical
        line, rates with a diverged run as gray crosses at the lower edge.

    Raises:
        ValueError: If the labels are not rates, or a metric is not known.
    """
    metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    rates = np.array([_rate(label) for label in runs.labels])
    order = np.argsort(rates)
    figure, ax = figure_and_axes(ax, height=3.6)
    _rate_axis(ax, rates)
    for metric in metrics:
        look = LOOKS["validation" if metric.startswith("val_") else "training"]
        rows = runs.summary(metric).iloc[order]
        ax.fill_between(
            rates[order], rows["min"], rows["max"], color=look["color"], alpha=0.18, lw=0
        )
        ax.plot(
            rates[order], rows["mean"], marker="o", label=METRIC_NAMES.get(metric, metric), **look
        )
    if within is not None:
        _shade_usable(ax, runs, metrics[0], within)
    _mark_best(ax, runs, metrics[0])
    _mark_diverged(ax, runs)
    if len(metrics) > 1:
        ax.legend(fontsize=FONT_SIZE, frameon=False)
    kind = METRIC_NAMES.get(metrics[0], metrics[0]) if len(metrics) == 1 else "after the last epoch"
    label_axes(ax, "learning rate (log scale)", kind)
    return figure


def smooth(values, weight):
    """Return the exponential mean of a curve, corrected for its start.

    Args:
        values: The curve.
        weight: Weight of the past, 0 (no smoothing) to below 1.

    Returns:
        float64 array of the same length. A constant curve stays what it is from the first point.

    Example:
        >>> smooth([2.0, 2.0, 4.0], 0.5).round(3).tolist()
        [2.0, 2.0, 3.143]
    """
    values = np.asarray(values, dtype="float64")
    result, past = np.empty_like(values), 0.0
    for place, value in enumerate(values):
        past = weight * past + (1 - weight) * value
        result[place] = past / (1 - weight ** (place + 1))
    return result


def _draw_band(ax, curves, place):
    look = SERIES[place % len(SERIES)]
    # A diverged run ends early; what the others did after it is still drawn.
    length = max(len(curve) for curve in curves)
    padded = np.full((len(curves), length), np.nan)
    for row, curve in zip(padded, curves):
        row[: len(curve)] = np.where(np.isfinite(curve), curve, np.nan)
    known = ~np.isnan(padded).all(axis=0)
    epochs = np.arange(1, length + 1)[known]
    if not len(epochs):
        return look["color"]
    ax.fill_between(
        epochs,
        np.nanmin(padded[:, known], axis=0),
        np.nanmax(padded[:, known], axis=0),
        color=look["color"],
        alpha=0.15,
        lw=0,
    )
    every = max(1, len(epochs) // 8)
    ax.plot(epochs, np.nanmean(padded[:, known], axis=0), markevery=every, markersize=5, **look)
    return look["color"]


def _last(curves):
    last = [curve[-1] for curve in curves if np.isfinite(curve[-1])]
    return float(np.mean(last)) if len(last) == len(curves) else math.nan


def _limit_loss(ax, runs, metric):
    if "loss" not in metric:
        return
    firsts = [run.history[metric][0] for run in runs.runs if np.isfinite(run.history[metric][0])]
    if firsts:
        ax.set_ylim(0, 1.5 * float(np.median(firsts)))


def _label_ends(ax, ends):
    """Name each line at its right end; names that would overlap are moved apart."""
    low, high = ax.get_ylim()
    gap = (high - low) * 0.075
    known = [end for end in ends if not math.isnan(end[0])]
    heights = [min(max(value, low), high) for value, _, _ in known]
    places = spread(heights, gap, low, high)
    beside = {"transform": ax.get_yaxis_transform(), "clip_on": False}
    for height, place, (_, name, color) in zip(heights, places, known):
        ax.plot([1.01, 1.05], [height, place], color=color, linewidth=1.2, **beside)
        ax.text(1.06, place, name, fontsize=FONT_SIZE, va="center", **beside)
    ax.set_ylim(low, high)
    lost = [name for value, name, _ in ends if math.isnan(value)]
    if lost:
        ax.text(1.06, -0.12, "diverged: " + ", ".join(lost), transform=ax.transAxes, fontsize=9)


def spread(heights, gap, low, high):
    """Return the heights moved apart to at least `gap`, in the same order, within bounds.

    Args:
        heights: Where each thing would like to stand.
        gap: Least distance between two.
        low: Lower bound.
        high: Upper bound; exceeded only if there is no room.

    Returns:
        A list of heights in the order given.

    Example:
        >>> spread([1.0, 1.0, 5.0], 2.0, 0.0, 10.0)
        [1.0, 3.0, 5.0]
    """
    order = np.argsort(heights, kind="stable")
    placed = []
    for index in order:
        placed.append(max(heights[index], placed[-1] + gap) if placed else heights[index])
    overshoot = max(0.0, placed[-1] - high) if placed else 0.0
    # What ran over the top is pushed back down from there.
    for place in range(len(placed) - 1, -1, -1):
        ceiling = high if place == len(placed) - 1 else placed[place + 1] - gap
        placed[place] = min(placed[place], ceiling) if overshoot else placed[place]
    result = [0.0] * len(placed)
    for index, height in zip(order, placed):
        result[index] = max(float(height), low)
    return result


def _rate_axis(ax, rates):
    """Make a log axis; up to eight rates are named one by one, so that they can be read off."""
    ax.set_xscale("log")
    if len(rates) <= 8:
        ax.set_xticks(rates, [_name(float(rate)) for rate in rates])
        ax.minorticks_off()


def _shade_usable(ax, runs, metric, within):
    usable = runs.usable(metric, within)
    rates = sorted(runs.labels)
    step = math.sqrt(rates[1] / rates[0]) if len(rates) > 1 else 1.2
    ax.axvspan(
        min(usable) / step, max(usable) * step, color=PALETTE["sky"], alpha=0.2, lw=0, zorder=0
    )


def _mark_best(ax, runs, metric):
    best = runs.best(metric)
    ax.axvline(best.label, **LOOKS["rate"], linewidth=1.2)
    ax.annotate(
        f"best: {_name(best.label)}",
        xy=(best.label, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, 2),
        textcoords="offset points",
        fontsize=FONT_SIZE,
        color=PALETTE["blue"],
    )


def _mark_diverged(ax, runs):
    lost = sorted({run.label for run in runs.runs if run.diverged_at is not None})
    if lost:
        look = LOOKS["diverged"] | {"linestyle": "none"}
        ax.plot(lost, [0.03] * len(lost), transform=ax.get_xaxis_transform(), markersize=9, **look)
        ax.annotate(
            "diverged",
            xy=(lost[-1], 0.03),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=FONT_SIZE,
            color="#555555",
        )


def _rate(label):
    if isinstance(label, str):
        raise ValueError(f"{label!r} is a name, not a rate; plot_histories draws named runs.")
    return label


def _name(label):
    return label if isinstance(label, str) else f"{label:.3g}"
