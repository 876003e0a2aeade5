"""One test after another on a model that is ready for it: data, plan, record, and the two ways."""

import itertools
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from helpers.keras_schedules import need_tensorflow, updates_made
from helpers.results import RangeTest
from helpers.results.range_test import DEFAULT_SMOOTHING
from helpers.results.rules import smooth
from helpers.schedules import ExponentialRamp, LinearRamp, checked_count, checked_rate
from helpers.training.loop import (
    Blocks,
    CompiledLoop,
    NotForLoop,
    are_arrays,
    build,
    evaluate,
    followed,
    is_in_blocks,
    made_with,
    why_not_loop,
)
from helpers.training.state import (
    everything_of,
    model_kept,
    random_states_kept,
    rate_in_hand,
    restore,
    values_alike,
)

RAMPS = {"exponential": ExponentialRamp, "linear": LinearRamp}
INTERRUPTED = "it was interrupted"
SETTINGS = ("steps", "ramp", "batch_size", "stop_factor")
# Share of the planned rates over which the mean fills; nothing is compared before.
WARM_UP = 0.1


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
    shuffle: bool = True
    rates: np.ndarray = field(init=False)

    def __post_init__(self):
        need_tensorflow()
        if self.ramp == "linear" and None in (self.min_rate, self.max_rate):
            raise ValueError(
                "A linear ramp needs its bounds: give min_rate and max_rate, for example a "
                "hundredth of the rate at which an exponential test diverged, and that rate."
            )
        steps = checked_count(self.steps, "steps", least=10)
        low = checked_rate(1e-6 if self.min_rate is None else self.min_rate, "min_rate", above=True)
        high = checked_rate(10 if self.max_rate is None else self.max_rate, "max_rate", above=True)
        if low >= high or self.ramp not in RAMPS:
            raise ValueError(
                f"min_rate is {low:g}, max_rate {high:g} and ramp {self.ramp!r}; min_rate must be "
                f"below max_rate, and ramp one of {', '.join(RAMPS)}."
            )
        if self.stop_factor != math.inf:
            checked_rate(self.stop_factor, "stop_factor", least=1, above=True)
        checked_rate(self.smoothing, "smoothing", most=0.9999)
        checked_count(self.batch_size, "batch_size")
        checked_count(self.batches_per_rate, "batches_per_rate")
        every = max(1, steps // 30) if self.validation_every is None else self.validation_every
        object.__setattr__(self, "validation_every", checked_count(every, "validation_every"))
        object.__setattr__(self, "rates", RAMPS[self.ramp](low, high, steps - 1)(range(steps)))


def check_model(model):
    """Raise unless it is a compiled Keras model whose optimizer has one learning rate."""
    if getattr(model, "optimizer", None) is None or not hasattr(model.optimizer, "learning_rate"):
        raise ValueError(
            f"{model!r} is no Keras 3 model that is compiled with one optimizer for all layers. "
            "Call model.compile(optimizer, loss) first; where each part has an optimizer, test the "
            "parts one by one."
        )


@contextmanager
def ready(model, train, plan):
    """Get a model ready for tests, traced once for all of them; put it back at the end.

    Yields:
        The `_Tester`.
    """
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    size = plan.batches_per_rate * (inner.gradient_accumulation_steps or 1)
    data = _Data(train, plan, plan.steps * size)
    with random_states_kept(), model_kept(model) as memory:
        build(model, data.first_batch())
        with rate_in_hand(model) as rate:
            tester = _Tester(model, data, plan, size, rate)
            memory.remember_new()
            yield tester


class _Tester:
    """A model in the midst of `ready`.

    Args:
        model: The model, built.
        data: Its `_Data`.
        plan: The `Plan`.
        size: Batches at each rate.
        rate: The variable that is its learning rate.
    """

    def __init__(self, model, data, plan, size, rate):
        self._model, self._data, self._plan, self._size = model, data, plan, size
        self._rate, self._train = rate, None
        self._variables = everything_of(model)
        reason = why_not_loop(model, data.given, plan.validation)
        try:
            if not reason:
                self._train = CompiledLoop(model, model.train_step, data.blocks, rate, alone=True)
        except NotForLoop as error:
            reason = error
        self._why = f"fit: {reason}" if reason else "compiled loop"
        if self._train and plan.validation is not None:
            self._held_out = Blocks(plan.validation, plan.batch_size, "validation")
            self._test = CompiledLoop(model, model.test_step, self._held_out)
        model.reset_metrics()

    def values_of(self, model):
        """Return what a model that is built alike begins with."""
        build(model, self._data.first_batch())
        model.reset_metrics()
        return values_alike(self._variables, everything_of(model))

    def begin(self, values, train=None):
        """Begin with the values of another model, and maybe with other data."""
        restore(self._variables, values)
        if train is not None:
            self._data = _Data(train, self._plan, self._plan.steps * self._size)
            # As a test by itself begins: a data set that reshuffles has then been looked at once.
            self._data.first_batch()

    def test(self, seed, show):
        """Run one test, and return its `RangeTest`; `show(fraction, text)` hears how far it is."""
        model, record = self._model, _Record(self._plan, self._size, show)
        began = updates_made(model.optimizer)
        try:
            (self._by_loop if self._train else self._by_fit)(record, seed)
        except KeyboardInterrupt:
            record.stop_reason = INTERRUPTED
            if not len(record.values):
                raise
        if not len(record.values):
            raise ValueError(f"There is nothing to show: {record.stop_reason}. Give more data.")
        if updates_made(model.optimizer) == began:
            raise ValueError(
                f"The model's optimizer, {type(model.optimizer).__name__}, made no update, "
                "so the rate of this test reached nothing. Is every layer frozen? If train_step "
                "uses an optimizer of its own, compile the model with that one."
            )
        about = {name: getattr(self._plan, name) for name in SETTINGS}
        return record.result(about | {"seed": seed, "trained_by": self._why} | made_with(model))

    def _by_loop(self, record, seed):
        def wanted():
            return min(self._train.pace, record.batches_ahead)

        for block, batches in self._data.pieces(seed, wanted):
            record.add(*self._train(block, record.rates(batches)))
            if record.held_out_due:
                record.add_held_out(self._test.over(self._held_out), self._model)
            if record.stop_reason:
                return

    def _by_fit(self, record, seed):
        ramp = _Ramp(record, self._rate, self._plan)
        options = {"steps_per_epoch": self._data.most, "shuffle": False, "verbose": 0}
        with warnings.catch_warnings():
            # That data end is noted as the reason why the test stopped.
            warnings.filterwarnings("ignore", message=".*ran out of data")
            self._model.fit(self._data.batches(seed), callbacks=[ramp], **options)
        if not record.stop_reason:
            record.stop_reason = f"the data ended after {record.batches_done} batches"


class _Data:
    """Training data of any kind, as blocks for the loop or as batches for `fit`.

    Args:
        given: What the user gave.
        plan: The `Plan`.
        most: Batches that one test may take.
    """

    def __init__(self, given, plan, most):
        if isinstance(given, tf.data.Dataset):
            # One iterator for all of the test, however long the data are.
            given = given.repeat().take(most)
        if not are_arrays(given) and (
            isinstance(given, (tuple, list, dict, str, np.ndarray))
            or not isinstance(given, keras.utils.PyDataset)
            and not hasattr(given, "__iter__")
        ):
            raise TypeError(
                f"train is of type {type(given).__name__}; give (x, y), (x, y, sample_weight), a "
                "tf.data.Dataset, a keras.utils.PyDataset or a generator of batches. For a model "
                "that trains on x alone: (x,) or tf.data.Dataset.from_tensor_slices(x).batch(32)."
            )
        if isinstance(plan.validation, Iterator):
            raise TypeError("validation is a generator, which ends; give arrays or a data set.")
        self.given, self.most, self._plan = given, most, plan
        in_blocks = are_arrays(given) or is_in_blocks(given)
        self.blocks = Blocks(given, plan.batch_size) if in_blocks else None
        self._first = None

    def first_batch(self):
        """Return one batch, to build a model on; a generator gives it again as its first."""
        if self._first is None:
            if self.blocks is not None:
                self._first = self.blocks.first_batch()
            elif isinstance(self.given, Iterator):
                self._first = next(self.given, None)
                # A chain is not closed with a `fit` that ends early, as a generator would be.
                self.given = itertools.chain([self._first], self.given)
            else:
                self._first = next(self._epoch(), None)
            if self._first is None:
                raise ValueError("The training data gave no batch; give one or more.")
        return self._first

    def pieces(self, seed, wanted):
        """Yield blocks of at most `wanted()` batches, with how many, epoch after epoch."""
        draw = np.random.default_rng(seed)
        shuffled = self._plan.shuffle and self.blocks.examples is not None
        while True:
            self.blocks.start(draw.permutation(self.blocks.examples) if shuffled else None)
            while (piece := self.blocks.take(wanted()))[1]:
                yield piece

    def batches(self, seed):
        """Yield batches, epoch after epoch; those of a generator until it ends."""
        if self.blocks is not None:
            for block, _ in self.pieces(seed, lambda: 1):
                yield tf.nest.map_structure(lambda array: array[0], block)
        elif isinstance(self.given, Iterator):
            yield from self.given
        else:
            while True:
                yield from self._epoch()

    def _epoch(self):
        if not isinstance(self.given, keras.utils.PyDataset):
            yield from self.given
            return
        for at in range(self.given.num_batches or self.most):
            yield self.given[at]
        self.given.on_epoch_end()


class _Record:
    """What a test has measured so far.

    Attributes:
        stop_reason: Why the test ended, in words; empty while it goes on.
        values: Mean loss and accuracy at each rate up to the end, an array `(rates, 2)`.
    """

    def __init__(self, plan, size, show):
        self._plan, self._size, self._show = plan, size, show
        self.stop_reason, self._diverged, self.values = "", False, np.empty((0, 2))
        self._rates = np.repeat(plan.rates, size)
        # Batches from one look at held-out data to the next.
        never = len(self._rates) + 1
        self._period = never if plan.validation is None else plan.validation_every * size
        self._batches = np.empty((0, 2))
        self._held_out = np.full((plan.steps, 2), np.nan)

    @property
    def batches_done(self):
        """Batches so far."""
        return len(self._batches)

    @property
    def batches_ahead(self):
        """Batches until the end of the test, or until held-out data are due."""
        due = self._period - self.batches_done % self._period
        return min(len(self._rates) - self.batches_done, due)

    @property
    def held_out_due(self):
        """Whether it is time to measure on held-out data."""
        return not self._diverged and self.batches_done % self._period == 0

    def rates(self, batches):
        """Return the rates of the next batches."""
        return self._rates[self.batches_done : self.batches_done + batches]

    def add(self, losses, accuracies):
        """Append what the next batches gave, and find out whether the test is over."""
        self._batches = np.concatenate([self._batches, np.stack([losses, accuracies], axis=1)])
        plan, values = self._plan, self._by_rate()
        stop = stop_point(values[:, 0], plan.steps, plan.stop_factor, plan.smoothing)
        if stop is not None:
            self._diverged, values = True, values[: stop[0] + 1]
            self.stop_reason = f"{stop[1]} at a rate of {plan.rates[stop[0]]:.3g}"
        elif len(values) == plan.steps:
            self.stop_reason = f"all {plan.steps} rates were tried"
        self.values, done = values, len(values)
        if done:
            text = f"{plan.rates[done - 1]:.3g}, loss {values[-1, 0]:.3g}"
            self._show(done / plan.steps, f"rate {done} of {plan.steps}: {text}")

    def add_held_out(self, logs, model):
        """Note what held-out data gave at the last rate."""
        self._held_out[len(self.values) - 1] = followed(logs, model)

    def result(self, about):
        """Return the `RangeTest`."""
        held_out = self._held_out[: len(self.values)]
        return RangeTest(
            self._plan.rates[: len(self.values)],
            self.values[:, 0],
            _measured(self.values[:, 1]),
            None if self._plan.validation is None else held_out[:, 0],
            _measured(held_out[:, 1]),
            diverged=self._diverged,
            stop_reason=self.stop_reason,
            smoothing=self._plan.smoothing,
            updates_per_rate=self._plan.batches_per_rate,
            about=about,
        )

    def _by_rate(self):
        """Return the mean loss and accuracy at each rate, an array `(rates, 2)`."""
        whole = self.batches_done // self._size
        groups = self._batches[: whole * self._size].reshape(whole, self._size, 2)
        rest = self._batches[whole * self._size :]
        with np.errstate(invalid="ignore"):
            means = groups.mean(axis=1)
        # A loss that is not finite ends its rate at once.
        lost = rest[-1:] if len(rest) and not np.isfinite(rest[-1, 0]) else rest[:0]
        return np.concatenate([means, lost])


def _measured(values):
    return None if np.isnan(values).all() else values


class _Ramp(keras.callbacks.Callback):
    """The range test inside `fit`: a rate before each batch, and its own loss after it."""

    def __init__(self, record, rate, plan):
        super().__init__()
        self._record, self._rate, self._plan = record, rate, plan

    def on_train_batch_begin(self, batch, logs=None):
        self._rate.assign(self._record.rates(1)[0])
        # What Keras reports is a mean since its metrics were set back.
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        loss, accuracy = followed(logs, self.model)
        self._record.add([float(loss)], [float(accuracy)])
        if self._record.held_out_due:
            found = evaluate(self.model, self._plan.validation, self._plan.batch_size)
            self._record.add_held_out(found, self.model)
        self.model.stop_training |= bool(self._record.stop_reason)


def stop_point(losses, planned, stop_factor, smoothing):
    """Return where and why a curve ends: a loss that is not finite, or one far above its best.

    Args:
        losses: The losses so far, one for each rate.
        planned: Number of rates in the whole test.
        stop_factor: How many times the best smoothed loss is too much, > 1.
        smoothing: Weight of the past in the mean.

    Returns:
        `(index, words)`: the first point at which the loss is not finite or too high, and what was
        seen there; None if the curve may go on. For losses that reach 0 or below, where a multiple
        says nothing, "too high" is `stop_factor - 1` times the way it fell, above the best.

    Example:
        >>> stop_point([2.0, 1.0, 0.5, 1.0, 3.0], planned=5, stop_factor=4, smoothing=0)
        (4, 'the smoothed loss was more than 4 times its best')
        >>> stop_point([2.0, float("nan")], planned=5, stop_factor=4, smoothing=0)
        (1, 'the loss was not finite')
    """
    losses = np.asarray(losses, dtype="float64")
    lost = np.flatnonzero(~np.isfinite(losses))
    end = int(lost[0]) if len(lost) else len(losses)
    high = _first_too_high(losses[:end], math.ceil(WARM_UP * planned), stop_factor, smoothing)
    if high is not None:
        return high, f"the smoothed loss was more than {stop_factor:g} times its best"
    return (end, "the loss was not finite") if end < len(losses) else None


def _first_too_high(losses, warm_up, stop_factor, smoothing):
    if math.isinf(stop_factor) or len(losses) < warm_up:
        return None
    smoothed = smooth(losses, smoothing)[warm_up - 1 :]
    best = np.minimum.accumulate(smoothed)
    reaches_0 = np.minimum.accumulate(losses)[warm_up - 1 :] <= 0
    scale = np.where(reaches_0, np.maximum(np.abs(best), smoothed[0] - best), best)
    high = np.flatnonzero(smoothed > best + (stop_factor - 1) * scale)
    return int(high[0]) + warm_up - 1 if len(high) else None
