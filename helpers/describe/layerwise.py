"""Sentences about layer groups: their rates, and how far they moved."""

from helpers.results.layerwise import movement_spread


def describe_layer_rates(table):
    """Say in a sentence what `plot_layer_rates` of the same table shows.

    Args:
        table: As for `plot_layer_rates`.

    Returns:
        One sentence with the number of groups and their rates; of many, the first and the last.

    Example:
        >>> import pandas as pd
        >>> rows = {"group": [0, 1], "layers": ["base", "head"], "parameters": [90, 10]}
        >>> describe_layer_rates(pd.DataFrame(rows | {"learning_rate": [1e-4, 1e-2]}))
        'Network of 2 blocks in 2 groups, input first, colored by learning rate: 0.0001, 0.01.'
    """
    rates = group_rates(table)
    return (
        f"Network of {count_of(len(table), 'block')} in {count_of(len(rates), 'group')}, input "
        f"first, colored by learning rate: {listed(rates)}."
    )


def describe_movement(movements):
    """Say in words what `plot_movement` of the same arguments shows.

    Args:
        movements: As for `plot_movement`.

    Returns:
        One sentence with the median movement of the groups under each treatment.

    Raises:
        TypeError: As for `results.movement_spread`.
        ValueError: As for `results.movement_spread`.

    Example:
        >>> describe_movement({"one rate": [0.2, 0.4], "two rates": [0.002, 0.4]})
        'Movement of 2 groups, input first, on a log axis: one rate 0.2, 0.4; two rates 0.002, 0.4.'
    """
    spread = movement_spread(movements)
    parts = [
        f"{name} {listed([f'{value:.2g}' for value in rows['median']])}"
        for name, rows in spread.groupby("treatment", sort=False)
    ]
    seeds = spread["seeds"].max()
    over = f", median of {seeds} seeds" if seeds > 1 else ""
    groups = count_of(spread["group"].nunique(), "group")
    return f"Movement of {groups}, input first, on a log axis{over}: {'; '.join(parts)}."


def group_rates(table):
    """Return the rate of each group in words, `frozen` where nothing in it is trained."""
    words = []
    for _, rows in table.groupby("group", sort=False):
        frozen = "trained" in rows and not rows["trained"].any()
        words.append("frozen" if frozen else f"{rows['learning_rate'].iloc[0]:.3g}")
    return words


def listed(words, most=6):
    """Join words by commas; of many, the first and the last stand for all."""
    return ", ".join(words) if len(words) <= most else f"{words[0]} ... {words[-1]}"


def count_of(number, name):
    """Return a number with its noun: `1 group`, `2 groups`."""
    return f"{number} {name}{'' if number == 1 else 's'}"
