"""What rates by layer cost: time per update of `fit`, against the same optimizer with one rate.

Run with `python -m tests.benchmarks.layerwise_fit`. All sides train the same net on the same
examples; they take turns, and medians are compared: of the time on the wall, which wants a quiet
machine, and of processor time. Keras's own `MultiOptimizer` stands beside them
where this Keras has one.
"""

import itertools
import os
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np

from helpers.layerwise import differential, geometric, split
from tests.benchmarks.table import Row, in_turn, medians, show

UPDATES, BATCH_SIZE = 400, 32
ROUNDS, INSTANCES = 5, 3
LAYERS = 21


def build_dense():
    """Return a net whose update is short, so that every extra operation shows."""
    layers = [keras.layers.Dense(32, "relu", name=f"layer_{at}") for at in range(LAYERS - 1)]
    head = keras.layers.Dense(10, name=f"layer_{LAYERS - 1}")
    return keras.Sequential([keras.Input((64,)), *layers, head])


def build_convolutional():
    """Return a net whose update is mostly convolutions, as in real use."""
    layers = [
        keras.layers.Conv2D(16, 3, padding="same", activation="relu", name=f"layer_{at}")
        for at in range(LAYERS - 1)
    ]
    pooled = keras.layers.GlobalAveragePooling2D()
    head = keras.layers.Dense(10, name=f"layer_{LAYERS - 1}")
    images = [keras.Input((64,)), keras.layers.Reshape((8, 8, 1))]
    return keras.Sequential([*images, *layers, pooled, head])


def starts_of(count):
    """Return the layers at which `count` groups begin, equally long but for the last."""
    return [f"layer_{LAYERS * group // count}" for group in range(1, count)]


def with_groups(count):
    """Return a function that gives a model its differential optimizer."""

    def optimizer(model):
        groups = split(model, starts_of(count))
        return differential(keras.optimizers.AdamW(1e-3), groups, multipliers=geometric(count, 1.5))

    return optimizer


def with_multi_optimizer(count):
    """Return a function that gives a model an AdamW of Keras for each group."""

    def optimizer(model):
        groups = split(model, starts_of(count))
        table = {}
        for number, multiplier in enumerate(geometric(count, 1.5)):
            paths = "|".join(variable.path for variable in groups.variables[number])
            table[paths] = keras.optimizers.AdamW(1e-3 * multiplier)
        default = keras.optimizers.AdamW(1e-3)
        return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(default, table))

    return optimizer


SIDES = {
    "one rate": lambda model: keras.optimizers.AdamW(1e-3),
    "3 groups": with_groups(3),
    "20 groups": with_groups(20),
}
if hasattr(keras.optimizers, "MultiOptimizer"):
    SIDES |= {f"MultiOptimizer, {count}": with_multi_optimizer(count) for count in (3, 20)}


def compiled_model(build, name, examples):
    """Return a net with the optimizer of a side, fitted once."""
    model, loss = build(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(SIDES[name](model), loss)
    model.fit(*examples, BATCH_SIZE, verbose=0)
    return model


def measured(build, examples):
    """Return by side the seconds of each `fit`: on the wall, and of the processor."""
    processor, works = {name: [] for name in SIDES}, {}

    def fit(name, model):
        began = time.process_time()
        model.fit(*examples, BATCH_SIZE, verbose=0)
        processor[name].append(time.process_time() - began)

    # Several models for each side: one graph is faster than its equal.
    for instance, name in itertools.product(range(INSTANCES), SIDES):
        model = compiled_model(build, name, examples)
        works[name, instance] = lambda name=name, model=model: fit(name, model)
    taken = in_turn(works, ROUNDS)
    wall = {name: sum((taken[name, at] for at in range(INSTANCES)), []) for name in SIDES}
    return medians(wall), medians(processor)


def rows():
    """Yield the median time of an update for both nets, as a ratio to that with one rate."""
    draw = np.random.default_rng(0)
    for build, updates in ((build_dense, UPDATES), (build_convolutional, UPDATES // 8)):
        x = draw.normal(size=(updates * BATCH_SIZE, 64)).astype("float32")
        examples = x, draw.integers(0, 10, len(x))
        wall, processor = measured(build, examples)
        for name in SIDES:
            ratios = [taken[name] / taken["one rate"] for taken in (wall, processor)]
            yield Row(
                f"{name} / one rate, {build.__name__}",
                f"{ratios[0]:.3f} ({wall[name] / updates * 1e3:.3f} ms an update); "
                f"{ratios[1]:.3f} by processor time",
                "at most 1.02" if name.endswith("groups") else "",
            )


if __name__ == "__main__":
    show(rows())
