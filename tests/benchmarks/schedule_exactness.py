"""How often a schedule's rate is not the exact one: ours, and Keras's `CosineDecayRestarts`.

Run with `python -m tests.benchmarks.schedule_exactness`. Compared are rates at and around every
boundary of many cycles with exact fractions. Ours must be the exact rate rounded to float32, up to
step 2 ** 31. Keras's computes in float32: up to step 10 million, counted is what is off by more
than 1 % of the peak, and by more than half of it, as where a restart is missed. Multipliers are
whole numbers, for which both mean the same by a cycle.
"""

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np
import tensorflow as tf

from helpers.schedules import WarmRestarts
from tests.benchmarks.table import Row, show
from tests.exact_rates import (
    FAR,
    FLOAT32_LEAST,
    FLOAT32_ROUNDING,
    HARD_RESTARTS,
    exact_rates,
    is_near,
    schedule_table,
    telling_steps,
)

tf.get_logger().setLevel("ERROR")
ROUNDS = 20
RESTARTS = [WarmRestarts(1.0, first, mult) for mult in (1, 2, 3, 10) for first in range(2, 122, 4)]
ROUNDED = {"relative": FLOAT32_ROUNDING, "least": FLOAT32_LEAST}


def in_graph(rates, steps, jit_compile):
    """Return the rates of several Keras schedules, each at its own steps."""
    graph = tf.function(
        lambda *steps: [rate(each) for rate, each in zip(rates, steps)], jit_compile=jit_compile
    )
    return [rates.numpy() for rates in graph(*map(tf.constant, steps))]


def compared(name, schedules, rates, tolerances, last=None, aim=""):
    """Yield how many rates were wrong, and in how many schedules, in each kind of graph."""
    steps = [telling_steps(schedule, seed) for seed, schedule in enumerate(schedules)]
    steps = [each if last is None else each[each <= last] for each in steps]
    exact = [exact_rates(schedule, each) for schedule, each in zip(schedules, steps)]
    for kind, jit_compile in (("tf.function", False), ("tf.function with XLA", True)):
        found = in_graph(rates, steps, jit_compile)
        pairs = sum(map(len, steps))
        for words, tolerance in tolerances.items():
            wrong = [(~is_near(*each, **tolerance)).sum() for each in zip(found, exact, schedules)]
            yield Row(
                f"{name}, {kind}: {words}",
                f"{sum(wrong):,} of {pairs:,}, in {np.count_nonzero(wrong)} of {len(wrong)} "
                "schedules",
                aim,
            )


def rows():
    """Compare every kind of schedule, then warm restarts beside Keras's own."""
    unlike = {"not the exact rate rounded to float32": ROUNDED}
    table = [*schedule_table(ROUNDS, seed=3), *HARD_RESTARTS]
    ours = [schedule.to_keras() for schedule in table]
    yield from compared("every kind of ours", table, ours, unlike, aim="none")
    ours = [schedule.to_keras() for schedule in RESTARTS]
    yield from compared("WarmRestarts", RESTARTS, ours, unlike, FAR, aim="none")
    keras_own = [
        keras.optimizers.schedules.CosineDecayRestarts(
            schedule.max_rate, schedule.first_cycle_steps, t_mul=schedule.cycle_mult
        )
        for schedule in RESTARTS
    ]
    off = {
        "off by more than 1 % of the peak": {"relative": 0.0, "least": 0.01},
        "off by more than half the peak": {"relative": 0.0, "least": 0.5},
    }
    yield from compared("CosineDecayRestarts of Keras", RESTARTS, keras_own, off, FAR)


if __name__ == "__main__":
    show(rows())
