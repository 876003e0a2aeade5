"""Everything a compiled model remembers, as values that can be put back."""

import numpy as np


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
