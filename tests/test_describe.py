"""Sentences about runs hold the numbers that the figure shows."""

import math

from helpers import describe
from helpers.results import Run, Runs


def run(label, seed, value, diverged_at=None):
    return Run(label, seed, {"val_accuracy": [0.1, value]}, [10, 20], [], diverged_at)


RUNS = Runs(
    tuple(run(rate, seed, top) for rate, top in [(0.001, 0.5), (0.01, 0.75)] for seed in (0, 1))
)


def test_histories():
    text = describe.describe_histories(RUNS)
    assert text == (
        "Line chart of validation accuracy against 2 epochs for 0.001, 0.01, mean and range over "
        "2 seeds; best is 0.01 with 0.750."
    )
    assert "one seed" in describe.describe_histories(RUNS, seeds=[1])
    assert "best is 0.001 with 0.500" in describe.describe_histories(RUNS, labels=[0.001])


def test_sweep_counts_diverged_runs():
    text = describe.describe_sweep(RUNS.concat(Runs((run(1.0, 0, math.nan, diverged_at=3),))))
    assert "3 learning rates from 0.001 to 1 on a log axis" in text
    assert "1 of 5 runs diverged" in text
    assert "diverged" not in describe.describe_sweep(RUNS)


def test_best_says_when_it_lies_at_the_edge():
    text = describe.describe_best(RUNS)
    assert text.startswith("best validation accuracy: 0.750 ± 0.000 at 0.01 (2 seeds)")
    assert text.endswith("it lies at the edge of the grid: widen it")
    assert "±" not in describe.describe_best(RUNS.select(seeds=[0]))
    inside = RUNS.concat(Runs((run(0.1, 0, 0.2), run(0.1, 1, 0.2))))
    assert "edge" not in describe.describe_best(inside)
