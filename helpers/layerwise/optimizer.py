"""`differential`: one optimizer of Keras, with a rate for each group of layers."""

import contextlib
import functools

import keras
import numpy as np

from helpers.keras_schedules import PACKAGE, made_anew, rate_source
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

    To unfreeze layers later, set `trainable` and compile with a new optimizer, as Keras wants it.

    Args:
        optimizer: A Keras optimizer that has not been fitted; it stays as it is. Any that treats
            each weight by itself: SGD, Adam, AdamW, RMSprop, Nadam, Lion and so on, also one made
            by `cycle_momentum`. (Wrap it in a `LossScaleOptimizer` afterwards.)
        groups: A `LayerGroups`, made by `split`.
        multipliers: A number >= 0 for each group, such as `geometric(3, 10)`.
        rates: A learning rate for each group instead; the highest becomes `learning_rate`. Not
            where a schedule drives it.

    Returns:
        A new optimizer of the same settings, to compile the model with. Its `multipliers` are
        fixed; it is saved and loaded with them.

    Raises:
        TypeError: If the optimizer cannot have a rate for each weight.
        ValueError: If not exactly one of `multipliers` and `rates` is given, or not one for each
            group, or a schedule drives the optimizer and `rates` are given, or it has been fitted.

    Example:
        Adam, two split layers, three rates.

        >>> from helpers.layerwise import rates, split
        >>> dense = keras.layers.Dense
        >>> layers = [dense(8, name="early"), dense(8, name="middle"), dense(2, name="head")]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> groups = split(model, at=["middle", "head"])
        >>> model.compile(differential(keras.optimizers.Adam(), groups, rates=[1e-7, 1e-4, 1e-2]))
        >>> [f"{rate:.0e}" for rate in rates(model)]
        ['1e-07', '1e-04', '1e-02']
    """
    undefined = keras.optimizers.Optimizer.update_step
    update = getattr(type(optimizer), "update_step", undefined)
    if update is undefined or hasattr(optimizer, "multipliers"):
        text = "give one of Keras's that updates each weight by itself, such as SGD(0.1)"
        raise TypeError(f"optimizer is {optimizer!r}; {text}, not differential, not a wrapper.")
    if (multipliers is None) == (rates is None):
        raise ValueError("Give either multipliers or rates: one number for each group.")
    if rates is not None and not hasattr(rate_source(optimizer), "assign"):
        raise ValueError("A schedule drives the optimizer: give multipliers, not fixed rates.")
    given = multipliers if rates is None else rates
    numbers = [checked_rate(number, "each multiplier or rate") for number in given]
    if len(numbers) != len(groups) or not any(numbers):
        raise ValueError(f"{len(groups)} groups need a number each, one above 0; not {numbers}.")
    highest = 1.0 if rates is None else max(numbers)
    new = _made(optimizer, groups, [number / highest for number in numbers])
    if rates is not None:
        new.learning_rate = highest
    return new


def training_only(optimizer, groups, group):
    """Return an optimizer of the same settings, without what it has gathered, for one group alone.

    Args:
        optimizer: A model's optimizer, fitted or not, with one rate or differential, maybe in a
            `LossScaleOptimizer`; it stays as it is.
        groups: The model's `LayerGroups`.
        group: The number of the group that is trained, from 0; its multiplier is 1.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    new = _made(inner, groups, [float(other == group) for other in range(len(groups))], fitted=True)
    return new if inner is optimizer else type(optimizer)(new)


def multipliers_of(optimizer):
    """Return an optimizer's multipliers, also in a `LossScaleOptimizer`; None if it has none."""
    return getattr(getattr(optimizer, "inner_optimizer", optimizer), "multipliers", None)


def rate_of(optimizer):
    """Return the present learning rate as a float, the shortest that is the same in float32."""
    return checked_rate(np.float32(keras.ops.convert_to_numpy(optimizer.learning_rate)))


def _made(optimizer, groups, multipliers, fitted=False):
    base = getattr(optimizer, "base", type(optimizer))
    own = ("base", "multipliers", "groups_of_variables")

    def make(settings):
        settings = {name: value for name, value in settings.items() if name not in own}
        return _kind(base)(**settings, multipliers=multipliers)

    new = made_anew(optimizer, make, fitted)
    new.groups = groups
    return new


