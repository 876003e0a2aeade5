"""Lesson 06's stored experiments: every technique at equal budget, each one tuned by itself."""

import dataclasses

from helpers.experiments.cyclical_rates import DIGITS
from helpers.experiments.photographs import build_photograph_net
from helpers.experiments.record import FIVE_SEEDS, TWENTY_SEEDS, Experiment
from helpers.results import at_end, at_rate, tuned
from helpers.schedules import Constant, Cosine, OneCycle, StepDecay, Triangular, WarmRestarts

# The same budget as in lesson 02's report card, so that the two can be compared seed by seed.
EPOCHS = 8
CIFAR10_EPOCHS = 5
CIFAR10_BATCH = 64
# Keras's own default for SGD.
GUESS = 0.01
GUESSED = "guess, 0.01"
LENT = ", winner's rate"
# Four rates a decade, from 0.00316 to 0.316.
DIGITS_GRID = (0.00316, 0.00562, 0.01, 0.0178, 0.0316, 0.0562, 0.1, 0.178, 0.316)
CIFAR10_GRID = (0.01, 0.0316, 0.1, 0.316)
# The lowest rate of a technique over its highest.
FLOORS = (0.5, 0.25, 0.1, 0.01)
# What tunes does not report: these seeds choose the rates, others are compared.
DIGITS_TUNING = (100, 101, 102, 103, 104)
CIFAR10_TUNING = (100,)


