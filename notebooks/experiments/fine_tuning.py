"""Lesson 05's experiment: ways to go on from ImageNet with few photographs of clothing."""

import functools

import common
import keras

from helpers import data, layerwise, models, training
from helpers.schedules import Constant, Cosine

IMAGE_SIZE, BATCH_SIZE, EPOCHS = 160, 32, 30
# Rates of the head; with differential rates it may be ten times as fast.
ONE_RATE, HEAD_RATES = (0.000316, 0.001, 0.00316), (0.00316, 0.01, 0.0316)
GRIDS = {
    "one rate": ONE_RATE,
    "one rate, one cosine": ONE_RATE,
    "differential": HEAD_RATES,
    "differential, one cosine": HEAD_RATES,
    "one rate, one cosine, moving statistics": ONE_RATE,
    "frozen base": (0.001, 0.00316, 0.01, 0.0316),
}
SPLIT = "block_6_expand", "block_13_expand", "head"


def fine_tuning_clothing(experiment):
    """Clothing from 500 and 2,000 photographs of 160 pixels, MobileNetV2 with ImageNet weights.

    Adam, 30 epochs; five seeds. Differential: four groups, a factor of 10 from each to the next.
    A seed of its own chooses each way's rate, with 500 photographs; 2,000 are judged at that rate.
    """
    experiment.about |= {
        "data": "clothing: 500 or 2,000 of 3,068 training, 341 validation, 372 test photographs",
        "split": "validation and test as published, the 500 or 2,000 drawn with the seed",
    }

    def train(labels, seeds, size=500):
        parts = []
        for way, rate in labels:
            key = f"{way} {rate:g} {seeds[0]} {size}"
            parts.append(experiment.part(key, _trained, experiment, way, rate, seeds, size))
        return common.joined(parts)

    seeds = common.FIVE_SEEDS
    few = common.tuned_then_judged(experiment, train, list(GRIDS), GRIDS, (100,), seeds)
    return few.concat(train(experiment.about["tuned_rates"].items(), seeds, 2000))


def clothing_network(way):
    """Build MobileNetV2 with a new head, its base open but for batch normalization; compile it.

    Args:
        way: A name in `GRIDS`.

    Returns:
        A compiled model with one rate for all layers, or with four that lie a factor of 10 apart.
    """
    base = models.frozen_base("MobileNetV2", IMAGE_SIZE)
    base.trainable = True
    for layer in base.layers[-1].layers:
        still = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = "moving statistics" in way or not still
    model = keras.Model(base.input, keras.layers.Dense(10, name="head")(base.output))
    groups = layerwise.split(model, SPLIT)
    multipliers = layerwise.geometric(len(groups), 10 if "differential" in way else 1)
    adam = layerwise.differential(keras.optimizers.Adam(), groups, multipliers=multipliers)
    return models.compiled(model, adam)


def _trained(experiment, way, rate, seeds, size):
    """Train one way at one rate with several seeds, and measure it at the end."""
    updates = EPOCHS * -(-size // BATCH_SIZE)
    load = _features if way == "frozen base" else _photographs

    def build():
        if way == "frozen base":
            return models.build_head((1280,))
        return clothing_network(way)

    def measure(model):
        if int(model.optimizer.iterations) < updates:
            return {}
        return common.scores(model, {"val": held_out.validation, "test": held_out.test})

    held_out = load(size, seeds[0])
    schedule = Cosine(rate, updates) if "one cosine" in way else Constant(rate)
    name = way if size == 500 else f"{way} ({size:,})"
    runs = experiment.train(
        build,
        {(name, rate): schedule},
        lambda seed: load(size, seed).train,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        seeds=seeds,
        measure=measure,
    )
    return runs.at_end()


@functools.lru_cache(1)
def _photographs(size, seed):
    return data.load("clothing", seed=seed, limit=size, image_size=IMAGE_SIZE)


@functools.cache
def _features(size, seed):
    base = models.frozen_base("MobileNetV2", IMAGE_SIZE)
    return training.cache_features(base, _photographs(size, seed), progress=False)


if __name__ == "__main__":
    common.command(fine_tuning_clothing)
