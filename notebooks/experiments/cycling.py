"""Lesson 03's experiments: cycles against a constant rate, and against a fall alone."""

import common
import keras
from networks import build_densely_connected_net, build_residual_net, build_sigmoid_net

from helpers import models
from helpers.keras_schedules import cycle_momentum
from helpers.schedules import Constant, Cosine, OneCycle, OppositeMomentum, Pieces, Triangular

EPOCHS, TOTAL_STEPS = 10, 400
RATES = (0.01, 0.0178, 0.0316, 0.0562, 0.1, 0.178, 0.316, 0.562, 1.0)
# The lowest of four rates around the best constant one of each optimizer, two a decade.
OPTIMIZERS = {
    "SGD": (keras.optimizers.SGD, {}, 0.0316),
    "momentum": (keras.optimizers.SGD, {"momentum": 0.9}, 0.01),
    "Nesterov": (keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}, 0.01),
    "RMSprop": (keras.optimizers.RMSprop, {}, 0.000316),
    "Adam": (keras.optimizers.Adam, {}, 0.001),
    "AdaGrad": (keras.optimizers.Adagrad, {}, 0.01),
}
NETWORKS = {
    "sigmoid": (build_sigmoid_net, (0.0316, 0.1, 0.316, 1.0, 3.16)),
    "residual": (build_residual_net, (0.01, 0.0316, 0.1, 0.316, 1.0)),
    "stochastic depth": (lambda: build_residual_net(0.5), (0.01, 0.0316, 0.1, 0.316, 1.0)),
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
    return common.train_on_digits(
        experiment, models.build_dense_net, grid, EPOCHS, common.TWENTY_SEEDS
    )


def cycling_optimizers(experiment):
    """Cycles under six optimizers on the digits, each tuned by itself, 20 seeds."""
    chosen = ("constant", "triangular", "triangular2", "one fall")
    grids = {
        f"{name}, {policy}": [common.three_digits(lowest * 10 ** (place / 2)) for place in range(4)]
        for name, (_, _, lowest) in OPTIMIZERS.items()
        for policy in chosen
    }

    def one(label, rate, seeds):
        name, policy = label.split(", ")
        kind, options, _ = OPTIMIZERS[name]

        def build():
            return models.build_dense_net(optimizer=kind(0.01, **options))

        grid = {(label, rate): policies(rate)[policy]}
        return common.train_on_digits(experiment, build, grid, EPOCHS, seeds)

    return _tuned(experiment, one, grids, grids)


def _tuned(experiment, one, policies, rates):
    def train(labels, seeds):
        return common.joined(one(*label, seeds) for label in labels)

    return common.tuned_then_judged(experiment, train, policies, rates)


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
        return common.train_on_digits(experiment, build, grid, EPOCHS, seeds)

    return _tuned(experiment, one, kinds, (0.0178, 0.0316, 0.0562, 0.1, 0.178, 0.316))


def cycling_networks(experiment):
    """Cycles on Smith's other kinds of network, digits, statistics taken anew, five seeds."""
    experiment.about |= {"data": "digits", "split": "drawn with the seed"}

    def one(name, seed):
        (build, rates), own = NETWORKS[name], common.digits(seed)
        grid = {
            (f"{name}, {policy}", rate): schedule
            for rate in rates
            for policy, schedule in policies(rate).items()
            if policy != "cycles in stages"
        }
        measure = common.with_new_statistics(own, TOTAL_STEPS)
        options = {"epochs": EPOCHS, "seeds": (seed,), "measure": measure}
        return experiment.train(build, grid, own.train, **options).at_end()

    return common.joined(
        experiment.part(f"{name} {seed}", one, name, seed)
        for name in NETWORKS
        for seed in common.FIVE_SEEDS
    )


if __name__ == "__main__":
    common.command(cycling_bounds, cycling_optimizers, cycling_momentum, cycling_networks)
