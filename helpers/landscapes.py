"""Loss landscapes small enough to draw, and gradient descent on them (NumPy only).

A landscape has one or two dimensions. It offers `loss(position)` and `gradient(position)` for one
position or for an array of them, `(n, dimensions)`; its lowest loss is 0 at `minimum`, and `view`
is the part worth drawing, one `(low, high)` pair per dimension.
"""

from dataclasses import dataclass

import numpy as np

from helpers.results import Paired
from helpers.schedules import checked_count, checked_rate


class Quadratic:
    """The loss of a quadratic with its minimum at 0, from its `curvatures` along each axis."""

    def __post_init__(self):
        checked_rate(max(self.curvatures), "curvature", above=True)

    def loss(self, position):
        """Loss at one position, or at `n` of them."""
        return np.atleast_1d(np.asarray(position, "float64")) ** 2 @ self.curvatures / 2

    def gradient(self, position):
        """Gradient, of the shape of `position`."""
        return np.asarray(position, "float64") * self.curvatures


@dataclass(frozen=True)
class Parabola(Quadratic):
    """The loss `curvature / 2 * x**2`: the one-dimensional quadratic.

    Args:
        curvature: Second derivative of the loss, the same everywhere, > 0.

    Example:
        >>> float(Parabola(curvature=4).loss(3)), Parabola(curvature=4).gradient([3]).tolist()
        (18.0, [12.0])
    """

    curvature: float = 1.0
    dimensions, view, minimum = 1, ((-4.0, 4.0),), (0.0,)

    def __str__(self):
        return f"a parabola of curvature {self.curvature:g}"

    @property
    def curvatures(self):
        """The curvatures at the minimum, smallest first."""
        return (self.curvature,)


@dataclass(frozen=True)
class Bowl(Quadratic):
    """The loss `(x**2 + elongation * y**2) / 2`: curvature 1 along x and `elongation` along y.

    Args:
        elongation: The larger curvature, >= 1. At 1 the bowl is round; else lines of equal loss are
            `sqrt(elongation)` times as long as they are wide.

    Example:
        >>> float(Bowl(elongation=10).loss([2, 1])), Bowl(elongation=10).gradient([2, 1]).tolist()
        (7.0, [2.0, 10.0])
    """

    elongation: float = 10.0
    dimensions, view, minimum = 2, ((-4.0, 4.0), (-1.6, 1.6)), (0.0, 0.0)

    def __str__(self):
        return f"a bowl of curvatures 1 and {self.elongation:g}"

    @property
    def curvatures(self):
        """The curvatures at the minimum, smallest first."""
        return (1.0, self.elongation)


@dataclass(frozen=True)
class Basins:
    """A one-dimensional loss of several basins side by side, with hills of one height in between.

    From hilltop to hilltop, a basin of depth d and width w around its bottom b is the cosine
    `hill - d / 2 * (1 + cos(2 * pi * (x - b) / w))`; `hill` is the depth of the deepest basin, so
    that the lowest loss is 0. Outside the two outermost bottoms the loss follows the cosine to its
    steepest point and goes on from there in a straight line, which pushes every walk back.

    Args:
        depths: How far each bottom lies below the hills, from left to right, two or more, each > 0.
        widths: Distance from hill to hill of each basin, as many as there are depths, each > 0.

    Attributes:
        bottoms: Where each basin is lowest, from left to right.
        deepest: Which basin is the deepest, counted from 0 at the left.
        minimum: The bottom of the deepest basin, as a tuple of one number.
        curvatures: The curvature there, in a tuple like that of the quadratics.
        view: The part worth drawing: all widths, so that the loss at its ends is above the hills.

    Example:
        >>> curve = Basins(depths=(1, 3), widths=(2, 4))
        >>> curve.bottoms, curve.minimum, curve.view
        ((-2.0, 1.0), (1.0,), ((-3.0, 3.0),))
        >>> curve.loss([[-2.0], [-1.0], [1.0]]).tolist()
        [2.0, 3.0, 0.0]
        >>> curve.basin([[-1.5], [-0.5], [9.0]]).tolist()
        [0, 1, 1]
    """

    depths: tuple = (0.8, 1.0, 1.6, 1.0)
    widths: tuple = (1.5, 1.5, 3.0, 1.5)
    dimensions = 1

    def __post_init__(self):
        depths, widths = np.array(self.depths, "float64"), np.array(self.widths, "float64")
        if len(depths) != len(widths) or len(depths) < 2 or min(*depths, *widths) <= 0:
            raise ValueError(f"depths {depths} and widths {widths}: give two or more each, > 0.")
        edges = np.cumsum([0, *widths]) - widths.sum() / 2
        bottoms, scales = (edges[1:] + edges[:-1]) / 2, 2 * np.pi / widths
        deepest = int(depths.argmax())
        vars(self).update(
            bottoms=tuple(bottoms.tolist()),
            deepest=deepest,
            minimum=(float(bottoms[deepest]),),
            curvatures=(float(depths[deepest] / 2 * scales[deepest] ** 2),),
            view=((float(edges[0]), float(edges[-1])),),
            _hills=edges[1:-1],
            _walls=(edges[0] + widths[0] / 4, edges[-1] - widths[-1] / 4),
            _table=np.array([bottoms, depths / 2, scales, depths / 2 * scales]),
        )

    def __str__(self):
        return f"{len(self.depths)} basins"

    def basin(self, position):
        """Return which basin one position, or each of `n`, lies in, counted from 0 at the left.

        A hilltop belongs to the basin at its left, what lies outside to the outermost basin.
        """
        return np.searchsorted(self._hills, _column(position))

    def loss(self, position):
        """Loss at one position, or at `n` of them."""
        x = _column(position)
        inside, half, slope, angle = self._shape_at(x)
        return max(self.depths) - half * (1 + np.cos(angle)) + slope * np.abs(x - inside)

    def gradient(self, position):
        """Gradient, of the shape of `position`."""
        _, _, slope, angle = self._shape_at(np.asarray(position, "float64"))
        return slope * np.sin(angle)

    def _shape_at(self, x):
        """Return x between the walls, and half the depth, greatest slope and angle there."""
        inside = np.minimum(np.maximum(x, self._walls[0]), self._walls[1])
        bottoms, halves, scales, slopes = self._table.take(self._hills.searchsorted(inside), 1)
        return inside, halves, slopes, scales * (inside - bottoms)


