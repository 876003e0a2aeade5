"""Learning rates in exact arithmetic, and tables of schedules: what the tests compare with.

Written from the formulas of the papers, with fractions and 40-digit decimals. Only the settings of
a schedule are read; nothing of `helpers.schedules` computes here, except `OneCycle.peak_step` and
`rate_bounds`, which have tests of their own.
"""

import math
import random
from bisect import bisect_right
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache, partial

import numpy as np

from helpers import schedules

FAR = 10_000_000
LAST = 2**31 - 1
# Half a unit in the last place of float32, relative to the number, and the smallest normal one.
FLOAT32_ROUNDING = 2.0**-24 * (1 + 1e-6)
FLOAT32_LEAST = 2.0**-126


def exact_rates(schedule, steps):
    """Return the rates of a schedule at some steps, each rounded once to float64."""
    return np.array([float(exact_rate(schedule, int(step))) for step in steps])


def exact_rate(schedule, step):
    """Return the rate of a schedule at a step as a fraction."""
    return FORMULAS[type(schedule).__name__](schedule, step)


def power(base, exponent):
    """Return base ** exponent, to 40 digits; 0 where float64 has only that."""
    exponent = Fraction(exponent)
    with localcontext() as context:
        context.prec = 40
        value = Decimal(base) ** (Decimal(exponent.numerator) / exponent.denominator)
    return Fraction(value) if value > Decimal("1e-340") else Fraction(0)


def line(start, end, share):
    return Fraction(start) + (Fraction(end) - Fraction(start)) * share


def fall(share):
    """Return (1 + cos(pi * share)) / 2; written so that nothing cancels near share 1."""
    return Fraction(math.sin(math.pi / 2 * float(1 - share)) ** 2)


def constant(schedule, step):
    return Fraction(schedule.rate)


def linear_ramp(schedule, step):
    share = Fraction(min(step, schedule.total_steps), schedule.total_steps)
    return line(schedule.start_rate, schedule.end_rate, share)


def exponential_ramp(schedule, step):
    share = Fraction(min(step, schedule.total_steps), schedule.total_steps)
    return power(schedule.start_rate, 1 - share) * power(schedule.end_rate, share)


