"""What schedules refuse, and which numbers they take."""

import math

import numpy as np
import pytest

from helpers.schedules import (
    Constant,
    Cosine,
    ExponentialRamp,
    LinearRamp,
    OneCycle,
    OppositeMomentum,
    Pieces,
    StepDecay,
    Triangular,
    WarmRestarts,
    checked_count,
    checked_rate,
    from_dict,
    plan_cycles,
    with_warmup,
)

COSINE = Cosine(0.1, 100)
# What would train otherwise than meant, in silence.
REFUSED = [
    (Constant, (-0.1,)),
    (Constant, (math.nan,)),
    (Constant, (math.inf,)),
    (Constant, ("0.1",)),
    (Constant, (None,)),
    (Constant, (True,)),
    (Constant, ([0.1],)),
    (Constant, (np.array([0.1]),)),
    (Constant, (1j,)),
    (LinearRamp, (-1, 0.1, 10)),
    (LinearRamp, (0, "x", 10)),
    (LinearRamp, (0, 0.1, 0)),
    (LinearRamp, (0, 0.1, 10.0)),
    (LinearRamp, (0, 0.1, 2**31)),
    (ExponentialRamp, (0, 0.1, 10)),
    (ExponentialRamp, (0.1, 0.0, 10)),
    (ExponentialRamp, (0.1, 0.2, True)),
    (StepDecay, (0.1, 0, 5)),
    (StepDecay, (0.1, 1.5, 5)),
    (StepDecay, (0.1, math.nan, 5)),
    (StepDecay, (0.1, 0.5, 0)),
    (Cosine, (0.1, 0)),
    (Cosine, (0.1, 10, 0.2)),
    (Triangular, (0.2, 0.1, 5)),
    (Triangular, (0.1, 0.2, 2.5)),
    (Triangular, (0.1, 0.2, 5, "sine")),
    (Triangular, (0.1, 0.2, 5, "exp_range")),
    (Triangular, (0.1, 0.2, 5, "exp_range", 1.1)),
    (Triangular, (0.1, 0.2, 5, "exp_range_amplitude", 0)),
    (Triangular, (0.1, 0.2, 5, "triangular2", 0.9)),
    (WarmRestarts, (0.1, 0)),
    (WarmRestarts, (0.1, 10, 0.5)),
    (WarmRestarts, (0.1, 10, math.inf)),
    (WarmRestarts, (0.1, 10, 1 + 1e-7)),
    (WarmRestarts, (0.1, 10, 1, 0.2)),
    (WarmRestarts, (0.1, 10, 1, 0, 1.1)),
    (WarmRestarts, (0.1, 10, "2")),
    (OneCycle, (0.1, 0)),
    (OneCycle, (0.1, 10, 1.1)),
    (OneCycle, (0.1, 10, -0.1)),
    (OneCycle, (0.1, 10, 0.3, 0.5)),
    (OneCycle, (0.1, 10, 0.3, 25, 0)),
    (OneCycle, (0.1, 10, 0.3, 25, 100, "sine")),
    (OneCycle, (0.1, 2, 0.3, 25, 100, "linear", True)),
    (OneCycle, (0.1, 9, 0.6, 25, 100, "linear", True)),
    (OneCycle, (0.1, 9, 0, 25, 100, "linear", True)),
    (Pieces, ([],)),
    (Pieces, (0.1,)),
    (Pieces, ([0.1, 0.2],)),
    (Pieces, ([(0.1, 5, 6)],)),
    (Pieces, ([(0.1, None), (0.2, 5)],)),
    (Pieces, ([(0.1, 0), (0.2, 5)],)),
    (Pieces, ([("0.1", 5)],)),
    (OppositeMomentum, (0.1,)),
    (OppositeMomentum, (COSINE, 0.9, 0.8)),
    (OppositeMomentum, (COSINE, 0.9, 1)),
    (OppositeMomentum, (COSINE, "x")),
    (with_warmup, (0.1, 0)),
    (with_warmup, (0.1, 2.5)),
    (from_dict, (5,)),
    (from_dict, ({"kind": "Sine"},)),
    (from_dict, ({"kind": "Cosine"},)),
    (from_dict, (COSINE.to_dict() | {"steps": 3},)),
    (COSINE, (-1,)),
    (COSINE, ([3, -1],)),
    (COSINE, (0.5,)),
    (COSINE, ("0",)),
    (COSINE, (True,)),
    (COSINE, (None,)),
    (COSINE, (2**31,)),
    (COSINE, (np.uint64(2**63),)),
    (COSINE.cycle_ends, (-1,)),
    (COSINE.cycle_ends, (1.5,)),
    (plan_cycles, (0, 32, 5)),
    (plan_cycles, (100, 32.0, 5)),
    (plan_cycles, (100, 32, None)),
    (plan_cycles, (2**31, 1, 2)),
    (checked_rate, (None, "beta")),
    (checked_count, (0, "steps")),
    (checked_count, (1, "steps", 2)),
    (plan_cycles, (20, 1, 1, 21)),
]


@pytest.mark.parametrize(("call", "arguments"), REFUSED)
def test_what_would_mislead_is_refused(call, arguments):
    with pytest.raises((TypeError, ValueError)):
        call(*arguments)


def test_a_message_says_what_was_given_what_is_allowed_and_what_to_try():
    with pytest.raises(ValueError, match="max_rate is -0.1; .*at least 0"):
        Cosine(-0.1, 100)
    with pytest.raises(TypeError, match="to_keras"):
        COSINE()
    with pytest.raises(ValueError, match="fewer cycles, or more epochs"):
        plan_cycles(128, 32, 5, cycles=21)


@pytest.mark.parametrize(
    ("given_rate", "rate"),
    [
        (1, 1.0),
        (np.int64(2), 2.0),
        (np.float16(0.1), 0.1),
        (np.float32(0.1), 0.1),
        (np.float64(0.3), 0.3),
        (np.array(0.5), 0.5),
        (0, 0.0),
    ],
)
def test_rates_of_every_number_type_are_floats(given_rate, rate):
    assert checked_rate(given_rate) == rate
    assert type(checked_rate(given_rate)) is float
    assert Constant(given_rate) == Constant(rate)


@pytest.mark.parametrize("count", [5, np.int32(5), np.uint8(5)])
def test_counts_of_every_integer_type_are_ints(count):
    assert type(Cosine(0.1, count).total_steps) is int
    assert Cosine(0.1, count) == Cosine(0.1, 5)
