"""Lesson 02's experiments: what each rule of a range test costs, and what moves the curve."""

import warnings

import common
import keras
from networks import build_small_resnet
from tournament import CIFAR10_BATCH, CIFAR10_UPDATES, cifar10, train_on_cifar10

from helpers import data, models, range_test
from helpers.results import RULES, Runs
from helpers.schedules import Constant, OneCycle

STEPS = 300
DIGITS = {"data": "digits: 1,280 training, 257 validation, 260 test images"}
DIGITS["split"] = "drawn with the seed"
PHOTOGRAPHS = {"data": "CIFAR-10: 10,000 training, 5,000 validation, 10,000 test images"}
PHOTOGRAPHS["split"] = "test as published, validation drawn with the seed"
# The one that the digits chose, and the one most often quoted.
CIFAR10_RULES = ("steepest", "minimum_over_ten")
SETTINGS = {
    "as it is": {},
    "100 updates": {"steps": 100},
    "1,000 updates": {"steps": 1000},
    "batch 8": {"batch_size": 8},
    "batch 128": {"batch_size": 128},
    "momentum 0": {"momentum": 0.0},
    "momentum 0.98": {"momentum": 0.98},
}


def _tested(build_model, train, seed, steps=STEPS, batch_size=32):
    """Return the range test of one seed, as `run_seeds` makes it."""
    with warnings.catch_warnings():
        # That a test did not diverge stands in its rules, which then say None.
        warnings.simplefilter("ignore")
        options = {"steps": steps, "batch_size": batch_size, "progress": False}
        return range_test.run_seeds(build_model, train, seeds=(seed,), **options).test(seed)


def _said(test):
    """Return what each rule says, and Smith's upper bound; without those that say nothing."""
    said = test.suggest() | {"smith_bounds": test.bounds().max_rate}
    return {rule: rate for rule, rate in said.items() if rate is not None}


def rules_digits(experiment):
    """Each rule as a constant rate and as the peak of one cycle, digits, 320 updates, 20 seeds.

    Seeds from 100 on are there to choose a rule by, on validation images.
    """
    seeds = (*common.TUNING_SEEDS, *common.TWENTY_SEEDS)
    return common.joined(
        experiment.part(f"seed {seed}", _followed, experiment, seed) for seed in seeds
    )


def _followed(experiment, seed):
    """Train as each rule says after a test of this seed; the metric `said` is its rate."""
    said = _said(_tested(models.build_dense_net, common.digits(seed).train, seed))
    schedules = {f"{rule}, constant": Constant(rate) for rule, rate in said.items()}
    schedules |= {f"{rule}, one cycle": OneCycle(rate, 320) for rule, rate in said.items()}
    runs = common.train_on_digits(experiment, models.build_dense_net, schedules, 8, (seed,))
    rates = [said[policy.split(", ")[0]] for policy in runs.frame["policy"]]
    return Runs(runs.frame.assign(said=rates), runs.about)


def rules_cifar10(experiment):
    """One cycle at the peak that each of two rules says, all of CIFAR-10, five epochs, five seeds.

    As `tournament_cifar10_whole`, after a test of 300 updates for each seed.
    """
    seeds = common.FIVE_SEEDS
    return common.joined(
        experiment.part(f"seed {seed}", _followed_on_cifar10, experiment, seed) for seed in seeds
    )


def _followed_on_cifar10(experiment, seed):
    """Train after a test of this seed; metrics with the names of rules are what they say."""
    splits = cifar10(seed)
    experiment.look(build_small_resnet, 0.001, splits.train, seed, CIFAR10_BATCH)
    said = _said(_tested(build_small_resnet, splits.train, seed, batch_size=CIFAR10_BATCH))
    cycles = {
        f"{rule}, one cycle": OneCycle(said[rule], CIFAR10_UPDATES)
        for rule in CIFAR10_RULES
        if rule in said
    }
    runs = train_on_cifar10(experiment, cycles, splits, seed)
    return Runs(runs.frame.assign(**said), runs.about)


def range_test_settings(experiment):
    """What length, batch and momentum do to what the rules say, digits, 20 seeds."""
    experiment.about |= DIGITS
    rows = []
    for setting, options in SETTINGS.items():
        momentum = options.get("momentum", 0.9)
        options = {name: value for name, value in options.items() if name != "momentum"}

        def build(momentum=momentum):
            return models.build_dense_net(optimizer=keras.optimizers.SGD(0.01, momentum=momentum))

        for seed in common.TWENTY_SEEDS:
            experiment.look(build, 0.01, common.digits(seed).train, seed)
            said = _said(_tested(build, common.digits(seed).train, seed, **options))
            place = {"policy": setting, "seed": seed, "epoch": 1, "updates": STEPS}
            rows.append(place | {rule: said.get(rule) for rule in (*RULES, "smith_bounds")})
    return Runs.from_rows(rows)


def range_test_untrained(experiment):
    """A range test of the residual net before training, CIFAR-10, 300 updates, five seeds."""
    train = data.load("cifar10", limit=(10_000, None, None)).train
    experiment.about |= PHOTOGRAPHS
    experiment.look(build_small_resnet, 0.001, train, 0, 128)
    options = {"seeds": common.FIVE_SEEDS, "batch_size": 128, "progress": False, "min_rate": 1e-5}
    return range_test.run_seeds(build_small_resnet, train, **options)


def range_test_trained(experiment):
    """The same range test after ten epochs of one cycle with a peak of 0.1, five seeds."""
    splits = data.load("cifar10", limit=(10_000, None, None))
    experiment.about |= PHOTOGRAPHS
    experiment.look(build_small_resnet, 0.001, splits.train, 0, 128)
    keras.utils.set_random_seed(0)
    model = build_small_resnet(keras.optimizers.SGD(OneCycle(0.1, 790).to_keras(), momentum=0.9))
    model.fit(*splits.train, 128, 10, verbose=0)

    def build():
        again = build_small_resnet()
        again.set_weights(model.get_weights())
        return again

    options = {"seeds": common.FIVE_SEEDS, "batch_size": 128, "progress": False, "min_rate": 1e-5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return range_test.run_seeds(build, splits.train, **options)


if __name__ == "__main__":
    common.command(
        rules_digits,
        rules_cifar10,
        range_test_settings,
        range_test_untrained,
        range_test_trained,
    )
