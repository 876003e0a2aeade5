"""The three ways to move the learning rate that the experiment compares."""

from dataclasses import dataclass

from helpers.schedules import LinearRamp, Pieces, Schedule, Triangular


@dataclass(frozen=True)
class Policy:
    """A schedule, and for how long it trains.

    Attributes:
        schedule: The learning rate by update.
        updates: Number of updates.
    """

    schedule: Schedule
    updates: int


POLICIES = {
    "triangular2": Policy(Triangular(0.001, 0.006, 2000, mode="triangular2"), 25_000),
    "fixed": Policy(Pieces([(0.001, 60_000), (0.0001, 5_000), (0.00001, None)]), 70_000),
    "decay": Policy(LinearRamp(0.007, 0.001, 4_000), 25_000),
}
