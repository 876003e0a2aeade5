"""`RangeTest`: what one run with a rising rate measured; `RangeTestBand`: several seeds."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from helpers.results.rules import Bounds, accuracy_bounds, smooth, suggestions, turns_up
from helpers.results.runs import Record
from helpers.schedules import OneCycle, Triangular, WarmRestarts, checked_rate

# A mean over about ten points: it lags little behind 300 rates, and few noisy points end a test.
DEFAULT_SMOOTHING = 0.9
# Smith's rule of thumb where no lower bound can be read off (section 3.3): a third or a quarter.
MAX_OVER_MIN = 4.0
ARRAYS = ("rates", "losses", "accuracies", "val_losses", "val_accuracies")


class HandOff:
    """From a range test to a schedule, without typing a rate; for records that have `bounds()`.

    A rate that is given stands in place of the bound, such as `max_rate=test.suggest()["valley"]`.
    The upper bound is needed, so that where the test shows none a ValueError says why.
    """

    def triangular(self, half_cycle_steps, *, min_rate=None, max_rate=None, **options):
        """Return a `schedules.Triangular` between the bounds.

        Args:
            half_cycle_steps: Updates from one bound to the other, >= 1.
            min_rate: A rate in place of the lower bound. None is a quarter of the upper one where
                the test shows no lower bound, or not below `max_rate`.
            max_rate: A rate in place of the upper bound.
            **options: `mode` and `gamma`, as for `Triangular`.
        """
        low, high = self._ends(min_rate, max_rate)
        low = high / MAX_OVER_MIN if low is None else low
        return Triangular(low, high, half_cycle_steps, **options)

    def one_cycle(self, total_steps, *, min_rate=None, max_rate=None, **options):
        """Return a `schedules.OneCycle` with its peak at the upper bound.

        Args:
            total_steps: Updates of the training, >= 1.
            min_rate: The first rate. None is the lower bound; where the test shows none, the first
                rate is a 25th of the peak.
            max_rate: A rate in place of the upper bound.
            **options: Further settings, as for `OneCycle`.
        """
        low, high = self._ends(min_rate, max_rate)
        first = {} if low is None else {"start_divisor": high / checked_rate(low, above=True)}
        return OneCycle(high, total_steps, **first | options)

    def warm_restarts(self, first_cycle_steps, *, min_rate=0.0, max_rate=None, **options):
        """Return a `schedules.WarmRestarts` from the upper bound.

        Args:
            first_cycle_steps: Updates of the first cycle, >= 1.
            min_rate: The floor.
            max_rate: A rate in place of the upper bound.
            **options: `cycle_mult` and `peak_decay`, as for `WarmRestarts`.
        """
        high = self._ends(min_rate, max_rate)[1]
        return WarmRestarts(high, first_cycle_steps, min_rate=min_rate, **options)

    def _ends(self, min_rate, max_rate):
        """Return both rates; None for the lower one where there is none below the upper one."""
        bounds = self.bounds()
        high = bounds.max_rate if max_rate is None else max_rate
        if high is None:
            text = f"The range test shows no max_rate: {bounds.max_reason}."
            raise ValueError(f"{text} Or give max_rate yourself, such as one of suggest().")
        if min_rate is None and bounds.min_rate is not None and bounds.min_rate < high:
            min_rate = bounds.min_rate
        return min_rate, high


@dataclass(frozen=True, eq=False, repr=False)
class RangeTest(HandOff, Record):
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
        about: Model, data, versions and the way the updates were made, as plain values.

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
    about: dict = field(default_factory=dict)

    def __post_init__(self):
        for name, values in self._columns().items():
            values = np.array(values, dtype="float64")
            values.setflags(write=False)
            object.__setattr__(self, name, values)
        lengths = {name: len(values) for name, values in self._columns().items()}
        if len(set(lengths.values())) != 1 or not len(self.rates):
            raise ValueError(f"All columns need the same length, 1 or more; given are {lengths}.")
        if not (np.diff(self.rates, prepend=0) > 0).all() or np.isinf(self.rates[-1]):
            raise ValueError("The rates must be above 0, finite, and rise from each to the next.")
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing is {self.smoothing}; allowed is 0 (none) to below 1.")

    def __len__(self):
        return len(self.rates)

    def __repr__(self):
        rates = f"{len(self)} rates from {self.rates[0]:.3g} to {self.rates[-1]:.3g}"
        return f"RangeTest({rates}; {self.stop_reason or 'no reason to stop given'})"

    @property
    def smoothed(self):
        """The exponential mean of the losses, corrected for its start; NaN where a loss is not."""
        return smooth(self.losses, self.smoothing)

    @property
    def warning(self):
        """What to mind if the loss neither diverged nor turned up; empty if it did."""
        if self.diverged or turns_up(self.rates, self.losses, self.smoothing):
            return ""
        what = f"The loss never diverged, and did not rise up to a rate of {self.rates[-1]:.3g}"
        why = f"({self.stop_reason}): the rules saw only a part of the curve. Raise max_rate."
        return f"{what} {why}"

    def suggest(self):
        """Return a learning rate by each of five rules, which often disagree.

        All look at finite points of the smoothed loss without its first tenth. The first four, and
        `slide` by another formula, are those of fastai's `lr_find`; `turning_point` is older.

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
        return {rule: found.rate for rule, found in self._suggestions.items()}

    def reasons(self):
        """Return what each rule was read off, or why it found no rate: dict of rule to words."""
        return {rule: found.reason for rule, found in self._suggestions.items()}

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
        names = dict(zip(ARRAYS, ("learning_rate", "loss", "accuracy", "val_loss", "val_accuracy")))
        columns = {names[array]: values for array, values in self._columns().items()}
        frame = pd.DataFrame({"step": np.arange(len(self)) * self.updates_per_rate} | columns)
        frame.insert(3, "smoothed_loss", self.smoothed)
        return frame

    def content(self):
        """Return everything as plain values; `RangeTest(**values)` reads them."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return values | {name: array.tolist() for name, array in self._columns().items()}

    @classmethod
    def from_content(cls, content):
        """Return the test of what stands in a file."""
        return cls(**content)

    def _columns(self):
        return {name: vars(self)[name] for name in ARRAYS if vars(self)[name] is not None}

    @cached_property
    def _suggestions(self):
        return suggestions(self.rates, self.losses, self.smoothing, self.diverged)


@dataclass(frozen=True, eq=False, repr=False)
class RangeTestBand(HandOff, Record):
    """Range tests of one model with several seeds, over the same rates.

    Attributes:
        seeds: The seeds, one for each test.
        tests: The `RangeTest` of each.
        about: How they were made, as plain values.

    Raises:
        ValueError: If there is no test, a seed occurs twice, or the rates differ.
    """

    seeds: tuple
    tests: tuple
    about: dict = field(default_factory=dict)

    def __post_init__(self):
        vars(self).update(seeds=tuple(self.seeds), tests=tuple(self.tests))
        if not self.tests or not len(self.tests) == len(self.seeds) == len(set(self.seeds)):
            given = f"There are {len(self.tests)} tests and the seeds {self.seeds}"
            raise ValueError(f"{given}; give one test or more, each with a seed of its own.")
        if not all(np.array_equal(test.rates, self.rates[: len(test)]) for test in self.tests):
            raise ValueError("The tests were made at different rates; a band needs the same.")

    def __len__(self):
        return len(self.tests)

    def __repr__(self):
        diverged = sum(test.diverged for test in self.tests)
        return f"RangeTestBand({len(self)} seeds, {diverged} diverged)"

    @property
    def rates(self):
        """The learning rates of the longest test."""
        return max((test.rates for test in self.tests), key=len)

    def test(self, seed):
        """Return the `RangeTest` of one seed; ValueError if there is none."""
        return self.tests[self.seeds.index(seed)]

    def suggest(self):
        """Return each rule's median over the seeds: dict of rule to rate.

        Returns:
            As `RangeTest.suggest`; None for a rule that found a rate with fewer than half of the
            seeds.
        """
        spread = self.spread()
        seen = 2 * spread["seeds"] >= len(self)
        return spread["median"].astype(object).where(seen, None).to_dict()

    def spread(self):
        """Return how far each rule moves between seeds.

        Returns:
            A frame by rule: `median`, `lowest`, `highest`, `ratio` (highest over lowest), `seeds`
            (how many gave a rate); NaN where none did.
        """
        found = pd.DataFrame([test.suggest() for test in self.tests], dtype="float64")
        ends = {"median": _median(found), "lowest": found.min(), "highest": found.max()}
        frame = pd.DataFrame(ends).rename_axis("rule")
        return frame.assign(ratio=frame["highest"] / frame["lowest"], seeds=found.count())

    def bounds(self):
        """Return the median of the seeds' bounds by Smith's rule.

        Returns:
            A `Bounds`. An end that fewer than half of the seeds show is None; its reason is that of
            the first seed without it.
        """
        found, rates, reasons = [test.bounds() for test in self.tests], [], []
        for end in ("min", "max"):
            seen = pd.Series([getattr(one, f"{end}_rate") for one in found], dtype="float64")
            enough = 2 * seen.count() >= len(self)
            missing = getattr(found[int(seen.isna().argmax())], f"{end}_reason")
            rates.append(float(_median(seen)) if enough else None)
            median = f"the median of {seen.count()} of {len(self)} seeds"
            reasons.append(median if enough else missing)
        return Bounds(*rates, *reasons)

    def curve(self):
        """Return the smoothed losses of all seeds in one frame.

        Returns:
            A frame with a row for each rate: `learning_rate`, `median`, `lowest`, `highest` of the
            smoothed loss, and `seeds`, how many still went on.
        """
        losses = pd.DataFrame([pd.Series(test.smoothed) for test in self.tests])
        ends = {"learning_rate": self.rates, "median": losses.median(), "lowest": losses.min()}
        frame = pd.DataFrame(ends).assign(highest=losses.max(), seeds=losses.count())
        # The last rate of all may have no finite loss at all.
        return frame[frame["seeds"] > 0].reset_index(drop=True)

    def content(self):
        """Return everything as plain values, for a file."""
        tests = {str(seed): test.content() for seed, test in zip(self.seeds, self.tests)}
        return {"about": self.about, "tests": tests}

    @classmethod
    def from_content(cls, content):
        """Return the band of what stands in a file."""
        tests = {int(seed): RangeTest(**values) for seed, values in content["tests"].items()}
        return cls(tests.keys(), tests.values(), content["about"])


def _median(rates):
    """Return the median, on a log axis where it lies between two rates."""
    return np.exp(np.log(rates).median())
