"""*Bounds*: choose the bounds of a cycle on the curve of a range test, and train with them."""

import math
from dataclasses import replace

import ipywidgets as widgets
import numpy as np

from helpers.describe.schedules import describe_cycles
from helpers.explorers.bounds.picture import (
    draw_curve,
    draw_cycle,
    draw_runs,
    mark_bounds,
    mark_rule,
    measured,
    panels,
)
from helpers.explorers.bounds.rules import NAMES, describe_found
from helpers.explorers.overlaid_runs import (
    METRIC,
    describe_numbered,
    numbered,
    updates_per_epoch,
)
from helpers.explorers.training import TrainingExplorer
from helpers.results import RangeTest
from helpers.schedules import Triangular, checked_count, checked_rate

# A slider's step, in powers of ten.
STEP = 0.05
MOST_SMOOTHING = 0.99
CYCLES = 2


def bounds(
    test,
    build_model,
    train,
    validation,
    *,
    iterate,
    batch_size=32,
    seeds=(0, 1, 2),
    epochs=8,
    target=0.94,
):
    """Return the explorer *Bounds*; *Run* trains with the cycle that the bounds give.

    Its controls are `min_rate` and `max_rate`, over the rates of the test; `smoothing` (weight of
    the past in the curve, 0 to 0.99); `rule` (one of `helpers.results.RULES`, or
    "smiths_bounds"), which is marked and moves nothing; and `curve` ("loss" or "accuracy"), if the
    test measured accuracy. At first the bounds stand at a third and at two thirds of the way along
    the log axis, which suits no network in particular. *Run* trains two cycles with triangular
    rates. The last five runs are overlaid, each a mean with the range of its seeds; the text has a
    line for each of them. *Stop* keeps the seeds that are finished.

    Args:
        test: A `RangeTest` of the same model and data, with two rates or more; of a
            `RangeTestBand`, one of its tests.
        build_model: Function without arguments that returns a compiled Keras model with the metric
            `accuracy`; its learning rate is replaced.
        train: Arrays `(x, y)` or `(x, y, sample_weight)`.
        validation: Arrays or a data set to measure on after each epoch.
        iterate: `helpers.training.iterate`, which needs TensorFlow, as nothing here does.
        batch_size: Examples for one update, >= 1.
        seeds: Seeds of each run, one or more, each once.
        epochs: Passes over the data in each run, >= 1; half a cycle is a quarter of the run.
        target: Validation accuracy to reach at the end of a run, above 0 and at most 1, as the mean
            of all seeds. The default is for the digits and `build_dense_net()`.

    Returns:
        A `TrainingExplorer`; each of its results is the `Runs` of one press of *Run*.

    Raises:
        TypeError: If `test` is no `RangeTest`, `train` holds no arrays, `build_model` or `iterate`
            is no function, or a number is of the wrong kind.
        ValueError: If a number is out of bounds, there is no seed, or a run has fewer than four
            updates.
    """
    _check_test(test)
    if not callable(build_model):
        raise TypeError(
            f"build_model is of type {type(build_model).__name__}; give a function without "
            "arguments that returns a compiled model."
        )
    if not callable(iterate):
        raise TypeError(f"iterate is {iterate!r}; give helpers.training.iterate.")
    if not 0 < checked_rate(target, "target") <= 1:
        raise ValueError(f"target is {target}; allowed is above 0 and at most 1; try 0.94.")
    seeds = _checked_seeds(seeds)
    size = updates_per_epoch(train, batch_size)
    total = size * checked_count(epochs, "epochs")
    half_cycle = total // (2 * CYCLES)
    if half_cycle < 1:
        raise ValueError(f"A run has {total} updates; {CYCLES} cycles need four or more: epochs=8.")

    def cycle(min_rate, max_rate):
        return Triangular(min_rate, max_rate, half_cycle)

    def work(min_rate, max_rate, **_):
        named = {_name(min_rate, max_rate): cycle(min_rate, max_rate)}
        options = {"epochs": epochs, "batch_size": batch_size, "seeds": seeds}
        return iterate(build_model, named, train, validation, **options)

    def draw(results, min_rate, max_rate, smoothing, rule, curve="loss"):
        schedule = cycle(min_rate, max_rate)
        smoothed = replace(test, smoothing=smoothing)
        figure, above, below, beside = panels()
        draw_curve(above, smoothed, curve)
        mark_bounds(above, min_rate, max_rate)
        mark_rule(above, smoothed, rule)
        draw_cycle(below, schedule, size, epochs)
        draw_runs(beside, results, target, epochs)
        return figure

    def describe(results, min_rate, max_rate, smoothing, rule, curve="loss"):
        smoothed = replace(test, smoothing=smoothing)
        first = (
            f"{_say_curve(smoothed, curve)}. Bounds {_name(min_rate, max_rate)}, a factor of "
            f"{max_rate / min_rate:.3g}. {describe_found(smoothed, rule)}. "
            f"{describe_cycles(cycle(min_rate, max_rate), size, epochs)}"
        )
        return "\n".join([first, *describe_numbered(results)])

    def score(results, **_):
        return (
            f"Target: validation accuracy {target:g} at the end of a run, as the mean of all seeds "
            f"({len(seeds)}). Yours: {_best(results, len(seeds), target)}."
        )

    return TrainingExplorer("Bounds", _controls(test), work, draw, describe, score=score)


