"""What a schedule costs in `fit`: against a constant float, the per-batch callback beside it.

Run with `python -m tests.benchmarks.schedules_fit`. All train the same net on the digits, in turns;
what is compiled once is compiled before. Printed are ratios of median seconds, and in brackets the
quartiles of the ratios within each turn.
"""

import functools
import os
import statistics

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras

from helpers import data, models, schedules
from helpers.keras_schedules import cycle_momentum
from tests.benchmarks.table import Row, in_turn, medians, show

EPOCHS, BATCH_SIZE, TURNS = 8, 32, 15
UPDATES = 40 * EPOCHS
TRIANGLE = schedules.Triangular(0.001, 0.01, 40)
SCHEDULES = {
    "Constant": schedules.Constant(0.01),
    "LinearRamp": schedules.LinearRamp(0.01, 0.001, UPDATES),
    "ExponentialRamp": schedules.ExponentialRamp(0.01, 0.001, UPDATES),
    "StepDecay": schedules.StepDecay(0.01, 0.5, every=80),
    "Cosine": schedules.Cosine(0.01, UPDATES),
    "Triangular": TRIANGLE,
    "Triangular, exp_range": schedules.Triangular(0.001, 0.01, 40, "exp_range", 0.9999),
    "WarmRestarts": schedules.WarmRestarts(0.01, 40),
    "WarmRestarts, growing": schedules.WarmRestarts(0.01, 20, cycle_mult=2),
    "OneCycle": schedules.OneCycle(0.01, UPDATES),
    "with_warmup": schedules.with_warmup(schedules.WarmRestarts(0.01, 40), 40),
}
# What tells how far the machine repeats itself, and how it was done before.
NO_SCHEDULES = ("float, again", "callback per batch")


class SetRate(keras.callbacks.Callback):
    """The classic way: a schedule computed in Python before each batch."""

    def on_train_begin(self, logs=None):
        self._step = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = TRIANGLE(self._step)
        self._step += 1


def build(optimizer):
    """Return the lessons' convolutional net, compiled."""
    return models.build_convnet(optimizer=optimizer)


def rows():
    """Yield the ratio of each schedule to the constant float, alternated."""
    examples, sgd = data.load("digits").train, keras.optimizers.SGD
    nets = {"float": build(sgd(0.01, 0.9))}
    nets |= {name: build(sgd(schedule.to_keras(), 0.9)) for name, schedule in SCHEDULES.items()}
    momentum = schedules.OppositeMomentum(TRIANGLE)
    nets["cycle_momentum"] = build(cycle_momentum(sgd(TRIANGLE.to_keras()), momentum))
    nets |= {name: build(sgd(0.01, 0.9)) for name in NO_SCHEDULES}

    def fit(name):
        callbacks = [SetRate()] * (name == "callback per batch")
        nets[name].fit(*examples, BATCH_SIZE, EPOCHS, verbose=0, callbacks=callbacks)

    works = {name: functools.partial(fit, name) for name in nets}
    in_turn(works, 1)
    taken = in_turn(works, TURNS)
    middle, updates = medians(taken), EPOCHS * -(-len(examples[1]) // BATCH_SIZE)
    words = f"{1000 * middle['float'] / updates:.2f} ms an update"
    yield Row(f"fit, constant float, median of {TURNS} turns", words)
    for name in [*nets][1:]:
        ratios = [one / other for one, other in zip(taken[name], taken["float"])]
        low, _, high = statistics.quantiles(ratios)
        words = f"{middle[name] / middle['float']:.3f} ({low:.3f} to {high:.3f})"
        aim = "" if name in NO_SCHEDULES else "at most 1.02"
        yield Row(f"fit, {name} / constant float", words, aim)


if __name__ == "__main__":
    show(rows())
