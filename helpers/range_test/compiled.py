"""The core: many updates in one call, each at its own rate, each with its own loss."""

import numpy as np
import tensorflow as tf

from helpers.range_test.logs import accuracy_in, loss_in
from helpers.training.feeding import ArrayFeed
from helpers.training.pieces import Pace, as_fit_runs


class NotTraceable(Exception):
    """A step that cannot be compiled into a loop; its cause says why."""


class CompiledSteps:
    """Training and held-out steps in compiled pieces of about 0.3 seconds.

    A step is the model's own `train_step`, with all metrics set back before it: what it reports is
    then the loss and the accuracy of this one batch, and not a mean since the start of the epoch.

    Args:
        model: A compiled and built model.
        rate: The variable that is the learning rate.
        feed: Where training batches come from, an `ArrayFeed` or a `DatasetFeed`.
        held_out: The same for held-out data, or None.
        batches: Most batches that will be trained on in one test.
        shuffle: Whether arrays are shown in a new order in each epoch.

    Raises:
        NotTraceable: If the model's step cannot be part of a compiled loop.
    """

    how = "compiled pieces"

    def __init__(self, model, rate, feed, held_out, batches, shuffle):
        self._model, self._rate = model, rate
        self._feed, self._held_out, self._shuffle = feed, held_out, shuffle
        self._rates = tf.Variable(tf.zeros(batches, rate.dtype), trainable=False)
        self._seen = tf.Variable(tf.zeros([batches, 2], tf.float64), trainable=False)
        self._count = tf.Variable(0, trainable=False)
        self._train_piece = self._traced(feed, self._train_step())
        self._pace, self._held_out_pace = Pace(), Pace()
        if held_out is not None:
            self._test_piece = self._traced(held_out, self._test_step())

    def start(self, rates, seed, feed=None):
        """Begin a test.

        Args:
            rates: The rate of each batch.
            seed: Seed of the order in which arrays are shown.
            feed: Data of this test in place of those given first, of the same kind.
        """
        self._feed = feed or self._feed
        self._rates.assign(np.asarray(rates, self._rates.dtype.as_numpy_dtype))
        self._count.assign(0)
        self._orders = orders(self._feed, seed, self._shuffle)
        self._source = None

    @property
    def pace(self):
        """Batches that take about 0.3 seconds."""
        return self._pace.steps

    def advance(self, wanted):
        """Train on the next batches, over the end of an epoch if need be.

        Args:
            wanted: How many batches.

        Returns:
            `(losses, accuracies)`: arrays with one value a batch. They are shorter than asked for
            where a loss was not finite; that one is the last.
        """
        first, done, finite = int(self._count), 0, True
        while done < wanted and finite:
            if self._source is None:
                self._source, self._position = self._feed.start_epoch(next(self._orders)), 0
            batches, finite = self._one_call(wanted - done)
            done += batches
        seen = self._seen.numpy()[first : first + done]
        return seen[:, 0], seen[:, 1]

    def evaluate(self):
        """Measure on all held-out data; a generator that gives way between pieces.

        Returns:
            `(loss, accuracy)`.
        """
        self._model.reset_metrics()
        source, size = self._held_out.start_epoch(), self._held_out.updates_per_epoch
        position = 0
        while size is None or position < size:
            wanted = self._held_out_pace.steps
            wanted = wanted if size is None else min(wanted, size - position)
            done, _ = self._held_out_pace.timed(
                lambda at=position, to=position + wanted: self._test_piece(
                    source, tf.constant(at), tf.constant(to)
                )
            )
            position += done
            yield
            if done < wanted:
                break
        logs = self._model.get_metrics_result()
        return float(loss_in(logs)), float(accuracy_in(logs))

    def _one_call(self, wanted):
        """Train within one epoch; return `(batches, finite)`."""
        at, size = self._position, self._feed.updates_per_epoch
        wanted = wanted if size is None else min(wanted, size - at)
        batches, finite = self._pace.timed(
            lambda: self._train_piece(self._source, tf.constant(at), tf.constant(at + wanted))
        )
        self._position += batches
        if self._position == 0:
            raise ValueError("The training data gave no batch; give one or more.")
        if self._position == size or batches < wanted:
            self._source = None
        return batches, finite

    def _train_step(self):
        model, one_batch = self._model, as_fit_runs(self._model.train_step, self._model)

        @tf.autograph.experimental.do_not_convert
        def step(batch):
            self._rate.assign(self._rates[self._count])
            model.reset_metrics()
            logs = one_batch(batch)
            loss = loss_in(logs)
            self._seen.scatter_nd_update([[self._count]], [[loss, accuracy_in(logs)]])
            self._count.assign_add(1)
            return tf.math.is_finite(loss)

        return step

    def _test_step(self):
        one_batch = as_fit_runs(self._model.test_step, self._model)

        @tf.autograph.experimental.do_not_convert
        def step(batch):
            one_batch(batch)
            return tf.constant(True)

        return step

    @staticmethod
    def _traced(feed, step):
        """Return the loop over a step as a compiled function, traced already."""
        piece = tf.function(feed.loop(step))
        try:
            piece.get_concrete_function(feed.source_spec, tf.constant(0), tf.constant(1))
        except Exception as error:
            # Whatever it is: steps made one by one either need no loop, or say what is wrong.
            raise NotTraceable from error
        return piece


def orders(feed, seed, shuffle):
    """Yield the order of the examples of each epoch; None where the data keep their own."""
    draw = np.random.default_rng(seed)
    while True:
        if shuffle and isinstance(feed, ArrayFeed):
            yield draw.permutation(feed.examples).astype("int32")
        else:
            yield None
