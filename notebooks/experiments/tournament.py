"""Lesson 06's experiments: every policy at equal budget, each one tuned by itself."""

import common
from networks import build_photograph_net, build_small_resnet

from helpers import data, models
from helpers.schedules import Constant, Cosine, OneCycle, StepDecay, Triangular, WarmRestarts

EPOCHS, UPDATES = 8, 320
# Four rates a decade.
DIGITS_GRID = (0.01, 0.0178, 0.0316, 0.0562, 0.1, 0.178, 0.316)
CIFAR10_GRID = (0.0316, 0.1, 0.316)
PART = {"images": (5_000, 2_500, 5_000), "batch_size": 64, "epochs": 10}
WHOLE_POLICIES = ("constant", "cosine", "triangular", "one cycle", "warm restarts")
WHOLE = {"images": (45_000, 5_000, 10_000), "batch_size": 128, "epochs": 5}
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


def tournament_cifar10(experiment):
    """Seven policies on 5,000 images of CIFAR-10, ten epochs with flips, each tuned; five seeds.

    A small residual net, batches of 64, 790 updates; metrics with statistics taken anew.
    The rates are chosen with one seed of its own.
    """
    return _on_cifar10(experiment, policies(1, 8), [("guess", GUESS)], **PART)


def tournament_cifar10_whole(experiment):
    """Five policies on all of CIFAR-10, five epochs with flips, each tuned; five seeds.

    As the one on 5,000 images, in batches of 128: 1,760 updates.
    """
    return _on_cifar10(experiment, WHOLE_POLICIES, [], **WHOLE)


def _on_cifar10(experiment, names, also, **size):
    total = size["epochs"] * -(-size["images"][0] // size["batch_size"])

    def one(name, rate, seed):
        schedule = Constant(GUESS) if name == "guess" else policies(rate, total)[name]
        return train_on_cifar10(experiment, {(name, rate): schedule}, seed, **size)

    return common.tuned_one_by_one(experiment, one, names, CIFAR10_GRID, also)


def train_on_cifar10(experiment, schedules, seed, *, images, batch_size, epochs):
    """Train the small residual net on CIFAR-10, and measure it at the end with new statistics.

    Args:
        experiment: The `Experiment`.
        schedules: Dict of label to schedule.
        seed: Draws the split too.
        images: How many are for training, validation and test.
        batch_size: Images for one update.
        epochs: Passes.

    Returns:
        The `Runs`.
    """
    counts = "{:,} training, {:,} validation, {:,} test images".format(*images)
    experiment.about |= {
        "data": f"CIFAR-10: {counts}, random flips",
        "split": "test as published, validation drawn with the seed",
    }
    splits = data.load("cifar10", seed=seed, limit=images)
    return experiment.train(
        build_small_resnet,
        schedules,
        splits.train,
        epochs=epochs,
        batch_size=batch_size,
        seeds=(seed,),
        measure=common.with_new_statistics(splits, epochs * -(-images[0] // batch_size)),
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
        tournament_cifar10,
        tournament_cifar10_whole,
        statistics_photographs,
    )
