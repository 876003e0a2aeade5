"""`differential`: the update rules by NumPy, what it refuses, and known traps."""

import keras
import numpy as np
import pytest

from helpers import schedules
from helpers.keras_schedules import cycle_momentum
from helpers.layerwise import differential, geometric, movement, rates, split

SIZES, STEPS = ((3, 2), (2, 2), (2, 1)), 5
RATES = (0.001, 0.01, 0.1)
DRAW = np.random.default_rng(3)
STARTS = [DRAW.normal(size=size) for size in SIZES]
GRADIENTS = [[DRAW.normal(size=size) for size in SIZES] for _ in range(STEPS)]


def build(names=("early", "middle", "head")):
    """Return a model with one kernel a group, and its groups."""
    layers = [
        keras.layers.Dense(size[1], use_bias=False, name=name)
        for name, size in zip(names, SIZES, strict=True)
    ]
    model = keras.Sequential([keras.Input((SIZES[0][0],)), *layers])
    model.set_weights(STARTS)
    return model, split(model, at=names[1:])


def trained(optimizer, **numbers):
    """Return the weights after the fixed gradients."""
    model, groups = build()
    made = differential(optimizer, groups, **numbers)
    for gradients in GRADIENTS:
        arrays = [keras.ops.convert_to_tensor(each, "float32") for each in gradients]
        made.apply(arrays, model.trainable_variables)
    return model.get_weights()


def sgd(rate, step, gradient, state, momentum=0.0, nesterov=False):
    """Return the step of stochastic gradient descent."""
    state["velocity"] = momentum * state.get("velocity", 0) - rate * gradient
    if nesterov:
        return momentum * state["velocity"] - rate * gradient
    return state["velocity"]


def adam(rate, step, gradient, state, slow=0.999, fast=0.9, epsilon=1e-7):
    """Return the step of Adam, with Keras's place for epsilon."""
    state["mean"] = fast * state.get("mean", 0) + (1 - fast) * gradient
    state["square"] = slow * state.get("square", 0) + (1 - slow) * gradient**2
    correction = np.sqrt(1 - slow ** (step + 1)) / (1 - fast ** (step + 1))
    return -rate * correction * state["mean"] / (np.sqrt(state["square"]) + epsilon)


def rmsprop(rate, step, gradient, state, rho=0.9, epsilon=1e-7):
    """Return the step of RMSprop."""
    state["square"] = rho * state.get("square", 0) + (1 - rho) * gradient**2
    return -rate * gradient / np.sqrt(state["square"] + epsilon)


def lion(rate, step, gradient, state, fast=0.9, slow=0.99):
    """Return the step of Lion."""
    mean = state.get("mean", 0)
    state["mean"] = slow * mean + (1 - slow) * gradient
    return -rate * np.sign(fast * mean + (1 - fast) * gradient)


def replay(rule, rates=RATES, decay=0.0, clip=None, **settings):
    """Return the weights that a rule gives, each group with its rate, by NumPy."""
    weights, states = [start.copy() for start in STARTS], [{} for _ in STARTS]
    for step, gradients in enumerate(GRADIENTS):
        norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
        factor = min(1.0, clip / norm) if clip else 1.0
        for group, gradient in enumerate(gradients):
            weights[group] -= rates[group] * decay * weights[group]
            weights[group] += rule(rates[group], step, gradient * factor, states[group], **settings)
    return weights


RULES = {
    "SGD": (keras.optimizers.SGD, sgd, {}, {}),
    "momentum": (keras.optimizers.SGD, sgd, {"momentum": 0.9}, {"momentum": 0.9}),
    "Nesterov": (
        keras.optimizers.SGD,
        sgd,
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "nesterov": True},
    ),
    "Adam": (keras.optimizers.Adam, adam, {}, {}),
    "AdamW": (keras.optimizers.AdamW, adam, {"weight_decay": 0.3}, {"decay": 0.3}),
    "RMSprop": (keras.optimizers.RMSprop, rmsprop, {"rho": 0.9}, {}),
    "Lion": (keras.optimizers.Lion, lion, {"weight_decay": 0.3}, {"decay": 0.3}),
    "clipped": (
        keras.optimizers.Adam,
        adam,
        {"global_clipnorm": 0.5, "weight_decay": 0.3, "epsilon": 0.1},
        {"clip": 0.5, "decay": 0.3, "epsilon": 0.1},
    ),
}


