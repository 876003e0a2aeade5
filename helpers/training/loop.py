"""The compiled loop: many batches in one call from Python, each with its own rate.

A call takes about 0.3 seconds. In between, control returns to Python, so that a bar can move, a
stop is heard and a diverged run ends: a compiled loop by itself hears nothing, not even Ctrl-C,
until it is over.
"""

import time
from contextlib import suppress

import keras
import numpy as np
import tensorflow as tf

PIECE_SECONDS = 0.3


def why_not_loop(model, *data):
    """Return why a model or its data are not for this loop but for Keras's `fit`; else None."""
    if model.run_eagerly:
        return "the model runs eagerly"
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return "there are several replicas"
    if not all(part is None or is_in_blocks(part) for part in data):
        return "data are neither arrays of numbers nor a tf.data.Dataset"


def is_in_blocks(data):
    """Return whether data are a data set, or arrays of numbers."""
    if isinstance(data, tf.data.Dataset):
        specs = tf.nest.flatten(data.element_spec)
        return all(isinstance(spec, tf.TensorSpec) for spec in specs)
    if not are_arrays(data):
        return False
    leaves = tf.nest.flatten([_as_arrays(part) for part in data if part is not None])
    return all(leaf.dtype.kind in "fiub" for leaf in leaves)


def are_arrays(data):
    """Return whether data have the form `(x,)`, `(x, y)` or `(x, y, sample_weight)`."""
    one = isinstance(data, tuple) and len(data) == 1
    return one or (isinstance(data, (tuple, list)) and len(data) in (2, 3))


class Blocks:
    """Data as blocks: batches of one size on top of one another, for one call to go through.

    Args:
        data: `(x,)`, `(x, y)` or `(x, y, sample_weight)` of arrays, or a data set of batches.
        batch_size: Examples for one update; a data set brings its own.
        name: What to call the data in an error.

    Attributes:
        examples: Number of examples of arrays; None for a data set.
        size: Batches of an epoch; None where a data set does not know.

    Raises:
        ValueError: If lengths differ, there is no example, or an epoch has no end.
    """

    def __init__(self, data, batch_size, name="train"):
        self.examples, self._batch_size = None, batch_size
        if isinstance(data, tf.data.Dataset):
            options, size = tf.data.Options(), int(data.cardinality())
            # The thread that tunes may hold up the end of an iterator for half a second.
            options.autotune.enabled = False
            self._data = data.prefetch(tf.data.AUTOTUNE).with_options(options)
            if size in (0, tf.data.INFINITE_CARDINALITY):
                raise ValueError(
                    f"The data set of {name} is empty or never ends, so an epoch has no length. "
                    "Give it an end: dataset.take(updates_per_epoch)."
                )
            self.size = None if size == tf.data.UNKNOWN_CARDINALITY else size
            return
        self._data = tuple(_as_fit_feeds(part) for part in data if part is not None)
        lengths = {len(array) if array.ndim else 0 for array in tf.nest.flatten(self._data)}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                f"The arrays of {name} have {sorted(lengths)} examples; all need the same number, "
                "one or more."
            )
        self.examples = lengths.pop()
        self.size = -(-self.examples // batch_size)

    @property
    def spec(self):
        """What a block looks like, of however many batches."""
        if self.examples is None:
            return tf.nest.map_structure(
                lambda spec: tf.TensorSpec([None, *spec.shape], spec.dtype), self._data.element_spec
            )
        size = None if self.examples % self._batch_size else self._batch_size
        return tf.nest.map_structure(
            lambda array: tf.TensorSpec([None, size, *array.shape[1:]], array.dtype), self._data
        )

    def start(self, order=None):
        """Begin an epoch; `order` holds the places of the examples, None leaves them."""
        self._order, self._at, self._waiting = order, 0, None
        if self.examples is None:
            self._batches = iter(self._data)

    def first_batch(self):
        """Return one batch, to build a model on."""
        self.start()
        block, batches = self.take(1)
        if not batches:
            raise ValueError("The data gave no batch; give one or more.")
        return tf.nest.map_structure(lambda array: tf.constant(array[0]), block)

    def take(self, wanted):
        """Return the next block, `(arrays, batches)`: of `wanted` batches, or fewer of one size.

        At the end of an epoch it is `(None, 0)`.
        """
        return self._gathered(wanted) if self.examples is None else self._cut(wanted)

    def _cut(self, wanted):
        whole = self.examples // self._batch_size - self._at
        batches = min(wanted, whole) if whole > 0 else min(1, self.size - self._at)
        if batches < 1:
            return None, 0
        first = self._at * self._batch_size
        chosen = slice(first, min(first + batches * self._batch_size, self.examples))
        if self._order is not None:
            chosen = self._order[chosen]
        self._at += batches

        def cut(array):
            return array[chosen].reshape(batches, -1, *array.shape[1:])

        return tf.nest.map_structure(cut, self._data), batches

    def _gathered(self, wanted):
        gathered = [] if self._waiting is None else [self._waiting]
        self._waiting = None
        while len(gathered) < wanted:
            batch = next(self._batches, None)
            if batch is None:
                break
            if gathered and _shapes(batch) != _shapes(gathered[0]):
                self._waiting = batch
                break
            gathered.append(batch)
        if not gathered:
            return None, 0
        stacked = tf.nest.map_structure(lambda *arrays: np.stack(arrays), *gathered)
        return stacked, len(gathered)


def _as_arrays(part):
    """Return arrays for what converts to them; a list of plain numbers is one array."""
    if not any(hasattr(leaf, "shape") for leaf in tf.nest.flatten(part)):
        return np.asarray(part)
    return tf.nest.map_structure(np.asarray, part)


def _as_fit_feeds(part):
    """Return arrays as Keras would feed them: floats in its default precision."""

    def fed(array):
        return array.astype(keras.config.floatx()) if array.dtype.kind == "f" else array

    return tf.nest.map_structure(fed, _as_arrays(part))


def _shapes(batch):
    return [tuple(array.shape) for array in tf.nest.flatten(batch)]


def build(model, batch):
    """Create every variable of a compiled model: none may be created inside a compiled loop."""
    # A model of its own kind may have no test step; it is built by tracing its train step.
    with suppress(Exception):
        model.test_step(batch)
    if not model.weights:
        tf.function(model.train_step).get_concrete_function(batch)
    if not model.optimizer.built:
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)