def _check_test(test):
    if not isinstance(test, RangeTest):
        raise TypeError(
            f"test is of type {type(test).__name__}; give one RangeTest, as range_test.run returns "
            "it; of a band, band.test(seed)."
        )
    if len(test) < 2:
        raise ValueError("The range test has one rate only; bounds need two or more.")


def _checked_seeds(seeds):
    """Return seeds as a tuple of ints, each once."""
    if not isinstance(seeds, (tuple, list, range)):
        raise TypeError(f"seeds is {seeds!r}; give whole numbers, such as seeds=(0, 1, 2).")
    seeds = tuple(checked_count(seed, "a seed", least=0) for seed in seeds)
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds is {seeds}; give one or more, each once, such as (0, 1, 2).")
    return seeds


def _controls(test):
    low = math.floor(round(math.log10(test.rates[0]) / STEP, 6))
    high = math.ceil(round(math.log10(test.rates[-1]) / STEP, 6))

    def rate(share, name):
        return widgets.FloatLogSlider(
            value=10 ** (STEP * (low + round(share * (high - low)))),
            min=STEP * low,
            max=STEP * high,
            step=STEP,
            readout_format=".3g",
            description=name,
        )

    controls = {
        "min_rate": rate(1 / 3, "min rate"),
        "max_rate": rate(2 / 3, "max rate"),
        "smoothing": widgets.FloatSlider(
            value=min(test.smoothing, MOST_SMOOTHING),
            max=MOST_SMOOTHING,
            step=0.01,
            description="smoothing",
        ),
        "rule": widgets.ToggleButtons(
            options=[(name, rule) for rule, name in NAMES.items()], description="rule"
        ),
    }
    if test.accuracies is not None:
        controls["curve"] = widgets.ToggleButtons(options=["loss", "accuracy"], description="curve")
    return controls


def _name(min_rate, max_rate):
    return f"{min_rate:.3g} to {max_rate:.3g}"


def _say_curve(test, curve):
    """Say what the picture of the test shows."""
    line = f"smoothed by {test.smoothing:.2g}" if curve == "loss" else "mean of neighbors"
    squares = "; squares: held-out data" if np.isfinite(measured(test, curve)[1]).any() else ""
    return (
        f"Range test, {curve} against learning rate on a log axis (dots: batches; line: {line}"
        f"{squares})"
    )


def _best(results, seeds, target):
    """Say which press of *Run* has the highest mean of all seeds at the end."""
    if not results:
        return "nothing has run yet"
    summary = numbered(results).summary(METRIC)
    means = summary["mean"][summary["seeds"] == seeds].dropna()
    if means.empty:
        return "no run has finished with every seed"
    run, best = means.idxmax(), means.max()
    return f"{best:.3f} ({run}){', reached' if best >= target else ''}"
