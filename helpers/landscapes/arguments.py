"""Checks of arguments: each returns the argument in its plain form or says what is allowed."""

import numbers

import numpy as np


def as_position(landscape, position):
    """Return a position as a float64 array of shape `(dimensions,)`."""
    try:
        array = np.atleast_1d(np.asarray(position, dtype=float))
    except (TypeError, ValueError):
        raise TypeError(
            f"position is {position!r}; allowed is one number per dimension, "
            f"so {landscape.dimensions} of them."
        ) from None
    if array.shape != (landscape.dimensions,):
        raise ValueError(
            f"position {position!r} has shape {array.shape}; allowed on {landscape!r} is "
            f"{landscape.dimensions} number(s), one per dimension."
        )
    return array


def number(name, value, try_):
    """Return a real number (int, float, NumPy scalar) as a float, or say what was given instead."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Real, np.number)):
        raise TypeError(f"{name} is {value!r}; allowed is a number; try {try_}.")
    return float(value)


def positive(name, value, try_):
    """Return a positive, finite number as a float."""
    result = number(name, value, try_)
    if not 0 < result < np.inf:
        raise ValueError(f"{name} is {result:g}; allowed is more than 0 and finite; try {try_}.")
    return result


def momentum_share(value):
    """Return a momentum in [0, 1) as a float."""
    momentum = number("momentum", value, try_="0.9")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is {momentum:g}; allowed is 0 or more and below 1; try 0.9.")
    return momentum


def whole(name, value, low, high):
    """Return a whole number from `low` to `high` as an int."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Integral, np.integer)):
        raise TypeError(f"{name} is {value!r}; allowed is a whole number; try 50.")
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; allowed is {low} to {high}; try 50.")
    return int(value)


def curvature_list(curvature):
    """Return one curvature or several as a list of positive floats."""
    several = np.atleast_1d(np.asarray(curvature, dtype=object)).ravel()
    if several.size == 0:
        raise ValueError("curvature is empty; give one curvature or several; try (1, 10).")
    return [positive("curvature", value, try_="1.0") for value in several]
