"""Train one model many times: each rate or schedule with each seed, compiled and traced once."""

from helpers.training.features import cache_features
from helpers.training.held_out import measure_on, predict_logits
from helpers.training.steps import RecordSteps
from helpers.training.sweeps import compare, iterate, sweep

__all__ = [
    "RecordSteps",
    "cache_features",
    "compare",
    "iterate",
    "measure_on",
    "predict_logits",
    "sweep",
]
