"""The engine: one compiled model, trained again and again from values that are put back.

Training and evaluation run in compiled pieces of about 0.3 seconds. In between, control returns to
Python, so that a bar can move, a stop is heard and a diverged run ends: a compiled loop by itself
hears nothing, not even Ctrl-C, until it is over.
"""

import math
import time

import numpy as np
import tensorflow as tf

from helpers.results import Run
from helpers.training.state import restore, values_of, variables_of

PIECE_SECONDS = 0.3


class Engine:
    """A compiled model with its feeds; `run` trains it once from given starting values."""

    def __init__(self, model, train, validation=None):
        self.model = model
        self._check_optimizer()
        self._train, self._validation = train, validation
        self._rates = tf.Variable([0.0], shape=[None], trainable=False)
        self._first_step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._build(train.first_batch())
        self.variables = variables_of(model)
        self._train_piece = self._compile(train.loop(self._train_step()))
        self._pace = {"train": _Pace(), "evaluate": _Pace()}
        if validation is not None:
            self._test_piece = self._compile(validation.loop(self._test_step()))

    def _check_optimizer(self):
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is None:
            raise ValueError(
                "build_model() returned a model that is not compiled; let it call model.compile()."
            )
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        rate = inner.get_config().get("learning_rate")
        if not isinstance(rate, (int, float)):
            raise ValueError(
                f"The optimizer of build_model() takes its rate from {_rate_source(rate)}; "
                "here the rate is set from outside. Compile with a number, such as SGD(0.01), and "
                "give the schedule to compare(...)."
            )
        if self.model.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError("A sweep runs on one device; build the model outside the strategy.")

    def _build(self, batch):
        """Create every variable now: none may be created inside a compiled loop."""
        self.model.test_step(batch)
        self.metric_names = list(self.model.get_metrics_result())

    def fresh_values(self, model):
        """Return the values a newly built model starts with.

        Raises:
            ValueError: If the model is unlike the engine's.
        """
        if not model.built:
            model.test_step(self._train.first_batch())
        values = values_of(variables_of(model))
        own = [tuple(variable.shape) for variable in self.variables]
        new = [value.shape for value in values]
        if own != new:
            raise ValueError(
                f"build_model() gave two different models: {len(own)} and {len(new)} variables, or "
                "other shapes. It must build the same model at every call."
            )
        return values

    def _compile(self, piece):
        return piece if self.model.run_eagerly else tf.function(piece)

    def _one_batch(self, step):
        """Return the step as `fit` would run it: not rewritten, and by XLA if compiled for it."""
        step = tf.autograph.experimental.do_not_convert(step)
        if self.model.jit_compile and not self.model.run_eagerly:
            return tf.function(step, reduce_retracing=True, jit_compile=True)
        return step

    def _train_step(self):
        optimizer, one_batch = self.model.optimizer, self._one_batch(self.model.train_step)

        def step(batch):
            # Updates are counted by the optimizer: it alone knows of skipped and gathered ones.
            position = tf.cast(tf.convert_to_tensor(optimizer.iterations), tf.int64)
            rate = self._rates[position - self._first_step]
            optimizer.learning_rate.assign(tf.cast(rate, optimizer.learning_rate.dtype))
            return _is_finite(one_batch(batch))

        return step

    def _test_step(self):
        one_batch = self._one_batch(self.model.test_step)

        def step(batch):
            one_batch(batch)
            return tf.constant(True)

        return step

    @property
    def updates(self):
        """Number of optimizer updates made since the start of the run."""
        return int(self.model.optimizer.iterations)

    def run(self, label, seed, schedule, start, plan):
        """Train once; a generator that yields the epoch it is in and returns the `Run`.

        Args:
            label: The label of the record.
            seed: The seed of the record; the global seed is already set to it.
            schedule: Steps (an int array) to rates.
            start: A `Start`: the values and the orders to begin with.
            plan: The `Plan`: epochs, where to evaluate, what to measure, the data of the seed.

        Yields:
            The epoch in progress, 0-based, after every compiled piece.

        Returns:
            The finished `Run`.
        """
        began = time.perf_counter()
        restore(self.variables, start.values)
        feed = plan.feed(seed) if plan.data_per_seed else self._train
        history, ends, points = {}, [], []
        for epoch in range(plan.epochs):
            self.model.reset_metrics()
            source = feed.start_epoch(start.order(epoch))
            for finite in self._epoch(source, feed.updates_per_epoch, schedule, plan.evaluate_at):
                yield epoch
                if finite and self._asked_now(plan.evaluate_at, points):
                    row = yield from self._aside(epoch, plan.measure)
                    points.append({"updates": self.updates} | row)
            row = self._results()
            if finite:
                row |= yield from self._validate(epoch, plan.measure)
                finite = math.isfinite(row.get("val_loss", 0.0))
            else:
                row = self._diverged_row(row, history)
            ends.append(self.updates)
            for name, value in row.items():
                history.setdefault(name, []).append(value)
            if not finite:
                break
        seconds = time.perf_counter() - began
        return Run(label, seed, history, ends, points, None if finite else ends[-1], seconds)

    def _asked_now(self, asked, points):
        # While gradients gather, several pieces may end at one number of updates.
        done = points[-1]["updates"] if points else 0
        return self.updates in asked and self.updates != done

    def _epoch(self, source, size, schedule, asked):
        """Train an epoch in pieces that end where asked; yield if the loss is still finite."""
        position = 0
        accumulation = self.model.optimizer.gradient_accumulation_steps or 1
        while size is None or position < size:
            wanted = self._pace["train"].steps
            ahead = [at - self.updates for at in asked if at > self.updates]
            if ahead:
                wanted = min(wanted, ahead[0] * accumulation)
            if size is not None:
                wanted = min(wanted, size - position)
            first = self.updates
            self._first_step.assign(first)
            self._rates.assign(np.asarray(schedule(np.arange(first, first + wanted)), "float32"))
            done, finite = self._pace["train"].timed(
                lambda at=position, to=position + wanted: self._train_piece(
                    source, tf.constant(at), tf.constant(to)
                )
            )
            position += done
            if position == 0:
                raise ValueError(
                    "The training data gave no batch in this epoch; give it one or more."
                )
            yield finite
            if not finite or done < wanted:
                return

    def _validate(self, epoch, measure):
        row = {}
        if self._validation is not None:
            self.model.reset_metrics()
            source, size = self._validation.start_epoch(), self._validation.updates_per_epoch
            pace, position = self._pace["evaluate"], 0
            while size is None or position < size:
                wanted = pace.steps if size is None else min(pace.steps, size - position)
                done, _ = pace.timed(
                    lambda at=position, to=position + wanted: self._test_piece(
                        source, tf.constant(at), tf.constant(to)
                    )
                )
                position += done
                yield epoch
                if done < wanted:
                    break
            row = {f"val_{name}": value for name, value in self._results().items()}
        return row | _numbers(measure(self.model) if measure else {})

    def _aside(self, epoch, measure):
        """Measure in mid-epoch: training metrics share their variables with validation."""
        kept = values_of(self.model.metrics_variables)
        row = yield from self._validate(epoch, measure)
        restore(self.model.metrics_variables, kept)
        return row

    def _results(self):
        return _numbers(self.model.get_metrics_result())

    def _diverged_row(self, row, history):
        """Keep the loss that was seen; nothing else of a diverged epoch is a measurement."""
        # What earlier epochs measured gets a row too: all lists of a history are equally long.
        names = [*row, *history]
        if self._validation is not None:
            names += [f"val_{name}" for name in self.metric_names]
        return {name: math.nan for name in names} | {"loss": row.get("loss", math.nan)}


