"""What was measured, as frozen records: tables, verdicts, save and load. No TensorFlow."""

from helpers.results.bounds import Bounds
from helpers.results.layerwise import movement_spread
from helpers.results.paired import Paired, paired_table
from helpers.results.range_test import RangeTest
from helpers.results.range_test_band import RangeTestBand
from helpers.results.records import Best, Run
from helpers.results.runs import Runs
from helpers.results.series import at_end, at_rate, series, tuned
from helpers.results.suggestions import RULES

__all__ = [
    "RULES",
    "Best",
    "Bounds",
    "Paired",
    "RangeTest",
    "RangeTestBand",
    "Run",
    "Runs",
    "at_end",
    "at_rate",
    "movement_spread",
    "paired_table",
    "series",
    "tuned",
]
