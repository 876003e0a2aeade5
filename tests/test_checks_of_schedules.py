"""The checks of lessons 03 and 04: stubs, wrong answers with their hints, every right answer."""

import math

import numpy as np
import pytest

from helpers import checks
from helpers.schedules import Cosine, Triangular, WarmRestarts


def said(capsys, check, *arguments, **options):
    assert check(*arguments, **options) is None
    return capsys.readouterr().out


def triangle(step, min_rate, max_rate, half_cycle_steps):
    place = step % (2 * half_cycle_steps)
    height = 1 - abs(place - half_cycle_steps) / half_cycle_steps
    return min_rate + (max_rate - min_rate) * height


def shrinking(step, min_rate, max_rate, half_cycle_steps):
    cycle = step // (2 * half_cycle_steps)
    top = min_rate + (max_rate - min_rate) / 2**cycle
    return triangle(step, min_rate, top, half_cycle_steps)


def shrinks_a_cycle_late(step, min_rate, max_rate, half_cycle_steps):
    return shrinking(max(step - 1, 0), min_rate, max_rate, half_cycle_steps)


def overshoots(step, **settings):
    return 2 * triangle(step, **settings)


def library(step, **settings):
    return Triangular(**settings)(step)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda step, **settings: ..., "○"),
        (lambda step, **settings: None, "✗ At step 0 your function gives no number"),
        (shrinking, "✗ With min_rate=0.1, max_rate=0.5, half_cycle_steps=4, your rate is too low"),
        (overshoots, "too high at step 0"),
        (lambda step, **settings: -1, "too low, and outside of the bounds"),
        (triangle, "✓"),
        (library, "✓"),
    ],
)
def test_triangular(capsys, function, words):
    assert words in said(capsys, checks.triangular, function)


@pytest.mark.parametrize(
    ("function", "words"),
    [(..., "○"), (triangle, "too high"), (shrinks_a_cycle_late, "✗"), (shrinking, "✓")],
)
def test_triangular2(capsys, function, words):
    assert words in said(capsys, checks.triangular2, function)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "○"),
        (0.1, "✗ Give three numbers"),
        ((0.03, 0.08, 50), "✗ Your lowest rate"),
        ((0.02, 0.1, 50), "✗ Your highest rate"),
        ((0.02, 0.08, 100), "✗ Your half cycle"),
        ((0.02, 0.08, 50), "✓"),
        ([np.float32(0.021), 0.081, 52], "✓"),
    ],
)
def test_read_cycle(capsys, answer, words):
    text = said(capsys, checks.read_cycle, answer)
    assert words in text
    assert not any(number in text for number in ("0.02", "0.08", "50"))


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (..., "○"),
        (0.1, "✗ Give a schedule"),
        (Cosine(0.1, 2370), "✗ Cycles that end within the training: 1;"),
        (Triangular(0.025, 0.1, 39), "✗ Your first half cycle is shorter"),
        (Triangular(0.025, 0.1, 390), "✗ Training stops in the middle"),
        (Triangular(0.25, 1, 395), "✗ The highest rate"),
        (Triangular(0.001, 0.1, 395), "✗ The lowest rate does not follow the rule of section 5"),
        (Triangular(0.025, 0.1, 395), "✓"),
        (Triangular(0.033, 0.1, 237), "✓"),
    ],
)
def test_cycle_plan(capsys, schedule, words):
    assert words in said(capsys, checks.cycle_plan, schedule, usable=(0.01, 0.1))


def restart(step, max_rate, cycle_steps):
    return max_rate * (1 + math.cos(math.pi * (step % cycle_steps) / cycle_steps)) / 2


def reaches_the_floor(step, max_rate, cycle_steps):
    place = step % cycle_steps
    return max_rate * (1 + math.cos(math.pi * place / max(cycle_steps - 1, 1))) / 2


@pytest.mark.parametrize(
    ("function", "words"),
    [(..., "○"), (reaches_the_floor, "✗"), (restart, "✓")],
)
def test_cosine_restarts(capsys, function, words):
    assert words in said(capsys, checks.cosine_restarts, function)


