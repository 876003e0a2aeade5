"""Learning-rate schedules as pure functions of the step: NumPy only, frozen, no state."""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np


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
    if isinstance(rate, np.ndarray) and rate.ndim == 0:
        rate = rate[()]
    if isinstance(rate, (bool, np.bool_)) or not isinstance(rate, Real):
        raise TypeError(
            f"{name} is {rate!r} ({type(rate).__name__}); a rate is one number, such as 0.01."
        )
    value = float(str(rate)) if isinstance(rate, np.floating) else float(rate)
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} is {rate!r}; allowed is a finite number >= 0, such as 0.01.")
    return value


def _checked_steps(step):
    steps = np.asarray(step)
    if not np.issubdtype(steps.dtype, np.integer):
        raise TypeError(
            f"step has the type {steps.dtype}; steps count optimizer updates from 0: ints, please."
        )
    if steps.size and steps.min() < 0:
        raise ValueError(f"step {steps.min()} is negative; the first update is step 0.")
    return steps


@dataclass(frozen=True)
class Constant:
    """The same learning rate at every update.

    Attributes:
        rate: The rate, >= 0; ints and NumPy scalars are accepted.

    Raises:
        TypeError: If the rate is not one number.
        ValueError: If the rate is negative, NaN or infinite.

    Example:
        >>> Constant(1)([0, 1, 2]).tolist()
        [1.0, 1.0, 1.0]
    """

    rate: float

    def __post_init__(self):
        object.__setattr__(self, "rate", checked_rate(self.rate))

    def __call__(self, step):
        """Return the rate at a step.

        Args:
            step: Optimizer update, 0-based: an int, or ints of any shape.

        Returns:
            float64, a scalar or an array of the shape of `step`.
        """
        return np.full(_checked_steps(step).shape, self.rate)[()]
