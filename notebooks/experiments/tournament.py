"""Lesson 06's experiments: every policy at equal budget, each one tuned by itself."""

import functools

import common
from networks import build_photograph_net, build_small_resnet

from helpers import data, models
from helpers.results import stored
from helpers.schedules import Constant, Cosine, OneCycle, StepDecay, Triangular, WarmRestarts

EPOCHS, UPDATES = 8, 320
# Four rates a decade.
DIGITS_GRID = (0.01, 0.0178, 0.0316, 0.0562, 0.1, 0.178, 0.316)
CIFAR10_GRID = (0.0316, 0.1, 0.316)
CIFAR10_POLICIES = ("constant", "cosine", "triangular", "one cycle", "warm restarts")
CIFAR10_IMAGES = 45_000, 5_000, 10_000
CIFAR10_EPOCHS, CIFAR10_BATCH = 5, 128
CIFAR10_UPDATES = CIFAR10_EPOCHS * -(-CIFAR10_IMAGES[0] // CIFAR10_BATCH)
# The lowest rate of a policy over its highest.
FLOORS = (0.5, 0.25, 0.1, 0.01)
GUESS = 0.01
PHOTOGRAPHS_UPDATES = 5 * 63
PHOTOGRAPHS_RATES = (0.00316, 0.01, 0.0316, 0.1, 0.316)


def policies(rate, total, floor=None):
    """Return the seven policies at one highest rate and one budget.

    Args:
        rate: The constant rate, and the highest one of the others.
        total: Updates of the training; cycles that do not divide it are rounded up.
        floor: The lowest rate over the highest, for all that have one; None is each one's usual.

    Returns:
        Dict of name to schedule.
    """

    def part(share):
        return -(-total // share)

    low = rate * (0.25 if floor is None else floor)
    bottom = rate * (floor or 0)
    drop = 0.1 if floor is None else floor**0.5
    divisors = {} if floor is None else {"start_divisor": 1 / floor, "end_divisor": 1 / floor}
    return {
        "constant": Constant(rate),
        "step decay": StepDecay(rate, drop, part(3)),
        "cosine": Cosine(rate, total, bottom),
        "triangular": Triangular(low, rate, part(4)),
        "triangular2": Triangular(low, rate, part(8), mode="triangular2"),
        "one cycle": OneCycle(rate, total, **divisors),
        "warm restarts": WarmRestarts(rate, part(7), cycle_mult=2, min_rate=bottom),
    }


def tournament_digits(experiment):
    """Seven policies on the digits, each tuned, and a constant rate of 0.01 untuned; 20 seeds."""
    also = {("guess", GUESS): Constant(GUESS)}
    return common.tuned_on_digits(experiment, policies, DIGITS_GRID, EPOCHS, UPDATES, also)


def bounds_digits(experiment):
    """Six policies with four lowest and seven highest rates each, digits, five seeds."""
    grid = {
        (f"{name}, floor {floor:g}", rate): policies(rate, UPDATES, floor)[name]
        for name in list(policies(1, 8))[1:]
        for floor in FLOORS
        for rate in DIGITS_GRID
    }
    return common.train_on_digits(
        experiment, models.build_dense_net, grid, EPOCHS, common.FIVE_SEEDS
    )


def tournament_cifar10_whole(experiment):
    """Five policies on all of CIFAR-10, five epochs with flips, each tuned; five seeds.

    A small residual net, batches of 128, 1,760 updates; metrics with statistics taken anew. The
    rates are chosen with one seed of its own.
    """

    train = functools.partial(_each_on_cifar10, experiment)
    grid = CIFAR10_POLICIES, CIFAR10_GRID
    return common.tuned_then_judged(experiment, train, *grid, (100,), common.FIVE_SEEDS)


def forgiveness_cifar10(experiment):
    """The five policies on all of CIFAR-10 at 3.16 times the rate that was tuned; five seeds.

    As `tournament_cifar10_whole`, whose stored file has the rates.
    """
    tuned = stored("tournament_cifar10_whole").about["tuned_rates"]
    labels = [(name, common.three_digits(10**0.5 * rate)) for name, rate in tuned.items()]
    return _each_on_cifar10(experiment, labels, common.FIVE_SEEDS)


def _each_on_cifar10(experiment, labels, seeds):
    """Train pairs of policy and rate, each run a part of its own."""

    def one(name, rate, seed):
        schedule = policies(rate, CIFAR10_UPDATES)[name]
        return train_on_cifar10(experiment, {(name, rate): schedule}, cifar10(seed), seed)

    return common.joined(
        experiment.part(f"{name} {rate:g} {seed}", one, name, rate, seed)
        for seed in seeds
        for name, rate in labels
    )


def cifar10(seed):
    """Return all of CIFAR-10; validation images are drawn by the seed."""
    return data.load("cifar10", seed=seed, limit=CIFAR10_IMAGES)


def train_on_cifar10(experiment, schedules, splits, seed):
    """Train the small residual net on CIFAR-10, and measure it at the end with new statistics.

    Args:
        experiment: The `Experiment`.
        schedules: Dict of label to schedule.
        splits: What `cifar10(seed)` gave.
        seed: The seed.

    Returns:
        The `Runs`.
    """
    experiment.about |= {
        "data": "CIFAR-10: 45,000 training, 5,000 validation, 10,000 test images, random flips",
        "split": "test as published, validation drawn with the seed",
    }
    return experiment.train(
        build_small_resnet,
        schedules,
        splits.train,
        epochs=CIFAR10_EPOCHS,
        batch_size=CIFAR10_BATCH,
        seeds=(seed,),
        measure=common.with_new_statistics(splits, CIFAR10_UPDATES),
    )


def statistics_photographs(experiment):
    """Test metrics with moving statistics and with new ones, 4,000 photographs, five seeds.

    Three convolutions with batch normalization, five epochs in batches of 64.
    """
    experiment.about |= {
        "data": "CIFAR-10: 4,000 training, 1,000 validation, 2,000 test images",
        "split": "drawn with the seed",
    }
    grid = {("constant", rate): Constant(rate) for rate in PHOTOGRAPHS_RATES}
    grid |= {("one cycle", rate): OneCycle(rate, PHOTOGRAPHS_UPDATES) for rate in PHOTOGRAPHS_RATES}

    def one(seed):
        splits = data.load("cifar10", seed=seed, limit=(4_000, 1_000, 2_000))
        measure = common.with_new_statistics(splits, PHOTOGRAPHS_UPDATES)
        options = {"epochs": 5, "batch_size": 64, "seeds": (seed,), "measure": measure}
        return experiment.train(build_photograph_net, grid, splits.train, **options)

    return common.joined(experiment.part(f"seed {seed}", one, seed) for seed in common.FIVE_SEEDS)


if __name__ == "__main__":
    common.command(
        tournament_digits,
        bounds_digits,
        tournament_cifar10_whole,
        forgiveness_cifar10,
        statistics_photographs,
    )
