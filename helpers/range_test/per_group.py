"""`run_groups`: a range test of each group of layers, the others frozen."""

from helpers.layerwise.groups import check_groups
from helpers.layerwise.making import training_only
from helpers.range_test.running import run


def run_groups(model, groups, train, **options):
    """Run a range test for each group of layers, while the rates of all others are 0.

    What the tests suggest for the groups gives the multipliers of `layerwise.differential`, which
    are guessed otherwise. The model comes back as from `run`. It may be compiled with one rate or
    with a differential optimizer; each test takes a new optimizer of the same settings.

    Args:
        model: A compiled Keras model with no group frozen.
        groups: The model's `layerwise.LayerGroups`.
        train: As for `run`.
        **options: As for `run`: `min_rate`, `max_rate`, `steps` and so on.

    Returns:
        A list with a `RangeTest` for each group, the one nearest to the input first.

    Raises:
        TypeError: As for `run`, or if `groups` is no `LayerGroups`.
        ValueError: As for `run`, or if the groups are of another model, or one is frozen.
    """
    check_groups(groups)
    if groups.model is not model:
        raise ValueError("The groups are of another model; split this one.")
    table = groups.table()
    frozen = table["group"][table["trained"] == 0].tolist()
    if frozen:
        raise ValueError(f"These groups are frozen: {frozen}; unfreeze all layers for the tests.")
    own, tests = model.optimizer, []
    try:
        for group in range(len(groups)):
            model.optimizer = training_only(own, groups, group)
            tests.append(run(model, train, **options))
    finally:
        model.optimizer = own
    return tests
