"""*Sweep*: the curves of a sweep, rate by rate and seed by seed."""

import ipywidgets as widgets

from helpers.describe.runs import describe_best, describe_histories, name
from helpers.explorers.base import Explorer
from helpers.explorers.checkboxes import Checkboxes
from helpers.explorers.page import steady_figure
from helpers.plotting.runs import plot_histories
from helpers.results import Runs
from helpers.results.metrics import METRIC_NAMES, direction


def sweep(runs):
    """Return the explorer *Sweep*: the curves of a sweep, and the rate that wins.

    Its controls are `rates` and `seeds` (one or several of each), `metric` and `smoothing` (weight
    of the past in an exponential mean along each curve, 0 to 0.9). The target is a metric or a
    choice of seeds by which another rate wins than by the first metric over all seeds.

    Args:
        runs: The `Runs` of a sweep or of a comparison, live or loaded.

    Returns:
        An `Explorer`.

    Raises:
        TypeError: If `runs` is not a `Runs`.
        ValueError: If no metric says whether it is better high or low.
    """
    if not isinstance(runs, Runs):
        raise TypeError(f"runs is a {type(runs).__name__}; allowed is a Runs, as sweep returns it.")
    metrics = _metrics(runs)
    winner = runs.best(metrics[0]).label

    def draw(rates, seeds, metric, smoothing):
        _check_choice(rates, seeds)
        _, ax = steady_figure(height=3.6, right=1.5)
        return plot_histories(runs, metric, labels=rates, seeds=seeds, smoothing=smoothing, ax=ax)

    def describe(rates, seeds, metric, smoothing):
        return describe_histories(runs, metric, labels=rates, seeds=seeds)

    def score(rates, seeds, metric, smoothing):
        chosen = runs.select(rates, seeds)
        reached = len(rates) == len(runs.labels) and chosen.best(metric).label != winner
        return (
            f"Target: with all rates chosen, a metric or seeds by which {name(winner)} does not "
            f"win. Yours: {describe_best(chosen, metric)}{', reached' if reached else ''}."
        )

    return Explorer("Sweep", _controls(runs, metrics), draw, describe, score=score)


def _controls(runs, metrics):
    return {
        "rates": Checkboxes([(name(label), label) for label in runs.labels], "learning rates"),
        "seeds": Checkboxes([(str(seed), seed) for seed in runs.seeds], "seeds"),
        "metric": widgets.ToggleButtons(
            options=[(METRIC_NAMES.get(metric, metric), metric) for metric in metrics],
            description="metric",
        ),
        "smoothing": widgets.FloatSlider(max=0.9, step=0.1, description="smoothing"),
    }


def _metrics(runs):
    """Return the metrics of which the better direction is known, validation accuracy first."""
    known = []
    for metric in runs.metrics:
        try:
            direction(metric, None)
        except ValueError:
            continue
        known.append(metric)
    if not known:
        raise ValueError(
            f"Measured were {runs.metrics}; of none is it known whether high or low is better."
        )
    return sorted(known, key=lambda metric: metric != "val_accuracy")


def _check_choice(rates, seeds):
    for what, chosen in (("rate", rates), ("seed", seeds)):
        if not chosen:
            raise ValueError(f"No {what} is chosen; check one or more.")
