"""Loss landscapes small enough to draw, and gradient descent on them (NumPy only).

A landscape has one or two dimensions. It offers `loss(position)` and `gradient(position)`, its
lowest loss is 0 at `minimum`, and `view` is the part of it worth drawing, as one `(low, high)` pair
per dimension. `descend` walks down a landscape with the update rule of Keras's `SGD`; `hop` does so
with noisy gradients, in many trials.
"""

from helpers.landscapes.basins import Basins
from helpers.landscapes.descent import Descent, best_rate, critical_rate, descend
from helpers.landscapes.hopping import Hops, compare_hops, hop
from helpers.landscapes.shapes import Bowl, Parabola, TwoWells
from helpers.landscapes.shares import Share, wilson_share

__all__ = [
    "Basins",
    "Bowl",
    "Descent",
    "Hops",
    "Parabola",
    "Share",
    "TwoWells",
    "best_rate",
    "compare_hops",
    "critical_rate",
    "descend",
    "hop",
    "wilson_share",
]
