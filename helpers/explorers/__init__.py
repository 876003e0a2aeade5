"""Explorers: controls around pictures, to feel each idea. None needs TensorFlow until it runs."""

from helpers.explorers.base import Explorer, TrainingExplorer
from helpers.explorers.shown import change_setting, cycle_planner, descent, hop, restart_planner
from helpers.explorers.trained import bounds, layer_rates, sweep, train_a_cycle
