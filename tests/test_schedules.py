"""Schedules are pure functions of the step, and rates may be any real number type."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.schedules import Constant, checked_rate

RATES = st.floats(0, 1e6, allow_nan=False)


@given(RATES, st.lists(st.integers(0, 10**7), max_size=5))
def test_constant_is_the_same_everywhere_and_keeps_the_shape(rate, steps):
    schedule = Constant(rate)
    rates = schedule(np.array(steps, dtype=int))
    assert rates.shape == (len(steps),)
    assert rates.dtype == np.float64
    assert (rates == rate).all()
    assert [schedule(step) for step in steps] == rates.tolist()


def test_constant_of_a_matrix_of_steps_and_of_one():
    assert Constant(0.1)(np.zeros((2, 3), dtype=int)).shape == (2, 3)
    assert isinstance(Constant(0.1)(5), np.float64)


@pytest.mark.parametrize(
    ("given_rate", "rate"),
    [
        (1, 1.0),
        (np.int64(2), 2.0),
        (np.float32(0.1), 0.1),
        (np.float64(0.3), 0.3),
        (np.array(0.5), 0.5),
        (0, 0.0),
    ],
)
def test_rates_of_every_number_type(given_rate, rate):
    assert checked_rate(given_rate) == rate
    assert type(checked_rate(given_rate)) is float
    assert Constant(given_rate) == Constant(rate)


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (-0.1, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        ("0.1", TypeError),
        (None, TypeError),
        (True, TypeError),
        ([0.1], TypeError),
        (1j, TypeError),
    ],
)
def test_what_is_no_rate_is_refused(bad, error):
    with pytest.raises(error, match="rate is"):
        Constant(bad)


@pytest.mark.parametrize(("step", "error"), [(-1, ValueError), (0.5, TypeError), ("0", TypeError)])
def test_steps_are_ints_from_zero(step, error):
    with pytest.raises(error):
        Constant(0.1)(step)
