"""L. N. Smith's CIFAR-10 experiment at its own size (arXiv:1506.01186, section 4.1.1, Table 2).

The net is Caffe's `cifar10_full_train_test.prototxt`: its layers, first weights, multipliers of
rate and decay, and its solver, whose rate goes into the velocity. In one point it is not: images
come in a new order in each epoch, and not in that of a database. As published there is no
validation split: every curve is of the 10,000 test images, and nothing was chosen by it.
"""

import json

import keras
import numpy as np
import tensorflow as tf
from common import Looked, command, data, joined

from helpers.results import Runs
from helpers.schedules import Cosine, LinearRamp, Pieces, Triangular

BATCH_SIZE, MOMENTUM, DECAY = 100, 0.9, 0.004
UPDATES_PER_EPOCH = 500
# By variable: kernel and bias of the three convolutions and of the inner product.
RATE_MULTIPLIERS = (1, 2, 1, 2, 1, 1, 1, 2)
DECAY_MULTIPLIERS = (1, 1, 1, 1, 1, 1, 250, 0)
# A few seconds of training: a compiled loop does not hear Ctrl-C until it is over.
PIECE = 50

# Each policy with its number of updates and its seeds; Table 2 names the stages of the cycles.
# A run of 25,000 takes twenty minutes of two cores; more seeds are more runs of the same command.
POLICIES = {
    "cycles in stages": (
        Pieces(
            [
                (Triangular(0.001, 0.005, 2000), 16_000),
                (Triangular(0.0001, 0.0005, 1000), 6_000),
                (Triangular(0.00001, 0.00005, 500), 3_000),
            ]
        ),
        25_000,
        (0, 1, 2),
    ),
    "one fall": (Cosine(0.005, 25_000, min_rate=0.00001), 25_000, (0, 1, 2)),
    "decay, then 0.001": (LinearRamp(0.007, 0.001, 4_000), 25_000, (0, 1, 2)),
    # Table 1's "fixed" is Caffe's three solvers: a fixed rate each, and so two drops.
    "0.001, two drops": (
        Pieces([(0.001, 60_000), (0.0001, 5_000), (0.00001, 5_000)]),
        70_000,
        (0,),
    ),
    # Section 4.1.1 and Table 1: both bounds fall by a factor at each update.
    "cycles, exp_range": (
        Triangular(0.001, 0.006, 2000, "exp_range", gamma=0.99994),
        42_000,
        (0,),
    ),
}


class WithinChannelNormalization(keras.layers.Layer):
    """Caffe's local response normalization over 3 x 3 neighbors of the same channel."""

    def call(self, inputs):
        """Divide each value by `(1 + 5e-5 * m) ** 0.75`, m the mean of nine squares around it."""
        # Beyond the edge the squares are 0, and the mean is still over nine.
        padded = tf.pad(tf.square(inputs), [[0, 0], [1, 1], [1, 1], [0, 0]])
        root = tf.math.rsqrt(1 + 5e-5 * tf.nn.avg_pool2d(padded, 3, 1, "VALID"))
        # A power of -3/4 by square roots: tf.pow takes several times as long.
        return inputs * root * tf.sqrt(root)


def build_caffe_net(seed, mean_image):
    """Build the net, from pixels to logits; the mean image is taken from each.

    Caffe lets the last window of a pool reach over the edge: Keras's "same" at an even size.
    """
    layers = keras.layers

    def start(place, deviation):
        # Another seed for each layer, so that no two layers start from the same numbers.
        return keras.initializers.RandomNormal(stddev=deviation, seed=4 * seed + place)

    def convolution(place, filters, deviation):
        return layers.Conv2D(filters, 5, padding="same", kernel_initializer=start(place, deviation))

    net = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1.0, offset=-mean_image),
            convolution(0, 32, 0.0001),
            layers.MaxPooling2D(3, 2, padding="same"),
            layers.ReLU(),
            WithinChannelNormalization(),
            convolution(1, 32, 0.01),
            layers.ReLU(),
            layers.AveragePooling2D(3, 2, padding="same"),
            WithinChannelNormalization(),
            convolution(2, 64, 0.01),
            layers.ReLU(),
            layers.AveragePooling2D(3, 2, padding="same"),
            layers.Flatten(),
            layers.Dense(10, kernel_initializer=start(3, 0.01)),
        ]
    )
    # The optimizer is never used; the loss and the metric are for `evaluate`.
    net.compile(loss=keras.losses.SparseCategoricalCrossentropy(True), metrics=["accuracy"])
    return net


