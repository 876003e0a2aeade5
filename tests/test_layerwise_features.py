"""What rates by layer combine with: cells of `tests.layerwise_matrix`, and the rest of Keras."""

import keras
import numpy as np
import pytest

from helpers import schedules
from helpers.layerwise import differential, rates, split
from helpers.training import RecordSteps, compare, sweep
from tests import layerwise_matrix as matrix
from tests.weekly import rest_weekly

FITTED = [each for each in matrix.FEATURES if each not in matrix.WITHOUT_GRAPH]
# One with slots that the rate goes into, and one with decay and a count of updates.
FITTED_OPTIMIZERS = ("momentum", "AdamW")
SAVED = ("Nesterov", "AdamW", "Nadam", "Adafactor", "cycled momentum", "somebody's")


@pytest.mark.parametrize("feature", matrix.WITHOUT_GRAPH)
@pytest.mark.parametrize("name", rest_weekly(matrix.OPTIMIZERS, 6))
def test_each_group_trains_as_with_an_optimizer_of_its_own(name, feature):
    matrix.FEATURES[feature](name)


@pytest.mark.parametrize("feature", FITTED)
@pytest.mark.parametrize("name", rest_weekly(FITTED_OPTIMIZERS))
def test_each_group_is_fitted_as_with_an_optimizer_of_its_own(name, feature):
    matrix.FEATURES[feature](name)


def test_momentum_that_follows_a_schedule_goes_with_a_scheduled_rate():
    matrix.check_schedule("cycled momentum")


@pytest.fixture(scope="module")
def continued(tmp_path_factory):
    """Models that were saved in the midst of training and went on in another process."""
    folder = tmp_path_factory.mktemp("continued")
    matrix.save_all(folder, SAVED)
    return folder


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_model_goes_on_in_a_new_process(continued, name):
    matrix.check_written(continued, name)


@pytest.fixture(scope="module")
def replicated(tmp_path_factory):
    """Models that were trained on two devices."""
    folder = tmp_path_factory.mktemp("replicated")
    matrix.elsewhere("on_two_devices", folder, FITTED_OPTIMIZERS)
    return folder


@pytest.mark.weekly
@pytest.mark.parametrize("name", FITTED_OPTIMIZERS)
def test_two_replicas_train_as_one_device(replicated, name):
    matrix.check_written(replicated, name, weight_decay=0.5)


def test_the_oracle_tells_a_scaled_gradient_from_a_scaled_rate():
    model = matrix.build_model()
    groups = matrix.grouped(model)
    optimizer = keras.optimizers.Adam(matrix.RATE)
    for step in range(6):
        scaled = [
            gradient * matrix.MULTIPLIERS[groups.group_of(variable)]
            for gradient, variable in zip(
                matrix.gradients_at(model, step), model.trainable_variables, strict=True
            )
        ]
        optimizer.apply(scaled, model.trainable_variables)
    with pytest.raises(AssertionError, match="group 0"):
        matrix.check_close(groups, matrix.apart("Adam"))


def test_a_loaded_model_has_the_multipliers_by_position_and_not_by_path(tmp_path):
    model, groups = matrix.together("AdamW")
    matrix.fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    paths = [variable.path for variable in model.variables]
    assert [variable.path for variable in loaded.variables] != paths, "Keras no longer does so"
    assert rates(loaded) == rates(model) == [0.002, 0.01, 0.02]
    assert loaded.optimizer.base is keras.optimizers.AdamW
    table = split(loaded, ["middle", "head"]).table(loaded.optimizer)
    assert (
        table["learning_rate"].tolist() == groups.table(model.optimizer)["learning_rate"].tolist()
    )
    for each in (model, loaded):
        matrix.fit(each)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_scheduled_optimizer_is_loaded_with_its_schedule(tmp_path):
    model, _ = matrix.together("Adam", rate=matrix.SCHEDULE.to_keras())
    matrix.fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    wanted = matrix.SCHEDULE(6) * np.array(matrix.MULTIPLIERS)
    np.testing.assert_allclose(rates(loaded), wanted, rtol=1e-6)


