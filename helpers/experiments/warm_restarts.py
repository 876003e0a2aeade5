"""Lesson 04's stored experiments: restarts at equal budget, and ensembles of their troughs."""

import numpy as np

from helpers.experiments.cyclical_rates import DIGITS
from helpers.experiments.record import TWENTY_SEEDS, Experiment
from helpers.results import Run, Runs, at_rate
from helpers.schedules import Constant, Cosine, WarmRestarts

EPOCHS = 15
TOTAL_STEPS = 40 * EPOCHS
RATES = (0.0316, 0.1, 0.178)
MEMBERS = 3


def policies(rate, total_steps=TOTAL_STEPS):
    """Return what is compared at one rate, at equal budget.

    Args:
        rate: The constant rate, and the peak of the others.
        total_steps: Updates of the training, a multiple of 15.

    Returns:
        Dict of name to schedule: constant, one cosine, three equal cycles, and cycles of 1, 2, 4
        and 8 fifteenths.
    """
    return {
        "constant": Constant(rate),
        "one cosine": Cosine(rate, total_steps),
        "equal restarts": WarmRestarts(rate, total_steps // 3),
        "doubling restarts": WarmRestarts(rate, total_steps // 15, cycle_mult=2),
    }


def restarts_digits(*, rates=RATES, seeds=TWENTY_SEEDS, progress=True):
    """Compare a constant rate, one cosine and two kinds of restarts after 15 epochs of the digits.

    Args:
        rates: Peaks.
        seeds: Seeds of weights and order.
        progress: Show a bar.

    Returns:
        The `Runs`, labeled by policy and rate.
    """
    from helpers import data, models, training

    splits = data.load("digits")
    schedules = {
        at_rate(name, rate): schedule for rate in rates for name, schedule in policies(rate).items()
    }
    return training.compare(
        models.build_dense_net,
        schedules,
        splits.train,
        splits.validation,
        epochs=EPOCHS,
        seeds=seeds,
        measure=training.measure_on(splits.test),
        progress=progress,
    )


def snapshot_ensembles(*, seeds=TWENTY_SEEDS, rate=0.1, progress=True):
    """Average the troughs of three equal cycles; beside it their best member, and equal budgets.

    Args:
        seeds: Seeds of weights and order. Independent members take others: 1000 + 3 * seed and
            the two after it.
        rate: Peak of every cycle.
        progress: Show bars.

    Returns:
        `Runs` with one row for each label and seed: `last trough`; `best trough`, chosen by
        validation loss; `snapshot ensemble` of the three; `one cosine` over the whole budget;
        `three short` (an ensemble of three trainings of a third of the budget each) and `three
        long` (of three trainings of the whole budget each).
    """
    from helpers import data

    splits = data.load("digits")
    third = TOTAL_STEPS // MEMBERS
    fresh = [1000 + MEMBERS * seed + member for seed in seeds for member in range(MEMBERS)]
    cycles, about = _trained(WarmRestarts(rate, third), EPOCHS, seeds, splits, progress)
    whole, _ = _trained(Cosine(rate, TOTAL_STEPS), EPOCHS, [*seeds, *fresh], splits, progress)
    short, _ = _trained(Cosine(rate, third), EPOCHS // MEMBERS, fresh, splits, progress)

    records = []
    for place, seed in enumerate(seeds):
        own = fresh[MEMBERS * place :][:MEMBERS]
        troughs = [cycles[seed][end] for end in WarmRestarts(rate, third).cycle_ends(TOTAL_STEPS)]
        ensembles = {
            "last trough": troughs[-1:],
            "best trough": [min(troughs, key=lambda one: _scores([one], splits)["val_loss"])],
            "snapshot ensemble": troughs,
            "one cosine": [whole[seed][TOTAL_STEPS]],
            "three short": [short[each][third] for each in own],
            "three long": [whole[each][TOTAL_STEPS] for each in own],
        }
        for label, members in ensembles.items():
            history = {name: [value] for name, value in _scores(members, splits).items()}
            records.append(Run(label, seed, history, [TOTAL_STEPS]))
    return Runs(tuple(records), about)


def _trained(schedule, epochs, seeds, splits, progress):
    """Return, by seed and by updates at the ends of epochs, what the model predicted."""
    from helpers import models, training

    def measure(model):
        return {
            name: _softmax(training.predict_logits(model, x))
            for name, (x, _) in {"val": splits.validation, "test": splits.test}.items()
        }

    runs = training.compare(
        models.build_dense_net,
        {"members": schedule},
        splits.train,
        epochs=epochs,
        seeds=seeds,
        measure=measure,
        progress=progress,
    )
    predictions = {
        run.seed: {
            updates: {name: np.array(run.history[name][epoch]) for name in ("val", "test")}
            for epoch, updates in enumerate(run.updates)
        }
        for run in runs.runs
    }
    return predictions, runs.about


def _softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def _scores(members, splits):
    """Return loss and accuracy of the members' mean probabilities."""
    scores = {}
    for name, (_, y) in {"val": splits.validation, "test": splits.test}.items():
        mean = np.mean([member[name] for member in members], axis=0)
        scores[f"{name}_loss"] = float(-np.log(mean[np.arange(len(y)), y]).mean())
        scores[f"{name}_accuracy"] = float((mean.argmax(axis=1) == y).mean())
    return scores


EXPERIMENTS = (
    Experiment(
        "restarts_digits",
        "constant, one cosine, equal and doubling restarts at equal budget, 20 seeds",
        restarts_digits,
        {"rates": (0.1,), "seeds": (7,)},
        DIGITS,
        needs_files=False,
    ),
    Experiment(
        "snapshot_ensembles",
        "the mean of three troughs beside its best member and equal budgets, 20 seeds",
        snapshot_ensembles,
        {"seeds": (7,)},
        DIGITS,
        needs_files=False,
    ),
)