def step_decay(schedule, step):
    return Fraction(schedule.rate) * power(schedule.factor, step // schedule.every)


def cosine(schedule, step):
    share = Fraction(min(step, schedule.total_steps), schedule.total_steps)
    return line(schedule.min_rate, schedule.max_rate, fall(share))


def triangular(schedule, step):
    """As in section 3.1 of the paper: the cycle by floor(1 + step / (2 * stepsize)), and x."""
    half = schedule.half_cycle_steps
    cycle = math.floor(1 + Fraction(step, 2 * half))
    height = max(Fraction(0), 1 - abs(Fraction(step, half) - 2 * cycle + 1))
    low, high = Fraction(schedule.min_rate), Fraction(schedule.max_rate)
    if schedule.mode == "triangular2":
        return low + (high - low) * height * power(0.5, cycle - 1)
    if schedule.mode == "exp_range":
        shrink = power(schedule.gamma, step)
        return low * shrink + (high * shrink - low * shrink) * height
    if schedule.mode == "exp_range_amplitude":
        return low + (high - low) * height * power(schedule.gamma, step)
    return low + (high - low) * height


def warm_restarts(schedule, step):
    first = schedule.first_cycle_steps
    if schedule.cycle_mult == 1:
        cycle, position = divmod(step, first)
        share = Fraction(position, first)
    else:
        starts = cycle_starts(first, schedule.cycle_mult)
        cycle = bisect_right(starts, step) - 1
        share = Fraction(step - starts[cycle], starts[cycle + 1] - starts[cycle])
    height = power(schedule.peak_decay, cycle) * fall(share)
    return line(schedule.min_rate, schedule.max_rate, height)


@cache
def cycle_starts(first_cycle_steps, cycle_mult):
    """Return the start of each cycle, up to the first one after the last step."""
    starts, length = [0], Fraction(first_cycle_steps)
    while starts[-1] <= LAST:
        starts.append(starts[-1] + round(length))
        length *= Fraction(cycle_mult)
    return tuple(starts)


def one_cycle(schedule, step):
    peak, total = schedule.peak_step, schedule.total_steps
    top = Fraction(schedule.max_rate)
    start, end = top / Fraction(schedule.start_divisor), top / Fraction(schedule.end_divisor)
    shape = fall if schedule.anneal == "cosine" else (lambda share: 1 - share)
    if step >= total:
        return end
    if step < peak:
        return line(top, start, shape(Fraction(step, peak)))
    if not schedule.three_phase:
        return line(end, top, shape(Fraction(step - peak, total - peak)))
    if step < 2 * peak:
        return line(start, top, shape(Fraction(step - peak, peak)))
    return line(end, start, shape(Fraction(step - 2 * peak, total - 2 * peak)))


def pieces(schedule, step):
    *first, (last, _) = schedule.pieces
    for each, steps in first:
        if step < steps:
            return exact_rate(each, step)
        step -= steps
    return exact_rate(last, step)


def opposite_momentum(schedule, step):
    low, high = (Fraction(bound) for bound in schedule.schedule.rate_bounds)
    height = (exact_rate(schedule.schedule, step) - low) / (high - low) if high > low else 0
    return line(schedule.max_momentum, schedule.min_momentum, height)


FORMULAS = {
    "Constant": constant,
    "LinearRamp": linear_ramp,
    "ExponentialRamp": exponential_ramp,
    "StepDecay": step_decay,
    "Cosine": cosine,
    "Triangular": triangular,
    "WarmRestarts": warm_restarts,
    "OneCycle": one_cycle,
    "Pieces": pieces,
    "OppositeMomentum": opposite_momentum,
}


def boundaries(schedule, choose, cycles=24):
    """Return the steps at which a schedule turns or jumps: many of them, near and far."""
    kind = type(schedule).__name__
    if kind in ("LinearRamp", "ExponentialRamp", "Cosine"):
        return [schedule.total_steps]
    if kind == "OneCycle":
        return [schedule.peak_step, 2 * schedule.peak_step, schedule.total_steps]
    if kind == "WarmRestarts" and schedule.cycle_mult > 1:
        starts = cycle_starts(schedule.first_cycle_steps, schedule.cycle_mult)[:-1]
        return starts if len(starts) <= 2 * cycles else [*starts[:cycles], *starts[-cycles:]]
    if kind == "Pieces":
        starts = np.cumsum([0, *(steps for _, steps in schedule.pieces[:-1])]).tolist()
        inner = [
            start + boundary
            for start, (each, _) in zip(starts, schedule.pieces)
            for boundary in boundaries(each, choose, cycles // 2)
        ]
        return [*starts, *inner]
    if kind == "OppositeMomentum":
        return boundaries(schedule.schedule, choose, cycles)
    period = getattr(schedule, PERIODS.get(kind, ""), 100)
    far = [choose.randint(cycles, max(cycles, FAR // period)) for _ in range(cycles // 2)]
    return [period * count for count in [*range(cycles), *far, FAR // period]]


PERIODS = {
    "StepDecay": "every",
    "Triangular": "half_cycle_steps",
    "WarmRestarts": "first_cycle_steps",
}


def telling_steps(schedule, seed=0):
    """Return steps at and around every boundary, some in between, and some very late ones."""
    choose = random.Random(seed)
    around = [each + by for each in boundaries(schedule, choose) for by in (-1, 0, 1)]
    between = [choose.randint(0, last) for last in (FAR, FAR, FAR, LAST, LAST, LAST)]
    steps = {0, 1, FAR - 1, FAR, LAST, *around, *between}
    return np.array(sorted(step for step in steps if 0 <= step <= LAST))


def _rate(choose):
    return choose.choice([choose.uniform(1e-4, 1), round(choose.uniform(0.01, 3), 2), 10.0**-3])


def _pair(choose):
    high = _rate(choose)
    return high * choose.choice([0.0, 0.1, choose.random()]), high


def _length(choose, least=1):
    return choose.choice(
        [choose.randint(least, 9), choose.randint(10, 700), choose.randint(3, 10**6)]
    )


def _triangular(choose, mode):
    gamma = choose.choice([0.99994, 0.9, 1.0, 1 - 1e-8]) if mode.startswith("exp_range") else None
    return schedules.Triangular(*_pair(choose), _length(choose), mode, gamma)


def _warm_restarts(choose, mults=(1, 2, 3, 1.5, 10, 1, 1.25)):
    low, high = _pair(choose)
    decay = choose.choice([1.0, 1.0, 0.5, 0.9])
    return schedules.WarmRestarts(high, _length(choose), choose.choice(mults), low, decay)


def _one_cycle(choose, three_phase):
    return schedules.OneCycle(
        _rate(choose),
        _length(choose, least=3),
        choose.choice([0.3, 0.5, 0.1, 0.01] if three_phase else [0.0, 0.3, 0.5, 1.0]),
        choose.choice([1, 10, 25.0]),
        choose.choice([1.0, 100, 1e4]),
        choose.choice(["cosine", "linear"]),
        three_phase,
    )


def _pieces(choose):
    parts = [
        (schedules.LinearRamp(*_pair(choose), _length(choose)), _length(choose)),
        (_triangular(choose, "triangular"), _length(choose)),
        (_warm_restarts(choose, (1, 2)), None),
    ]
    return schedules.Pieces(parts[choose.randint(0, 2) :])


MAKERS = [
    lambda choose: schedules.Constant(_rate(choose)),
    lambda choose: schedules.LinearRamp(*choose.sample(_pair(choose), 2), _length(choose)),
    lambda choose: schedules.ExponentialRamp(_rate(choose), _rate(choose), _length(choose)),
    lambda choose: schedules.StepDecay(
        _rate(choose), choose.choice([0.1, 0.5, 0.97, 1]), _length(choose)
    ),
    lambda choose: schedules.Cosine(_rate(choose), _length(choose)),
    *(partial(_triangular, mode=mode) for mode in schedules.MODES),
    _warm_restarts,
    _warm_restarts,
    partial(_one_cycle, three_phase=False),
    partial(_one_cycle, three_phase=True),
    _pieces,
    lambda choose: schedules.OppositeMomentum(_triangular(choose, "triangular2")),
    lambda choose: schedules.OppositeMomentum(_warm_restarts(choose)),
]


def schedule_table(rounds, seed=0):
    """Return `rounds` schedules of each kind, with parameters drawn at random."""
    choose = random.Random(seed)
    return [make(choose) for _ in range(rounds) for make in MAKERS]


# Where the restarts of Keras 3.15's `CosineDecayRestarts` are missed inside `tf.function`.
HARD_RESTARTS = [
    schedules.WarmRestarts(1.0, first_cycle_steps, cycle_mult)
    for first_cycle_steps in (41, 47, 55, 61, 97)
    for cycle_mult in (1, 2, 3, 1.5, 10)
]


def is_near(rates, exact, schedule, *, relative, least=0.0):
    """Return where rates are the exact ones, to rounding.

    What cancels near the floor of a cosine leaves an error of float64 rounding of the highest rate.
    """
    allowed = relative * np.abs(exact) + 1e-15 * schedule.rate_bounds[1] + least
    return np.abs(np.asarray(rates, "float64") - exact) <= allowed
