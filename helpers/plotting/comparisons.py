"""Figures that compare policies: over rates, over updates, and as paired intervals."""

import numpy as np

from helpers.plotting.style import FONT_SIZE, PALETTE, SERIES, figure_and_axes, label_axes
from helpers.results.metrics import METRIC_NAMES, direction


def plot_series(series, metric="val_accuracy", *, ax=None):
    """Draw the last value of a metric against the rate, a line for each policy.

    Args:
        series: Dict of the policy's name to a `Runs` whose labels are rates; `results.series`
            makes one.
        metric: A name from `metrics` of all of them.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure: means over seeds, and a band from the smallest to the largest seed.

    Raises:
        ValueError: If `series` is empty, or the metric is not known.
    """
    if not series:
        raise ValueError("series is empty; give one policy or more, as results.series returns.")
    figure, ax = figure_and_axes(ax, width=8.5, height=3.6)
    ax.set_xscale("log")
    for look, (name, runs) in zip(SERIES, series.items()):
        rows = runs.summary(metric).sort_index()
        rates = rows.index.to_numpy("float64")
        ax.fill_between(rates, rows["min"], rows["max"], color=look["color"], alpha=0.12, lw=0)
        ax.plot(rates, rows["mean"], label=name, markersize=6, **look)
    if len(rates) <= 8:
        ax.set_xticks(rates, [f"{rate:.3g}" for rate in rates])
        ax.minorticks_off()
    label_axes(ax, "highest learning rate (log scale)", METRIC_NAMES.get(metric, metric))
    _legend_beside(ax)
    return figure


def plot_anytime(runs, metric="val_loss", *, marks=None, ax=None):
    """Draw a metric against updates, a line for each label, with some moments marked.

    Args:
        runs: A `Runs`.
        metric: A name from `runs.metrics`.
        marks: Dict of label to numbers of updates, such as a schedule's `cycle_ends`; drawn where
            something was measured.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure: means over seeds.

    Raises:
        ValueError: If the metric was not measured.
    """
    if metric not in runs.metrics:
        raise ValueError(f"No run measured {metric!r}; measured were {runs.metrics}.")
    figure, ax = figure_and_axes(ax, width=8.5, height=3.6)
    means = runs.points().groupby(["label", "updates"])[metric].mean()
    for look, label in zip(SERIES, runs.labels):
        curve = means[label]
        line = {key: look[key] for key in ("color", "linestyle")}
        ax.plot(curve.index, curve, label=str(label), **line)
        marked = curve[curve.index.isin((marks or {}).get(label, ()))]
        ax.plot(marked.index, marked, color=look["color"], marker=look["marker"], ls="none", ms=9)
    if direction(metric) == "min":
        ax.set_ylim(0, 1.5 * float(means.groupby("label").median().max()))
    ax.set_xlim(left=0)
    label_axes(ax, "updates", METRIC_NAMES.get(metric, metric))
    _legend_beside(ax)
    return figure


def plot_paired(verdicts, *, names=None, ax=None):
    """Draw paired differences with their intervals, one line each; zero means: no difference.

    Args:
        verdicts: `Paired` records of one metric.
        names: What to call each; None takes "a against b".
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure: a filled point where the interval excludes zero, an open one for a
        tie. The sides are labeled by who is better there.

    Raises:
        ValueError: If there is no record, they are of several metrics, or `names` is of another
            length.
    """
    verdicts = list(verdicts)
    metrics = {verdict.metric for verdict in verdicts}
    if len(metrics) != 1:
        raise ValueError(f"verdicts are of the metrics {sorted(metrics)}; give those of one.")
    names = [f"{each.a} against {each.b}" for each in verdicts] if names is None else list(names)
    if len(names) != len(verdicts):
        raise ValueError(f"There are {len(verdicts)} verdicts and {len(names)} names.")
    figure, ax = figure_and_axes(ax, height=1.3 + 0.42 * len(verdicts))
    heights = np.arange(len(verdicts))[::-1]
    for height, verdict in zip(heights, verdicts):
        filled = PALETTE["blue"] if verdict.winner is not None else "white"
        ax.plot([verdict.low, verdict.high], [height, height], color=PALETTE["blue"], lw=2)
        ax.plot(verdict.mean, height, "o", ms=8, color=PALETTE["blue"], mfc=filled)
    ax.axvline(0, color=PALETTE["black"], lw=1)
    ax.set_yticks(heights, names)
    ax.set_ylim(-0.6, len(verdicts) - 0.4)
    ax.grid(False, axis="y")
    metric = metrics.pop()
    label_axes(ax, f"difference in {METRIC_NAMES.get(metric, metric)}, 95 % interval", "")
    better = "left" if direction(metric) == "min" else "right"
    ax.set_title(f"the first is better on the {better}", fontsize=FONT_SIZE, loc="left")
    return figure


def _legend_beside(ax):
    """Put the names at the right of the axes, where they cover no line."""
    place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    ax.legend(fontsize=FONT_SIZE, frameon=False, handlelength=3.5, **place)
