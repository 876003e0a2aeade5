"""The two ways to train once: again and again in one compiled loop, or anew by Keras's `fit`."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from helpers.keras_schedules import need_tensorflow, rate_source, updates_made
from helpers.schedules import Constant, Schedule, checked_count
from helpers.training.loop import Blocks, CompiledLoop, NotForLoop, build, evaluate, why_not_loop
from helpers.training.state import everything_of, restore, values_alike, values_of


@dataclass(frozen=True)
class Plan:
    """The arguments of `iterate`, checked; see there for what each means."""

    build_model: Callable
    schedules: dict
    train: object
    validation: object
    epochs: int
    test: object = None
    batch_size: int = 32
    seeds: tuple = (0,)
    evaluate_at: tuple = ()
    measure: Callable | None = None
    callbacks: Callable | None = None
    shuffle: bool = True
    fit_options: dict = field(default_factory=dict)

    def __post_init__(self):
        need_tensorflow()
        if isinstance(self.build_model, keras.Model):
            raise TypeError(
                "build_model is a model; give a function that returns one for each run."
            )
        if not isinstance(self.schedules, dict) or not self.schedules:
            raise TypeError(f"schedules is {self.schedules!r}; give a dict of label to schedule.")
        schedules = {
            label: schedule if callable(schedule) else Constant(schedule)
            for label, schedule in self.schedules.items()
        }
        seeds = tuple(checked_count(seed, "each of seeds", least=0) for seed in self.seeds)
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError(f"seeds is {seeds}; give one or more, each once.")
        moments = tuple(checked_count(at, "each of evaluate_at") for at in self.evaluate_at)
        checked_count(self.epochs, "epochs")
        checked_count(self.batch_size, "batch_size")
        vars(self).update(schedules=schedules, seeds=seeds, evaluate_at=moments)

    def data(self, seed):
        """Return the training data of a seed."""
        return self.train(seed) if of_seed(self.train) else self.train

    def held_out(self, seed):
        """Return what a seed is measured on: dict of `val` and `test` to data, where given."""
        given = {"val": self.validation, "test": self.test}
        return {
            name: data(seed) if of_seed(data) else data
            for name, data in given.items()
            if data is not None
        }

    def row(self, model, held_out):
        """Return what was measured: dict of `val` or `test` to metrics, and `measure`, as a row."""
        row = {}
        for name, metrics in held_out.items():
            row |= _plain(metrics, f"{name}_")
        return row | _plain(self.measure(model) if self.measure else {})


def of_seed(data):
    """Return whether data are a function that makes the data of a seed."""
    return callable(data) and not isinstance(data, (tf.data.Dataset, keras.utils.PyDataset))


def make_engine(plan):
    """Return what trains: a `LoopEngine`, or a `FitEngine` for all that no loop can carry."""
    keras.utils.set_random_seed(plan.seeds[0])
    model, train = plan.build_model(), plan.data(plan.seeds[0])
    held_out = plan.held_out(plan.seeds[0])
    if getattr(model, "optimizer", None) is None:
        raise ValueError("build_model() returned a model that is not compiled; let it compile it.")
    if not hasattr(rate_source(model.optimizer), "assign"):
        raise ValueError(
            "The optimizer of build_model() takes its rate from a schedule, and here the rate is "
            "set from outside. Compile with a number, such as SGD(0.01), and give the schedule to "
            "compare(...)."
        )
    reason = why_not_loop(model, train, *held_out.values())
    if plan.callbacks or plan.fit_options:
        reason = "callbacks or options of fit are given"
    try:
        if not reason:
            return LoopEngine(plan, model, train, held_out)
    except NotForLoop as error:
        reason = error
    return FitEngine(plan, model, reason)


class LoopEngine:
    """One model, compiled and traced once; each run begins from values that are put back.

    Args:
        plan: The `Plan`.
        model: A model that `plan.build_model` made after the first seed was set.
        train: The training data of the first seed.
        held_out: What the first seed is measured on.

    Attributes:
        rows: What the present run has measured.
    """

    trained_by = "compiled loop"

    def __init__(self, plan, model, train, held_out):
        self.model, self._plan = model, plan
        self._blocks = Blocks(train, plan.batch_size)
        self._batch = self._blocks.first_batch()
        build(model, self._batch)
        self._variables = everything_of(model)
        rate = rate_source(model.optimizer)
        self._train = CompiledLoop(model, model.train_step, self._blocks, rate)
        self._held_out = self._in_blocks(held_out)
        self._tests = {
            name: CompiledLoop(model, model.test_step, blocks)
            for name, blocks in self._held_out.items()
        }
        self._starts = {seed: self._start(seed) for seed in plan.seeds}

    def run(self, schedule, seed):
        """Train once; a generator that yields often."""
        plan, blocks = self._plan, self._blocks
        values, orders = self._starts[seed]
        restore(self._variables, values)
        if of_seed(plan.train):
            if blocks.examples is None:
                # Only for data sets, which it reaches: TensorFlow prepares its functions anew.
                keras.utils.set_random_seed(seed)
            blocks = Blocks(plan.data(seed), plan.batch_size)
        if of_seed(plan.validation) or of_seed(plan.test):
            self._held_out = self._in_blocks(plan.held_out(seed))
        self.rows, finite = [], True
        for epoch in range(plan.epochs):
            self.model.reset_metrics()
            blocks.start(None if orders is None else orders[epoch])
            finite = yield from self._epoch(blocks, schedule)
            row = _plain(self.model.get_metrics_result())
            # After a loss that is not finite, nothing but that loss is a measurement.
            row = row | self._measured() if finite else {"loss": row.get("loss", math.nan)}
            self.rows.append({"epoch": epoch + 1, "updates": updates_made(self.model.optimizer)})
            self.rows[-1] |= row
            if not (finite and math.isfinite(row.get("val_loss", 0.0))):
                self.rows[-1]["diverged"] = True
                break

    def close(self):
        """Leave variables as they were built: layers that `build_model` shares are the user's."""
        restore(self._variables, self._starts[self._plan.seeds[0]][0])

    def _in_blocks(self, held_out):
        return {name: Blocks(data, self._plan.batch_size, name) for name, data in held_out.items()}

    def _start(self, seed):
        """Return the values that a run begins with, and the order of the examples in each epoch."""
        keras.utils.set_random_seed(seed)
        model = self._plan.build_model()
        build(model, self._batch)
        values = values_alike(self._variables, everything_of(model))
        orders = None
        if self._plan.shuffle and self._blocks.examples is not None:
            orders = orders_of_fit(self._blocks.examples, self._plan.epochs, seed)
        return values, orders

    def _epoch(self, blocks, schedule):
        """Train an epoch in pieces; return whether the loss is still finite."""
        asked, optimizer = self._plan.evaluate_at, self.model.optimizer
        gathering = optimizer.gradient_accumulation_steps or 1
        finite, batches, measured = True, 0, None
        while finite:
            done = updates_made(optimizer)
            ahead = [(at - done) * gathering for at in asked if at > done]
            block, wanted = blocks.take(min([self._train.pace, *ahead]))
            if not wanted:
                break
            # The end of an epoch is measured by itself.
            if batches and done in asked and done != measured:
                kept, measured = values_of(self.model.metrics_variables), done
                self.rows.append({"updates": done} | self._measured())
                restore(self.model.metrics_variables, kept)
            losses, _ = self._train(block, _rates(schedule, done, wanted))
            batches += len(losses)
            finite = bool(np.isfinite(losses[-1]))
            yield
        if not batches:
            raise ValueError("The training data gave no batch in this epoch; give one or more.")
        return finite

    def _measured(self):
        found = {name: self._tests[name].over(blocks) for name, blocks in self._held_out.items()}
        return self._plan.row(self.model, found)


