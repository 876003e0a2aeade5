"""Lesson 07's experiments: batch size, warm-up, and a budget other than planned."""

import keras
import numpy as np
from common import (
    FIVE_SEEDS,
    TUNING_SEEDS,
    command,
    data,
    joined,
    three_digits,
    tuned_then_judged,
    with_new_statistics,
)
from networks import build_photograph_net

from helpers import range_test, schedules
from helpers.models import compiled

BATCH_SIZES = (16, 128, 1024)
SGD_RATES = (0.00316, 0.01, 0.0316, 0.1, 0.316, 1.0)
ADAMW_RATES = (0.000316, 0.001, 0.00316, 0.01, 0.0316, 0.1)
# A sequence of so many tokens of so many kinds, and updates of so many sequences.
LENGTH, KINDS, SEQUENCES, TRANSFORMER_UPDATES = 12, 12, 32, 400
WARM_UPS = (0, 20, 100)
TRANSFORMER_RATES = (0.001, 0.00316, 0.01, 0.0316)
# A fall after a warm-up of a twentieth, and one cycle.
SHAPES = {
    "one fall": lambda peak, updates: schedules.with_warmup(
        schedules.Cosine(peak, updates - updates // 20), updates // 20
    ),
    "one cycle": schedules.OneCycle,
}
PER_EPOCH = 79
PHOTOGRAPHS = {"data": "CIFAR-10: 5,000 training, 2,500 validation, 5,000 test images"}
PHOTOGRAPHS["split"] = "drawn with the seed"


def batch_sizes(experiment):
    """Three batch sizes at six rates, SGD with momentum and AdamW, at equal epochs; five seeds.

    CIFAR-10, 5,000 images, three convolutions with batch normalization, four epochs of one cycle.
    """
    experiment.about |= PHOTOGRAPHS

    def one(kind, size, rates, seed):
        splits = data.load("cifar10", seed=seed, limit=(5_000, 2_500, 5_000))
        total = 4 * -(-5_000 // size)
        measure = with_new_statistics(splits, total)

        def build():
            sgd = keras.optimizers.SGD(0.01, momentum=0.9)
            return build_photograph_net(sgd if kind == "SGD" else keras.optimizers.AdamW(0.001))

        grid = {(f"{kind}, batch {size}", rate): schedules.OneCycle(rate, total) for rate in rates}
        options = {"epochs": 4, "batch_size": size, "seeds": (seed,), "measure": measure}
        return experiment.train(build, grid, splits.train, **options).at_end()

    return joined(
        experiment.part(f"{kind} {size} {seed}", one, kind, size, rates, seed)
        for seed in FIVE_SEEDS
        for kind, rates in (("SGD", SGD_RATES), ("AdamW", ADAMW_RATES))
        for size in BATCH_SIZES
    )


def build_transformer(optimizer=None, width=32, heads=4, depth=2):
    """Build a small transformer that reads a sequence and gives logits for each of its places.

    Normalization follows each sum, as in A. Vaswani and others, arXiv:1706.03762.
    """
    layers = keras.layers
    tokens = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(KINDS, width)(tokens)
    x = x + layers.Embedding(LENGTH, width)(keras.ops.arange(LENGTH))
    for _ in range(depth):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(heads, width // heads)(x, x))
        hidden = layers.Dense(width)(layers.Dense(2 * width, activation="relu")(x))
        x = layers.LayerNormalization()(x + hidden)
    return compiled(keras.Model(tokens, layers.Dense(KINDS)(x)), optimizer)


def sequences(seed, number):
    """Return sequences, and the same sequences sorted: what each place must hold."""
    x = np.random.default_rng(seed).integers(0, KINDS, (number, LENGTH)).astype("int32")
    return x, np.sort(x, axis=1)


def warmed(rate, length, total):
    """Return a straight fall from `rate` to nothing, after a straight rise of `length` updates."""
    fall = schedules.LinearRamp(rate, 0.0, total - length)
    return schedules.with_warmup(fall, length) if length else fall


def warm_up_transformer(experiment):
    """Three lengths of warm-up at four rates, a two-layer transformer that sorts; five seeds.

    Adam, 400 updates of 32 sequences; after the warm-up a straight fall to nothing.
    """
    experiment.about["data"] = "none: 12 tokens of 12 kinds, to be sorted; drawn with the seed"
    experiment.about["split"] = "drawn with the seed"
    grid = {
        (f"warm-up {length}", rate): warmed(rate, length, TRANSFORMER_UPDATES)
        for length in WARM_UPS
        for rate in TRANSFORMER_RATES
    }
    return joined(
        experiment.part(
            f"seed {seed}",
            experiment.train,
            lambda: build_transformer(keras.optimizers.Adam(0.001)),
            grid,
            sequences(seed, SEQUENCES * TRANSFORMER_UPDATES // 10),
            sequences(1000 + seed, 1_000),
            epochs=10,
            batch_size=SEQUENCES,
            seeds=(seed,),
        )
        for seed in FIVE_SEEDS
    )


def procedure(experiment, build, train, epochs, batch_size, **options):
    """Follow lesson 07: range tests, candidates for the peak, two shapes, other seeds."""
    experiment.look(build, 0.001, train, 0, batch_size)
    updates = epochs * -(-len(train[1]) // batch_size)
    tests = range_test.run_seeds(
        build, train, seeds=range(3), batch_size=batch_size, progress=False
    )
    lowest = tests.suggest()["turning_point"]
    options |= {"epochs": epochs, "batch_size": batch_size}

    def train_some(labels, seeds):
        grid = {(shape, peak): SHAPES[shape](peak, updates) for shape, peak in labels}
        return experiment.train(build, grid, train, seeds=seeds, **options).at_end()

    peaks = [three_digits(lowest / share) for share in (10, 3, 1)]
    return tuned_then_judged(experiment, train_some, SHAPES, peaks, TUNING_SEEDS[:3], FIVE_SEEDS)


def procedure_cifar10(experiment):
    """Lesson 07's procedure on photographs: three seeds choose, five others report.

    CIFAR-10, 5,000 images, three convolutions with batch normalization; 8 epochs, batches of 64.
    """
    experiment.about |= PHOTOGRAPHS | {"split": "one for all seeds"}
    splits = data.load("cifar10", limit=(5_000, 2_500, 5_000))
    measure = with_new_statistics(splits, 8 * PER_EPOCH)
    return procedure(experiment, build_photograph_net, splits.train, 8, 64, measure=measure)


def procedure_transformer(experiment):
    """Lesson 07's procedure on the small transformer that sorts, with Adam, 400 updates."""
    experiment.about |= {"data": "none: 12 tokens of 12 kinds, to be sorted", "split": "drawn once"}
    train, validation, test = (
        sequences(seed, size) for seed, size in enumerate((1280, 1000, 1000))
    )
    options = {"validation": validation, "test": test}
    return procedure(
        experiment,
        lambda: build_transformer(keras.optimizers.Adam(0.001)),
        train,
        10,
        SEQUENCES,
        **options,
    )


if __name__ == "__main__":
    command(
        batch_sizes,
        warm_up_transformer,
        procedure_cifar10,
        procedure_transformer,
    )
