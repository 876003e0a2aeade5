"""Each check: an open stub, wrong answers with their hints, every right answer, no answer shown."""

import numpy as np
import pytest

from helpers import checks
from helpers.landscapes import Parabola, descend
from helpers.results import Run, Runs


def sweep(values):
    return Runs(
        tuple(
            Run(rate, seed, {"val_accuracy": [value]}, [1])
            for rate, value in values
            for seed in (0, 1)
        )
    )


RUNS = sweep([(0.001, 0.6), (0.01, 0.92), (0.1, 0.94), (1.0, 0.1)])


def said(capsys, check, *arguments, **options):
    assert check(*arguments, **options) is None
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "○ not attempted"),
        (0.1, "✗ Give two rates"),
        ((0.001, 0.1), "✗ Your smallest rate lies outside"),
        ((0.1, 0.1), "✗ Your smallest rate lies inside"),
        ((0.01, 1.0), "✗ Your largest rate lies outside"),
        ((0.01, 0.1), "✓"),
        ((0.1, 0.01), "✓"),
        ([np.float32(0.0102), 0.099], "✓"),
        ((0.012, 0.1), "✗ 0.012 is no rate of the grid"),
        ((0.01, 0.09), "✗ 0.09 is no rate of the grid"),
    ],
)
def test_usable_window(capsys, answer, words):
    text = said(capsys, checks.usable_window, answer, RUNS)
    assert words in text
    assert "0.01 " not in text


def right_walk(curvature, start, rate, momentum, steps):
    position, velocity, path = start, 0.0, [start]
    for _ in range(steps):
        velocity = momentum * velocity - rate * curvature * position
        position += velocity
        path.append(position)
    return path


def forgets_velocity(curvature, start, rate, momentum, steps):
    return right_walk(curvature, start, rate, 0.0, steps)


def forgets_start(*arguments):
    return right_walk(*arguments)[1:]


def wrong_slope(curvature, start, rate, momentum, steps):
    return right_walk(1.1 * curvature, start, rate, momentum, steps)


def library_walk(curvature, start, rate, momentum, steps):
    return descend(
        Parabola(curvature), start, rate=rate, momentum=momentum, steps=max(steps, 1)
    ).path


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda *arguments: ..., "○"),
        (forgets_start, "✗ Six updates"),
        (wrong_slope, "✗ The first update"),
        (forgets_velocity, "✗ The walk with momentum differs"),
        (right_walk, "✓"),
        (library_walk, "✓"),
    ],
)
def test_momentum_descent(capsys, function, words):
    assert words in said(capsys, checks.momentum_descent, function)


@pytest.mark.parametrize(
    ("rates", "seeds", "words"),
    [
        (..., ..., "○"),
        ([0.001, 0.01, 0.1, 1.0], range(10), "✗ 4 rates x 10 seeds"),
        ([0.001, 0.01, 0.1, 1.0], [0], "✗ With so few seeds"),
        ([0.01, 0.1, 1.0], [0, 1, 2], "✗ So few rates"),
        ([0.001, 0.01, 0.02, 1.0], [0, 1, 2], "✗ The rates are not evenly"),
        ([0.001, 0.01, 0.1, 1.0], [0, 1, 2], "✓"),
    ],
)
def test_grid_design(capsys, rates, seeds, words):
    assert words in said(capsys, checks.grid_design, rates, seeds, RUNS)


def test_grid_design_sees_the_edge(capsys):
    rising = sweep([(0.001, 0.1), (0.01, 0.2), (0.1, 0.3), (1.0, 0.4)])
    assert "✗ The best rate lies at the edge" in said(
        capsys, checks.grid_design, rising.labels, (0, 1, 2), rising
    )


def test_expect_prints_the_band_and_refuses_what_is_outside(capsys):
    checks.expect("accuracy", 0.5, 0.5, 0.6)
    assert capsys.readouterr().out == "accuracy within 0.5 to 0.6: yes\n"
    for value in (0.49, 0.61, float("nan")):
        with pytest.raises(ValueError, match="claim does not hold"):
            checks.expect("accuracy", value, 0.5, 0.6)


def test_facts_bind_for_the_lessons_data_only(capsys):
    checks.expect("accuracy", 0.1, 0.5, 0.6, data="cifar10")
    assert capsys.readouterr().out == "stated for digits; yours: accuracy: 0.1\n"


def test_band_by_hand():
    """Twenty values, half 0.4 and half 0.6: mean 0.5, deviation 0.1026; four seeds halve it."""
    runs = Runs(
        tuple(Run(0.1, seed, {"val_accuracy": [0.4 + 0.2 * (seed % 2)]}, [1]) for seed in range(20))
    )
    assert checks.band(runs, 0.1, seeds=4) == (0.346, 0.654)
    with pytest.raises(ValueError, match="20 seeds"):
        checks.band(runs.select(seeds=range(19)), 0.1)
