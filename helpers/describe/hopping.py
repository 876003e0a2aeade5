"""Sentences about trials that hop among basins."""

from helpers.landscapes import compare_hops


def describe_hops(hops, name="hopping"):
    """Say in one sentence what `plot_hops` shows.

    Args:
        hops: A `Hops`.
        name: What to call the schedule.

    Returns:
        One sentence with the share in the deepest basin and, where there are several checkpoints,
        the share by the best of them.

    Example:
        >>> from helpers.landscapes import Basins, hop
        >>> from helpers.schedules import Constant
        >>> rate = Constant(0.1)
        >>> walks = hop(Basins(), rate, steps=200, trials=100, noise=0, start=1)
        >>> print(describe_hops(walks, "constant"))
        Histogram of 100 ends in 4 basins, constant: 100.0 % [96.3, 100.0] in the deepest.
    """
    count = len(hops.updates)
    best = ""
    if count > 1:
        best = f", {100 * hops.share('best').value:.1f} % by the best of {count} checkpoints"
    ends = f"Histogram of {hops.trials:,} ends in {len(hops.landscape.bottoms)} basins, {name}"
    return f"{ends}: {hops.share()} in the deepest{best}."


def describe_hop_difference(a, b, *, keep="last", names=("first", "second")):
    """Say in one sentence which of two schedules leaves more trials in the deepest basin.

    Args:
        a: The `Hops` of one schedule.
        b: Those of another, all other settings equal.
        keep: As for `Hops.kept`.
        names: What to call the two.

    Returns:
        One sentence with the difference in percentage points and its 95 % interval.

    Raises:
        ValueError: If a setting differs, or `keep` is not known.
    """
    paired = compare_hops(a, b, keep=keep, names=names)
    mean, low, high = (100 * value for value in (paired.mean, paired.low, paired.high))
    verdict = "a tie" if paired.winner is None else f"{paired.winner} wins"
    return f"{names[0]} minus {names[1]}: {mean:+.1f} points [{low:+.1f}, {high:+.1f}], {verdict}."


def describe_hop_shares(series):
    """Say in one sentence what `plot_hop_shares` of the same series shows.

    Args:
        series: Dict of the schedule's name to its `Hops`.

    Returns:
        One sentence with the shares of each schedule.
    """
    parts = []
    for name, hops in series.items():
        best = f", best checkpoint {hops.share('best')}" if len(hops.updates) > 1 else ""
        parts.append(f"{name} {hops.share()}{best}")
    return f"Dot chart of the trials that are in the deepest basin at the end: {'; '.join(parts)}."
