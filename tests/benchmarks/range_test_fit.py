"""`range_test.run` against `fit` with a callback that sets the rate and reads the loss.

Run with `python -m tests.benchmarks.range_test_fit`; with `mobilenet` behind it, also MobileNetV2
on random pictures of 96 x 96 against a plain `fit` of as many updates; takes some minutes more.
Every round builds a new model, so tracing is part of each time. Where PyTorch is installed, a plain
loop of the same net in it is timed as well.

Aims: 0.45 of `fit` with the callback, 0.6 at most; 1.05 of plain `fit` on MobileNetV2; without
tracing no slower than PyTorch.
"""

import os
import statistics
import sys
import time
import warnings

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np

from helpers import data, models, range_test

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
    """Print the median time of an update for each, alternated, and its share of the first."""
    times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            times[name].append(seconds(work, build(), train))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    first = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"  {name}: {1000 * median / updates:.2f} ms an update, {median / first:.2f}")


def pytorch_loop(train):
    """Return the seconds of a plain loop in PyTorch, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    units = (64, 64, 32, 10)
    layers = [torch.nn.Flatten()]
    for inputs, outputs in zip(units, units[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    x, y = (torch.as_tensor(part) for part in train)
    order = np.random.default_rng(0)
    began = time.perf_counter()
    for rate in RATES:
        chosen = torch.as_tensor(order.integers(len(x), size=BATCH))
        optimizer.param_groups[0]["lr"] = float(rate)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x[chosen]), y[chosen].long())
        loss.backward()
        optimizer.step()
        loss.item()
    return time.perf_counter() - began


def without_tracing(build, train):
    """Return the seconds of a test for a second seed: nothing is traced any more."""
    once, twice = (
        seconds(lambda seeds=seeds: range_test.run_seeds(build, train, seeds=seeds, **OPTIONS))
        for seeds in ((0,), (0, 1))
    )
    return twice - once


def main(arguments):
    """Print the times of all contenders."""
    warnings.simplefilter("ignore")
    train = data.load("digits").train
    for build in (models.build_dense_net, models.build_convnet):
        print(f"{build.__name__}, {UPDATES} updates:")
        contenders = {"fit with a callback": with_callback, "range test": rising}
        compare(build, train, contenders, UPDATES, ROUNDS)
    again = statistics.median(without_tracing(models.build_dense_net, train) for _ in range(ROUNDS))
    print(f"dense net, range test of a further seed: {1000 * again / UPDATES:.2f} ms an update")
    loops = [pytorch_loop(train) for _ in range(ROUNDS)]
    if None in loops:
        print("PyTorch is not installed; no comparison with it")
    else:
        print(f"dense net, PyTorch: {1000 * statistics.median(loops) / UPDATES:.2f} ms an update")
    if "mobilenet" in arguments:
        mobilenet()


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
    print(f"MobileNetV2, 96 x 96, {updates} updates:")
    contenders = {
        "plain fit": lambda model, train: model.fit(*train, BATCH, PICTURE_EPOCHS, verbose=0),
        "range test": lambda model, train: rising(model, train, updates),
    }
    compare(build, train, contenders, updates, PICTURE_ROUNDS)


if __name__ == "__main__":
    main(sys.argv[1:])
