"""`Schedule`: what all schedules share, and the array functions their formulas are written in."""

import dataclasses
import math
from importlib import import_module
from types import SimpleNamespace

import numpy as np

from .arguments import checked_count, checked_rate, checked_steps

# What a formula may use; `keras_schedules` has the same names for tensors.
NUMPY = SimpleNamespace(
    cos=np.cos,
    clip=np.clip,
    maximum=np.maximum,
    minimum=np.minimum,
    # np.power may round a scalar in another way than the same number in an array.
    power=np.float_power,
    searchsorted=lambda table, values: np.searchsorted(table, values, side="right"),
    take=lambda table, indices: np.take(np.asarray(table, "int64"), indices),
    to_float=lambda values: np.asarray(values, "float64"),
    where=np.where,
)


class Schedule:
    """What every schedule offers; each kind is a frozen dataclass with `_formula` and `_bounds`."""

    def __call__(self, step):
        """Return the rate at a step.

        Args:
            step: Optimizer update, 0-based, at most 2 ** 31: an int, or ints of any shape.

        Returns:
            float64, a scalar or an array of the shape of `step`.

        Raises:
            TypeError: If a step is no int.
            ValueError: If a step is negative or too large.
        """
        return np.asarray(self.formula(checked_steps(step), NUMPY), "float64")[()]

    def formula(self, step, ops):
        """Return the rate as one formula, whoever computes it.

        Args:
            step: int64, an array or a tensor.
            ops: Array functions: `NUMPY`, or `keras_schedules.TENSORS`.

        Returns:
            float64 of the same kind and shape.
        """
        return self._formula(step, ops)

    @property
    def rate_bounds(self):
        """`(lowest, highest)`: no rate of the schedule lies outside."""
        return self._bounds()

    def cycle_ends(self, total_steps):
        """Return where training may stop: the numbers of updates that complete a cycle.

        After so many updates the rate is at its trough; the step of that number starts the next
        cycle, for steps are counted from 0.

        Args:
            total_steps: Updates of the whole training, >= 0.

        Returns:
            A list of ints from 1 to `total_steps`, both inclusive, rising; empty for a schedule
            without cycles.

        Raises:
            TypeError: If `total_steps` is no whole number.
            ValueError: If `total_steps` is negative.
        """
        return self._ends(checked_count(total_steps, "total_steps", least=0))

    def _ends(self, total_steps):
        return []

    def to_keras(self, *, gradient_accumulation_steps=1):
        """Return the same schedule as a Keras `LearningRateSchedule`.

        Args:
            gradient_accumulation_steps: That of the optimizer, if it has any. Keras then counts
                batches where this schedule counts updates.

        Returns:
            A `keras_schedules.KerasSchedule`: the same rate, to float32 rounding, at every step.
        """
        # Keras takes seconds to import; and where both were copied to, there is no `helpers`.
        beside = __package__.removesuffix("schedules")
        keras_schedules = import_module(f"{beside}keras_schedules")
        return keras_schedules.KerasSchedule(self, gradient_accumulation_steps)

    def to_dict(self):
        """Return the schedule as plain values, ready for JSON; `from_dict` reads them."""
        settings = {
            field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)
        }
        return {"kind": type(self).__name__} | settings


def from_dict(content):
    """Return the schedule that `to_dict` described.

    Args:
        content: A dict with the name of the class under `"kind"`, and its settings.

    Returns:
        A `Schedule`.

    Raises:
        TypeError: If it is no dict, or the settings are not those of the class.
        ValueError: If the name is not known, or a setting is out of bounds.

    Example:
        >>> from helpers.schedules import Cosine
        >>> from_dict(Cosine(0.1, 100).to_dict())
        Cosine(max_rate=0.1, total_steps=100, min_rate=0.0)
    """
    if not isinstance(content, dict):
        raise TypeError(f"content is {content!r}; give a dict, as to_dict() returns it.")
    settings = dict(content)
    name = settings.pop("kind", None)
    known = {kind.__name__: kind for kind in Schedule.__subclasses__()}
    if name not in known:
        raise ValueError(f"There is no schedule {name!r}; known are {', '.join(known)}.")
    return known[name](**{key: _from_plain(value) for key, value in settings.items()})


def _plain(value):
    if isinstance(value, Schedule):
        return value.to_dict()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _from_plain(value):
    if isinstance(value, dict):
        return from_dict(value)
    return [_from_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def set_fields(schedule, **values):
    """Give a frozen dataclass its checked values."""
    for name, value in values.items():
        object.__setattr__(schedule, name, value)


def set_bounds(schedule):
    """Check and set `min_rate` and `max_rate`."""
    low = checked_rate(schedule.min_rate, "min_rate")
    high = checked_rate(schedule.max_rate, "max_rate")
    if low > high:
        raise ValueError(
            f"min_rate is {low:g} and max_rate is {high:g}; allowed is min_rate <= max_rate. "
            "Are they swapped?"
        )
    set_fields(schedule, min_rate=low, max_rate=high)


def between(start, end, share, ops):
    """Return the point at a share of the way; exact at both ends and never outside of them."""
    return ops.clip((1 - share) * start + share * end, min(start, end), max(start, end))


def half_cosine(share, ops):
    """Return 1 at share 0 and 0 at share 1, exactly."""
    return (1 + ops.cos(math.pi * share)) / 2
