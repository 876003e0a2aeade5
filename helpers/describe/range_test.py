"""Sentences about range tests."""

from helpers.results.suggestions import RULE_NAMES, chosen_rules


def describe_range_test(result, *, metric="loss", rules=None):
    """Say in words what `plot_range_test` of the same arguments shows.

    Args:
        result: A `RangeTest`.
        metric: `"loss"` or `"accuracy"`.
        rules: Names from `results.RULES`; None names all for the loss and none for the accuracy.

    Returns:
        Text with the range of rates, how far the loss falls or where the accuracy rises, what each
        rule suggests, and why the test ended.

    Raises:
        ValueError: If the metric or a rule is not known.

    Example:
        >>> import numpy as np
        >>> from helpers.results import RangeTest
        >>> rates = np.geomspace(1e-4, 1, 201)
        >>> losses = np.abs(np.log10(rates) + 1)
        >>> test = RangeTest(rates, losses, smoothing=0, stop_reason="all 201 rates were tried")
        >>> print(describe_range_test(test, rules=["turning_point"]))
        Training loss against 201 learning rates from 0.0001 to 1: it is 3 at first and 0 at best,
        at a rate of 0.1. Suggested: turning point 0.1. The test ended: all 201 rates were tried.
    """
    if metric not in ("loss", "accuracy"):
        raise ValueError(f"metric is {metric!r}; allowed are 'loss' and 'accuracy'.")
    rates = f"{len(result)} learning rates from {result.rates[0]:.3g} to {result.rates[-1]:.3g}"
    rules = () if rules is None and metric == "accuracy" else chosen_rules(rules)
    told = _loss(result) if metric == "loss" else _accuracy(result)
    return (
        f"Training {metric} against {rates}: {told}. {_suggested(result.suggest(), rules)}"
        f"The test ended: {result.stop_reason or 'no reason was given'}."
    )


def describe_range_test_band(band, *, rules=None):
    """Say in words what `plot_range_test_band` of the same arguments shows.

    Args:
        band: A `RangeTestBand`.
        rules: Names from `results.RULES`; None names all.

    Returns:
        Text with the range of rates, and for each rule its median, lowest and highest rate.

    Raises:
        ValueError: If a rule is not known.
    """
    spread = band.spread().loc[list(chosen_rules(rules))]
    parts = [
        f"{RULE_NAMES[rule]} {line['median']:.3g} ({line['lowest']:.3g} to {line['highest']:.3g})"
        for rule, line in spread.iterrows()
        if line["seeds"]
    ]
    seeds = "one seed" if len(band) == 1 else f"{len(band)} seeds"
    diverged = sum(test.diverged for test in band.tests)
    return (
        f"Smoothed training loss against learning rates from {band.rates[0]:.3g} to "
        f"{band.rates[-1]:.3g}, median and range over {seeds}, of which {diverged} diverged. "
        f"Suggested, as median and range: {', '.join(parts) or 'nothing by any rule'}."
    )


def _loss(result):
    table = result.table().dropna(subset="smoothed_loss")
    if table.empty:
        return "no loss was finite"
    best = table.loc[table["smoothed_loss"].idxmin()]
    return (
        f"it is {table['smoothed_loss'].iloc[0]:.3g} at first and {best['smoothed_loss']:.3g} at "
        f"best, at a rate of {best['learning_rate']:.3g}"
    )


def _accuracy(result):
    bounds = result.bounds()
    ends = zip(("lower", "upper"), bounds, (bounds.min_reason, bounds.max_reason))
    return "; ".join(
        f"no {name} bound, for {reason}" if rate is None else f"{name} bound {rate:.3g}, {reason}"
        for name, rate, reason in ends
    )


def _suggested(found, rules):
    parts = [f"{RULE_NAMES[rule]} {found[rule]:.3g}" for rule in rules if found[rule] is not None]
    if not rules:
        return ""
    return f"Suggested: {', '.join(parts) or 'nothing by any rule'}. "
