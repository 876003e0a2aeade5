"""Checks of the exercises of lesson 05."""

import numpy as np

from helpers.checks.verdict import not_attempted, right, wrong

_SPREADS = [(0.01, 3, 10), (0.001, 6, 2.6), (0.3, 1, 10), (0.05, 2, 4), (1e-4, 4, 1), (0.2, 3, 0.5)]
_RATE, _UPDATES = 0.01, 30
_GENERATOR = np.random.default_rng(5)
_WEIGHTS = _GENERATOR.normal(size=4)
# One steady, one noisy, one that changes sign, one far smaller than the others.
_GRADIENTS = np.stack(
    [
        np.full(_UPDATES, 2.0),
        _GENERATOR.normal(1.0, 1.0, _UPDATES),
        np.resize([1.0, -0.5], _UPDATES),
        np.full(_UPDATES, 0.01),
    ],
    axis=1,
)


def rate_spread(function):
    """Check exercise 1: `function(top_rate, count, ratio)`, a rate for each group.

    Args:
        function: The learner's function, or `...`; it returns the rates, the group nearest to the
            input first.
    """
    if function is ... or function(0.01, 3, 10) is ...:
        return not_attempted()
    for top_rate, count, ratio in _SPREADS:
        called = f"With top_rate={top_rate:g}, count={count}, ratio={ratio:g}"
        given = _numbers(function(top_rate, count, ratio))
        if given is None or given.shape != (count,):
            return wrong(f"{called}, a rate is wanted for each group, and nothing else.")
        true = np.array([top_rate / ratio**distance for distance in range(count)])[::-1]
        if np.allclose(given, true, rtol=1e-6, atol=0):
            continue
        if np.allclose(given, true[::-1], rtol=1e-6, atol=0):
            return wrong(f"{called}, the order is turned round. Which group meets the input?")
        if not np.isclose(given[-1], top_rate, rtol=1e-6):
            return wrong(f"{called}, the last group should train at top_rate itself.")
        return wrong(f"{called}, neighbors do not differ by the ratio everywhere.")
    return right(f"Equal factors between neighbors in all {len(_SPREADS)} cases.")


def first_rate(answer, *, top_rate, layers, factor):
    """Check exercise 2: the rate of the first layer, predicted before it is printed.

    Args:
        answer: A rate, or `...`.
        top_rate: The rate of the last layer.
        layers: How many layers have a rate of their own, the last one included, two or more.
        factor: How many times higher a layer's rate is than that of the layer before it.
    """
    if answer is ...:
        return not_attempted()
    given = None if isinstance(answer, str) else _numbers(answer)
    if given is None or given.size != 1 or not given > 0:
        return wrong("Give one rate above 0, as a number.")
    # How many steps down from the last layer would give this rate, as a float.
    steps = float(np.log(top_rate / given.item()) / np.log(factor))
    # As exact as two digits of the rate.
    if abs(steps - (layers - 1)) * np.log(factor) < 0.05:
        return right("That is how little of the rate is left at the input.")
    if steps < 0:
        return wrong("The first layer would learn faster than the last.")
    if abs(abs(steps - (layers - 1)) - 1) * np.log(factor) < 0.05:
        return wrong("Off by one factor: count the steps between layers.")
    return wrong(
        f"Too {'low' if steps > layers - 1 else 'high'}. How often does it shrink, and from where?"
    )


def group_adam(function):
    """Check exercise 3: Adam with a multiplier for the rate of a group, its mistake repaired.

    It is called as `function(weights, gradients, memory, *, rate, multiplier)`. `memory` is a dict
    that holds `mean` and `square` (arrays, 0 at first) and `updates` (0 at first); the function
    goes on with it. It returns the new weights.

    Args:
        function: The learner's function, or `...`.
    """
    if function is ... or _replay(function, 1.0) is ...:
        return not_attempted()
    for multiplier in (1.0, 0.1, 0.001, 0.0):
        weights = _replay(function, multiplier)
        if weights is None:
            return wrong("It should return the new weights, an array as long as the old ones.")
        if not np.isfinite(weights).all():
            return wrong(f"With the multiplier {multiplier:g} a weight is no finite number.")
        change = weights - _WEIGHTS
        if multiplier == 0 and change.any():
            return wrong("With the multiplier 0 the weights still move.")
        if np.allclose(change, multiplier * _change_by_adam(), rtol=1e-3, atol=1e-9):
            continue
        if multiplier == 1:
            return wrong(
                "With the multiplier 1 it is Adam no longer: look at what else you changed."
            )
        share = np.linalg.norm(change) / np.linalg.norm(_change_by_adam())
        return wrong(
            f"With the multiplier {multiplier:g} the weights move {share:.3g} times as far as with "
            f"1, after {_UPDATES} updates."
        )
    return right("Each group moves as under an Adam of its own, with its own rate.")


def _replay(function, multiplier):
    """Return the weights after all gradients; None where the function gives no such array."""
    weights = _WEIGHTS.copy()
    memory = {"mean": np.zeros(4), "square": np.zeros(4), "updates": 0}
    for gradients in _GRADIENTS:
        weights = function(weights, gradients.copy(), memory, rate=_RATE, multiplier=multiplier)
        if weights is ...:
            return ...
        weights = _numbers(weights)
        if weights is None or weights.shape != (4,):
            return None
    return weights


def _change_by_adam():
    """Return what Adam adds to the weights in all, from the weighted means it stands for."""
    change = np.zeros(4)
    for last in range(1, _UPDATES + 1):
        ages, seen = np.arange(last)[::-1, None], _GRADIENTS[:last]
        mean = np.sum(0.9**ages * seen, axis=0) / np.sum(0.9**ages)
        square = np.sum(0.999**ages * seen**2, axis=0) / np.sum(0.999**ages)
        change -= _RATE * mean / (np.sqrt(square) + 1e-7)
    return change


def _numbers(value):
    """Return an array of floats, or None where there is none."""
    try:
        return np.asarray(value, dtype="float64")
    except (TypeError, ValueError):
        return None
