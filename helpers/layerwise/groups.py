"""`split`: a model's layers in groups, so that every weight is in exactly one of them."""

import difflib
from dataclasses import dataclass, field

import keras
import numpy as np
import pandas as pd

from helpers.schedules import checked_rate

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
        TypeError: If `model` or an entry of `at` is of the wrong kind.
        ValueError: If a name is unknown or stands for several layers, a layer is no part of the
            model, a group has nothing to train, or the model is not built.

    Example:
        >>> dense = keras.layers.Dense
        >>> layers = [dense(8, name="early"), dense(8, name="middle"), dense(2, name="head")]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> split(model, at=["middle", "head"]).table()["parameters"].tolist()
        [40, 72, 18]
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model is of type {type(model).__name__}; give a Keras model.")
    if isinstance(at, (str, keras.Layer)) or not hasattr(at, "__iter__"):
        raise TypeError(f"at is {at!r}; give a list of layers or names, such as ['conv_5'].")
    if not model.weights:
        raise ValueError(
            "The model has no weights yet; build it first: call it on a batch, or begin it with "
            "keras.Input(shape)."
        )
    order = _in_order(model)
    starts = [_place(each, order) for each in at]
    for start in starts:
        if starts.count(start) > 1:
            raise ValueError(f"The layer {order[start].name!r} occurs twice in at; give it once.")
    bounds = [0, *sorted(starts), len(order)]
    parts = tuple(tuple(order[first:end]) for first, end in zip(bounds, bounds[1:]))
    return LayerGroups(model, parts)


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
    """

    model: keras.Model
    layers: tuple
    _group_of: dict = field(init=False)

    def __post_init__(self):
        group_of = {}
        for group, layers in enumerate(self.layers):
            own = [variable for layer in layers for variable in own_variables(layer)]
            new = {id(variable): group for variable in own if id(variable) not in group_of}
            if not new:
                raise ValueError(
                    f"Group {group} ({_names(layers)}) has nothing to train; leave out of at the "
                    "layer where it begins, or the one where it ends."
                )
            group_of |= new
        object.__setattr__(self, "_group_of", group_of)
        for variable in self.model.trainable_variables:
            self.group_of(variable)

    def __len__(self):
        return len(self.layers)

    def __repr__(self):
        sizes = ", ".join(str(len(group)) for group in self.variables)
        return f"LayerGroups({len(self)} groups of {self.model.name}: {sizes} variables)"

    def group_of(self, variable):
        """Return the number of a variable's group, from 0.

        Raises:
            ValueError: If the variable is in no group.
        """
        if id(variable) not in self._group_of:
            raise ValueError(
                f"The weight {getattr(variable, 'path', variable)!r} is in no group: it belongs to "
                "another model, or came after the split. Split the model again, and compile anew."
            )
        return self._group_of[id(variable)]

    @property
    def variables(self):
        """A tuple of the variables that can be trained, frozen or not, for each group."""
        found = {}
        for layer in (layer for layers in self.layers for layer in layers):
            found |= {id(variable): variable for variable in own_variables(layer)}
        groups = [[] for _ in self.layers]
        for key, variable in found.items():
            groups[self._group_of[key]].append(variable)
        return tuple(tuple(group) for group in groups)

    def values(self):
        """Return a copy of the weights that can be trained, for `movement`.

        Returns:
            A list of arrays for each group.
        """
        return [[np.array(each.numpy()) for each in group] for group in self.variables]

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
        rows = []
        for group, (layers, variables) in enumerate(zip(self.layers, self.variables)):
            sizes = {id(variable): int(np.prod(variable.shape)) for variable in variables}
            rows.append(
                {
                    "group": group,
                    "layers": _names(layer for layer in layers if own_variables(layer)),
                    "variables": len(variables),
                    "parameters": sum(sizes.values()),
                    "trained": sum(size for key, size in sizes.items() if key in trained),
                }
            )
        frame = pd.DataFrame(rows)
        if optimizer is not None:
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            multipliers = getattr(inner, "multipliers", (1.0,) * len(self))
            if len(multipliers) != len(self):
                raise ValueError(
                    f"The optimizer was made for {len(multipliers)} groups, these are {len(self)}."
                )
            frame["learning_rate"] = rate_of(inner) * np.array(multipliers)
            frame["weight_decay"] = inner.weight_decay or 0.0
        return frame


def check_groups(groups):
    """Raise TypeError unless it is a `LayerGroups`."""
    if not isinstance(groups, LayerGroups):
        raise TypeError(f"groups is of type {type(groups).__name__}; give what split() returned.")


def rate_of(optimizer):
    """Return the present learning rate as a float, the shortest that is the same in float32."""
    return checked_rate(np.float32(keras.ops.convert_to_tensor(optimizer.learning_rate).numpy()))


def own_variables(layer):
    """Return what a layer itself can train, without its sublayers, frozen or not."""
    # No public name lists what a frozen layer would train.
    return layer._trainable_variables


def sublayers(layer):
    """Return the layers that a layer or model directly consists of."""
    # `layers` is only there for models.
    return layer._layers


def _in_order(model):
    """Return the model and all layers in it, each once, an outer one before its inner ones."""
    found = {}

    def visit(layer):
        if id(layer) not in found:
            found[id(layer)] = layer
            for inner in sublayers(layer):
                visit(inner)

    visit(model)
    return list(found.values())


def _place(wanted, order):
    """Return where a layer, or the layer of a name, stands in the order."""
    if isinstance(wanted, keras.Layer):
        places = [place for place, layer in enumerate(order) if layer is wanted]
        if not places:
            raise ValueError(
                f"The layer {wanted.name!r} is no part of the model; take it from the model itself:"
                f" model.get_layer({wanted.name!r})."
            )
        return places[0]
    if not isinstance(wanted, str):
        raise TypeError(f"at holds {wanted!r} ({type(wanted).__name__}); give layers or names.")
    names = [layer.name for layer in order[1:]]
    if wanted not in names:
        near = difflib.get_close_matches(wanted, dict.fromkeys(names), n=5, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"the first are {names[:5]}."
        raise ValueError(f"No layer has the name {wanted!r}; {hint}")
    if names.count(wanted) > 1:
        raise ValueError(
            f"{names.count(wanted)} layers have the name {wanted!r}; give the layer itself, such as"
            f" model.get_layer('base').get_layer({wanted!r})."
        )
    return names.index(wanted) + 1


def _names(layers):
    names = [layer.name for layer in layers]
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{names[0]} ... {names[-1]} ({len(names)} layers)"
