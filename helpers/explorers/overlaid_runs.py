"""What explorers that train share: the size of an epoch, runs overlaid, and words for each."""

from dataclasses import replace

from helpers.plotting.runs import plot_histories
from helpers.plotting.style import FONT_SIZE, PALETTE
from helpers.results import Runs
from helpers.schedules import plan_cycles

METRIC = "val_accuracy"
RUNS_SHOWN = 5
# How far below the target the axis goes: a run that fails is not to flatten the others.
ACCURACY_SHOWN = 0.3


def updates_per_epoch(train, batch_size):
    """Return how many updates one pass over arrays takes; a last, smaller batch counts.

    Args:
        train: Arrays `(x, y)` or `(x, y, sample_weight)`.
        batch_size: Examples for one update, >= 1.

    Returns:
        An int >= 1.

    Raises:
        TypeError: If `train` holds no arrays, or `batch_size` is no whole number.
        ValueError: If there is no example, or `batch_size` is out of bounds.

    Example:
        >>> updates_per_epoch((range(70), range(70)), batch_size=32)
        3
    """
    if not isinstance(train, (tuple, list)) or len(train) not in (2, 3):
        raise TypeError(f"train is of type {type(train).__name__}; give arrays (x, y).")
    return plan_cycles(len(train[1]), batch_size, epochs=1).updates_per_epoch


def numbered(results):
    """Return all runs in one `Runs`, labeled by the press of *Run* that made them.

    Args:
        results: List of `Runs` with one label each, oldest first.

    Returns:
        A `Runs` with the labels "run 1", "run 2" and so on; empty where nothing has run.

    Raises:
        ValueError: If the model does not measure accuracy.
    """
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


def draw_numbered(ax, results, target, epochs):
    """Draw the last five runs against epochs, and shade what counts as reaching the target.

    Args:
        ax: The axes.
        results: As for `numbered`.
        target: The validation accuracy to reach.
        epochs: Where the shade ends.
    """
    runs = numbered(results)
    # The axis keeps to what lies near the target.
    ax.set_ylim(max(0, target - ACCURACY_SHOWN), 1)
    ax.fill_between([0, epochs], target, 1, color=PALETTE["sky"], alpha=0.3, lw=0)
    ax.text(0, 1, " target", va="bottom", fontsize=FONT_SIZE)
    if runs:
        plot_histories(runs, METRIC, labels=runs.labels[-RUNS_SHOWN:], ax=ax)


def describe_numbered(results):
    """Say in a line for each of the last five runs what was trained, and how it ended.

    Args:
        results: As for `numbered`.

    Returns:
        A list of lines, empty where nothing has run.
    """
    lines = [f"Run {number}: {_line(result)}." for number, result in enumerate(results, start=1)]
    return lines[-RUNS_SHOWN:]


def _line(result):
    name = f"{result.labels[0]}, {len(result)} seed{'' if len(result) == 1 else 's'}"
    lost = sum(run.diverged_at is not None for run in result.runs)
    if lost:
        return f"{name}: {lost} diverged"
    accuracy, loss = (result.summary(metric)["mean"].iloc[0] for metric in (METRIC, "val_loss"))
    updates = result.runs[0].updates[-1]
    return f"{name}: validation accuracy {accuracy:.3f}, loss {loss:.3f} after {updates:,} updates"
