"""`RangeTest`: what one run with a rising rate measured; `RangeTestBand`: several seeds."""

from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd

from helpers.results.rules import (
    RULES,
    Bounds,
    accuracy_bounds,
    smooth,
    suggestions,
    turns_up,
)
from helpers.results.runs import read, write
from helpers.schedules import OneCycle, Triangular, WarmRestarts

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
        high = self._max_rate(max_rate)
        low = self._min_rate(min_rate, high)
        return Triangular(
            high / MAX_OVER_MIN if low is None else low, high, half_cycle_steps, **options
        )

    def one_cycle(self, total_steps, *, min_rate=None, max_rate=None, **options):
        """Return a `schedules.OneCycle` with its peak at the upper bound.

        Args:
            total_steps: Updates of the training, >= 1.
            min_rate: The first rate. None is the lower bound; where the test shows none, the first
                rate is a 25th of the peak.
            max_rate: A rate in place of the upper bound.
            **options: Further settings, as for `OneCycle`.
        """
        high = self._max_rate(max_rate)
        low = self._min_rate(min_rate, high)
        if low and "start_divisor" not in options:
            options["start_divisor"] = high / low
        return OneCycle(high, total_steps, **options)

    def warm_restarts(self, first_cycle_steps, *, min_rate=0.0, max_rate=None, **options):
        """Return a `schedules.WarmRestarts` from the upper bound.

        Args:
            first_cycle_steps: Updates of the first cycle, >= 1.
            min_rate: The floor.
            max_rate: A rate in place of the upper bound.
            **options: `cycle_mult` and `peak_decay`, as for `WarmRestarts`.
        """
        high = self._max_rate(max_rate)
        return WarmRestarts(high, first_cycle_steps, min_rate=min_rate, **options)

    def _max_rate(self, given):
        bounds = self.bounds()
        if given is None and bounds.max_rate is None:
            raise ValueError(
                f"The range test shows no max_rate: {bounds.max_reason}. Or give max_rate "
                "yourself, for example one of suggest()."
            )
        return bounds.max_rate if given is None else given

    def _min_rate(self, given, high):
        low = self.bounds().min_rate if given is None else given
        return None if given is None and low is not None and low >= high else low


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
        if not (self.rates[0] > 0 and (np.diff(self.rates) > 0).all()):
            raise ValueError("The rates must be above 0 and rise from each to the next.")
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing is {self.smoothing}; allowed is 0 (none) to below 1.")

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
        whole = self.stop_reason.startswith("all ")
        cure = "Raise max_rate." if whole else "Let the test go on to higher rates."
        return (
            f"The loss never diverged, and did not rise up to a rate of {self.rates[-1]:.3g} "
            f"({self.stop_reason}): the rules saw only a part of the curve. {cure}"
        )

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
        names = dict(zip(ARRAYS, ("learning_rate", "loss", "accuracy", "val_loss", "val_accuracy")))
        columns = {names[array]: values for array, values in self._columns().items()}
        frame = pd.DataFrame({"step": np.arange(len(self)) * self.updates_per_rate} | columns)
        frame.insert(3, "smoothed_loss", self.smoothed)
        return frame

    def save(self, path):
        """Write everything to one JSON file and return its path."""
        return write(path, "RangeTest", self.to_dict())

    @classmethod
    def load(cls, path):
        """Read what `save` wrote."""
        return cls.from_content(read(path, "RangeTest")[1])

    @classmethod
    def from_content(cls, content):
        """Return the test of what stands in a file."""
        return cls(**content)

    def to_dict(self):
        """Return everything as plain values, ready for JSON; `RangeTest(**values)` reads them."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return values | {name: array.tolist() for name, array in self._columns().items()}

    def _columns(self):
        columns = {name: getattr(self, name) for name in ARRAYS}
        return {name: values for name, values in columns.items() if values is not None}

    def _suggestions(self):
        return suggestions(self.rates, self.losses, self.smoothing, self.diverged)


@dataclass(frozen=True, eq=False, repr=False)
class RangeTestBand(HandOff):
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
        object.__setattr__(self, "seeds", tuple(self.seeds))
        object.__setattr__(self, "tests", tuple(self.tests))
        if not self.tests or not len(self.tests) == len(self.seeds) == len(set(self.seeds)):
            raise ValueError(
                f"There are {len(self.tests)} tests and the seeds {self.seeds}; give one test or "
                "more, each with a seed of its own."
            )
        for test in self.tests:
            if not np.array_equal(test.rates, self.rates[: len(test)]):
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
        found = self._found()
        return {rule: _median(found[rule], len(self)) for rule in RULES}

    def spread(self):
        """Return how far each rule moves between seeds.

        Returns:
            A frame by rule: `median`, `lowest`, `highest`, `ratio` (highest over lowest), `seeds`
            (how many gave a rate); NaN where none did.
        """
        rows = {}
        for rule, rates in self._found().items():
            lowest, highest = (min(rates), max(rates)) if rates else (np.nan, np.nan)
            rows[rule] = {
                "median": _geometric_median(rates) if rates else np.nan,
                "lowest": lowest,
                "highest": highest,
                "ratio": highest / lowest,
                "seeds": len(rates),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule")

    def bounds(self):
        """Return the median of the seeds' bounds by Smith's rule.

        Returns:
            A `Bounds`. An end that fewer than half of the seeds show is None; its reason is that of
            the first seed without it.
        """
        found = [test.bounds() for test in self.tests]
        low, why_low = self._end([(one.min_rate, one.min_reason) for one in found])
        high, why_high = self._end([(one.max_rate, one.max_reason) for one in found])
        return Bounds(low, high, why_low, why_high)

    def curve(self):
        """Return the smoothed losses of all seeds in one frame.

        Returns:
            A frame with a row for each rate: `learning_rate`, `median`, `lowest`, `highest` of the
            smoothed loss, and `seeds`, how many still went on.
        """
        losses = pd.DataFrame([pd.Series(test.smoothed) for test in self.tests])
        frame = pd.DataFrame(
            {
                "learning_rate": self.rates,
                "median": losses.median(),
                "lowest": losses.min(),
                "highest": losses.max(),
                "seeds": losses.notna().sum(),
            }
        )
        # The last rate of all may have no finite loss at all.
        return frame[frame["seeds"] > 0].reset_index(drop=True)

    def table(self):
        """Return a tidy frame: `seed`, then the columns of `RangeTest.table`."""
        tables = {seed: test.table() for seed, test in zip(self.seeds, self.tests)}
        return pd.concat(tables, names=["seed"]).reset_index("seed").reset_index(drop=True)

    def save(self, path):
        """Write everything to one JSON file and return its path."""
        tests = {str(seed): test.to_dict() for seed, test in zip(self.seeds, self.tests)}
        return write(path, "RangeTestBand", {"about": self.about, "tests": tests})

    @classmethod
    def load(cls, path):
        """Read what `save` wrote."""
        return cls.from_content(read(path, "RangeTestBand")[1])

    @classmethod
    def from_content(cls, content):
        """Return the band of what stands in a file."""
        tests = {int(seed): RangeTest(**values) for seed, values in content["tests"].items()}
        return cls(tests.keys(), tests.values(), content["about"])

    def _found(self):
        """Return dict of rule to the rates it found, one for each seed that gave one."""
        answers = [test.suggest() for test in self.tests]
        return {rule: [each[rule] for each in answers if each[rule] is not None] for rule in RULES}

    def _end(self, ends):
        """Return the median of one end of the bounds, and the words for it."""
        rates = [rate for rate, _ in ends if rate is not None]
        median = _median(rates, len(self))
        if median is None:
            return None, next(reason for rate, reason in ends if rate is None)
        return median, f"the median of {len(rates)} of {len(self)} seeds"


def _median(rates, seeds):
    return _geometric_median(rates) if 2 * len(rates) >= seeds and rates else None


def _geometric_median(rates):
    """Return the median, on a log axis where it lies between two rates."""
    return float(np.exp(np.median(np.log(rates))))
