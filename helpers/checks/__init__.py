"""Bands for what a lesson claims, and checks for what a learner wrote.

A check accepts every correct answer, says in words what is wrong with another one, and never shows
the answer. `...` (Ellipsis) means: not attempted yet.
"""

from helpers.checks.cyclical_rates import (
    cycle_plan,
    read_cycle,
    triangular,
    triangular2,
    unknown_cycle,
)
from helpers.checks.differential_rates import first_rate, group_adam, rate_spread
from helpers.checks.facts import band, expect, fact
from helpers.checks.fair_comparison import (
    comparison_design,
    honest_report,
    paired_interval,
    read_tournament,
    unknown_tournament,
)
from helpers.checks.fixed_rate_sweep import grid_design, momentum_descent, usable_window
from helpers.checks.range_test import (
    range_test_design,
    read_range_test,
    smoothing,
    unknown_range_test,
)
from helpers.checks.warm_restarts import (
    cosine_restarts,
    growing_restarts,
    trough_ensemble,
    trough_epochs,
)

__all__ = [
    "band",
    "comparison_design",
    "cosine_restarts",
    "cycle_plan",
    "expect",
    "fact",
    "first_rate",
    "grid_design",
    "group_adam",
    "growing_restarts",
    "honest_report",
    "momentum_descent",
    "paired_interval",
    "range_test_design",
    "rate_spread",
    "read_cycle",
    "read_range_test",
    "read_tournament",
    "smoothing",
    "triangular",
    "triangular2",
    "trough_ensemble",
    "trough_epochs",
    "unknown_cycle",
    "unknown_range_test",
    "unknown_tournament",
    "usable_window",
]
