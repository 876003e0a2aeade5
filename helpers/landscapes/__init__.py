"""Loss landscapes small enough to draw, and gradient descent on them (NumPy only).

A landscape has one or two dimensions. It offers `loss(position)` and `gradient(position)`, its
lowest loss is 0 at `minimum`, and `view` is the part of it worth drawing, as one `(low, high)` pair
per dimension. `descend` walks down a landscape with the update rule of Keras's `SGD`.
"""

from helpers.landscapes.descent import Descent, best_rate, critical_rate, descend
from helpers.landscapes.shapes import Bowl, Parabola, TwoWells

__all__ = [
    "Bowl",
    "Descent",
    "Parabola",
    "TwoWells",
    "best_rate",
    "critical_rate",
    "descend",
]
