"""Schedules without cycles, and schedules made of others: one after the other, or against one."""

from dataclasses import dataclass
from itertools import accumulate

from .base import Schedule, between, checked_count, half_cosine, limited


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate at every update.

    Attributes:
        rate: The rate, >= 0; ints and NumPy scalars are accepted.

    Example:
        >>> Constant(1)([0, 1, 2]).tolist()
        [1.0, 1.0, 1.0]
    """

    rate: float

    def formula(self, step, ops):
        """Return the rate, in the shape of the step."""
        return 0.0 * ops.to_float(step) + self.rate


@dataclass(frozen=True)
class LinearRamp(Schedule):
    """A straight line from one rate to another, reached at step `total_steps` and then held.

    Attributes:
        start_rate: Rate at step 0, >= 0.
        end_rate: Rate from step `total_steps` on, >= 0; it may be lower than the first.
        total_steps: Updates of the ramp, >= 1.

    Example:
        >>> LinearRamp(0, 0.1, total_steps=4)([0, 2, 4, 99]).tolist()
        [0.0, 0.05, 0.1, 0.1]
    """

    start_rate: float
    end_rate: float
    total_steps: int

    def formula(self, step, ops):
        """Return the rate: equal differences."""
        share = ops.minimum(step, self.total_steps) / self.total_steps
        return between(self.start_rate, self.end_rate, share, ops)


@dataclass(frozen=True)
class ExponentialRamp(Schedule):
    """From one rate to another by equal factors, reached at step `total_steps` and then held.

    Attributes:
        start_rate: Rate at step 0, > 0.
        end_rate: Rate from step `total_steps` on, > 0; it may be lower than the first.
        total_steps: Updates of the ramp, >= 1.

    Example:
        >>> ExponentialRamp(0.001, 0.1, total_steps=2)([0, 1, 2, 3]).round(6).tolist()
        [0.001, 0.01, 0.1, 0.1]
    """

    # Equal factors never leave 0.
    start_rate: float = limited(above=True)
    end_rate: float = limited(above=True)
    total_steps: int

    def formula(self, step, ops):
        """Return the rate: equal factors."""
        share = ops.minimum(step, self.total_steps) / self.total_steps
        # This form is exact at both ends: a power of 0 is 1, a power of 1 is the rate itself.
        rate = ops.power(self.start_rate, 1 - share) * ops.power(self.end_rate, share)
        return ops.clip(rate, *self.rate_bounds)


@dataclass(frozen=True)
class StepDecay(Schedule):
    """A rate that is multiplied by a factor every so many updates.

    Attributes:
        rate: The first rate, >= 0.
        factor: What each step down multiplies it by, > 0 and <= 1.
        every: Updates from one step down to the next, >= 1.

    Example:
        >>> StepDecay(1, factor=0.5, every=10)([9, 10, 29, 30]).tolist()
        [1.0, 0.5, 0.25, 0.125]
    """

    rate: float
    factor: float = limited(most=1, above=True)
    every: int

    def formula(self, step, ops):
        """Return the rate after so many steps down."""
        return self.rate * ops.power(self.factor, ops.to_float(step // self.every))

    @property
    def rate_bounds(self):
        """From 0, which it nears, to the first rate."""
        return (self.rate if self.factor == 1 else 0.0), self.rate


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from the top rate at step 0 to the floor at step `total_steps`, then held.

    The floor itself is the rate of no trained step: the last one, `total_steps - 1`, is a little
    above it.

    Attributes:
        max_rate: Rate at step 0, >= 0.
        total_steps: Updates of the descent, >= 1.
        min_rate: Rate from step `total_steps` on, 0 to `max_rate`.

    References:
        I. Loshchilov, F. Hutter, "SGDR", arXiv:1608.03983, equation (5).

    Example:
        >>> Cosine(0.1, total_steps=200)([0, 100, 200, 300]).round(12).tolist()
        [0.1, 0.05, 0.0, 0.0]
    """

    max_rate: float
    total_steps: int
    min_rate: float = 0.0

    def formula(self, step, ops):
        """Return the rate on its way down."""
        share = ops.minimum(step, self.total_steps) / self.total_steps
        return between(self.min_rate, self.max_rate, half_cosine(share, ops), ops)

    def _ends(self, total_steps):
        return [self.total_steps] if self.total_steps <= total_steps else []


