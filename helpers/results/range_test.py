"""`RangeTest`: what one run with a rising learning rate measured, and what rules read off it."""

from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd

from helpers.results import storage
from helpers.results.bounds import Bounds, accuracy_bounds
from helpers.results.hand_off import HandOff
from helpers.results.smoothing import smooth
from helpers.results.suggestions import suggestions, turns_up

# A mean over about ten points: it lags little behind 300 rates, and few noisy points end a test.
DEFAULT_SMOOTHING = 0.9
ARRAYS = ("rates", "losses", "accuracies", "val_losses", "val_accuracies")


@dataclass(frozen=True, eq=False, repr=False)
class RangeTest(HandOff):
    """The curve of a range test; every array has one value for each rate.

    To look at a curve with other smoothing: `dataclasses.replace(test, smoothing=0.5)`.

    Attributes:
        rates: Learning rates in the order in which they were tried, rising, > 0.
        losses: The loss of the batch that an update at this rate was made from, before the update;
            not a running mean. With several updates at a rate, their mean. The last one may be NaN
            or infinite.
        accuracies: The accuracy on the same batch, or None for a model without that metric.
        val_losses: The loss on held-out data after the update, NaN where none was measured; or
            None.
        val_accuracies: The accuracy on them, likewise.
        diverged: Whether the test ended because the loss exploded.
        stop_reason: Why it ended, in words.
        smoothing: Weight of the past in `smoothed`, and in every rule for the loss; 0 to below 1.
        updates_per_rate: Updates made at each rate.
        how: How the updates were made: in compiled pieces, or one a call, and then why.
        about: Model, data and versions, as plain values.

    Raises:
        ValueError: If arrays differ in length, rates do not rise, or smoothing is out of bounds.

    Example:
        >>> rates = np.geomspace(1e-4, 1, 201)
        >>> test = RangeTest(rates, np.abs(np.log10(rates) + 1), smoothing=0)
        >>> round(test.suggest()["turning_point"], 6)
        0.1
        >>> test.one_cycle(500, min_rate=0.001, max_rate=0.1).start_divisor
        100.0
    """

    rates: np.ndarray
    losses: np.ndarray
    accuracies: np.ndarray | None = None
    val_losses: np.ndarray | None = None
    val_accuracies: np.ndarray | None = None
    diverged: bool = False
    stop_reason: str = ""
    smoothing: float = DEFAULT_SMOOTHING
    updates_per_rate: int = 1
    how: str = ""
    about: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in ARRAYS:
            values = getattr(self, name)
            if values is not None:
                values = np.array(values, dtype="float64")
                values.setflags(write=False)
                object.__setattr__(self, name, values)
        lengths = {name: len(values) for name, values in self._columns().items()}
        if len(set(lengths.values())) != 1 or not len(self.rates):
            raise ValueError(f"All columns need the same length, 1 or more; given are {lengths}.")
        if self.rates[0] <= 0 or (np.diff(self.rates) <= 0).any():
            raise ValueError("The rates must be above 0 and rise from each to the next.")
        if not 0 <= self.smoothing < 1:
            raise ValueError(
                f"smoothing is {self.smoothing}; allowed is 0 (none) up to below 1; try 0.9."
            )

    def __len__(self):
        return len(self.rates)

    def __repr__(self):
        return (
            f"RangeTest({len(self)} rates from {self.rates[0]:.3g} to {self.rates[-1]:.3g}; "
            f"{self.stop_reason or 'no reason to stop given'})"
        )

    @property
    def smoothed(self):
        """The exponential mean of the losses, corrected for its start; NaN where a loss is not."""
        return smooth(self.losses, self.smoothing)

    @property
    def warning(self):
        """What to mind if the loss neither diverged nor turned up; empty if it did."""
        if self.diverged or turns_up(self.rates, self.losses, self.smoothing):
            return ""
        return (
            f"The loss never diverged, and did not rise up to a rate of {self.rates[-1]:.3g} "
            f"({self.stop_reason}): the rules saw only a part of the curve. Raise max_rate."
        )

    def suggest(self):
        """Return a learning rate by each of five rules, which often disagree.

        All look at finite points of the smoothed loss without its first tenth:

        * `valley`: halfway along the longest fall. Of the longest series of ever smaller values
          (others may lie between), the value halfway.
        * `steepest`: the steepest fall, on a log axis of rates, before the lowest loss.
        * `minimum_over_ten`: a tenth of the rate with the lowest loss.
        * `turning_point`: the rate with the lowest loss, the last one before it rises.
        * `slide`: an interval of 15 points slides down from the highest rate while the slopes at
          its ends differ by more than 0.005 per point; the lowest rate it reaches. It depends on
          the scale of the loss and on the number of points.

        Returns:
            Dict of rule to rate; None where a rule finds none. `reasons()` says why.
        """
        return {rule: found.rate for rule, found in self._suggestions().items()}

    def reasons(self):
        """Return what each rule was read off, or why it found no rate: dict of rule to words."""
        return {rule: found.reason for rule, found in self._suggestions().items()}

    def bounds(self):
        """Return the bounds of a cycle by Smith's rule, read off the accuracy.

        The accuracy on held-out data is taken if it was measured at every other rate or more often:
        it is less noisy. Else that of the training batches is.

        Returns:
            A `Bounds`, which unpacks as `min_rate, max_rate`. An end that is not there is None, and
            its reason says why.
        """
        measured = self.val_accuracies
        if measured is not None and 2 * np.isfinite(measured).sum() >= len(self):
            return accuracy_bounds(self.rates, measured, self.diverged)
        if self.accuracies is None:
            reason = 'no accuracy was measured: compile with metrics=["accuracy"]'
            return Bounds(None, None, reason, reason)
        return accuracy_bounds(self.rates, self.accuracies, self.diverged)

    def table(self):
        """Return a frame with one row a rate.

        Returns:
            Columns `step` (the first update at the rate, 0-based), `learning_rate`, `loss`,
            `smoothed_loss`, and `accuracy`, `val_loss`, `val_accuracy` where they were measured.
        """
        names = ("learning_rate", "loss", "accuracy", "val_loss", "val_accuracy")
        columns = {
            name: getattr(self, attribute)
            for name, attribute in zip(names, ARRAYS)
            if getattr(self, attribute) is not None
        }
        frame = pd.DataFrame({"step": np.arange(len(self)) * self.updates_per_rate} | columns)
        frame.insert(3, "smoothed_loss", self.smoothed)
        return frame

    def save(self, path):
        """Write everything to one JSON file and return its path."""
        return storage.write(path, "RangeTest", self.to_dict())

    @classmethod
    def load(cls, path):
        """Read what `save` wrote."""
        return cls(**storage.read(path, "RangeTest"))

    def to_dict(self):
        """Return everything as plain values, ready for JSON; `RangeTest(**values)` reads them."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return values | {name: array.tolist() for name, array in self._columns().items()}

    def _columns(self):
        columns = {name: getattr(self, name) for name in ARRAYS}
        return {name: values for name, values in columns.items() if values is not None}

    def _suggestions(self):
        return suggestions(self.rates, self.losses, self.smoothing, self.diverged)
