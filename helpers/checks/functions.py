"""Comparing a learner's schedule with the library's, and saying where they part."""

import numpy as np

from helpers.checks.verdict import not_attempted, right, wrong


def compare_schedules(function, cases):
    """Check a function of the step against schedules, at and around every boundary.

    Args:
        function: The learner's function, or `...`; called as `function(step, **settings)`.
        cases: Tuples `(settings, schedule, steps, boundary)`: the settings to call it with, the
            true schedule, the steps to compare at, and the number of steps after which something
            begins anew.
    """
    settings, _, steps, _ = cases[0]
    if function is ... or function(steps[0], **settings) is ...:
        return not_attempted()
    compared = 0
    for settings, schedule, steps, boundary in cases:
        for step in steps:
            given, true = _number(function(step, **settings)), float(schedule(step))
            if given is None:
                return wrong(f"At step {step} your function gives no number.")
            if not np.isclose(given, true, rtol=1e-6, atol=1e-12):
                return wrong(_where(settings, step, boundary, given, true, schedule))
            compared += 1
    return right(f"Your function agrees with the library's at {compared} steps.")


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _where(settings, step, boundary, given, true, schedule):
    low, high = schedule.rate_bounds
    called = ", ".join(f"{name}={value:g}" for name, value in settings.items())
    side = "too high" if given > true else "too low"
    if not low - 1e-12 <= given <= high + 1e-12:
        side += ", and outside of the bounds"
    place = f"step {step}"
    if step >= boundary:
        place += f", which is {step % boundary} steps into cycle {step // boundary}, from 0"
    return f"With {called}, your rate is {side} at {place}."
