"""`cycle_momentum`: momentum really follows its schedule inside `fit`, replayed by NumPy."""

import json
import math

import keras
import numpy as np
import pytest

from helpers import schedules
from helpers.environment import ROOT
from helpers.keras_schedules import cycle_momentum
from tests.keras_probe import run_python
from tests.weekly import rest_weekly

INPUTS = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
TARGETS = INPUTS @ np.array([1.0, -2.0, 3.0], "float32") + 0.5
BATCH_SIZE = 4
RATE = schedules.Triangular(0.01, 0.05, half_cycle_steps=4)
MOMENTUM = schedules.OppositeMomentum(RATE, 0.5, 0.95)
# A float32 update leaves an error of about 1e-7 in a weight; there are 24 of them.
TOLERANCE = {"rtol": 2e-5, "atol": 2e-6}


def sgd(state, gradient, rate, momentum, update):
    state["velocity"] = momentum * state.get("velocity", 0) - rate * gradient
    return state["velocity"]


def sgd_nesterov(state, gradient, rate, momentum, update):
    return momentum * sgd(state, gradient, rate, momentum, update) - rate * gradient


def rmsprop(state, gradient, rate, momentum, update, rho=0.9, epsilon=1e-7):
    state["square"] = rho * state.get("square", 0) + (1 - rho) * gradient**2
    step = rate * gradient / np.sqrt(state["square"] + epsilon)
    state["velocity"] = momentum * state.get("velocity", 0) + step
    return -state["velocity"]


def adam(state, gradient, rate, beta_1, update, beta_2=0.999, epsilon=1e-7):
    """Both corrections take the present beta to the power of the number of updates."""
    state["mean"] = beta_1 * state.get("mean", 0) + (1 - beta_1) * gradient
    state["square"] = beta_2 * state.get("square", 0) + (1 - beta_2) * gradient**2
    rate = rate * math.sqrt(1 - beta_2 ** (update + 1)) / (1 - beta_1 ** (update + 1))
    return -rate * state["mean"] / (np.sqrt(state["square"]) + epsilon)


# Name: a class of Keras's, its settings, the rule of its update, its decay.
OPTIMIZERS = {
    "SGD": (keras.optimizers.SGD, {}, sgd, 0),
    "SGD, Nesterov": (keras.optimizers.SGD, {"nesterov": True}, sgd_nesterov, 0),
    "Adam": (keras.optimizers.Adam, {}, adam, 0),
    "AdamW": (keras.optimizers.AdamW, {"weight_decay": 0.02}, adam, 0.02),
    "RMSprop": (keras.optimizers.RMSprop, {}, rmsprop, 0),
}


def make_optimizer(name, gathered=1):
    kind, settings, _, _ = OPTIMIZERS[name]
    if gathered > 1:
        settings = settings | {"gradient_accumulation_steps": gathered}
    rate = RATE.to_keras(gradient_accumulation_steps=gathered)
    return cycle_momentum(kind(rate, **settings), MOMENTUM)


