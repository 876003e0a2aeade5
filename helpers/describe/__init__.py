"""Records in, one-sentence descriptions out: alt text, captions and status lines."""

from helpers.describe.comparisons import describe_anytime, describe_paired, describe_series
from helpers.describe.landscapes import describe_descent
from helpers.describe.runs import describe_best, describe_histories, describe_sweep

__all__ = [
    "describe_anytime",
    "describe_best",
    "describe_descent",
    "describe_histories",
    "describe_paired",
    "describe_series",
    "describe_sweep",
]
