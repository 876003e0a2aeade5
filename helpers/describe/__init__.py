"""Records in, one-sentence descriptions out: alt text, captions and status lines."""

from helpers.describe.comparisons import describe_anytime, describe_paired, describe_series
from helpers.describe.hopping import (
    describe_hop_difference,
    describe_hop_shares,
    describe_hops,
)
from helpers.describe.landscapes import describe_descent
from helpers.describe.layerwise import describe_layer_rates, describe_movement
from helpers.describe.range_test import describe_range_test, describe_range_test_band
from helpers.describe.runs import describe_best, describe_histories, describe_sweep
from helpers.describe.schedules import (
    describe_cycles,
    describe_rate_and_momentum,
    describe_schedules,
)

__all__ = [
    "describe_anytime",
    "describe_best",
    "describe_cycles",
    "describe_descent",
    "describe_histories",
    "describe_hop_difference",
    "describe_hop_shares",
    "describe_hops",
    "describe_layer_rates",
    "describe_movement",
    "describe_paired",
    "describe_range_test",
    "describe_range_test_band",
    "describe_rate_and_momentum",
    "describe_schedules",
    "describe_series",
    "describe_sweep",
]
