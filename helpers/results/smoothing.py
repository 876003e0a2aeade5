"""The smoothed curve of a noisy one, and how noisy it is."""

import numpy as np


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
    values = np.asarray(values, dtype="float64")
    result, past, share = np.full(values.shape, np.nan), 0.0, 0.0
    for place in np.flatnonzero(np.isfinite(values)):
        past = weight * past + (1 - weight) * values[place]
        share = weight * share + (1 - weight)
        result[place] = past / share
    return result


def centered_mean(values, half_width):
    """Return the mean of each point and its neighbors, which does not lag behind the curve.

    Args:
        values: The curve, finite.
        half_width: Neighbors on each side, >= 0; at the ends there are fewer on one side.

    Returns:
        float64 array of the same length. A straight line stays what it is, but for its ends.

    Example:
        >>> centered_mean([0, 3, 6, 0, 0], 1).tolist()
        [1.5, 3.0, 3.0, 2.0, 0.0]
    """
    values = np.asarray(values, dtype="float64")
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    first = np.maximum(places - half_width, 0)
    after = np.minimum(places + half_width + 1, len(values))
    return (sums[after] - sums[first]) / (after - first)


def scatter(values):
    """Return how far points lie from the curve around them, as a standard deviation.

    It is read off the differences of neighbors, by their median: neither a slope nor an explosion
    at the end changes it much.

    Args:
        values: The curve, finite, two points or more.

    Returns:
        A float >= 0.

    Example:
        >>> noise = np.random.default_rng(0).normal(scale=0.5, size=10_000)
        >>> round(scatter(np.linspace(0, 9, 10_000) + noise), 1)
        0.5
    """
    steps = np.diff(np.asarray(values, dtype="float64"))
    # A normal variable lies within 0.6745 standard deviations half of the time.
    return float(np.median(np.abs(steps - np.median(steps))) / 0.6745 / np.sqrt(2))