def build(optimizer, **compile_options):
    dense = keras.layers.Dense(1, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile(optimizer, "mse", **compile_options)
    return model


def fit(model, epochs=4, inputs=INPUTS):
    model.fit(inputs, TARGETS, BATCH_SIZE, epochs=epochs, shuffle=False, verbose=0)


def weights_of(model):
    return np.concatenate([weights.ravel() for weights in model.get_weights()])


def replay(name, momentum=MOMENTUM, gathered=1, epochs=4, left_out=()):
    """Return kernel and bias after training, by the rule of the update in float64."""
    _, _, rule, decay = OPTIMIZERS[name]
    rows = np.column_stack([INPUTS, np.ones(len(INPUTS))]).astype("float64")
    weights, state, waiting, update = np.array([1.0, 1.0, 1.0, 0.0]), {}, [], 0
    starts = [start for start in range(0, len(rows), BATCH_SIZE) if start not in left_out]
    for start in starts * epochs:
        batch = slice(start, start + BATCH_SIZE)
        errors = rows[batch] @ weights - TARGETS[batch]
        waiting.append(2 * errors @ rows[batch] / len(errors))
        if len(waiting) < gathered:
            continue
        rate = RATE(update)
        weights = weights - rate * decay * weights
        step = rule(state, np.mean(waiting, axis=0), rate, momentum(update), update)
        weights, waiting, update = weights + step, [], update + 1
    return weights


@pytest.mark.parametrize("name", rest_weekly(OPTIMIZERS))
@pytest.mark.parametrize(
    "options",
    [{"jit_compile": True}, {"jit_compile": False}, {"steps_per_execution": 2}],
    ids=str,
)
def test_fit_follows_the_schedule_update_for_update(name, options):
    model = build(make_optimizer(name), **options)
    fit(model)
    np.testing.assert_allclose(weights_of(model), replay(name), **TOLERANCE)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_while_gradients_gather_momentum_counts_updates(name):
    model = build(make_optimizer(name, gathered=2))
    fit(model)
    np.testing.assert_allclose(weights_of(model), replay(name, gathered=2), **TOLERANCE)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("value", [0.5, 0.725, 0.95])
def test_the_comparison_tells_the_schedule_from_any_constant(name, value):
    constant = replay(name, momentum=schedules.Constant(value))
    assert (np.abs(constant - replay(name)) > 1e-3).all()


def test_a_batch_that_mixed_precision_skips_does_not_move_momentum():
    inputs = INPUTS.copy()
    inputs[9] = np.inf
    model = build(keras.optimizers.LossScaleOptimizer(make_optimizer("SGD")))
    fit(model, inputs=inputs)
    np.testing.assert_allclose(weights_of(model), replay("SGD", left_out=[8]), **TOLERANCE)


def test_the_present_momentum_is_that_of_the_next_update():
    model = build(make_optimizer("Adam"))
    assert model.optimizer.current_momentum == pytest.approx(MOMENTUM(0))
    fit(model, epochs=1)
    assert model.optimizer.current_momentum == pytest.approx(MOMENTUM(6))


LOAD_AND_GO_ON = """
import json, sys
from pathlib import Path
import keras, numpy as np
import helpers.keras_schedules
inputs, targets = (np.load(f"{sys.argv[1]}/{name}.npy") for name in ("inputs", "targets"))
told = {}
for path in Path(sys.argv[1]).glob("*.keras"):
    model = keras.models.load_model(path)
    momentum = model.optimizer.current_momentum
    model.fit(inputs, targets, 4, epochs=2, shuffle=False, verbose=0)
    weights = np.concatenate([weights.ravel() for weights in model.get_weights()])
    told[path.stem] = momentum, weights.tolist()
print(json.dumps(told))
"""


@pytest.mark.weekly
def test_a_saved_model_goes_on_in_a_new_process(tmp_path):
    np.save(tmp_path / "inputs.npy", INPUTS)
    np.save(tmp_path / "targets.npy", TARGETS)
    wanted = {}
    for name in OPTIMIZERS:
        model = build(make_optimizer(name), jit_compile=False)
        fit(model, epochs=2)
        model.save(tmp_path / f"{name}.keras")
        fit(model, epochs=2)
        wanted[name] = weights_of(model).tolist()
    told = json.loads(run_python(LOAD_AND_GO_ON, tmp_path, cwd=ROOT).stdout)
    assert {name: momentum for name, (momentum, _) in told.items()} == {
        name: pytest.approx(MOMENTUM(12)) for name in OPTIMIZERS
    }
    assert {name: weights for name, (_, weights) in told.items()} == wanted


def test_the_optimizer_given_stays_as_it_was_and_its_settings_go_along():
    given = keras.optimizers.AdamW(
        RATE.to_keras(), weight_decay=0.1, beta_2=0.9, clipnorm=1.0, name="mine"
    )
    given.exclude_from_weight_decay(var_names=["bias"])
    before = given.get_config()
    scheduled = cycle_momentum(given, MOMENTUM)
    assert given.get_config() == before
    config = scheduled.get_config()
    assert config.pop("momentum_schedule") == MOMENTUM.to_dict()
    assert config | {"beta_1": 0.9} == before
    variables = [keras.Variable(1.0, name=name) for name in ("kernel", "bias")]
    decays = [scheduled._use_weight_decay(variable) for variable in variables]
    assert decays == [True, False]


def test_after_an_update_that_failed_momentum_is_a_number_again():
    optimizer = make_optimizer("SGD")
    variable, stranger = keras.Variable(1.0), keras.Variable(1.0)
    optimizer.build([variable])
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.apply([np.float32(1)], [stranger])
    assert optimizer.momentum == 0.95
    assert json.dumps(optimizer.get_config())


FITTED = keras.optimizers.SGD(0.1, momentum=0.9)
FITTED.build([keras.Variable(1.0)])
NEW = keras.optimizers.SGD


@pytest.mark.parametrize(
    ("optimizer", "schedule", "error", "given", "allowed"),
    [
        (keras.optimizers.Nadam(0.1), MOMENTUM, TypeError, "Nadam", "SGD, Adam, AdamW, RMSprop"),
        (keras.optimizers.LossScaleOptimizer(NEW(0.1)), MOMENTUM, TypeError, "LossScale", "Wrap"),
        ("sgd", MOMENTUM, TypeError, "class str", "SGD, Adam, AdamW, RMSprop"),
        (make_optimizer("SGD"), MOMENTUM, TypeError, "ScheduledSGD", "SGD, Adam, AdamW, RMSprop"),
        (FITTED, MOMENTUM, ValueError, "fitted already", "a new one"),
        (NEW(0.1), 0.9, TypeError, "schedule is 0.9", "one of helpers.schedules"),
        (NEW(0.1), RATE.to_keras(), TypeError, "KerasSchedule", "one of helpers.schedules"),
        (NEW(0.1), schedules.Constant(1.0), ValueError, "from 1 to 1", "0 to below 1"),
        (NEW(0.1), schedules.Constant(0.0), ValueError, "from 0 to 0", "not only 0"),
        (NEW(0.1), schedules.LinearRamp(0.5, 2, 9), ValueError, "0.5 to 2", "0 to below 1"),
    ],
)
def test_what_is_refused_is_named_with_what_is_allowed(optimizer, schedule, error, given, allowed):
    with pytest.raises(error) as refusal:
        cycle_momentum(optimizer, schedule)
    assert given in str(refusal.value)
    assert allowed in str(refusal.value)