class Start:
    """What a run starts from: the values of all variables, and the order of the examples."""

    def __init__(self, values, orders):
        self.values = values
        self._orders = orders

    def order(self, epoch):
        """Return the example indices of an epoch, or None where the data keep their own order."""
        return None if self._orders is None else self._orders[epoch]


class _Pace:
    """How many steps take about 0.3 seconds, learned from the pieces so far."""

    def __init__(self):
        self.steps = 1
        self._traced = False

    def timed(self, piece):
        """Run a piece; return `(steps done, finite)` as Python values."""
        began = time.perf_counter()
        done, finite = piece()
        done, finite = int(done), bool(finite)
        seconds = time.perf_counter() - began
        # The first call traces, which says nothing about the steps.
        if self._traced and done:
            fits = int(PIECE_SECONDS * done / max(seconds, 1e-9))
            # Growing slowly keeps one lucky measurement from making a piece that takes seconds.
            self.steps = max(1, min(fits, 8 * self.steps))
        elif done:
            self._traced, self.steps = True, 8
        return done, finite


def _is_finite(logs):
    watched = [logs["loss"]] if "loss" in logs else list(logs.values())
    return tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in watched])


def _numbers(values):
    """Return plain floats (lists for metrics with several values), ready for a JSON file."""
    arrays = {name: np.asarray(value, dtype="float64") for name, value in values.items()}
    return {name: array.tolist() for name, array in arrays.items()}


def _rate_source(rate):
    return f"the schedule {rate['class_name']}" if isinstance(rate, dict) else repr(rate)
