"""The policies that the explorers of lesson 03 offer, by name."""

from helpers.schedules import Constant, OneCycle, Triangular

CONSTANT, ONE_CYCLE = "constant", "one cycle"
TRIANGULAR, TRIANGULAR2, EXP_RANGE = "triangular", "triangular2", "exp_range (paper)"
# What is left of both bounds of exp_range at the end of training.
EXP_RANGE_LEFT = 0.1
# How far below its first rate one cycle ends.
ONE_CYCLE_FALL = 100


def make_schedule(policy, min_rate, max_rate, half_cycle_steps, total_steps):
    """Return the schedule of a policy.

    Args:
        policy: One of the names above. A constant rate is `max_rate`; `exp_range (paper)` lets both
            bounds decline to a tenth at the end of training; one cycle ends at a hundredth of
            `min_rate`.
        min_rate: The lower bound, > 0.
        max_rate: The upper bound, >= `min_rate`.
        half_cycle_steps: Updates from one bound to the other; one cycle takes the whole training.
        total_steps: Updates of the training.

    Returns:
        A `Schedule`.

    Raises:
        ValueError: If the bounds are swapped, or a number is out of bounds.
    """
    if policy == CONSTANT:
        return Constant(max_rate)
    # This one refuses swapped bounds in words that fit every policy.
    triangular = Triangular(min_rate, max_rate, half_cycle_steps)
    if policy == ONE_CYCLE:
        height = max_rate / min_rate
        return OneCycle(
            max_rate, total_steps, start_divisor=height, end_divisor=ONE_CYCLE_FALL * height
        )
    if policy == TRIANGULAR2:
        return Triangular(min_rate, max_rate, half_cycle_steps, mode="triangular2")
    if policy == EXP_RANGE:
        gamma = EXP_RANGE_LEFT ** (1 / total_steps)
        return Triangular(min_rate, max_rate, half_cycle_steps, mode="exp_range", gamma=gamma)
    return triangular


def name_policy(policy, min_rate, max_rate, half_cycle):
    """Say in a few words what a policy does between its bounds.

    Args:
        policy: One of the names above.
        min_rate: The lower bound.
        max_rate: The upper bound.
        half_cycle: Epochs from one bound to the other.

    Returns:
        Words without a full stop.

    Example:
        >>> name_policy(TRIANGULAR, 0.001, 0.006, 4)
        'triangular, 0.001 to 0.006, half cycle 4 epochs'
        >>> name_policy(ONE_CYCLE, 0.001, 0.006, 4)
        'one cycle, 0.001 to 0.006 and down to 1e-05'
    """
    if policy == CONSTANT:
        return f"constant rate {max_rate:.3g}"
    name = policy.partition(" (")[0]
    bounds = f"{name}, {min_rate:.3g} to {max_rate:.3g}"
    if policy == ONE_CYCLE:
        return f"{bounds} and down to {min_rate / ONE_CYCLE_FALL:.3g}"
    return f"{bounds}, half cycle {half_cycle} epoch{'' if half_cycle == 1 else 's'}"
