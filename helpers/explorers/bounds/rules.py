"""The rules that *Bounds* offers: what each finds in a range test, and why."""

from helpers.results.suggestions import RULE_NAMES

SMITHS_BOUNDS = "smiths_bounds"
NAMES = RULE_NAMES | {SMITHS_BOUNDS: "Smith's bounds"}


def found(test, rule):
    """Return what a rule finds in a range test.

    Args:
        test: A `RangeTest`.
        rule: A key of `NAMES`.

    Returns:
        List of pairs of a rate, or None, and its reason: one pair; two for Smith's bounds, unless
        the test shows neither of them.
    """
    if rule != SMITHS_BOUNDS:
        return [(test.suggest()[rule], test.reasons()[rule])]
    bounds = test.bounds()
    if bounds.min_rate is None:
        return [(None, bounds.min_reason)]
    return [(bounds.min_rate, bounds.min_reason), (bounds.max_rate, bounds.max_reason)]


def name_found(test, rule):
    """Name a rule and its rates in a few words, as beside the line that marks them."""
    rates = ["none" if rate is None else f"{rate:.3g}" for rate, _ in found(test, rule)]
    return f"{NAMES[rule]}: {' and '.join(rates)}"


def describe_found(test, rule):
    """Say in a sentence without a full stop what a rule finds and why."""
    rates = " and ".join(
        f"{'no rate' if rate is None else f'{rate:.3g}'} ({reason})"
        for rate, reason in found(test, rule)
    )
    return f"In the test, {NAMES[rule]} {'find' if rule == SMITHS_BOUNDS else 'finds'} {rates}"
