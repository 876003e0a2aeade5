"""Caffe's stochastic gradient descent on the net, in compiled pieces."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from helpers.smith_cifar10.network import DECAY_MULTIPLIERS, RATE_MULTIPLIERS, build_caffe_net

BATCH_SIZE = 100
MOMENTUM = 0.9
DECAY = 0.004

# A few seconds of training: a compiled loop does not hear Ctrl-C until it is over.
PIECE_UPDATES = 50
TEST_BATCH_SIZE = 500


@dataclass(frozen=True)
class Images:
    """Raw images, uint8 of shape (n, height, width, channels), with labels of shape (n,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Training:
    """The net, its momentum and the images; trained and tested from Python in pieces."""

    def __init__(self, images, seed):
        self._seed = seed
        self._train = tf.constant(images.x_train), tf.constant(images.y_train, tf.int32)
        self._test = tf.constant(images.x_test), tf.constant(images.y_test, tf.int32)
        self._mean = tf.constant(images.x_train.mean(axis=0, dtype="float64"), tf.float32)
        self.net = build_caffe_net(seed=seed, image_shape=images.x_train.shape[1:])
        self._variables = self.net.trainable_variables
        self._velocities = [tf.Variable(tf.zeros(each.shape)) for each in self._variables]
        self._start = self.state()
        # Shapes are left open, for the last piece may be shorter.
        shapes = tf.TensorSpec([None, BATCH_SIZE], tf.int32), tf.TensorSpec([None], tf.float32)
        self._train_piece = tf.function(self._updates, input_signature=shapes)
        self._test_all = tf.function(self._tested)

    @property
    def updates_per_epoch(self):
        """Number of whole batches in the training images."""
        return len(self._train[1]) // BATCH_SIZE

    def state(self):
        """Return copies of all weights, then of all velocities, as NumPy arrays."""
        return [np.array(each.numpy()) for each in (*self._variables, *self._velocities)]

    def restore(self, state=None):
        """Put back what `state()` returned; None is the start of the training."""
        values = self._start if state is None else state
        for variable, value in zip((*self._variables, *self._velocities), values):
            variable.assign(value)

    def epoch(self, number, rates, on_piece):
        """Train for an epoch or its first part.

        Args:
            number: Which epoch, 0-based: it decides the order, together with the seed.
            rates: Learning rate of each update, as many as shall be made.
            on_piece: Function of the number of updates made so far, called after every piece.

        Returns:
            The number of updates made, and a dict with the mean `loss` and `accuracy` of their
            batches, each before its own update. The epoch ends with the first piece in which a
            loss is NaN or infinite, and so is then the mean.
        """
        order = np.random.default_rng((self._seed, number)).permutation(len(self._train[1]))
        batches = order[: BATCH_SIZE * len(rates)].reshape(-1, BATCH_SIZE).astype("int32")
        rates = np.asarray(rates, "float32")
        sums, made = np.zeros(2), 0
        while made < len(rates) and np.isfinite(sums[0]):
            piece = slice(made, made + PIECE_UPDATES)
            sums += self._train_piece(batches[piece], rates[piece]).numpy()
            made += len(rates[piece])
            on_piece(made)
        loss, accuracy = (sums / made).tolist()
        return made, {"loss": loss, "accuracy": accuracy}

    def test(self):
        """Return `test_loss` and `test_accuracy` on all test images."""
        loss, accuracy = (self._test_all().numpy().astype("float64") / len(self._test[1])).tolist()
        return {"test_loss": loss, "test_accuracy": accuracy}

    def _updates(self, batches, rates):
        sums = tf.zeros(2)
        for place in tf.range(len(rates)):
            x, y = (tf.gather(each, batches[place]) for each in self._train)
            with tf.GradientTape() as tape:
                losses, correct = self._measured(x, y)
                loss = tf.reduce_mean(losses)
            gradients = tape.gradient(loss, self._variables)
            self._update(gradients, rates[place])
            sums += tf.stack([loss, tf.reduce_mean(correct)])
        return sums

    def _tested(self):
        x, y = self._test
        sums = tf.zeros(2)
        for first in tf.range(0, len(y), TEST_BATCH_SIZE):
            piece = slice(first, first + TEST_BATCH_SIZE)
            sums += tf.reduce_sum(self._measured(x[piece], y[piece]), axis=1)
        return sums

    def _measured(self, x, y):
        """Return of each image its loss, and 1.0 or 0.0 for right or wrong."""
        logits = self.net(tf.cast(x, tf.float32) - self._mean, training=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        return losses, tf.cast(tf.argmax(logits, axis=1, output_type=tf.int32) == y, tf.float32)

    def _update(self, gradients, rate):
        """Make one update: the rate goes into the velocity, as in Caffe, not to its end."""
        every = zip(
            self._variables, self._velocities, gradients, RATE_MULTIPLIERS, DECAY_MULTIPLIERS
        )
        for variable, velocity, gradient, rate_multiplier, decay_multiplier in every:
            decayed = gradient + DECAY * decay_multiplier * variable
            velocity.assign(MOMENTUM * velocity + rate * rate_multiplier * decayed)
            variable.assign(variable - velocity)
