"""The course's networks: small ones that train in seconds, and bases trained by others."""

from helpers.models.bases import (
    BASES,
    MINIMUM_IMAGE_SIZE,
    build_head,
    build_on_base,
    cut_head,
    frozen_base,
    unfreeze_base,
)
from helpers.models.building import compiled
from helpers.models.densely_connected import build_densely_connected_net
from helpers.models.plain import build_convnet, build_dense_net, build_sigmoid_net
from helpers.models.residual import StochasticDepth, build_residual_net

__all__ = [
    "BASES",
    "MINIMUM_IMAGE_SIZE",
    "StochasticDepth",
    "build_convnet",
    "build_dense_net",
    "build_densely_connected_net",
    "build_head",
    "build_on_base",
    "build_residual_net",
    "build_sigmoid_net",
    "compiled",
    "cut_head",
    "frozen_base",
    "unfreeze_base",
]
