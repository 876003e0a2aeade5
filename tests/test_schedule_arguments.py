"""What schedules refuse: each message says what was given and what is allowed."""

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
NOT_A_RATE = "a rate is one number"
A_RATE = "allowed is a finite number >= 0"
WHOLE = "allowed is a whole number >= 1"
UP_TO = "allowed is 1 to 2"
SHARE = "allowed is more than 0 and at most 1"
ONE_UP = "allowed is a finite number >= 1"
SWAPPED = "allowed is min_rate <= max_rate"

# What is called, with which arguments, the error, what was given, what is allowed.
REFUSED = [
    (Constant, (-0.1,), ValueError, "rate is -0.1", A_RATE),
    (Constant, (math.nan,), ValueError, "rate is nan", A_RATE),
    (Constant, (math.inf,), ValueError, "rate is inf", A_RATE),
    (Constant, ("0.1",), TypeError, "rate is '0.1'", NOT_A_RATE),
    (Constant, (None,), TypeError, "rate is None", NOT_A_RATE),
    (Constant, (True,), TypeError, "rate is True", NOT_A_RATE),
    (Constant, ([0.1],), TypeError, "rate is [0.1]", NOT_A_RATE),
    (Constant, (np.array([0.1]),), TypeError, "rate is array([0.1])", NOT_A_RATE),
    (Constant, (1j,), TypeError, "rate is 1j", NOT_A_RATE),
    (LinearRamp, (-1, 0.1, 10), ValueError, "start_rate is -1", A_RATE),
    (LinearRamp, (0, "x", 10), TypeError, "end_rate is 'x'", NOT_A_RATE),
    (LinearRamp, (0, 0.1, 0), ValueError, "total_steps is 0", UP_TO),
    (LinearRamp, (0, 0.1, 10.0), TypeError, "total_steps is 10.0", WHOLE),
    (LinearRamp, (0, 0.1, 2**31 + 1), ValueError, f"total_steps is {2**31 + 1}", UP_TO),
    (ExponentialRamp, (0, 0.1, 10), ValueError, "start_rate is 0", "try 1e-6, or LinearRamp"),
    (ExponentialRamp, (0.1, 0.0, 10), ValueError, "end_rate is 0", "try 1e-6, or LinearRamp"),
    (ExponentialRamp, (0.1, 0.2, True), TypeError, "total_steps is True", WHOLE),
    (StepDecay, (0.1, 0, 5), ValueError, "factor is 0", SHARE),
    (StepDecay, (0.1, 1.5, 5), ValueError, "factor is 1.5", SHARE),
    (StepDecay, (0.1, math.nan, 5), ValueError, "factor is nan", SHARE),
    (StepDecay, (0.1, 0.5, 0), ValueError, "every is 0", UP_TO),
    (Cosine, (0.1, 0), ValueError, "total_steps is 0", UP_TO),
    (Cosine, (0.1, 10, 0.2), ValueError, "min_rate is 0.2 and max_rate is 0.1", SWAPPED),
    (Triangular, (0.2, 0.1, 5), ValueError, "min_rate is 0.2 and max_rate is 0.1", SWAPPED),
    (Triangular, (0.1, 0.2, 2.5), TypeError, "half_cycle_steps is 2.5", WHOLE),
    (Triangular, (0.1, 0.2, 5, "sine"), ValueError, "mode is 'sine'", "allowed are triangular,"),
    (Triangular, (0.1, 0.2, 5, "exp_range"), ValueError, "needs a gamma", "such as 0.9999"),
    (Triangular, (0.1, 0.2, 5, "exp_range", 1.1), ValueError, "gamma is 1.1", SHARE),
    (Triangular, (0.1, 0.2, 5, "exp_range_amplitude", 0), ValueError, "gamma is 0", SHARE),
    (Triangular, (0.1, 0.2, 5, "triangular2", 0.9), ValueError, "gamma is 0.9", "leave it out"),
    (WarmRestarts, (0.1, 0), ValueError, "first_cycle_steps is 0", UP_TO),
    (WarmRestarts, (0.1, 10, 0.5), ValueError, "cycle_mult is 0.5", ONE_UP),
    (WarmRestarts, (0.1, 10, math.inf), ValueError, "cycle_mult is inf", ONE_UP),
    (WarmRestarts, (0.1, 10, 1 + 1e-7), ValueError, "cycle_mult is 1.0000001", "try 1, or 1.01"),
    (WarmRestarts, (0.1, 10, 1, 0.2), ValueError, "min_rate is 0.2 and max_rate is 0.1", SWAPPED),
    (WarmRestarts, (0.1, 10, 1, 0, 1.1), ValueError, "peak_decay is 1.1", SHARE),
    (WarmRestarts, (0.1, 10, "2"), TypeError, "cycle_mult is '2'", "allowed is one number"),
    (OneCycle, (0.1, 0), ValueError, "total_steps is 0", UP_TO),
    (OneCycle, (0.1, 10, 1.1), ValueError, "warmup_fraction is 1.1", "allowed is 0 to 1"),
    (OneCycle, (0.1, 10, -0.1), ValueError, "warmup_fraction is -0.1", "allowed is 0 to 1"),
    (OneCycle, (0.1, 10, 0.3, 0.5), ValueError, "start_divisor is 0.5", ONE_UP),
    (OneCycle, (0.1, 10, 0.3, 25, 0), ValueError, "end_divisor is 0", ONE_UP),
    (OneCycle, (0.1, 10, 0.3, 25, 100, "sine"), ValueError, "anneal is 'sine'", '"linear"'),
    (OneCycle, (0.1, 2, 0.3, 25, 100, "linear", True), ValueError, "total_steps is 2", "3 to 2"),
    (OneCycle, (0.1, 9, 0.6, 25, 100, "linear", True), ValueError, "is 0.6", "up to 0.5 with"),
    (OneCycle, (0.1, 9, 0, 25, 100, "linear", True), ValueError, "is 0;", "more than 0"),
    (OneCycle, (0.1, 9, 0.3, 25, 100, "linear", "no"), TypeError, "is 'no'", "True and False"),
    (Pieces, ([],), ValueError, "pieces is []", "give one pair or more"),
    (Pieces, (0.1,), ValueError, "pieces is 0.1", "give one pair or more"),
    (Pieces, ([0.1, 0.2],), TypeError, "A piece is 0.1", "a pair (schedule, steps)"),
    (Pieces, ([(0.1, 5, 6)],), TypeError, "A piece is (0.1, 5, 6)", "a pair (schedule, steps)"),
    (Pieces, ([(0.1, None), (0.2, 5)],), TypeError, "steps of a piece is None", WHOLE),
    (Pieces, ([(0.1, 0), (0.2, 5)],), ValueError, "steps of a piece is 0", UP_TO),
    (Pieces, ([("0.1", 5)],), TypeError, "rate is '0.1'", NOT_A_RATE),
    (OppositeMomentum, (0.1,), TypeError, "schedule is 0.1", "give a schedule such as"),
    (OppositeMomentum, (COSINE, 0.9, 0.8), ValueError, "is 0.9 and max_momentum is 0.8", "< 1"),
    (OppositeMomentum, (COSINE, 0.9, 1), ValueError, "max_momentum is 1", "0.85 and 0.95"),
    (OppositeMomentum, (COSINE, "x"), TypeError, "min_momentum is 'x'", "allowed is one number"),
    (with_warmup, ("x", 5), TypeError, "rate is 'x'", NOT_A_RATE),
    (with_warmup, (0.1, 0), ValueError, "steps is 0", UP_TO),
    (with_warmup, (0.1, 2.5), TypeError, "steps is 2.5", WHOLE),
    (from_dict, (5,), TypeError, "content is 5", "give a dict"),
    (from_dict, ({"kind": "Sine"},), ValueError, "no schedule 'Sine'", "known are Constant,"),
    (from_dict, ({"kind": "Cosine"},), TypeError, "Cosine", "'max_rate' and 'total_steps'"),
    (from_dict, (COSINE.to_dict() | {"steps": 3},), TypeError, "Cosine", "'steps'"),
    (COSINE, (-1,), ValueError, "step -1 is negative", "the first update is step 0"),
    (COSINE, ([3, -1],), ValueError, "step -1 is negative", "the first update is step 0"),
    (COSINE, (0.5,), TypeError, "float64", "ints, please"),
    (COSINE, ("0",), TypeError, "step has the type <U1", "ints, please"),
    (COSINE, (True,), TypeError, "step has the type bool", "ints, please"),
    (COSINE, (None,), TypeError, "step has the type object", "ints, please"),
    (COSINE, (2**31 + 1,), ValueError, f"step {2**31 + 1} is too large", "allowed is 0 to 2"),
    (COSINE, (np.uint64(2**63),), ValueError, f"step {2**63} is too large", "allowed is 0 to 2"),
    (COSINE.cycle_ends, (-1,), ValueError, "total_steps is -1", "allowed is 0 to 2"),
    (COSINE.cycle_ends, (1.5,), TypeError, "total_steps is 1.5", "allowed is a whole number >= 0"),
    (plan_cycles, (0, 32, 5), ValueError, "num_examples is 0", UP_TO),
    (plan_cycles, (100, 32.0, 5), TypeError, "batch_size is 32.0", WHOLE),
    (plan_cycles, (100, 32, None), TypeError, "epochs is None", WHOLE),
    (plan_cycles, (2**31, 1, 2), ValueError, f"updates is {2**32}", UP_TO),
    (checked_rate, (None, "beta"), TypeError, "beta is None (NoneType)", NOT_A_RATE),
    (checked_count, (0, "steps"), ValueError, "steps is 0", UP_TO),
    (checked_count, (1, "steps", 2), ValueError, "steps is 1", "allowed is 2 to 2"),
]


@pytest.mark.parametrize(("call", "arguments", "error", "given", "allowed"), REFUSED)
def test_what_is_refused_is_named_with_what_is_allowed(call, arguments, error, given, allowed):
    with pytest.raises(error) as refusal:
        call(*arguments)
    assert given in str(refusal.value)
    assert allowed in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "given", "allowed"),
    [
        ({"cycles": 0}, "cycles is 0", UP_TO),
        ({"cycles": 21}, "cycles is 21 with cycle_mult 1, but training has 20 updates", "fewer"),
        ({"cycles": 5, "cycle_mult": 2}, "training has 20 updates", "or more epochs"),
        ({"cycles": 2000, "cycle_mult": 2}, "cycles is 2000 with cycle_mult 2", "fewer cycles"),
        ({"cycle_mult": 0.9}, "cycle_mult is 0.9", ONE_UP),
    ],
)
def test_a_plan_that_cannot_be_is_refused(options, given, allowed):
    with pytest.raises(ValueError, match=given) as refusal:
        plan_cycles(128, 32, 5, **options)
    assert allowed in str(refusal.value)


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


def test_an_int_beyond_every_float_is_refused_in_words():
    with pytest.raises(ValueError, match="rate has 401 digits"):
        Constant(10**400)
