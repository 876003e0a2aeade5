"""Schedules with cycles: triangles, warm restarts, one cycle; and `plan_cycles`."""

import math
from dataclasses import dataclass
from functools import lru_cache

from .base import MOST_STEPS, Schedule, between, checked_count, checked_rate, half_cosine, limited

MOST_CYCLES = 100_000
# The paper's three or more first, then what is near.
NUMBERS_TRIED = (3, 4, 2, 5, 6, 7, 8, 1)
# Training may end before the trough by this share of the last cycle.
NEAR_A_TROUGH = 0.02
MODES = ("triangular", "triangular2", "exp_range", "exp_range_amplitude")


@dataclass(frozen=True)
class Triangular(Schedule):
    """Cyclical rates: up and down in straight lines between two bounds, again and again.

    Attributes:
        min_rate: The lower bound, >= 0; the rate at step 0 (the paper's `base_lr`).
        max_rate: The upper bound, >= `min_rate` (the paper's `max_lr`).
        half_cycle_steps: Updates from one bound to the other, >= 1 (the paper's `stepsize`).
        mode: `"triangular"`: both bounds stay. `"triangular2"`: each cycle is half as high as the
            one before. `"exp_range"`: both bounds decline by gamma at each update, as the paper
            says. `"exp_range_amplitude"`: the lower bound stays and the height declines, as most
            code does.
        gamma: Factor for each update, > 0 and <= 1; for the last two modes only.

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186,
        section 3.1.

    Example:
        >>> Triangular(0.1, 0.5, half_cycle_steps=4)([0, 2, 4, 6, 8]).round(12).tolist()
        [0.1, 0.3, 0.5, 0.3, 0.1]
    """

    min_rate: float
    max_rate: float
    half_cycle_steps: int
    mode: str = "triangular"
    gamma: float | None = limited(None, most=1, above=True)

    def __post_init__(self):
        super().__post_init__()
        if self.mode not in MODES:
            raise ValueError(f"mode is {self.mode!r}; allowed are {', '.join(MODES)}.")
        if self.mode.startswith("exp_range") != (self.gamma is not None):
            given = f"mode is {self.mode!r} and gamma is {self.gamma!r}"
            raise ValueError(f"{given}; both exp_range modes need a gamma, and only they.")

    def formula(self, step, ops):
        """Return the rate at its place in its cycle."""
        half = self.half_cycle_steps
        cycle, position = step // (2 * half), step % (2 * half)
        height = ops.minimum(position, 2 * half - position) / half
        decline = ops.power(self.gamma or 1.0, ops.to_float(step))
        if self.mode == "triangular2":
            height = height * ops.power(0.5, ops.to_float(cycle))
        if self.mode == "exp_range_amplitude":
            height = height * decline
        rate = between(self.min_rate, self.max_rate, height, ops)
        return rate * decline if self.mode == "exp_range" else rate

    @property
    def rate_bounds(self):
        """The lower bound, or 0 where it declines, and the upper one."""
        return (0.0 if self.mode == "exp_range" else self.min_rate), self.max_rate

    def _ends(self, total_steps):
        return list(range(2 * self.half_cycle_steps, total_steps + 1, 2 * self.half_cycle_steps))


