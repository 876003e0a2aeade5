"""The schedules inside Keras: a `LearningRateSchedule`, and momentum that follows a schedule.

Importing this module registers its classes, and a program that loads a saved model needs that. So
does importing `schedules` after `keras`.
"""

from types import SimpleNamespace

import keras
from keras import ops

if __package__:
    from . import schedules
else:
    import schedules

PACKAGE = "learning_rate_course"

# The names of schedules.NUMPY, for tensors. Float64 costs nothing here that can be measured.
TENSORS = SimpleNamespace(
    **{name: getattr(ops, name) for name in schedules.base.SHARED},
    # Keras's `cast` would first make a float32 of a Python number.
    power=lambda base, exponent: ops.power(ops.convert_to_tensor(base, "float64"), exponent),
    searchsorted=lambda table, values: _count(_integers(table) <= ops.expand_dims(values, -1)),
    take=lambda table, indices: ops.take(_integers(table), indices),
    to_float=lambda values: ops.cast(values, "float64"),
)


def _integers(table):
    return ops.convert_to_tensor(table, dtype="int64")


def _count(answers):
    return ops.sum(ops.cast(answers, "int64"), axis=-1)


@keras.saving.register_keras_serializable(package=PACKAGE)
class KerasSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of this course for a Keras optimizer; made by `schedule.to_keras()`.

    A pure function of the optimizer's count, so a model that is saved and loaded, or resumed from a
    checkpoint, goes on with the rate that was next. That count goes on over calls of `fit` as well:
    to run the schedule from its start again, compile with a new optimizer.

    Keras reads a schedule *after* it has counted an update: `optimizer.learning_rate` in a callback
    at the end of a batch is the next update's rate (`training.RecordSteps` logs the one used). And
    a schedule given to an optimizer that has already been fitted is shown but not used until
    `compile()` is called again.

    `keras.callbacks.BackupAndRestore(folder, save_freq="epoch")` resumes training that was killed
    at the start of the epoch that was cut short: with the same rates, and with the same weights if
    nothing in it is random. Dropout and data sets that reshuffle begin their sequences anew; what
    `History` and other callbacks had collected is gone; and later calls of `fit` count their epochs
    from there as well. With a number for `save_freq`, some updates are made twice.

    Args:
        schedule: A `schedules.Schedule`.
        gradient_accumulation_steps: That of the optimizer, >= 1. Keras counts batches where this
            course counts updates; the schedule divides one by the other.

    Attributes:
        schedule: The schedule given.

    Example:
        >>> rate = KerasSchedule(schedules.Cosine(1, total_steps=100))
        >>> [round(float(rate(step)), 6) for step in (0, 50, 100)]
        [1.0, 0.5, 0.0]
    """

    def __init__(self, schedule, gradient_accumulation_steps=1):
        need_tensorflow()
        self.schedule = schedules.base.checked_schedule(schedule)
        name = "gradient_accumulation_steps"
        self._batches = schedules.checked_count(gradient_accumulation_steps, name)

    def __call__(self, step):
        """Return the rate for Keras's count.

        Args:
            step: Batches or updates so far, an int or an integer tensor of any shape.

        Returns:
            A float32 tensor of the same shape.
        """
        step = ops.cast(step, "int64") // self._batches
        rate = self.schedule.formula(ops.minimum(step, schedules.MOST_STEPS), TENSORS)
        return ops.cast(rate, "float32")

    def get_config(self):
        """Return the settings as plain values, for `from_config`."""
        return {"schedule": self.schedule.to_dict(), "gradient_accumulation_steps": self._batches}

    @classmethod
    def from_config(cls, config):
        """Return the schedule that `get_config` described."""
        return cls(schedules.from_dict(config["schedule"]), config["gradient_accumulation_steps"])


def need_tensorflow():
    """Raise where Keras computes with something else."""
    if keras.backend.backend() != "tensorflow":
        text = f"This needs TensorFlow, and Keras runs on {keras.backend.backend()}"
        raise RuntimeError(f"{text}: set KERAS_BACKEND=tensorflow before Keras is imported.")


def cycle_momentum(optimizer, schedule):
    """Return the optimizer with its momentum, or `beta_1`, driven by a schedule.

    The momentum is computed inside the compiled step, from the count of updates, as a rate's
    schedule is. (Keras builds `momentum` and `beta_1` into the graph as constants: a callback that
    changes them changes nothing.) Adam's bias correction takes the current `beta_1` to the power of
    the number of updates, as Keras and PyTorch compute it.

    Args:
        optimizer: A `keras.optimizers.SGD` (Nesterov too), `Adam`, `AdamW` or `RMSprop` that has
            not been fitted yet; it stays as it is.
        schedule: A `schedules.Schedule` with values from 0 to below 1, not all of them 0; often
            `schedules.OppositeMomentum(learning_rate_schedule)`.

    Returns:
        A new optimizer of the same settings. It is saved and loaded with its schedule, and reads
        its present momentum as `optimizer.current_momentum`.

    Raises:
        TypeError: If the optimizer is of another class, or `schedule` is no schedule.
        ValueError: If the optimizer has been fitted, or the schedule leaves the bounds.

    Example:
        >>> rate = schedules.OneCycle(0.1, total_steps=400)
        >>> optimizer = cycle_momentum(
        ...     keras.optimizers.SGD(rate.to_keras()), schedules.OppositeMomentum(rate)
        ... )
        >>> round(optimizer.current_momentum, 3)
        0.946
    """
    kind = SCHEDULED.get(type(optimizer))
    if kind is None:
        allowed = ", ".join(known.__name__ for known in SCHEDULED)
        text = f"optimizer is of the class {type(optimizer).__name__}; allowed are {allowed}"
        raise TypeError(f"{text}. Wrap it in others afterwards.")
    return made_anew(optimizer, lambda settings: kind(**settings, momentum_schedule=schedule))


def updates_made(optimizer):
    """Return how many updates an optimizer has made, an int, also with several replicas."""
    return int(ops.convert_to_numpy(optimizer.iterations))


def rate_source(optimizer):
    """Return what an optimizer takes its rate from: a variable, or a schedule or other function."""
    # No public name tells a schedule from its present value.
    return getattr(optimizer, "inner_optimizer", optimizer)._learning_rate


def made_anew(optimizer, make, fitted=False):
    """Return a new optimizer with the settings of another, which stays as it is.

    Args:
        optimizer: A Keras optimizer.
        make: Function of the settings, a dict, that returns the new one.
        fitted: Whether it may have been fitted.

    Raises:
        ValueError: If the optimizer has been fitted and may not.
    """
    if optimizer.built and not fitted:
        raise ValueError("The optimizer has been fitted already; compile with a new one.")
    settings = optimizer.get_config()
    if isinstance(settings["learning_rate"], dict):
        # The object itself: another schedule need not be registered for this.
        settings["learning_rate"] = rate_source(optimizer)
    new = make(settings)
    # What `exclude_from_weight_decay` was told is no part of a config.
    told = {name: kept for name, kept in vars(optimizer).items() if name.startswith("_exclude")}
    vars(new).update(told)
    return new


class _MomentumFromSchedule:
    """Drives the number that `momentum_name` names; put before a class of Keras's optimizers."""

    momentum_name = "momentum"

    def __init__(self, *args, momentum_schedule, **settings):
        if isinstance(momentum_schedule, dict):
            momentum_schedule = schedules.from_dict(momentum_schedule)
        low, high = schedules.base.checked_schedule(momentum_schedule).rate_bounds
        if not 0 <= low <= high < 1 or high == 0:
            given = f"The schedule of the momentum goes from {low:g} to {high:g}"
            raise ValueError(f"{given}; allowed is 0 to below 1, and not only 0.")
        # Keras makes slots for momentum only where this number is not 0.
        super().__init__(*args, **settings | {self.momentum_name: high})
        self._constant = high
        self.momentum_schedule = momentum_schedule
        self._momentum_in_graph = KerasSchedule(momentum_schedule)

    @property
    def current_momentum(self):
        """Momentum (or `beta_1`) of the next update, a float."""
        return float(self._momentum_in_graph(self.iterations))

    def apply(self, grads, trainable_variables=None):
        """Update as the class of Keras does, with the momentum of this update."""
        now = _Now(self._momentum_in_graph(self.iterations))
        setattr(self, self.momentum_name, now)
        try:
            return super().apply(grads, trainable_variables)
        finally:
            setattr(self, self.momentum_name, self._constant)

    def get_config(self):
        """Return the settings with the momentum's schedule, for `from_config`."""
        return super().get_config() | {"momentum_schedule": self.momentum_schedule.to_dict()}


