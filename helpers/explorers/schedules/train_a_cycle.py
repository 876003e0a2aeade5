"""*Train a cycle*: choose bounds and cycle, train for some seconds, overlay on earlier runs."""

from dataclasses import replace

import ipywidgets as widgets
from matplotlib.ticker import MaxNLocator

from helpers.describe.schedules import describe_cycles
from helpers.explorers.schedules.policies import (
    CONSTANT,
    EXP_RANGE,
    ONE_CYCLE,
    TRIANGULAR,
    TRIANGULAR2,
    make_schedule,
    name_policy,
)
from helpers.explorers.training import TrainingExplorer
from helpers.plotting.runs import plot_histories
from helpers.plotting.schedules import plot_schedules
from helpers.plotting.style import FONT_SIZE, PALETTE, label_axes, new_figure
from helpers.results import Runs
from helpers.results.metrics import METRIC_NAMES
from helpers.schedules import checked_count, checked_rate, plan_cycles

POLICIES = (CONSTANT, TRIANGULAR, TRIANGULAR2, EXP_RANGE, ONE_CYCLE)
METRIC = "val_accuracy"
RUNS_SHOWN = 5
# How far below the target the axis goes: a run that fails is not to flatten the others.
ACCURACY_SHOWN = 0.3
WIDTH, HEIGHT = 7.0, 4.2


def train_a_cycle(
    build_model,
    train,
    validation,
    *,
    iterate,
    batch_size=32,
    seeds=(0, 1, 2),
    target=0.94,
    target_updates=240,
):
    """Return the explorer *Train a cycle*; *Run* trains with the rates that its upper panel shows.

    Its controls are `min_rate` and `max_rate`, `half_cycle` (epochs from one bound to the other),
    `epochs` and `policy` ("constant", which is `max_rate`; "triangular"; "triangular2"; "exp_range
    (paper)", with bounds that decline to a tenth; "one cycle", which takes the whole training). Its
    lower panel overlays the last five runs, each a mean with the range of its seeds; its text has
    a line for each of them. *Stop* keeps the seeds that are finished.

    Args:
        build_model: Function without arguments that returns a compiled Keras model with the metric
            `accuracy`; its learning rate is replaced.
        train: Arrays `(x, y)` or `(x, y, sample_weight)`.
        validation: Arrays or a data set to measure on after each epoch.
        iterate: `helpers.training.iterate`, which needs TensorFlow, as nothing here does.
        batch_size: Examples for one update, >= 1.
        seeds: Seeds of each run.
        target: Validation accuracy to reach, above 0 and at most 1.
        target_updates: Updates within which every seed is to reach it, >= 1.

    Returns:
        A `TrainingExplorer`; each of its results is the `Runs` of one press of *Run*.

    Raises:
        TypeError: If `train` holds no arrays, `iterate` is no function, or a number is of the wrong
            kind.
        ValueError: If a number is out of bounds.
    """
    if not callable(iterate):
        raise TypeError(f"iterate is {iterate!r}; give helpers.training.iterate.")
    if not 0 < checked_rate(target, "target") <= 1:
        raise ValueError(f"target is {target}; allowed is above 0 and at most 1; try 0.94.")
    checked_count(target_updates, "target_updates")
    size = plan_cycles(_count(train), batch_size, epochs=1).updates_per_epoch

    def make(half_cycle, epochs, **values):
        steps = {"half_cycle_steps": half_cycle * size, "total_steps": epochs * size}
        return make_schedule(**values, **steps)

    def work(epochs, **values):
        named = {name_policy(**values): make(epochs=epochs, **values)}
        options = {"epochs": epochs, "batch_size": batch_size, "seeds": seeds}
        return iterate(build_model, named, train, validation, **options)

    def draw(results, epochs, **values):
        runs = _numbered(results)
        figure, above, below = _panels()
        plot_schedules({"rate": make(epochs=epochs, **values)}, epochs * size, ax=above)
        _shade_target(below, target, target_updates / size)
        if runs:
            plot_histories(runs, METRIC, labels=runs.labels[-RUNS_SHOWN:], ax=below)
        _join(above, below, max([epochs, *(len(run.updates) for run in runs.runs)]), size)
        return figure

    def describe(results, epochs, **values):
        cycles = describe_cycles(make(epochs=epochs, **values), size, epochs)
        lines = _lines(results)[-RUNS_SHOWN:]
        return "\n".join([f"Next: {name_policy(**values)}. {cycles}", *lines])

    def score(results, **_):
        task = f"validation accuracy {target:g} within {target_updates:,} updates, with every seed"
        return f"Target: {task}. Yours: {_quickest(_numbered(results), target, target_updates)}."

    return TrainingExplorer("Train a cycle", _controls(), work, draw, describe, score=score)


