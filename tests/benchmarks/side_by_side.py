"""Eight nets in one graph against `sweep`: what was left out of the engine, and what it would save.

Run with `python -m tests.benchmarks.side_by_side`. The one graph keeps no metrics, stops no
diverged net, and shows all nets the same examples; that is its best case. The engine does all of
this, one net after the other, with the model's own `train_step`.
"""

import os
import statistics
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np
import tensorflow as tf

from helpers import data, models
from helpers.training import sweep
from tests.benchmarks.table import Row, show

RATES = np.geomspace(1e-3, 1.0, 8).tolist()
EPOCHS, BATCH_SIZE, ROUNDS = 10, 32, 3


def one_graph(build, splits):
    """Train all nets together, each with its own optimizer and rate."""
    nets = [build() for _ in RATES]
    for net, rate in zip(nets, RATES):
        net.optimizer.build(net.trainable_variables)
        net.optimizer.learning_rate = rate
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = (tf.constant(part) for part in splits.train)

    @tf.function
    def epoch(order):
        for first in tf.range(0, len(order), BATCH_SIZE):
            chosen = order[first : first + BATCH_SIZE]
            images, labels = tf.gather(x, chosen), tf.gather(y, chosen)
            with tf.GradientTape() as tape:
                total = tf.add_n([loss(labels, net(images, training=True)) for net in nets])
            gradients = tape.gradient(total, [net.trainable_variables for net in nets])
            for net, each in zip(nets, gradients):
                net.optimizer.apply_gradients(zip(each, net.trainable_variables))
        return [net(splits.validation[0]) for net in nets]

    for _ in range(EPOCHS):
        epoch(tf.random.shuffle(tf.range(len(x))))


def engine(build, splits):
    """The same nets and rates through `sweep`."""
    sweep(build, RATES, splits.train, splits.validation, epochs=EPOCHS, progress=False)


def rows():
    """Yield the ratio of medians for both of the course's nets, alternated."""
    splits = data.load("digits")
    for build in (models.build_dense_net, models.build_convnet):
        times = {engine: [], one_graph: []}
        for _ in range(ROUNDS):
            for work, taken in times.items():
                began = time.perf_counter()
                work(build, splits)
                taken.append(time.perf_counter() - began)
        slow, fast = (statistics.median(taken) for taken in times.values())
        figure = f"sweep / all nets in one graph (not adopted), {build.__name__}"
        yield Row(figure, f"{slow / fast:.2f} times ({slow:.2f} s, {fast:.2f} s)")


if __name__ == "__main__":
    show(rows())