@dataclass(frozen=True)
class Pieces(Schedule):
    """Schedules one after the other, each from its own step 0.

    Attributes:
        pieces: Pairs `(schedule, steps)`: how many updates each has, >= 1. The last one goes on
            after its steps, which may be None. A number stands for a `Constant`.

    Example:
        >>> from helpers.schedules import Cosine
        >>> schedule = Pieces([(LinearRamp(0, 0.1, 10), 10), (0.1, 80), (Cosine(0.1, 10), None)])
        >>> schedule([0, 5, 10, 89, 90, 95]).round(12).tolist()
        [0.0, 0.05, 0.1, 0.1, 0.1, 0.05]
    """

    pieces: tuple

    def __post_init__(self):
        *pieces, last = self.pieces
        vars(self)["pieces"] = (*map(_piece, pieces), _piece(last, is_last=True))

    @property
    def _starts(self):
        """The step at which each piece begins."""
        return [0, *accumulate(steps for _, steps in self.pieces[:-1])]

    def formula(self, step, ops):
        """Return the rate of the piece that the step lies in."""
        rate = self.pieces[0][0].formula(step, ops)
        for start, (schedule, _) in zip(self._starts[1:], self.pieces[1:]):
            own = schedule.formula(ops.maximum(step - start, 0), ops)
            rate = ops.where(step >= start, own, rate)
        return rate

    @property
    def rate_bounds(self):
        """The lowest and the highest of all pieces."""
        lows, highs = zip(*(schedule.rate_bounds for schedule, _ in self.pieces))
        return min(lows), max(highs)

    def _ends(self, total_steps):
        ends, starts = [], self._starts
        for start, stop, (schedule, _) in zip(starts, [*starts[1:], total_steps], self.pieces):
            steps = min(stop, total_steps) - start
            ends += [start + end for end in schedule.cycle_ends(max(steps, 0))]
        return ends


@dataclass(frozen=True)
class OppositeMomentum(Schedule):
    """Momentum against a learning rate: highest where the rate is lowest, and the reverse.

    Attributes:
        schedule: The learning rate's schedule.
        min_momentum: Momentum at the highest rate, >= 0.
        max_momentum: Momentum at the lowest rate, `min_momentum` to below 1.

    Example:
        >>> from helpers.schedules import Triangular
        >>> rate = Triangular(0.1, 0.5, half_cycle_steps=4)
        >>> OppositeMomentum(rate)([0, 2, 4, 8]).round(12).tolist()
        [0.95, 0.9, 0.85, 0.95]
    """

    schedule: Schedule
    min_momentum: float = limited(0.85, most=0.999999)
    max_momentum: float = limited(0.95, most=0.999999)

    def formula(self, step, ops):
        """Return the momentum."""
        low, high = self.schedule.rate_bounds
        height = (self.schedule.formula(step, ops) - low) / ((high - low) or 1)
        return between(self.max_momentum, self.min_momentum, height, ops)

    def _ends(self, total_steps):
        return self.schedule.cycle_ends(total_steps)


def with_warmup(schedule, steps, *, start_rate=0.0):
    """Return a schedule that begins with a linear ramp to its own first rate.

    Args:
        schedule: Any schedule, or a constant rate; it starts after the ramp, at its own step 0.
        steps: Updates of the ramp, >= 1.
        start_rate: Rate at step 0, >= 0.

    Returns:
        A `Pieces`.

    Example:
        >>> with_warmup(Constant(0.1), steps=10)([0, 5, 10, 11]).tolist()
        [0.0, 0.05, 0.1, 0.1]
    """
    ramp = LinearRamp(start_rate, float(_schedule(schedule)(0)), steps)
    return Pieces([(ramp, ramp.total_steps), (schedule, None)])


def _piece(pair, is_last=False):
    schedule, steps = pair
    open_end = is_last and steps is None
    return _schedule(schedule), None if open_end else checked_count(steps, "steps of a piece")


def _schedule(given):
    return given if isinstance(given, Schedule) else Constant(given)
