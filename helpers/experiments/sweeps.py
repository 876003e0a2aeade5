"""Lesson 01's stored experiments: sweeps on photographs and, with many seeds, on the digits."""

import dataclasses

from helpers.experiments.record import FIVE_SEEDS, TWENTY_SEEDS, Experiment

CLOTHING_RATES = (0.0001, 0.001, 0.01, 0.1)
# Two rates a decade, from 0.001 to 3.16.
DIGITS_RATES = tuple(round(10 ** (-3 + place / 2), 8) for place in range(8))


def clothing_sweep(
    *, rates=CLOTHING_RATES, seeds=FIVE_SEEDS, base="MobileNetV2", epochs=10, progress=True
):
    """Sweep the rate of a dense layer on a frozen ImageNet base, over photographs of clothing.

    Source C's experiment: 150 x 150 photographs in ten classes, pooled features, a dense layer
    that gives logits, Adam, batches of 32, ten epochs for each rate.

    Args:
        rates: Learning rates.
        seeds: Seeds of the dense layer and of the order.
        base: Name of the base for `models.frozen_base`; the source's own is `"Xception"`.
        epochs: Passes over the photographs.
        progress: Show bars.

    Returns:
        The `Runs`.
    """
    from helpers import data, models, training

    splits = data.load("clothing", image_size=150)
    features = training.cache_features(models.frozen_base(base, 150), splits, progress=progress)
    shape, classes = features.train[0].shape[1:], len(splits.class_names)
    runs = training.sweep(
        lambda: models.build_head(shape, classes),
        rates,
        features.train,
        features.validation,
        epochs=epochs,
        seeds=seeds,
        progress=progress,
    )
    return dataclasses.replace(runs, about=runs.about | {"base": base, "base_weights": "imagenet"})


def digits_sweep(*, rates=DIGITS_RATES, seeds=TWENTY_SEEDS, epochs=10, progress=True):
    """Sweep the rate of the dense net on the digits: lesson 01's own sweep, with 20 seeds.

    Args:
        rates: Learning rates.
        seeds: Seeds of weights and order; the split of the data stays the same.
        epochs: Passes over the digits.
        progress: Show a bar.

    Returns:
        The `Runs`.
    """
    from helpers import data, models, training

    splits = data.load("digits")
    return training.sweep(
        models.build_dense_net,
        rates,
        splits.train,
        splits.validation,
        epochs=epochs,
        seeds=seeds,
        progress=progress,
    )


EXPERIMENTS = (
    Experiment(
        "digits_sweep",
        "eight rates on the digits, dense net, 20 seeds: where lesson 01's bands come from",
        digits_sweep,
        {"rates": (0.01,), "seeds": (7,)},
        "digits: 1,280 training and 257 validation images",
        needs_files=False,
    ),
    Experiment(
        "clothing_sweep",
        "four rates on a frozen MobileNetV2, 150 x 150 photographs of clothing, five seeds",
        clothing_sweep,
        {"rates": (0.001,), "seeds": (0,)},
        "clothing-dataset-small: 3,068 training and 341 validation photographs",
    ),
)
