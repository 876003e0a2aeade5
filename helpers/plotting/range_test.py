"""Figures of range tests: the curve, and what each rule reads off it."""

import numpy as np
from matplotlib.transforms import offset_copy

from helpers.plotting.style import (
    FONT_SIZE,
    LOOKS,
    PALETTE,
    SERIES,
    figure_and_axes,
    label_axes,
)
from helpers.results.bounds import mean_accuracy
from helpers.results.metrics import METRIC_NAMES
from helpers.results.suggestions import RULE_NAMES, RULES, chosen_rules

METRICS = ("loss", "accuracy")
# Points from the upper edge of the axes to the first row of names above them, and to the next.
FIRST_ROW, ROW = 9, 15
# How much of the fall of the loss is left free above its start; an explosion leaves the picture.
HEADROOM = 0.3
POINTS = {"color": PALETTE["grey"], "marker": ".", "markersize": 3, "linestyle": "none"}
# Not those of the curves, which are black and vermillion.
RULE_LOOKS = dict(zip(RULES, [SERIES[place] for place in (0, 5, 2, 3, 6)]))


def plot_range_test(result, *, metric="loss", rules=None, ax=None):
    """Draw the curve of a range test with the rate of each rule.

    Args:
        result: A `RangeTest`.
        metric: `"loss"`: each loss as a point, the smoothed loss as a line, and what the rules
            suggest as vertical lines. `"accuracy"`: each accuracy, its mean over neighbors, and
            Smith's bounds. Held-out data, where measured, are a dashed line.
        rules: Names from `results.RULES` to draw; None draws all for the loss and none for the
            accuracy. A rule without a rate is left out.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure. Its axis of rates is logarithmic where they rise by equal factors.

    Raises:
        ValueError: If the metric or a rule is not known, or no accuracy was measured.
    """
    values, held_out = _measured(result, metric)
    rules = () if rules is None and metric == "accuracy" else chosen_rules(rules)
    lines = _rule_lines(result.suggest(), rules)
    mean = result.smoothed if metric == "loss" else mean_accuracy(values)
    figure, ax = figure_and_axes(ax, height=4.2)
    _rate_axis(ax, result.rates)
    ax.plot(result.rates, values, zorder=1, **POINTS)
    ax.plot(result.rates, mean, **LOOKS["training"], label=f"{METRIC_NAMES[metric]}, smoothed")
    if held_out is not None:
        seen = np.isfinite(held_out)
        look = LOOKS["validation"] | {"label": METRIC_NAMES[f"val_{metric}"]}
        ax.plot(result.rates[seen], held_out[seen], **look)
        below = {"loc": "upper left", "bbox_to_anchor": (-0.02, -0.17), "ncols": 2}
        ax.legend(fontsize=FONT_SIZE, frameon=False, **below)
    if metric == "loss":
        _limit_loss(ax, [mean])
    else:
        ax.set_ylim(0, 1.02)
        lines += _bound_lines(ax, result.bounds())
    _draw_lines(ax, lines)
    label_axes(ax, _rate_name(ax), METRIC_NAMES[metric])
    return figure


def plot_range_test_band(band, *, rules=None, ax=None):
    """Draw the range tests of several seeds: the loss with its band, each rule with its spread.

    Args:
        band: A `RangeTestBand`.
        rules: Names from `results.RULES` to draw; None draws all.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The matplotlib figure: the median of the smoothed losses as a line, a band from the lowest
        to the highest seed, and above it a bar for each rule from its lowest rate to its highest,
        with a mark at the median.

    Raises:
        ValueError: If a rule is not known.
    """
    # Beyond, a few seeds that do not diverge would stand for all.
    curve, spread = band.curve().query(f"2 * seeds >= {len(band)}"), band.spread()
    figure, ax = figure_and_axes(ax, height=4.2)
    rates = curve["learning_rate"]
    _rate_axis(ax, rates)
    ax.fill_between(
        rates, curve["lowest"], curve["highest"], color=PALETTE["grey"], alpha=0.3, lw=0
    )
    ax.plot(rates, curve["median"], **LOOKS["training"])
    _limit_loss(ax, [test.smoothed for test in band.tests])
    found = spread.loc[list(chosen_rules(rules))].query("seeds > 0")
    _draw_spread(ax, found, len(band))
    label_axes(ax, _rate_name(ax), f"{METRIC_NAMES['loss']}, smoothed")
    return figure


def _measured(result, metric):
    """Return the values of the batches and those on held-out data, or None for the latter."""
    if metric not in METRICS:
        raise ValueError(f"metric is {metric!r}; allowed are 'loss' and 'accuracy'.")
    if metric == "loss":
        return result.losses, result.val_losses
    if result.accuracies is None:
        raise ValueError('No accuracy was measured; compile the model with metrics=["accuracy"].')
    return result.accuracies, result.val_accuracies


