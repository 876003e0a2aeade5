"""`Schedule`: what all schedules share, the arguments they accept, and how formulas are written."""

import dataclasses
import math
from importlib import import_module
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np

# Beyond this step a schedule is not defined: so many updates of a millisecond take 25 days.
MOST_STEPS = 2**31 - 1

# What a formula may use: this under one name in NumPy and Keras, and what differs between them.
SHARED = ("cos", "clip", "maximum", "minimum", "where")
NUMPY = SimpleNamespace(
    **{name: getattr(np, name) for name in SHARED},
    # np.power may round a scalar in another way than the same number in an array.
    power=np.float_power,
    searchsorted=lambda table, values: np.searchsorted(table, values, side="right"),
    take=lambda table, indices: np.take(np.asarray(table, "int64"), indices),
    to_float=lambda values: np.asarray(values, "float64"),
)


def checked_rate(value, name="rate", *, least=0.0, most=math.inf, above=False):
    """Return a learning rate, or another finite number, as a Python float.

    Args:
        value: An int, float or NumPy scalar.
        name: What to call it in an error.
        least: The lowest number allowed.
        most: The highest number allowed.
        above: Whether `least` itself is not allowed.

    Returns:
        The number; a float32 scalar gives the shortest decimal that rounds to it, so `float32(0.1)`
        is 0.1 and not 0.10000000149.

    Raises:
        TypeError: If it is not one number.
        ValueError: If it is out of bounds, NaN or infinite.

    Example:
        >>> checked_rate(np.float32(0.1)), checked_rate(1)
        (0.1, 1.0)
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}; give one number, such as 0.01.")
    number = float(str(value)) if isinstance(value, np.floating) else float(value)
    if not (least <= number <= most and math.isfinite(number)) or (above and number == least):
        upper = "" if math.isinf(most) else f" and at most {most:g}"
        lower = f"above {least:g}" if above else f"at least {least:g}"
        raise ValueError(f"{name} is {value!r}; allowed is a finite number {lower}{upper}.")
    return number


def checked_count(value, name, least=1):
    """Return a whole number from `least` to 2 ** 31 - 1 as an int."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}; give a whole number, such as 100.")
    if not least <= value <= MOST_STEPS:
        raise ValueError(f"{name} is {value}; allowed is {least} to 2 ** 31 - 1.")
    return int(value)


def checked_schedule(value):
    """Return what is given, if it is a schedule."""
    if not isinstance(value, Schedule):
        raise TypeError(f"schedule is {value!r}; give one of helpers.schedules.")
    return value


def checked_steps(step):
    """Return steps as int64 of the same shape."""
    if step is None:
        raise TypeError("A schedule is called with a step. For an optimizer, call its to_keras().")
    steps = np.asarray(step)
    if not np.issubdtype(steps.dtype, np.integer):
        raise TypeError(f"step is of {steps.dtype}; steps count optimizer updates from 0: ints.")
    if steps.size and not 0 <= steps.min() <= steps.max() <= MOST_STEPS:
        raise ValueError(f"Steps are {steps.min()} to {steps.max()}; allowed is 0 to 2 ** 31 - 1.")
    return steps.astype("int64")


def keras_side():
    """Import `keras_schedules` and return it: Keras takes seconds, so not before it is needed."""
    # Where both were copied to, there is no `helpers`.
    return import_module(f"{__package__.removesuffix('schedules')}keras_schedules")


def limited(default=dataclasses.MISSING, **limits):
    """Return a field of a schedule whose number has the limits that `checked_rate` takes."""
    return dataclasses.field(default=default, metadata=limits)


class Schedule:
    """What every schedule offers; each kind is a frozen dataclass with `formula`.

    Fields check themselves by their type, an int as a count and a float as a rate, and by the
    bounds that `limited` gave them.
    """

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type is int:
                value = checked_count(value, field.name)
            elif field.type is float or (field.type == float | None and value is not None):
                value = checked_rate(value, field.name, **field.metadata)
            elif field.type is Schedule:
                value = checked_schedule(value)
            object.__setattr__(self, field.name, value)
        for low, high in (("min_rate", "max_rate"), ("min_momentum", "max_momentum")):
            if getattr(self, low, 0) > getattr(self, high, math.inf):
                raise ValueError(f"{low} is above {high} in {self}. Are they swapped?")

    @property
    def rate_bounds(self):
        """`(lowest, highest)`: no rate of the schedule lies outside."""
        rates = [vars(self)[name] for name in vars(self) if name.endswith(("rate", "momentum"))]
        return min(rates), max(rates)

    def __call__(self, step=None):
        """Return the rate at a step.

        Args:
            step: Optimizer update, 0-based, at most 2 ** 31 - 1: an int, or ints of any shape.

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
        raise NotImplementedError

    def cycle_ends(self, total_steps):
        """Return where training may stop: the numbers of updates that complete a cycle.

        After so many updates the rate is at its trough; the step of that number starts the next
        cycle, for steps are counted from 0.

        Args:
            total_steps: Updates of the whole training, >= 0.

        Returns:
            A list of ints from 1 to `total_steps`, both inclusive, rising; empty for a schedule
            without cycles.
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
        return keras_side().KerasSchedule(self, gradient_accumulation_steps)

    def to_dict(self):
        """Return the schedule as plain values, ready for JSON; `from_dict` reads them."""
        return {"kind": type(self).__name__} | {key: _plain(vars(self)[key]) for key in vars(self)}


def from_dict(content):
    """Return the schedule that `to_dict` described.

    Args:
        content: A dict with the name of the class under `"kind"`, and its settings.

    Returns:
        A `Schedule`.

    Example:
        >>> from helpers.schedules import Cosine
        >>> from_dict(Cosine(0.1, 100).to_dict())
        Cosine(max_rate=0.1, total_steps=100, min_rate=0.0)
    """
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


def between(start, end, share, ops):
    """Return the point at a share of the way; exact at both ends and never outside of them."""
    return ops.clip((1 - share) * start + share * end, min(start, end), max(start, end))


def half_cosine(share, ops):
    """Return 1 at share 0 and 0 at share 1, exactly."""
    return (1 + ops.cos(math.pi * share)) / 2
