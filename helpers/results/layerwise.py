"""What was measured for each group of layers, over several seeds."""

import numpy as np
import pandas as pd


def movement_spread(movements):
    """Return how far each group moved under each treatment: median and range over seeds.

    Args:
        movements: Dict of a treatment's name to what `layerwise.movement` returned, or to a list of
            such frames, one for each seed; or to numbers, one for each group, or rows of them, a
            row for each seed.

    Returns:
        A frame with one row for each treatment and group: `treatment`, `group` (from 0), `median`,
        `lowest`, `highest`, `seeds`. A group is NaN where one of its seeds is.

    Raises:
        TypeError: If `movements` is no dict.
        ValueError: If there is no treatment, their numbers of groups differ, or a number is below
            0.

    Example:
        >>> movement_spread({"one rate": [[0.1, 0.4], [0.3, 0.8]]})["median"].round(3).tolist()
        [0.2, 0.6]
    """
    if not isinstance(movements, dict):
        raise TypeError(
            f"movements is of type {type(movements).__name__}; give a dict of a treatment's name "
            "to what layerwise.movement returned."
        )
    rows = {name: _by_seed(name, given) for name, given in movements.items()}
    counts = {seeds.shape[1] for seeds in rows.values()}
    if len(counts) != 1:
        raise ValueError(
            f"movements is of {sorted(counts) or 'no'} groups; give one treatment or more, all of "
            "the same groups."
        )
    records = [
        {
            "treatment": name,
            "group": group,
            "median": np.median(values),
            "lowest": values.min(),
            "highest": values.max(),
            "seeds": len(values),
        }
        for name, seeds in rows.items()
        for group, values in enumerate(seeds.T)
    ]
    return pd.DataFrame(records)


def _by_seed(name, given):
    """Return movements as an array: seeds by groups."""
    given = [given] if isinstance(given, pd.DataFrame) else given
    rows = [each["movement"] if isinstance(each, pd.DataFrame) else each for each in given]
    seeds = np.atleast_2d(np.array(rows, dtype="float64"))
    if seeds.ndim > 2 or not seeds.size:
        raise ValueError(f"{name!r} has the shape {seeds.shape}; give a number for each group.")
    if (seeds < 0).any():
        raise ValueError(f"{name!r} has a movement below 0; it is a ratio of two norms.")
    return seeds
