"""Loss landscapes small enough to draw, and gradient descent on them (NumPy only).

A landscape has one or two dimensions. It offers `loss(position)` and `gradient(position)` for one
position or for an array of them, `(n, dimensions)`; its lowest loss is 0 at `minimum`, and `view`
is the part worth drawing, one `(low, high)` pair per dimension.
"""

import functools
from dataclasses import dataclass

import numpy as np

from helpers.results import Paired
from helpers.schedules import checked_count, checked_rate

# Of the normal distribution: 95 % lie as close to its mean, in standard deviations.
Z = 1.959963984540054


class Quadratic:
    """The loss of a quadratic with its minimum at 0, from its `curvatures` along each axis."""

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

    def __post_init__(self):
        checked_rate(self.curvature, "curvature", above=True)

    def __str__(self):
        return f"a parabola of curvature {self.curvature:g}"

    @property
    def curvatures(self):
        """The curvatures at the minimum, smallest first."""
        return (self.curvature,)


@dataclass(frozen=True)
class TwoWells:
    """A curve with a deep well near x = -2 and a shallow one near x = 2, rising steeply outside.

    The loss is `barrier * ((x / 2)**2 - 1)**2 + tilt * x`, less a constant that makes the lowest
    loss 0. It is no quadratic: its curvature, about `2 * barrier` in the wells, changes with x.

    Args:
        barrier: Height of the hill between the wells above their mean, > 0.
        tilt: How much the loss rises per unit of x; more than about `0.77 * barrier` leaves no
            shallow well.

    Example:
        >>> round(TwoWells().minimum[0], 2), round(float(TwoWells().loss(2)), 1)
        (-2.09, 0.4)
    """

    barrier: float = 0.5
    tilt: float = 0.1
    dimensions, view = 1, ((-4.0, 4.0),)

    def __str__(self):
        return "a curve with two wells"

    @functools.cached_property
    def minimum(self):
        """The bottom of the deep well, as a tuple of one number."""
        roots = np.roots([self.barrier / 4, 0, -self.barrier, self.tilt])
        return (float(roots.real.min()),)

    @property
    def curvatures(self):
        """The curvature at the bottom of the deep well, in a tuple like that of the quadratics."""
        return (self.barrier * (0.75 * self.minimum[0] ** 2 - 1),)

    def loss(self, position):
        """Loss at one position, or at `n` of them."""
        return self._height(_column(position)) - self._height(self.minimum[0])

    def gradient(self, position):
        """Gradient, of the shape of `position`."""
        x = np.asarray(position, "float64")
        return self.barrier * x * ((x / 2) ** 2 - 1) + self.tilt

    def _height(self, x):
        return self.barrier * ((x / 2) ** 2 - 1) ** 2 + self.tilt * x


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

    def __post_init__(self):
        checked_rate(self.elongation, "elongation", least=1)

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
        for one in (*self.depths, *self.widths):
            checked_rate(one, "each depth and width", above=True)
        if len(self.depths) != len(self.widths) or len(self.depths) < 2:
            raise ValueError(f"depths {self.depths} and widths {self.widths} must be two or more.")

    def __str__(self):
        return f"{len(self.depths)} basins"

    @functools.cached_property
    def _edges(self):
        """Where the basins end, from left to right; between two of them stands a hill."""
        edges = np.cumsum((0.0, *self.widths))
        return edges - edges[-1] / 2

    @property
    def view(self):
        """The part worth drawing: all widths, so that the loss at its ends is above the hills."""
        return ((float(self._edges[0]), float(self._edges[-1])),)

    @functools.cached_property
    def bottoms(self):
        """Where each basin is lowest, from left to right."""
        return tuple(((self._edges[1:] + self._edges[:-1]) / 2).tolist())

    @property
    def deepest(self):
        """Which basin is the deepest, counted from 0 at the left."""
        return int(np.argmax(self.depths))

    @property
    def minimum(self):
        """The bottom of the deepest basin, as a tuple of one number."""
        return (self.bottoms[self.deepest],)

    @property
    def curvatures(self):
        """The curvature at the minimum, in a tuple like that of the quadratics."""
        return (2 * np.pi**2 * self.depths[self.deepest] / self.widths[self.deepest] ** 2,)

    def basin(self, position):
        """Return which basin one position, or each of `n`, lies in, counted from 0 at the left.

        A hilltop belongs to the basin at its left, what lies outside to the outermost basin.
        """
        return np.searchsorted(self._edges[1:-1], _column(position))

    def loss(self, position):
        """Loss at one position, or at `n` of them."""
        x = _column(position)
        inside, depth, steepness, angle = self._shape_at(x)
        steep = steepness * np.abs(x - inside)
        return max(self.depths) - depth / 2 * (1 + np.cos(angle)) + steep

    def gradient(self, position):
        """Gradient, of the shape of `position`."""
        *_, steepness, angle = self._shape_at(np.asarray(position, "float64"))
        return steepness * np.sin(angle)

    @functools.cached_property
    def _table(self):
        """Bottom, depth, radians per unit and greatest slope of each basin, and the walls."""
        scales = 2 * np.pi / np.array(self.widths)
        walls = self._edges[0] + self.widths[0] / 4, self._edges[-1] - self.widths[-1] / 4
        depths = np.array(self.depths)
        return np.array(self.bottoms), depths, scales, depths / 2 * scales, walls

    def _shape_at(self, x):
        """Return x between the walls, and depth, greatest slope and angle there."""
        bottoms, depths, scales, slopes, walls = self._table
        inside = np.minimum(np.maximum(x, walls[0]), walls[1])
        basin = np.searchsorted(self._edges[1:-1], inside)
        angle = scales[basin] * (inside - bottoms[basin])
        return inside, depths[basin], slopes[basin], angle


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
        outside = bool(((self.path[-1] < low) | (self.path[-1] > high)).any())
        overflowed = len(self.path) <= self.steps
        return overflowed or (outside and bool(self.losses[-1] > self.losses[0]))

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
        landscape: A `Parabola`, `TwoWells`, `Bowl` or `Basins`.
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
        share, weight = float(self.in_deepest(keep).mean()), Z**2 / self.trials
        middle = (share + weight / 2) / (1 + weight)
        half = np.sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
        return share, float(middle - half), float(middle + half)

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
        differences = self.in_deepest(keep).astype(int) - other.in_deepest(keep)
        metric = "share in the deepest basin"
        return Paired(*names, metric, "max", dict(enumerate(differences.tolist())))


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
        checkpoints = schedule.cycle_ends(steps) if hasattr(schedule, "cycle_ends") else ()
    updates = tuple(sorted({*(int(update) for update in checkpoints), steps}))
    # Streams of their own: the noise is then the same wherever the trials begin.
    places, noises = (np.random.default_rng([seed, stream]) for stream in range(2))
    anywhere = places.uniform(*landscape.view[0], trials)
    positions = anywhere[:, None] if start is None else np.full((trials, 1), float(start))
    kept = []
    for step, rate in enumerate(rates):
        noisy = landscape.gradient(positions) + noise * noises.standard_normal((trials, 1))
        positions = positions - rate * noisy
        if step + 1 in updates:
            kept.append(positions[:, 0])
    settings = {"steps": steps, "trials": trials, "noise": noise, "seed": seed, "start": start}
    return Hops(landscape, settings, updates, np.array(kept))