def _column(position):
    """Return positions in one dimension as numbers, `(n,)`, or one of them as a number."""
    position = np.asarray(position, "float64")
    return position[..., 0] if position.ndim else position


@dataclass(frozen=True, eq=False)
class Descent:
    """A walk down a landscape, as `descend` returns it.

    Attributes:
        landscape: The landscape that was walked down.
        rate: The learning rate.
        momentum: The momentum.
        steps: Updates asked for. Fewer were made where the loss overflowed.
        path: Positions, float64 of shape `(updates + 1, dimensions)`; row 0 is the start.
        losses: Loss at each position, float64 of shape `(updates + 1,)`; all finite.
    """

    landscape: object
    rate: float
    momentum: float
    steps: int
    path: np.ndarray
    losses: np.ndarray

    @property
    def diverged(self):
        """Whether the walk ended outside the `view` and above its start, or overflowed."""
        low, high = np.transpose(self.landscape.view)
        outside = ((self.path[-1] < low) | (self.path[-1] > high)).any()
        return len(self.path) <= self.steps or bool(outside and self.losses[-1] > self.losses[0])

    def converged_at(self, tolerance=0.01):
        """Count the updates after which the loss stays at or below a tolerance.

        Returns:
            The number of updates after which the loss is at or below `tolerance` and stays there to
            the end of the walk; 0 where it began there; None where it ended above it.

        Example:
            >>> descend(Parabola(), 4, rate=0.5, steps=20).converged_at(0.5)
            2
        """
        above = np.flatnonzero(self.losses > tolerance)
        updates = int(above[-1]) + 1 if above.size else 0
        return None if updates == len(self.losses) or self.diverged else updates


def descend(landscape, start, *, rate, momentum=0.0, steps=50):
    """Walk down a landscape by gradient descent, with the update rule of Keras's `SGD`.

    Each update does `velocity = momentum * velocity - rate * gradient(position)`, then
    `position = position + velocity`; the velocity starts at 0.

    Args:
        landscape: A `Parabola`, `Bowl` or `Basins`.
        start: Where to begin: one number per dimension.
        rate: Learning rate, > 0.
        momentum: Share of the last update that is kept, in [0, 1).
        steps: Number of updates, >= 1.

    Returns:
        A `Descent`. Where the loss grows beyond what a float64 can hold, the walk ends before that
        update, without a warning.

    Example:
        >>> descend(Parabola(curvature=1), 8, rate=0.5, steps=3).path.ravel().tolist()
        [8.0, 4.0, 2.0, 1.0]
    """
    rate = checked_rate(rate, above=True)
    momentum = checked_rate(momentum, "momentum", most=np.nextafter(1, 0))
    path = [np.array(start, "float64").reshape(landscape.dimensions)]
    losses, velocity = [float(landscape.loss(path[0]))], np.zeros(landscape.dimensions)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(checked_count(steps, "steps")):
            velocity = momentum * velocity - rate * landscape.gradient(path[-1])
            position = path[-1] + velocity
            loss = float(landscape.loss(position))
            if not np.isfinite(loss):
                break
            path.append(position)
            losses.append(loss)
    return Descent(landscape, rate, momentum, steps, np.array(path), np.array(losses))


def critical_rate(curvature, momentum=0.0):
    """Return the learning rate above which descent on a quadratic diverges.

    Args:
        curvature: One curvature, or several (`landscape.curvatures`); all > 0. The largest is the
            first to diverge.
        momentum: As for `descend`.

    Returns:
        `2 * (1 + momentum) / largest curvature`, as a float.

    Example:
        >>> critical_rate(10), critical_rate((1, 10), momentum=0.5)
        (0.2, 0.3)

    References:
        G. Goh, Why Momentum Really Works, Distill, 2017, https://distill.pub/2017/momentum: the
        range of step sizes, 0 < alpha * lambda < 2 + 2 * beta.
    """
    return float(2 * (1 + momentum) / np.max(curvature))


