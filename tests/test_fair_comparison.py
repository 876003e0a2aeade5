"""The techniques of the tournament: same highest rate, same budget, the floors asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.experiments.fair_comparison import (
    CIFAR10_GRID,
    DIGITS_GRID,
    FLOORS,
    TECHNIQUES,
    build_photograph_net,
    techniques,
)

RATES = st.floats(1e-6, 10)
BUDGETS = st.integers(8, 5_000)


@given(rate=RATES, total=BUDGETS)
def test_every_technique_has_the_same_highest_rate(rate, total):
    for name, schedule in techniques(rate, total).items():
        used = schedule(np.arange(total))
        # A peak between two steps is touched by neither.
        assert used.max() <= rate * (1 + 1e-12), name
        assert used.max() >= rate * (1 - 4 / total), name


@given(rate=RATES, total=BUDGETS, floor=st.sampled_from(FLOORS))
def test_with_a_floor_no_technique_goes_below_it(rate, total, floor):
    for name, schedule in techniques(rate, total, floor).items():
        assert schedule(np.arange(total)).min() >= rate * floor * (1 - 1e-9), name


@pytest.mark.parametrize("floor", FLOORS)
@pytest.mark.parametrize("name", TECHNIQUES[1:])
def test_with_a_floor_a_technique_comes_near_to_it(name, floor):
    lowest = techniques(1.0, 320, floor)[name](np.arange(320)).min()
    assert floor * (1 - 1e-9) <= lowest <= floor + 0.02


@pytest.mark.parametrize("total", [320, 315])
def test_the_budgets_end_at_a_trough(total):
    ends = {name: each(total - 1) for name, each in techniques(1.0, total).items()}
    assert ends["constant"] == 1
    assert ends["step decay"] == pytest.approx(0.01)
    assert max(ends["cosine"], ends["one cycle"], ends["SGDR"]) < 0.001
    assert 0.25 <= ends["triangular"] < 0.27
    assert 0.25 <= ends["triangular2"] < 0.27


def test_restarts_come_after_one_and_three_sevenths():
    rates = techniques(1.0, 315)["SGDR"](np.arange(315))
    assert np.flatnonzero(rates == 1).tolist() == [0, 45, 135]


def test_seven_techniques_try_equally_many_rates():
    assert len(TECHNIQUES) == 7
    for grid in (DIGITS_GRID, CIFAR10_GRID):
        assert list(grid) == sorted(set(grid))
    # Four a decade, over two decades.
    assert np.diff(np.log10(DIGITS_GRID)) == pytest.approx(0.25, abs=0.002)


def test_the_net_for_photographs_takes_cifar10():
    model = build_photograph_net()
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, 10)
    # 3, 16, 32 and 64 channels: convolutions, four numbers of each normalization, the dense layer.
    assert model.count_params() == 9 * (48 + 512 + 2048) + 4 * (16 + 32 + 64) + 650