def _count(train):
    """Return the number of training examples."""
    if not isinstance(train, (tuple, list)) or len(train) not in (2, 3):
        raise TypeError(f"train is of type {type(train).__name__}; give arrays (x, y).")
    return len(train[1])


def _controls():
    controls = {
        "min_rate": widgets.FloatLogSlider(
            value=0.01, min=-5, max=0, step=0.05, readout_format=".3g", description="min rate"
        ),
        "max_rate": widgets.FloatLogSlider(
            value=0.2, min=-4, max=1, step=0.05, readout_format=".3g", description="max rate"
        ),
        "half_cycle": widgets.IntSlider(value=2, min=1, max=5, description="half cycle, epochs"),
        "epochs": widgets.IntSlider(value=8, min=2, max=20, description="epochs"),
        "policy": widgets.ToggleButtons(options=POLICIES, value=TRIANGULAR, description="policy"),
    }

    def fit_to_policy(change):
        controls["min_rate"].disabled = change["new"] == CONSTANT
        controls["half_cycle"].disabled = change["new"] in (CONSTANT, ONE_CYCLE)

    controls["policy"].observe(fit_to_policy, names="value")
    return controls


def _numbered(results):
    """Return all runs in one `Runs`, labeled by the press of *Run* that made them."""
    runs = Runs(
        tuple(
            replace(run, label=f"run {number}")
            for number, result in enumerate(results, start=1)
            for run in result.runs
        )
    )
    if runs and METRIC not in runs.metrics:
        raise ValueError(
            "The model does not measure accuracy: let build_model() compile it with "
            "metrics=['accuracy'], and make the explorer again."
        )
    return runs


def _panels():
    """Return a figure with two axes of one width, whose margins stay while controls move."""
    figure, (above, below) = new_figure(WIDTH, HEIGHT, rows=2, height_ratios=(1, 2))
    figure.set_layout_engine(None)
    figure.subplots_adjust(
        left=1.05 / WIDTH, right=1 - 1.1 / WIDTH, bottom=0.55 / HEIGHT, top=1 - 0.15 / HEIGHT
    )
    return figure, above, below


def _shade_target(ax, target, epochs):
    """Shade what counts as reaching the target; the axis keeps to what lies near it."""
    ax.set_ylim(max(0, target - ACCURACY_SHOWN), 1)
    ax.fill_between([0, epochs], target, 1, color=PALETTE["sky"], alpha=0.3, lw=0)
    ax.text(0, 1, " target", va="bottom", fontsize=FONT_SIZE)


def _join(above, below, epochs, updates_per_epoch):
    """Give both axes one scale of epochs, named below the lower one."""
    ticks = MaxNLocator(8, steps=[1, 2, 5, 10], integer=True).tick_values(0, epochs)
    above.set_xticks(ticks * updates_per_epoch, [])
    above.set_xlim(0, epochs * updates_per_epoch)
    above.set_xlabel("")
    above.locator_params(axis="y", nbins=4)
    below.set_xticks(ticks)
    below.set_xlim(0, epochs)
    label_axes(below, f"epoch (of {updates_per_epoch:,} updates)", METRIC_NAMES[METRIC])


def _lines(results):
    """Return a line for each press of *Run*: what was trained, and how it ended."""
    return [f"Run {number}: {_line(result)}." for number, result in enumerate(results, start=1)]


def _line(result):
    name = f"{result.labels[0]}, {len(result)} seed{'' if len(result) == 1 else 's'}"
    lost = sum(run.diverged_at is not None for run in result.runs)
    if lost:
        return f"{name}: {lost} diverged"
    accuracy, loss = (result.summary(metric)["mean"].iloc[0] for metric in (METRIC, "val_loss"))
    updates = result.runs[0].updates[-1]
    return f"{name}: validation accuracy {accuracy:.3f}, loss {loss:.3f} after {updates:,} updates"


def _quickest(runs, target, target_updates):
    """Say after how many updates the quickest press of *Run* had every seed at the target."""
    if not runs:
        return "nothing has run yet"
    steps = runs.steps_to(METRIC, target).groupby("label")["steps"]
    needed = steps.agg(lambda each: each.max(skipna=False)).dropna()
    if needed.empty:
        return "not there yet"
    best = int(needed.min())
    run = needed.index[needed == best][0]
    return f"{best:,} ({run}){', reached' if best <= target_updates else ''}"
