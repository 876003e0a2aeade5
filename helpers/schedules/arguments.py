"""What a schedule accepts: each check returns the argument in plain form, or raises."""

import math
from numbers import Integral, Real

import numpy as np

# Beyond this step a schedule is not defined: 2 ** 31 updates of a millisecond take 25 days.
MOST_STEPS = 2**31


def checked_rate(rate, name="rate"):
    """Return a learning rate as a Python float.

    Args:
        rate: An int, float or NumPy scalar, finite and >= 0.
        name: What to call it in an error.

    Returns:
        The rate; a float32 scalar gives the shortest decimal that rounds to it, so `float32(0.1)`
        is 0.1 and not 0.10000000149.

    Raises:
        TypeError: If it is not one number.
        ValueError: If it is negative, NaN or infinite.

    Example:
        >>> checked_rate(np.float32(0.1)), checked_rate(1)
        (0.1, 1.0)
    """
    value = checked_number(rate, name, like="a rate is one number, such as 0.01")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} is {rate!r}; allowed is a finite number >= 0, such as 0.01.")
    return value


def checked_number(value, name, like="allowed is one number"):
    """Return an int, float or NumPy scalar as a float."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); {like}.")
    try:
        return float(str(value)) if isinstance(value, np.floating) else float(value)
    except OverflowError:
        raise ValueError(f"{name} has {len(str(value))} digits; {like}.") from None


def positive_rate(rate, name):
    """Return a rate > 0."""
    value = checked_rate(rate, name)
    if value == 0:
        raise ValueError(f"{name} is 0; equal factors never leave 0; try 1e-6, or LinearRamp.")
    return value


def checked_share(value, name):
    """Return a number > 0 and <= 1 as a float."""
    number = checked_number(value, name)
    if not 0 < number <= 1:
        raise ValueError(f"{name} is {value!r}; allowed is more than 0 and at most 1; try 0.5.")
    return number


def one_or_more(value, name):
    """Return a finite number >= 1 as a float."""
    number = checked_number(value, name)
    if not (math.isfinite(number) and number >= 1):
        raise ValueError(f"{name} is {value!r}; allowed is a finite number >= 1; try 2.")
    return number


def checked_count(value, name, least=1):
    """Return a whole number, at most 2 ** 31, as an int."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}; allowed is a whole number >= {least}; try 100.")
    if not least <= value <= MOST_STEPS:
        raise ValueError(f"{name} is {value}; allowed is {least} to 2 ** 31; try 100.")
    return int(value)


def checked_steps(step):
    """Return steps as int64 of the same shape."""
    steps = np.asarray(step)
    if not np.issubdtype(steps.dtype, np.integer):
        raise TypeError(
            f"step has the type {steps.dtype}; steps count optimizer updates from 0: ints, please."
        )
    if steps.size and steps.min() < 0:
        raise ValueError(f"step {steps.min()} is negative; the first update is step 0.")
    if steps.size and steps.max() > MOST_STEPS:
        raise ValueError(f"step {steps.max()} is too large; allowed is 0 to 2 ** 31.")
    return steps.astype("int64")