@keras.saving.register_keras_serializable(package=PACKAGE)
class Differential:
    """A rate for each group; put before a class of Keras's optimizers by `differential`.

    Attributes:
        base: The class of Keras's optimizers.
        multipliers: A number for each group.
        groups: The `LayerGroups`, or None in an optimizer that was loaded.
    """

    groups = None
    # Of the group that is updated at the moment.
    _multiplier_now = 1.0

    def __init__(self, *args, multipliers, groups_of_variables=None, **others):
        super().__init__(*args, **others)
        self.multipliers = tuple(multipliers)
        self._groups_of_variables = groups_of_variables

    def build(self, variables):
        """Make the slots of the variables, as the class of Keras does."""
        if self.built:
            return
        if self.groups is not None:
            self._groups_of_variables = [self.groups.group_of(variable) for variable in variables]
        elif len(variables) != len(self._groups_of_variables):
            saved = f"saved with {len(self._groups_of_variables)} variables to train"
            text = f"The optimizer was {saved}, and the model has {len(variables)}"
            raise ValueError(f"{text}; compile with a new differential(...).")
        super().build(variables)

    def apply(self, grads, trainable_variables=None):
        """Update as the class of Keras does, but for groups whose multiplier is 0."""
        if trainable_variables is not None:
            if not self.built:
                self.build(list(trainable_variables))
            pairs = list(zip(grads, trainable_variables))
            try:
                moving = [pair for pair in pairs if self._multiplier_of(pair[1])]
            except KeyError:
                # Keras says which variable it does not know, and what to do.
                moving = pairs
            if not moving:
                raise ValueError("Every group that is not frozen has the multiplier 0.")
            grads, trainable_variables = map(list, zip(*moving))
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable, with the rate of its group."""
        with self._as_group(self._multiplier_of(variable)) as multiplier:
            return super().update_step(gradient, variable, learning_rate * multiplier)

    def _apply_weight_decay(self, variables):
        for variable in variables:
            with self._as_group(self._multiplier_of(variable)):
                super()._apply_weight_decay([variable])

    @contextlib.contextmanager
    def _as_group(self, multiplier):
        """Let the rate be that of a group, for code that asks for `self.learning_rate` itself."""
        self._multiplier_now = multiplier
        try:
            yield multiplier
        finally:
            self._multiplier_now = 1.0

    @property
    def learning_rate(self):
        """The rate that the multipliers multiply."""
        rate = super().learning_rate
        return rate if self._multiplier_now == 1.0 else rate * self._multiplier_now

    @learning_rate.setter
    def learning_rate(self, rate):
        keras.optimizers.Optimizer.learning_rate.fset(self, rate)

    def get_config(self):
        """Return the settings with the multipliers and the group of each variable."""
        groups = self._groups_of_variables
        if self.groups is not None:
            # A model that is loaded builds the optimizer for what is not frozen.
            trained = self.groups.model.trainable_variables
            groups = [self.groups.group_of(variable) for variable in trained]
        return super().get_config() | {
            "base": keras.saving.get_registered_name(self.base),
            "multipliers": list(self.multipliers),
            "groups_of_variables": groups,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Return the optimizer that `get_config` described."""
        config = dict(config)
        name = config.pop("base")
        base = keras.saving.get_registered_object(name, custom_objects)
        base = base or getattr(keras.optimizers, name)
        return super(Differential, _kind(base)).from_config(config)

    def _multiplier_of(self, variable):
        return self.multipliers[self._groups_of_variables[self._get_variable_index(variable)]]


@functools.cache
def _kind(base):
    """Return the differential class over a class of Keras's optimizers."""
    name = f"Differential{base.__name__}"
    doc = f"{base.__name__} with a rate for each layer group; made by `differential`."
    kind = type(name, (Differential, base), {"__doc__": doc, "__module__": __name__, "base": base})
    # All have one name in files, under which Differential.from_config finds the class.
    return keras.saving.register_keras_serializable(PACKAGE, Differential.__name__)(kind)
