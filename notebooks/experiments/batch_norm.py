"""Lesson 06's experiment on batch normalization: what moving statistics do at high rates."""

from common import FIVE_SEEDS, command, data, joined, with_new_statistics
from networks import build_photograph_net

from helpers.schedules import Constant, OneCycle

UPDATES = 5 * 63
RATES = (0.00316, 0.01, 0.0316, 0.1, 0.316)


def statistics_photographs(experiment):
    """Test metrics with moving statistics and with new ones, 4,000 photographs, five seeds.

    Three convolutions with batch normalization, five epochs in batches of 64.
    """
    experiment.about |= {
        "data": "CIFAR-10: 4,000 training, 1,000 validation, 2,000 test images",
        "split": "drawn with the seed",
    }
    grid = {("constant", rate): Constant(rate) for rate in RATES}
    grid |= {("one cycle", rate): OneCycle(rate, UPDATES) for rate in RATES}

    def one(seed):
        splits = data.load("cifar10", seed=seed, limit=(4_000, 1_000, 2_000))
        held_out = {"val": splits.validation, "test": splits.test}
        measure = with_new_statistics(splits.train, held_out, UPDATES)
        options = {"epochs": 5, "batch_size": 64, "seeds": (seed,), "measure": measure}
        return experiment.train(build_photograph_net, grid, splits.train, **options)

    return joined(experiment.part(f"seed {seed}", one, seed) for seed in FIVE_SEEDS)


if __name__ == "__main__":
    command({"statistics_photographs": statistics_photographs})
