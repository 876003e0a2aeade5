"""Source A's experiment for lesson 06: three rates, restarts, and each without the other."""

import dataclasses

from helpers.experiments.record import FIVE_SEEDS, Experiment
from helpers.results import at_end, at_rate, tuned

# Rates of the head, two a decade, around the best one of a first look at 2,000 images.
THREE_RATES_GRID = (0.00316, 0.01, 0.0316)
ONE_RATE_GRID = (0.0000316, 0.0001, 0.000316)
HEAD_GRID = (0.001, 0.00316, 0.01)
TUNING = (100,)
CELLS = (
    "three rates, SGDR",
    "three rates, constant",
    "one rate, SGDR",
    "one rate, constant",
    "head alone, SGDR",
)


def source_a_cifar10(*, cells=CELLS, rates=None, seeds=FIVE_SEEDS, progress=True):
    """Fine-tune MobileNetV2 on CIFAR-10: three rates or one, with restarts or constant.

    ImageNet weights, alpha 0.35, 5,000 photographs enlarged to 64 x 64 pixels, cycles of one and
    two epochs, 471 updates of 32. Three rates are in the ratio of source A's: 1e-5 to 1e-2 to 1.
    Beside them stands the head alone, on a base that stays as it was.

    Args:
        cells: Which of these to train.
        rates: Rates of the head that each cell tries, with one seed; None takes three for each.
        seeds: Other seeds, of the comparison.
        progress: Show bars.

    Returns:
        The `Runs`. Labels of the tuning name a rate; those of the comparison do not.
        `about["tuned_rates"]` says what was chosen by validation loss.
    """
    from helpers import source_a

    size = source_a.Size("MobileNetV2", "imagenet", 64, (5_000, 500, 1_000), (1, 2))
    spread = {
        "three rates": (source_a.SOURCE_MULTIPLIERS, THREE_RATES_GRID),
        "one rate": (source_a.ONE_RATE, ONE_RATE_GRID),
        "head alone": (None, HEAD_GRID),
    }

    def policy(cell, rate):
        name, moves = cell.split(", ")
        return source_a.Policy(rate, spread[name][0], restarts=moves == "SGDR")

    grid = {
        at_rate(cell, rate): policy(cell, rate)
        for cell in cells
        for rate in rates or spread[cell.split(", ")[0]][1]
    }
    tuning = at_end(source_a.train(size, grid, seeds=TUNING, progress=progress))
    chosen = tuned(tuning).about["tuned_rates"]
    policies = {cell: policy(cell, chosen[cell]) for cell in cells}
    runs = tuning.concat(source_a.train(size, policies, seeds=seeds, progress=progress))
    about = {"tuned_rates": chosen, "tuned_by": "val_loss", "size": dataclasses.asdict(size)}
    return dataclasses.replace(runs, about=runs.about | about)


def source_a_quick(*, names=("source A", "one rate, constant"), seeds=(0, 1, 2), progress=True):
    """Run source A's own experiment at a size that shows it runs, and claims nothing.

    Args:
        names: Which policies to train.
        seeds: Seeds of weights and order.
        progress: Show bars.

    Returns:
        The `Runs` of `helpers.source_a.source_a("quick")`.
    """
    from helpers.source_a import source_a

    return source_a("quick", names=names, seeds=seeds, progress=progress)


EXPERIMENTS = (
    Experiment(
        "source_a_cifar10",
        "MobileNetV2 on CIFAR-10: three rates or one, restarts or constant; five seeds",
        source_a_cifar10,
        {"cells": ("head alone, SGDR",), "rates": (0.00316,), "seeds": (0,)},
        "CIFAR-10: 5,000 training, 500 validation and 1,000 test images; weights of MobileNetV2",
    ),
    Experiment(
        "source_a_quick",
        "ResNet50 with random weights on 160 images: a smoke run that claims nothing",
        source_a_quick,
        {"names": ("one rate, constant",), "seeds": (1,)},
        "CIFAR-10: 160 training, 80 validation and 80 test images",
    ),
)
