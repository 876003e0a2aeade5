"""`RangeTestBand`: range tests of several seeds, and how far they agree."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.results import storage
from helpers.results.bounds import Bounds
from helpers.results.hand_off import HandOff
from helpers.results.range_test import RangeTest
from helpers.results.suggestions import RULES


@dataclass(frozen=True, eq=False, repr=False)
class RangeTestBand(HandOff):
    """Range tests of one model with several seeds, over the same rates.

    Attributes:
        seeds: The seeds, one for each test.
        tests: The `RangeTest` of each.

    Raises:
        TypeError: If a test is none.
        ValueError: If there is no test, a seed occurs twice, or the rates differ.
    """

    seeds: tuple
    tests: tuple

    def __post_init__(self):
        object.__setattr__(self, "seeds", tuple(self.seeds))
        object.__setattr__(self, "tests", tuple(self.tests))
        for test in self.tests:
            if not isinstance(test, RangeTest):
                raise TypeError(f"A band holds RangeTest records; given was {type(test).__name__}.")
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
        if seed not in self.seeds:
            raise ValueError(f"No test has seed {seed!r}; seeds are {list(self.seeds)}.")
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
        each = [test.bounds() for test in self.tests]
        low, why_low = self._end([(one.min_rate, one.min_reason) for one in each])
        high, why_high = self._end([(one.max_rate, one.max_reason) for one in each])
        return Bounds(low, high, why_low, why_high)

    def curve(self):
        """Return the smoothed losses of all seeds in one frame.

        Returns:
            A frame with a row for each rate: `learning_rate`, `median`, `lowest`, `highest` of the
            smoothed loss, and `seeds`, how many still went on.
        """
        losses = np.full((len(self), len(self.rates)), np.nan)
        for row, test in zip(losses, self.tests):
            row[: len(test)] = test.smoothed
        going_on = np.isfinite(losses).sum(axis=0)
        # The last rate of all may have no finite loss at all.
        known = going_on > 0
        frame = pd.DataFrame({"learning_rate": self.rates[known]})
        for name, statistic in (
            ("median", np.nanmedian),
            ("lowest", np.nanmin),
            ("highest", np.nanmax),
        ):
            frame[name] = statistic(losses[:, known], axis=0)
        return frame.assign(seeds=going_on[known])

    def table(self):
        """Return a tidy frame: `seed`, then the columns of `RangeTest.table`."""
        tables = [test.table() for test in self.tests]
        for seed, table in zip(self.seeds, tables):
            table.insert(0, "seed", seed)
        return pd.concat(tables, ignore_index=True)

    def save(self, path):
        """Write everything to one JSON file and return its path."""
        tests = [test.to_dict() for test in self.tests]
        return storage.write(path, "RangeTestBand", {"seeds": list(self.seeds), "tests": tests})

    @classmethod
    def load(cls, path):
        """Read what `save` wrote."""
        content = storage.read(path, "RangeTestBand")
        return cls(content["seeds"], [RangeTest(**values) for values in content["tests"]])

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
