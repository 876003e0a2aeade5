"""Controls around plotting and describe: one function per explorer, each returning an `Explorer`.

Nothing else in the package imports ipywidgets, and nothing here imports TensorFlow.
"""

from helpers.explorers.base import Explorer
from helpers.explorers.bounds import bounds
from helpers.explorers.hopping import hop
from helpers.explorers.landscapes import descent
from helpers.explorers.layer_rates import layer_rates
from helpers.explorers.runs import sweep
from helpers.explorers.schedules import cycle_planner, restart_planner, train_a_cycle
from helpers.explorers.training import TrainingExplorer

__all__ = [
    "Explorer",
    "TrainingExplorer",
    "bounds",
    "cycle_planner",
    "descent",
    "hop",
    "layer_rates",
    "restart_planner",
    "sweep",
    "train_a_cycle",
]
