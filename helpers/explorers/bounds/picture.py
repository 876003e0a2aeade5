"""The picture of *Bounds*: the curve of a range test, the cycle below it, the runs beside both."""

import math

import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers.explorers.bounds.rules import found, name_found
from helpers.explorers.overlaid_runs import METRIC, draw_numbered
from helpers.plotting.range_test import POINTS
from helpers.plotting.schedules import plot_schedules
from helpers.plotting.style import FONT_SIZE, LOOKS, PALETTE, label_axes, new_figure
from helpers.results.bounds import mean_accuracy
from helpers.results.metrics import METRIC_NAMES

# Inches: of the figure, and left, bottom, width and height of the curve, the cycle and the runs.
WIDTH, HEIGHT = 8.6, 4.2
PLACES = ((0.95, 2.15, 3.9, 1.75), (0.95, 0.55, 3.9, 0.9), (5.85, 0.55, 2.0, 3.35))
RULE_LOOK = {"color": PALETTE["green"], "linestyle": "-.", "linewidth": 2}
# The line's green is too pale for letters on white.
RULE_TEXT = "#006B4E"
# Beyond the first and the last rate, as a factor.
MARGIN = 1.12


def panels():
    """Return a figure and its three axes, for the curve, the cycle and the runs."""
    figure, axes = new_figure(WIDTH, HEIGHT, columns=3)
    # Fixed places: finding some that fit takes longer than drawing, and they jump with labels.
    figure.set_layout_engine(None)
    for ax, (left, bottom, width, height) in zip(axes, PLACES):
        ax.set_position((left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT))
    return figure, *axes


def draw_curve(ax, test, curve):
    """Draw what each batch gave as dots, the mean that rules look at as a line, held-out squares.

    Args:
        ax: The axes.
        test: A `RangeTest`, with the smoothing that is to be drawn.
        curve: "loss" or "accuracy".
    """
    values, held_out = measured(test, curve)
    known, seen = np.isfinite(values), np.isfinite(held_out)
    mean = test.smoothed[known] if curve == "loss" else mean_accuracy(values[known])
    ax.plot(test.rates, values, **POINTS)
    look = LOOKS["validation"] | {"marker": "s", "markersize": 3, "linewidth": 1}
    ax.plot(test.rates[seen], held_out[seen], **look)
    ax.plot(test.rates[known], mean, **LOOKS["training"])
    ax.set_ylim(_loss_limits(values[known]) if curve == "loss" else (-0.03, 1.03))
    _rate_axis(ax, test.rates)
    label_axes(ax, "learning rate (log scale)", METRIC_NAMES[curve])


def measured(test, curve):
    """Return what was measured on batches, and on held-out data, where NaN is what was not."""
    if curve == "loss":
        values, held_out = test.losses, test.val_losses
    else:
        values, held_out = test.accuracies, test.val_accuracies
    return values, np.full(len(test), np.nan) if held_out is None else held_out


def mark_bounds(ax, min_rate, max_rate):
    """Shade what lies between the bounds."""
    ax.axvspan(min_rate, max_rate, color=PALETTE["sky"], alpha=0.3, lw=0, zorder=0)
    for rate in (min_rate, max_rate):
        ax.axvline(rate, color=PALETTE["blue"], linewidth=1.2)
    _write_above(ax, 0, "bounds", PALETTE["blue"])


def mark_rule(ax, test, rule):
    """Mark the rates that a rule finds; a rule that finds none is named all the same."""
    for rate, _ in found(test, rule):
        if rate is not None:
            ax.axvline(rate, **RULE_LOOK)
    _write_above(ax, 1, name_found(test, rule), RULE_TEXT, ha="right")


def draw_cycle(ax, schedule, updates_per_epoch, epochs):
    """Draw a schedule over a run, on an axis of epochs."""
    plot_schedules({"rate": schedule}, updates_per_epoch * epochs, ax=ax)
    ticks = _ticks(epochs)
    ax.set_xticks(ticks * updates_per_epoch, [f"{tick:g}" for tick in ticks])
    ax.set_xlim(0, updates_per_epoch * epochs)
    ax.locator_params(axis="y", nbins=3)
    label_axes(ax, f"epoch (of {updates_per_epoch:,} updates)", "rate")


def draw_runs(ax, results, target, epochs):
    """Draw the last runs, on an axis of epochs."""
    draw_numbered(ax, results, target, epochs)
    ax.set_xticks(_ticks(epochs))
    ax.set_xlim(0, epochs)
    # A tick takes longer to draw than a line: four are enough.
    ax.locator_params(axis="y", nbins=4)
    label_axes(ax, "epoch", METRIC_NAMES[METRIC])


def _loss_limits(losses):
    """Return limits that show the fall and the beginning of the rise, but not an explosion."""
    if not len(losses):
        return 0, 1
    start = float(np.median(losses[: max(1, len(losses) // 10)]))
    fall = max(start - losses.min(), abs(start) / 2) or 1
    return start - 1.1 * fall, start + 0.6 * fall


def _rate_axis(ax, rates):
    """Make a log axis; over few powers of ten there are ticks between them."""
    low, high = (math.log10(rate) for rate in (rates[0], rates[-1]))
    ax.set_xscale("log")
    factors = (1,) if high - low > 2.5 else (1, 2, 5)
    powers = range(math.floor(low), math.ceil(high) + 1, max(1, round((high - low) / 8)))
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_xlim(rates[0] / MARGIN, rates[-1] * MARGIN)


def _ticks(epochs):
    return MaxNLocator(5, steps=[1, 2, 5, 10], integer=True).tick_values(0, epochs)


def _write_above(ax, place, words, color, **options):
    ax.text(place, 1.03, words, color=color, fontsize=FONT_SIZE, transform=ax.transAxes, **options)
