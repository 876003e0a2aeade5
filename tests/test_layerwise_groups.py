"""`split`: every weight in exactly one group, whatever the model is made of; and its movement."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.layerwise import differential, movement, split


def dense(name, units=3, **options):
    return keras.layers.Dense(units, name=name, **options)


def chain(*names):
    """Return a Sequential model of dense layers from 3 to 3."""
    return keras.Sequential([keras.Input((3,)), *map(dense, names)])


def functional_base(name="base"):
    """Return a base whose layers have names that others may have too."""
    inputs = keras.Input((3,))
    x = dense("first")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(inputs, dense("second")(x), name=name)


def nested(base=None):
    """Return a functional model: a base, then a head."""
    inputs = keras.Input((3,))
    return keras.Model(inputs, dense("head")((base or functional_base())(inputs)))


class Subclassed(keras.Model):
    """Layers as attributes, in a list and in a dict, and a weight of its own."""

    def __init__(self):
        super().__init__()
        self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")
        self.stem = dense("stem")
        self.blocks = [dense("block_0"), dense("block_1")]
        self.heads = {"main": dense("head")}

    def call(self, inputs):
        x = self.stem(inputs) * self.scale
        for block in self.blocks:
            x = block(x)
        return self.heads["main"](x)


def built_subclassed():
    model = Subclassed()
    model(np.zeros((1, 3), "float32"))
    return model


def names(groups):
    """Return the names of layers with weights, by group."""
    return [part["layers"] for part in groups.table().to_dict("records")]


def check_partition(groups):
    """Every variable that can be trained is in one group, and `group_of` says in which."""
    model = groups.model
    found = [id(variable) for group in groups.variables for variable in group]
    assert sorted(found) == sorted(set(found))
    assert set(found) >= {id(variable) for variable in model.trainable_variables}
    for number, group in enumerate(groups.variables):
        assert {groups.group_of(variable) for variable in group} == {number}


def test_a_sequential_model_is_split_by_names():
    groups = split(chain("a", "b", "c", "d"), at=["b", "d"])
    assert names(groups) == ["a", "b, c", "d"]
    assert len(groups) == 3
    check_partition(groups)


def test_layers_themselves_split_like_their_names_and_the_order_of_at_is_free():
    model = chain("a", "b", "c", "d")
    by_name = split(model, at=["b", "d"])
    by_layer = split(model, at=[model.get_layer("d"), "b"])
    assert by_layer.layers == by_name.layers


def test_without_a_split_there_is_one_group():
    assert names(split(chain("a", "b"), at=[])) == ["a, b"]


@settings(max_examples=40)
@given(st.integers(2, 9).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(1, n - 1)))))
def test_any_cuts_of_a_chain_give_its_pieces(case):
    count, cuts = case
    layers = [f"layer_{at}" for at in range(count)]
    groups = split(chain(*layers), at=[layers[cut] for cut in cuts])
    bounds = [0, *sorted(cuts), count]
    wanted = [layers[first:end] for first, end in zip(bounds, bounds[1:])]
    got = [
        [layer.name for layer in part if layer.weights and layer is not groups.model]
        for part in groups.layers
    ]
    assert got == wanted
    check_partition(groups)


def test_a_split_may_lie_inside_a_nested_base():
    groups = split(nested(), at=["second", "head"])
    assert names(groups) == ["first, norm", "second", "head"]
    check_partition(groups)


def test_a_nested_base_can_begin_a_group():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, dense("head")(functional_base()(dense("stem")(inputs))))
    assert names(split(model, at=["base", "head"])) == ["stem", "first, norm, second", "head"]


def test_a_frozen_base_is_split_like_one_that_is_trained():
    base = functional_base()
    base.trainable = False
    groups = split(nested(base), at=["second", "head"])
    assert names(groups) == ["first, norm", "second", "head"]
    assert groups.table()["trained"].tolist() == [0, 0, 12]
    assert groups.table()["parameters"].tolist() == [18, 12, 12]


def test_a_subclassed_model_is_split_in_the_order_of_its_attributes():
    groups = split(built_subclassed(), at=["block_0", "head"])
    assert names(groups) == ["subclassed, stem", "block_0, block_1", "head"]
    check_partition(groups)


def test_a_shared_layer_is_in_the_group_of_its_first_place():
    shared, inputs = dense("shared"), keras.Input((3,))
    x = dense("middle")(shared(inputs))
    model = keras.Model(inputs, dense("head")(shared(x)))
    groups = split(model, at=["middle", "head"])
    assert names(groups) == ["shared", "middle", "head"]
    check_partition(groups)


def test_a_weight_that_two_layers_use_is_in_the_first_group():
    class Tied(keras.layers.Layer):
        def __init__(self, source):
            super().__init__(name="tied")
            self.kernel = source.kernel
            self.bias = self.add_weight(shape=(3,), name="bias")

        def call(self, inputs):
            return keras.ops.matmul(inputs, keras.ops.transpose(self.kernel)) + self.bias

    first = dense("first", use_bias=False)
    first.build((None, 3))
    model = keras.Sequential([keras.Input((3,)), first, Tied(first)])
    groups = split(model, at=["tied"])
    assert [len(group) for group in groups.variables] == [1, 1]
    check_partition(groups)


def test_layers_made_of_layers_are_split_inside():
    inputs = keras.Input((4, 3))
    attention = keras.layers.MultiHeadAttention(1, 2, name="attention")(inputs, inputs)
    both = keras.layers.Bidirectional(keras.layers.LSTM(2), name="both")(attention)
    model = keras.Model(inputs, dense("head")(both))
    groups = split(model, at=["attention_output", "head"])
    assert [len(group) for group in groups.variables] == [6, 8, 2]
    check_partition(groups)


def test_an_application_is_split_anywhere():
    base = keras.applications.MobileNetV2((32, 32, 3), 0.35, include_top=False, weights=None)
    model = keras.Sequential([base, keras.layers.GlobalAveragePooling2D(), dense("head")])
    groups = split(model, at=["block_3_expand", base.get_layer("Conv_1"), "head"])
    check_partition(groups)
    own = {variable.path for variable in groups.variables[1]}
    assert "block_3_expand/kernel" in own
    assert "block_16_project/kernel" in own
    assert groups.table()["parameters"].sum() == sum(
        int(np.prod(variable.shape)) for variable in model.trainable_variables
    )
    assert "layers)" in groups.table()["layers"][0]


def test_variables_of_the_same_name_are_told_apart():
    groups = split(chain("a", "b"), at=["b"])
    found = [[variable.name for variable in group] for group in groups.variables]
    assert found == [["kernel", "bias"], ["kernel", "bias"]]
    check_partition(groups)


def test_an_unknown_name_lists_what_is_near():
    with pytest.raises(ValueError, match=r"'block_4'.*block_\d.*block_\d"):
        split(chain("block_1", "block_2", "head"), at=["block_4"])


def test_a_name_of_several_layers_asks_for_the_layer():
    inputs = keras.Input((3,))
    one, two = functional_base("one"), functional_base("two")
    model = keras.Model(inputs, two(one(inputs)))
    with pytest.raises(ValueError, match="2 layers.*'second'.*the layer itself"):
        split(model, at=["second"])
    groups = split(model, at=[two.get_layer("second")])
    assert names(groups) == ["first ... norm (5 layers)", "second"]


def test_a_layer_of_another_model_is_refused():
    with pytest.raises(ValueError, match="No layers of the model"):
        split(chain("a", "b"), at=[chain("a", "b").get_layer("b")])


@pytest.mark.parametrize("at", [["a"], ["flat", "b"]])
def test_a_group_with_nothing_to_train_is_refused(at):
    layers = [keras.Input((3,)), dense("a"), keras.layers.Flatten(name="flat"), dense("b")]
    with pytest.raises(ValueError, match="has nothing to train"):
        split(keras.Sequential(layers), at=at)


def test_a_model_without_weights_is_refused():
    with pytest.raises(ValueError, match="no weights yet"):
        split(keras.Sequential([dense("a"), dense("b")]), at=["b"])


def test_a_variable_that_came_later_is_in_no_group():
    model = chain("a", "b")
    groups = split(model, at=["b"])
    with pytest.raises(ValueError, match="is in no group"):
        groups.group_of(chain("a", "b").weights[0])
    model.add(dense("late"))
    with pytest.raises(
        ValueError, match="'.*late/kernel' is in no group.*[Ss]plit the model again"
    ):
        differential(keras.optimizers.SGD(), groups, multipliers=[1, 1]).build(
            model.trainable_variables
        )


def test_the_table_shows_what_an_optimizer_does_to_each_group():
    model = chain("a", "b", "c")
    groups = split(model, at=["b", "c"])
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    made = differential(optimizer, groups, multipliers=[0, 0.1, 1])
    table = groups.table(made)
    assert list(table) == [
        *("group", "layers", "variables", "parameters", "trained"),
        *("learning_rate", "weight_decay"),
    ]
    assert table["group"].tolist() == [0, 1, 2]
    assert table["variables"].tolist() == [2, 2, 2]
    np.testing.assert_allclose(table["learning_rate"], [0, 0.01, 0.1])
    assert table["weight_decay"].tolist() == [0.5] * 3
    wrapped = keras.optimizers.LossScaleOptimizer(made)
    assert groups.table(wrapped).equals(table)


def test_the_table_of_an_ordinary_optimizer_has_one_rate_and_maybe_no_decay():
    table = split(chain("a", "b"), at=["b"]).table(keras.optimizers.SGD(0.1))
    assert table["learning_rate"].tolist() == [0.1, 0.1]
    assert table["weight_decay"].tolist() == [0, 0]


def test_the_table_refuses_an_optimizer_for_other_groups():
    model = chain("a", "b", "c")
    made = differential(keras.optimizers.SGD(), split(model, ["b"]), multipliers=[1, 1])
    with pytest.raises(ValueError, match=r"Length of values \(2\)"):
        split(model, ["b", "c"]).table(made)


def test_movement_is_the_norm_of_the_change_over_that_of_the_weights():
    model = chain("a", "b", "c")
    groups = split(model, at=["b", "c"])
    draw = np.random.default_rng(0)
    start = [draw.normal(size=weight.shape) for weight in model.get_weights()]
    end = [start[0] + 1, start[1], start[2] * 1.5, start[3] * 1.5, start[4], start[5]]
    model.set_weights(start)
    before = groups.values()
    model.set_weights(end)
    moved = movement(groups, before)
    assert list(moved) == ["group", "change", "size", "movement"]
    size = np.sqrt((start[0] ** 2).sum() + (start[1] ** 2).sum())
    np.testing.assert_allclose(moved["size"][0], size, rtol=1e-6)
    np.testing.assert_allclose(moved["change"][0], 3, rtol=1e-6)  # nine weights, each by 1
    np.testing.assert_allclose(moved["movement"], [3 / size, 0.5, 0], rtol=1e-6, atol=1e-12)


def test_values_are_a_copy_and_count_frozen_layers_too():
    model = chain("a", "b")
    groups = split(model, at=["b"])
    model.layers[0].trainable = False
    before = groups.values()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    assert [len(group) for group in before] == [2, 2]
    assert (movement(groups, before)["change"] > 0).all()


def test_movement_away_from_zero_is_infinite():
    model = keras.Sequential([keras.Input((1,)), dense("a", 1, kernel_initializer="zeros")])
    groups = split(model, at=[])
    before = groups.values()
    assert movement(groups, before)["movement"].tolist() == [0.0]
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    assert movement(groups, before)["movement"].tolist() == [np.inf]


def test_movement_refuses_weights_of_other_groups():
    model = chain("a", "b")
    before = split(model, at=[]).values()
    with pytest.raises(ValueError, match="argument"):
        movement(split(model, at=["b"]), before)
