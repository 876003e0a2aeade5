"""A range test for each group: the others stand still, and the model comes back as it was."""

import keras
import numpy as np
import pytest

from helpers.layerwise import differential, split
from helpers.range_test import run, run_groups
from tests import layerwise_matrix as matrix

DATA = (matrix.INPUTS, matrix.TARGETS)
OPTIONS = {
    "steps": 30,
    "batch_size": 8,
    "max_rate": 1.0,
    "min_rate": 1e-3,
    "stop_factor": np.inf,
    "progress": False,
}


def everything(model):
    """Return all values of a model and its optimizer."""
    return [variable.numpy().copy() for variable in [*model.variables, *model.optimizer.variables]]


@pytest.mark.parametrize("kind", ["one rate", "differential"])
@pytest.mark.filterwarnings("ignore:The loss never diverged")
def test_each_test_moves_one_group_and_the_model_comes_back(kind):
    model = matrix.build_model()
    groups = matrix.grouped(model)
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    if kind == "differential":
        optimizer = differential(optimizer, groups, multipliers=[0.1, 0.5, 1])
    model.compile(optimizer, "mse")
    matrix.fit(model)
    before, own = everything(model), model.optimizer
    tests = run_groups(model, groups, DATA, **OPTIONS)
    assert model.optimizer is own
    for one, other in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(one, other)
    # Frozen by Keras, the others stand still as well.
    for group, test in enumerate(tests):
        alone = matrix.build_model()
        alone.set_weights(model.get_weights())
        for at, layer in enumerate(alone.layers):
            layer.trainable = at == group
        alone.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
        wanted = run(alone, DATA, **OPTIONS)
        np.testing.assert_allclose(test.losses, wanted.losses, rtol=1e-4)
    matrix.fit(model)


def test_the_optimizer_comes_back_after_an_error():
    model, groups = matrix.together("SGD")
    own = model.optimizer
    with pytest.raises(ValueError, match="steps"):
        run_groups(model, groups, DATA, steps=1)
    assert model.optimizer is own


def test_groups_of_another_model_and_frozen_groups_are_refused():
    model, groups = matrix.together("SGD")
    with pytest.raises(ValueError, match="groups are of another model"):
        run_groups(matrix.build_model(), groups, DATA)
    model.layers[0].trainable = False
    with pytest.raises(ValueError, match=r"are frozen: \[0\]"):
        run_groups(model, groups, DATA)
    with pytest.raises(TypeError, match="groups is of type list"):
        run_groups(model, split(model, at=[]).layers[0:0] or [], DATA)
