"""The small records inside `Runs`: one run, and the best of several."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes:
        label: The learning rate (a float) or the name of the schedule.
        seed: The seed of weights, order and dropout.
        history: Metric name to list of values, one for each epoch, as in a Keras history.
        updates: Number of optimizer updates made by the end of each epoch.
        points: Measurements at chosen updates: dicts with `updates` and metric values.
        diverged_at: The number of updates after which the loss was first seen to be NaN or
            infinite; None for a run that never diverged. The epoch in which that happened is the
            last one in `history`; what could not be measured in it is NaN.
        seconds: Wall time of the run.
    """

    label: float | str
    seed: int
    history: dict
    updates: list
    points: list = field(default_factory=list)
    diverged_at: int | None = None
    seconds: float = math.nan

    def __repr__(self):
        end = (
            f"diverged at update {self.diverged_at}" if self.diverged_at is not None else "finished"
        )
        return f"Run(label={self.label!r}, seed={self.seed}, epochs={len(self.updates)}, {end})"

    def last(self, metric):
        """Return the metric after the last epoch; NaN for a run that diverged."""
        return math.nan if self.diverged_at is not None else float(self.history[metric][-1])


@dataclass(frozen=True)
class Best:
    """The best label of some runs: its metric after the last epoch, over seeds.

    Attributes:
        label: The winner by mean; whether it beats the next one is for `Runs.paired` to say.
        metric: The metric it was judged by.
        mean: Mean over seeds.
        spread: Sample standard deviation over seeds; NaN with one seed.
        seeds: Number of seeds.
        at_edge: True if the label is the smallest or the largest rate tried: widen the grid.
    """

    label: float | str
    metric: str
    mean: float
    spread: float
    seeds: int
    at_edge: bool