class FitEngine(keras.callbacks.Callback):
    """A new model for each run, trained by `fit`: for callbacks, generators, strategies and so on.

    It is the callback too that notes what a run measured, and ends it where the loss is not finite.

    Args:
        plan: The `Plan`.
        model: A model that `plan.build_model` made, to look at.
        reason: Why no compiled loop will do.
    """

    def __init__(self, plan, model, reason):
        super().__init__()
        self._plan, self.rows, self.trained_by = plan, [], f"fit: {reason}"
        self.set_model(model)

    def run(self, schedule, seed):
        """Train once; a generator that yields at the start only."""
        self.rows = []
        yield
        plan = self._plan
        keras.utils.set_random_seed(seed)
        model = plan.build_model()
        _set_rate(model.optimizer, schedule)
        train, self._held_out = plan.data(seed), plan.held_out(seed)
        arrays = isinstance(train, (tuple, list))
        options = {"batch_size": plan.batch_size} if arrays else {}
        if arrays or isinstance(train, keras.utils.PyDataset):
            options["shuffle"] = plan.shuffle
        model.fit(
            *(train if arrays else [train]),
            epochs=plan.epochs,
            validation_data=self._held_out.get("val"),
            verbose=0,
            callbacks=[*(plan.callbacks() if plan.callbacks else ()), self],
            **options | plan.fit_options,
        )

    def close(self):
        """Nothing is left to put back."""

    def on_train_batch_end(self, batch, logs=None):
        """Measure where asked; a loss that is not finite ends the run."""
        self._finite = math.isfinite((logs or {}).get("loss", 0.0))
        self.model.stop_training |= not self._finite
        done = updates_made(self.model.optimizer)
        if done in self._plan.evaluate_at and self._finite:
            kept = values_of(self.model.metrics_variables)
            self.rows.append({"updates": done} | self._measured(self._held_out))
            restore(self.model.metrics_variables, kept)

    def on_epoch_end(self, epoch, logs=None):
        """Note what Keras measured, and what it did not."""
        done = updates_made(self.model.optimizer)
        if self.rows and self.rows[-1]["updates"] == done:
            self.rows.pop()
        # Keras has measured on validation data already.
        row = dict(logs) | self._measured(self._held_out.keys() - {"val"})
        self._finite &= all(math.isfinite(row.get(name, 0.0)) for name in ("loss", "val_loss"))
        if not self._finite:
            row = {"loss": row.get("loss", math.nan), "diverged": True}
            self.model.stop_training = True
        self.rows.append({"epoch": epoch + 1, "updates": done} | row)

    def _measured(self, names):
        size = self._plan.batch_size
        found = {name: evaluate(self.model, self._held_out[name], size) for name in names}
        return self._plan.row(self.model, found)


