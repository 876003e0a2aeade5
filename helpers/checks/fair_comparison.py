"""Checks of lesson 06: its own paired interval, and its exercises."""

import math

import numpy as np

from helpers.checks.verdict import not_attempted, right, wrong
from helpers.results import Run, Runs
from helpers.results.paired import paired_difference

HIDDEN_DIFFERENCES = (
    [0.02, -0.01, 0.03, 0.0, 0.01],
    [1.0, 2.0],
    [-0.3, -0.1, -0.2, -0.25, -0.15, -0.4, -0.05, -0.2],
)
UNKNOWN_TARGET = 0.9
# Accuracy in percent after every 20 updates.
_UNKNOWN = {
    "A": (30, 55, 72, 82, 86, 88, 89, 89, 91, 93, 95, 96),
    "B": (45, 70, 84, 88, 91, 90, 92, 91, 92, 91, 92, 92),
    "C": (25, 45, 60, 74, 83, 87, 91, 93, 94, 94, 95, 95),
}
_EVERY = 20
LEAST_RATES, LEAST_TUNING_SEEDS = 4, 2


def paired_interval(function):
    """Check the lesson's own interval: `function(differences)` gives `(low, high)`.

    Args:
        function: The learner's function, or `...`.
    """
    if function is ... or function(HIDDEN_DIFFERENCES[0]) is ...:
        return not_attempted()
    for differences in HIDDEN_DIFFERENCES:
        given = np.asarray(function(np.array(differences)), dtype="float64").ravel()
        if given.shape != (2,):
            return wrong("Give two numbers: (low, high).")
        true = paired_difference("a", "b", "loss", "min", dict(enumerate(differences)))
        if not np.isclose(given.mean(), true.mean):
            return wrong("The interval is not centered on the mean of the differences.")
        ratio = (given[1] - given[0]) / (true.high - true.low)
        if not math.isclose(ratio, 1, rel_tol=1e-3):
            size = "wide" if ratio > 1 else "narrow"
            return wrong(
                f"With {len(differences)} seeds the interval is too {size}. Which number divides "
                "the squares, and which quantile belongs to so few seeds?"
            )
    return right(f"The same interval as the library's for {len(HIDDEN_DIFFERENCES)} sets of seeds.")


def unknown_tournament():
    """Return the `Runs` whose picture exercise 1 reads: three made-up techniques."""
    updates = [_EVERY * (place + 1) for place in range(len(_UNKNOWN["A"]))]
    return Runs(
        tuple(
            Run(name, 0, {"val_accuracy": [percent / 100 for percent in curve]}, updates)
            for name, curve in _UNKNOWN.items()
        )
    )


def read_tournament(answer):
    """Check exercise 1: what was read off the picture of `unknown_tournament`.

    Args:
        answer: `(first at the target, after how many updates, best at the end)`, or `...`.
    """
    if answer is ...:
        return not_attempted()
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        return wrong("Give three things: (a name, a number of updates, a name).")
    quickest, updates, best = answer
    if {quickest, best} - set(_UNKNOWN):
        return wrong("Names are 'A', 'B' and 'C', as text.")
    steps = unknown_tournament().steps_to("val_accuracy", UNKNOWN_TARGET)
    needed = dict(zip(steps["label"], steps["steps"]))
    if quickest != min(needed, key=needed.get):
        return wrong("Another technique crosses the target further to the left.")
    # A line between two measurements crosses a little before the one that is counted.
    if not needed[quickest] - _EVERY <= updates <= needed[quickest]:
        return wrong("Look again at where it crosses the target: the axis counts updates.")
    if best != max(_UNKNOWN, key=lambda name: _UNKNOWN[name][-1]):
        return wrong("Another technique is higher at the end of the budget.")
    return right("The first at the target is not the best at the end.")


