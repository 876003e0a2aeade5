"""Does A beat B? A per-seed difference with its interval, and a verdict that may be `tie`."""

from dataclasses import dataclass, replace

import numpy as np

CONFIDENCE = 0.95

# What the metrics of the course are called in figures and sentences.
METRIC_NAMES = {
    f"{prefix}{kind}": f"{part} {kind}"
    for prefix, part in (("", "training"), ("val_", "validation"), ("test_", "test"))
    for kind in ("loss", "accuracy")
}
_LOWER = ("loss", "error", "mse", "mae", "mape", "msle", "crossentropy", "hinge", "kl_divergence")
_HIGHER = ("accuracy", "acc", "auc", "precision", "recall", "f1_score", "fbeta_score", "iou")


def direction(metric, mode=None):
    """Return `"min"` or `"max"`: the direction in which the metric is better.

    Args:
        metric: Name as in a Keras history, with or without `val_`.
        mode: `"min"` or `"max"` where the name does not tell; wins over the name.

    Raises:
        ValueError: If `mode` is something else, or is missing for a name that is not known.

    Example:
        >>> direction("val_accuracy"), direction("loss")
        ('max', 'min')
    """
    if mode in ("min", "max"):
        return mode
    for known, words in (("min", _LOWER), ("max", _HIGHER)):
        if mode is None and any(word in str(metric) for word in words):
            return known
    raise ValueError(f"Is a larger {metric!r} better or worse? Say mode='min' or mode='max'.")


@dataclass(frozen=True)
class Paired:
    """Differences a - b of one metric, one for each shared seed.

    Attributes:
        a: The first label.
        b: The second label.
        metric: The metric compared.
        mode: `"max"` if a positive difference speaks for `a`, `"min"` if it speaks for `b`.
        differences: Seed to difference.
        confidence: Of the interval.
    """

    a: object
    b: object
    metric: str
    mode: str
    differences: dict
    confidence: float = CONFIDENCE

    def __post_init__(self):
        if len(self.differences) < 2:
            seeds = f"{len(self.differences)} seed(s); an interval needs two, and a claim five"
            raise ValueError(f"{self.a!r} and {self.b!r} share {seeds}.")

    @property
    def mean(self):
        """The mean difference."""
        return float(np.mean(list(self.differences.values())))

    @property
    def interval(self):
        """Student's interval of the mean: `(low, high)`."""
        from scipy import stats

        values = list(self.differences.values())
        half = stats.t.ppf((1 + self.confidence) / 2, len(values) - 1) * stats.sem(values)
        return self.mean - float(half), self.mean + float(half)

    @property
    def p(self):
        """How often chance alone gives a mean as far from zero."""
        from scipy import stats

        values = list(self.differences.values())
        if np.ptp(values) == 0:
            return float(values[0] == 0)
        return float(stats.ttest_1samp(values, 0.0).pvalue)

    @property
    def winner(self):
        """The label that won, or None where the interval holds or touches zero."""
        low, high = self.interval
        if low <= 0 <= high:
            return None
        return self.a if (low > 0) == (self.mode == "max") else self.b

    @property
    def verdict(self):
        """`"a"`, `"b"` or `"tie"`."""
        return "tie" if self.winner is None else "a" if self.winner == self.a else "b"

    def __str__(self):
        low, high = self.interval
        outcome = "tie" if self.winner is None else f"{name(self.winner)} wins"
        pair = f"{name(self.a)} minus {name(self.b)}, {self.metric}, {len(self.differences)} seeds"
        return f"{pair}: {self.mean:+.4f} [{low:+.4f}, {high:+.4f}], {outcome}"


def holm(verdicts, confidence=CONFIDENCE):
    """Widen the intervals of several verdicts, so that all hold together.

    Holm's step-down correction: of m comparisons the one with the smallest p gets an interval of
    confidence 1 - 0.05 / m, the next 1 - 0.05 / (m - 1), and so on up to the first that ties; those
    after it tie as well.

    Args:
        verdicts: `Paired` records.
        confidence: That no verdict of all is wrong.

    Returns:
        A list of `Paired` in the order given.

    References:
        S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
        Statistics 6, 1979.

    Example:
        >>> close = Paired("a", "b", "loss", "min", {0: -1.0, 1: -1.4, 2: -0.8})
        >>> [verdict.verdict for verdict in (close, *holm([close, close, close]))]
        ['a', 'tie', 'tie', 'tie']
    """
    verdicts = list(verdicts)
    order = np.argsort([verdict.p for verdict in verdicts], kind="stable")
    left, tied = len(verdicts), False
    for place in order:
        share = (1 - confidence) / left
        verdicts[place] = replace(verdicts[place], confidence=1 - share)
        tied |= verdicts[place].winner is None
        # From the first tie on, the confidence stays what it was there.
        left -= not tied
    return verdicts


def name(label):
    """Return a label as text: a rate in few digits, a policy as it is, or both.

    Example:
        >>> name(0.0031622776601683794), name("cosine"), name(("cosine", 0.1))
        ('0.00316', 'cosine', 'cosine at 0.1')
    """
    if isinstance(label, tuple):
        return " at ".join(map(name, label))
    return label if isinstance(label, str) else f"{label:.3g}"
