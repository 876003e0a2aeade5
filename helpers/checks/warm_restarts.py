"""Checks of lesson 04: its own cosine with restarts, and its exercises."""

import numpy as np

from helpers.checks.functions import compare_schedules
from helpers.checks.verdict import not_attempted, right, wrong
from helpers.schedules import WarmRestarts

HIDDEN_RESTARTS = [(1.0, 41), (0.1, 10), (0.05, 97), (0.3, 1)]
HIDDEN_DOUBLINGS = [(1.0, 4, 2), (0.1, 41, 2), (0.2, 10, 3), (0.5, 7, 1)]


def cosine_restarts(function):
    """Check the lesson's own restarts: `function(step, max_rate, cycle_steps)`.

    Args:
        function: The learner's function, or `...`.
    """
    cases = []
    for rate, cycle in HIDDEN_RESTARTS:
        steps = sorted({0, cycle // 2, *(k * cycle + d for k in (1, 2, 9) for d in (-1, 0, 1))})
        settings = {"max_rate": rate, "cycle_steps": cycle}
        cases.append((settings, WarmRestarts(rate, cycle), steps))
    compare_schedules(function, cases)


def growing_restarts(function):
    """Check exercise 2: `function(step, max_rate, first_cycle_steps, cycle_mult)`.

    Args:
        function: The learner's function, or `...`.
    """
    cases = []
    for rate, first, mult in HIDDEN_DOUBLINGS:
        schedule = WarmRestarts(rate, first, cycle_mult=mult)
        # Logarithms in double precision first miss the fifth restart of a threefold cycle.
        ends = [0, *schedule.cycle_ends(400 * first)][:7]
        steps = sorted({end + shift for end in ends for shift in (-1, 0, 1) if end + shift >= 0})
        settings = {"max_rate": rate, "first_cycle_steps": first, "cycle_mult": mult}
        cases.append((settings, schedule, steps))
    compare_schedules(function, cases)


def trough_epochs(answer, *, first_cycle_epochs, cycle_mult, most_epochs):
    """Check exercise 1: the numbers of epochs at which training may stop.

    Args:
        answer: A list of ints, or `...`.
        first_cycle_epochs: Epochs of the first cycle.
        cycle_mult: How many times longer each cycle is than the last.
        most_epochs: Epochs that there is time for.
    """
    if answer is ...:
        return not_attempted()
    if not isinstance(answer, (list, tuple)) or not answer:
        return wrong("Give a list of numbers of epochs, such as [5, 10].")
    true = WarmRestarts(1.0, first_cycle_epochs, cycle_mult=cycle_mult).cycle_ends(most_epochs)
    given = sorted(answer)
    if max(given) > most_epochs:
        return wrong("There is no time for the last of these.")
    if given[0] != true[0]:
        return wrong("The first stop differs. When does the first cycle end?")
    if set(given) - set(true):
        return wrong("One of these is in the middle of a cycle. Cycle lengths add up.")
    if len(given) < len(true):
        return wrong("Right as far as it goes; there is time for more.")
    return right("At each of these, training stands at a trough.")


def trough_ensemble(function):
    """Check exercise 3: `function(members, weights)`, a weighted mean of the members.

    Args:
        function: The learner's function, or `...`.
    """
    generator = np.random.default_rng(0)
    members = generator.dirichlet(np.ones(4), size=(3, 5))
    if function is ... or function(members, [1, 1, 1]) is ...:
        return not_attempted()
    for weights in ([1, 1, 1], [0, 0, 1], [1, 2, 3], [0.2, 0.3, 0.5]):
        given = np.asarray(function(members, weights), dtype="float64")
        true = np.tensordot(np.asarray(weights) / np.sum(weights), members, axes=1)
        if given.shape != true.shape:
            return wrong(f"The shape is {given.shape}; wanted is one row per image: {true.shape}.")
        if not np.allclose(given.sum(axis=1), 1):
            return wrong("The rows do not add up to 1. Do your weights?")
        if not np.allclose(given, true):
            return wrong("The mean differs: does each member get its own weight?")
    return right("A weighted mean, and its rows are probabilities.")
