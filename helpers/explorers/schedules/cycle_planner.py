"""*Cycle planner*: updates, epochs and cycles of a cyclical rate, on data of several sizes."""

import ipywidgets as widgets

from helpers.describe.schedules import describe_cycles
from helpers.explorers.base import Explorer
from helpers.explorers.schedules.plan import draw_plan, score_plan
from helpers.explorers.schedules.policies import (
    EXP_RANGE,
    ONE_CYCLE,
    TRIANGULAR,
    TRIANGULAR2,
    make_schedule,
    name_policy,
)
from helpers.schedules import checked_count, plan_cycles

# Training examples of each data set.
DATA_SETS = {"digits": 1_280, "CIFAR-10": 50_000, "ImageNet": 1_281_167}
BATCH_SIZES = (32, 64, 100, 128, 256, 512)
POLICIES = (TRIANGULAR, TRIANGULAR2, EXP_RANGE, ONE_CYCLE)


def cycle_planner(target=3):
    """Return the explorer *Cycle planner*, from a plan for CIFAR-10 that stops in mid-cycle.

    Its controls are `min_rate` and `max_rate`, `half_cycle` (epochs from one bound to the other,
    the paper's step size; without effect on one cycle), `epochs`, `data` ("digits", "CIFAR-10" or
    "ImageNet"), `batch_size`, and `policy` ("triangular", "triangular2", "exp_range (paper)", here
    with bounds that decline to a tenth, or "one cycle"). A cycle that training does not finish is
    shaded.

    Args:
        target: How many whole cycles are asked for, with nothing left over, 1 to 20.

    Returns:
        An `Explorer`.

    Raises:
        TypeError: If `target` is no whole number.
        ValueError: If `target` is out of bounds.

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186.

    Example:
        >>> explorer = cycle_planner()
        >>> explorer.controls["epochs"].value = 24
        >>> explorer.score
        'Target: 3 cycles or more, and training that ends with the last. Yours: 3, reached.'
    """
    if checked_count(target, "target") > 20:
        raise ValueError(f"target is {target}; allowed is 1 to 20 cycles; try 3.")
    controls = _controls()

    def fit_half_cycle(change):
        controls["half_cycle"].disabled = change["new"] == ONE_CYCLE

    controls["policy"].observe(fit_half_cycle, names="value")

    def score(epochs, **values):
        schedule, updates_per_epoch = _plan(epochs=epochs, **values)
        task = f"{target} cycle{'' if target == 1 else 's'} or more"
        return score_plan(schedule, updates_per_epoch * epochs, task, least=target)

    return Explorer("Cycle planner", controls, _draw, _describe, score=score)


def _controls():
    return {
        "min_rate": widgets.FloatLogSlider(
            value=0.001, min=-6, max=0, step=0.05, readout_format=".3g", description="min rate"
        ),
        "max_rate": widgets.FloatLogSlider(
            value=0.006, min=-5, max=1, step=0.05, readout_format=".3g", description="max rate"
        ),
        "half_cycle": widgets.IntSlider(value=4, min=2, max=10, description="half cycle, epochs"),
        "epochs": widgets.IntSlider(value=20, min=1, max=100, description="epochs"),
        "data": widgets.ToggleButtons(
            options=[*DATA_SETS], value="CIFAR-10", description="training data"
        ),
        "batch_size": widgets.ToggleButtons(
            options=BATCH_SIZES, value=100, description="batch size"
        ),
        "policy": widgets.ToggleButtons(options=POLICIES, description="policy"),
    }


def _plan(min_rate, max_rate, half_cycle, epochs, data, batch_size, policy):
    """Return the schedule that the settings name, and the updates of an epoch."""
    plan = plan_cycles(DATA_SETS[data], batch_size, epochs)
    half_cycle_steps = half_cycle * plan.updates_per_epoch
    schedule = make_schedule(policy, min_rate, max_rate, half_cycle_steps, plan.total_steps)
    return schedule, plan.updates_per_epoch


def _draw(epochs, **values):
    return draw_plan(*_plan(epochs=epochs, **values), epochs)


def _describe(min_rate, max_rate, half_cycle, epochs, data, batch_size, policy):
    schedule, updates_per_epoch = _plan(
        min_rate, max_rate, half_cycle, epochs, data, batch_size, policy
    )
    name = name_policy(policy, min_rate, max_rate, half_cycle)
    half = "" if policy == ONE_CYCLE else f" ({half_cycle * updates_per_epoch:,} updates)"
    return f"Rate against update: {name}{half}. " + describe_cycles(
        schedule, updates_per_epoch, epochs
    )
