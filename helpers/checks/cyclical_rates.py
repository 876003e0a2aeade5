"""Checks of lesson 03: its own triangle, and its exercises."""

import math

from helpers.checks.functions import compare_schedules
from helpers.checks.verdict import not_attempted, right, wrong
from helpers.schedules import Schedule, Triangular

# (min_rate, max_rate, half_cycle_steps): round ones, an odd one, one step up and one down.
HIDDEN_CYCLES = [(0.1, 0.5, 4), (0.001, 0.006, 2000), (0.0, 1.0, 7), (0.2, 0.4, 1)]
# The plan of exercise 3: examples, batch size, epochs.
TASK = (5_000, 64, 30)
_UNKNOWN = Triangular(0.02, 0.08, 50)


def triangular(function):
    """Check the lesson's own triangle: `function(step, min_rate, max_rate, half_cycle_steps)`.

    Args:
        function: The learner's function, or `...`.
    """
    compare_schedules(function, _cases("triangular"))


def triangular2(function):
    """Check exercise 2: as `triangular`, with an amplitude that halves after every cycle.

    Args:
        function: The learner's function, or `...`.
    """
    compare_schedules(function, _cases("triangular2"))


def unknown_cycle():
    """Return the schedule whose picture exercise 1 reads."""
    return _UNKNOWN


def read_cycle(answer):
    """Check exercise 1: what was read off the picture of `unknown_cycle`.

    Args:
        answer: `(min_rate, max_rate, half_cycle_steps)`, or `...`.
    """
    if answer is ...:
        return not_attempted()
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        return wrong("Give three numbers: (min_rate, max_rate, half_cycle_steps).")
    true = (_UNKNOWN.min_rate, _UNKNOWN.max_rate, _UNKNOWN.half_cycle_steps)
    hints = (
        "Your lowest rate differs. Where does the line turn upward?",
        "Your highest rate differs. How high is the peak, by the axis on the left?",
        "Your half cycle differs. Count updates from a trough to the next peak, not to the next "
        "trough.",
    )
    for given, wanted, hint in zip(answer, true, hints):
        if not math.isclose(float(given), wanted, rel_tol=0.12):
            return wrong(hint)
    return right("Read as drawn.")


def cycle_plan(schedule, *, usable):
    """Check exercise 3: a cycle for 5,000 examples, batches of 64 and 30 epochs.

    Args:
        schedule: The learner's schedule, or `...`.
        usable: `(smallest, largest)` rate of the window that its bounds must keep.
    """
    if schedule is ...:
        return not_attempted()
    if not isinstance(schedule, Schedule):
        return wrong("Give a schedule, such as schedules.Triangular(...).")
    examples, batch_size, epochs = TASK
    updates_per_epoch = -(-examples // batch_size)
    total = updates_per_epoch * epochs
    ends = schedule.cycle_ends(total)
    if len(ends) < 3:
        return wrong(f"Cycles that end within the training: {len(ends)}; plan three or more.")
    half = ends[0] / 2 / updates_per_epoch
    if not 2 <= half <= 10:
        side = "shorter than 2" if half < 2 else "longer than 10"
        return wrong(f"Your first half cycle is {side} epochs. The last, short batch counts too.")
    if ends[-1] != total:
        return wrong(
            "Training stops in the middle of a cycle. How many updates does an epoch have, with "
            "its last, short batch?"
        )
    low, high = schedule.rate_bounds
    if not usable[0] * 0.999 <= high <= usable[1] * 1.001:
        return wrong("The highest rate lies outside of the usable window.")
    if not 2.9 <= high / max(low, 1e-12) <= 4.1:
        return wrong("The lowest rate does not follow the rule of section 5.")
    return right("Cycles of the right length, ended at a trough, within the window.")


def _cases(mode):
    cases = []
    for low, high, half in HIDDEN_CYCLES:
        settings = {"min_rate": low, "max_rate": high, "half_cycle_steps": half}
        around = [0, 1, half - 1, half, half + 1, 2 * half - 1, 2 * half, 2 * half + 1]
        steps = sorted({*around, *(5 * half + shift for shift in (-1, 0, 1)), 40 * half})
        cases.append((settings, Triangular(low, high, half, mode=mode), steps))
    return cases
