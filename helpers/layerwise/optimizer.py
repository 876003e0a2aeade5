"""The class behind `differential`: an optimizer of Keras with a rate for each group."""

import functools
from contextlib import contextmanager

import keras
import tensorflow as tf

from helpers.keras_schedules import PACKAGE
from helpers.layerwise.slots import carried_over, check_complete


@keras.saving.register_keras_serializable(package=PACKAGE)
class Differential:
    """A rate for each group; put before a class of Keras's optimizers by `differential`.

    Attributes:
        base: The class of Keras's optimizers.
        multipliers: A number for each group.
        groups: The `LayerGroups`, or None in an optimizer that was loaded.
    """

    groups = None
    # For what Keras's code works at the moment: the multiplier, and where counting begins.
    _multiplier_now, _begin_now = 1.0, None
    _begins_later = False

    def __init__(self, *args, multipliers, groups_of_variables=None, begins_later=False, **others):
        super().__init__(*args, **others)
        self.multipliers = tuple(multipliers)
        self._groups_of_variables = groups_of_variables
        self._begins_later = begins_later

    def build(self, variables):
        """Make the slots of the variables, as the class of Keras does."""
        if self.built:
            return
        if self.groups is not None:
            self._groups_of_variables = [self.groups.group_of(each) for each in variables]
        elif len(variables) != len(self._groups_of_variables):
            raise ValueError(
                f"The optimizer was saved with {len(self._groups_of_variables)} variables to "
                f"train, and the model has {len(variables)}; split the model, and compile with a "
                "new differential(...)."
            )
        super().build(variables)
        # The number of the first update of each variable.
        self._begins = self.add_variable(
            (len(variables),), dtype="int", aggregation="only_first_replica", name="begins"
        )

    def take(self, groups):
        """Check that other variables can be trained with these groups, and remember the groups.

        Args:
            groups: The `LayerGroups` of the model, which an optimizer that was loaded has not.

        Raises:
            ValueError: If the groups are not the optimizer's, or it keeps what cannot go on.
        """
        known = zip(self._groups_of_variables, self._trainable_variables) if self.built else ()
        if len(groups) != len(self.multipliers) or any(
            groups.group_of(variable) != group for group, variable in known
        ):
            raise ValueError(
                "These groups are not those of the model's optimizer; split at the same layers."
            )
        if self.built:
            check_complete(self)
        self.groups = groups

    def follow(self, variables):
        """Train other variables from now on; those that stay keep all that belongs to them.

        Args:
            variables: The variables to train, in the order of the model.

        Raises:
            ValueError: If a variable is in no group, or the groups are not known.
        """
        if not self.built:
            return
        if self.groups is None:
            raise ValueError(
                "Layers were frozen or unfrozen, and an optimizer that was loaded does not know "
                "which group each is in; call unfreeze(split(model, at=...), count) once."
            )
        check_complete(self)
        begins = dict(zip(map(self._var_key, self._trainable_variables), self._begins.numpy()))
        now = int(keras.ops.convert_to_tensor(self.iterations).numpy())
        with carried_over(self):
            self.build(variables)
        if self.use_ema:
            # Keras starts a mean at the first update of all, and would start these from 0.
            for variable, average in zip(variables, self._model_variables_moving_average):
                if self._var_key(variable) not in begins:
                    average.assign(variable)
        begins = [begins.get(self._var_key(variable), now) for variable in variables]
        self._begins.assign(begins)
        self._begins_later = any(begins)

    def apply(self, grads, trainable_variables=None):
        """Update as the class of Keras does, but for groups whose multiplier is 0."""
        variables = self._trainable_variables
        if trainable_variables is not None:
            variables = list(trainable_variables)
            self._notice(variables)
        moving = [pair for pair in zip(grads, variables) if self._multiplier_of(pair[1])]
        if not moving:
            raise ValueError("Every group that is not frozen has the multiplier 0; unfreeze one.")
        super().apply(*map(list, zip(*moving)))

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable, with the rate and the count of updates that are its own."""
        multiplier, begin = self._multiplier_of(variable), None
        if self._begins_later:
            begin = self._begins[self._get_variable_index(variable)]
        with self._acting_for(multiplier, begin):
            return super().update_step(gradient, variable, learning_rate * multiplier)

    def _apply_weight_decay(self, variables):
        by_multiplier = {}
        for variable in variables:
            by_multiplier.setdefault(self._multiplier_of(variable), []).append(variable)
        for multiplier, own in by_multiplier.items():
            with self._acting_for(multiplier):
                super()._apply_weight_decay(own)

    @contextmanager
    def _acting_for(self, multiplier, begin=None):
        """Let `learning_rate` and `iterations` be those of one variable meanwhile."""
        self._multiplier_now, self._begin_now = multiplier, begin
        try:
            yield
        finally:
            self._multiplier_now, self._begin_now = 1.0, None

    def _get_current_learning_rate(self):
        rate = super()._get_current_learning_rate()
        return rate if self._multiplier_now == 1.0 else rate * self._multiplier_now

    @property
    def iterations(self):
        """The number of updates so far."""
        count = super().iterations
        return count if self._begin_now is None else count - self._begin_now

    def _update_model_variables_moving_average(self, trainable_variables):
        super()._update_model_variables_moving_average(trainable_variables)
        # The mean of equal numbers differs from them by rounding, and may overwrite the weights.
        for variable, average in zip(trainable_variables, self._model_variables_moving_average):
            if not self._multiplier_of(variable):
                average.assign(variable)

    def get_config(self):
        """Return the settings with the multipliers and the group of each variable."""
        groups = self._groups_of_variables
        if self.built:
            # A model that is loaded builds the optimizer for what is not frozen.
            pairs = zip(groups, self._trainable_variables)
            groups = [group for group, variable in pairs if variable.trainable]
        elif self.groups is not None:
            trained = self.groups.model.trainable_variables
            groups = [self.groups.group_of(variable) for variable in trained]
        return super().get_config() | {
            "optimizer": keras.saving.get_registered_name(self.base),
            "multipliers": list(self.multipliers),
            "groups_of_variables": groups,
            "begins_later": self._begins_later,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Return the optimizer that `get_config` described."""
        name = config["optimizer"]
        base = keras.saving.get_registered_object(name, custom_objects)
        base = base or getattr(keras.optimizers, name, None)
        if base is None:
            raise ValueError(
                f"The class {name!r} is not known here; register it with "
                "keras.saving.register_keras_serializable, or give it in custom_objects."
            )
        return made(base, {key: config[key] for key in config if key != "optimizer"})

    def _multiplier_of(self, variable):
        return self.multipliers[self._groups_of_variables[self._get_variable_index(variable)]]

    def _notice(self, given):
        """Build, or follow what was frozen or unfrozen since the last update."""
        if not self.built:
            self.build(given)
        known = self._trainable_variables
        wanted = {self._var_key(each) for each in given}
        wanted |= {self._var_key(each) for each in known if each.trainable}
        if wanted != set(self._trainable_variables_indices):
            if self._distribution_strategy.num_replicas_in_sync > 1:
                raise ValueError(
                    "Layers were frozen or unfrozen under a strategy with several replicas; there, "
                    "let unfreeze(groups, count) do it."
                )
            in_model = [] if self.groups is None else self.groups.model.trainable_variables
            order = {self._var_key(each): each for each in [*in_model, *known, *given]}
            # A graph that is being traced can neither make variables nor read them.
            with tf.init_scope():
                self.follow([variable for key, variable in order.items() if key in wanted])


@functools.cache
def _kind(base):
    """Return the differential class over a class of Keras's optimizers."""
    name = f"Differential{base.__name__}"
    doc = f"{base.__name__} with a rate for each layer group; made by `differential`."
    kind = type(name, (Differential, base), {"__doc__": doc, "__module__": __name__, "base": base})
    # All have one name in files, under which Differential.from_config finds the class.
    return keras.saving.register_keras_serializable(PACKAGE, Differential.__name__)(kind)


def made(base, config):
    """Return a differential optimizer from the settings of its class, and ours."""
    return super(Differential, _kind(base)).from_config(config)


def optimizer_of(model):
    """Return the differential optimizer of a model, also from inside a `LossScaleOptimizer`.

    Raises:
        TypeError: If `model` is no Keras model.
        ValueError: If it is not compiled with such an optimizer.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model is of type {type(model).__name__}; give a Keras model.")
    optimizer = getattr(model, "optimizer", None)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not isinstance(inner, Differential):
        raise ValueError(
            "The model is not compiled, or with one rate for all layers; compile it with "
            "differential(optimizer, groups, multipliers=...)."
        )
    return inner
