"""Does A beat B? A per-seed difference with its interval, and a verdict that may be `tie`."""

import math
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Paired:
    """Differences a - b of one metric, one for each shared seed.

    Attributes:
        a: The first label.
        b: The second label.
        metric: The metric compared.
        differences: Seed to difference.
        mean: Mean difference.
        low: Lower end of the 95 % interval of the mean.
        high: Upper end of it.
        verdict: `"a"` or `"b"` where the interval excludes zero, else `"tie"`.
    """

    a: float | str
    b: float | str
    metric: str
    differences: dict
    mean: float
    low: float
    high: float
    verdict: str

    @property
    def winner(self):
        """The label that won, or None for a tie."""
        return {"a": self.a, "b": self.b, "tie": None}[self.verdict]

    def __str__(self):
        first, second = _short(self.a), _short(self.b)
        word = {"a": f"{first} wins", "b": f"{second} wins", "tie": "tie"}[self.verdict]
        return (
            f"{first} minus {second}, {self.metric}, {len(self.differences)} seeds: "
            f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}], {word}"
        )


def paired_difference(a, b, metric, mode, differences):
    """Judge per-seed differences by Student's t interval.

    Args:
        a: The first label.
        b: The second label.
        metric: The metric's name, for the record.
        mode: `"max"` if a positive difference speaks for `a`, `"min"` if it speaks for `b`.
        differences: Seed to finite difference a - b, two seeds or more.

    Returns:
        A `Paired`. An interval that only touches zero is a tie.

    Raises:
        ValueError: If there are fewer than two differences.

    Example:
        >>> verdict = paired_difference("x", "y", "loss", "min", {0: -1.0, 1: -2.0, 2: -3.0})
        >>> round(verdict.low, 2), round(verdict.high, 2), verdict.verdict
        (-4.48, 0.48, 'tie')

    References:
        Student, "The probable error of a mean", Biometrika 6, 1908.
    """
    from scipy.special import stdtrit

    count = len(differences)
    if count < 2:
        raise ValueError(
            f"{a!r} and {b!r} share {count} seed(s); an interval needs two, and a claim five."
        )
    values = list(differences.values())
    mean = math.fsum(values) / count
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    quantile = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2))
    half = quantile * math.sqrt(variance / count)
    low, high = mean - half, mean + half
    verdict = "tie"
    if low > 0 or high < 0:
        verdict = "a" if (low > 0) == (mode == "max") else "b"
    return Paired(a, b, metric, dict(differences), mean, low, high, verdict)


def paired_table(verdicts, *, names=None):
    """Return verdicts as a frame to be read, one row each.

    Args:
        verdicts: `Paired` records.
        names: What to call each; None takes "a − b".

    Returns:
        A pandas frame of text: `metric`, `difference`, `from`, `to` (the 95 % interval), `seeds`,
        `verdict` (the winner, or "tie").

    Raises:
        ValueError: If `names` is of another length.
    """
    import pandas as pd

    verdicts = list(verdicts)
    names = (
        [f"{_short(each.a)} − {_short(each.b)}" for each in verdicts] if names is None else names
    )
    if len(names) != len(verdicts):
        raise ValueError(f"There are {len(verdicts)} verdicts and {len(names)} names.")
    rows = [
        {
            "metric": each.metric,
            "difference": f"{each.mean:+.4f}",
            "from": f"{each.low:+.4f}",
            "to": f"{each.high:+.4f}",
            "seeds": len(each.differences),
            "verdict": "tie" if each.winner is None else _short(each.winner),
        }
        for each in verdicts
    ]
    return pd.DataFrame(rows, index=list(names))


def _short(label):
    return label if isinstance(label, str) else f"{label:.3g}"
