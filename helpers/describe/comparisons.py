"""Sentences about comparisons of policies."""

from helpers.results.metrics import METRIC_NAMES


def describe_series(series, metric="val_accuracy"):
    """Say in one sentence what `plot_series` of the same arguments shows.

    Args:
        series: Dict of the policy's name to a `Runs` whose labels are rates.
        metric: A name from their metrics.

    Returns:
        One sentence with the best rate of each policy.
    """
    parts = []
    for name, runs in series.items():
        best = runs.best(metric)
        parts.append(f"{name} is best at {best.label:.3g} with {best.mean:.3f}")
    return (
        f"Line chart of {METRIC_NAMES.get(metric, metric)} after the last epoch against the "
        f"highest learning rate on a log axis: {'; '.join(parts)}."
    )


def describe_anytime(runs, metric="val_loss"):
    """Say in one sentence what `plot_anytime` shows.

    Args:
        runs: A `Runs`.
        metric: A name from its metrics.

    Returns:
        One sentence with the last mean of each label.
    """
    means = runs.summary(metric)["mean"]
    ends = ", ".join(f"{label} {value:.3f}" for label, value in means.items())
    updates = max(run.updates[-1] for run in runs.runs)
    return (
        f"Line chart of {METRIC_NAMES.get(metric, metric)} against {updates} updates, mean over "
        f"{len(runs.seeds)} seeds; at the end: {ends}."
    )


def describe_paired(verdicts, *, names=None):
    """Say what `plot_paired` of the same arguments shows.

    Args:
        verdicts: `Paired` records of one metric.
        names: What to call each; None takes "a against b".

    Returns:
        A sentence for each record.
    """
    verdicts = list(verdicts)
    names = [f"{each.a} against {each.b}" for each in verdicts] if names is None else names
    parts = []
    for name, each in zip(names, verdicts):
        end = "tie" if each.winner is None else f"{each.winner} wins"
        parts.append(f"{name}: {each.mean:+.4f} from {each.low:+.4f} to {each.high:+.4f}, {end}")
    return "Paired differences with 95 % intervals. " + "; ".join(parts) + "."