def techniques(rate, total_steps, floor=None):
    """Return the seven techniques of the tournament at one highest rate and one budget.

    Args:
        rate: The constant rate, and the highest one of the others.
        total_steps: Updates of the training, >= 8. Where it is no multiple of a technique's
            cycles, these are rounded up, and the last one is a few updates short.
        floor: The lowest rate over the highest, more than 0 and at most 1, for all techniques that
            have one; None takes each technique's usual one.

    Returns:
        Dict of name to schedule. Usual are: three levels, each a tenth of the one before; a cosine
        to 0; two triangular cycles from a quarter, and four of triangular2; one cycle that starts
        at a 25th; cosines to 0 over one, two and four sevenths of the budget.
    """

    def part(share):
        return -(-total_steps // share)

    low = rate * (0.25 if floor is None else floor)
    bottom = rate * (floor or 0)
    drop = 0.1 if floor is None else floor**0.5
    divisors = {} if floor is None else {"start_divisor": 1 / floor, "end_divisor": 1 / floor}
    return {
        "constant": Constant(rate),
        "step decay": StepDecay(rate, drop, part(3)),
        "cosine": Cosine(rate, total_steps, bottom),
        "triangular": Triangular(low, rate, part(4)),
        "triangular2": Triangular(low, rate, part(8), mode="triangular2"),
        "one cycle": OneCycle(rate, total_steps, **divisors),
        "SGDR": WarmRestarts(rate, part(7), cycle_mult=2, min_rate=bottom),
    }


TECHNIQUES = tuple(techniques(1.0, 8))


def tournament_digits(
    *,
    names=TECHNIQUES,
    rates=DIGITS_GRID,
    tuning_seeds=DIGITS_TUNING,
    seeds=TWENTY_SEEDS,
    progress=True,
):
    """Tune seven techniques on the digits, each by itself, and compare them at equal budget.

    Args:
        names: Which techniques.
        rates: Highest rates that each of them tries.
        tuning_seeds: Seeds by whose validation loss each technique's rate is chosen.
        seeds: Other seeds, of the comparison.
        progress: Show bars.

    Returns:
        The `Runs`. Labels of the tuning name a rate (`"cosine at 0.1"`), with what was measured
        after the last epoch; those of the comparison do not (`"cosine"`), and have measurements
        after every 20 updates. With them come `"guess, 0.01"`, and techniques at the rate of
        the one with the lowest validation loss (`"cosine, winner's rate"`), where that is another
        one. `about["tuned_rates"]` says what was chosen, `about["tuning_updates"]` what choosing
        cost one technique.
    """
    from helpers import data, models

    build_model, budget = models.build_dense_net, _Budget(data.load("digits"), EPOCHS, 32, 20)
    runs = _tournament(build_model, budget, names, rates, tuning_seeds, seeds, progress)
    chosen = runs.about["tuned_rates"]
    winner = runs.select(names).best("val_loss").label
    lent = {
        f"{name}{LENT}": techniques(chosen[winner], budget.updates)[name]
        for name in names
        if chosen[name] != chosen[winner]
    }
    if not lent:
        return runs
    further = at_end(_trained(build_model, budget, lent, seeds, progress))
    return dataclasses.replace(runs, runs=(*runs.runs, *further.runs))


def tournament_cifar10(
    *,
    names=TECHNIQUES,
    rates=CIFAR10_GRID,
    tuning_seeds=CIFAR10_TUNING,
    seeds=FIVE_SEEDS,
    examples=4_000,
    progress=True,
):
    """Tune and compare the techniques on real photographs, with a small convolutional network.

    Args:
        names: As for `tournament_digits`.
        rates: As for `tournament_digits`.
        tuning_seeds: As for `tournament_digits`.
        seeds: As for `tournament_digits`.
        examples: Training images.
        progress: Show bars.

    Returns:
        The `Runs`, as of `tournament_digits`; the comparison is measured after every epoch.
    """
    from helpers import data

    splits = data.load("cifar10", limit=(examples, 1_000, 1_000))
    budget = _Budget(splits, CIFAR10_EPOCHS, CIFAR10_BATCH)
    return _tournament(build_photograph_net, budget, names, rates, tuning_seeds, seeds, progress)


def bounds_digits(
    *, names=TECHNIQUES[1:], rates=DIGITS_GRID, floors=FLOORS, seeds=FIVE_SEEDS, progress=True
):
    """Vary both bounds of each technique on the digits: the highest rate, and lowest over highest.

    Args:
        names: Which techniques; a constant rate has no second bound.
        rates: Highest rates.
        floors: Lowest rates over highest, more than 0 and at most 1.
        seeds: Seeds of weights and order.
        progress: Show a bar.

    Returns:
        The `Runs` after the last epoch, labeled by technique, floor and rate, such as
        `"cosine, floor 0.1 at 0.0316"`.
    """
    from helpers import data, models

    budget = _Budget(data.load("digits"), EPOCHS, 32)
    schedules = {
        at_rate(f"{name}, floor {floor:g}", rate): techniques(rate, budget.updates, floor)[name]
        for name in names
        for floor in floors
        for rate in rates
    }
    return at_end(_trained(models.build_dense_net, budget, schedules, seeds, progress))


@dataclasses.dataclass(frozen=True)
class _Budget:
    """What every run of the comparison gets; measured after so many updates, and each epoch."""

    splits: object
    epochs: int
    batch_size: int
    measured_every: int | None = None

    @property
    def updates(self):
        """Updates of the whole training."""
        return self.epochs * -(-len(self.splits.train[1]) // self.batch_size)


def _tournament(build_model, budget, names, rates, tuning_seeds, seeds, progress):
    at = {rate: techniques(rate, budget.updates) for rate in rates}
    grid = {at_rate(name, rate): at[rate][name] for name in names for rate in rates}
    tuning = at_end(_trained(build_model, budget, grid, tuning_seeds, progress))
    chosen = tuned(tuning).about["tuned_rates"]
    schedules = {name: techniques(chosen[name], budget.updates)[name] for name in names}
    schedules[GUESSED] = Constant(GUESS)
    every = budget.measured_every
    moments = range(every, budget.updates, every) if every else ()
    final = _trained(build_model, budget, schedules, seeds, progress, moments)
    made = {
        "tuned_rates": chosen,
        "tuned_by": "val_loss",
        "tuning_updates": len(rates) * len(tuning_seeds) * budget.updates,
    }
    runs = tuning.concat(final)
    return dataclasses.replace(runs, about=runs.about | made)


def _trained(build_model, budget, schedules, seeds, progress, evaluate_at=()):
    """Train schedules with seeds within the budget, and measure on the test images too."""
    from helpers import training

    return training.compare(
        build_model,
        schedules,
        budget.splits.train,
        budget.splits.validation,
        epochs=budget.epochs,
        batch_size=budget.batch_size,
        seeds=seeds,
        evaluate_at=evaluate_at,
        measure=training.measure_on(budget.splits.test),
        progress=progress,
    )


CIFAR10 = "CIFAR-10: 4,000 training, 1,000 validation and 1,000 test images"

EXPERIMENTS = (
    Experiment(
        "tournament_digits",
        "seven techniques, each tuned by itself, at equal budget; 20 seeds",
        tournament_digits,
        {"names": ("cosine",), "rates": (0.0562,), "tuning_seeds": (100,), "seeds": (7,)},
        DIGITS,
        needs_files=False,
    ),
    Experiment(
        "bounds_digits",
        "six techniques with four lowest and nine highest rates each, five seeds",
        bounds_digits,
        {"names": ("SGDR",), "rates": (0.1,), "floors": (0.1,), "seeds": (0,)},
        DIGITS,
        needs_files=False,
    ),
    Experiment(
        "tournament_cifar10",
        "seven techniques, each tuned by itself, on 4,000 real photographs; five seeds",
        tournament_cifar10,
        {"names": ("cosine",), "rates": (0.1,), "tuning_seeds": (100,), "seeds": (0,)},
        CIFAR10,
    ),
)
