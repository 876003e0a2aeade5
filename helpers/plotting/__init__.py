"""Records in, matplotlib figures out: `plot_x(result, *, ax=None) -> Figure`, without pyplot."""

from helpers.plotting.style import LOOKS, PALETTE, SERIES, new_figure, show, to_png

__all__ = ["LOOKS", "PALETTE", "SERIES", "new_figure", "show", "to_png"]
