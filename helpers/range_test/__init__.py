"""The range test: one run with a rising learning rate, and the model as it was afterwards."""

from helpers.range_test.per_group import run_groups
from helpers.range_test.progress import RangeTestProgress
from helpers.range_test.running import iterate, run, run_seeds

__all__ = ["RangeTestProgress", "iterate", "run", "run_groups", "run_seeds"]
