"""Lesson 04's experiments: warm restarts at equal budget, and ensembles of their troughs."""

import numpy as np
from common import TWENTY_SEEDS, command, digits, tuned_on_digits
from scipy.special import softmax

from helpers import models
from helpers.results import Runs
from helpers.schedules import Constant, Cosine, WarmRestarts

EPOCHS, TOTAL_STEPS, MEMBERS = 15, 600, 3
RATES = (0.0316, 0.0562, 0.1, 0.178, 0.316)


def policies(rate, total):
    """Return what is compared at one peak: cycles of a third, and of 1, 2, 4 and 8 fifteenths."""
    return {
        "constant": Constant(rate),
        "one cosine": Cosine(rate, total),
        "equal restarts": WarmRestarts(rate, total // 3),
        "doubling restarts": WarmRestarts(rate, total // 15, cycle_mult=2),
    }


def restarts_digits(experiment):
    """Constant, one cosine, equal and doubling restarts on the digits, each tuned, 20 seeds."""
    return tuned_on_digits(experiment, policies, RATES, EPOCHS, TOTAL_STEPS)


def snapshot_ensembles(experiment):
    """The mean of three troughs, their best, and equal budgets, digits, 20 seeds.

    `three short` is an ensemble of three trainings of a third of the budget each, `three long` of
    three whole ones; `best trough` is chosen by validation loss.
    """
    third, rate = TOTAL_STEPS // MEMBERS, 0.1
    rows, experiment.about["data"] = [], "digits: 1,280 training, 257 validation, 260 test images"
    experiment.about["split"] = "drawn with the seed"
    for seed in TWENTY_SEEDS:
        splits = digits(seed)
        experiment.look(models.build_dense_net, rate, splits.train, seed)
        fresh = [1000 + MEMBERS * seed + member for member in range(MEMBERS)]

        def outputs(schedule, epochs, seeds, splits=splits):
            return _outputs(experiment, schedule, epochs, seeds, splits)

        cycles = outputs(WarmRestarts(rate, third), EPOCHS, [seed])[seed]
        whole = outputs(Cosine(rate, TOTAL_STEPS), EPOCHS, [seed, *fresh])
        short = outputs(Cosine(rate, third), EPOCHS // MEMBERS, fresh)
        troughs = [cycles[end] for end in WarmRestarts(rate, third).cycle_ends(TOTAL_STEPS)]
        ensembles = {
            "last trough": troughs[-1:],
            "best trough": [min(troughs, key=lambda one: _scores([one], splits)["val_loss"])],
            "snapshot ensemble": troughs,
            "one cosine": [whole[seed][TOTAL_STEPS]],
            "three short": [short[one][third] for one in fresh],
            "three long": [whole[one][TOTAL_STEPS] for one in fresh],
        }
        place = {"seed": seed, "epoch": EPOCHS, "updates": TOTAL_STEPS}
        for name, members in ensembles.items():
            rows.append({"policy": name} | place | _scores(members, splits))
    return Runs.from_rows(rows)


def _outputs(experiment, schedule, epochs, seeds, splits):
    """Return, by seed and by updates at the ends of epochs, the probabilities predicted."""
    found = {seed: {} for seed in seeds}

    def run(seed):
        def measure(model):
            updates = int(model.optimizer.iterations)
            found[seed][updates] = {
                name: softmax(model.predict(x, batch_size=512, verbose=0), axis=1)
                for name, (x, _) in {"val": splits.validation, "test": splits.test}.items()
            }
            return {}

        options = {"epochs": epochs, "seeds": (seed,), "measure": measure}
        experiment.train(models.build_dense_net, {"members": schedule}, splits.train, **options)

    for seed in seeds:
        run(seed)
    return found


def _scores(members, splits):
    """Return loss and accuracy of the members' mean probabilities."""
    scores = {}
    for name, (_, y) in {"val": splits.validation, "test": splits.test}.items():
        mean = np.mean([member[name] for member in members], axis=0)
        scores[f"{name}_loss"] = float(-np.log(mean[np.arange(len(y)), y]).mean())
        scores[f"{name}_accuracy"] = float((mean.argmax(axis=1) == y).mean())
    return scores


if __name__ == "__main__":
    command(restarts_digits, snapshot_ensembles)
