"""`plan_cycles` against trying every number of updates for the first cycle."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.schedules import Triangular, WarmRestarts, plan_cycles

MULTS = (1, 2, 3, 1.5, 1.1)
SIZES = st.integers(1, 400), st.integers(1, 60), st.integers(1, 12)


def updates_by_counting(num_examples, batch_size):
    """Take batches away until no example is left."""
    updates = 0
    while num_examples > 0:
        num_examples, updates = num_examples - batch_size, updates + 1
    return updates


def every_plan(total, cycles, mult):
    """Return all cycle lengths that fit, by the length of the first cycle, shortest first."""
    plans = []
    for first in range(1, total + 1):
        lengths = tuple(round(first * mult**index) for index in range(cycles))
        if sum(lengths) > total:
            break
        plans.append(lengths)
    return plans


@given(*SIZES, st.integers(1, 9), st.sampled_from(MULTS))
def test_the_plan_is_the_longest_of_all_that_fit(examples, batch, epochs, cycles, mult):
    total = updates_by_counting(examples, batch) * epochs
    plans = every_plan(total, cycles, mult)
    if not plans:
        with pytest.raises(ValueError, match="not even one for the first cycle"):
            plan_cycles(examples, batch, epochs, cycles=cycles, cycle_mult=mult)
        return
    plan = plan_cycles(examples, batch, epochs, cycles=cycles, cycle_mult=mult)
    assert plan.updates_per_epoch * epochs == plan.total_steps == total
    assert plan.cycle_steps == plans[-1]
    assert bool(plan.warning) == (sum(plans[-1]) < total)


@given(*SIZES, st.sampled_from(MULTS))
def test_without_a_number_of_cycles_training_always_ends_at_a_trough(examples, batch, epochs, mult):
    plan = plan_cycles(examples, batch, epochs, cycle_mult=mult)
    fitting = [
        plans[-1]
        for cycles in (3, 4, 2, 5, 6, 7, 8, 1)
        if (plans := every_plan(plan.total_steps, cycles, mult))
        and sum(plans[-1]) == plan.total_steps
    ]
    halved = [lengths for lengths in fitting if mult == 1 and lengths[0] % 2 == 0]
    assert plan.cycle_steps == (halved or fitting)[0]
    assert plan.warning == ""


@given(*SIZES, st.sampled_from(MULTS))
def test_schedules_built_from_a_plan_end_with_a_cycle(examples, batch, epochs, mult):
    plan = plan_cycles(examples, batch, epochs, cycle_mult=mult)
    restarts = WarmRestarts(0.1, plan.first_cycle_steps, plan.cycle_mult)
    assert restarts.cycle_ends(plan.total_steps)[-1] == plan.total_steps
    if plan.half_cycle_steps is not None:
        triangle = Triangular(0.01, 0.1, plan.half_cycle_steps)
        assert triangle.cycle_ends(plan.total_steps)[-1] == plan.total_steps
    assert (plan.half_cycle_steps is None) == (mult != 1 or plan.first_cycle_steps % 2 == 1)


@given(*SIZES, st.integers(2, 9), st.sampled_from(MULTS))
def test_what_a_warning_advises_ends_at_a_trough(examples, batch, epochs, cycles, mult):
    total = updates_by_counting(examples, batch) * epochs
    if not every_plan(total, cycles, mult):
        return
    plan = plan_cycles(examples, batch, epochs, cycles=cycles, cycle_mult=mult)
    left = total - sum(plan.cycle_steps)
    if not left:
        return
    assert f": {left} of {total} updates {'is' if left == 1 else 'are'} left over." in plan.warning
    other_cycles = re.search(r"(\d+) cycles", plan.warning)
    other_epochs = re.search(r"(\d+) epochs", plan.warning)
    if other_cycles:
        again = plan_cycles(examples, batch, epochs, cycles=int(other_cycles[1]), cycle_mult=mult)
        assert again.warning == ""
    if other_epochs:
        again = plan_cycles(examples, batch, int(other_epochs[1]), cycles=cycles, cycle_mult=mult)
        assert again.warning == ""
    if mult == 1 and epochs >= cycles:
        # Epochs that are a multiple of the cycles always fit, and one is near.
        assert other_epochs


def test_the_last_smaller_batch_of_an_epoch_is_an_update():
    assert plan_cycles(100, 32, 1).updates_per_epoch == 4
    assert plan_cycles(96, 32, 1).updates_per_epoch == 3


def test_the_paper_of_cyclical_rates_as_a_plan():
    plan = plan_cycles(50_000, 100, 24, cycles=6)
    assert (plan.half_cycle_steps, plan.warning) == (1000, "")
    assert plan_cycles(50_000, 100, 24).half_cycle_steps == 2000


def test_the_longest_training_allowed_is_planned_without_trying_every_length():
    plan = plan_cycles(2**31, 1, 1, cycles=20, cycle_mult=2)
    assert sum(plan.cycle_steps) + int(re.search(r": (\d+) of", plan.warning)[1]) == 2**31
    assert plan_cycles(1, 1, 2**31, cycles=1000).warning
