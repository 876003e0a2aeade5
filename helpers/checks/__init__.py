"""Bands for what a lesson claims, and checks for what a learner wrote.

A check accepts every correct answer, says in words what is wrong with another one, and never shows
the answer. `...` (Ellipsis) means: not attempted yet.
"""

from helpers.checks.facts import band, expect, fact
from helpers.checks.fixed_rate_sweep import grid_design, momentum_descent, usable_window

__all__ = ["band", "expect", "fact", "grid_design", "momentum_descent", "usable_window"]
