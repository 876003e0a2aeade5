"""The checks of lesson 05: stubs, wrong answers with their hints, every right answer."""

import numpy as np
import pytest

from helpers import checks
from tests.test_checks_of_schedules import said


def spread(top_rate, count, ratio):
    return [top_rate / ratio ** (count - 1 - group) for group in range(count)]


def spread_by_multiplying(top_rate, count, ratio):
    rates = np.ones(count)
    for group in range(count - 1):
        rates[: group + 1] /= ratio
    return np.float64(top_rate) * rates


def even_steps(top_rate, count, ratio):
    return np.linspace(top_rate / ratio ** (count - 1), top_rate, count)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda top_rate, count, ratio: ..., "○"),
        (lambda top_rate, count, ratio: None, "✗ With top_rate=0.01, count=3, ratio=10, a rate"),
        (lambda top_rate, count, ratio: top_rate, "a rate is wanted for each group"),
        (lambda top_rate, count, ratio: spread(top_rate, 3, ratio), "count=6"),
        (lambda top_rate, count, ratio: spread(top_rate, count, 10), "do not differ by the ratio"),
        (lambda *settings: spread(*settings)[::-1], "the order is turned round"),
        (lambda top_rate, *rest: spread(1, *rest), "should train at top_rate"),
        (even_steps, "do not differ by the ratio"),
        (spread, "✓ Equal factors between neighbors in all 6 cases"),
        (spread_by_multiplying, "✓"),
        (lambda top_rate, count, ratio: tuple(spread(top_rate, count, ratio)), "✓"),
    ],
)
def test_rate_spread(capsys, function, words):
    assert words in said(capsys, checks.rate_spread, function)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "○"),
        ("little", "✗ Give one rate"),
        (0, "✗ Give one rate"),
        (-0.1, "✗ Give one rate"),
        ([1e-5, 1e-2], "✗ Give one rate"),
        (float("nan"), "✗ Give one rate"),
        (0.01 * 2.6**8, "✗ The first layer would learn faster"),
        (0.01 / 2.6**9, "✗ Off by one factor"),
        (0.01 / 2.6**7, "✗ Off by one factor"),
        (0.01 / (8 * 2.6), "✗ Too high"),
        (0.01 / 2.6**12, "✗ Too low"),
        (0.01, "✗ Too high"),
        (0.01 / 2.6**8, "✓"),
        (4.8e-6, "✓"),
        (np.float32(0.01 / 2.6**8), "✓"),
        ("1e-5", "✗ Give one rate above 0, as a number"),
    ],
)
def test_first_rate(capsys, answer, words):
    text = said(capsys, checks.first_rate, answer, top_rate=0.01, layers=9, factor=2.6)
    assert words in text
    assert "e-0" not in text


def test_first_rate_of_two_layers(capsys):
    settings = {"top_rate": 0.01, "layers": 2, "factor": 10}
    assert "✓" in said(capsys, checks.first_rate, 0.001, **settings)
    assert "✗ Off by one" in said(capsys, checks.first_rate, 0.01, **settings)


def adam(weights, gradients, memory, *, rate, epsilon=1e-7):
    memory["updates"] += 1
    memory["mean"] = 0.9 * memory["mean"] + 0.1 * gradients
    memory["square"] = 0.999 * memory["square"] + 0.001 * gradients**2
    mean = memory["mean"] / (1 - 0.9 ** memory["updates"])
    square = memory["square"] / (1 - 0.999 ** memory["updates"])
    return weights - rate * mean / (np.sqrt(square) + epsilon)


def scales_the_gradient(weights, gradients, memory, *, rate, multiplier):
    return adam(weights, multiplier * gradients, memory, rate=rate)


def scales_the_rate(weights, gradients, memory, *, rate, multiplier):
    return adam(weights, gradients, memory, rate=multiplier * rate)


def scales_the_change(weights, gradients, memory, *, rate, multiplier):
    new = adam(weights, gradients, memory, rate=rate, epsilon=1e-8)
    return (weights + multiplier * (new - weights)).tolist()


def scales_both(weights, gradients, memory, *, rate, multiplier):
    return adam(weights, multiplier * gradients, memory, rate=multiplier * rate)


def scales_the_mean_twice(weights, gradients, memory, *, rate, multiplier):
    return adam(weights, gradients, memory, rate=multiplier**2 * rate)


def scales_what_is_remembered(weights, gradients, memory, *, rate, multiplier):
    new = adam(weights, gradients, memory, rate=rate)
    memory["mean"] = multiplier * memory["mean"]
    return new


def forgets_the_correction(weights, gradients, memory, *, rate, multiplier):
    new = adam(weights, gradients, memory, rate=multiplier * rate)
    return weights + (new - weights) * (1 - 0.9 ** memory["updates"])


def descends_by_the_gradient(weights, gradients, memory, *, rate, multiplier):
    return weights - rate * multiplier * gradients


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda *given, **settings: ..., "○"),
        (lambda *given, **settings: None, "✗ It should return the new weights"),
        (lambda weights, *given, **settings: weights[:2], "✗ It should return the new weights"),
        (lambda weights, *given, **settings: weights * np.nan, "no finite number"),
        (scales_the_gradient, "✗ With the multiplier 0.1 the weights move 1 times as far"),
        (scales_both, "✗ With the multiplier 0.001"),
        (scales_the_mean_twice, "move 0.01 times as far"),
        (scales_what_is_remembered, "✗"),
        (forgets_the_correction, "✗ With the multiplier 1 it is Adam no longer"),
        (descends_by_the_gradient, "✗ With the multiplier 1 it is Adam no longer"),
        (scales_the_rate, "✓"),
        (scales_the_change, "✓"),
    ],
)
def test_group_adam(capsys, function, words):
    text = said(capsys, checks.group_adam, function)
    assert words in text
    assert "rate *" not in text


def test_group_adam_sees_weights_that_move_where_the_multiplier_is_0(capsys):
    def moves_at_least_a_little(weights, gradients, memory, *, rate, multiplier):
        return adam(weights, gradients, memory, rate=max(multiplier, 1e-9) * rate)

    assert "multiplier 0 the weights still move" in said(
        capsys, checks.group_adam, moves_at_least_a_little
    )


def test_group_adam_gives_every_replay_the_same_gradients(capsys):
    def spoils_what_it_is_given(weights, gradients, memory, *, rate, multiplier):
        new = scales_the_rate(weights, gradients, memory, rate=rate, multiplier=multiplier)
        gradients[:] = 0
        return new

    assert "✓" in said(capsys, checks.group_adam, spoils_what_it_is_given)
    assert "✓" in said(capsys, checks.group_adam, scales_the_rate)
