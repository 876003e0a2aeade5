"""Records in, matplotlib figures out: `plot_x(result, *, ax=None) -> Figure`, without pyplot."""

from helpers.plotting.comparisons import plot_anytime, plot_paired, plot_series
from helpers.plotting.landscapes import plot_descent, plot_descent_losses, plot_descents
from helpers.plotting.runs import plot_histories, plot_learning_curves, plot_sweep
from helpers.plotting.style import LOOKS, PALETTE, SERIES, new_figure, show, to_png

__all__ = [
    "LOOKS",
    "PALETTE",
    "SERIES",
    "new_figure",
    "plot_anytime",
    "plot_descent",
    "plot_descent_losses",
    "plot_descents",
    "plot_histories",
    "plot_learning_curves",
    "plot_paired",
    "plot_series",
    "plot_sweep",
    "show",
    "to_png",
]
