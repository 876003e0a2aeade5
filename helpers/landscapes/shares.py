"""A share of trials and how far it can be trusted."""

import dataclasses
import math

from helpers.landscapes.arguments import whole

# The standard normal distribution has 95 % between minus and plus this.
NORMAL_QUANTILE = 1.959963984540054
MOST_TRIALS = 2**63


@dataclasses.dataclass(frozen=True)
class Share:
    """How many of some trials had an outcome.

    Attributes:
        count: Trials that had it.
        trials: All trials.
        value: `count / trials`.
        low: Lower end of the 95 % interval.
        high: Upper end of it.
    """

    count: int
    trials: int
    value: float
    low: float
    high: float

    def __str__(self):
        return f"{100 * self.value:.1f} % [{100 * self.low:.1f}, {100 * self.high:.1f}]"


def wilson_share(count, trials):
    """Return a share with Wilson's 95 % interval, which holds for shares near 0 and 1 as well.

    Args:
        count: Trials that had the outcome, 0 to `trials`.
        trials: All trials, >= 1.

    Returns:
        A `Share`.

    Raises:
        TypeError: If a number is no whole number.
        ValueError: If a number is out of bounds.

    Example:
        >>> print(wilson_share(50, 100))
        50.0 % [40.4, 59.6]
        >>> print(wilson_share(0, 100))
        0.0 % [0.0, 3.7]

    References:
        E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
        Journal of the American Statistical Association 22, 1927.
    """
    trials = whole("trials", trials, 1, MOST_TRIALS)
    value = whole("count", count, 0, trials) / trials
    weight = NORMAL_QUANTILE**2 / trials
    middle = (value + weight / 2) / (1 + weight)
    half = math.sqrt(weight * value * (1 - value) + weight**2 / 4) / (1 + weight)
    # Rounding must not put the ends outside of the share itself, at 0 and at 1.
    return Share(count, trials, value, min(value, middle - half), max(value, middle + half))
