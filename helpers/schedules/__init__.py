"""Learning-rate schedules as pure functions of the step: NumPy only, frozen, no state.

A schedule is called with steps (optimizer updates, 0-based) and returns rates. Each formula is
written once; NumPy computes it here, and Keras inside a compiled graph (`to_keras`). Cycles are
counted in integers, so that each restart falls on its very step.

This folder and `keras_schedules.py` can be copied together into any project.

Example:
    >>> schedule = with_warmup(WarmRestarts(0.1, first_cycle_steps=100), steps=50)
    >>> schedule([0, 50, 100, 150]).round(3).tolist()
    [0.0, 0.1, 0.05, 0.1]
    >>> schedule.cycle_ends(300)
    [150, 250]
"""

import sys

from .base import MOST_STEPS, Schedule, checked_count, checked_rate, from_dict, keras_side
from .cycles import MODES, CyclePlan, OneCycle, Triangular, WarmRestarts, plan_cycles
from .simple import (
    Constant,
    Cosine,
    ExponentialRamp,
    LinearRamp,
    OppositeMomentum,
    Pieces,
    StepDecay,
    with_warmup,
)

if "keras" in sys.modules:
    # Registers the schedules, so that Keras can load a model that was saved with one.
    keras_side()
