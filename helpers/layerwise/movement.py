"""`movement`: how far training moved each group, relative to its size."""

import numpy as np
import pandas as pd

from helpers.layerwise.groups import check_groups


def movement(groups, before):
    """Return how far the weights of each group are from what they were.

    Args:
        groups: A `LayerGroups`.
        before: What `groups.values()` returned earlier.

    Returns:
        A frame with one row a group: `group`, `change` (norm of the difference), `size` (norm of
        the weights before) and `movement` (the first over the second; infinite where weights left
        0, and 0 where nothing changed).

    Raises:
        TypeError: If `groups` is no `LayerGroups`.
        ValueError: If `before` is of other groups or other shapes.

    Example:
        >>> import keras
        >>> from helpers.layerwise import split
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, use_bias=False)])
        >>> model.set_weights([np.ones((3, 4))])
        >>> groups = split(model, at=[])
        >>> before = groups.values()
        >>> model.set_weights([np.full((3, 4), 1.5)])
        >>> movement(groups, before)["movement"].tolist()
        [0.5]
    """
    check_groups(groups)
    now = groups.values()
    shapes = [[[value.shape for value in group] for group in each] for each in (now, before)]
    if shapes[0] != shapes[1]:
        raise ValueError("before is of other groups; take it from groups.values() of this split.")
    change = np.array([_norm(b - a for a, b in zip(*pair)) for pair in zip(before, now)])
    size = np.array([_norm(group) for group in before])
    with np.errstate(divide="ignore"):
        ratio = np.divide(change, size, out=np.zeros_like(change), where=change > 0)
    group = range(len(groups))
    return pd.DataFrame({"group": group, "change": change, "size": size, "movement": ratio})


def _norm(arrays):
    """Return the Euclidean norm of all numbers of several arrays."""
    return float(np.sqrt(sum(np.sum(np.square(array, dtype="float64")) for array in arrays)))