def test_weights_alone_are_loaded_into_a_model_with_rates_by_layer(tmp_path):
    model, _ = matrix.together("AdamW")
    matrix.fit(model)
    model.save_weights(tmp_path / "model.weights.h5")
    fresh, _ = matrix.together("AdamW")
    fresh.optimizer.build(fresh.trainable_variables)
    fresh.load_weights(tmp_path / "model.weights.h5")
    for each in (model, fresh):
        matrix.fit(each)
    for one, other in zip(model.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_half_precision_has_the_same_rates_and_is_saved_with_them(tmp_path):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model, groups = matrix.together("AdamW", (0.0, 0.5, 1.0))
        before = groups.values()
        matrix.fit(model)
        assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        assert rates(model) == [0.0, 0.01, 0.02]
        assert groups.table(model.optimizer)["learning_rate"].tolist() == rates(model)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert rates(loaded) == rates(model)
    np.testing.assert_array_equal(groups.values()[0][0], before[0][0])
    assert not np.array_equal(groups.values()[1][0], before[1][0])


def test_a_plateau_lowers_the_rates_of_all_groups():
    model, _ = matrix.together("SGD")
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=0, min_delta=1e9)
    matrix.fit(model, epochs=3, callbacks=[plateau])
    np.testing.assert_allclose(rates(model), 0.02 / 4 * np.array(matrix.MULTIPLIERS), rtol=1e-6)


def test_steps_are_recorded_with_the_one_rate():
    model, _ = matrix.together("AdamW", rate=matrix.SCHEDULE.to_keras())
    record = RecordSteps()
    matrix.fit(model, callbacks=[record])
    used = record.table()["learning_rate"]
    np.testing.assert_allclose(used, matrix.SCHEDULE(np.arange(6)), rtol=1e-6)


def test_rows_of_an_embedding_that_a_batch_does_not_show_stay():
    keras.utils.set_random_seed(0)
    embed, dense = keras.layers.Embedding(5, 3, name="words"), keras.layers.Dense(1, name="head")
    model = keras.Sequential([keras.Input((2,)), embed, keras.layers.Flatten(), dense])
    groups = split(model, ["head"])
    model.compile(differential(keras.optimizers.SGD(0.1), groups, multipliers=[0.5, 1]), "mse")
    before = embed.get_weights()[0]
    model.fit(np.array([[0, 1]]), np.ones(1), verbose=0)
    moved = np.abs(embed.get_weights()[0] - before).sum(axis=1)
    assert (moved > 0).tolist() == [True, True, False, False, False]


def compiled(optimizer):
    """A function that builds the model of the matrix for the engine."""

    def build():
        model = matrix.build_model()
        groups = matrix.grouped(model)
        made = differential(optimizer(), groups, multipliers=matrix.MULTIPLIERS)
        model.compile(made, "mse")
        return model

    return build


TRAIN = (matrix.INPUTS, matrix.TARGETS)


def weights_of(model):
    """Return sums that tell apart models that were trained otherwise."""
    return {f"sum_{at}": float(np.sum(w**2)) for at, w in enumerate(model.get_weights())}


def test_a_sweep_scales_the_rates_of_all_groups():
    build = compiled(lambda: keras.optimizers.AdamW(9.0, weight_decay=0.5))
    runs = sweep(
        build,
        [0.01, 0.03],
        TRAIN,
        epochs=2,
        batch_size=8,
        shuffle=False,
        measure=weights_of,
        progress=False,
    )
    for rate in (0.01, 0.03):
        wanted = matrix.apart("AdamW", rate_at=lambda step, rate=rate: rate, weight_decay=0.5)
        wanted = [float(np.sum(array**2)) for group in wanted for array in group]
        history = runs.history(rate, 0)
        got = [history[f"sum_{at}"][-1] for at in range(len(wanted))]
        np.testing.assert_allclose(got, wanted, rtol=1e-4)


def test_a_comparison_of_schedules_scales_the_groups():
    policies = {"cosine": matrix.SCHEDULE, "constant": schedules.Constant(0.01)}
    build = compiled(lambda: keras.optimizers.SGD(9.0, momentum=0.9))
    runs = compare(
        build,
        policies,
        TRAIN,
        epochs=2,
        batch_size=8,
        shuffle=False,
        measure=weights_of,
        progress=False,
    )
    for name, policy in policies.items():
        wanted = matrix.apart("momentum", rate_at=lambda step, policy=policy: float(policy(step)))
        wanted = [float(np.sum(array**2)) for group in wanted for array in group]
        history = runs.history(name, 0)
        got = [history[f"sum_{at}"][-1] for at in range(len(wanted))]
        np.testing.assert_allclose(got, wanted, rtol=1e-4)
