"""`plan_cycles` against trying every number of updates for the first cycle."""

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


def shortest_that_fill(total, cycles, mult):
    """Try every first cycle; those of equal length are even, and the last must be needed."""
    step = 2 if mult == 1 else 1
    for first in range(step, 2 * total + 3, step):
        lengths = tuple(round(first * mult**index) for index in range(cycles))
        if sum(lengths) >= total:
            return lengths if mult == 1 or sum(lengths[:-1]) < total else None
    return None


@given(*SIZES, st.integers(1, 9), st.sampled_from(MULTS))
def test_cycles_are_the_shortest_that_fill_the_training(examples, batch, epochs, cycles, mult):
    total = updates_by_counting(examples, batch) * epochs
    lengths = shortest_that_fill(total, cycles, mult)
    if cycles > total or lengths is None:
        return
    plan = plan_cycles(examples, batch, epochs, cycles=cycles, cycle_mult=mult)
    assert plan.updates_per_epoch * epochs == plan.total_steps == total
    assert plan.cycle_steps == lengths
    assert bool(plan.warning) == (sum(lengths) - total > 0.02 * lengths[-1])


@given(*SIZES, st.sampled_from(MULTS))
def test_a_schedule_of_a_plan_ends_at_a_trough_or_is_warned_of(examples, batch, epochs, mult):
    plan = plan_cycles(examples, batch, epochs, cycle_mult=mult)
    if plan.warning:
        return
    restarts = WarmRestarts(0.1, plan.first_cycle_steps, plan.cycle_mult)
    ends = [sum(plan.cycle_steps)]
    assert restarts.cycle_ends(ends[0])[-1:] == ends
    assert ends[0] - plan.total_steps <= 0.02 * plan.cycle_steps[-1]
    if mult == 1:
        triangle = Triangular(0.01, 0.1, plan.half_cycle_steps)
        assert triangle.cycle_ends(ends[0])[-1:] == ends
    else:
        assert plan.half_cycle_steps is None


def test_ordinary_sizes_have_plans_that_work():
    """CIFAR-10, MNIST, ImageNet, the digits and 5,000 examples; batches that do not divide."""
    for examples, batch in [
        (50_000, 100),
        (60_000, 32),
        (1_281_167, 256),
        (1_280, 32),
        (5_000, 64),
    ]:
        for epochs in (1, 3, 5, 10, 24, 30, 90):
            plan = plan_cycles(examples, batch, epochs)
            assert (plan.warning, len(plan.cycle_steps) >= 1) == ("", True)
            assert isinstance(plan.half_cycle_steps, int)


def test_the_last_smaller_batch_of_an_epoch_is_an_update():
    assert plan_cycles(100, 32, 1).updates_per_epoch == 4
    assert plan_cycles(96, 32, 1).updates_per_epoch == 3


def test_the_paper_of_cyclical_rates_as_a_plan():
    plan = plan_cycles(50_000, 100, 24, cycles=6)
    assert (plan.half_cycle_steps, plan.warning) == (1000, "")
    assert plan_cycles(50_000, 100, 24).half_cycle_steps == 2000


def test_the_longest_training_allowed_is_planned_without_trying_every_length():
    assert plan_cycles(2**31 - 1, 1, 1, cycles=20, cycle_mult=2).cycle_steps[-1] > 2**29
    assert plan_cycles(2**31 - 1, 1, 1).half_cycle_steps > 2**28
