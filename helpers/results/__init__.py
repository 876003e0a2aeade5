"""What was measured, as frozen records: tables, verdicts, save and load. No TensorFlow."""

from helpers.results.paired import Paired
from helpers.results.records import Best, Run
from helpers.results.runs import Runs
from helpers.results.series import at_end, at_rate, series, tuned

__all__ = ["Best", "Paired", "Run", "Runs", "at_end", "at_rate", "series", "tuned"]
