"""Lesson 03's stored experiments: cycling against a constant rate, and against decay alone."""

from helpers.experiments.record import FIVE_SEEDS, TWENTY_SEEDS, Experiment
from helpers.experiments.sweeps import DIGITS_RATES
from helpers.results import at_end, at_rate
from helpers.schedules import Constant, Cosine, OneCycle, OppositeMomentum, Triangular

DIGITS = "digits: 1,280 training, 257 validation and 260 test images"
EPOCHS = 10
TOTAL_STEPS = 40 * EPOCHS
# Two rates a decade around the best constant one of each optimizer.
OPTIMIZER_RATES = {
    "SGD": (0.0316, 0.1, 0.316, 1.0, 3.16),
    "momentum": (0.00316, 0.01, 0.0316, 0.1, 0.316),
    "Nesterov": (0.00316, 0.01, 0.0316, 0.1, 0.316),
    "RMSprop": (0.000316, 0.001, 0.00316, 0.01, 0.0316, 0.1),
    "Adam": (0.000316, 0.001, 0.00316, 0.01, 0.0316, 0.1),
}
NETWORK_RATES = {
    "sigmoid": (0.0316, 0.1, 0.316, 1.0, 3.16),
    "residual": (0.01, 0.0316, 0.1, 0.316),
    "stochastic depth": (0.01, 0.0316, 0.1, 0.316),
    "densely connected": (0.0316, 0.1, 0.316, 1.0),
}


def policies(rate, total_steps=TOTAL_STEPS):
    """Return what is compared at one rate: constant, two cycles, cycles that shrink, decay alone.

    Args:
        rate: The constant rate, and the highest one of the others.
        total_steps: Updates of the training, a multiple of 8.

    Returns:
        Dict of name to schedule. A cycle's lowest rate is a quarter of the highest.
    """
    return {
        "constant": Constant(rate),
        "triangular": Triangular(rate / 4, rate, total_steps // 4),
        "triangular2": Triangular(rate / 4, rate, total_steps // 8, mode="triangular2"),
        "cosine decay": Cosine(rate, total_steps),
    }


def cycling_bounds(*, rates=DIGITS_RATES, seeds=TWENTY_SEEDS, progress=True):
    """Vary the highest rate, with and without cycling: how forgiving is a cycle of a bad guess?

    Args:
        rates: Highest rates.
        seeds: Seeds of weights and order.
        progress: Show a bar.

    Returns:
        The `Runs`, labeled by policy and rate.
    """
    from helpers import models

    return _compared(models.build_dense_net, rates, seeds, progress)


def cycling_optimizers(*, optimizers=OPTIMIZER_RATES, seeds=TWENTY_SEEDS, progress=True):
    """Compare the policies under five optimizers, each at its own rates.

    Args:
        optimizers: Dict of the optimizer's name to its rates.
        seeds: Seeds of weights and order.
        progress: Show a bar for each optimizer.

    Returns:
        The `Runs`, labeled by optimizer, policy and rate.
    """
    import keras

    from helpers import models

    builders = {
        "SGD": keras.optimizers.SGD,
        "momentum": lambda: keras.optimizers.SGD(momentum=0.9),
        "Nesterov": lambda: keras.optimizers.SGD(momentum=0.9, nesterov=True),
        "RMSprop": keras.optimizers.RMSprop,
        "Adam": keras.optimizers.Adam,
    }
    return _joined(
        _compared(
            lambda name=name: models.build_dense_net(optimizer=builders[name]),
            rates,
            seeds,
            progress,
            prefix=f"{name}, ",
        )
        for name, rates in optimizers.items()
    )


def cycling_networks(*, networks=NETWORK_RATES, seeds=FIVE_SEEDS, progress=True):
    """Compare the policies on Smith's other kinds of network, at laptop size.

    Args:
        networks: Dict of the network's name to its rates.
        seeds: Seeds of weights, order and dropped blocks.
        progress: Show a bar for each network.

    Returns:
        The `Runs`, labeled by network, policy and rate.
    """
    from helpers import models

    builders = {
        "sigmoid": models.build_sigmoid_net,
        "residual": models.build_residual_net,
        "stochastic depth": lambda: models.build_residual_net(survival=0.5),
        "densely connected": models.build_densely_connected_net,
    }
    return _joined(
        _compared(builders[name], rates, seeds, progress, prefix=f"{name}, ")
        for name, rates in networks.items()
    )


def cycling_momentum(*, rates=(0.0316, 0.1, 0.178, 0.316), seeds=TWENTY_SEEDS, progress=True):
    """Run one cycle of the rate with constant momentum, and with momentum against it.

    Args:
        rates: Highest rates of the cycle.
        seeds: Seeds of weights and order.
        progress: Show bars.

    Returns:
        The `Runs`, labeled by momentum and rate.
    """
    import keras

    from helpers import models
    from helpers.keras_schedules import cycle_momentum

    def optimizer(momentum):
        sgd = keras.optimizers.SGD(momentum=0.9)
        return cycle_momentum(sgd, momentum)

    return _joined(
        _trained(
            lambda momentum=momentum: models.build_dense_net(optimizer=lambda: optimizer(momentum)),
            {at_rate(name, rate): OneCycle(rate, TOTAL_STEPS)},
            seeds,
            progress,
        )
        for rate in rates
        for name, momentum in {
            "momentum 0.85": Constant(0.85),
            "momentum 0.9": Constant(0.9),
            "momentum 0.95": Constant(0.95),
            "momentum against the rate": OppositeMomentum(OneCycle(rate, TOTAL_STEPS)),
        }.items()
    )


def _compared(build_model, rates, seeds, progress, prefix=""):
    schedules = {
        prefix + at_rate(name, rate): schedule
        for rate in rates
        for name, schedule in policies(rate).items()
    }
    return _trained(build_model, schedules, seeds, progress)


def _trained(build_model, schedules, seeds, progress):
    from helpers import data, training

    splits = data.load("digits")
    runs = training.compare(
        build_model,
        schedules,
        splits.train,
        splits.validation,
        epochs=EPOCHS,
        seeds=seeds,
        measure=training.measure_on(splits.test),
        progress=progress,
    )
    return at_end(runs)


def _joined(parts):
    first, *others = parts
    return first.concat(*others)


EXPERIMENTS = (
    Experiment(
        "cycling_bounds",
        "eight highest rates with and without cycling, dense net, 20 seeds",
        cycling_bounds,
        {"rates": (0.0316,), "seeds": (7,)},
        DIGITS,
        needs_files=False,
    ),
    Experiment(
        "cycling_optimizers",
        "cycling under SGD, momentum, Nesterov, RMSprop and Adam, dense net, 20 seeds",
        cycling_optimizers,
        {"optimizers": {"Adam": (0.01,)}, "seeds": (7,)},
        DIGITS,
        needs_files=False,
    ),
    Experiment(
        "cycling_momentum",
        "one cycle of the rate with constant momentum and with momentum against it, 20 seeds",
        cycling_momentum,
        {"rates": (0.1,), "seeds": (7,)},
        DIGITS,
        needs_files=False,
    ),
    Experiment(
        "cycling_networks",
        "cycling on a sigmoid, two residual and a densely connected net, five seeds",
        cycling_networks,
        {"networks": {"sigmoid": (0.1,)}, "seeds": (0,)},
        DIGITS,
        needs_files=False,
    ),
)
