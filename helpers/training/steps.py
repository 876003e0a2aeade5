"""`RecordSteps`: what each update really used, for `fit`, for History and for TensorBoard."""

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from helpers.keras_schedules import KerasSchedule


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

    Args:
        log_dir: A folder for TensorBoard, which then shows rate and loss against the step; or None.
            TensorFlow needs the package `tensorboard` to write it.

    Example:
        >>> from helpers.schedules import Cosine
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(Cosine(0.1, total_steps=4).to_keras()), "mse")
        >>> record = RecordSteps()
        >>> _ = model.fit(np.ones((4, 1)), np.ones(4), 1, verbose=0, callbacks=[record])
        >>> record.table()["learning_rate"].round(4).tolist()
        [0.1, 0.0854, 0.05, 0.0146]
    """

    def __init__(self, log_dir=None):
        super().__init__()
        self._log_dir, self._writer = log_dir, None
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
        self._loss = next((each for each in self.model.metrics if each.name == "loss"), None)
        self._seen = self._count()
        if self._log_dir is not None and self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self._log_dir))

    def on_epoch_begin(self, epoch, logs=None):
        """Keras has set its sums of the loss back to 0."""
        self._sums = self._gathered = np.zeros(2)

    def on_train_batch_end(self, batch, logs=None):
        """Note which updates were made, and what they were made with."""
        sums = self._loss_sums()
        # Once a loss was infinite, Keras's sums stay so, and the rest of the epoch has none.
        with np.errstate(invalid="ignore"):
            self._gathered, self._sums = self._gathered + sums - self._sums, sums
        first, self._seen = self._seen, self._count()
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
        if self._writer is not None:
            self._log(block)

    def _count(self):
        return int(self._optimizer.iterations)

    def _schedule(self):
        """Return the schedule that drives the rate, or None."""
        # No public name tells a schedule from its present value.
        source = self._optimizer._learning_rate
        return (
            source if isinstance(source, keras.optimizers.schedules.LearningRateSchedule) else None
        )

    def _loss_sums(self):
        """Return Keras's running sums: of the loss, and of the examples it was taken over."""
        if not isinstance(self._loss, keras.metrics.Mean):
            return np.zeros(2)
        return np.array([float(self._loss.total), float(self._loss.count)])

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

    def _log(self, block):
        with self._writer.as_default():
            for row in block.to_dict("records"):
                step = int(row.pop("step"))
                for name, value in row.items():
                    tf.summary.scalar(name, value, step=step)
        self._writer.flush()


def _values(schedule, counts):
    """Return a Keras schedule's values; only ours are known to take many counts at once."""
    if isinstance(schedule, KerasSchedule):
        return keras.ops.convert_to_numpy(schedule(counts)).astype("float64")
    return [float(schedule(keras.ops.convert_to_tensor(count))) for count in counts]