@dataclass(frozen=True)
class WarmRestarts(Schedule):
    """SGDR: half a cosine from the peak towards the floor, then back to a peak, again and again.

    Cycle i (from 0) has `round(first_cycle_steps * cycle_mult**i)` steps, and its peak is
    `min_rate + (max_rate - min_rate) * peak_decay**i`. A restart is at its peak on its own step;
    the floor is the rate of no trained step.

    Attributes:
        max_rate: Peak of the first cycle, >= 0.
        first_cycle_steps: Updates of the first cycle, >= 1 (the paper's T_0, in updates).
        cycle_mult: How many times longer each cycle is than the one before, >= 1 (T_mult).
        min_rate: The floor, 0 to `max_rate`.
        peak_decay: What each restart multiplies the height of the peak by, > 0 and <= 1.

    Raises:
        ValueError: If `cycle_mult` is so close to 1 that 2 ** 31 steps hold more than 100,000
            cycles.

    References:
        I. Loshchilov, F. Hutter, "SGDR: Stochastic gradient descent with warm restarts",
        arXiv:1608.03983, equation (5).

    Example:
        >>> schedule = WarmRestarts(0.1, first_cycle_steps=100, cycle_mult=2)
        >>> schedule([0, 50, 100, 200, 300]).round(12).tolist()
        [0.1, 0.05, 0.1, 0.05, 0.1]
        >>> schedule.cycle_ends(700)
        [100, 300, 700]
    """

    max_rate: float
    first_cycle_steps: int
    cycle_mult: float = limited(1.0, least=1)
    min_rate: float = 0.0
    peak_decay: float = limited(1.0, most=1, above=True)

    def __post_init__(self):
        super().__post_init__()
        if self.cycle_mult > 1:
            _table_of_ends(self.first_cycle_steps, self.cycle_mult)

    def formula(self, step, ops):
        """Return the rate at its place in its cycle."""
        cycle, position, length = self._place(step, ops)
        peak = ops.power(self.peak_decay, ops.to_float(cycle))
        height = peak * half_cosine(position / length, ops)
        return between(self.min_rate, self.max_rate, height, ops)

    def _place(self, step, ops):
        """Return the number of the cycle, the position in it, and its length, all in integers."""
        if self.cycle_mult == 1:
            length = self.first_cycle_steps
            return step // length, step % length, length
        ends = _table_of_ends(self.first_cycle_steps, self.cycle_mult)
        cycle = ops.searchsorted(ends, step)
        start, end = ops.take((0, *ends), cycle), ops.take(ends, cycle)
        return cycle, step - start, end - start

    def _ends(self, total_steps):
        if self.cycle_mult == 1:
            return list(range(self.first_cycle_steps, total_steps + 1, self.first_cycle_steps))
        ends = _table_of_ends(self.first_cycle_steps, self.cycle_mult)
        return [end for end in ends if end <= total_steps]


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One rise to the peak and one fall far below the start, over the whole training.

    The rate starts at `max_rate / start_divisor`, is `max_rate` at one step exactly, and reaches
    `max_rate / end_divisor` at step `total_steps`, where it stays.

    Attributes:
        max_rate: The peak, >= 0.
        total_steps: Updates of the training, >= 1 (>= 3 with three phases).
        warmup_fraction: Share of the steps before the peak, 0 to 1; with three phases more than 0
            and at most 0.5.
        start_divisor: Peak over first rate, >= 1.
        end_divisor: Peak over last rate, >= 1.
        anneal: Shape of each phase, `"cosine"` or `"linear"`.
        three_phase: False: rise, then fall to the end. True: rise, fall back to the first rate in
            as many steps, then fall to the end in one step or more, as the paper describes it.

    References:
        L. N. Smith, "A disciplined approach to neural network hyper-parameters: Part 1",
        arXiv:1803.09820.

    Example:
        >>> schedule = OneCycle(0.5, total_steps=100, warmup_fraction=0.2, start_divisor=10)
        >>> schedule([0, 10, 20, 60, 100]).round(3).tolist()
        [0.05, 0.275, 0.5, 0.25, 0.0]
    """

    max_rate: float
    total_steps: int
    warmup_fraction: float = limited(0.3, most=1)
    start_divisor: float = limited(25.0, least=1)
    end_divisor: float = limited(1e4, least=1)
    anneal: str = "cosine"
    three_phase: bool = False

    def __post_init__(self):
        super().__post_init__()
        # With three phases each of them has a step, and the first two are equally long.
        if self.three_phase:
            checked_count(self.total_steps, "total_steps", least=3)
            checked_rate(self.warmup_fraction, "warmup_fraction", most=0.5, above=True)
        if self.anneal not in ("cosine", "linear"):
            raise ValueError(f'anneal is {self.anneal!r}; allowed are "cosine" and "linear".')

    @property
    def peak_step(self):
        """The step at which the rate is `max_rate`; always a trained one."""
        first, last = 0, self.total_steps - 1
        if self.three_phase:
            first, last = 1, (self.total_steps - 1) // 2
        return min(max(round(self.warmup_fraction * self.total_steps), first), last)

    def _corners(self):
        """Return `(step, rate)` of each end of a phase."""
        start, end = self.max_rate / self.start_divisor, self.max_rate / self.end_divisor
        peak = self.peak_step
        fallen = [(2 * peak, start)] if self.three_phase else []
        return [(0, start), (peak, self.max_rate), *fallen, (self.total_steps, end)]

    def formula(self, step, ops):
        """Return the rate in its phase."""
        corners = self._corners()
        rate = ops.to_float(step)
        for (first, low), (last, high) in zip(corners, corners[1:]):
            # A phase of no steps is passed over by the one that begins on the same step.
            share = ops.clip(step - first, 0, last - first) / max(last - first, 1)
            if self.anneal == "cosine":
                share = 1 - half_cosine(share, ops)
            rate = ops.where(step >= first, between(low, high, share, ops), rate)
        return rate

    @property
    def rate_bounds(self):
        """The lower one of both ends, and the peak."""
        return self.max_rate / max(self.start_divisor, self.end_divisor), self.max_rate

    def _ends(self, total_steps):
        return [self.total_steps] if self.total_steps <= total_steps else []


@lru_cache
def _table_of_ends(first_cycle_steps, cycle_mult):
    """Return the number of updates after each cycle, up to beyond the last step allowed."""
    ends = [first_cycle_steps]
    while ends[-1] <= MOST_STEPS:
        if len(ends) == MOST_CYCLES:
            raise ValueError(f"cycle_mult is {cycle_mult!r}, too close to 1; try 1, or 1.01.")
        length = first_cycle_steps * cycle_mult ** len(ends)
        # A cycle that outlasts all steps may be so long that no int64 holds it.
        ends.append(ends[-1] + round(min(length, 2.0**62)))
    return tuple(ends)


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
        given = f"cycles is {cycles} with cycle_mult {mult:g}, but training has {total} updates"
        raise ValueError(f"{given}, too few. Give fewer cycles, or more epochs.")

    def share_missing(lengths):
        return (sum(lengths) - total) / lengths[-1]

    near = (lengths for lengths in tried if share_missing(lengths) <= NEAR_A_TROUGH)
    lengths = next(near, min(tried, key=share_missing))
    short = f"{sum(lengths) - total} updates before a trough, in a cycle of {lengths[-1]}"
    warning = f"Training would end {short}. Give more epochs, or another number of cycles."
    is_near = share_missing(lengths) <= NEAR_A_TROUGH
    return CyclePlan(per_epoch, total, mult, lengths, "" if is_near else warning)


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