@dataclass(frozen=True, eq=False)
class Hops:
    """Where the trials of `hop` stood, at the end and at the checkpoints.

    Attributes:
        landscape: The `Basins` they walked on.
        settings: Steps, trials, noise, seed and start, as given.
        updates: Numbers of updates after which positions were kept, rising; the last is the end.
        positions: float64 of shape `(len(updates), trials)`.
    """

    landscape: object
    settings: dict
    updates: tuple
    positions: np.ndarray

    @property
    def trials(self):
        """Number of trials."""
        return self.positions.shape[1]

    def basins(self, keep="last"):
        """Return which basin each trial ends in.

        Args:
            keep: `"last"`: where training ended; `"best"`: of the positions at the checkpoints and
                the end, the one with the lowest loss.

        Returns:
            int64 of shape `(trials,)`.
        """
        kept = self.positions[-1]
        if keep == "best":
            losses = self.landscape.loss(self.positions[..., None])
            kept = self.positions[losses.argmin(axis=0), np.arange(self.trials)]
        return self.landscape.basin(kept[:, None])

    def in_deepest(self, keep="last"):
        """Return for each trial whether it ends in the deepest basin."""
        return self.basins(keep) == self.landscape.deepest

    def share(self, keep="last"):
        """Return the share of trials in the deepest basin, and its Wilson 95 % interval.

        Returns:
            `(share, low, high)`.
        """
        from scipy.stats import binomtest

        kept = self.in_deepest(keep)
        interval = binomtest(int(kept.sum()), self.trials).proportion_ci(method="wilson")
        return float(kept.mean()), float(interval.low), float(interval.high)

    def against(self, other, keep="last", names=("first", "second")):
        """Compare with the trials of another schedule, which had the same starts and noise.

        The difference is taken trial by trial: 1 where only this one is in the deepest basin, -1
        where only the other is, else 0.

        Returns:
            A `Paired` of the trials.

        Raises:
            ValueError: If anything but the schedule differs.
        """
        if self.landscape != other.landscape or self.settings != other.settings:
            raise ValueError("Only the schedule may differ: same landscape, trials, noise, seed.")
        gaps = self.in_deepest(keep).astype(int) - other.in_deepest(keep)
        gaps = dict(enumerate(gaps.tolist()))
        return Paired(*names, "share in the deepest basin", "max", gaps)


def hop(landscape, schedule, *, steps, trials, noise, seed=0, start=None, checkpoints=None):
    """Walk down a landscape in many trials whose gradients are noisy.

    Each update does `position = position - rate * (gradient(position) + noise * z)`, where z is
    drawn anew from the standard normal distribution for each update and trial: gradient descent
    that sees a few examples at a time. Trial i of one call begins at the same place and meets the
    same z as trial i of any other call with the same seed, trials and start, whatever the schedule.

    Args:
        landscape: A `Basins`.
        schedule: Any function from an int array of steps to as many rates, finite and >= 0.
        steps: Number of updates, >= 1.
        trials: Number of trials, >= 1.
        noise: Standard deviation of the gradient's noise, >= 0.
        seed: Seed of starts and noise, an int >= 0.
        start: Where every trial begins; None lets each begin anywhere in the view of the landscape,
            all places alike.
        checkpoints: Numbers of updates, 1 to `steps`, after which to keep the positions as well as
            at the end. None: the ends of the schedule's cycles, if it has any.

    Returns:
        A `Hops`.

    Example:
        >>> from helpers.schedules import Constant
        >>> hop(Basins(), Constant(0.1), steps=200, trials=50, noise=0, start=1.5).share()[0]
        1.0
    """
    steps, trials = checked_count(steps, "steps"), checked_count(trials, "trials")
    noise = checked_rate(noise, "noise")
    rates = np.broadcast_to(np.asarray(schedule(np.arange(steps)), "float64"), steps)
    if not (np.isfinite(rates) & (rates >= 0)).all():
        raise ValueError("The schedule gives rates that are negative or not finite.")
    if checkpoints is None:
        checkpoints = getattr(schedule, "cycle_ends", lambda _: ())(steps)
    updates = tuple(sorted({*(int(update) for update in checkpoints), steps}))
    # Streams of their own: the noise is then the same wherever the trials begin.
    places, noises = (np.random.default_rng([seed, stream]) for stream in range(2))
    ends = landscape.view[0] if start is None else [checked_rate(start, "start", least=-np.inf)] * 2
    positions, kept = places.uniform(*ends, trials), []
    for step, rate in enumerate(rates):
        noisy = landscape.gradient(positions) + noise * noises.standard_normal(trials)
        positions = positions - rate * noisy
        if step + 1 in updates:
            kept.append(positions)
    settings = {"steps": steps, "trials": trials, "noise": noise, "seed": seed, "start": start}
    return Hops(landscape, settings, updates, np.array(kept))