def _set_rate(optimizer, schedule):
    """Give an optimizer that nothing was traced with a rate, or a schedule in its place."""
    bounds = schedule.rate_bounds if isinstance(schedule, Schedule) else (0.0, math.inf)
    if bounds[0] == bounds[1]:
        # Callbacks may change a rate that is a number.
        optimizer.learning_rate = bounds[0]
        return
    if not isinstance(schedule, Schedule):
        raise TypeError(
            f"{schedule!r} is no schedule of helpers.schedules, which Keras's fit needs here: it "
            "trains where callbacks, generators, options of fit and the like are given."
        )
    gathering = optimizer.gradient_accumulation_steps or 1
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    inner.learning_rate = schedule.to_keras(gradient_accumulation_steps=gathering)


class _OrderRecorder(keras.Model):
    """A model without weights that writes down the order in which `fit` shows it examples."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def train_step(self, data):
        self.seen.append(np.array(keras.utils.unpack_x_y_sample_weight(data)[0]))
        return {"loss": 0.0}


def orders_of_fit(examples, epochs, seed):
    """Return the orders in which `fit(shuffle=True)` would visit the examples of arrays.

    Keras shuffles arrays with TensorFlow's global seed in a place that no public name reaches, so
    `fit` itself is asked, with indices for data. That holds whatever a version of Keras does.

    Args:
        examples: Number of examples.
        epochs: Number of epochs.
        seed: The global seed.

    Returns:
        A list of index arrays, one an epoch.
    """

    def ask(count):
        keras.utils.set_random_seed(seed)
        recorder = _OrderRecorder()
        recorder.compile(run_eagerly=True)
        places = np.arange(examples, dtype="int32")
        recorder.fit(places, batch_size=examples, epochs=count, verbose=0)
        return np.array(recorder.seen)

    # With a global seed, Keras 3 repeats one order in every epoch; then two epochs tell all.
    first = ask(min(2, epochs))
    if (first == first[0]).all():
        return [first[0]] * epochs
    return list(ask(epochs))


def _rates(schedule, first, count):
    """Return the rates of so many updates, or say what is wrong with them."""
    rates = np.asarray(schedule(np.arange(first, first + count)), "float32")
    if rates.shape != (count,) or not (np.isfinite(rates) & (rates >= 0)).all():
        raise ValueError(
            f"For {count} steps the schedule {schedule!r} gives {rates!r}; one finite rate >= 0 is "
            "needed for each."
        )
    return rates


def _plain(values, prefix=""):
    """Return plain floats (lists for metrics with several values), ready for a JSON file."""
    return {
        prefix + name: np.asarray(value, "float64").tolist() for name, value in dict(values).items()
    }
