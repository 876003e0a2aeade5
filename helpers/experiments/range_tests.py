"""Lesson 02's stored experiments: what each rule of a range test costs who follows it."""

import warnings

from helpers.experiments.cyclical_rates import DIGITS
from helpers.experiments.photographs import build_photograph_net
from helpers.experiments.record import FIVE_SEEDS, TWENTY_SEEDS, Experiment
from helpers.results import RULES, Runs, at_end
from helpers.schedules import Constant, OneCycle

STEPS = 300
EPOCHS = 8
# What a sweep of 40 runs found in lesson 01: the middle of the window.
SWEPT_RATE = 0.0316
EVERY_RULE = (*RULES, "smith_bounds")


def rules_digits(*, rules=(*EVERY_RULE, "sweep"), seeds=TWENTY_SEEDS, progress=True):
    """Follow each rule of a range test on the digits, once for each seed.

    Each seed has its own range test of 300 updates on the training images. Then the rate of each
    rule is used for 8 epochs, 320 updates: as a constant rate, and as the peak of one cycle.

    Args:
        rules: Which rules to follow.
        seeds: Seeds of weights and order, of the test and of the training.
        progress: Show a bar for each seed.

    Returns:
        The `Runs`, labeled by rule and schedule; the metric `rate` is what the rule said.
        `sweep` stands for the rate that lesson 01's sweep found.
    """
    from helpers import data, models

    splits = data.load("digits")
    return _followed(models.build_dense_net, splits, rules, seeds, EPOCHS, 32, progress)


def rules_cifar10(*, rules=EVERY_RULE, seeds=FIVE_SEEDS, examples=4_000, epochs=5, progress=True):
    """Follow each rule on real photographs, with three convolutions, in batches of 64.

    Args:
        rules: Which rules to follow.
        seeds: Seeds of weights and order, of the test and of the training.
        examples: Training images.
        epochs: Passes over them.
        progress: Show a bar for each seed.

    Returns:
        The `Runs`, as of `rules_digits`, without `sweep`.
    """
    from helpers import data

    splits = data.load("cifar10", limit=(examples, 1_000, 1_000))
    return _followed(build_photograph_net, splits, rules, seeds, epochs, 64, progress)


def _followed(build_model, splits, rules, seeds, epochs, batch_size, progress):
    from helpers import range_test, training

    parts = []
    for seed in seeds:
        with warnings.catch_warnings():
            # That a test did not diverge stands in its rules, which then say None.
            warnings.simplefilter("ignore")
            band = range_test.run_seeds(
                build_model,
                splits.train,
                seeds=(seed,),
                steps=STEPS,
                batch_size=batch_size,
                progress=progress,
            )
        test = band.test(seed)
        said = test.suggest() | {"smith_bounds": test.bounds().max_rate, "sweep": SWEPT_RATE}
        rates = {rule: said[rule] for rule in rules if said[rule] is not None}
        total = epochs * -(-len(splits.train[0]) // batch_size)
        schedules = {f"{rule}, constant": Constant(rate) for rule, rate in rates.items()}
        schedules |= {f"{rule}, one cycle": OneCycle(rate, total) for rule, rate in rates.items()}
        runs = training.compare(
            build_model,
            schedules,
            splits.train,
            splits.validation,
            epochs=epochs,
            batch_size=batch_size,
            seeds=(seed,),
            measure=training.measure_on(splits.test),
            progress=progress,
        )
        parts.append(_with_rates(at_end(runs), rates))
    first, *others = parts
    return first.concat(*others)


def _with_rates(runs, rates):
    for run in runs.runs:
        run.history["rate"] = [rates[run.label.partition(",")[0]]]
    return Runs(runs.runs, runs.about)


EXPERIMENTS = (
    Experiment(
        "rules_digits",
        "each rule of a range test, followed for 320 updates on the digits, 20 seeds",
        rules_digits,
        {"rules": ("valley", "smith_bounds"), "seeds": (7,)},
        DIGITS,
        needs_files=False,
    ),
    Experiment(
        "rules_cifar10",
        "each rule of a range test, followed on 4,000 real photographs, five seeds",
        rules_cifar10,
        {"rules": ("smith_bounds",), "seeds": (0,)},
        "CIFAR-10: 4,000 training, 1,000 validation and 1,000 test images",
    ),
)
