"""`range_test.run` against `fit` with a callback that sets the rate and reads the loss.

Run with `python -m tests.benchmarks.range_test_fit`; takes some minutes. 300 rates, from arrays and
from a `tf.data.Dataset`. Every round builds a new model, so tracing is part of each time. Then a
further seed, for which nothing is traced, against PyTorch's plain loop where that is installed; and
MobileNetV2, random pictures of 96 x 96, against a plain `fit` of as many updates.
"""

import os
import statistics
import time
import warnings

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np
import tensorflow as tf

from helpers import data, models, range_test
from tests.benchmarks.pytorch_loop import BATCH, TEST_RATES, seconds
from tests.benchmarks.table import Row, in_turn, medians, show

UPDATES, ROUNDS = len(TEST_RATES), 5
OPTIONS = {"min_rate": 1e-6, "max_rate": 0.1, "batch_size": BATCH, "progress": False}
PICTURES, PICTURE_EPOCHS, PICTURE_ROUNDS = 320, 4, 3


class RateByBatch(keras.callbacks.Callback):
    """The range test everyone writes: rate before the batch, loss behind it."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = float(TEST_RATES[len(self.losses)])

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])
        self.model.stop_training = len(self.losses) == UPDATES


def with_callback(model, train):
    if isinstance(train, tuple):
        model.fit(*train, BATCH, epochs=UPDATES, verbose=0, callbacks=[RateByBatch()])
    else:
        model.fit(train, epochs=UPDATES, verbose=0, callbacks=[RateByBatch()])


def rising(model, train, steps=UPDATES):
    range_test.run(model, train, steps=steps, stop_factor=float("inf"), **OPTIONS)


def compared(slow, fast, updates, rounds):
    """Return the share of the second in the first one's median time, in words."""
    first, second = medians(in_turn({"slow": slow, "fast": fast}, rounds)).values()
    each = " and ".join(f"{1000 * median / updates:.2f}" for median in (first, second))
    return f"{second / first:.2f} ({each} ms an update)"


def of_a_further_seed(build, train):
    """Return the seconds of a test for a second seed: nothing is traced any more."""
    taken = []
    for seeds in ((0,), (0, 1)):
        began = time.perf_counter()
        range_test.run_seeds(build, train, seeds=seeds, steps=UPDATES, **OPTIONS)
        taken.append(time.perf_counter() - began)
    return taken[1] - taken[0]


def mobilenet():
    """Compare with a plain `fit` where the network, and not the loop, takes the time."""
    draw = np.random.default_rng(0)
    x = draw.random((PICTURES, 96, 96, 3), dtype="float32")
    train = x, draw.integers(10, size=PICTURES)

    def build():
        options = {"weights": None, "classes": 10, "classifier_activation": None}
        return models.compiled(keras.applications.MobileNetV2((96, 96, 3), **options))

    updates = PICTURE_EPOCHS * PICTURES // BATCH
    words = compared(
        lambda: build().fit(*train, BATCH, PICTURE_EPOCHS, verbose=0),
        lambda: rising(build(), train, updates),
        *(updates, PICTURE_ROUNDS),
    )
    return Row("range test / plain fit, MobileNetV2, 96 x 96", words, "at most 1.05")


def rows():
    """Yield how the test compares with each contender."""
    warnings.simplefilter("ignore")
    train = data.load("digits").train
    stream = tf.data.Dataset.from_tensor_slices(train).shuffle(len(train[1])).batch(BATCH)
    for build in (models.build_dense_net, models.build_convnet):
        for kind, examples, aim in (("arrays", train, 0.45), ("tf.data", stream, 0.5)):
            words = compared(
                lambda build=build, examples=examples: with_callback(build(), examples),
                lambda build=build, examples=examples: rising(build(), examples),
                *(UPDATES, ROUNDS),
            )
            figure = f"range test / fit with a callback, {build.__name__}, {kind}"
            yield Row(figure, words, f"at most {aim}")
        again = statistics.median(of_a_further_seed(build, train) for _ in range(ROUNDS))
        torch = seconds(build.__name__, "range_test")
        words = f"{1000 * torch / UPDATES:.2f} ms" if torch else "not installed"
        words = f"{1000 * again / UPDATES:.2f} ms an update; PyTorch's loop: {words}"
        yield Row(f"range test of a further seed, {build.__name__}", words)
    yield mobilenet()


if __name__ == "__main__":
    show(rows())
