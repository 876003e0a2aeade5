"""Differential rates: one optimizer, a learning rate for each group of layers.

Importing this module registers its optimizers: a program that loads a saved model imports it first.
"""

import difflib
from dataclasses import dataclass, field

import keras
import numpy as np
import pandas as pd

from helpers.layerwise.optimizer import differential, multipliers_of, rate_of, training_only
from helpers.schedules import checked_count, checked_rate

# A table names so many layers of a group; of more, the first and the last.
MOST_NAMES = 3


def split(model, at):
    """Split a model's layers into groups that follow one another from input to output.

    The order is that of `model.layers`, with the layers of a nested model, or of a layer made of
    others, in the place where it stands. A layer that occurs twice is in the group of its first
    place. Weights that a nested model or a composite layer holds itself go with its beginning.

    Args:
        model: A built Keras model: Sequential, functional or subclassed.
        at: The layers at which a new group begins, in any order: names, or the layers themselves,
            also from inside a nested model. With n of them there are n + 1 groups.

    Returns:
        A `LayerGroups`.

    Raises:
        TypeError: If `at` is one name, not a list.
        ValueError: If a name is unknown or stands for several layers, a layer is no part of the
            model, a group has nothing to train, or the model is not built.

    Example:
        >>> dense = keras.layers.Dense
        >>> layers = [dense(8, name="early"), dense(8, name="middle"), dense(2, name="head")]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> split(model, at=["middle", "head"]).table()["parameters"].tolist()
        [40, 72, 18]
    """
    if isinstance(at, (str, keras.Layer)):
        raise TypeError(f"at is {at!r}; give a list of layers or names, such as ['conv_5'].")
    if not model.weights:
        raise ValueError("The model has no weights yet; call it on a batch to build it.")
    order = _in_order(model, {})
    starts = sorted({_place(wanted, order) for wanted in at})
    layers = (order[first:end] for first, end in zip([0, *starts], [*starts, len(order)]))
    return LayerGroups(model, tuple(map(tuple, layers)))


@dataclass(frozen=True, eq=False, repr=False)
class LayerGroups:
    """The layers of a model in groups, the group nearest to the input first.

    Every weight that can be trained, frozen at present or not, is in exactly one group. Weights are
    told apart by identity: Keras gives the same name to many, and other paths to those of a model
    that is loaded.

    Attributes:
        model: The model that was split.
        layers: A tuple of layers for each group, in the model's order; a nested model is an entry
            itself, before its layers.
        variables: A tuple of the variables that can be trained, frozen or not, for each group.
    """

    model: keras.Model
    layers: tuple
    variables: tuple = field(init=False)
    _group_of: dict = field(init=False)

    def __post_init__(self):
        group_of, variables = {}, []
        for group, layers in enumerate(self.layers):
            own = {id(variable): variable for layer in layers for variable in own_variables(layer)}
            new = {key: variable for key, variable in own.items() if key not in group_of}
            if not new:
                text = f"Group {group} ({_names(layers)}) has nothing to train"
                raise ValueError(f"{text}; leave out of `at` the layer where it begins.")
            group_of |= dict.fromkeys(new, group)
            variables.append(tuple(new.values()))
        vars(self).update(variables=tuple(variables), _group_of=group_of)
        for variable in self.model.trainable_variables:
            self.group_of(variable)

    def __len__(self):
        return len(self.layers)

    def __repr__(self):
        sizes = ", ".join(str(len(group)) for group in self.variables)
        return f"LayerGroups({len(self)} groups of {self.model.name}: {sizes} variables)"

    def group_of(self, variable):
        """Return the number of a variable's group, from 0; ValueError if it is in none."""
        if id(variable) not in self._group_of:
            weight = getattr(variable, "path", variable)
            raise ValueError(f"{weight!r} is in no group; split the model again, and compile.")
        return self._group_of[id(variable)]

    def values(self):
        """Return a copy of the weights that can be trained, for `movement`: a list a group."""
        return [[np.array(variable.numpy()) for variable in group] for group in self.variables]

    def table(self, optimizer=None):
        """Return a frame with one row a group.

        Args:
            optimizer: The model's optimizer, to see what it does to each group; or None.

        Returns:
            Columns `group` (from 0), `layers` (those with weights to train), `variables` and
            `parameters` (that can be trained), `trained` (parameters that are not frozen at
            present). With an optimizer also `learning_rate` (under a schedule, that of the next
            update) and `weight_decay`: an update takes the product of the two from each weight.

        Raises:
            ValueError: If the optimizer was made for another number of groups.
        """
        trained = {id(variable) for variable in self.model.trainable_variables}
        sizes = [{id(each): int(np.prod(each.shape)) for each in group} for group in self.variables]
        frame = pd.DataFrame({"group": range(len(self))})
        frame["layers"] = [_names(filter(own_variables, layers)) for layers in self.layers]
        frame["variables"] = [len(group) for group in sizes]
        frame["parameters"] = [sum(group.values()) for group in sizes]
        frame["trained"] = [sum(group[key] for key in group.keys() & trained) for group in sizes]
        if optimizer is not None:
            multipliers = multipliers_of(optimizer) or (1.0,) * len(self)
            frame["learning_rate"] = rate_of(optimizer) * np.array(multipliers)
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            frame["weight_decay"] = inner.weight_decay or 0.0
        return frame


