"""Smith's bounds: the rates at which the accuracy of a range test begins to rise, and stops."""

from dataclasses import dataclass

import numpy as np

from helpers.results.smoothing import centered_mean, scatter

FEWEST_POINTS = 20
# Neighbors on each side in the mean, as a share of the points.
WINDOW_SHARE = 1 / 30
# The rise begins with its first twentieth and is over with its last.
EDGE = 0.05
NOISE_FACTOR = 4.0
# A drop this soon after the rise (as a share of the points) is what ends it.
SOON = 0.1


@dataclass(frozen=True)
class Bounds:
    """The lowest and the highest rate of a cycle, and why; unpacks as `min_rate, max_rate`.

    Attributes:
        min_rate: Where the accuracy begins to rise, or None.
        max_rate: Where it slows, turns ragged or falls, or None.
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
    """Read the bounds of a cycle off the accuracy of a range test, as Smith does by eye.

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
        section 3.3.

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
        return _none(
            f"only {len(rates)} accuracies were measured, and {FEWEST_POINTS} are the least; raise "
            "steps"
        )
    curve = mean_accuracy(accuracies)
    bottom = int(np.argmin(curve[: len(curve) // 10]))
    top = bottom + int(np.argmax(curve[bottom:]))
    start = float(curve[bottom])
    rise = float(curve[top]) - start
    noise = _noise(accuracies)
    if rise <= max(2 * noise, 1e-9):
        return _none(
            "the accuracy never rose by more than its noise; test more steps or higher rates"
        )
    # Where the rise begins, the raggedness that comes later does not matter.
    first_half = accuracies[: len(accuracies) // 2]
    begin = _begin(curve[: top + 1], start + max(EDGE * rise, _noise(first_half)))
    low, why_low = float(rates[begin]), f"the accuracy begins to rise from {start:.2f}"
    end, why_high = _end(curve, begin, top, max(EDGE * rise, noise))
    if end is None and not diverged:
        return Bounds(
            low, None, why_low, "the accuracy rose up to the highest rate; raise max_rate"
        )
    if end is None:
        end, why_high = top, "the accuracy rose until the loss exploded, up to"
    return Bounds(low, float(rates[end]), why_low, f"{why_high} {curve[end]:.2f}")


def mean_accuracy(accuracies):
    """Return the mean over neighbors in which `accuracy_bounds` looks for the rise.

    Args:
        accuracies: The curve, finite.

    Returns:
        float64 array of the same length.
    """
    return centered_mean(accuracies, _reach(len(accuracies)))


def _noise(accuracies):
    """Return the least change of the mean that noise does not explain."""
    return NOISE_FACTOR * scatter(accuracies) / np.sqrt(2 * _reach(len(accuracies)) + 1)


def _reach(points):
    return max(1, round(WINDOW_SHARE * points))


def _none(reason):
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
