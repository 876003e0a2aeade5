"""From a model and its data to a test that is ready to run, and back."""

from contextlib import contextmanager, suppress

import keras
import numpy as np
import tensorflow as tf

from helpers.range_test.adapter import PythonFeed, SingleSteps, dealt
from helpers.range_test.compiled import CompiledSteps, NotTraceable
from helpers.range_test.keeping import model_kept, rate_in_hand
from helpers.range_test.measuring import Record, measure
from helpers.training.feeding import make_feed
from helpers.training.state import everything_of, restore, values_alike


@contextmanager
def prepared(model, train, plan):
    """Get a model ready for tests, and put it back at the end.

    Args:
        model: A compiled Keras model.
        train: Data as `run` takes them.
        plan: The `Plan`.

    Yields:
        The `Prepared`.
    """
    with model_kept(model) as memory:
        ready = Prepared(model, train, plan, memory)
        with rate_in_hand(model) as rate:
            ready.trace(rate)
            memory.remember_new()
            yield ready


class Prepared:
    """A model whose every variable exists, and whose steps are traced once for many tests."""

    def __init__(self, model, train, plan, memory):
        self._model, self._plan, self._memory = model, plan, memory
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        self._batches_per_update = optimizer.gradient_accumulation_steps or 1
        self._feed, self._held_out = self._feed_of(train), None
        if plan.validation is not None:
            self._held_out = _feed(plan.validation, plan.batch_size, name="validation")
        if getattr(self._held_out, "once", False):
            raise TypeError(
                "validation is a generator, which can be gone through only once; give arrays or a "
                "data set."
            )
        self._first = self._feed.first_batch()
        self._build(model)
        self._variables = everything_of(model)

    def trace(self, rate):
        """Trace the steps, with a variable as the learning rate."""
        model, plan, why = self._model, self._plan, self._why_not_compiled()
        if not why:
            most = plan.steps * plan.batches_per_rate * self._batches_per_update
            try:
                self._steps = CompiledSteps(
                    model, rate, self._feed, self._held_out, most, plan.shuffle
                )
            except NotTraceable:
                why = "the model's step cannot be part of a compiled loop"
        if why:
            self._steps = SingleSteps(model, rate, self._feed, self._held_out, plan.shuffle, why)
            self._steps.trace(self._first)
        model.reset_metrics()

    def put_back(self):
        """Undo the test so far: a model built next may share layers with this one."""
        self._memory.put_back()

    def start_like(self, model, data=None):
        """Give the variables the values of another model, built alike.

        Args:
            model: The model.
            data: Training data in place of those so far, or None.

        Returns:
            The feed of the data, or None.
        """
        feed = None if data is None else self._feed_of(data)
        if feed is not None:
            self._first = feed.first_batch()
        self._build(model)
        model.reset_metrics()
        restore(self._variables, values_alike(self._variables, everything_of(model)))
        return feed

    def new_record(self, seed):
        """Return the `Record` of a test that is about to begin."""
        about = _about(self._model, self._plan, seed)
        return Record(self._plan, self._batches_per_update, self._steps.how, about)

    def measure(self, record, seed, feed=None):
        """Return the generator that runs one test, as `measuring.measure`."""
        return measure(self._steps, record, seed, feed)

    def _feed_of(self, data):
        """Return the feed of training data."""
        if isinstance(data, tf.data.Dataset):
            # One that never ends becomes one that is long enough.
            plan = self._plan
            data = data.take(plan.steps * plan.batches_per_rate * self._batches_per_update)
        return _feed(data, self._plan.batch_size, self._plan.class_weight)

    def _why_not_compiled(self):
        if self._model.run_eagerly:
            return "the model runs eagerly"
        if self._model.distribute_strategy.num_replicas_in_sync > 1:
            return "the model was built under a strategy with several replicas"
        if any(isinstance(feed, PythonFeed) for feed in (self._feed, self._held_out)):
            return "the data come from Python"
        return ""

    def _build(self, model):
        """Create every variable now: none may be created inside a compiled loop."""
        strategy, batch = model.distribute_strategy, self._first
        with strategy.scope():
            # A model of its own kind may have no test step; tracing its train step builds it then.
            with suppress(Exception):
                if strategy.num_replicas_in_sync > 1:
                    strategy.run(model.test_step, args=(dealt(batch, strategy),))
                else:
                    model.test_step(batch)
            if model.trainable_variables and not model.optimizer.built:
                model.optimizer.build(model.trainable_variables)


def is_function_of_seed(data):
    """Return whether data are a function that makes those of a seed."""
    return callable(data) and not isinstance(data, (tf.data.Dataset, keras.utils.PyDataset))


def _feed(data, batch_size, class_weight=None, name="train"):
    if isinstance(data, (tuple, list, tf.data.Dataset)):
        return make_feed(data, batch_size, class_weight, name)
    return PythonFeed(data, class_weight, name)


def _about(model, plan, seed):
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    return {
        "steps": plan.steps,
        "ramp": plan.ramp,
        "batch_size": plan.batch_size,
        "stop_factor": plan.stop_factor,
        "seed": seed,
        "optimizer": type(optimizer).__name__,
        "parameters": int(sum(np.prod(weight.shape) for weight in model.weights)),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }
