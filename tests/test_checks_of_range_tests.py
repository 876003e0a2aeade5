"""The checks of lesson 02: stubs, wrong answers with their hints, every right answer."""

import numpy as np
import pytest

from helpers import checks
from helpers.results import RangeTest


def said(capsys, check, *arguments, **options):
    assert check(*arguments, **options) is None
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "○"),
        (0.2, "✗ Give two rates"),
        ((-0.2, -0.02), "✗ Rates are above 0"),
        ((0.2, 0.2), "✗ Minimum over ten"),
        ((1, 0.1), "too far to the right"),
        ((0.05, 0.005), "too far to the left"),
        ((0.2, 0.02), "✓"),
        ([np.float32(0.17), 0.017], "✓"),
    ],
)
def test_read_range_test(capsys, answer, words):
    text = said(capsys, checks.read_range_test, answer)
    assert words in text
    assert "0.17" not in text


def right(losses, beta=0.98):
    mean, smoothed = 0.0, []
    for count, loss in enumerate(losses, start=1):
        mean = beta * mean + (1 - beta) * loss
        smoothed.append(mean / (1 - beta**count))
    return smoothed


def published(losses, beta=0.98):
    return [loss / (1 - beta**count) for count, loss in enumerate(losses, start=1)]


def without_correction(losses, beta=0.98):
    mean, smoothed = losses[0], []
    for loss in losses:
        mean = beta * mean + (1 - beta) * loss
        smoothed.append(mean)
    return smoothed


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda losses, beta=0.98: ..., "○"),
        (lambda losses, beta=0.98: losses[1:], "✗ 6 losses should give"),
        (published, "✗ A constant loss does not stay constant"),
        (without_correction, "✗ The mean differs"),
        (right, "✓"),
        (lambda losses, beta=0.98: np.array(right(losses, beta)), "✓"),
    ],
)
def test_smoothing(capsys, function, words):
    assert words in said(capsys, checks.smoothing, function)


def curve(first, last, points=(-4, -2, -1, 0), heights=(0.1, 0.9, 0.9, 0.1)):
    rates = np.geomspace(first, last, 300)
    accuracies = np.interp(np.log10(rates), points, heights)
    return RangeTest(rates, 1 - accuracies, accuracies)


def chosen(min_rate, max_rate, steps=300):
    return {"min_rate": min_rate, "max_rate": max_rate, "steps": steps}


@pytest.mark.parametrize(
    ("settings", "test", "words"),
    [
        (..., None, "○"),
        ({"steps": 300}, curve(1e-5, 1), "✗ Give all three"),
        (chosen(1e-6, 1, 500), curve(1e-6, 1), "✗ More than 400"),
        (chosen(1e-6, 1e-5), curve(1e-6, 1e-5), "✗ The accuracy shows no rise"),
        (chosen(5e-4, 1), curve(5e-4, 1), "✗ Learning begins with your very first"),
        (chosen(1e-5, 5e-3), curve(1e-5, 5e-3), "✗ The accuracy still rises"),
        (chosen(1e-5, 0.1), curve(1e-5, 0.1), "✗ The loss does not rise up to"),
        # As section 1 does it: the test stops early, but each rate got few updates.
        (chosen(1e-6, 10), curve(1e-6, 1), "✗ Fewer than 50 updates for each"),
        (chosen(1e-5, 0.1, 100), curve(1e-5, 0.1), "✗ Fewer than 50 updates for each"),
        (chosen(1e-5, 1), curve(1e-5, 1), "✓"),
    ],
)
def test_range_test_design(capsys, settings, test, words):
    assert words in said(capsys, checks.range_test_design, settings, test)