def growing(step, max_rate, first_cycle_steps, cycle_mult):
    length = first_cycle_steps
    while step >= length:
        step, length = step - length, length * cycle_mult
    return restart(step, max_rate, length)


def by_logarithm(step, max_rate, first_cycle_steps, cycle_mult):
    """The popular way, whose rounding misses restarts."""
    if cycle_mult == 1:
        return restart(step, max_rate, first_cycle_steps)
    share = step / first_cycle_steps
    cycle = math.floor(math.log(1 - share * (1 - cycle_mult), cycle_mult))
    start = first_cycle_steps * (1 - cycle_mult**cycle) / (1 - cycle_mult)
    length = first_cycle_steps * cycle_mult**cycle
    return max_rate * (1 + math.cos(math.pi * (step - start) / length)) / 2


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda step, max_rate, first_cycle_steps, cycle_mult: restart(step, max_rate, 4), "✗"),
        (by_logarithm, "✗"),
        (growing, "✓"),
        (
            lambda step, max_rate, first_cycle_steps, cycle_mult: WarmRestarts(
                max_rate, first_cycle_steps, cycle_mult=cycle_mult
            )(step),
            "✓",
        ),
    ],
)
def test_growing_restarts(capsys, function, words):
    assert words in said(capsys, checks.growing_restarts, function)


@pytest.mark.parametrize(
    ("case", "step", "place"),
    [
        ((4, 2), 3, "step 3."),
        ((4, 2), 4, "step 4, the first step of cycle 1 (the first cycle is cycle 0)."),
        ((4, 2), 12, "step 12, the first step of cycle 2 (the first cycle is cycle 0)."),
        ((4, 2), 13, "step 13, 1 step into cycle 2 (the first cycle is cycle 0)."),
        ((4, 2), 11, "step 11, 7 steps into cycle 1 (the first cycle is cycle 0)."),
        ((10, 3), 1210, "step 1210, the first step of cycle 5 (the first cycle is cycle 0)."),
    ],
)
def test_growing_restarts_names_the_cycle_of_a_wrong_step(capsys, case, step, place):
    def wrong_there(at, max_rate, first_cycle_steps, cycle_mult):
        right = growing(at, max_rate, first_cycle_steps, cycle_mult)
        here = (first_cycle_steps, cycle_mult, at) == (*case, step)
        return 2 * right if here else right

    assert said(capsys, checks.growing_restarts, wrong_there).endswith(f"at {place}\n")


def test_triangular2_names_the_cycle_of_a_wrong_step(capsys):
    assert "too high at step 9, 1 step into cycle 1 (the first" in said(
        capsys, checks.triangular2, triangle
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "○"),
        (5, "✗ Give a list"),
        ([5, 15, 100], "✗ There is no time"),
        ([10, 20], "✗ The first stop"),
        ([5, 10, 35], "✗ One of these"),
        ([5, 15], "✗ Right as far as it goes"),
        ([5, 15, 35], "✓"),
        ((35, 5, 15), "✓"),
    ],
)
def test_trough_epochs(capsys, answer, words):
    text = said(
        capsys, checks.trough_epochs, answer, first_cycle_epochs=5, cycle_mult=2, most_epochs=40
    )
    assert words in text
    assert "35" not in text


def weighted(probabilities, weights):
    weights = np.asarray(weights) / np.sum(weights)
    return np.einsum("m,mnc->nc", weights, np.asarray(probabilities))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda probabilities, weights: ..., "○"),
        (lambda probabilities, weights: np.mean(probabilities, axis=1), "✗ The shape"),
        (lambda probabilities, weights: np.sum(probabilities, axis=0), "✗ The rows"),
        (lambda probabilities, weights: np.mean(probabilities, axis=0), "✗ The mean differs"),
        (weighted, "✓"),
    ],
)
def test_trough_ensemble(capsys, function, words):
    assert words in said(capsys, checks.trough_ensemble, function)
