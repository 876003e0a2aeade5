"""*Layer rates*: spread rates over the layers of a network, train briefly, see what moved."""

from dataclasses import dataclass
from types import SimpleNamespace

import ipywidgets as widgets
import numpy as np
import pandas as pd

from helpers.describe.layerwise import count_of, group_rates, listed
from helpers.explorers.training import TrainingExplorer
from helpers.plotting.layerwise import plot_layer_rates, plot_movement, set_rows
from helpers.plotting.style import FONT_SIZE, label_axes, new_figure
from helpers.schedules import checked_count, checked_rate

MOST_BLOCKS = 16
RUNS_SHOWN = 3
# Of the colors, so that one rate has one color whatever the others are; lower ones have the first.
RATE_LIMITS = (1e-6, 1.0)
WIDTH = 8.6


@dataclass(frozen=True)
class Trained:
    """What one press of *Run* led to.

    Attributes:
        groups: Number of groups.
        ratio: A group's rate over that of the group before it.
        top_rate: Rate of the last group.
        pieces: How many pieces of the training are done.
        movement: The frame of `layerwise.movement`, one row a block.
        accuracy: The validation accuracy.
    """

    groups: int
    ratio: float
    top_rate: float
    pieces: int
    movement: pd.DataFrame
    accuracy: float


def layer_rates(blocks, train, *, pieces, target, most_movement):
    """Return the explorer *Layer rates*; *Run* trains with the rates that its picture shows.

    Its controls are `groups` (1 to the number of blocks), `ratio` (a group's rate over that of the
    group before it) and `top_rate` (of the last group). The last block, the head, is a group of its
    own; the others are shared out evenly, in their order. The left panel is the table of blocks,
    colored by rate; the right one shows how far each block moved in the last three runs. *Stop*
    keeps what the run has reached.

    Args:
        blocks: What `LayerGroups.table()` returned for the finest split that is of interest: two
            to 16 blocks, one row each.
        train: Generator function: `train(rates)`, with a rate for each block, trains a model from
            the same start every time. After each piece it yields the frame of `layerwise.movement`
            since the start, one row a block, and the validation accuracy.
        pieces: How often `train` yields, >= 1.
        target: Validation accuracy to reach, above 0 and at most 1.
        most_movement: How far the first block may move meanwhile, relative to its size, > 0.

    Returns:
        A `TrainingExplorer`; each of its results has `groups`, `ratio`, `top_rate`, `movement` and
        `accuracy`.

    Raises:
        TypeError: If `train` is no function, or a number is of the wrong kind.
        ValueError: If a number is out of bounds, or `blocks` is no such table.
    """
    blocks = _checked_blocks(blocks)
    if not callable(train):
        raise TypeError(f"train is {train!r}; give a generator function train(rates).")
    pieces = checked_count(pieces, "pieces")
    if not 0 < checked_rate(target, "target") <= 1:
        raise ValueError(f"target is {target}; allowed is above 0 and at most 1; try 0.9.")
    if not checked_rate(most_movement, "most_movement") > 0:
        raise ValueError(f"most_movement is {most_movement}; allowed is above 0; try 0.1.")

    def table(groups, ratio, top_rate):
        group = group_of_blocks(len(blocks), groups)
        return blocks.assign(group=group, learning_rate=top_rate / ratio ** (groups - 1 - group))

    def work(**values):
        rates = table(**values)["learning_rate"].tolist()
        for done, (movement, accuracy) in enumerate(train(rates), start=1):
            text = f"{done} of {pieces}, validation accuracy {accuracy:.3f}"
            result = Trained(**values, pieces=done, movement=movement, accuracy=float(accuracy))
            yield SimpleNamespace(fraction=min(1.0, done / pieces), text=text, finished=result)

    def draw(results, **values):
        figure, (left, right) = _panels(len(blocks))
        plot_layer_rates(table(**values), limits=RATE_LIMITS, ax=left)
        _draw_runs(right, results, len(blocks))
        return figure

    def describe(results, groups, **values):
        rates = listed(group_rates(table(groups, **values)), most=4)
        first = f"Blocks by learning rate: {len(blocks)} in {count_of(groups, 'group')}, {rates}."
        lines = [_line(number, each, pieces) for number, each in enumerate(results, start=1)]
        return "\n".join([first, *lines[-RUNS_SHOWN:]])

    def score(results, **_):
        task = (
            f"validation accuracy {target:g} while the first block moves {most_movement:g} or less"
        )
        return f"Target: {task}. Yours: {_best(results, target, most_movement)}."

    return TrainingExplorer(
        "Layer rates", _controls(len(blocks)), work, draw, describe, score=score
    )


