"""Records as figures: pure functions, each of which returns a figure with its own sentence.

`show(figure)` puts both on the page. Color is never the only key, and nothing here needs
TensorFlow.
"""

from helpers.plotting.range_test import plot_range_test
from helpers.plotting.rates import plot_layer_rates, plot_lines, plot_schedules
from helpers.plotting.runs import plot_paired, plot_runs, plot_sweep
from helpers.plotting.style import LOOKS, PALETTE, SERIES, described, new_figure, show
from helpers.plotting.walks import plot_descent, plot_hop_shares, plot_hops
