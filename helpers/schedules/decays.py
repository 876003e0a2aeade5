"""Schedules without cycles: constant, ramps, stairs and half a cosine."""

from dataclasses import dataclass

from .arguments import checked_count, checked_rate, checked_share, positive_rate
from .base import Schedule, between, half_cosine, set_bounds, set_fields


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate at every update.

    Attributes:
        rate: The rate, >= 0; ints and NumPy scalars are accepted.

    Raises:
        TypeError: If the rate is not one number.
        ValueError: If the rate is negative, NaN or infinite.

    Example:
        >>> Constant(1)([0, 1, 2]).tolist()
        [1.0, 1.0, 1.0]
    """

    rate: float

    def __post_init__(self):
        set_fields(self, rate=checked_rate(self.rate))

    def _formula(self, step, ops):
        return 0.0 * ops.to_float(step) + self.rate

    def _bounds(self):
        return self.rate, self.rate


@dataclass(frozen=True)
class LinearRamp(Schedule):
    """A straight line from one rate to another, reached at step `total_steps` and then held.

    Attributes:
        start_rate: Rate at step 0, >= 0.
        end_rate: Rate from step `total_steps` on, >= 0; it may be lower than the first.
        total_steps: Updates of the ramp, >= 1.

    Raises:
        TypeError: If a rate is not one number, or `total_steps` no whole number.
        ValueError: If a value is out of bounds.

    Example:
        >>> LinearRamp(0, 0.1, total_steps=4)([0, 2, 4, 99]).tolist()
        [0.0, 0.05, 0.1, 0.1]
    """

    start_rate: float
    end_rate: float
    total_steps: int

    def __post_init__(self):
        set_fields(
            self,
            start_rate=checked_rate(self.start_rate, "start_rate"),
            end_rate=checked_rate(self.end_rate, "end_rate"),
            total_steps=checked_count(self.total_steps, "total_steps"),
        )

    def _formula(self, step, ops):
        share = ops.minimum(step, self.total_steps) / self.total_steps
        return between(self.start_rate, self.end_rate, share, ops)

    def _bounds(self):
        return min(self.start_rate, self.end_rate), max(self.start_rate, self.end_rate)


@dataclass(frozen=True)
class ExponentialRamp(Schedule):
    """From one rate to another by equal factors, reached at step `total_steps` and then held.

    Attributes:
        start_rate: Rate at step 0, > 0.
        end_rate: Rate from step `total_steps` on, > 0; it may be lower than the first.
        total_steps: Updates of the ramp, >= 1.

    Raises:
        TypeError: If a rate is not one number, or `total_steps` no whole number.
        ValueError: If a value is out of bounds.

    Example:
        >>> ExponentialRamp(0.001, 0.1, total_steps=2)([0, 1, 2, 3]).round(6).tolist()
        [0.001, 0.01, 0.1, 0.1]
    """

    start_rate: float
    end_rate: float
    total_steps: int

    def __post_init__(self):
        set_fields(
            self,
            start_rate=positive_rate(self.start_rate, "start_rate"),
            end_rate=positive_rate(self.end_rate, "end_rate"),
            total_steps=checked_count(self.total_steps, "total_steps"),
        )

    def _formula(self, step, ops):
        share = ops.minimum(step, self.total_steps) / self.total_steps
        # This form is exact at both ends: a power of 0 is 1, a power of 1 is the rate itself.
        rate = ops.power(self.start_rate, 1 - share) * ops.power(self.end_rate, share)
        return ops.clip(rate, *self._bounds())

    def _bounds(self):
        return min(self.start_rate, self.end_rate), max(self.start_rate, self.end_rate)


@dataclass(frozen=True)
class StepDecay(Schedule):
    """A rate that is multiplied by a factor every so many updates.

    Attributes:
        rate: The rate of the first stair, >= 0.
        factor: What each stair multiplies it by, > 0 and <= 1.
        every: Updates of a stair, >= 1.

    Raises:
        TypeError: If a value is of the wrong kind.
        ValueError: If a value is out of bounds.

    Example:
        >>> StepDecay(1, factor=0.5, every=10)([9, 10, 29, 30]).tolist()
        [1.0, 0.5, 0.25, 0.125]
    """

    rate: float
    factor: float
    every: int

    def __post_init__(self):
        set_fields(
            self,
            rate=checked_rate(self.rate),
            factor=checked_share(self.factor, "factor"),
            every=checked_count(self.every, "every"),
        )

    def _formula(self, step, ops):
        return self.rate * ops.power(self.factor, ops.to_float(step // self.every))

    def _bounds(self):
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

    Raises:
        TypeError: If a value is of the wrong kind.
        ValueError: If a value is out of bounds.

    References:
        I. Loshchilov, F. Hutter, "SGDR", arXiv:1608.03983, equation (5).

    Example:
        >>> Cosine(0.1, total_steps=200)([0, 100, 200, 300]).round(12).tolist()
        [0.1, 0.05, 0.0, 0.0]
    """

    max_rate: float
    total_steps: int
    min_rate: float = 0.0

    def __post_init__(self):
        set_fields(self, total_steps=checked_count(self.total_steps, "total_steps"))
        set_bounds(self)

    def _formula(self, step, ops):
        share = ops.minimum(step, self.total_steps) / self.total_steps
        return between(self.min_rate, self.max_rate, half_cosine(share, ops), ops)

    def _bounds(self):
        return self.min_rate, self.max_rate

    def _ends(self, total_steps):
        return [self.total_steps] if self.total_steps <= total_steps else []
