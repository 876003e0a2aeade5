"""The rest: data and models that no compiled loop can serve, one step a call.

Python generators and `keras.utils.PyDataset`, models that run eagerly or whose step cannot be
traced into a loop, and models built under a `tf.distribute` strategy.
"""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from helpers.range_test.compiled import orders
from helpers.range_test.logs import accuracy_in, loss_in
from helpers.training.feeding import as_tensor, example_weights
from helpers.training.pieces import Pace, as_fit_runs


class PythonFeed:
    """Batches that Python makes: a generator, a `keras.utils.PyDataset`, or another iterable.

    Args:
        data: Gives `(x, y)` or `(x, y, sample_weight)`. An iterator has one epoch, which may never
            end; anything else is gone through again.
        class_weight: Class index to weight of its examples in the loss, or None.
        name: What to call the data in an error.

    Raises:
        TypeError: If there is nothing to go through.
    """

    def __init__(self, data, class_weight=None, name="train"):
        if isinstance(data, (str, dict, np.ndarray)) or not (
            hasattr(data, "__iter__") or isinstance(data, keras.utils.PyDataset)
        ):
            raise TypeError(
                f"{name} is of type {type(data).__name__}; allowed are (x, y), (x, y, "
                "sample_weight), a tf.data.Dataset, a keras.utils.PyDataset, or a generator of "
                "batches."
            )
        self._data, self._class_weight = data, class_weight
        self._kept = []
        self.once = isinstance(data, Iterator)

    def batches(self, order=None):
        """Return an epoch as a generator of batches."""
        # What was looked at to build the model is not lost.
        while self._kept:
            yield self._kept.pop(0)
        for batch in self._raw():
            yield self._converted(batch)

    def first_batch(self):
        """Return one batch, to build a model on; a generator gives it again as its first."""
        batch = next(iter(self.batches()), None)
        if batch is None:
            raise ValueError("The training data gave no batch; give one or more.")
        if self.once:
            self._kept.append(batch)
        return batch

    def _raw(self):
        if not isinstance(self._data, keras.utils.PyDataset):
            # Not `yield from`, which would close the user's generator with this one.
            for batch in self._data:  # noqa: UP028
                yield batch
            return
        at, size = 0, self._data.num_batches
        while size is None or at < size:
            yield self._data[at]
            at += 1
        self._data.on_epoch_end()

    def _converted(self, batch):
        parts = batch if isinstance(batch, (tuple, list)) else (batch,)
        parts = tuple(tf.nest.map_structure(as_tensor, part) for part in parts if part is not None)
        if self._class_weight is None:
            return parts
        if len(parts) != 2:
            raise ValueError("class_weight needs batches (x, y); multiply weights yourself.")
        return (*parts, example_weights(self._class_weight, parts[1]))


class SingleSteps:
    """The steps of `CompiledSteps`, made one by one.

    Under a strategy each batch is dealt to the replicas, one example after the other. A batch with
    fewer examples than there are replicas is left out.

    Args:
        model: A compiled and built model.
        rate: The variable that is the learning rate.
        feed: Where training batches come from: has `batches(order)`.
        held_out: The same for held-out data, or None.
        shuffle: Whether arrays are shown in a new order in each epoch.
        why: Why this way was taken, in words.
    """

    def __init__(self, model, rate, feed, held_out, shuffle, why):
        self.how = f"one step per call: {why}"
        self._model, self._rate = model, rate
        self._feed, self._held_out, self._shuffle = feed, held_out, shuffle
        self._strategy = model.distribute_strategy
        self._train, self._test = map(self._one_step, (model.train_step, model.test_step))
        self._pace = Pace()

    def start(self, rates, seed, feed=None):
        """Begin a test; arguments as for `CompiledSteps.start`."""
        self._feed = feed or self._feed
        self._rates = iter(np.asarray(rates, self._rate.dtype))
        self._batches = self._endless(seed)

    def trace(self, batch):
        """Trace the training step, so that variables it creates exist before it is made."""
        if not self._model.run_eagerly:
            self._train.get_concrete_function(next(self._parts([batch])))

    @property
    def pace(self):
        """Batches that take about 0.3 seconds."""
        return self._pace.steps

    def advance(self, wanted):
        """Train on the next batches; as `CompiledSteps.advance`, shorter also where data end."""
        seen = []

        def piece():
            finite = True
            while len(seen) < wanted and finite:
                batch = next(self._batches, None)
                if batch is None:
                    break
                self._rate.assign(next(self._rates))
                loss, accuracy, _ = self._made(self._train, batch)
                seen.append((loss, accuracy))
                finite = np.isfinite(loss)
            return len(seen), True

        self._pace.timed(piece)
        losses, accuracies = np.array(seen).reshape(-1, 2).T
        return losses, accuracies

    def evaluate(self):
        """Measure on all held-out data; as `CompiledSteps.evaluate`."""
        seen = []
        for batch in self._parts(self._held_out.batches()):
            seen.append(self._made(self._test, batch))
            yield
        losses, accuracies, examples = np.array(seen).T
        return np.average([losses, accuracies], axis=1, weights=examples)

    def _one_step(self, step):
        """Return `batch -> (loss, accuracy, examples)`, a step as `fit` would make it."""
        one_batch = as_fit_runs(step, self._model)

        @tf.autograph.experimental.do_not_convert
        def on_replica(part):
            logs = one_batch(part)
            examples = tf.cast(tf.shape(tf.nest.flatten(part)[0])[0], tf.float64)
            return examples * tf.stack([loss_in(logs), accuracy_in(logs), 1.0])

        @tf.autograph.experimental.do_not_convert
        def call(batch):
            sums = self._strategy.run(on_replica, args=(batch,))
            # Not every Keras adds up metrics over replicas.
            return self._strategy.reduce("SUM", sums, axis=None)

        return call if self._model.run_eagerly else tf.function(call, reduce_retracing=True)

    def _made(self, step, batch):
        """Make a step by itself; return `(loss, accuracy, examples)`."""
        self._model.reset_metrics()
        loss, accuracy, examples = step(batch).numpy()
        return loss / examples, accuracy / examples, examples

    def _parts(self, batches):
        """Yield batches as the steps take them."""
        replicas = self._strategy.num_replicas_in_sync
        for batch in batches:
            if replicas == 1:
                yield batch
            elif len(tf.nest.flatten(batch)[0]) >= replicas:
                yield dealt(batch, self._strategy)

    def _endless(self, seed):
        """Yield training batches epoch after epoch; of an iterator, until it ends."""
        for order in orders(self._feed, seed, self._shuffle):
            given = False
            for batch in self._parts(self._feed.batches(order)):
                given = True
                yield batch
            if getattr(self._feed, "once", False):
                return
            if not given:
                raise ValueError("The training data gave no batch; give one or more.")


def dealt(batch, strategy):
    """Return a batch in parts, one for each replica, that differ by one example at most."""
    replicas = strategy.num_replicas_in_sync
    return strategy.experimental_distribute_values_from_function(
        lambda replica: tf.nest.map_structure(
            lambda array: array[replica.replica_id_in_sync_group :: replicas], batch
        )
    )
