"""What a sweep is asked to do, checked before anything is built."""

from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral

import keras
import tensorflow as tf

from helpers.schedules import Constant, checked_rate
from helpers.training.feeding import make_feed


@dataclass(frozen=True)
class Plan:
    """The arguments of `iterate`, checked; see there for what each means."""

    build_model: Callable
    schedules: dict
    train: object
    validation: object = None
    epochs: int = 1
    batch_size: int = 32
    seeds: tuple = (0,)
    shuffle: bool = True
    class_weight: dict | None = None
    evaluate_at: tuple = ()
    measure: Callable | None = field(default=None)

    def __post_init__(self):
        if not callable(self.build_model) or isinstance(self.build_model, keras.Model):
            raise TypeError(
                f"build_model is of type {type(self.build_model).__name__}; give a function "
                "without arguments that returns a compiled model, so that each run starts fresh."
            )
        if self.measure is not None and not callable(self.measure):
            raise TypeError("measure must be a function of the model that returns a dict, or None.")
        if not self.schedules:
            raise ValueError("There is nothing to train: give at least one rate or schedule.")
        if self.class_weight is not None:
            check_class_weight(self.class_weight)
        for name in ("epochs", "batch_size"):
            object.__setattr__(self, name, whole_number(getattr(self, name), name, least=1))
        for name, least in (("seeds", 0), ("evaluate_at", 1)):
            object.__setattr__(self, name, _whole_numbers(getattr(self, name), name, least))
        if not self.seeds:
            raise ValueError(
                "There is nothing to train: give at least one seed, such as seeds=(0,)."
            )
        object.__setattr__(self, "evaluate_at", tuple(sorted(self.evaluate_at)))

    @property
    def total(self):
        """Number of runs."""
        return len(self.schedules) * len(self.seeds)

    @property
    def data_per_seed(self):
        """Whether `train` is a function that makes the data of a seed."""
        return callable(self.train) and not isinstance(self.train, tf.data.Dataset)

    def feed(self, seed):
        """Return the training feed of a seed; a new one where `train` is a function."""
        data = self.train(seed) if self.data_per_seed else self.train
        return make_feed(data, self.batch_size, self.class_weight)


def by_rate(rates):
    """Return a dict of rate (float) to `Constant` schedule; a rate that occurs twice is refused."""
    if isinstance(rates, (str, dict)) or not hasattr(rates, "__iter__"):
        raise TypeError(f"rates is {rates!r}; give a list of learning rates, such as [0.01, 0.1].")
    values = [checked_rate(rate) for rate in rates]
    for value in values:
        if sum(abs(other - value) <= 1e-6 * value for other in values) > 1:
            raise ValueError(f"The rate {value} occurs twice (to float32 rounding); give it once.")
    return {value: Constant(value) for value in values}


def by_name(schedules):
    """Return a dict of name to schedule; a plain number becomes a `Constant`."""
    if not isinstance(schedules, dict):
        raise TypeError(
            f"schedules is of type {type(schedules).__name__}; give a dict of name to schedule, "
            "such as {'constant': Constant(0.01)}."
        )
    named = {}
    for name, schedule in schedules.items():
        if not isinstance(name, str):
            raise TypeError(f"The name {name!r} is not text; name each schedule in words.")
        named[name] = schedule if callable(schedule) else Constant(schedule)
    return named


def whole_number(value, name, least):
    """Return `value` as an int; TypeError or ValueError if it is none, or is below `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}; allowed is a whole number >= {least}.")
    if value < least:
        raise ValueError(f"{name} is {value}; allowed is a whole number >= {least}.")
    return int(value)


def _whole_numbers(values, name, least):
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} is {values!r}; give several whole numbers, such as (0, 1, 2).")
    numbers = tuple(whole_number(value, f"each of {name}", least) for value in values)
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"{name} is {numbers}; each number may occur once.")
    return numbers


def check_class_weight(class_weight):
    """Raise unless it is a dict of class index to a weight >= 0."""
    if not isinstance(class_weight, dict) or not class_weight:
        raise TypeError(
            "class_weight must be a dict of class index to weight, such as {0: 1.0, 1: 5.0}."
        )
    for index, weight in class_weight.items():
        whole_number(index, "each class index of class_weight", least=0)
        checked_rate(weight, "each weight of class_weight")
