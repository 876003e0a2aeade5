"""Everything a compiled model remembers, as values that can be put back."""

import random
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf


def variables_of(model):
    """Return all variables that training changes, in a fixed order.

    Weights, batch-norm statistics and seed generators of the model (`model.weights` would miss the
    last), then the optimizer's slots, iterations and rate. Metric variables are not among them:
    they are reset at the start of every epoch.

    Args:
        model: A built and compiled Keras model.

    Returns:
        A list of variables. The optimizer is built if it was not.
    """
    optimizer = model.optimizer
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    return [*model.variables, *optimizer.variables]


def values_of(variables):
    """Return a copy of the variables' values as NumPy arrays."""
    return [np.array(variable.numpy()) for variable in variables]


def restore(variables, values):
    """Give each variable its value back."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def everything_of(model):
    """Return all variables that a model, its metrics, its optimizers or its layers hold.

    More than `variables_of`: metrics, other optimizers that the model has as attributes, and
    TensorFlow's own variables and random generators in layers, of which Keras does not know.

    Args:
        model: A compiled Keras model, built or not; nothing is built.

    Returns:
        A list of variables, each once.
    """
    found = list(model.metrics_variables)
    for part in [model.optimizer, *_tracked(model)]:
        if isinstance(part, tf.Variable):
            found.append(part)
        elif isinstance(part, (keras.Layer, keras.Metric, keras.optimizers.Optimizer)):
            found += part.variables
    return list({id(variable): variable for variable in found}.values())


def values_alike(variables, others):
    """Return the values of one model's variables, to be given to those of another built alike.

    Args:
        variables: The variables that will get the values.
        others: The variables that have them, in the same order.

    Returns:
        A list of NumPy arrays.

    Raises:
        ValueError: If there are more or fewer, or shapes differ.
    """
    values = values_of(others)
    own = [tuple(variable.shape) for variable in variables]
    new = [value.shape for value in values]
    if own != new:
        raise ValueError(
            f"build_model() gave two different models: {len(own)} and {len(new)} variables, or "
            "other shapes. It must build the same model at every call."
        )
    return values


def _tracked(root):
    """Return everything that TensorFlow tracks below an object, and the object itself."""
    found, known = [root], {id(root)}
    for each in found:
        try:
            children = tf.train.TrackableView.children(each).values()
        except ValueError:
            # A list in which something was replaced cannot be saved, and so not be listed either.
            continue
        new = [child for child in children if id(child) not in known]
        known.update(map(id, new))
        found += new
    return found


@contextmanager
def random_states_kept():
    """Put Python's and NumPy's global random states back at the end."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the legacy state is the global one
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
