"""What is read off the curve of a range test: five rules for one rate, and Smith's bounds.

The rules disagree by orders of magnitude on one and the same curve, and each moves between seeds: a
rule is a starting point, not an answer. All five look at the smoothed loss, at finite points only,
and leave out the first tenth of the points, where the mean has little to go by.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

RULES = ("valley", "steepest", "minimum_over_ten", "turning_point", "slide")

FEWEST_POINTS = 20
NO_FALL = "the loss never fell by more than its noise; test more steps or higher rates"
NO_RISE = "the loss did not rise up to the highest rate; raise max_rate"
# A fall that noise alone would make once in some thousand tests is none.
NOISE_OF_LOSS = 5.0
# The interval of `slide`: points between its ends, and how far the slopes at the ends may differ.
SLIDE_POINTS, SLIDE_SLOPE = 15, 0.005

# Of Smith's bounds: neighbors on each side in the mean, as a share of the points.
WINDOW_SHARE = 1 / 30
# The rise begins with its first twentieth and is over with its last.
EDGE = 0.05
NOISE_OF_ACCURACY = 4.0
# A drop this soon after the rise (as a share of the points) is what ends it.
SOON = 0.1


def smooth(values, weight):
    """Return the exponential mean of a curve, corrected for its start.

    Without the correction a constant curve would seem to rise, or to fall, over its first points.

    Args:
        values: The curve.
        weight: Weight of the past, 0 (no smoothing) to below 1.

    Returns:
        float64 array of the same length. A point that is not finite has no mean, NaN, and is left
        out of the means of later points.

    Example:
        >>> smooth([2.0, 2.0, 4.0], 0.5).round(3).tolist()
        [2.0, 2.0, 3.143]
    """
    curve = pd.Series(values, dtype="float64")
    curve = curve.where(np.isfinite(curve))
    return curve.ewm(alpha=1 - weight, ignore_na=True).mean().where(curve.notna()).to_numpy()


def scatter(values):
    """Return how far points lie from the curve around them, as a standard deviation.

    It is read off the differences of neighbors, by their median: neither a slope nor an explosion
    at the end changes it much.

    Args:
        values: The curve, finite, two points or more.

    Example:
        >>> noise = np.random.default_rng(0).normal(scale=0.5, size=10_000)
        >>> round(scatter(np.linspace(0, 9, 10_000) + noise), 1)
        0.5
    """
    steps = np.diff(np.asarray(values, dtype="float64"))
    # A normal variable lies within 0.6745 standard deviations half of the time.
    return float(np.median(np.abs(steps - np.median(steps))) / 0.6745 / np.sqrt(2))


class Suggestion(NamedTuple):
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
        return dict.fromkeys(RULES, Suggestion(None, reason))
    applied = _valley, _steepest, _minimum_over_ten, _turning_point, _slide
    return {rule: Suggestion(*apply(curve)) for rule, apply in zip(RULES, applied)}


def turns_up(rates, losses, smoothing):
    """Return whether the smoothed loss falls and then rises, both by more than its noise."""
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
        few = f"only {len(losses)} finite points"
        return None, f"{few}, not {FEWEST_POINTS}: raise steps, or lower min_rate"
    first = len(losses) // 10
    smoothed = smooth(losses, smoothing)[first:]
    lowest = int(np.argmin(smoothed))
    # The variance of an exponential mean, and that of a plain one over the first points.
    share = (1 - smoothing) / (1 + smoothing) + 1 / first
    rounding = 1e-9 * np.abs(losses[:first]).max()
    margin = NOISE_OF_LOSS * scatter(losses) * math.sqrt(share) + rounding
    if losses[:first].mean() - smoothed[lowest] <= margin:
        return None, NO_FALL
    rises = diverged or smoothed[lowest:].max() - smoothed[lowest] > margin
    return _Curve(rates[first:], smoothed, lowest, bool(rises), float(rates[0])), ""


def _valley(curve):
    length, end = longest_fall(curve.smoothed)
    fall = f"the longest fall, of {length} points, which ends at {curve.rates[end]:.3g}"
    return float(curve.rates[end - length // 2]), f"halfway along {fall}"


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
        return None, "the loss is lowest at the first points already; lower min_rate"
    slopes = np.gradient(curve.smoothed, np.log(curve.rates))[: curve.lowest + 1]
    why = "the steepest slope on a log axis before the lowest loss"
    return float(curve.rates[np.argmin(slopes)]), why


def _minimum_over_ten(curve):
    lowest, why = _turning_point(curve)
    if lowest is None:
        return None, why
    if lowest / 10 < curve.lowest_rate_tried:
        return None, f"a tenth of {lowest:.3g} lies below the lowest rate tried; lower min_rate"
    return lowest / 10, f"a tenth of {lowest:.3g}, where the smoothed loss is lowest"


def _turning_point(curve):
    if not curve.rises:
        return None, NO_RISE
    rate = float(curve.rates[curve.lowest])
    return rate, f"the smoothed loss is lowest at {rate:.3g} and rises from there"


def _slide(curve):
    slopes = np.gradient(curve.smoothed)
    if len(slopes) <= SLIDE_POINTS + 1:
        return None, "too few points for an interval of slopes; raise steps"
    change = np.abs(slopes[SLIDE_POINTS:] - slopes[:-SLIDE_POINTS])
    settled = np.flatnonzero(change <= SLIDE_SLOPE)
    if len(settled) == 0:
        return None, "the slope changes everywhere; raise steps, or smooth more"
    if settled[-1] == len(change) - 1:
        return None, "the slope does not change at the highest rates; raise max_rate"
    why = f"below it, slopes {SLIDE_POINTS} points apart differ by {SLIDE_SLOPE:g} or less"
    return float(curve.rates[settled[-1] + 1]), why


@dataclass(frozen=True)
class Bounds:
    """The lowest and the highest rate of a cycle, and why; unpacks as `min_rate, max_rate`.

    Attributes:
        min_rate: Where the accuracy begins to rise, or None.
        max_rate: Where it slows, turns ragged or falls, or None; above `min_rate`.
        min_reason: What `min_rate` was read off, or why there is none.
        max_reason: What `max_rate` was read off, or why there is none.
    """

    min_rate: float | None
    max_rate: float | None
    min_reason: str
    max_reason: str

    def __iter__(self):
        return iter((self.min_rate, self.max_rate))


def accuracy_bounds(rates, accuracies, diverged=False):
    """Read the bounds of a cycle off the accuracy of a range test: our reading of Smith's eye.

    The accuracy is averaged over neighbors, without lag. The lower bound is where it has made the
    first twentieth of its rise. The upper bound is where it has made all but the last twentieth
    ("slows"), or its peak before the first drop that noise does not explain ("falls"; "ragged" if
    it recovers), whichever comes first.

    Args:
        rates: Learning rates, rising.
        accuracies: The accuracy at each; points that are not finite are left out.
        diverged: Whether the test ended because the loss exploded: if the accuracy still rose
            then, its peak is the upper bound.

    Returns:
        A `Bounds`.

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186,
        section 3.3, which reads them off a plot by eye.

    Example:
        >>> rates = np.geomspace(1e-4, 1e2, 601)
        >>> accuracies = np.interp(np.log10(rates), [-3, -1, 1, 2], [0.1, 0.9, 0.9, 0.1])
        >>> bounds = accuracy_bounds(rates, accuracies)
        >>> round(bounds.min_rate, 4), round(bounds.max_rate, 2)
        (0.0012, 0.08)
    """
    rates, accuracies = np.asarray(rates), np.asarray(accuracies, dtype="float64")
    finite = np.isfinite(accuracies)
    rates, accuracies = rates[finite], accuracies[finite]
    if len(rates) < FEWEST_POINTS:
        return _no_bounds(f"only {len(rates)} accuracies, not {FEWEST_POINTS}: raise steps")
    curve = mean_accuracy(accuracies)
    bottom = int(np.argmin(curve[: len(curve) // 10]))
    top = bottom + int(np.argmax(curve[bottom:]))
    start = float(curve[bottom])
    rise = float(curve[top]) - start
    noise = _noise(accuracies)
    if rise <= max(2 * noise, 1e-9):
        return _no_bounds("the accuracy never rose by more than its noise; test higher rates")
    # Where the rise begins, the raggedness that comes later does not matter.
    first_half = accuracies[: len(accuracies) // 2]
    begin = _begin(curve[: top + 1], start + max(EDGE * rise, _noise(first_half)))
    low, why_low = float(rates[begin]), f"the accuracy begins to rise from {start:.2f}"
    end, why_high = _end(curve, begin, top, max(EDGE * rise, noise))
    if end is None and not diverged:
        return Bounds(low, None, why_low, "the accuracy rose to the highest rate; raise max_rate")
    if end is None:
        end, why_high = top, "the accuracy rose until the loss exploded, up to"
    if end <= begin:
        around = f"the accuracy rose and fell around one rate, {low:.3g}, too quickly for its noise"
        return _no_bounds(f"{around}; test more steps, or average over seeds with run_seeds")
    return Bounds(low, float(rates[end]), why_low, f"{why_high} {curve[end]:.2f}")


def mean_accuracy(accuracies):
    """Return the mean over neighbors in which `accuracy_bounds` looks for the rise."""
    window = 2 * _reach(len(accuracies)) + 1
    return pd.Series(accuracies).rolling(window, center=True, min_periods=1).mean().to_numpy()


def _noise(accuracies):
    """Return the least change of the mean that noise does not explain."""
    return NOISE_OF_ACCURACY * scatter(accuracies) / np.sqrt(2 * _reach(len(accuracies)) + 1)


def _reach(points):
    return max(1, round(WINDOW_SHARE * points))


def _no_bounds(reason):
    return Bounds(None, None, reason, reason)


def _begin(curve, level):
    """Return the first index from which on the rising part of a curve stays above a level."""
    below = np.flatnonzero(curve <= level)
    return int(below[-1]) + 1 if len(below) else 0


def _end(curve, begin, top, margin):
    """Return `(index, reason)` of the end of the rise; the index is None if it has none."""
    slow = begin + int(np.argmax(curve[begin:] >= curve[top] - margin))
    best_so_far = np.maximum.accumulate(curve[begin:])
    drops = begin + np.flatnonzero(best_so_far - curve[begin:] > margin)
    soon = SOON * len(curve)
    if len(drops) and drops[0] - slow <= soon:
        peak = begin + int(np.argmax(curve[begin : drops[0] + 1]))
        how = "turns ragged after" if peak < slow else "begins to fall from"
        return peak, f"the accuracy {how}"
    if len(drops) == 0 and len(curve) - 1 - slow <= soon:
        return None, ""
    return slow, "the accuracy slows at"
