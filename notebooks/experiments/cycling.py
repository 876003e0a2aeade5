"""Lesson 03's experiments: cycles against a constant rate, and against a fall alone."""

import keras
from common import (
    FIVE_SEEDS,
    TUNING_SEEDS,
    TWENTY_SEEDS,
    command,
    digits,
    joined,
    train_on_digits,
    tuned_then_judged,
    with_new_statistics,
)
from networks import build_densely_connected_net, build_residual_net, build_sigmoid_net

from helpers import models
from helpers.keras_schedules import cycle_momentum
from helpers.schedules import Constant, Cosine, OneCycle, OppositeMomentum, Pieces, Triangular

EPOCHS, TOTAL_STEPS = 10, 400
RATES = (0.01, 0.0178, 0.0316, 0.0562, 0.1, 0.178, 0.316, 0.562, 1.0)
# Around the best constant rate of each optimizer, two a decade.
OPTIMIZERS = {
    "SGD": (keras.optimizers.SGD, {}, (0.0316, 0.1, 0.316, 1.0)),
    "momentum": (keras.optimizers.SGD, {"momentum": 0.9}, (0.01, 0.0316, 0.1, 0.316)),
    "Nesterov": (
        keras.optimizers.SGD,
        {"momentum": 0.9, "nesterov": True},
        (0.01, 0.0316, 0.1, 0.316),
    ),
    "RMSprop": (keras.optimizers.RMSprop, {}, (0.000316, 0.001, 0.00316, 0.01)),
    "Adam": (keras.optimizers.Adam, {}, (0.001, 0.00316, 0.01, 0.0316)),
    "AdaGrad": (keras.optimizers.Adagrad, {}, (0.01, 0.0316, 0.1, 0.316)),
}
NETWORKS = {
    "sigmoid": (build_sigmoid_net, (0.1, 0.316, 1.0, 3.16)),
    "residual": (build_residual_net, (0.0316, 0.1, 0.316, 1.0)),
    "stochastic depth": (lambda: build_residual_net(0.5), (0.0316, 0.1, 0.316, 1.0)),
    "densely connected": (build_densely_connected_net, (0.0316, 0.1, 0.316, 1.0)),
}


def policies(rate, total=TOTAL_STEPS):
    """Return what is compared at one highest rate; a cycle's lowest is a quarter of it."""
    return {
        "constant": Constant(rate),
        "triangular": Triangular(rate / 4, rate, total // 4),
        "triangular2": Triangular(rate / 4, rate, total // 8, mode="triangular2"),
        # The paper's own: four, three and three cycles, whose bounds fall tenfold (Table 2).
        "cycles in stages": Pieces(
            [
                (Triangular(rate / 5, rate, 2 * total // 25), 16 * total // 25),
                (Triangular(rate / 50, rate / 10, total // 25), 6 * total // 25),
                (Triangular(rate / 500, rate / 100, total // 50), 3 * total // 25),
            ]
        ),
        "one fall": Cosine(rate, total),
    }


def cycling_bounds(experiment):
    """Nine highest rates with and without cycles on the digits, dense net, 20 seeds."""
    grid = {(name, rate): one for rate in RATES for name, one in policies(rate).items()}
    return train_on_digits(experiment, models.build_dense_net, grid, EPOCHS, TWENTY_SEEDS)


def cycling_optimizers(experiment):
    """Cycles under six optimizers on the digits, each tuned by itself, 20 seeds."""
    parts = []
    for name, (kind, options, rates) in OPTIMIZERS.items():

        def build(kind=kind, options=options):
            return models.build_dense_net(optimizer=kind(0.01, **options))

        parts.append(experiment.part(name, _tuned, experiment, name, build, rates))
    return joined(parts)


def _tuned(experiment, name, build, rates):
    def train(labels, seeds):
        grid = {(f"{name}, {one}", rate): policies(rate)[one] for one, rate in labels}
        return train_on_digits(experiment, build, grid, EPOCHS, seeds)

    chosen = ("constant", "triangular", "triangular2", "one fall")
    return _judged(lambda labels, seeds: _unnamed(train(labels, seeds)), name, chosen, rates)


def _unnamed(runs):
    """Drop the optimizer from the names of policies while they are tuned."""
    policy = runs.frame["policy"].str.split(", ").str[-1]
    return type(runs)(runs.frame.assign(policy=policy), runs.about)


def _judged(train, name, policies, rates):
    runs, about = tuned_then_judged(train, policies, rates, TUNING_SEEDS, TWENTY_SEEDS)
    frame = runs.frame.assign(policy=name + ", " + runs.frame["policy"])
    return type(runs)(frame, runs.about | {"tuning_seeds": about["tuning_seeds"]})


def cycling_momentum(experiment):
    """One cycle with constant momentum and with momentum against it, digits, 20 seeds."""
    kinds = {
        "momentum 0.85": lambda rate: Constant(0.85),
        "momentum 0.9": lambda rate: Constant(0.9),
        "momentum 0.95": lambda rate: Constant(0.95),
        "momentum against the rate": lambda rate: OppositeMomentum(OneCycle(rate, TOTAL_STEPS)),
    }

    def one(name, rate, seeds):
        def build():
            sgd = keras.optimizers.SGD(0.01, momentum=0.9)
            return models.build_dense_net(optimizer=cycle_momentum(sgd, kinds[name](rate)))

        grid = {(name, rate): OneCycle(rate, TOTAL_STEPS)}
        return train_on_digits(experiment, build, grid, EPOCHS, seeds)

    def train(labels, seeds):
        return joined([one(*label, seeds) for label in labels])

    rates = (0.0178, 0.0316, 0.0562, 0.1, 0.178, 0.316)
    runs, about = tuned_then_judged(train, list(kinds), rates, TUNING_SEEDS, TWENTY_SEEDS)
    experiment.about |= about
    return runs


def cycling_networks(experiment):
    """Cycles on Smith's other kinds of network, digits, statistics taken anew, five seeds."""
    parts = []
    for name, (build, rates) in NETWORKS.items():
        for seed in FIVE_SEEDS:
            own = digits(seed)
            measure = with_new_statistics(
                own.train, {"val": own.validation, "test": own.test}, TOTAL_STEPS
            )
            grid = {
                (f"{name}, {policy}", rate): one
                for rate in rates
                for policy, one in policies(rate).items()
                if policy != "cycles in stages"
            }
            parts.append(
                experiment.part(
                    f"{name} {seed}",
                    experiment.train,
                    *(build, grid, own.train),
                    epochs=EPOCHS,
                    seeds=(seed,),
                    measure=measure,
                )
            )
    experiment.about |= {"data": "digits", "split": "drawn with the seed"}
    return joined([part.at_end() for part in parts])


if __name__ == "__main__":
    names = (cycling_bounds, cycling_optimizers, cycling_momentum, cycling_networks)
    command({one.__name__: one for one in names})