def geometric(count, ratio):
    """Return multipliers that fall by equal factors from the head to the first layers.

    Args:
        count: Number of groups, >= 1.
        ratio: A group's rate over that of the group before it, > 0; 10 is a common guess, and
            Howard and Ruder take 2.6 from layer to layer.

    Returns:
        A list of floats; the last is 1.

    References:
        J. Howard and S. Ruder, "Universal language model fine-tuning for text classification",
        arXiv:1801.06146, section 3.2.

    Example:
        >>> geometric(3, 10)
        [0.01, 0.1, 1.0]
    """
    ratio = checked_rate(ratio, "ratio", above=True)
    return [1 / ratio**distance for distance in reversed(range(checked_count(count, "count")))]


def rates(model):
    """Return the learning rate that each group of a model has at present.

    Args:
        model: A model compiled with an optimizer that `differential` made.

    Returns:
        A list of floats, the group nearest to the input first. Where a schedule drives the rate,
        these are the rates of the next update.

    Raises:
        ValueError: If it is not compiled with such an optimizer.
    """
    multipliers = multipliers_of(model.optimizer)
    if multipliers is None:
        raise ValueError("The model has one rate for all layers; compile with differential(...).")
    return [rate_of(model.optimizer) * multiplier for multiplier in multipliers]


def movement(groups, before):
    """Return how far the weights of each group are from what they were.

    Args:
        groups: A `LayerGroups`.
        before: What `groups.values()` returned earlier.

    Returns:
        A frame with one row a group: `group`, `change` (norm of the difference), `size` (norm of
        the weights before) and `movement` (the first over the second; infinite where weights left
        0, and 0 where nothing changed).

    Raises:
        ValueError: If `before` is of other groups or other shapes.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, use_bias=False)])
        >>> model.set_weights([np.ones((3, 4))])
        >>> groups = split(model, at=[])
        >>> before = groups.values()
        >>> model.set_weights([np.full((3, 4), 1.5)])
        >>> movement(groups, before)["movement"].tolist()
        [0.5]
    """
    frame = pd.DataFrame({"group": range(len(groups))})
    pairs = [zip(old, new, strict=True) for old, new in zip(before, groups.values(), strict=True)]
    frame["change"] = [_norm(new - old for old, new in pair) for pair in pairs]
    frame["size"] = [_norm(group) for group in before]
    frame["movement"] = (frame["change"] / frame["size"]).where(frame["change"] > 0, 0.0)
    return frame


def own_variables(layer):
    """Return what a layer itself can train, without its sublayers, frozen or not."""
    # No public name lists what a frozen layer would train.
    return layer._trainable_variables


def _norm(arrays):
    """Return the Euclidean norm of all numbers of several arrays."""
    return float(np.sqrt(sum(np.sum(np.square(array, dtype="float64")) for array in arrays)))


def _in_order(layer, found):
    """Add a layer and all layers in it, each once, an outer one before its inner ones."""
    if id(layer) not in found:
        found[id(layer)] = layer
        # `layers` is only there for models.
        for inner in layer._layers:
            _in_order(inner, found)
    return list(found.values())


def _place(wanted, order):
    """Return where a layer, or the layer of a name, stands in the order."""
    # The model itself, which is the first, begins no group.
    places = [at for at, layer in enumerate(order) if at and wanted in (layer, layer.name)]
    if len(places) == 1:
        return places[0]
    names = [layer.name for layer in order[1:]]
    near = difflib.get_close_matches(str(wanted), dict.fromkeys(names), n=5, cutoff=0.5)
    text = f"{len(places) or 'No'} layers of the model are {wanted!r}; near are {near or names[:5]}"
    raise ValueError(f"{text}. Give a name that occurs once, or the layer itself.")


def _names(layers):
    names = [layer.name for layer in layers]
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{names[0]} ... {names[-1]} ({len(names)} layers)"
