"""What is too large to run in a lesson: measured by one command, stored, drawn by the lesson."""

from helpers.experiments import (
    cyclical_rates,
    differential_rates,
    fair_comparison,
    range_tests,
    smith,
    source_a,
    sweeps,
    warm_restarts,
)
from helpers.experiments.record import RESULTS, Experiment
from helpers.experiments.sweeps import DIGITS_RATES

EXPERIMENTS = {
    experiment.name: experiment
    for lesson in (
        sweeps,
        range_tests,
        cyclical_rates,
        warm_restarts,
        differential_rates,
        fair_comparison,
        source_a,
        smith,
    )
    for experiment in lesson.EXPERIMENTS
}

__all__ = ["DIGITS_RATES", "EXPERIMENTS", "RESULTS", "Experiment"]
