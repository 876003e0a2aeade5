"""`sweep` against the loop everyone writes: 8 rates x 10 epochs on the digits, alternated.

Run with `python -m tests.benchmarks.sweep_digits`. Both sides train the same nets on the same
examples in the same order; the loop builds, compiles and fits a model for each rate.
"""

import os
import statistics
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np

from helpers import data, models
from helpers.training import sweep
from tests.benchmarks.table import Row, show

RATES = np.geomspace(1e-3, 1.0, 8).tolist()
EPOCHS = 10
ROUNDS = 3


def loop(build, splits):
    """Return the last validation accuracy for each rate, by a model of its own."""
    last = {}
    for rate in RATES:
        keras.utils.set_random_seed(0)
        model = build()
        model.optimizer.learning_rate = rate
        history = model.fit(
            *splits.train, epochs=EPOCHS, validation_data=splits.validation, verbose=0
        ).history
        last[rate] = history["val_accuracy"][-1]
    return last


def engine(build, splits):
    """Return the same through `sweep`."""
    runs = sweep(build, RATES, splits.train, splits.validation, epochs=EPOCHS, progress=False)
    return {rate: runs.history(rate, 0)["val_accuracy"][-1] for rate in RATES}


def seconds(work, *arguments):
    """Return (seconds, result) of a call."""
    began = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - began, result


def rows():
    """Yield the ratio of medians for both of the course's nets."""
    splits = data.load("digits")
    for build in (models.build_dense_net, models.build_convnet):
        slow, fast = [], []
        for _ in range(ROUNDS):
            for times, work in ((slow, loop), (fast, engine)):
                taken, last = seconds(work, build, splits)
                times.append(taken)
                best = max(last.values())
                print(f"{build.__name__} {work.__name__}: {taken:.2f} s, best {best:.3f}")
        ratio = statistics.median(slow) / statistics.median(fast)
        figure = f"loop of fits / sweep, {build.__name__}"
        yield Row(figure, f"{ratio:.2f} times faster", "at least 2, hoped for 3")


if __name__ == "__main__":
    show(rows())
