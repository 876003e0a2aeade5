"""A range test as a figure: the curve, what the rules read off it, and Smith's bounds."""

import numpy as np

from helpers.plotting.style import BESIDE, LOOKS, PALETTE, SERIES, axes_for, described
from helpers.results import RULES
from helpers.results.paired import METRIC_NAMES
from helpers.results.rules import mean_accuracy

# Not the blue of the bounds, nor black and vermillion, which are those of the curves.
RULE_LOOKS = dict(zip(RULES, [SERIES[place] for place in (2, 3, 5, 6, 7)]))
POINTS = {"color": PALETTE["grey"], "marker": ".", "ls": "none", "ms": 3, "alpha": 0.6}


def plot_range_test(test, metric="loss", *, rules=None, bounds=None, ax=None):
    """Draw the loss or the accuracy against the rates, and the rates that the rules suggest.

    Args:
        test: A `RangeTest`, or a `RangeTestBand`: then the median of the smoothed losses with a
            band over seeds, and each rule with its range over them.
        metric: `"loss"` or `"accuracy"`; of a band the loss only.
        rules: Names from `results.RULES`; None draws all on a loss and none on an accuracy.
        bounds: Whether to shade the range between Smith's bounds; None does on an accuracy.
        ax: Axes to draw into, then without a legend, or None for a new figure.

    Returns:
        The figure; its axis of rates is logarithmic where they rise by equal factors.

    Raises:
        ValueError: If no accuracy was measured.
    """
    own, accuracy = ax is None, metric == "accuracy"
    ax, rates = axes_for(ax, width=8.5, height=3.8), np.asarray(test.rates)
    equal_factors = np.isclose(rates[1] / rates[0], rates[-1] / rates[-2], rtol=1e-3)
    ax.set_xscale("log" if equal_factors else "linear")
    told = (_draw_band if hasattr(test, "tests") else _draw_test)(ax, test, accuracy)
    chosen = (() if accuracy else RULES) if rules is None else rules
    found = _draw_rules(ax, test, chosen)
    if accuracy if bounds is None else bounds:
        found += _draw_bounds(ax, test.bounds())
    shown, scale = METRIC_NAMES[metric], " (log scale)" if equal_factors else ""
    ax.set(xlabel=f"learning rate{scale}", ylabel=shown, xlim=(rates[0], rates[-1]))
    if own:
        ax.legend(**BESIDE)
    grid = f"learning rates from {rates[0]:.3g} to {rates[-1]:.3g}"
    sentence = f"{shown} against {grid}: {told}. Suggested: {', '.join(found) or 'nothing'}."
    return described(ax.figure, sentence[0].upper() + sentence[1:])


def _draw_test(ax, test, accuracy):
    values = test.accuracies if accuracy else test.losses
    held_out = test.val_accuracies if accuracy else test.val_losses
    if values is None:
        raise ValueError('No accuracy was measured; compile the model with metrics=["accuracy"].')
    mean = mean_accuracy(values) if accuracy else test.smoothed
    ax.plot(test.rates, values, label="each batch", **POINTS)
    ax.plot(test.rates, mean, **LOOKS["training"], label="smoothed")
    if held_out is not None:
        seen = np.isfinite(held_out)
        ax.plot(test.rates[seen], held_out[seen], **LOOKS["validation"], label="held-out data")
    known = np.flatnonzero(np.isfinite(mean))
    if not len(known):
        return "no value was finite"
    if accuracy:
        ax.set_ylim(0, 1.02)
    else:
        _limit_loss(ax, [mean])
    place = known[(np.argmax if accuracy else np.argmin)(mean[known])]
    ends = f"{mean[known[0]]:.3g} at first and {mean[place]:.3g} at best"
    where = f"at a rate of {test.rates[place]:.3g}; the test ended: {test.stop_reason}"
    return f"smoothed, it is {ends}, {where}"


def _draw_band(ax, band, _):
    # Beyond, a few seeds that do not diverge would stand for all.
    curve = band.curve().query(f"2 * seeds >= {len(band)}").set_index("learning_rate")
    look = {"color": PALETTE["grey"], "alpha": 0.3, "lw": 0}
    ax.fill_between(curve.index, curve["lowest"], curve["highest"], **look)
    label = f"smoothed, median of {len(band)} seeds"
    ax.plot(curve["median"], **LOOKS["training"], label=label)
    _limit_loss(ax, [test.smoothed for test in band.tests])
    diverged = sum(test.diverged for test in band.tests)
    return f"smoothed, median and range over {len(band)} seeds, of which {diverged} diverged"


def _limit_loss(ax, curves):
    high = np.nanmax([np.nanmax(curve[: max(1, len(curve) // 10)]) for curve in curves])
    low = np.nanmin([np.nanmin(curve) for curve in curves])
    height = (high - low) or abs(high) or 1.0
    # What explodes leaves the picture.
    ax.set_ylim(low - 0.08 * height, high + 0.35 * height)


def _draw_rules(ax, test, rules):
    """Draw a line for each rule, of a band also its range at the top; return them in words."""
    found, words = test.suggest(), []
    for place, rule in enumerate(rule for rule in rules if found[rule] is not None):
        look, text = RULE_LOOKS[rule], f"{rule.replace('_', ' ')} {found[rule]:.3g}"
        if hasattr(test, "tests"):
            low, high = test.spread().loc[rule, ["lowest", "highest"]]
            text += f" ({low:.3g} to {high:.3g})"
            height = [0.97 - 0.05 * place] * 2
            ax.plot([low, high], height, transform=ax.get_xaxis_transform(), color=look["color"])
        words.append(text)
        ax.axvline(found[rule], label=text, lw=1.6, color=look["color"], ls=look["linestyle"])
    return words


def _draw_bounds(ax, bounds):
    if None not in bounds:
        ax.axvspan(*bounds, color=PALETTE["sky"], alpha=0.2, lw=0, zorder=0)
    reasons, words = (bounds.min_reason, bounds.max_reason), []
    for name, rate, reason, dashes in zip(("min_rate", "max_rate"), bounds, reasons, ("--", "-")):
        words.append(f"no {name}, for {reason}" if rate is None else f"{name} {rate:.3g}, {reason}")
        if rate is not None:
            ax.axvline(rate, color=PALETTE["blue"], ls=dashes, label=f"{name} {rate:.3g}")
    return words
