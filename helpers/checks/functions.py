"""Comparing a learner's schedule with the library's, and saying where they part."""

import numpy as np

from helpers.checks.verdict import not_attempted, right, wrong


def compare_schedules(function, cases):
    """Check a function of the step against schedules, at and around every boundary.

    Args:
        function: The learner's function, or `...`; called as `function(step, **settings)`.
        cases: Tuples `(settings, schedule, steps)`: the settings to call it with, the true
            schedule, and the steps to compare at.
    """
    settings, _, steps = cases[0]
    if function is ... or function(steps[0], **settings) is ...:
        return not_attempted()
    compared = 0
    for settings, schedule, steps in cases:
        for step in steps:
            given, true = _number(function(step, **settings)), float(schedule(step))
            if given is None:
                return wrong(f"At step {step} your function gives no number.")
            if not np.isclose(given, true, rtol=1e-6, atol=1e-12):
                return wrong(_where(settings, step, given, true, schedule))
            compared += 1
    return right(f"Your function agrees with the library's at {compared} steps.")


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _where(settings, step, given, true, schedule):
    low, high = schedule.rate_bounds
    called = ", ".join(f"{name}={value:g}" for name, value in settings.items())
    side = "too high" if given > true else "too low"
    if not low - 1e-12 <= given <= high + 1e-12:
        side += ", and outside of the bounds"
    return f"With {called}, your rate is {side} at step {step}{_in_its_cycle(step, schedule)}."


def _in_its_cycle(step, schedule):
    """Return where in which cycle a step is, in words; nothing for the first cycle."""
    ends = schedule.cycle_ends(step)
    if not ends:
        return ""
    into = step - ends[-1]
    place = f"{into} step{'s' if into > 1 else ''} into" if into else "the first step of"
    return f", {place} cycle {len(ends)} (the first cycle is cycle 0)"
