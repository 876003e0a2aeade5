"""`differential`: one optimizer, a learning rate for each group of layers."""

import keras

from helpers.layerwise.groups import check_groups
from helpers.layerwise.optimizer import Differential, made
from helpers.schedules import checked_rate


def differential(optimizer, groups, *, multipliers=None, rates=None):
    """Return the optimizer with a learning rate of its own for each group.

    A group trains as if it alone had an optimizer of these settings, whose learning rate is
    `optimizer.learning_rate` times the multiplier of the group. So the rate is scaled, and not the
    gradient, which changes nothing under Adam; decoupled weight decay follows the rate; clipping by
    the global norm looks at all groups that are trained. The one `learning_rate` can be read, set
    by callbacks or driven by a schedule, and all groups follow.

    A group with the multiplier 0 stays as it is, bit for bit, as a frozen one does; but batch
    normalization in it goes on updating its statistics, where `trainable = False` stops that too.

    Layers may be frozen and unfrozen: after `compile` with this same optimizer, or by `unfreeze`,
    what goes on being trained keeps its momentum and the like, and what comes anew starts as under
    a new optimizer, bias correction included. (Nadam's correction of the momentum is one for all.)

    Args:
        optimizer: A Keras optimizer that has not been fitted; it stays as it is. Any that treats
            each weight by itself: SGD, Adam, AdamW, RMSprop, Nadam, Lion and so on, also one made
            by `cycle_momentum`.
        groups: A `LayerGroups`, made by `split`.
        multipliers: A number >= 0 for each group, such as `geometric(3, 10)`.
        rates: A learning rate for each group instead; the highest becomes `learning_rate`. Not
            where a schedule drives it.

    Returns:
        A new optimizer of the same settings, to compile the model with. Its `multipliers` are
        fixed; it is saved and loaded with them.

    Raises:
        TypeError: If an argument is of the wrong kind, or the optimizer cannot have a rate for each
            weight.
        ValueError: If not exactly one of `multipliers` and `rates` is given, or not one for each
            group, or a schedule drives the optimizer and `rates` are given, or it has been fitted.

    Example:
        Source A's case in one line: Adam, two split layers, three rates.

        >>> from helpers.layerwise import rates, split
        >>> dense = keras.layers.Dense
        >>> layers = [dense(8, name="early"), dense(8, name="middle"), dense(2, name="head")]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> groups = split(model, at=["middle", "head"])
        >>> model.compile(differential(keras.optimizers.Adam(), groups, rates=[1e-7, 1e-4, 1e-2]))
        >>> [f"{rate:.0e}" for rate in rates(model)]
        ['1e-07', '1e-04', '1e-02']
    """
    _check_optimizer(optimizer)
    check_groups(groups)
    if (multipliers is None) == (rates is None):
        raise ValueError("Give either multipliers or rates: one number for each group.")
    if rates is None:
        return _remade(optimizer, groups, _checked_numbers("multipliers", multipliers, len(groups)))
    if _is_scheduled(optimizer):
        raise ValueError(
            "A schedule drives the optimizer, so the groups cannot have fixed rates; give "
            "multipliers: each group has the schedule's rate times its own."
        )
    numbers = _checked_numbers("rates", rates, len(groups))
    highest = max(numbers)
    new = _remade(optimizer, groups, [number / highest for number in numbers])
    new.learning_rate = highest
    return new


def training_only(optimizer, groups, group):
    """Return an optimizer of the same settings, without what it has gathered, for one group alone.

    Args:
        optimizer: A model's optimizer, fitted or not, with one rate or differential, maybe in a
            `LossScaleOptimizer`; it stays as it is.
        groups: The model's `LayerGroups`.
        group: The number of the group that is trained, from 0; its multiplier is 1.

    Returns:
        A new optimizer.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    new = _remade(inner, groups, [float(each == group) for each in range(len(groups))])
    return new if inner is optimizer else type(optimizer)(new)


def _remade(optimizer, groups, multipliers):
    """Return a new differential optimizer with the settings of one that may be so already."""
    config = optimizer.get_config() | {"multipliers": multipliers}
    if isinstance(optimizer, Differential):
        for name in ("optimizer", "groups_of_variables", "begins_later"):
            del config[name]
    if _is_scheduled(optimizer):
        # The object itself: another schedule need not be registered for this.
        config["learning_rate"] = optimizer._learning_rate
    new = made(getattr(optimizer, "base", type(optimizer)), config)
    new.groups = groups
    # What `exclude_from_weight_decay` was told is no part of a config.
    for name in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"):
        if hasattr(optimizer, name):
            setattr(new, name, getattr(optimizer, name))
    return new


def _is_scheduled(optimizer):
    """Return whether the rate comes from a schedule or another function, and cannot be set."""
    return isinstance(optimizer.get_config()["learning_rate"], dict)


def _check_optimizer(optimizer):
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise TypeError(
            f"optimizer is {optimizer!r}; give a Keras optimizer, such as "
            "keras.optimizers.Adam(0.001)."
        )
    name = type(optimizer).__name__
    if isinstance(optimizer, Differential):
        raise TypeError(f"optimizer is a {name} already; give the optimizer it was made from.")
    if hasattr(optimizer, "inner_optimizer"):
        raise TypeError(
            f"optimizer is a {name}; make the one inside it differential, then wrap that."
        )
    if type(optimizer).update_step is keras.optimizers.Optimizer.update_step:
        raise TypeError(
            f"{name} does not update each weight by itself (it has no `update_step`), so that no "
            "group can have a rate of its own; take SGD, Adam or another of keras.optimizers."
        )
    if optimizer.built:
        raise ValueError(
            "The optimizer has been fitted already, and its slots would be lost; make a new one "
            "differential, and compile with that."
        )


def _checked_numbers(name, values, count):
    """Return the multipliers or rates as floats, one for each group, not all of them 0."""
    if isinstance(values, (str, dict)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} is {values!r}; give a list with a number for each group.")
    numbers = [checked_rate(value, f"each of {name}") for value in values]
    if len(numbers) != count:
        raise ValueError(f"{name} has {len(numbers)} numbers for {count} groups; give {count}.")
    if not any(numbers):
        raise ValueError(f"{name} are all 0, so that nothing is trained; let one be above 0.")
    return numbers