def _rate_axis(ax, rates):
    rates = np.asarray(rates)
    factors = rates[1:] / rates[:-1]
    if len(rates) < 3 or np.isclose(factors[0], factors[-1], rtol=1e-3):
        ax.set_xscale("log")
    ax.set_xlim(rates[0], rates[-1])


def _rate_name(ax):
    return "learning rate (log scale)" if ax.get_xscale() == "log" else "learning rate"


def _limit_loss(ax, curves):
    """End the axis a little above where the loss begins: what explodes leaves the picture."""
    finite = [curve[np.isfinite(curve)] for curve in curves]
    starts = [curve[: max(1, len(curve) // 10)].max() for curve in finite if len(curve)]
    if not starts:
        return
    low, high = min(curve.min() for curve in finite if len(curve)), max(starts)
    height = (high - low) or abs(high) or 1.0
    ax.set_ylim(low - 0.08 * height, high + HEADROOM * height)


def _rule_lines(found, rules):
    """Return `(rate, words, look)` of each rule that found a rate."""
    return [
        (found[rule], f"{RULE_NAMES[rule]} {found[rule]:.3g}", RULE_LOOKS[rule])
        for rule in rules
        if found[rule] is not None
    ]


def _bound_lines(ax, bounds):
    """Shade the range between the bounds; return `(rate, words, look)` of each."""
    if None not in bounds:
        ax.axvspan(*bounds, color=PALETTE["sky"], alpha=0.2, lw=0, zorder=0)
    names = zip(bounds, ("min", "max"), (SERIES[0], SERIES[0]))
    return [(rate, f"{name} {rate:.3g}", look) for rate, name, look in names if rate is not None]


def _draw_lines(ax, lines):
    """Draw vertical lines, named above the axes without a name meeting a line or another name."""
    low, high = ax.get_xlim()
    shown = [line for line in lines if low <= line[0] <= high]
    names = [(rate, rate, rate, words) for rate, words, _ in shown]
    for (rate, _, look), row in zip(shown, _rows(ax, names)):
        _vertical(ax, rate, row, look)


def _draw_spread(ax, spread, seeds):
    """Draw vertical lines at medians, and above the axes a named bar for the range of each."""
    ranges = spread[["lowest", "median", "highest"]].clip(*ax.get_xlim())
    names = []
    for rule, line in spread.iterrows():
        partly = "" if line["seeds"] == seeds else f", {line['seeds']:.0f} of {seeds} seeds"
        words = f"{RULE_NAMES[rule]} {line['median']:.3g}{partly}"
        names.append((*ranges.loc[rule], words))
    for rule, (low, median, high, _), row in zip(ranges.index, names, _rows(ax, names)):
        look = RULE_LOOKS[rule]
        _vertical(ax, median, row, look)
        above = {"transform": _above(ax, row), "clip_on": False, "color": look["color"]}
        ax.plot([low, high], [1, 1], lw=3, **above)
        ax.plot(median, 1, marker=look["marker"], markersize=6, **above)


def _rows(ax, names):
    """Write names above the axes, a row each; return the height of each row in points.

    Args:
        ax: The axes.
        names: `(lowest rate, rate of the line, highest rate, words)`: the words stand beside that
            range.

    All names stand on the side of their lines where there is more room. The line furthest to that
    side has the lowest row: its name lies under those of the others, and meets none of their lines.
    """
    if not names:
        return []
    to_axes = ax.transData + ax.transAxes.inverted()
    places = to_axes.transform([(rate, 0) for _, rate, _, _ in names])[:, 0]
    to_left = places.mean() > 0.5
    order = np.argsort(np.argsort(places if to_left else -places, kind="stable"), kind="stable")
    heights = FIRST_ROW + ROW * order
    for (low, _, high, words), height in zip(names, heights):
        ax.annotate(
            words,
            xy=(low if to_left else high, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-6 if to_left else 6, height),
            textcoords="offset points",
            fontsize=FONT_SIZE,
            ha="right" if to_left else "left",
            va="center",
            annotation_clip=False,
        )
    return heights


def _above(ax, points):
    """Return the transform of rates, and of heights moved up by so many points."""
    return offset_copy(ax.get_xaxis_transform(), ax.get_figure(), y=points, units="points")


def _vertical(ax, rate, height, look):
    """Draw a vertical line through the axes, and up to a row of names."""
    line = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 1.6}
    ax.axvline(rate, **line)
    ax.annotate(
        "",
        xy=(rate, 1),
        xycoords=ax.get_xaxis_transform(),
        xytext=(0, height),
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0} | line,
        annotation_clip=False,
    )
