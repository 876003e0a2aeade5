"""When a range test ends: a loss that is not finite, then one far above its best."""

import math

import numpy as np

from helpers.results.smoothing import smooth

# Share of the planned rates over which the mean fills; nothing is compared before.
WARM_UP = 0.1


def stop_point(losses, planned, stop_factor, smoothing):
    """Return where and why a curve ends.

    Args:
        losses: The losses so far, one for each rate.
        planned: Number of rates in the whole test.
        stop_factor: How many times the best smoothed loss is too much, > 1.
        smoothing: Weight of the past in the mean.

    Returns:
        `(index, words)`: the first point at which the loss is not finite or too high, and what was
        seen there; None if the curve may go on. For losses that reach 0 or below, where a multiple
        says nothing, "too high" is `stop_factor - 1` times the way it fell, above the best.

    Example:
        >>> stop_point([2.0, 1.0, 0.5, 1.0, 3.0], planned=5, stop_factor=4, smoothing=0)
        (4, 'the smoothed loss was more than 4 times its best')
        >>> stop_point([2.0, float("nan")], planned=5, stop_factor=4, smoothing=0)
        (1, 'the loss was not finite')
    """
    losses = np.asarray(losses, dtype="float64")
    lost = np.flatnonzero(~np.isfinite(losses))
    end = int(lost[0]) if len(lost) else len(losses)
    high = _first_too_high(losses[:end], math.ceil(WARM_UP * planned), stop_factor, smoothing)
    if high is not None:
        return high, f"the smoothed loss was more than {stop_factor:g} times its best"
    return (end, "the loss was not finite") if end < len(losses) else None


def _first_too_high(losses, warm_up, stop_factor, smoothing):
    if math.isinf(stop_factor) or len(losses) < warm_up:
        return None
    smoothed = smooth(losses, smoothing)[warm_up - 1 :]
    best = np.minimum.accumulate(smoothed)
    reaches_0 = np.minimum.accumulate(losses)[warm_up - 1 :] <= 0
    scale = np.where(reaches_0, np.maximum(np.abs(best), smoothed[0] - best), best)
    high = np.flatnonzero(smoothed > best + (stop_factor - 1) * scale)
    return int(high[0]) + warm_up - 1 if len(high) else None
