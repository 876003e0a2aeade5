"""Explorers: controls around pictures, to feel each idea. None needs TensorFlow until it runs."""

from helpers.explorers.base import Explorer
from helpers.explorers.running import TrainingExplorer
from helpers.explorers.shown import cycle_planner, descent, hop, restart_planner, sweep
from helpers.explorers.trained import bounds, layer_rates, train_a_cycle
