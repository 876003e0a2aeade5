"""Five rules that read one learning rate off the loss curve of a range test.

They disagree by orders of magnitude on one and the same curve, and each moves between seeds: a rule
is a starting point, not an answer. All of them look at the smoothed loss, at finite points only,
and leave out the first tenth of the points, where the mean has little to go by.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from helpers.results.smoothing import scatter, smooth

RULES = {
    "valley": "halfway along the longest fall of the loss",
    "steepest": "where the loss falls fastest for each factor of the rate",
    "minimum_over_ten": "a tenth of the rate at which the loss is lowest",
    "turning_point": "the last rate before the loss rises",
    "slide": "coming down from the highest rate, where the slope of the loss stops changing",
}

RULE_NAMES = {rule: rule.replace("_", " ") for rule in RULES} | {"minimum_over_ten": "minimum / 10"}

FEWEST_POINTS = 20
# A fall that noise alone would make once in some thousand tests is none.
NOISE_FACTOR = 5.0
# The interval of `slide`: points between its ends, and how far the slopes at the ends may differ.
SLIDE_POINTS, SLIDE_SLOPE = 15, 0.005


@dataclass(frozen=True)
class Suggestion:
    """What a rule says of one curve.

    Attributes:
        rate: The rate, or None where the rule finds none.
        reason: What it was read off, or why there is none.
    """

    rate: float | None
    reason: str


def suggestions(rates, losses, smoothing, diverged=False):
    """Apply every rule to one curve.

    Args:
        rates: Learning rates, rising, > 0.
        losses: The loss at each, finite or not.
        smoothing: Weight of the past in the mean, 0 to below 1.
        diverged: Whether the loss is known to have exploded after the last point.

    Returns:
        Dict of rule to `Suggestion`, in the order of `RULES`.

    Example:
        >>> rates = np.geomspace(1e-4, 1, 201)
        >>> losses = np.abs(np.log10(rates) + 1)  # falls to 0 at a rate of 0.1, then rises
        >>> found = suggestions(rates, losses, smoothing=0)
        >>> round(found["turning_point"].rate, 6), round(found["minimum_over_ten"].rate, 6)
        (0.1, 0.01)
    """
    curve, reason = _curve(np.asarray(rates), np.asarray(losses), smoothing, diverged)
    if curve is None:
        return {rule: Suggestion(None, reason) for rule in RULES}
    return {rule: _APPLY[rule](curve) for rule in RULES}


def chosen_rules(rules):
    """Return rules as a tuple in the order of `RULES`.

    Args:
        rules: Names from `RULES`, or one name; None chooses all.

    Returns:
        A tuple of names.

    Raises:
        ValueError: If a name is not known.
    """
    rules = RULES if rules is None else (rules,) if isinstance(rules, str) else tuple(rules)
    for rule in rules:
        if rule not in RULES:
            raise ValueError(f"There is no rule {rule!r}; known are {', '.join(RULES)}.")
    return tuple(rule for rule in RULES if rule in rules)


def turns_up(rates, losses, smoothing):
    """Return whether the smoothed loss falls and then rises, both by more than its noise.

    Args:
        rates: As for `suggestions`.
        losses: As for `suggestions`.
        smoothing: As for `suggestions`.

    Returns:
        A bool.
    """
    curve, _ = _curve(np.asarray(rates), np.asarray(losses), smoothing, diverged=False)
    return curve is not None and curve.rises


@dataclass(frozen=True)
class _Curve:
    """A curve that is known to fall: the points the rules look at."""

    rates: np.ndarray
    smoothed: np.ndarray
    lowest: int
    rises: bool
    lowest_rate_tried: float


def _curve(rates, losses, smoothing, diverged):
    """Return `(curve, "")`, or `(None, reason)` where there is nothing to read."""
    finite = np.isfinite(losses)
    rates, losses = rates[finite], losses[finite]
    if len(losses) < FEWEST_POINTS:
        return None, (
            f"only {len(losses)} finite points were measured; {FEWEST_POINTS} are the least: "
            "raise steps, or lower min_rate"
        )
    first = len(losses) // 10
    smoothed = smooth(losses, smoothing)[first:]
    lowest = int(np.argmin(smoothed))
    margin = _margin(losses, smoothing, first)
    if losses[:first].mean() - smoothed[lowest] <= margin:
        return None, (
            "the loss never fell by more than its noise; test more steps or higher rates, and "
            "check that the model learns at all"
        )
    rises = diverged or smoothed[lowest:].max() - smoothed[lowest] > margin
    return _Curve(rates[first:], smoothed, lowest, bool(rises), float(rates[0])), ""


def _margin(losses, smoothing, first):
    """Return the least change of the smoothed loss that noise does not explain."""
    # The variance of an exponential mean, and that of a plain one over the first points.
    share = (1 - smoothing) / (1 + smoothing) + 1 / first
    rounding = 1e-9 * np.abs(losses[:first]).max()
    return NOISE_FACTOR * scatter(losses) * math.sqrt(share) + rounding


def _valley(curve):
    length, end = longest_fall(curve.smoothed)
    return Suggestion(
        float(curve.rates[end - length // 2]),
        f"halfway along the longest fall, of {length} points, which ends at {curve.rates[end]:.3g}",
    )


def longest_fall(values):
    """Return the longest strictly falling subsequence: how many points it has, where it ends.

    Args:
        values: The curve; points of the subsequence need not be neighbors.

    Returns:
        `(length, end)`: its length, and the index of its last point; the first such end, where
        there are several.

    Example:
        >>> longest_fall([5, 9, 4, 6, 3, 8])
        (3, 4)
    """
    # ends[k]: the highest value that ends a fall of k + 1 points, negated so that ends are sorted.
    ends, longest, end = [], 0, 0
    for place, value in enumerate(values):
        shorter = bisect_left(ends, -value)
        ends[shorter : shorter + 1] = [-value]
        if shorter + 1 > longest:
            longest, end = shorter + 1, place
    return longest, end


def _steepest(curve):
    if curve.lowest < 2:
        return Suggestion(None, "the loss is lowest at the first points already; lower min_rate")
    slopes = np.gradient(curve.smoothed, np.log(curve.rates))[: curve.lowest + 1]
    rate = float(curve.rates[np.argmin(slopes)])
    return Suggestion(rate, "the steepest slope on a log axis before the lowest loss")


def _minimum_over_ten(curve):
    lowest = float(curve.rates[curve.lowest])
    if not curve.rises:
        return _still_falling()
    if lowest / 10 < curve.lowest_rate_tried:
        return Suggestion(
            None, f"a tenth of {lowest:.3g} lies below the lowest rate tried; lower min_rate"
        )
    return Suggestion(lowest / 10, f"a tenth of {lowest:.3g}, where the smoothed loss is lowest")


def _turning_point(curve):
    if not curve.rises:
        return _still_falling()
    rate = float(curve.rates[curve.lowest])
    return Suggestion(rate, f"the smoothed loss is lowest at {rate:.3g} and rises from there")


def _still_falling():
    return Suggestion(None, "the loss did not rise up to the highest rate; raise max_rate")


def _slide(curve):
    slopes = np.gradient(curve.smoothed)
    if len(slopes) <= SLIDE_POINTS + 1:
        return Suggestion(None, "too few points for an interval of slopes; raise steps")
    change = np.abs(slopes[SLIDE_POINTS:] - slopes[:-SLIDE_POINTS])
    settled = np.flatnonzero(change <= SLIDE_SLOPE)
    if len(settled) == 0:
        return Suggestion(None, "the slope changes everywhere; raise steps, or smooth more")
    if settled[-1] == len(change) - 1:
        return Suggestion(None, "the slope does not change at the highest rates; raise max_rate")
    rate = float(curve.rates[settled[-1] + 1])
    return Suggestion(
        rate, f"below it, slopes {SLIDE_POINTS} points apart differ by {SLIDE_SLOPE:g} or less"
    )


_APPLY = {
    "valley": _valley,
    "steepest": _steepest,
    "minimum_over_ten": _minimum_over_ten,
    "turning_point": _turning_point,
    "slide": _slide,
}
