"""Freezing and unfreezing in the midst of training: what stays, what begins anew."""

import keras
import numpy as np
import pytest

from helpers.layerwise import (
    GradualUnfreezing,
    differential,
    movement,
    rates,
    split,
    unfreeze,
)
from tests import layerwise_matrix as matrix
from tests.test_layerwise_groups import built_subclassed, functional_base, nested


def slots(model):
    """Return the momentum of each variable that has one, by the path of the variable."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    found = zip(optimizer._trainable_variables, optimizer._momentums, strict=True)
    return {variable.path.split("/", 1)[1]: slot.numpy() for variable, slot in found}


def trained_layers(model):
    return [layer.name for layer in model.layers if layer.trainable]


def test_the_last_groups_are_trained_and_the_others_stay():
    model, groups = matrix.together("AdamW", weight_decay=0.5)
    unfreeze(groups, 2)
    assert trained_layers(model) == ["middle", "head"]
    before = groups.values()
    matrix.fit(model)
    assert [change > 0 for change in movement(groups, before)["change"]] == [False, True, True]
    unfreeze(groups, 3)
    assert trained_layers(model) == ["early", "middle", "head"]


def test_groups_that_go_on_keep_their_state_and_new_ones_begin_at_zero():
    model, groups = matrix.together("Adam")
    unfreeze(groups, 1)
    matrix.fit(model)
    before, iterations = slots(model), int(model.optimizer.iterations)
    assert sorted(before) == ["head/bias", "head/kernel"]
    unfreeze(groups, 2)
    after = slots(model)
    for path, slot in before.items():
        np.testing.assert_array_equal(after[path], slot)
    assert not after["middle/kernel"].any()
    assert int(model.optimizer.iterations) == iterations


def test_adam_takes_no_leap_in_a_group_that_is_unfrozen_late():
    model, groups = matrix.together("Adam", multipliers=(1, 1, 1))
    unfreeze(groups, 1)
    matrix.fit(model, epochs=20)
    unfreeze(groups, 2)
    before = groups.values()
    model.fit(matrix.INPUTS[:8], matrix.TARGETS[:8], batch_size=8, verbose=0)
    steps = np.abs(groups.values()[1][0] - before[1][0])
    # A first step of Adam is the rate itself, wherever the gradient is not tiny.
    np.testing.assert_allclose(steps, matrix.RATE, rtol=0.1)


def test_a_frozen_group_loses_its_state_and_begins_anew():
    model, groups = matrix.together("Adam")
    matrix.fit(model)
    unfreeze(groups, 2)
    matrix.fit(model)
    unfreeze(groups, 3)
    assert not slots(model)["early/kernel"].any()
    assert slots(model)["middle/kernel"].any()


def test_freezing_by_hand_and_compiling_anew_does_the_same():
    by_hand, groups = matrix.together("AdamW")
    other, other_groups = matrix.together("AdamW")
    for first in (2, 1, 0):
        for at, layer in enumerate(by_hand.layers):
            layer.trainable = at >= first
        by_hand.compile(by_hand.optimizer, "mse")
        unfreeze(other_groups, 3 - first)
        for model in (by_hand, other):
            matrix.fit(model, epochs=1)
    matrix.check_close(groups, other_groups.values(), rtol=1e-6)


def test_only_a_part_of_a_group_may_be_unfrozen_by_hand():
    model = matrix.build_model()
    groups = split(model, at=["head"])
    model.compile(differential(keras.optimizers.Adam(0.02), groups, multipliers=[0.1, 1]), "mse")
    model.layers[0].trainable = False
    matrix.fit(model)
    model.layers[0].trainable = True
    model.compile(model.optimizer, "mse")
    before = groups.values()[0][0]
    model.fit(matrix.INPUTS[:8], matrix.TARGETS[:8], batch_size=8, verbose=0)
    steps = np.abs(groups.values()[0][0] - before)
    np.testing.assert_allclose(steps, 0.002, rtol=0.1)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_model_with_frozen_groups_is_saved_and_goes_on(tmp_path, policy):
    keras.mixed_precision.set_global_policy(policy)
    try:
        model, groups = matrix.together("AdamW")
        for count in (1, 2):
            unfreeze(groups, count)
            matrix.fit(model)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        loaded_groups = split(loaded, at=["middle", "head"])
        for each, parts in ((model, groups), (loaded, loaded_groups)):
            matrix.fit(each)
            unfreeze(parts, 3)
            matrix.fit(each)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert rates(loaded) == rates(model)
    matrix.check_close(loaded_groups, groups.values(), rtol=1e-6)


def test_what_was_frozen_by_hand_is_saved_too(tmp_path):
    model, _ = matrix.together("AdamW")
    matrix.fit(model)
    model.layers[0].trainable = False
    model.compile(model.optimizer, "mse")
    matrix.fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        matrix.fit(each)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_loaded_model_asks_for_its_groups_when_a_layer_is_unfrozen_by_hand(tmp_path):
    model, groups = matrix.together("Adam")
    unfreeze(groups, 2)
    matrix.fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    loaded.layers[0].trainable = True
    loaded.compile(loaded.optimizer, "mse")
    with pytest.raises(Exception, match=r"call unfreeze\(split\(model, at=\.\.\.\), count\)"):
        matrix.fit(loaded)


def test_another_number_of_groups_is_refused():
    model, _ = matrix.together("SGD")
    with pytest.raises(ValueError, match="not those of the model's optimizer"):
        unfreeze(split(model, at=["head"]), 1)
    assert trained_layers(model) == ["early", "middle", "head"]


def test_the_same_split_made_once_more_is_as_good():
    model, groups = matrix.together("SGD")
    matrix.fit(model, epochs=1)
    unfreeze(matrix.grouped(model), 1)
    before = groups.values()
    matrix.fit(model, epochs=1)
    assert [change > 0 for change in movement(groups, before)["change"]] == [False, False, True]


def test_groups_split_elsewhere_are_refused():
    model = matrix.build_model()
    groups = split(model, at=["head"])
    model.compile(differential(keras.optimizers.SGD(0.1), groups, multipliers=[1, 1]), "mse")
    matrix.fit(model, epochs=1)
    with pytest.raises(ValueError, match="split at the same layers"):
        unfreeze(split(model, at=["middle"]), 1)
    assert trained_layers(model) == ["early", "middle", "head"]


def test_a_mean_of_the_weights_begins_where_a_group_is_unfrozen():
    model, groups = matrix.together("SGD", use_ema=True, ema_overwrite_frequency=100)
    unfreeze(groups, 2)
    matrix.fit(model, epochs=1)
    start = groups.values()[0][0]
    unfreeze(groups, 3)
    # At its end `fit` overwrites the weights by their mean, which hardly moved.
    model.fit(matrix.INPUTS[:8], matrix.TARGETS[:8], batch_size=8, verbose=0)
    np.testing.assert_allclose(groups.values()[0][0], start, atol=1e-3)


def test_layers_inside_a_frozen_base_are_unfrozen_with_it():
    base = functional_base()
    base.trainable = False
    model = nested(base)
    groups = split(model, at=["second", "head"])
    model.compile(differential(keras.optimizers.Adam(0.1), groups, multipliers=[1, 1, 1]), "mse")
    data = np.ones((8, 3), "float32"), np.zeros((8, 3), "float32")
    for count, changed in ((1, [False, False, True]), (2, [False, True, True]), (3, [True] * 3)):
        unfreeze(groups, count)
        before = groups.values()
        model.fit(*data, verbose=0)
        assert [change > 0 for change in movement(groups, before)["change"]] == changed


def test_batch_normalization_of_a_frozen_group_keeps_to_its_statistics():
    model = nested()
    groups = split(model, at=["head"])
    model.compile(differential(keras.optimizers.SGD(0.1), groups, multipliers=[1, 1]), "mse")
    norm = model.get_layer("base").get_layer("norm")
    data = np.ones((8, 3), "float32"), np.zeros((8, 3), "float32")
    for count, moves in ((1, False), (2, True)):
        unfreeze(groups, count)
        before = norm.moving_mean.numpy()
        model.fit(*data, verbose=0)
        assert (norm.moving_mean.numpy() != before).any() == moves


def test_the_weights_of_a_model_itself_are_frozen_with_its_first_group():
    model = built_subclassed()
    groups = split(model, at=["block_0", "head"])
    model.compile(differential(keras.optimizers.SGD(0.1), groups, multipliers=[1, 1, 1]), "mse")
    data = np.ones((8, 3), "float32"), np.zeros((8, 3), "float32")
    for count, moves in ((2, False), (3, True)):
        unfreeze(groups, count)
        before = model.scale.numpy()
        model.fit(*data, verbose=0)
        assert (model.scale.numpy() != before).any() == moves


def test_the_callback_unfreezes_a_group_every_few_epochs():
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(len(trained_layers(self.model)))

    model, groups = matrix.together("Adam")
    matrix.fit(model, epochs=8, callbacks=[GradualUnfreezing(groups, every=2), Look()])
    assert seen == [1, 1, 2, 2, 3, 3, 3, 3]
    matrix.check_close(groups, matrix.apart("Adam", steps=24, begins=(12, 6, 0)), rtol=1e-3)


def test_the_callback_counts_the_epochs_of_fit():
    model, groups = matrix.together("SGD")
    matrix.fit(model, epochs=2, initial_epoch=1, callbacks=[GradualUnfreezing(groups)])
    assert trained_layers(model) == ["middle", "head"]


@pytest.mark.parametrize(
    ("count", "error", "message"),
    [
        (0, ValueError, "count is 0"),
        (4, ValueError, "count is 4; there are 3 groups"),
        (1.5, TypeError, "count is 1.5"),
    ],
)
def test_counts_that_make_no_sense_are_refused(count, error, message):
    model, groups = matrix.together("SGD")
    with pytest.raises(error, match=message):
        unfreeze(groups, count)
    assert trained_layers(model) == ["early", "middle", "head"]


def test_arguments_of_the_wrong_kind_are_refused():
    model = matrix.build_model()
    with pytest.raises(TypeError, match="groups is of type Sequential"):
        unfreeze(model, 1)
    with pytest.raises(TypeError, match="groups is of type Sequential"):
        GradualUnfreezing(model)
    with pytest.raises(ValueError, match="every is 0"):
        GradualUnfreezing(matrix.grouped(model), every=0)


def test_an_ordinary_optimizer_is_refused_before_anything_is_frozen():
    model = matrix.build_model()
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match=r"compile it with differential\("):
        unfreeze(matrix.grouped(model), 1)
    assert trained_layers(model) == ["early", "middle", "head"]


class InADict(keras.optimizers.SGD):
    """Keeps something for each weight that is no list."""

    def build(self, variables):
        super().build(variables)
        self.counts = {"all": self.add_variable((), name="count")}


def test_an_optimizer_whose_state_cannot_be_carried_over_is_refused_and_stays_whole():
    model = matrix.build_model()
    groups = matrix.grouped(model)
    model.compile(differential(InADict(0.1), groups, multipliers=[1, 1, 1]), "mse")
    matrix.fit(model)
    with pytest.raises(ValueError, match="DifferentialInADict keeps more than lists"):
        unfreeze(groups, 1)
    assert trained_layers(model) == ["early", "middle", "head"]
    matrix.fit(model)
