"""The explorer *Bounds*."""

from helpers.explorers.bounds.explorer import bounds

__all__ = ["bounds"]
