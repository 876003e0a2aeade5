"""Records in, matplotlib figures out: `plot_x(result, *, ax=None) -> Figure`, without pyplot."""

from helpers.plotting.comparisons import plot_anytime, plot_paired, plot_series
from helpers.plotting.hopping import plot_hop_shares, plot_hops
from helpers.plotting.landscapes import plot_descent, plot_descent_losses, plot_descents
from helpers.plotting.layerwise import plot_layer_rates, plot_movement
from helpers.plotting.range_test import plot_range_test, plot_range_test_band
from helpers.plotting.runs import plot_histories, plot_learning_curves, plot_sweep
from helpers.plotting.schedules import plot_rate_and_momentum, plot_schedules
from helpers.plotting.style import LOOKS, PALETTE, SERIES, label_axes, new_figure, show, to_png

__all__ = [
    "LOOKS",
    "PALETTE",
    "SERIES",
    "label_axes",
    "new_figure",
    "plot_anytime",
    "plot_descent",
    "plot_descent_losses",
    "plot_descents",
    "plot_histories",
    "plot_hop_shares",
    "plot_hops",
    "plot_layer_rates",
    "plot_learning_curves",
    "plot_movement",
    "plot_paired",
    "plot_range_test",
    "plot_range_test_band",
    "plot_rate_and_momentum",
    "plot_schedules",
    "plot_series",
    "plot_sweep",
    "show",
    "to_png",
]
