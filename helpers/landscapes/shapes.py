"""The landscapes: a parabola, a curve with two wells, and a bowl."""

import dataclasses
import functools
import typing

import numpy as np

from helpers.landscapes.arguments import as_position, positive


@dataclasses.dataclass(frozen=True)
class Parabola:
    """The loss `curvature / 2 * x**2`: the one-dimensional quadratic.

    Args:
        curvature: Second derivative of the loss, the same everywhere, > 0.

    Raises:
        TypeError: If `curvature` is not a number.
        ValueError: If `curvature` is not positive and finite.

    Example:
        >>> Parabola(curvature=4).loss(3)
        18.0
        >>> Parabola(curvature=4).gradient(3).tolist()
        [12.0]
    """

    curvature: float = 1.0
    dimensions: typing.ClassVar[int] = 1
    view: typing.ClassVar[tuple] = ((-4.0, 4.0),)
    minimum: typing.ClassVar[tuple] = (0.0,)

    def __post_init__(self):
        object.__setattr__(self, "curvature", positive("curvature", self.curvature, try_="1.0"))

    @property
    def curvatures(self):
        """The curvatures at the minimum, smallest first."""
        return (self.curvature,)

    def loss(self, position):
        """Loss at one position (a number or an array of shape `(1,)`), or at `n` (`(n, 1)`)."""
        return _loss(self, position, lambda x: self.curvature / 2 * x**2)

    def gradient(self, position):
        """Gradient at one position, as a float64 array of shape `(1,)`."""
        return self.curvature * as_position(self, position)


@dataclasses.dataclass(frozen=True)
class TwoWells:
    """A curve with a deep well near x = -2 and a shallow one near x = 2, rising steeply outside.

    The loss is `barrier * ((x / 2)**2 - 1)**2 + tilt * x`, less a constant that makes the lowest
    loss 0. It is no quadratic: its curvature, about `2 * barrier` in the wells, changes with x, is
    negative between the wells, and grows without end outside.

    Args:
        barrier: Height of the hill between the wells above their mean, > 0.
        tilt: How much the loss rises per unit of x, in `(0, barrier)`; more than about
            `0.77 * barrier` leaves no shallow well.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is outside its range.

    Example:
        >>> curve = TwoWells()
        >>> round(curve.minimum[0], 2)
        -2.09
        >>> round(curve.loss(2), 1)
        0.4
    """

    barrier: float = 0.5
    tilt: float = 0.1
    dimensions: typing.ClassVar[int] = 1
    view: typing.ClassVar[tuple] = ((-4.0, 4.0),)

    def __post_init__(self):
        object.__setattr__(self, "barrier", positive("barrier", self.barrier, try_="0.5"))
        object.__setattr__(self, "tilt", positive("tilt", self.tilt, try_="0.1"))
        if self.tilt >= self.barrier:
            raise ValueError(
                f"tilt is {self.tilt:g}; allowed is more than 0 and less than barrier "
                f"({self.barrier:g}); try a fifth of it."
            )

    @functools.cached_property
    def minimum(self):
        """The bottom of the deep well, as a tuple of one number."""
        roots = np.roots([self.barrier / 4, 0, -self.barrier, self.tilt])
        return (min(float(root.real) for root in roots if abs(root.imag) < 1e-9),)

    @property
    def curvatures(self):
        """The curvature at the bottom of the deep well, in a tuple like that of the quadratics."""
        (bottom,) = self.minimum
        return (self.barrier * (0.75 * bottom**2 - 1),)

    def loss(self, position):
        """Loss at one position (a number or an array of shape `(1,)`), or at `n` (`(n, 1)`)."""
        lowest = self._height(self.minimum[0])
        return _loss(self, position, lambda x: self._height(x) - lowest)

    def gradient(self, position):
        """Gradient at one position, as a float64 array of shape `(1,)`."""
        x = as_position(self, position)
        return self.barrier * x * ((x / 2) ** 2 - 1) + self.tilt

    def _height(self, x):
        return self.barrier * ((x / 2) ** 2 - 1) ** 2 + self.tilt * x


@dataclasses.dataclass(frozen=True)
class Bowl:
    """The loss `(x**2 + elongation * y**2) / 2`: curvature 1 along x and `elongation` along y.

    Args:
        elongation: The larger curvature, >= 1. At 1 the bowl is round; else lines of equal loss are
            `sqrt(elongation)` times as long as they are wide.

    Raises:
        TypeError: If `elongation` is not a number.
        ValueError: If `elongation` is below 1 or not finite.

    Example:
        >>> Bowl(elongation=10).loss([2, 1])
        7.0
        >>> Bowl(elongation=10).gradient([2, 1]).tolist()
        [2.0, 10.0]
    """

    elongation: float = 10.0
    dimensions: typing.ClassVar[int] = 2
    view: typing.ClassVar[tuple] = ((-4.0, 4.0), (-1.6, 1.6))
    minimum: typing.ClassVar[tuple] = (0.0, 0.0)

    def __post_init__(self):
        elongation = positive("elongation", self.elongation, try_="10")
        if elongation < 1:
            raise ValueError(
                f"elongation is {elongation:g}; allowed is 1 or more; try {1 / elongation:g}, "
                "the same bowl turned round."
            )
        object.__setattr__(self, "elongation", elongation)

    @property
    def curvatures(self):
        """The curvatures at the minimum, smallest first."""
        return (1.0, self.elongation)

    def loss(self, position):
        """Loss at one position (array-like of shape `(2,)`), or at `n` of them (`(n, 2)`)."""
        return _loss(self, position, lambda x, y: (x**2 + self.elongation * y**2) / 2)

    def gradient(self, position):
        """Gradient at one position, as a float64 array of shape `(2,)`."""
        return np.array([1.0, self.elongation]) * as_position(self, position)


def _loss(landscape, position, formula):
    """Apply a formula of one argument per dimension to one position, or to an array of them."""
    positions = np.asarray(position)
    if positions.ndim == 2 and positions.shape[1] == landscape.dimensions:
        return formula(*positions.T.astype(float))
    return float(formula(*as_position(landscape, position)))
