"""Schedules with cycles: triangles, warm restarts, and one cycle for the whole training."""

from dataclasses import dataclass
from functools import lru_cache

from .base import (
    MOST_STEPS,
    Schedule,
    between,
    checked_count,
    checked_rate,
    half_cosine,
    set_bounds,
    set_fields,
)

MOST_CYCLES = 100_000
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
    gamma: float | None = None

    def __post_init__(self):
        set_fields(self, half_cycle_steps=checked_count(self.half_cycle_steps, "half_cycle_steps"))
        set_bounds(self)
        if self.mode not in MODES:
            raise ValueError(f"mode is {self.mode!r}; allowed are {', '.join(MODES)}.")
        if self.mode.startswith("exp_range") != (self.gamma is not None):
            raise ValueError(
                f"mode is {self.mode!r} and gamma is {self.gamma!r}; a gamma such as 0.9999 is for "
                "exp_range and exp_range_amplitude, which need it."
            )
        if self.gamma is not None:
            set_fields(self, gamma=checked_rate(self.gamma, "gamma", most=1, above=True))

    def formula(self, step, ops):
        """Return the rate at its place in its cycle."""
        half = self.half_cycle_steps
        cycle, position = step // (2 * half), step % (2 * half)
        height = ops.minimum(position, 2 * half - position) / half
        if self.mode == "triangular2":
            height = height * ops.power(0.5, ops.to_float(cycle))
        if self.mode == "exp_range_amplitude":
            height = height * ops.power(self.gamma, ops.to_float(step))
        rate = between(self.min_rate, self.max_rate, height, ops)
        if self.mode == "exp_range":
            rate = rate * ops.power(self.gamma, ops.to_float(step))
        return rate

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
    cycle_mult: float = 1.0
    min_rate: float = 0.0
    peak_decay: float = 1.0

    def __post_init__(self):
        set_fields(
            self,
            first_cycle_steps=checked_count(self.first_cycle_steps, "first_cycle_steps"),
            cycle_mult=checked_rate(self.cycle_mult, "cycle_mult", least=1),
            peak_decay=checked_rate(self.peak_decay, "peak_decay", most=1, above=True),
        )
        set_bounds(self)
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

    @property
    def rate_bounds(self):
        """Floor and first peak."""
        return self.min_rate, self.max_rate

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
    warmup_fraction: float = 0.3
    start_divisor: float = 25.0
    end_divisor: float = 1e4
    anneal: str = "cosine"
    three_phase: bool = False

    def __post_init__(self):
        # With three phases each of them has a step, and the first two are equally long.
        most, three = (0.5, True) if self.three_phase else (1, False)
        set_fields(
            self,
            max_rate=checked_rate(self.max_rate, "max_rate"),
            total_steps=checked_count(self.total_steps, "total_steps", least=3 if three else 1),
            warmup_fraction=checked_rate(
                self.warmup_fraction, "warmup_fraction", most=most, above=three
            ),
            start_divisor=checked_rate(self.start_divisor, "start_divisor", least=1),
            end_divisor=checked_rate(self.end_divisor, "end_divisor", least=1),
            three_phase=three,
        )
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
        corners = [(0, start), (peak, self.max_rate)]
        if self.three_phase:
            corners.append((2 * peak, start))
        return [*corners, (self.total_steps, end)]

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
            raise ValueError(
                f"cycle_mult is {cycle_mult!r}: so close to 1 that there would be more than "
                f"{MOST_CYCLES:,} cycles; try 1, or 1.01."
            )
        length = first_cycle_steps * cycle_mult ** len(ends)
        # A cycle that outlasts all steps may be so long that no int64 holds it.
        ends.append(ends[-1] + round(min(length, 2.0**62)))
    return tuple(ends)
