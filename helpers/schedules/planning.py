"""`plan_cycles`: the arithmetic of updates, epochs and cycles."""

import math
from dataclasses import dataclass

from .base import checked_count, checked_rate

# The paper's three or more first, then what is near.
NUMBERS_TRIED = (3, 4, 2, 5, 6, 7, 8, 1)
# Training may end before the trough by this share of the last cycle.
NEAR_A_TROUGH = 0.02


@dataclass(frozen=True)
class CyclePlan:
    """Cycles that fit a training, as `plan_cycles` returns them.

    Attributes:
        updates_per_epoch: Updates of one pass; a last, smaller batch counts.
        total_steps: Updates of the whole training.
        cycle_mult: How many times longer each cycle is than the one before.
        cycle_steps: Updates of each cycle, a tuple of ints. Their sum may pass `total_steps` by a
            few: training then ends these few updates before the trough.
        warning: What is wrong with it and what to try; empty where training ends near a trough.
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
        """Updates of half a cycle, for `Triangular`; None for cycles that grow."""
        return self.first_cycle_steps // 2 if self.cycle_mult == 1 else None


def plan_cycles(num_examples, batch_size, epochs, *, cycles=None, cycle_mult=1.0):
    """Choose cycle lengths with which training ends at a trough, or a few updates before it.

    Args:
        num_examples: Training examples, >= 1.
        batch_size: Examples for one update, >= 1.
        epochs: Passes over the data, >= 1.
        cycles: How many cycles, >= 1. None takes the first of 3, 4, 2, 5, 6, 7, 8, 1 that ends at a
            trough, or before it by 2 % of the last cycle at most.
        cycle_mult: How many times longer each cycle is than the one before, >= 1. Cycles that do
            not grow have even lengths, so that a triangle can be halved.

    Returns:
        A `CyclePlan`.

    Raises:
        ValueError: If a value is out of bounds, or there are more cycles than updates.

    Example:
        >>> plan = plan_cycles(50_000, 100, epochs=24)
        >>> plan.updates_per_epoch, plan.cycle_steps, plan.half_cycle_steps
        (500, (4000, 4000, 4000), 2000)
        >>> plan_cycles(1_280, 32, epochs=7, cycles=3, cycle_mult=2).cycle_steps
        (40, 80, 160)
        >>> plan_cycles(60_000, 32, epochs=5, cycles=3).half_cycle_steps  # 3 short of 3 x 3,126
        1563
    """
    examples = checked_count(num_examples, "num_examples")
    per_epoch = -(-examples // checked_count(batch_size, "batch_size"))
    total = checked_count(per_epoch * checked_count(epochs, "epochs"), "the number of updates")
    mult = checked_rate(cycle_mult, "cycle_mult", least=1)
    counts = NUMBERS_TRIED if cycles is None else (checked_count(cycles, "cycles"),)
    tried = [lengths for count in counts if (lengths := _shortest(total, count, mult))]
    if not tried:
        raise ValueError(
            f"cycles is {cycles} with cycle_mult {mult:g}, but training has {total} updates: not "
            "even one for the first cycle. Give fewer cycles, or more epochs."
        )

    def share_missing(lengths):
        return (sum(lengths) - total) / lengths[-1]

    near = (lengths for lengths in tried if share_missing(lengths) <= NEAR_A_TROUGH)
    lengths = next(near, min(tried, key=share_missing))
    short, warning = sum(lengths) - total, ""
    if share_missing(lengths) > NEAR_A_TROUGH:
        warning = (
            f"Training would end {short} updates before a trough, in a cycle of {lengths[-1]}. "
            "Give more epochs, or another number of cycles."
        )
    return CyclePlan(per_epoch, total, mult, lengths, warning)


def _shortest(total, count, mult):
    """Return the shortest cycles of that number that fill the training, or None."""
    if count > total:
        return None
    if mult == 1:
        return (2 * -(-total // (2 * count)),) * count
    try:
        first = max(1, int(total / math.fsum(mult**index for index in range(count))) - 1)
    except OverflowError:
        return None
    while True:
        lengths = tuple(round(first * mult**index) for index in range(count))
        # Where the cycles before the last fill it already, there are too many of them.
        if sum(lengths[:-1]) >= total:
            return None
        if sum(lengths) >= total:
            return lengths
        first += 1
