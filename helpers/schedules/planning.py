"""`plan_cycles`: the arithmetic of updates, epochs and cycles."""

import math
from dataclasses import dataclass

from .arguments import checked_count, one_or_more

# A training that is much longer or shorter is no advice.
MOST_EPOCHS_AWAY = 1_000


@dataclass(frozen=True)
class CyclePlan:
    """Cycles that fit a training, as `plan_cycles` returns them.

    Attributes:
        updates_per_epoch: Updates of one pass; a last, smaller batch counts.
        total_steps: Updates of the whole training.
        cycle_mult: How many times longer each cycle is than the one before.
        cycle_steps: Updates of each cycle, a tuple of ints.
        warning: What is wrong with it and what to try; empty where training ends at a trough.
    """

    updates_per_epoch: int
    total_steps: int
    cycle_mult: float
    cycle_steps: tuple
    warning: str = ""

    @property
    def first_cycle_steps(self):
        """Updates of the first cycle, for `WarmRestarts`."""
        return self.cycle_steps[0]

    @property
    def half_cycle_steps(self):
        """Updates of half a cycle, for `Triangular`; None for cycles that differ or are odd."""
        first = self.cycle_steps[0]
        return first // 2 if self.cycle_mult == 1 and first % 2 == 0 else None


def plan_cycles(num_examples, batch_size, epochs, *, cycles=None, cycle_mult=1.0):
    """Choose cycle lengths with which training ends at a trough.

    Args:
        num_examples: Training examples, >= 1.
        batch_size: Examples for one update, >= 1.
        epochs: Passes over the data, >= 1.
        cycles: How many cycles, >= 1. None takes the first of 3, 4, 2, 5, 6, 7, 8, 1 with which
            training ends at a trough, and among equal cycles the first that can be halved, if any.
        cycle_mult: How many times longer each cycle is than the one before, >= 1.

    Returns:
        A `CyclePlan`. Where no cycle length fits, it has the longest one that is too short, and a
        warning.

    Raises:
        TypeError: If a value is of the wrong kind.
        ValueError: If a value is out of bounds, training has more than 2 ** 31 updates, or there
            are more cycles than updates.

    Example:
        >>> plan = plan_cycles(50_000, 100, epochs=24)
        >>> plan.updates_per_epoch, plan.cycle_steps, plan.half_cycle_steps
        (500, (4000, 4000, 4000), 2000)
        >>> plan_cycles(1_280, 32, epochs=7, cycles=3, cycle_mult=2).cycle_steps
        (40, 80, 160)
        >>> plan_cycles(1_280, 32, epochs=10, cycles=3).warning
        'Training would stop in mid-cycle: 1 of 400 updates is left over. Try 4 cycles or 9 epochs.'
    """
    examples, batch = (
        checked_count(num_examples, "num_examples"),
        checked_count(batch_size, "batch_size"),
    )
    per_epoch = -(-examples // batch)
    total = checked_count(per_epoch * checked_count(epochs, "epochs"), "the number of updates")
    mult = one_or_more(cycle_mult, "cycle_mult")
    if cycles is None:
        return CyclePlan(per_epoch, total, mult, _cycles_that_fit(total, mult))
    count = checked_count(cycles, "cycles")
    lengths = _longest(total, count, mult)
    if lengths is None:
        raise ValueError(
            f"cycles is {count} with cycle_mult {mult:g}, but training has {total} updates: not "
            "even one for the first cycle. Give fewer cycles, or more epochs."
        )
    left = total - sum(lengths)
    warning = _leftover_warning(left, total, per_epoch, count, mult) if left else ""
    return CyclePlan(per_epoch, total, mult, lengths, warning)


def _cycles_that_fit(total, mult):
    """Return the lengths for the first number of cycles that fills the training."""
    fitting = []
    for count in (3, 4, 2, 5, 6, 7, 8, 1):
        lengths = _longest(total, count, mult)
        if lengths and sum(lengths) == total:
            fitting.append(lengths)
    halved = [lengths for lengths in fitting if mult == 1 and lengths[0] % 2 == 0]
    return (halved or fitting)[0]


def _longest(total, count, mult):
    """Return the longest cycles of that number that fit, or None if not even the shortest do."""
    try:
        first = int(total / math.fsum(mult**index for index in range(count))) + 1
    except OverflowError:
        return None
    while first >= 1:
        lengths = tuple(round(first * mult**index) for index in range(count))
        if sum(lengths) <= total:
            return lengths
        first -= 1
    return None


def _leftover_warning(left, total, per_epoch, count, mult):
    def fits(steps, cycles):
        lengths = _longest(steps, cycles, mult)
        return lengths is not None and sum(lengths) == steps

    ideas = []
    counts = [other for away in (1, -1, 2, -2) if (other := count + away) > 1]
    if other := next((other for other in counts if fits(total, other)), None):
        ideas.append(f"{other} cycles")
    epochs = total // per_epoch
    aways = range(1, min(epochs, MOST_EPOCHS_AWAY) + 1)
    nearby = (each for away in aways for each in (epochs - away, epochs + away) if each)
    if other := next((each for each in nearby if fits(each * per_epoch, count)), None):
        ideas.append(f"{other} epochs")
    verb = "is" if left == 1 else "are"
    return (
        f"Training would stop in mid-cycle: {left} of {total} updates {verb} left over. "
        f"Try {' or '.join(ideas) or 'another number of cycles or epochs'}."
    )
