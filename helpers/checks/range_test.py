"""Checks of the exercises of lesson 02."""

import math

import numpy as np

from helpers.checks.verdict import not_attempted, right, wrong
from helpers.results import RangeTest

_TURNING_POINT = 0.2
_CURVES = ([2.3] * 6, [3.0, 1.0, 2.0], list(np.geomspace(4, 0.5, 40)))


def unknown_range_test():
    """Return the `RangeTest` whose picture exercise 1 reads: made up, with a noisy loss."""
    rates = np.geomspace(1e-5, 2, 300)
    places = np.log10(rates)
    turn = math.log10(_TURNING_POINT)
    fall = 2.3 - 1.7 / (1 + np.exp(-4 * (places + 1.8)))
    rise = np.where(places > turn, 3.0 * (places - turn) ** 2, 0.0)
    noise = np.random.default_rng(4).normal(0, 0.03, len(rates))
    return RangeTest(
        rates, fall + rise + noise, smoothing=0.8, stop_reason="the last rate was tried"
    )


def read_range_test(answer):
    """Check exercise 1: what was read off the picture of `unknown_range_test`.

    Args:
        answer: `(turning point, minimum over ten)`, or `...`.
    """
    if answer is ...:
        return not_attempted()
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return wrong("Give two rates: (turning point, minimum over ten).")
    turn, tenth = (float(rate) for rate in answer)
    if min(turn, tenth) <= 0:
        return wrong("Rates are above 0: read the log axis.")
    if not math.isclose(tenth, turn / 10, rel_tol=0.05):
        return wrong("Minimum over ten is a tenth of the rate with the lowest loss.")
    true = unknown_range_test().suggest()["turning_point"]
    # As close as eyes get on this axis.
    if abs(math.log10(turn / true)) > 0.2:
        side = "right" if turn > true else "left"
        return wrong(f"The line is lowest elsewhere: your rate is too far to the {side}.")
    return right("The lowest point of the line, and a tenth of its rate.")


def smoothing(function):
    """Check exercise 2: `function(losses, beta=0.98)`, a mean corrected for its start.

    Args:
        function: The learner's function, or `...`.
    """
    if function is ... or function([1.0, 2.0]) is ...:
        return not_attempted()
    for losses in _CURVES:
        for beta in (0.98, 0.5, 0.0):
            given = np.asarray(function(list(losses), beta=beta), dtype="float64").ravel()
            if given.shape != (len(losses),):
                return wrong(f"{len(losses)} losses should give as many values; got {len(given)}.")
            if np.ptp(losses) == 0 and not np.allclose(given, losses):
                return wrong("A constant loss does not stay constant.")
            if not np.allclose(given, _true_mean(losses, beta)):
                return wrong("The mean differs. How much should the past weigh, how much the loss?")
    return right("A constant stays constant, and each loss has its weight.")


def range_test_design(settings, test, *, most_steps=400, least_per_decade=50):
    """Check exercise 3: a range test that shows where learning begins and where it ends.

    Args:
        settings: The learner's `{"min_rate": ..., "max_rate": ..., "steps": ...}`, or `...`.
        test: The `RangeTest` made with them, or None.
        most_steps: Largest number of updates.
        least_per_decade: Smallest number of updates for each factor of ten.
    """
    if settings is ...:
        return not_attempted()
    if not {"min_rate", "max_rate", "steps"} <= set(settings):
        return wrong("Give all three: min_rate, max_rate and steps.")
    if settings["steps"] > most_steps:
        return wrong(f"More than {most_steps} updates. A range test is meant to be short.")
    decades = math.log10(settings["max_rate"] / settings["min_rate"])
    if settings["steps"] < least_per_decade * decades:
        return wrong(
            f"Fewer than {least_per_decade} updates for each factor of ten. Begin higher, end "
            "lower, or take more updates."
        )
    quiet = np.nanmean(test.accuracies[: max(2, len(test) // 20)])
    low, high = test.bounds()
    if low is None:
        return wrong("The accuracy shows no rise at all. Are the rates high enough?")
    if low <= 3 * test.rates[0] or quiet > 0.3:
        return wrong("Learning begins with your very first rates: begin lower.")
    if high is None:
        return wrong("The accuracy still rises at your last rate: end higher.")
    if test.warning:
        return wrong("The loss does not rise up to your last rate: end higher, to see the whole.")
    return right("It begins where nothing happens, and goes on until the accuracy slows or falls.")


def _true_mean(losses, beta):
    weights = [[beta ** (last - at) for at in range(last + 1)] for last in range(len(losses))]
    return [np.average(losses[: len(row)], weights=row) for row in weights]
