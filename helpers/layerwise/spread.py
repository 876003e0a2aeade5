"""The rates of the groups: how to spread them, and what they are at present."""

from helpers.layerwise.groups import rate_of
from helpers.layerwise.optimizer import optimizer_of
from helpers.schedules import checked_count, checked_rate


def geometric(count, ratio):
    """Return multipliers that fall by equal factors from the head to the first layers.

    Args:
        count: Number of groups, >= 1.
        ratio: A group's rate over that of the group before it, > 0; 10 is a common guess, and
            Howard and Ruder take 2.6 from layer to layer.

    Returns:
        A list of floats; the last is 1.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is out of bounds.

    References:
        J. Howard and S. Ruder, "Universal language model fine-tuning for text classification",
        arXiv:1801.06146, section 3.2.

    Example:
        >>> geometric(3, 10)
        [0.01, 0.1, 1.0]
    """
    count = checked_count(count, "count")
    ratio = checked_rate(ratio, "ratio")
    if ratio == 0:
        raise ValueError("ratio is 0; allowed is a number above 0; try 10, or 2.6.")
    return [1 / ratio**distance for distance in reversed(range(count))]


def rates(model):
    """Return the learning rate that each group of a model has at present.

    Args:
        model: A model compiled with an optimizer that `differential` made.

    Returns:
        A list of floats, the group nearest to the input first. Where a schedule drives the rate,
        these are the rates of the next update.

    Raises:
        TypeError: If `model` is no Keras model.
        ValueError: If it is not compiled with such an optimizer.
    """
    optimizer = optimizer_of(model)
    return [rate_of(optimizer) * multiplier for multiplier in optimizer.multipliers]
