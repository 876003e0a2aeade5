"""Sentences about `Runs`."""

from helpers.results.metrics import METRIC_NAMES


def describe_histories(runs, metric="val_accuracy", *, labels=None, seeds=None):
    """Say in one sentence what `plot_histories` of the same arguments shows.

    Args:
        runs: A `Runs`.
        metric: A name from `runs.metrics`.
        labels: Rates or names; None takes all.
        seeds: Seeds; None takes all.

    Returns:
        One sentence with the labels and the best value after the last epoch.
    """
    runs = runs.select(labels, seeds)
    epochs = max(len(run.updates) for run in runs.runs)
    names = ", ".join(name(label) for label in runs.labels)
    return (
        f"Line chart of {METRIC_NAMES.get(metric, metric)} against {epochs} epochs for {names}, "
        f"mean and range over {_seeds(runs)}; {_best(runs, metric)}."
    )


def describe_sweep(runs, metric="val_accuracy"):
    """Say in one sentence what `plot_sweep` of the same arguments shows.

    Args:
        runs: The `Runs` of a sweep.
        metric: A name from `runs.metrics`.

    Returns:
        One sentence with the range of rates, the best one and the number of diverged runs.
    """
    rates = sorted(runs.labels)
    lost = sum(run.diverged_at is not None for run in runs.runs)
    diverged = f"; {lost} of {len(runs)} runs diverged" if lost else ""
    return (
        f"Line chart of {METRIC_NAMES.get(metric, metric)} after the last epoch against "
        f"{len(rates)} learning rates from {name(rates[0])} to {name(rates[-1])} on a log axis, "
        f"mean and range over {_seeds(runs)}; {_best(runs, metric)}{diverged}."
    )


def describe_best(runs, metric="val_accuracy"):
    """Say which label won, with spread, and whether the grid should be widened.

    Args:
        runs: A `Runs`.
        metric: A name from `runs.metrics`.

    Returns:
        One sentence.
    """
    best = runs.best(metric)
    edge = "; it lies at the edge of the grid: widen it" if best.at_edge else ""
    spread = f" ± {best.spread:.3f}" if best.seeds > 1 else ""
    return (
        f"best {METRIC_NAMES.get(metric, metric)}: {best.mean:.3f}{spread} at {name(best.label)} "
        f"({_seeds(runs)}){edge}"
    )


def name(label):
    """Return a label as text: a rate in few digits, a name as it is.

    Example:
        >>> name(0.0031622776601683794), name("cosine")
        ('0.00316', 'cosine')
    """
    return label if isinstance(label, str) else f"{label:.3g}"


def _best(runs, metric):
    best = runs.best(metric)
    return f"best is {name(best.label)} with {best.mean:.3f}"


def _seeds(runs):
    count = len(runs.seeds)
    return "one seed" if count == 1 else f"{count} seeds"