def group_of_blocks(blocks, groups):
    """Return the group of each block, from 0: the last is alone, the others are shared out evenly.

    Example:
        >>> group_of_blocks(6, 3).tolist()
        [0, 0, 0, 1, 1, 2]
    """
    if groups == 1:
        return np.zeros(blocks, dtype=int)
    parts = np.array_split(np.arange(blocks - 1), groups - 1)
    return np.array([group for group, part in enumerate(parts) for _ in part] + [groups - 1])


def _checked_blocks(blocks):
    if not isinstance(blocks, pd.DataFrame):
        raise TypeError(
            f"blocks is of type {type(blocks).__name__}; give what groups.table() returns."
        )
    if not 2 <= len(blocks) <= MOST_BLOCKS:
        raise ValueError(
            f"blocks has {len(blocks)} rows; allowed are 2 to {MOST_BLOCKS}; split the model at "
            "other layers."
        )
    return blocks.reset_index(drop=True)


def _controls(blocks):
    def rate(value, low, high, name):
        return widgets.FloatLogSlider(
            value=value, min=low, max=high, step=0.05, readout_format=".3g", description=name
        )

    controls = {
        "groups": widgets.IntSlider(value=min(3, blocks), min=1, max=blocks, description="groups"),
        "ratio": rate(10.0, 0, 2, "ratio"),
        "top_rate": rate(0.01, -5, 0, "top rate"),
    }

    def fit_to_groups(change):
        controls["ratio"].disabled = change["new"] == 1

    controls["groups"].observe(fit_to_groups, names="value")
    return controls


def _panels(blocks):
    """Return a figure with two axes whose rows stand beside each other."""
    height = 1.2 + 0.3 * blocks
    figure, axes = new_figure(WIDTH, height, columns=2)
    figure.set_layout_engine(None)
    bottom, top = 0.6 / height, 1 - 0.35 / height
    axes[0].set_position((0.025, bottom, 0.54, top - bottom))
    axes[1].set_position((0.59, bottom, 0.245, top - bottom))
    return figure, axes


def _draw_runs(ax, results, blocks):
    if results:
        runs = {f"run {number}": each.movement for number, each in enumerate(results, start=1)}
        plot_movement(runs, labels=list(runs)[-RUNS_SHOWN:], ax=ax)
    else:
        ax.set_xscale("log")
        ax.text(
            0.5, 0.5, "nothing has run yet", transform=ax.transAxes, ha="center", size=FONT_SIZE
        )
        ax.set_xlim(1e-3, 1)
    set_rows(ax, blocks)
    ax.set_yticks(range(blocks), [])
    label_axes(ax, "movement (log scale)", "")


def _line(number, result, pieces):
    """Say with which rates a run was made, and what came of it."""
    groups, moved = count_of(result.groups, "group"), result.movement["movement"]
    ratio = f"ratio {result.ratio:.3g}, " if result.groups > 1 else ""
    stopped = "" if result.pieces == pieces else f" after {result.pieces} of {pieces}"
    return (
        f"Run {number}: {groups}, {ratio}top {result.top_rate:.2g}, accuracy {result.accuracy:.3f}"
        f"{stopped}, moved {moved.iloc[0]:.2g} to {moved.iloc[-1]:.2g}."
    )


def _best(results, target, most_movement):
    """Say which run comes closest: the highest accuracy among those that moved little enough."""
    if not results:
        return "nothing has run yet"
    still = [
        (result.accuracy, number)
        for number, result in enumerate(results, start=1)
        if result.movement["movement"].iloc[0] <= most_movement
    ]
    if not still:
        return "in every run the first block moved further"
    accuracy, number = max(still, key=lambda pair: (pair[0], -pair[1]))
    return f"{accuracy:.3f} (run {number}){', reached' if accuracy >= target else ''}"
