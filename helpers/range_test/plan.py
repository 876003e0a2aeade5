"""What a range test is asked to do, checked before anything is touched."""

import math
from dataclasses import dataclass

import keras

from helpers.results.range_test import DEFAULT_SMOOTHING
from helpers.schedules import ExponentialRamp, LinearRamp, checked_rate
from helpers.training.plan import check_class_weight, whole_number

RAMPS = {"exponential": ExponentialRamp, "linear": LinearRamp}
DEFAULT_BOUNDS = (1e-6, 10.0)
FEWEST_STEPS = 10
# Measurements on held-out data in a whole test, unless asked for otherwise.
HELD_OUT_POINTS = 30


@dataclass(frozen=True)
class Plan:
    """The arguments of `run`, checked; see there for what each means."""

    min_rate: float | None = None
    max_rate: float | None = None
    steps: int = 300
    ramp: str = "exponential"
    batch_size: int = 32
    validation: object = None
    validation_every: int | None = None
    batches_per_rate: int = 1
    stop_factor: float = 4.0
    smoothing: float = DEFAULT_SMOOTHING
    class_weight: dict | None = None
    shuffle: bool = True

    def __post_init__(self):
        if self.ramp not in RAMPS:
            raise ValueError(f"ramp is {self.ramp!r}; allowed are {', '.join(map(repr, RAMPS))}.")
        self._set("steps", whole_number(self.steps, "steps", least=FEWEST_STEPS))
        for name in ("batch_size", "batches_per_rate"):
            self._set(name, whole_number(getattr(self, name), name, least=1))
        every = self.validation_every
        if every is None:
            every = max(1, self.steps // HELD_OUT_POINTS)
        self._set("validation_every", whole_number(every, "validation_every", least=1))
        self._check_bounds()
        self._check_stop()
        if self.class_weight is not None:
            check_class_weight(self.class_weight)

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    def _check_bounds(self):
        if self.ramp == "linear" and None in (self.min_rate, self.max_rate):
            raise ValueError(
                "A linear ramp needs its bounds: give min_rate and max_rate, for example a "
                "hundredth of the rate at which an exponential test diverged, and that rate."
            )
        for name, default in zip(("min_rate", "max_rate"), DEFAULT_BOUNDS):
            given = getattr(self, name)
            self._set(name, checked_rate(default if given is None else given, name))
        if not 0 < self.min_rate < self.max_rate:
            raise ValueError(
                f"min_rate is {self.min_rate:g} and max_rate is {self.max_rate:g}; allowed is "
                "0 < min_rate < max_rate; try 1e-6 and 10."
            )

    def _check_stop(self):
        factor = checked_factor(self.stop_factor)
        self._set("stop_factor", factor)
        smoothing = checked_rate(self.smoothing, "smoothing")
        if smoothing >= 1:
            raise ValueError(f"smoothing is {smoothing}; allowed is 0 up to below 1; try 0.9.")
        self._set("smoothing", smoothing)

    @property
    def rates(self):
        """The rates to try, float64; the first and the last are the bounds."""
        schedule = RAMPS[self.ramp](self.min_rate, self.max_rate, self.steps - 1)
        return schedule(list(range(self.steps)))


def checked_factor(factor):
    """Return a stop factor > 1 as a float; infinity is allowed."""
    if factor == math.inf:
        return math.inf
    value = checked_rate(factor, "stop_factor")
    if value <= 1:
        raise ValueError(
            f"stop_factor is {factor!r}; allowed is more than 1; try 4, or math.inf to go on until "
            "the loss is not finite."
        )
    return value


def check_model(model):
    """Raise unless it is a compiled Keras model whose optimizer has one learning rate."""
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"model is of type {type(model).__name__}; give a Keras model that is compiled. For "
            "several seeds, give a function that builds one to run_seeds."
        )
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise ValueError("The model is not compiled; call model.compile(optimizer, loss) first.")
    if not hasattr(optimizer, "learning_rate"):
        raise ValueError(
            f"{type(optimizer).__name__} has no learning rate of its own to raise. Compile with "
            "one optimizer for all layers; where each part has its own rate, test the parts one by "
            "one, the others frozen."
        )


def check_function(build_model):
    """Raise unless it is a function that may build models."""
    if not callable(build_model) or isinstance(build_model, keras.Model):
        raise TypeError(
            f"build_model is of type {type(build_model).__name__}; give a function without "
            "arguments that returns a compiled model, or give the model to run()."
        )


def checked_seeds(seeds):
    """Return seeds as a tuple of whole numbers >= 0, one or more, each once."""
    if isinstance(seeds, str) or not hasattr(seeds, "__iter__"):
        raise TypeError(f"seeds is {seeds!r}; give several whole numbers, such as range(5).")
    numbers = tuple(whole_number(seed, "each seed", least=0) for seed in seeds)
    if not numbers or len(set(numbers)) < len(numbers):
        raise ValueError(f"seeds is {numbers}; give one or more, each once.")
    return numbers
