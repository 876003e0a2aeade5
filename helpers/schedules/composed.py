"""Schedules made of schedules: one after the other, a warm-up, and momentum against a rate."""

from dataclasses import dataclass

from .arguments import checked_count, checked_number
from .base import Schedule, between, set_fields
from .decays import Constant, LinearRamp


@dataclass(frozen=True)
class Pieces(Schedule):
    """Schedules one after the other, each from its own step 0.

    Attributes:
        pieces: Pairs `(schedule, steps)`: how many updates each has, >= 1. The last one goes on
            after its steps, which may be None. A number stands for a `Constant`.

    Raises:
        TypeError: If a piece is not such a pair.
        ValueError: If there is no piece, or a number of steps is out of bounds.

    Example:
        >>> from helpers.schedules import Cosine
        >>> schedule = Pieces([(LinearRamp(0, 0.1, 10), 10), (0.1, 80), (Cosine(0.1, 10), None)])
        >>> schedule([0, 5, 10, 89, 90, 95]).round(12).tolist()
        [0.0, 0.05, 0.1, 0.1, 0.1, 0.05]
    """

    pieces: tuple

    def __post_init__(self):
        pieces = tuple(self.pieces) if isinstance(self.pieces, (list, tuple)) else ()
        if not pieces:
            raise ValueError(
                f"pieces is {self.pieces!r}; give one pair or more, such as "
                "[(LinearRamp(0, 0.1, 50), 50), (Cosine(0.1, 350), 350)]."
            )
        last = len(pieces) - 1
        set_fields(self, pieces=tuple(_piece(pair, at == last) for at, pair in enumerate(pieces)))

    def _starts(self):
        """Return the step at which each piece begins."""
        starts = [0]
        for _, steps in self.pieces[:-1]:
            starts.append(starts[-1] + steps)
        return starts

    def _formula(self, step, ops):
        rate = self.pieces[0][0].formula(step, ops)
        for start, (schedule, _) in zip(self._starts()[1:], self.pieces[1:]):
            own = schedule.formula(ops.maximum(step - start, 0), ops)
            rate = ops.where(step >= start, own, rate)
        return rate

    def _bounds(self):
        lows, highs = zip(*(schedule.rate_bounds for schedule, _ in self.pieces))
        return min(lows), max(highs)

    def _ends(self, total_steps):
        ends, starts = [], self._starts()
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

    Raises:
        TypeError: If a value is of the wrong kind.
        ValueError: If a value is out of bounds.

    Example:
        >>> from helpers.schedules import Triangular
        >>> rate = Triangular(0.1, 0.5, half_cycle_steps=4)
        >>> OppositeMomentum(rate)([0, 2, 4, 8]).round(12).tolist()
        [0.95, 0.9, 0.85, 0.95]
    """

    schedule: Schedule
    min_momentum: float = 0.85
    max_momentum: float = 0.95

    def __post_init__(self):
        if not isinstance(self.schedule, Schedule):
            raise TypeError(
                f"schedule is {self.schedule!r}; give a schedule such as OneCycle(0.1, 400)."
            )
        low = checked_number(self.min_momentum, "min_momentum")
        high = checked_number(self.max_momentum, "max_momentum")
        if not 0 <= low <= high < 1:
            raise ValueError(
                f"min_momentum is {low:g} and max_momentum is {high:g}; allowed is "
                "0 <= min_momentum <= max_momentum < 1; try 0.85 and 0.95."
            )
        set_fields(self, min_momentum=low, max_momentum=high)

    def _formula(self, step, ops):
        low, high = self.schedule.rate_bounds
        height = (self.schedule.formula(step, ops) - low) / ((high - low) or 1)
        return between(self.max_momentum, self.min_momentum, height, ops)

    def _bounds(self):
        return self.min_momentum, self.max_momentum

    def _ends(self, total_steps):
        return self.schedule.cycle_ends(total_steps)


def with_warmup(schedule, steps, *, start_rate=0.0):
    """Return a schedule that begins with a linear ramp to its own first rate.

    Args:
        schedule: Any schedule; it starts after the ramp, at its own step 0.
        steps: Updates of the ramp, >= 1.
        start_rate: Rate at step 0, >= 0.

    Returns:
        A `Pieces`.

    Raises:
        TypeError: If a value is of the wrong kind.
        ValueError: If a value is out of bounds.

    Example:
        >>> with_warmup(Constant(0.1), steps=10)([0, 5, 10, 11]).tolist()
        [0.0, 0.05, 0.1, 0.1]
    """
    schedule = _as_schedule(schedule)
    ramp = LinearRamp(start_rate, float(schedule(0)), checked_count(steps, "steps"))
    return Pieces([(ramp, ramp.total_steps), (schedule, None)])


def _as_schedule(value):
    return value if isinstance(value, Schedule) else Constant(value)


def _piece(pair, is_last):
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise TypeError(f"A piece is {pair!r}; allowed is a pair (schedule, steps).")
    schedule, steps = pair
    open_end = is_last and steps is None
    return _as_schedule(schedule), None if open_end else checked_count(steps, "steps of a piece")
