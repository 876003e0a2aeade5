"""Checks of the exercises of lesson 01."""

import math

import numpy as np

from helpers.checks.verdict import not_attempted, right, wrong
from helpers.landscapes import Parabola, descend

# (curvature, start, rate, momentum): walks that converge, swing, and grow.
HIDDEN_WALKS = [
    (1.0, 4.0, 0.5, 0.0),
    (2.0, 3.0, 0.3, 0.5),
    (4.0, -1.0, 0.1, 0.9),
    (1.0, 1.0, 2.5, 0.1),
]


def usable_window(answer, runs, metric="val_accuracy", within=0.03):
    """Check exercise 1a: the smallest and the largest rate that are close to the best.

    Args:
        answer: `(smallest, largest)`, rates of the grid, which may be rounded; or `...`.
        runs: The `Runs` of the sweep that was read.
        metric: The metric that was read.
        within: How close counts.
    """
    if answer is ...:
        return not_attempted()
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return wrong("Give two rates: (smallest, largest).")
    low, high = sorted(float(rate) for rate in answer)
    for given in (low, high):
        # One digit is enough: 0.03 is the rate 0.0316.
        if not any(math.isclose(given, rate, rel_tol=0.06) for rate in runs.labels):
            return wrong(f"{given:g} is no rate of the grid. Give rates at which a point stands.")
    usable = runs.usable(metric, within)
    for given, true, end in ((low, min(usable), "smallest"), (high, max(usable), "largest")):
        if not math.isclose(given, true, rel_tol=0.06):
            side = "inside" if (given > true) == (end == "smallest") else "outside of"
            return wrong(f"Your {end} rate lies {side} the window. Which points reach the line?")
    return right(f"These rates are within {within:g} of the best.")


def momentum_descent(function):
    """Check exercise 1b: `function(curvature, start, rate, momentum, steps)` -> list of positions.

    Args:
        function: The learner's function, or `...`.
    """
    if function is ... or function(*HIDDEN_WALKS[0], 0) is ...:
        return not_attempted()
    for curvature, start, rate, momentum in HIDDEN_WALKS:
        given = np.asarray(function(curvature, start, rate, momentum, 6), dtype="float64").ravel()
        true = descend(Parabola(curvature), start, rate=rate, momentum=momentum, steps=6).path[:, 0]
        if given.shape != true.shape:
            return wrong(
                f"Six updates should give {len(true)} positions with the start as the first; yours "
                f"gives {len(given)}."
            )
        if not np.allclose(given[:2], true[:2]):
            return wrong(
                "The first update differs. The velocity starts at 0; the slope is curvature * x."
            )
        if not np.allclose(given, true):
            kind = "without" if momentum == 0 else "with"
            return wrong(
                f"The walk {kind} momentum differs from the second update on: is the velocity kept?"
            )
    return right(f"Your walk agrees with the library's on {len(HIDDEN_WALKS)} walks.")


def grid_design(rates, seeds, runs, *, budget=24, metric="val_accuracy"):
    """Check exercise 1c: a grid of rates and seeds that finds a trustworthy answer in the budget.

    Args:
        rates: The learner's rates, or `...`.
        seeds: The learner's seeds, or `...`.
        runs: What a sweep over them gave, or None.
        budget: Largest number of runs.
        metric: The metric to choose by.
    """
    if rates is ... or seeds is ...:
        return not_attempted()
    rates, seeds = sorted(float(rate) for rate in rates), list(seeds)
    if len(rates) * len(seeds) > budget:
        return wrong(f"{len(rates)} rates x {len(seeds)} seeds are more than {budget} runs.")
    if len(seeds) < 3:
        return wrong("With so few seeds, the spread of a rate is a guess. Trade rates for seeds.")
    if len(rates) < 4:
        return wrong("So few rates cannot show a window. Trade seeds for rates.")
    steps = np.diff(np.log10(rates))
    if steps.max() > 1.5 * steps.min():
        return wrong("The rates are not evenly spaced on a log axis: some gaps are far wider.")
    if runs.best(metric).at_edge:
        return wrong("The best rate lies at the edge of your grid: what lies beyond it?")
    return right("A window, a spread, and a best rate in the middle, within the budget.")