def check_same(got, wanted, rtol=2e-5):
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("name", RULES)
def test_each_group_follows_the_rule_with_its_own_rate(name):
    kind, rule, settings, own = RULES[name]
    check_same(trained(kind(9.0, **settings), rates=RATES), replay(rule, **own))


@pytest.mark.parametrize("name", RULES)
def test_multipliers_are_of_the_optimizers_rate(name):
    kind, rule, settings, own = RULES[name]
    got = trained(kind(0.1, **settings), multipliers=[0.5, 1, np.float32(0.1)])
    check_same(got, replay(rule, (0.05, 0.1, 0.01), **own))


def test_scaled_gradients_change_nothing_under_adam_and_scaled_rates_do():
    moved = {}
    for way in ("gradient", "rate"):
        model, groups = build()
        before = groups.values()
        multipliers = [0.01, 0.1, 1] if way == "rate" else [1, 1, 1]
        made = differential(keras.optimizers.Adam(0.001), groups, multipliers=multipliers)
        for gradients in GRADIENTS:
            factors = [0.01, 0.1, 1] if way == "gradient" else [1, 1, 1]
            arrays = [
                keras.ops.convert_to_tensor(each * factor, "float32")
                for each, factor in zip(gradients, factors, strict=True)
            ]
            made.apply(arrays, model.trainable_variables)
        moved[way] = movement(groups, before)["change"].to_numpy()
    plain = np.array(
        [np.sqrt(((w - s) ** 2).sum()) for w, s in zip(replay(adam, (1e-3,) * 3), STARTS)]
    )
    np.testing.assert_allclose(moved["gradient"] / plain, [1, 1, 1], rtol=1e-3)
    np.testing.assert_allclose(moved["rate"] / plain, [0.01, 0.1, 1], rtol=1e-2)


def test_the_rate_is_one_and_can_be_set():
    model, groups = build()
    made = differential(keras.optimizers.SGD(0.5), groups, rates=[0.001, 0.1, 0.01])
    model.compile(made, "mse")
    np.testing.assert_allclose(rates(model), [0.001, 0.1, 0.01], rtol=1e-6)
    assert float(made.learning_rate) == pytest.approx(0.1)
    made.learning_rate = 0.2
    np.testing.assert_allclose(rates(model), [0.002, 0.2, 0.02], rtol=1e-6)


def a_tenth():
    return 0.1


def test_a_function_may_be_the_rate():
    check_same(trained(keras.optimizers.SGD(a_tenth), multipliers=[0.01, 0.1, 1]), replay(sgd))


def test_the_optimizer_given_stays_as_it_is():
    optimizer = keras.optimizers.Adam(0.25, beta_1=0.8)
    before = optimizer.get_config()
    trained(optimizer, rates=RATES)
    assert optimizer.get_config() == before
    assert not optimizer.built
    assert int(optimizer.iterations) == 0


def test_settings_and_what_is_excluded_from_decay_are_taken_over():
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.3, beta_1=0.7, name="mine")
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    made = differential(optimizer, build()[1], multipliers=[1, 1, 1])
    assert (made.name, made.beta_1, made.weight_decay) == ("mine", 0.7, 0.3)
    assert type(made).__name__ == "DifferentialAdamW"
    assert isinstance(made, keras.optimizers.AdamW)
    check_same(trained(optimizer, multipliers=[0.01, 0.1, 1]), replay(adam, fast=0.7), rtol=1e-4)


