"""Differential rates: one optimizer, a learning rate for each group of layers.

Importing this module registers its optimizers: a program that loads a saved model imports it first.
"""

from helpers.layerwise.groups import LayerGroups, split
from helpers.layerwise.making import differential
from helpers.layerwise.movement import movement
from helpers.layerwise.spread import geometric, rates
from helpers.layerwise.unfreezing import GradualUnfreezing, unfreeze

__all__ = [
    "GradualUnfreezing",
    "LayerGroups",
    "differential",
    "geometric",
    "movement",
    "rates",
    "split",
    "unfreeze",
]
