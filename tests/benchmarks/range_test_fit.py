"""`range_test.run` against `fit` with a callback that sets the rate and reads the loss.

Run with `python -m tests.benchmarks.range_test_fit`; takes some minutes, most of them for
MobileNetV2 on random pictures of 96 x 96 against a plain `fit` of as many updates. Every round
builds a new model, so tracing is part of each time. Where PyTorch is installed, a plain loop of the
same net in it is timed as well.

Aims: 0.45 of `fit` with the callback, 0.6 at most; 1.05 of plain `fit` on MobileNetV2; without
tracing no slower than PyTorch.
"""

import os
import statistics
import subprocess
import sys
import time
import warnings

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np

from helpers import data, models, range_test
from tests.benchmarks.table import Row, show

UPDATES, BATCH, ROUNDS = 300, 32, 5
RATES = np.geomspace(1e-6, 0.1, UPDATES)
OPTIONS = {"min_rate": 1e-6, "max_rate": 0.1, "batch_size": BATCH, "progress": False}
PICTURES, PICTURE_EPOCHS, PICTURE_ROUNDS = 320, 4, 3


class RateByBatch(keras.callbacks.Callback):
    """The range test everyone writes: rate before the batch, loss behind it."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = float(RATES[len(self.losses)])

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])
        self.model.stop_training = len(self.losses) == len(RATES)


def with_callback(model, train):
    model.fit(*train, BATCH, epochs=UPDATES, verbose=0, callbacks=[RateByBatch()])


def rising(model, train, updates=UPDATES):
    range_test.run(model, train, steps=updates, stop_factor=float("inf"), **OPTIONS)


def seconds(work, *arguments):
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def compare(build, train, contenders, updates, rounds):
    """Return the share of the second contender in the first one's median time, in words."""
    times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            times[name].append(seconds(work, build(), train))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    first, second = medians.values()
    each = " and ".join(f"{1000 * median / updates:.2f}" for median in (first, second))
    return f"{second / first:.2f} ({each} ms an update)"


def pytorch_loop():
    """Return what PyTorch's loop takes, in words."""
    command = [sys.executable, "-m", "tests.benchmarks.pytorch_loop"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return f"PyTorch's loop {done.stdout.strip()} ms" if done.stdout else "PyTorch is not installed"


def without_tracing(build, train):
    """Return the seconds of a test for a second seed: nothing is traced any more."""
    once, twice = (
        seconds(lambda seeds=seeds: range_test.run_seeds(build, train, seeds=seeds, **OPTIONS))
        for seeds in ((0,), (0, 1))
    )
    return twice - once


def rows():
    """Yield how the test compares with each contender."""
    warnings.simplefilter("ignore")
    train = data.load("digits").train
    for build in (models.build_dense_net, models.build_convnet):
        contenders = {"fit with a callback": with_callback, "range test": rising}
        words = compare(build, train, contenders, UPDATES, ROUNDS)
        figure = f"range test / fit with a callback, {build.__name__}"
        yield Row(figure, words, "at most 0.6, hoped for 0.45")
    again = statistics.median(without_tracing(models.build_dense_net, train) for _ in range(ROUNDS))
    words = f"{1000 * again / UPDATES:.2f} ms an update; {pytorch_loop()}"
    yield Row("range test of a further seed, dense net", words, "no slower than PyTorch")
    yield mobilenet()


def mobilenet():
    """Compare with a plain `fit` where the network, and not the loop, takes the time."""
    draw = np.random.default_rng(0)
    train = (
        draw.random((PICTURES, 96, 96, 3), dtype="float32"),
        draw.integers(10, size=PICTURES),
    )

    def build():
        network = keras.applications.MobileNetV2(
            input_shape=(96, 96, 3), weights=None, classes=10, classifier_activation=None
        )
        return models.compiled(network)

    updates = PICTURE_EPOCHS * PICTURES // BATCH
    contenders = {
        "plain fit": lambda model, train: model.fit(*train, BATCH, PICTURE_EPOCHS, verbose=0),
        "range test": lambda model, train: rising(model, train, updates),
    }
    words = compare(build, train, contenders, updates, PICTURE_ROUNDS)
    return Row("range test / plain fit, MobileNetV2, 96 x 96", words, "at most 1.05")


if __name__ == "__main__":
    show(rows())
