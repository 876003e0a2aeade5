"""What is read off a model: the rate of each update, held-out metrics, a base's features."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from helpers.data import DataSplits
from helpers.keras_schedules import KerasSchedule, rate_source, updates_made
from helpers.progress import Bar

SPLITS = ("train", "validation", "test")


class RecordSteps(keras.callbacks.Callback):
    """Logs, for every optimizer update of `fit`, the learning rate really used and the loss.

    Keras counts an update before its callbacks are asked. With a schedule,
    `optimizer.learning_rate` at the end of a batch, and so what TensorBoard logs as
    `epoch_learning_rate`, is the rate of the *next* update. This callback logs the one used, and
    puts that of an epoch's last update into `History` as `learning_rate`.

    A step is one optimizer update. While gradients gather, several batches make one step; a batch
    that mixed precision skips, because a gradient was not finite, makes none.

    Put it first in the list of callbacks, so that it reads a rate before others change it. It costs
    a Python call and three small reads a batch. Records of later calls of `fit` are appended.

    Example:
        >>> from helpers.schedules import Cosine
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(Cosine(0.1, total_steps=4).to_keras()), "mse")
        >>> record = RecordSteps()
        >>> _ = model.fit(np.ones((4, 1)), np.ones(4), 1, verbose=0, callbacks=[record])
        >>> record.table()["learning_rate"].round(4).tolist()
        [0.1, 0.0854, 0.05, 0.0146]
    """

    def __init__(self):
        super().__init__()
        self._blocks, self._rows = [], []

    def table(self):
        """Return a frame with one row an update.

        Returns:
            Columns `step` (0-based, as the optimizer counts), `learning_rate`, `momentum` (where a
            schedule drives it), and the mean loss over the examples of the update: `loss`, or
            `execution_loss` where `steps_per_execution` is above 1 and one number stands for all
            updates of an execution. No loss where the model keeps none.
        """
        # The rows of an epoch that was cut short are there as well.
        blocks = [*self._blocks, *([self._block()] if self._rows else [])]
        if not blocks:
            return pd.DataFrame(columns=["step", "learning_rate"])
        return pd.concat(blocks, ignore_index=True)

    def on_train_begin(self, logs=None):
        """Find out what is to be read."""
        optimizer = self.model.optimizer
        self._optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        self._batches = self._optimizer.gradient_accumulation_steps or 1
        self._loss = next((one for one in self.model.metrics if one.name == "loss"), None)

    def on_epoch_begin(self, epoch, logs=None):
        """Keras has set its sums of the loss back to 0."""
        # Not when training begins: a callback later in the list may restore a backup there.
        self._seen = updates_made(self._optimizer)
        self._sums = self._gathered = np.zeros(2)

    def on_train_batch_end(self, batch, logs=None):
        """Note which updates were made, and what they were made with."""
        sums = self._loss_sums()
        # Once a loss was infinite, Keras's sums stay so, and the rest of the epoch has none.
        with np.errstate(invalid="ignore"):
            self._gathered, self._sums = self._gathered + sums - self._sums, sums
        first, self._seen = self._seen, updates_made(self._optimizer)
        if self._seen > first:
            total, count = self._gathered
            loss = total / count if count else np.nan
            rate = None if self._schedule() else float(self._optimizer.learning_rate)
            self._rows += [(step, rate, loss) for step in range(first, self._seen)]
        if self._seen > first or self._batches == 1:
            self._gathered = np.zeros(2)

    def on_epoch_end(self, epoch, logs=None):
        """Fill in the rates of the epoch, and pass them on."""
        if not self._rows:
            return
        block = self._block()
        self._blocks.append(block)
        self._rows = []
        if logs is not None:
            logs["learning_rate"] = float(block["learning_rate"].iloc[-1])

    def _schedule(self):
        """Return the schedule that drives the rate, or None."""
        source = rate_source(self._optimizer)
        return None if hasattr(source, "assign") else source

    def _loss_sums(self):
        """Return Keras's running sums: of the loss, and of the examples it was taken over."""
        if not isinstance(self._loss, keras.metrics.Mean):
            return np.zeros(2)
        # Not by `float`, which knows nothing of several replicas.
        return np.array([self._loss.total.numpy(), self._loss.count.numpy()], "float64")

    def _block(self):
        steps, rates, losses = zip(*self._rows)
        block = pd.DataFrame({"step": steps, "learning_rate": rates})
        schedule = self._schedule()
        if schedule is not None:
            # Keras asks a schedule at its count of batches, whose last one makes the update.
            counts = (np.array(steps) + 1) * self._batches - 1
            block["learning_rate"] = _values(schedule, counts)
        momentum = getattr(self._optimizer, "momentum_schedule", None)
        if momentum is not None:
            block["momentum"] = momentum(np.array(steps))
        if isinstance(self._loss, keras.metrics.Mean):
            name = "loss" if self.model.steps_per_execution == 1 else "execution_loss"
            block[name] = losses
        return block


def _values(schedule, counts):
    """Return a Keras schedule's values; only ours are known to take many counts at once."""
    if isinstance(schedule, KerasSchedule):
        return keras.ops.convert_to_numpy(schedule(counts)).astype("float64")
    return [float(schedule(keras.ops.convert_to_tensor(count))) for count in counts]


def cache_features(base, data, *, batch_size=32, progress=True):
    """Return the data with the base's output in place of its input.

    A sweep of a small head over the features gives the histories of a sweep over the whole model,
    as long as the base stays frozen and in inference mode (`base(x, training=False)`), and nothing
    in front of it is random: augmentation must see the image anew in every epoch.

    Args:
        base: A built Keras model; called with `training=False` on batches of `x`.
        data: `(x, y)` or `(x, y, sample_weight)`, a `tf.data.Dataset` of such batches (read once),
            or a `DataSplits`.
        batch_size: Examples for one call of the base, where arrays are given.
        progress: Show a bar.

    Returns:
        `(features, y)` or `(features, y, sample_weight)` as arrays, or a `DataSplits` of features.

    Example:
        >>> import keras, numpy as np
        >>> base = keras.Sequential([keras.Input((4,)), keras.layers.Rescaling(2.0)])
        >>> features, y = cache_features(base, (np.ones((3, 4)), np.zeros(3)), progress=False)
        >>> features.tolist()[0]
        [2.0, 2.0, 2.0, 2.0]
    """

    # Traced once for all parts and lengths of a batch.
    @tf.function(reduce_retracing=True)
    def run(batch):
        return base(batch, training=False)

    if not isinstance(data, DataSplits):
        return _features(run, data, batch_size, Bar(progress))
    parts = {
        name: _features(run, getattr(data, name), batch_size, Bar(progress)) for name in SPLITS
    }
    return dataclasses.replace(data, **parts)


def _features(run, data, batch_size, bar):
    """Return the columns of the data with `run` applied to the first."""
    parts, batches, total = [], data, "unknown"
    if not isinstance(data, tf.data.Dataset):
        starts = range(0, len(data[0]), batch_size)
        batches = (tuple(part[at : at + batch_size] for part in data) for at in starts)
        total = len(starts)
    for done, (x, *rest) in enumerate(batches, start=1):
        features = run(tf.convert_to_tensor(x, keras.config.floatx())).numpy()
        parts.append((features, *map(np.asarray, rest)))
        bar.show(0.0 if total == "unknown" else done / total, f"batch {done} of {total}")
    columns = tuple(np.concatenate(column) for column in zip(*parts))
    bar.close(f"features of {len(columns[0]):,} examples")
    return columns