def honest_report(function):
    """Check exercise 2: `function(validation, test)`, the test loss that may be reported.

    Args:
        function: The learner's function, or `...`; it gets arrays `(rates, seeds)` of losses.
    """
    cases = _report_cases()
    if function is ... or function(*cases[0]) is ...:
        return not_attempted()
    for validation, test in cases:
        given = function(validation.copy(), test.copy())
        if np.size(given) != 1:
            return wrong(f"One loss is to be reported, not {np.size(given)}.")
        given = float(np.asarray(given).item())
        chosen = np.argmin(validation.mean(axis=1))
        if math.isclose(given, test[chosen].mean()):
            continue
        if math.isclose(given, test.mean(axis=1).min()):
            return wrong(
                "This rate has the best loss on the images that judge. What did you choose it by?"
            )
        if math.isclose(given, test.min()):
            return wrong("This is the best seed of all. A claim is about their mean.")
        if math.isclose(given, test[chosen].min()):
            return wrong("The rate is chosen well. Which of its seeds did you report?")
        if math.isclose(given, validation[chosen].mean()):
            return wrong("The rate is chosen well, but this is the loss it was chosen by.")
        return wrong("Choose one rate by its mean over the seeds; report its mean, elsewhere.")
    return right("Chosen on one set, reported on the other, all seeds counted.")


def _report_cases():
    """Return validation and test losses in which every popular shortcut gives another number."""
    cases = []
    for seed in range(3):
        generator = np.random.default_rng(seed)
        shape = (5, 4)
        best_by_validation, best_by_test = generator.permutation(5)[:2]
        validation = 1 + generator.random(shape)
        test = 1 + generator.random(shape)
        validation[best_by_validation] -= 0.7
        test[best_by_test] -= 0.7
        # One lucky seed of a rate that is poor on the whole.
        validation[best_by_test, 0] = 0.05
        cases.append((validation, test))
    return cases


def comparison_design(settings, *, most_updates, updates_per_run, spread, difference):
    """Check exercise 3: a comparison of two techniques that can show what it looks for.

    Args:
        settings: The learner's `{"rates": ..., "tuning_seeds": ..., "seeds": ...}`, whole numbers
            for each of the two techniques, or `...`.
        most_updates: Updates that there are for everything.
        updates_per_run: Updates of one run.
        spread: Standard deviation of the differences between the two, seed by seed.
        difference: The difference that the interval must be able to tell from zero.
    """
    if settings is ...:
        return not_attempted()
    wanted = ("rates", "tuning_seeds", "seeds")
    if not isinstance(settings, dict) or set(settings) != set(wanted):
        return wrong(f"Give a dict with {', '.join(wanted)}.")
    rates, tuning_seeds, seeds = (settings[name] for name in wanted)
    whole = all(isinstance(value, (int, np.integer)) for value in settings.values())
    if not whole or min(settings.values()) < 1:
        return wrong("All three are whole numbers, 1 or more.")
    cost = 2 * updates_per_run * (rates * tuning_seeds + seeds)
    if cost > most_updates:
        return wrong(f"This takes {cost:,} updates; there are {most_updates:,}.")
    if rates < LEAST_RATES:
        return wrong("So few rates can miss the best one by far: lesson 1 sweeps decades.")
    if tuning_seeds < LEAST_TUNING_SEEDS:
        return wrong("One seed chooses by luck. Let the rates be chosen by more.")
    if seeds < 2:
        return wrong("One difference has no spread: an interval needs two seeds or more.")
    width = paired_difference("a", "b", "loss", "min", _with_spread(seeds, spread))
    half = (width.high - width.low) / 2
    if half >= difference:
        return wrong(
            f"The interval would reach {half:.4f} to each side: too wide to tell {difference:g} "
            "from zero. What makes it narrower?"
        )
    return right(f"{cost:,} updates, and an interval of ± {half:.4f}.")


def _with_spread(count, spread):
    """Return so many differences whose sample standard deviation is the spread."""
    values = np.arange(count) - (count - 1) / 2
    return dict(enumerate(values * spread / values.std(ddof=1)))
