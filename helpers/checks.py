"""Checks for what a learner wrote, and bands for what a lesson claims.

A check accepts every correct answer, says in words what is wrong with another one, and never shows
the answer. `...` (Ellipsis) means: not attempted yet.
"""

import functools
import math

import numpy as np

# Lessons are written for this data set; what they claim binds for it alone.
STATED_FOR = "digits"


def expect(what, value, low, high, *, data=STATED_FOR):
    """Print a measured value, and refuse one outside of its band.

    Args:
        what: What the value is.
        value: The value.
        low: Lower end of the band, inclusive.
        high: Upper end of the band, inclusive.
        data: Name of the data set that was used; for another than the lesson's nothing is raised.

    Raises:
        ValueError: If the value is outside of the band.

    Example:
        >>> expect("validation accuracy", 0.93, 0.9, 0.96)
        validation accuracy: 0.9 to 0.96
        >>> expect("validation accuracy", 0.4, 0.9, 0.96, data="cifar10")
        validation accuracy: 0.9 to 0.96 is stated for digits; yours: 0.4
    """
    if data != STATED_FOR:
        print(f"{what}: {low:g} to {high:g} is stated for {STATED_FOR}; yours: {value:.4g}")
    elif low <= value <= high:
        print(f"{what}: {low:g} to {high:g}")
    else:
        raise ValueError(
            f"{what} is {value:.4g}, outside of {low:g} to {high:g}: what the lesson says does not "
            "hold here. Restart and run all; if it stays so, report versions and machine."
        )


class _Wrong(Exception):
    """What does not hold yet, in words."""


class _Open(Exception):
    """The exercise is not attempted."""


def _exercise(check):
    """Let a check say what it found, whatever the answer is or does."""

    @functools.wraps(check)
    def say(*answers, **options):
        try:
            if any(answer is ... for answer in answers):
                raise _Open
            print(f"✓ {check(*answers, **options)}")
        except _Open:
            print("○ not attempted yet")
        except _Wrong as hint:
            print(f"✗ {hint}")
        except Exception as error:
            print(f"✗ Your answer does not fit: {type(error).__name__}: {error}")

    return say


def _need(holds, hint):
    if not holds:
        raise _Wrong(hint)


def _called(function, *arguments, **options):
    """Return what the learner's function gives."""
    result = function(*arguments, **options)
    if result is ...:
        raise _Open
    return result


@_exercise
def usable_window(answer, runs, metric="val_accuracy", within=0.03):
    """Check the smallest and the largest rate of a sweep that are close to the best."""
    low, high = sorted(float(rate) for rate in answer)
    for given in (low, high):
        # One digit is enough: 0.03 is the rate 0.0316.
        _need(
            any(math.isclose(given, rate, rel_tol=0.06) for rate in runs.labels),
            f"{given:g} is no rate of the grid. Give rates at which a point stands.",
        )
    usable = runs.usable(metric, within)
    for given, true, end in ((low, min(usable), "smallest"), (high, max(usable), "largest")):
        side = "inside" if (given > true) == (end == "smallest") else "outside of"
        _need(
            math.isclose(given, true, rel_tol=0.06),
            f"Your {end} rate lies {side} the window. Which points reach the line?",
        )
    return f"These rates are within {within:g} of the best."


@_exercise
def own_sweep(function, build_model, splits):
    """Check a sweep by hand: `function(rates, seeds)`, dict of rate to validation accuracies."""
    from helpers.training import sweep

    rates, seeds = [0.003, 0.03], [5, 6]
    found = _called(function, rates, seeds)
    _need(list(found) == rates, "Give a dict with one entry for each rate.")
    _need(
        all(np.shape(found[rate]) == (2,) for rate in rates),
        "Each rate wants a list with one accuracy for each seed.",
    )
    _need(
        found[0.003][0] != found[0.003][1], "Both seeds give the same. Is the seed set, and used?"
    )
    options = {"epochs": 2, "seeds": seeds, "progress": False}
    true = sweep(build_model, rates, splits.train, splits.validation, **options)
    wanted = [true.last("val_accuracy").loc[rate].tolist() for rate in rates]
    _need(
        np.allclose([found[rate] for rate in rates], wanted, atol=0.02),
        "The accuracies are not those of two epochs with Adam in batches of 32, on validation "
        "images. Does every training begin with a new network, after its seed is set?",
    )
    return "Your sweep agrees with the library's, run by run."


@_exercise
def grid_design(rates, seeds, build_model, splits, budget=24):
    """Check a grid of rates and seeds that finds a trustworthy answer in the budget."""
    from helpers.training import sweep

    rates, seeds = sorted(float(rate) for rate in rates), list(seeds)
    _need(
        len(rates) * len(seeds) <= budget,
        f"{len(rates)} rates x {len(seeds)} seeds are more than {budget} runs.",
    )
    _need(
        len(seeds) >= 3,
        "With so few seeds, the spread of a rate is a guess. Trade rates for seeds.",
    )
    _need(len(rates) >= 4, "So few rates cannot show a window. Trade seeds for rates.")
    steps = np.diff(np.log10(rates))
    _need(
        steps.max() <= 1.5 * steps.min(),
        "The rates are not evenly spaced on a log axis: some gaps are far wider.",
    )
    runs = sweep(build_model, rates, splits.train, splits.validation, epochs=5, seeds=seeds)
    _need(
        not runs.best().at_edge, "The best rate lies at the edge of your grid: what lies beyond it?"
    )
    return "A window, a spread, and a best rate in the middle, within the budget."