def test_a_schedule_is_kept_as_the_object_it_is():
    class Unregistered(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1

        def get_config(self):
            return {}

    schedule = Unregistered()
    made = differential(keras.optimizers.SGD(schedule), build()[1], multipliers=[1, 1, 1])
    assert made._learning_rate is schedule


def test_groups_that_share_a_multiplier_and_many_groups_work():
    model = keras.Sequential(
        [keras.Input((2,)), *(keras.layers.Dense(2, name=f"d{at}") for at in range(12))]
    )
    groups = split(model, at=[f"d{at}" for at in range(1, 12)])
    multipliers = [0, 0.5] * 6
    model.compile(differential(keras.optimizers.SGD(0.1), groups, multipliers=multipliers), "mse")
    before = groups.values()
    model.fit(np.ones((4, 2)), np.zeros((4, 2)), verbose=0)
    assert [change > 0 for change in movement(groups, before)["change"]] == [False, True] * 6


def test_a_group_with_multiplier_zero_may_be_all_that_a_rule_cannot_do_at_rate_zero():
    # Ftrl divides by the rate.
    got = trained(keras.optimizers.Ftrl(0.1), multipliers=[0, 1, 1])
    np.testing.assert_array_equal(got[0], STARTS[0].astype("float32"))
    assert np.isfinite(got[1]).all()


def test_frozen_groups_do_not_count_for_the_norm_that_is_clipped():
    got = trained(keras.optimizers.SGD(0.1, global_clipnorm=0.5), multipliers=[0, 1, 1])
    weights = [start.copy() for start in STARTS]
    for _, *gradients in GRADIENTS:
        norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
        for at, gradient in enumerate(gradients, start=1):
            weights[at] -= 0.1 * gradient * min(1, 0.5 / norm)
    check_same(got, weights)


def test_when_only_zero_groups_are_left_to_train_it_says_so():
    model, groups = build()
    made = differential(keras.optimizers.SGD(0.1), groups, multipliers=[1, 0, 0])
    with pytest.raises(ValueError, match="has the multiplier 0"):
        made.apply([np.ones((2, 1), "float32")], [model.layers[-1].kernel])


def fitted_optimizer():
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build([])
    return optimizer


class Whole(keras.optimizers.Optimizer):
    """Updates all weights at once."""

    def apply(self, grads, trainable_variables=None):
        pass


REFUSED = {
    "a name": lambda: "adam",
    "wrapped": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()),
    "of all weights at once": lambda: Whole(0.1),
    "fitted": fitted_optimizer,
    "differential": lambda: differential(keras.optimizers.SGD(), build()[1], multipliers=[1, 1, 1]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_optimizers_that_cannot_have_rates_by_layer_are_refused(name):
    with pytest.raises((TypeError, ValueError)):
        differential(REFUSED[name](), build()[1], multipliers=[1, 1, 1])


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"multipliers": [1, 1, 1], "rates": [1, 1, 1]},
        {"multipliers": [1, 1]},
        {"rates": [0, 0, 0]},
        {"rates": [1, 1, -1]},
        {"multipliers": [1, 1, np.nan]},
        {"multipliers": [1, 1, "1"]},
        {"multipliers": 0.1},
        {"rates": {"head": 1}},
    ],
)
def test_numbers_that_make_no_sense_are_refused(numbers):
    with pytest.raises((TypeError, ValueError)):
        differential(keras.optimizers.SGD(), build()[1], **numbers)


def test_fixed_rates_are_refused_where_a_schedule_drives_the_optimizer():
    scheduled = keras.optimizers.SGD(schedules.Cosine(0.1, 100).to_keras())
    with pytest.raises(ValueError, match="A schedule drives the optimizer"):
        differential(scheduled, build()[1], rates=[1, 1, 1])


def test_momentum_cannot_be_driven_afterwards_but_before():
    made = differential(keras.optimizers.SGD(0.1), build()[1], multipliers=[1, 1, 1])
    with pytest.raises(TypeError, match="DifferentialSGD"):
        cycle_momentum(made, schedules.Constant(0.9))


def test_a_loaded_optimizer_is_refused_by_a_model_with_another_number_of_variables():
    model, groups = build()
    made = differential(keras.optimizers.SGD(0.1), groups, multipliers=[1, 1, 1])
    copy = type(made).from_config(made.get_config())
    with pytest.raises(ValueError, match="saved with 3 variables to train, and the model has 2"):
        copy.build(model.trainable_variables[1:])


def test_rates_are_refused_without_a_differential_optimizer():
    model, _ = build()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="one rate for all"):
        rates(model)


@pytest.mark.parametrize(
    ("count", "ratio", "wanted"),
    [(1, 10, [1]), (3, 10, [0.01, 0.1, 1]), (3, 2, [0.25, 0.5, 1]), (2, 0.5, [2, 1])],
)
def test_geometric_multipliers_fall_by_the_ratio(count, ratio, wanted):
    assert geometric(count, ratio) == wanted
