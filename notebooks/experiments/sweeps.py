"""Lesson 01's experiments: fixed rates on the digits and on photographs."""

import keras
from common import FIVE_SEEDS, command, data, train_on_digits

from helpers import models
from helpers.training import cache_features

CLOTHING_RATES = (0.0001, 0.000316, 0.001, 0.00316, 0.01, 0.0316, 0.1)
MOMENTA = (0.0, 0.5, 0.9, 0.95)


def momentum_sweep(experiment):
    """Four momenta at 15 rates on the digits, dense net, ten epochs, five seeds."""
    rates = [round(10 ** (-3 + place / 4), 8) for place in range(15)]
    parts = []
    for momentum in MOMENTA:

        def build(momentum=momentum):
            return models.build_dense_net(optimizer=keras.optimizers.SGD(0.01, momentum=momentum))

        grid = {(f"momentum {momentum:g}", rate): rate for rate in rates}
        parts.append(train_on_digits(experiment, build, grid, 10, FIVE_SEEDS))
    return parts[0].concat(*parts[1:])


def clothing_sweep(experiment):
    """Seven rates of a dense layer on a frozen ImageNet base, photographs, ten epochs, five seeds.

    The course page's experiment: 150 x 150 photographs of clothing in ten classes, pooled features,
    a dense layer that gives logits, Adam, batches of 32. MobileNetV2, alpha 0.35, for its Xception.
    """
    splits = data.load("clothing", image_size=150)
    features = cache_features(models.frozen_base("MobileNetV2", 150), splits)
    shape = features.train[0].shape[1:]
    experiment.about |= {
        "data": "clothing: 3,068 training, 341 validation, 372 test photographs at 150 x 150",
        "split": "as published",
        "base": "MobileNetV2, alpha 0.35, ImageNet weights",
    }
    return experiment.train(
        lambda: models.build_head(shape),
        {rate: rate for rate in CLOTHING_RATES},
        features.train,
        features.validation,
        test=features.test,
        epochs=10,
        seeds=FIVE_SEEDS,
    )


if __name__ == "__main__":
    command(momentum_sweep, clothing_sweep)
