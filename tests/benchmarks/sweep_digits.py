"""`sweep` against the loop everyone writes: 8 rates x 10 epochs on the digits, alternated.

Run with `python -m tests.benchmarks.sweep_digits`. Both sides train the same nets on the same
examples in the same order; the loop builds, compiles and fits a model for each rate. Where PyTorch
is installed, its plain loop over the same nets stands beside them.
"""

import functools
import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras

from helpers import data, models
from helpers.training import sweep
from tests.benchmarks.pytorch_loop import EPOCHS, SWEEP_RATES, seconds
from tests.benchmarks.table import Row, in_turn, medians, show

ROUNDS = 3
RATES = SWEEP_RATES.tolist()


def loop(build, splits):
    """Return the last validation accuracies, each by a model of its own."""
    last = []
    for rate in RATES:
        keras.utils.set_random_seed(0)
        model = build()
        model.optimizer.learning_rate = rate
        options = {"epochs": EPOCHS, "validation_data": splits.validation, "verbose": 0}
        last.append(model.fit(*splits.train, **options).history["val_accuracy"][-1])
    return last


def engine(build, splits):
    """Return the same through `sweep`."""
    runs = sweep(build, RATES, splits.train, splits.validation, epochs=EPOCHS, progress=False)
    return [runs.history(rate, 0)["val_accuracy"][-1] for rate in RATES]


def _noted(found, build, splits, work):
    found[work] = work(build, splits)


def rows():
    """Yield the ratio of medians for both of the course's nets."""
    splits = data.load("digits")
    for build, aim in ((models.build_dense_net, 5), (models.build_convnet, 2.8)):
        found = {}
        run = functools.partial(_noted, found, build, splits)
        works = {work: functools.partial(run, work) for work in (loop, engine)}
        taken = medians(in_turn(works, ROUNDS))
        words = f"{taken[loop] / taken[engine]:.2f} ({taken[loop]:.2f} s, {taken[engine]:.2f} s)"
        yield Row(f"loop of fits / sweep, {build.__name__}", words, f"at least {aim}")
        apart = max(abs(one - other) for one, other in zip(found[loop], found[engine]))
        yield Row(f"last accuracies of both, {build.__name__}", f"{apart:.4f} apart", "none")
        torch = seconds(build.__name__, "sweep")
        words = f"{torch / taken[engine]:.2f} ({torch:.2f} s)" if torch else "PyTorch not installed"
        yield Row(f"PyTorch's loop / sweep, {build.__name__}", words)


if __name__ == "__main__":
    show(rows())
