"""*Restart planner*: lengths of cycles, peaks and floor of warm restarts over a training."""

import math

import ipywidgets as widgets

from helpers.describe.schedules import describe_cycles
from helpers.explorers.base import Explorer
from helpers.explorers.schedules.plan import draw_plan, score_plan
from helpers.schedules import WarmRestarts, plan_cycles

MULTIPLIERS = (1, 1.5, 2, 3)


def restart_planner(num_examples=1_280, batch_size=32):
    """Return the explorer *Restart planner*, from a plan that stops in mid-cycle.

    Its controls are `max_rate`, `floor` (as a share of `max_rate`), `first_cycle` (epochs, in
    halves), `epochs`, `peak_decay`, and `cycle_mult` (how many times longer each cycle is than the
    one before). A cycle that training does not finish is shaded.

    Args:
        num_examples: Training examples, >= 1; by default those of the digits.
        batch_size: Examples for one update, >= 1.

    Returns:
        An `Explorer`.

    Raises:
        TypeError: If a number is no whole number.
        ValueError: If a number is out of bounds, or an epoch has fewer than two updates.

    References:
        I. Loshchilov, F. Hutter, "SGDR: Stochastic gradient descent with warm restarts",
        arXiv:1608.03983.

    Example:
        >>> explorer = restart_planner()
        >>> explorer.controls["epochs"].value = 35
        >>> explorer.score
        'Target: 3 cycles or more that grow, and training that ends with the last. Yours: 3,
        reached.'
    """
    updates_per_epoch = plan_cycles(num_examples, batch_size, epochs=1).updates_per_epoch
    if updates_per_epoch < 2:
        raise ValueError(
            f"{num_examples} examples in batches of {batch_size} are one update; allowed is a "
            "batch_size of which two or more fit."
        )

    def plan(max_rate, floor, first_cycle, peak_decay, cycle_mult):
        steps = round(first_cycle * updates_per_epoch)
        return WarmRestarts(max_rate, steps, cycle_mult, floor * max_rate, peak_decay)

    def draw(epochs, **values):
        return draw_plan(plan(**values), updates_per_epoch, epochs)

    def describe(epochs, **values):
        schedule = plan(**values)
        lower = schedule.peak_decay < 1
        decay = f", each peak {schedule.peak_decay:g} of the last" if lower else ""
        return (
            f"Rate against update: warm restarts, {schedule.max_rate:.3g} down to "
            f"{schedule.min_rate:.3g}{decay}. "
            f"{describe_cycles(schedule, updates_per_epoch, epochs)}"
        )

    def score(epochs, **values):
        least = 3 if values["cycle_mult"] > 1 else math.inf
        total = updates_per_epoch * epochs
        return score_plan(plan(**values), total, "3 cycles or more that grow", least)

    return Explorer("Restart planner", _controls(), draw, describe, score=score)


def _controls():
    return {
        "max_rate": widgets.FloatLogSlider(
            value=0.1, min=-5, max=1, step=0.05, readout_format=".3g", description="max rate"
        ),
        "floor": widgets.FloatSlider(max=0.5, step=0.01, description="floor / max rate"),
        "first_cycle": widgets.FloatSlider(
            value=5,
            min=0.5,
            max=20,
            step=0.5,
            readout_format=".1f",
            description="cycle 1, epochs",
        ),
        "epochs": widgets.IntSlider(value=30, min=1, max=100, description="epochs"),
        "peak_decay": widgets.FloatSlider(
            value=1, min=0.3, max=1, step=0.05, description="decay of peaks"
        ),
        "cycle_mult": widgets.ToggleButtons(
            options=MULTIPLIERS, value=2, description="cycle multiplier"
        ),
    }
