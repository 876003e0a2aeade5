"""Gradient descent on a landscape, and the rates at which it works on a quadratic."""

import dataclasses

import numpy as np

from helpers.landscapes.arguments import (
    as_position,
    curvature_list,
    momentum_share,
    positive,
    whole,
)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Descent:
    """A walk down a landscape, as `descend` returns it.

    Attributes:
        landscape: The landscape that was walked down.
        rate: The learning rate.
        momentum: The momentum.
        steps: Updates asked for. Fewer were made where the loss overflowed.
        path: Positions, float64 of shape `(updates + 1, dimensions)`; row 0 is the start.
        losses: Loss at each position, float64 of shape `(updates + 1,)`; all finite.
        overflowed: Whether the next loss would have been too large for a float64.
    """

    landscape: object
    rate: float
    momentum: float
    steps: int
    path: np.ndarray
    losses: np.ndarray
    overflowed: bool

    @property
    def updates(self):
        """Updates that were made."""
        return len(self.path) - 1

    @property
    def diverged(self):
        """Whether the walk ended outside the `view` and above its start, or overflowed."""
        low, high = np.transpose(self.landscape.view)
        outside = bool(((self.path[-1] < low) | (self.path[-1] > high)).any())
        return self.overflowed or (outside and bool(self.losses[-1] > self.losses[0]))

    def converged_at(self, tolerance=0.01):
        """Count the updates after which the loss stays at or below a tolerance.

        Args:
            tolerance: Loss, in the units of the landscape (its lowest loss is 0), > 0.

        Returns:
            The number of updates after which the loss is at or below `tolerance` and stays there to
            the end of the walk; 0 where it began there; None where it ended above it.

        Raises:
            TypeError: If `tolerance` is not a number.
            ValueError: If `tolerance` is not positive and finite.

        Example:
            >>> from helpers.landscapes import Parabola
        >>> descend(Parabola(), 4, rate=0.5, steps=20).converged_at(0.5)
            2
        """
        tolerance = positive("tolerance", tolerance, try_="0.01")
        above = np.flatnonzero(self.losses > tolerance)
        updates = int(above[-1]) + 1 if above.size else 0
        return None if self.overflowed or updates > self.updates else updates

    def __repr__(self):
        return (
            f"Descent({self.landscape!r}, rate={self.rate:g}, momentum={self.momentum:g}, "
            f"updates={self.updates}, loss {self.losses[0]:.3g} to {self.losses[-1]:.3g})"
        )


def descend(landscape, start, *, rate, momentum=0.0, steps=50):
    """Walk down a landscape by gradient descent, with the update rule of Keras's `SGD`.

    Each update does `velocity = momentum * velocity - rate * gradient(position)`, then
    `position = position + velocity`; the velocity starts at 0.

    Args:
        landscape: A `Parabola`, `TwoWells` or `Bowl`, or anything that offers the same.
        start: Where to begin: a number in one dimension, else array-like of shape `(dimensions,)`.
        rate: Learning rate, > 0.
        momentum: Share of the last update that is kept, in [0, 1).
        steps: Number of updates, 1 to 100,000.

    Returns:
        A `Descent`. Where the loss grows beyond what a float64 can hold, the walk ends before that
        update, without a warning.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range or `start` has the wrong shape.

    Example:
        >>> from helpers.landscapes import Parabola
        >>> walk = descend(Parabola(curvature=1), 8, rate=0.5, steps=3)
        >>> walk.path.ravel().tolist()
        [8.0, 4.0, 2.0, 1.0]
        >>> walk.diverged
        False
    """
    rate = positive("rate", rate, try_="0.1")
    momentum = momentum_share(momentum)
    steps = whole("steps", steps, 1, 100_000)
    path = [as_position(landscape, start)]
    with np.errstate(over="ignore", invalid="ignore"):
        losses = [landscape.loss(path[0])]
    if not np.isfinite(losses[0]):
        raise ValueError(
            f"start is {start!r}, where the loss is {losses[0]}; allowed is a start with a finite "
            f"loss; try one inside the view {landscape.view}."
        )
    velocity = np.zeros_like(path[0])
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            velocity = momentum * velocity - rate * landscape.gradient(path[-1])
            position = path[-1] + velocity
            loss = landscape.loss(position)
            if not np.isfinite(loss):
                break
            path.append(position)
            losses.append(loss)
    overflowed = len(path) <= steps
    return Descent(landscape, rate, momentum, steps, np.array(path), np.array(losses), overflowed)


def critical_rate(curvature, momentum=0.0):
    """Return the learning rate above which descent on a quadratic diverges.

    Along an axis of curvature c, the distance from the minimum obeys
    `x[t+1] = (1 + momentum - rate * c) * x[t] - momentum * x[t-1]`. Its characteristic polynomial
    `z**2 - (1 + momentum - rate * c) * z + momentum` has both roots inside the unit circle exactly
    where `|1 + momentum - rate * c| < 1 + momentum`, which is `0 < rate * c < 2 * (1 + momentum)`.
    The largest curvature is the first to break this.

    Args:
        curvature: One curvature, or several of which the largest counts (`landscape.curvatures`);
            all > 0.
        momentum: Share of the last update that is kept, in [0, 1).

    Returns:
        `2 * (1 + momentum) / largest curvature`, as a float.

    Raises:
        TypeError: If an argument is not a number (or several).
        ValueError: If a curvature is not positive and finite, or momentum is outside [0, 1).

    Example:
        >>> critical_rate(10)
        0.2
        >>> critical_rate((1, 10), momentum=0.5)
        0.3

    References:
        G. Goh, Why Momentum Really Works, Distill, 2017, https://distill.pub/2017/momentum: the
        range of step sizes, 0 < alpha * lambda < 2 + 2 * beta.
    """
    return 2 * (1 + momentum_share(momentum)) / max(curvature_list(curvature))


def best_rate(curvature):
    """Return the rate without momentum that shrinks the slowest axis of a quadratic the fastest.

    One update multiplies the distance along an axis of curvature c by `|1 - rate * c|`. The largest
    of these factors is smallest where the flattest and the steepest axis share it.

    Args:
        curvature: One curvature, or several (`landscape.curvatures`); all > 0.

    Returns:
        `2 / (smallest + largest curvature)`, as a float.

    Raises:
        TypeError: If `curvature` is not a number (or several).
        ValueError: If a curvature is not positive and finite.

    Example:
        >>> best_rate((1, 9))
        0.2

    References:
        G. Goh, Why Momentum Really Works, Distill, 2017, https://distill.pub/2017/momentum: the
        section "Choosing A Step-size".
    """
    curvatures = curvature_list(curvature)
    return 2 / (min(curvatures) + max(curvatures))
