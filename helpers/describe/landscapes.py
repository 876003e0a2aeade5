"""Sentences about walks down a loss landscape."""

from helpers.landscapes import Bowl, Parabola, TwoWells


def describe_descent(descent, tolerance=0.01):
    """Say in one sentence where a walk down a landscape led.

    Args:
        descent: A `Descent`.
        tolerance: Loss at or below which the walk counts as converged, > 0.

    Returns:
        One sentence of at most 200 characters with rate, momentum, losses and updates.

    Raises:
        ValueError: If `tolerance` is not positive and finite.

    Example:
        >>> from helpers.landscapes import Parabola, descend
        >>> print(describe_descent(descend(Parabola(), 4, rate=0.5, steps=20)))
        Descent on a parabola of curvature 1, rate 0.5, momentum 0: the loss goes from 8 to 7.28e-12
        in 20 updates and stays at or below 0.01 after update 5.
    """
    converged = descent.converged_at(tolerance)
    start, end = descent.losses[[0, -1]]
    walk = f"from {start:.3g} to {end:.3g} in {descent.updates} updates"
    if descent.diverged:
        outcome = f"it diverges, the loss grows {walk}"
    elif converged is None:
        outcome = f"the loss goes {walk} and has not settled at {tolerance:g}"
    else:
        outcome = (
            f"the loss goes {walk} and stays at or below {tolerance:g} after update {converged}"
        )
    settings = f"rate {descent.rate:.3g}, momentum {descent.momentum:.3g}"
    return f"Descent on {_name(descent.landscape)}, {settings}: {outcome}."


def _name(landscape):
    """Name a landscape with the numbers that shape it."""
    if isinstance(landscape, Parabola):
        return f"a parabola of curvature {landscape.curvature:g}"
    if isinstance(landscape, TwoWells):
        return "a curve with two wells"
    if isinstance(landscape, Bowl):
        return f"a bowl of curvatures 1 and {landscape.elongation:g}"
    return f"a landscape in {landscape.dimensions} dimension(s)"
