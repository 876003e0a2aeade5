"""Noisy gradient descent among several basins, in many trials at once."""

import dataclasses

import numpy as np

from helpers.landscapes.arguments import as_position, number, whole
from helpers.landscapes.shares import wilson_share
from helpers.results.paired import paired_difference

KEEP = ("last", "best")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Hops:
    """Where the trials of `hop` stood, at the end and at the checkpoints.

    Attributes:
        landscape: The `Basins` they walked on.
        steps: Updates of each trial.
        noise: Standard deviation of the gradient's noise.
        seed: Seed of starts and noise.
        start: Where every trial began, or None for a place of its own.
        updates: Numbers of updates after which positions were kept, rising; the last is `steps`.
        positions: float64 of shape `(len(updates), trials)`.
    """

    landscape: object
    steps: int
    noise: float
    seed: int
    start: float | None
    updates: tuple
    positions: np.ndarray

    @property
    def trials(self):
        """Number of trials."""
        return self.positions.shape[1]

    @property
    def basins(self):
        """Which basin each trial stood in, int64 of the shape of `positions`."""
        return self._of_each(self.landscape.basin)

    @property
    def losses(self):
        """Loss at each of the positions, without noise."""
        return self._of_each(self.landscape.loss)

    def kept(self, keep="last"):
        """Return the positions that training would hand over.

        Args:
            keep: `"last"`: where training ended; `"best"`: of the positions at the checkpoints and
                the end, the one with the lowest loss.

        Returns:
            float64 of shape `(trials,)`.

        Raises:
            ValueError: If `keep` is something else.
        """
        if keep not in KEEP:
            raise ValueError(f'keep is {keep!r}; allowed are "last" and "best".')
        if keep == "last":
            return self.positions[-1]
        return self.positions[self.losses.argmin(axis=0), np.arange(self.trials)]

    def in_deepest(self, keep="last"):
        """Return for each trial whether the position that is kept lies in the deepest basin.

        Args:
            keep: As for `kept`.

        Returns:
            bool of shape `(trials,)`.

        Raises:
            ValueError: As for `kept`.
        """
        return self.landscape.basin(self.kept(keep)[:, None]) == self.landscape.deepest

    def share(self, keep="last"):
        """Return the share of trials whose kept position lies in the deepest basin.

        Args:
            keep: As for `kept`.

        Returns:
            A `Share` with its 95 % interval.

        Raises:
            ValueError: As for `kept`.
        """
        return wilson_share(int(self.in_deepest(keep).sum()), self.trials)

    def __repr__(self):
        return f"Hops({self.trials} trials of {self.steps} updates, {self.share()} in the deepest)"

    def _of_each(self, function):
        return function(self.positions.reshape(-1, 1)).reshape(self.positions.shape)


def hop(landscape, schedule, *, steps, trials, noise, seed=0, start=None, checkpoints=None):
    """Walk down a landscape in many trials whose gradients are noisy.

    Each update does `position = position - rate * (gradient(position) + noise * z)`, where z is
    drawn anew from the standard normal distribution for each update and trial: gradient descent
    that sees a few examples at a time. Trial i of one call begins at the same place and meets the
    same z as trial i of any other call with the same seed, trials and start, whatever the schedule.

    Args:
        landscape: A `Basins`, or anything that offers the same.
        schedule: Any function from an int array of steps to as many rates, finite and >= 0.
        steps: Number of updates, 1 to 100,000.
        trials: Number of trials, 1 to 100,000.
        noise: Standard deviation of the gradient's noise, >= 0.
        seed: Seed of starts and noise, an int >= 0.
        start: Where every trial begins; None lets each begin anywhere in the view of the landscape,
            all places alike.
        checkpoints: Numbers of updates, 1 to `steps`, after which to keep the positions as well as
            at the end. None: the ends of the schedule's cycles, if it has any.

    Returns:
        A `Hops`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is out of bounds, or the schedule gives other than one such rate
            for each step.

    Example:
        >>> from helpers.landscapes import Basins
        >>> from helpers.schedules import Constant
        >>> hop(Basins(), Constant(0.1), steps=200, trials=50, noise=0, start=1.5).share().value
        1.0
    """
    if not hasattr(landscape, "basin"):
        raise TypeError(f"landscape is {landscape!r}, which has no basins; try Basins().")
    steps, trials = whole("steps", steps, 1, 100_000), whole("trials", trials, 1, 100_000)
    noise, seed = _noise(noise), whole("seed", seed, 0, 2**63)
    rates = _rates(schedule, steps)
    updates = _checkpoints(checkpoints, schedule, steps)
    # Streams of their own: the noise is then the same wherever the trials begin.
    places, noises = (np.random.default_rng([seed, stream]) for stream in range(2))
    if start is None:
        positions = places.uniform(*landscape.view[0], trials)[:, None]
    else:
        start = float(as_position(landscape, start)[0])
        positions = np.full((trials, 1), start)
    kept, looks = [], set(updates)
    for step, rate in enumerate(rates):
        noisy = landscape.gradient(positions) + noise * noises.standard_normal((trials, 1))
        positions = positions - rate * noisy
        if step + 1 in looks:
            kept.append(positions[:, 0])
    return Hops(landscape, steps, noise, seed, start, updates, np.array(kept))


def compare_hops(a, b, *, keep="last", names=("first", "second")):
    """Judge which of two schedules leaves more trials in the deepest basin.

    The trials of both had the same starts and the same noise, so the difference is taken trial by
    trial: 1 where only `a` is in the deepest basin, -1 where only `b` is, else 0.

    Args:
        a: The `Hops` of one schedule.
        b: Those of another, all other settings equal.
        keep: As for `Hops.kept`.
        names: What to call the two.

    Returns:
        A `Paired` of the trials: mean difference of the shares, 95 % interval, verdict.

    Raises:
        ValueError: If a setting differs, or `keep` is not known.
    """
    for setting in ("landscape", "steps", "trials", "noise", "seed", "start"):
        one, other = getattr(a, setting), getattr(b, setting)
        if one != other:
            raise ValueError(
                f"{setting} is {one!r} in one and {other!r} in the other; allowed is the same in "
                "both; only the schedule may differ."
            )
    differences = a.in_deepest(keep).astype(int) - b.in_deepest(keep)
    metric = "share in the deepest basin"
    return paired_difference(*names, metric, "max", dict(enumerate(differences.tolist())))


def _noise(noise):
    value = number("noise", noise, try_="1.0")
    if not 0 <= value < np.inf:
        raise ValueError(f"noise is {value:g}; allowed is 0 or more and finite; try 1.0.")
    return value


def _rates(schedule, steps):
    """Return the rate of each step as float64."""
    if not callable(schedule):
        raise TypeError(
            f"schedule is {schedule!r}; allowed is a function of steps, such as Constant(0.1)."
        )
    rates = np.asarray(schedule(np.arange(steps)), dtype=float)
    if rates.shape != (steps,) or not np.isfinite(rates).all() or (rates < 0).any():
        raise ValueError(
            f"For {steps} steps the schedule gives {rates!r}; allowed is one finite rate >= 0 for "
            "each; try Constant(0.1)."
        )
    return rates


def _checkpoints(checkpoints, schedule, steps):
    """Return the numbers of updates after which to look, rising, with the end among them."""
    if checkpoints is None:
        checkpoints = getattr(schedule, "cycle_ends", lambda _: [])(steps)
    asked = np.atleast_1d(np.asarray(checkpoints, dtype=object)).ravel()
    looks = {whole("checkpoint", update, 1, steps) for update in asked}
    return tuple(sorted({*looks, steps}))