@keras.saving.register_keras_serializable(package=PACKAGE)
class ScheduledSGD(_MomentumFromSchedule, keras.optimizers.SGD):
    """SGD whose momentum follows a schedule; made by `cycle_momentum`."""


@keras.saving.register_keras_serializable(package=PACKAGE)
class ScheduledRMSprop(_MomentumFromSchedule, keras.optimizers.RMSprop):
    """RMSprop whose momentum follows a schedule; made by `cycle_momentum`."""


@keras.saving.register_keras_serializable(package=PACKAGE)
class ScheduledAdam(_MomentumFromSchedule, keras.optimizers.Adam):
    """Adam whose `beta_1` follows a schedule; made by `cycle_momentum`."""

    momentum_name = "beta_1"


@keras.saving.register_keras_serializable(package=PACKAGE)
class ScheduledAdamW(_MomentumFromSchedule, keras.optimizers.AdamW):
    """AdamW whose `beta_1` follows a schedule; made by `cycle_momentum`."""

    momentum_name = "beta_1"


# The class of Keras's is the second that each is made of.
KINDS = (ScheduledSGD, ScheduledAdam, ScheduledAdamW, ScheduledRMSprop)
SCHEDULED = {kind.__bases__[1]: kind for kind in KINDS}


class _Now:
    """A momentum that the graph computes, where Keras's code expects a Python number."""

    def __init__(self, value):
        self._value = value

    def __tf_tensor__(self, dtype=None, name=None):
        return self._value if dtype is None else ops.cast(self._value, dtype)

    def __rsub__(self, other):
        return other - self._value

    # Keras asks whether there is any momentum by comparing it with 0, in Python.
    def __ne__(self, other):
        return True

    def __gt__(self, other):
        return True

    __hash__ = None