class NotForLoop(Exception):
    """A step that cannot be traced into a loop, or whose reports no loop can add up."""


class CompiledLoop:
    """A step of a model, in a loop that is compiled once for blocks of any length.

    Args:
        model: A compiled and built model.
        step: `batch -> logs`, the model's `train_step` or `test_step`.
        blocks: The `Blocks` it will go through, or others that look alike.
        rate: The variable that is the learning rate, for training.
        alone: Whether metrics are set back before each batch, so that the loss and the accuracy
            are those of this batch, and whether rates are counted by batches and not by updates.

    Attributes:
        pace: Batches that take about 0.3 seconds.

    Raises:
        NotForLoop: If the step is none for a loop; `fit` trains it, or says what is wrong.
    """

    def __init__(self, model, step, blocks, rate=None, alone=False):
        self._model, self._rate, self._alone = model, rate, alone
        self.pace = 8
        self._step = tf.autograph.experimental.do_not_convert(step)
        if model.jit_compile:
            self._step = tf.function(self._step, reduce_retracing=True, jit_compile=True)
        rates = tf.TensorSpec([None], tf.float32)
        try:
            self._piece = tf.function(self._loop).get_concrete_function(blocks.spec, rates)
        except Exception as error:
            raise NotForLoop(str(error)) from error

    def __call__(self, block, rates=(0.0,)):
        """Run a block.

        Args:
            block: Arrays `(batches, examples, ...)`, as `Blocks.take` returns them.
            rates: For training, the rate of each batch, or of each update that they make.

        Returns:
            `(losses, accuracies)`: arrays with one value a batch. They are shorter where a loss was
            not finite; that one is the last.
        """
        began = time.perf_counter()
        block = tf.nest.map_structure(tf.convert_to_tensor, block)
        done, seen = self._piece(block, tf.constant(np.asarray(rates, "float32")))
        losses, accuracies = seen.numpy()[: int(done)].T
        fits = int(PIECE_SECONDS * len(losses) / (time.perf_counter() - began))
        # Growing slowly keeps one lucky measurement from making a piece that takes seconds.
        self.pace = max(1, min(fits, 8 * self.pace))
        return losses, accuracies

    def over(self, blocks):
        """Go through all of the data; return dict of metric to value."""
        self._model.reset_metrics()
        blocks.start()
        while (block := blocks.take(self.pace))[1]:
            self(block[0])
        return self._model.get_metrics_result()

    def _loop(self, block, rates):
        batches = tf.shape(tf.nest.flatten(block)[0])[0]
        first = self._updates()
        seen = tf.TensorArray(tf.float64, size=batches, element_shape=[2])
        index, finite = tf.constant(0), tf.constant(True)
        while index < batches and finite:
            if self._rate is not None:
                # Updates are counted by the optimizer: it alone knows of skipped and gathered ones.
                place = index if self._alone else self._updates() - first
                self._rate.assign(tf.cast(rates[place], self._rate.dtype))
            logs = self._one_step(block, index)
            seen = seen.write(index, logs)
            finite = tf.math.is_finite(logs[0])
            index += 1
        return index, seen.stack()

    @tf.autograph.experimental.do_not_convert
    def _one_step(self, block, index):
        if self._alone:
            self._model.reset_metrics()
        logs = self._step(tf.nest.map_structure(lambda array: array[index], block))
        if not self._alone and set(logs) != set(self._model.get_metrics_result()):
            raise ValueError(f"the step reports {list(logs)}, not the metrics of its model")
        return tf.stack(followed(logs, self._model))

    @tf.autograph.experimental.do_not_convert
    def _updates(self):
        return tf.cast(tf.convert_to_tensor(self._model.optimizer.iterations), tf.int32)


def evaluate(model, data, batch_size):
    """Measure with Keras's own `evaluate`; dict of metric to value."""
    arrays = isinstance(data, (tuple, list))
    options = {"batch_size": batch_size} if arrays else {}
    return model.evaluate(*(data if arrays else [data]), verbose=0, return_dict=True, **options)


def followed(logs, model):
    """Return the loss in the logs of a step, and an accuracy if there is one, as float64."""
    if "loss" not in logs:
        raise ValueError(
            f"The model's train_step returned {list(logs)}; let it return the key 'loss' as well."
        )
    measured = [each for metric in model.metrics for each in getattr(metric, "metrics", [metric])]
    # Also one that has another name, such as "top".
    named = tuple(each.name for each in measured if "Accuracy" in type(each).__name__)
    known = [name for name in logs if "acc" in name or name.endswith(named)]
    exact = [name for name in ("accuracy", "acc") if name in known]
    accuracy = next((logs[name] for name in exact + known), np.nan)
    # A custom step may report one loss an example.
    return [tf.reduce_mean(tf.cast(value, tf.float64)) for value in (logs["loss"], accuracy)]


def made_with(model):
    """Return the optimizer of a model and the versions, for the `about` of a record."""
    optimizer = model.optimizer
    return {
        "optimizer": type(getattr(optimizer, "inner_optimizer", optimizer)).__name__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }
