"""Lesson 02's experiments: what each rule of a range test costs, and what moves the curve."""

import warnings

import keras
from common import (
    FIVE_SEEDS,
    TUNING_SEEDS,
    TWENTY_SEEDS,
    command,
    data,
    digits,
    joined,
    with_new_statistics,
)
from networks import build_small_resnet

from helpers import models, range_test
from helpers.results import RULES, Runs
from helpers.schedules import Constant, OneCycle

STEPS = 300
SETTINGS = {
    "as it is": {},
    "100 updates": {"steps": 100},
    "1,000 updates": {"steps": 1000},
    "batch 8": {"batch_size": 8},
    "batch 128": {"batch_size": 128},
    "momentum 0": {"momentum": 0.0},
    "momentum 0.98": {"momentum": 0.98},
    "L2 0.003": {"l2": 0.003},
    "L2 0.03": {"l2": 0.03},
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


def _followed(experiment, build_model, splits, seed, epochs, batch_size, kinds, measure=None):
    """Train as each rule says after a test of this seed; the metric `said` is its rate."""
    said = _said(_tested(build_model, splits.train, seed, batch_size=batch_size))
    total = epochs * -(-len(splits.train[0]) // batch_size)
    made = {"constant": Constant, "one cycle": lambda rate: OneCycle(rate, total)}
    labels = {f"{rule}, {kind}": (kind, rate) for kind in kinds for rule, rate in said.items()}
    runs = experiment.train(
        build_model,
        {label: made[kind](rate) for label, (kind, rate) in labels.items()},
        splits.train,
        None if measure else splits.validation,
        test=None if measure else splits.test,
        epochs=epochs,
        batch_size=batch_size,
        seeds=(seed,),
        measure=measure,
    ).at_end()
    rates = [labels[policy][1] for policy in runs.frame["policy"]]
    return Runs(runs.frame.assign(said=rates), runs.about)


def rules_digits(experiment):
    """Each rule as a constant rate and as the peak of one cycle, digits, 320 updates, 20 seeds.

    Seeds from 100 on are there to choose a rule by, on validation images.
    """
    experiment.about["split"] = "drawn with the seed"
    kinds = ("constant", "one cycle")
    return joined(
        experiment.part(
            f"seed {seed}",
            _followed,
            *(experiment, models.build_dense_net, digits(seed), seed, 8, 32, kinds),
        )
        for seed in (*TUNING_SEEDS, *TWENTY_SEEDS)
    )


def rules_cifar10(experiment):
    """Each rule as the peak of one cycle, and as a constant rate, CIFAR-10, ten epochs, five seeds.

    As `tournament_cifar10`: a small residual net, flips, batches of 128, statistics taken anew.
    Seed 100 is there to choose a rule by, on validation images.
    """
    experiment.about["split"] = "test as published, validation drawn with the seed"

    def one(seed, kind):
        splits = data.load("cifar10", seed=seed)
        held_out = {"val": splits.validation, "test": splits.test}
        measure = with_new_statistics(splits.train, held_out, 3520)
        return _followed(experiment, build_small_resnet, splits, seed, 10, 128, (kind,), measure)

    return joined(
        experiment.part(f"{kind} {seed}", one, seed, kind)
        for kind in ("one cycle", "constant")
        for seed in (100, *FIVE_SEEDS)
    )


def range_test_settings(experiment):
    """What length, batch, momentum and L2 do to what the rules say, digits, 20 seeds."""
    experiment.about["split"] = "drawn with the seed"
    rows = []
    for setting, options in SETTINGS.items():
        options = dict(options)
        momentum, l2 = options.pop("momentum", 0.9), options.pop("l2", 0.0)

        def build(momentum=momentum, l2=l2):
            model = models.build_dense_net(optimizer=keras.optimizers.SGD(0.01, momentum=momentum))
            for layer in model.layers[1:] if l2 else ():
                layer.kernel_regularizer = keras.regularizers.L2(l2)
            return model

        for seed in TWENTY_SEEDS:
            experiment.look(build, 0.01, digits(seed).train, seed)
            said = _said(_tested(build, digits(seed).train, seed, **options))
            place = {"policy": setting, "seed": seed, "epoch": 1, "updates": STEPS}
            rows.append(place | {rule: said.get(rule) for rule in (*RULES, "smith_bounds")})
    return Runs.from_rows(rows)


def range_test_untrained(experiment):
    """A range test of the residual net before training, CIFAR-10, 300 updates, five seeds."""
    train = data.load("cifar10", limit=(10_000, None, None)).train
    experiment.look(build_small_resnet, 0.001, train, 0, 128)
    options = {"seeds": FIVE_SEEDS, "batch_size": 128, "progress": False, "min_rate": 1e-5}
    return range_test.run_seeds(build_small_resnet, train, **options)


def range_test_trained(experiment):
    """The same range test after ten epochs of one cycle with a peak of 0.1, five seeds."""
    splits = data.load("cifar10", limit=(10_000, None, None))
    experiment.look(build_small_resnet, 0.001, splits.train, 0, 128)
    keras.utils.set_random_seed(0)
    model = build_small_resnet(keras.optimizers.SGD(OneCycle(0.1, 790).to_keras(), momentum=0.9))
    model.fit(*splits.train, 128, 10, verbose=0)

    def build():
        again = build_small_resnet()
        again.set_weights(model.get_weights())
        return again

    options = {"seeds": FIVE_SEEDS, "batch_size": 128, "progress": False, "min_rate": 1e-5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return range_test.run_seeds(build, splits.train, **options)


if __name__ == "__main__":
    names = (rules_digits, range_test_settings, range_test_untrained, range_test_trained)
    command({one.__name__: one for one in (*names, rules_cifar10)})
