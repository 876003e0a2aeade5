"""Runs of one policy at several rates: `"triangular at 0.1"`, apart by name, tuned, at the end."""

import dataclasses

from helpers.results.runs import Runs

_BETWEEN = " at "


def at_rate(name, rate):
    """Return the label of a policy at a rate.

    Args:
        name: The policy's name, without " at ".
        rate: The rate that was varied, such as the highest one of a cycle.

    Returns:
        Text that `series` takes apart again.

    Raises:
        ValueError: If the name contains " at ".

    Example:
        >>> at_rate("triangular", 0.0316)
        'triangular at 0.0316'
    """
    if _BETWEEN in name:
        raise ValueError(f"The name {name!r} contains {_BETWEEN!r}; name the policy without it.")
    return f"{name}{_BETWEEN}{rate:.3g}"


def series(runs):
    """Take runs apart by policy.

    Args:
        runs: A `Runs` whose labels were made by `at_rate`.

    Returns:
        Dict of the policy's name to its `Runs`, whose labels are the rates: a sweep each.

    Raises:
        ValueError: If a label names no policy at a rate.
    """
    apart = {}
    for run in runs.runs:
        name, between, rate = str(run.label).partition(_BETWEEN)
        if not between:
            raise ValueError(f"{run.label!r} is no label of at_rate(), such as 'cosine at 0.1'.")
        apart.setdefault(name, []).append(dataclasses.replace(run, label=float(rate)))
    return {name: Runs(tuple(own), runs.about) for name, own in apart.items()}


def tuned(runs, metric="val_loss", mode=None):
    """Keep each policy at its own best rate only.

    Judge by a validation metric here, and compare the result by a test metric: what was chosen by
    a metric looks better in that metric than it is.

    Args:
        runs: A `Runs` whose labels were made by `at_rate`.
        metric: The metric by which each policy's rate is chosen.
        mode: As for `Runs.best`.

    Returns:
        A `Runs` whose labels are the policies; `about["tuned_rates"]` says at which rate each is.

    Raises:
        ValueError: As for `series` and `Runs.best`.
    """
    kept, rates = [], {}
    for name, own in series(runs).items():
        best = own.best(metric, mode).label
        rates[name] = best
        kept += [dataclasses.replace(run, label=name) for run in own.select([best]).runs]
    return Runs(tuple(kept), runs.about | {"tuned_rates": rates, "tuned_by": metric})


def at_end(runs):
    """Keep what was measured after the last epoch only: large grids become small files.

    Args:
        runs: A `Runs`.

    Returns:
        A `Runs` whose histories have one row each; points in mid-training are left out.
    """
    kept = (
        dataclasses.replace(
            run,
            history={name: values[-1:] for name, values in run.history.items()},
            updates=run.updates[-1:],
            points=[],
        )
        for run in runs.runs
    )
    return Runs(tuple(kept), runs.about)