class Training:
    """The net, its velocities and the images; trained and tested in compiled pieces."""

    def __init__(self, images, seed):
        (x, y), self._held_out = images
        self._train, self._seed = (tf.constant(x), tf.constant(y.ravel(), tf.int32)), seed
        self._net = build_caffe_net(seed, x.mean(axis=0, dtype="float64").astype("float32"))
        self._weights = self._net.trainable_variables
        self._velocities = [tf.Variable(tf.zeros(each.shape)) for each in self._weights]
        self.state = [*self._weights, *self._velocities]
        shapes = tf.TensorSpec([None, BATCH_SIZE], tf.int32), tf.TensorSpec([None], tf.float32)
        self._piece = tf.function(self._updates, input_signature=shapes)

    def test(self):
        """Return the mean loss and the accuracy on all test images."""
        return self._net.evaluate(*self._held_out, 500, verbose=0)

    def epoch(self, number, rates):
        """Make as many updates as there are rates; return the mean loss of their batches."""
        order = np.random.default_rng((self._seed, number)).permutation(len(self._train[1]))
        batches = order[: BATCH_SIZE * len(rates)].reshape(-1, BATCH_SIZE).astype("int32")
        rates = np.asarray(rates, "float32")
        pieces = [slice(at, at + PIECE) for at in range(0, len(rates), PIECE)]
        return sum(float(self._piece(batches[one], rates[one])) for one in pieces) / len(rates)

    def _updates(self, batches, rates):
        total = tf.constant(0.0)
        for place in tf.range(len(rates)):
            x, y = (tf.gather(part, batches[place]) for part in self._train)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(self._net.loss(y, self._net(x)))
            self._update(tape.gradient(loss, self._weights), rates[place])
            total += loss
        return total

    def _update(self, gradients, rate):
        """Make one update: the rate goes into the velocity, as in Caffe, not to its end."""
        columns = (self._weights, self._velocities, gradients, RATE_MULTIPLIERS, DECAY_MULTIPLIERS)
        for weight, velocity, gradient, rate_multiplier, decay_multiplier in zip(*columns):
            decayed = gradient + DECAY * decay_multiplier * weight
            velocity.assign(MOMENTUM * velocity + rate * rate_multiplier * decayed)
            weight.assign(weight - velocity)


def train(experiment, policy, seed):
    """Train one policy with one seed, and test after every epoch of 500 updates.

    Args:
        experiment: The `Experiment`, whose folder keeps the work after every five epochs.
        policy: A name in `POLICIES`.
        seed: Seed of first weights and of the order of the images.

    Returns:
        A `Runs` of one run.
    """
    schedule, length, _ = POLICIES[policy]
    training = Training(_images(), seed)
    path = experiment.folder / f"{policy} {seed}.npz"
    rows = []
    if path.exists():
        kept = np.load(path)
        rows = json.loads(str(kept["rows"]))
        for place, variable in enumerate(training.state):
            variable.assign(kept[str(place)])
    while len(rows) * UPDATES_PER_EPOCH < length:
        first = len(rows) * UPDATES_PER_EPOCH
        end = first + UPDATES_PER_EPOCH
        loss = training.epoch(len(rows), schedule(np.arange(first, end)))
        test_loss, test_accuracy = training.test()
        rows.append({"epoch": len(rows) + 1, "updates": end, "loss": loss})
        rows[-1] |= {"test_loss": test_loss, "test_accuracy": test_accuracy}
        print(f"{policy}, seed {seed}, update {end:,}: {test_accuracy:.4f}", flush=True)
        if len(rows) % 5 == 0:
            state = {str(at): one.numpy() for at, one in enumerate(training.state)}
            experiment.folder.mkdir(parents=True, exist_ok=True)
            np.savez(path.with_suffix(".part.npz"), rows=json.dumps(rows), **state)
            path.with_suffix(".part.npz").replace(path)
    return Runs.from_rows({"policy": policy, "seed": seed} | row for row in rows)


def smith_cifar10(experiment):
    """Smith's net: cycles, one fall, decay, three seeds; 0.001 with two drops, exp_range, one."""
    experiment.about |= {
        "data": "CIFAR-10: 50,000 training and 10,000 test images",
        "split": "as published",
    }
    if experiment.only_look:
        rates = POLICIES["cycles in stages"][0](np.arange(3))
        raise Looked([Training(_images(), 0).epoch(0, rates)])
    return joined(
        experiment.part(f"{policy} {seed}", train, experiment, policy, seed)
        for policy, (_, _, seeds) in POLICIES.items()
        for seed in seeds
    )


def _images():
    stored = data.images_and_labels("cifar10")
    return stored["train"], stored["test"]


if __name__ == "__main__":
    command(smith_cifar10)
