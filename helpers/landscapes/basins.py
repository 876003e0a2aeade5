"""A curve with several basins, each of a stated depth and width."""

import dataclasses
import functools
import typing

import numpy as np

from helpers.landscapes.arguments import as_position, positive


@dataclasses.dataclass(frozen=True)
class Basins:
    """A one-dimensional loss of several basins side by side, with hills of one height in between.

    From hilltop to hilltop, a basin of depth d and width w around its bottom b is the cosine
    `hill - d / 2 * (1 + cos(2 * pi * (x - b) / w))`; `hill` is the depth of the deepest basin, so
    that the lowest loss is 0. Outside the two outermost bottoms the loss follows the cosine to its
    steepest point and goes on from there in a straight line, which pushes every walk back.

    Args:
        depths: How far each bottom lies below the hills, from left to right, two or more, each > 0;
            one is deeper than all others.
        widths: Distance from hill to hill of each basin, as many as there are depths, each > 0.

    Raises:
        TypeError: If a depth or a width is not a number.
        ValueError: If one is out of bounds, their counts differ, or two basins are deepest.

    Example:
        >>> curve = Basins(depths=(1, 3), widths=(2, 4))
        >>> curve.bottoms, curve.minimum, curve.view
        ((-2.0, 1.0), (1.0,), ((-3.0, 3.0),))
        >>> curve.loss(-2), curve.loss(-1), curve.loss(1)
        (2.0, 3.0, 0.0)
        >>> curve.basin([[-1.5], [-0.5], [9.0]]).tolist()
        [0, 1, 1]
    """

    depths: tuple = (0.8, 1.0, 1.6, 1.0)
    widths: tuple = (1.5, 1.5, 3.0, 1.5)
    dimensions: typing.ClassVar[int] = 1

    def __post_init__(self):
        for name in ("depths", "widths"):
            values = np.atleast_1d(np.asarray(getattr(self, name), dtype=object)).ravel()
            checked = tuple(positive(name[:-1], each, try_="1.0") for each in values)
            object.__setattr__(self, name, checked)
        count = len(self.depths)
        if count != len(self.widths) or count < 2:
            raise ValueError(
                f"There are {count} depths and {len(self.widths)} widths; allowed is the same "
                "number of both, two or more."
            )
        if self.depths.count(max(self.depths)) > 1:
            raise ValueError(
                f"depths are {self.depths}; allowed is one that is deeper than all others."
            )

    @functools.cached_property
    def _edges(self):
        """Return where the basins end, from left to right; between two of them stands a hill."""
        edges = np.cumsum((0.0, *self.widths))
        return edges - edges[-1] / 2

    @property
    def view(self):
        """The part worth drawing: all widths, so that the loss at its ends is above the hills."""
        return ((float(self._edges[0]), float(self._edges[-1])),)

    @property
    def bottoms(self):
        """Where each basin is lowest, from left to right."""
        return tuple(((self._edges[1:] + self._edges[:-1]) / 2).tolist())

    @property
    def deepest(self):
        """Which basin is the deepest, counted from 0 at the left."""
        return self.depths.index(max(self.depths))

    @property
    def minimum(self):
        """The bottom of the deepest basin, as a tuple of one number."""
        return (self.bottoms[self.deepest],)

    @property
    def sharpness(self):
        """The curvature at each bottom, from left to right."""
        pairs = zip(self.depths, self.widths)
        return tuple(2 * np.pi**2 * depth / width**2 for depth, width in pairs)

    @property
    def curvatures(self):
        """The curvature at the minimum, in a tuple like that of the quadratics."""
        return (self.sharpness[self.deepest],)

    def basin(self, position):
        """Return which basin one position lies in, or each of `n` positions (`(n, 1)`).

        Args:
            position: A number, an array of shape `(1,)`, or one of shape `(n, 1)`.

        Returns:
            An int, or int64 of shape `(n,)`, counted from 0 at the left; a hilltop belongs to the
            basin at its left, and what lies outside to the outermost basin.
        """
        x, many = self._read(position)
        indices = np.searchsorted(self._edges[1:-1], x)
        return indices if many else int(indices[0])

    def loss(self, position):
        """Loss at one position (a number or an array of shape `(1,)`), or at `n` (`(n, 1)`)."""
        x, many = self._read(position)
        inside = np.clip(x, *self._walls)
        depth, scale, bottom = self._shape_at(inside)
        losses = max(self.depths) - depth / 2 * (1 + np.cos(scale * (inside - bottom)))
        losses += depth / 2 * scale * np.abs(x - inside)
        return losses if many else float(losses[0])

    def gradient(self, position):
        """Gradient at one position, float64 of shape `(1,)`, or at `n` positions, `(n, 1)`."""
        x, many = self._read(position)
        inside = np.clip(x, *self._walls)
        depth, scale, bottom = self._shape_at(inside)
        slopes = depth / 2 * scale * np.sin(scale * (inside - bottom))
        return slopes[:, None] if many else slopes

    @functools.cached_property
    def _walls(self):
        """Return where the straight walls begin: a quarter width outside the outermost bottoms."""
        return self._edges[0] + self.widths[0] / 4, self._edges[-1] - self.widths[-1] / 4

    @functools.cached_property
    def _table(self):
        """Return a column for each basin: its depth, radians per unit of x, and bottom."""
        return np.array([self.depths, 2 * np.pi / np.array(self.widths), self.bottoms])

    def _shape_at(self, x):
        return self._table.take(np.searchsorted(self._edges[1:-1], x), axis=1)

    def _read(self, position):
        """Return positions as float64 of shape `(n,)`, and whether they are many."""
        positions = np.asarray(position)
        if positions.ndim == 2 and positions.shape[1] == 1:
            return positions[:, 0].astype(float), True
        return as_position(self, position), False
