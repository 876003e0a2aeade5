"""Source A's experiment: a pre-trained network on CIFAR-10, three rates, restarts that double."""

from helpers.source_a.experiment import (
    ONE_RATE,
    SIZES,
    SOURCE_MULTIPLIERS,
    Policy,
    Size,
    source_a,
    train,
)
from helpers.source_a.network import SPLIT_LAYERS, build_in_groups, build_upsampled_base

__all__ = [
    "ONE_RATE",
    "SIZES",
    "SOURCE_MULTIPLIERS",
    "SPLIT_LAYERS",
    "Policy",
    "Size",
    "build_in_groups",
    "build_upsampled_base",
    "source_a",
    "train",
]
