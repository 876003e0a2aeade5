"""`RecordSteps`: the rate really used, the true loss, and what a step is."""

import keras
import numpy as np
import pytest

from helpers import schedules
from helpers.keras_schedules import cycle_momentum
from helpers.training import RecordSteps

SLOPES = np.random.default_rng(0).normal(size=(23, 3)).astype("float32")
TARGETS = SLOPES @ np.array([1.0, -2.0, 3.0], "float32")
TRIANGLE = schedules.Triangular(0.01, 0.05, half_cycle_steps=3)


def build(optimizer, **compile_options):
    layers = [keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")]
    model = keras.Sequential(layers)
    model.compile(optimizer, "mse", **compile_options)
    return model


def fit(model, *callbacks, epochs=2, batch_size=4):
    return model.fit(
        SLOPES,
        TARGETS,
        batch_size=batch_size,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )


def replay(rates, batch_size=4, epochs=2):
    """Return the loss of each batch, and the final weights, by NumPy."""
    weights, bias, losses = np.ones(3), 0.0, []
    starts = list(range(0, len(SLOPES), batch_size)) * epochs
    for rate, start in zip(rates, starts, strict=True):
        inputs, wanted = SLOPES[start : start + batch_size], TARGETS[start : start + batch_size]
        errors = inputs @ weights + bias - wanted
        losses.append((errors**2).mean())
        weights = weights - rate * 2 * (errors @ inputs) / len(errors)
        bias = bias - rate * 2 * errors.mean()
    return losses, weights


def test_the_rate_logged_is_the_one_used_and_the_loss_that_of_the_batch():
    record = RecordSteps()
    model = build(keras.optimizers.SGD(TRIANGLE.to_keras()))
    fit(model, record)
    table = record.table()
    losses, weights = replay(TRIANGLE(np.arange(12)))
    assert table["step"].tolist() == list(range(12))
    np.testing.assert_allclose(table["learning_rate"], TRIANGLE(np.arange(12)), rtol=1e-6)
    np.testing.assert_allclose(table["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[0].ravel(), weights, rtol=1e-4)


def test_keras_itself_shows_the_next_rate():
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(float(self.model.optimizer.learning_rate))

    record = RecordSteps()
    fit(build(keras.optimizers.SGD(TRIANGLE.to_keras())), record, Look())
    used = record.table()["learning_rate"].to_numpy()
    np.testing.assert_allclose(seen[:-1], used[1:], rtol=1e-6)
    assert not np.allclose(seen, used)


def test_history_gets_the_last_rate_of_each_epoch():
    history = fit(build(keras.optimizers.SGD(TRIANGLE.to_keras())), RecordSteps()).history
    np.testing.assert_allclose(history["learning_rate"], TRIANGLE([5, 11]), rtol=1e-6)


def test_a_rate_set_by_a_callback_is_the_one_logged():
    class Halve(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.04 / 2**batch

    record = RecordSteps()
    model = build(keras.optimizers.SGD(1e-3))
    fit(model, record, Halve())
    rates = [0.04 / 2**batch for batch in range(6)] * 2
    np.testing.assert_allclose(record.table()["learning_rate"], rates, rtol=1e-6)
    losses, _ = replay(rates)
    np.testing.assert_allclose(record.table()["loss"], losses, rtol=1e-4)


def test_several_updates_in_one_execution_share_a_loss_under_another_name():
    record, single = RecordSteps(), RecordSteps()
    fit(build(keras.optimizers.SGD(TRIANGLE.to_keras()), steps_per_execution=3), record)
    fit(build(keras.optimizers.SGD(TRIANGLE.to_keras())), single)
    table = record.table()
    assert "loss" not in table
    np.testing.assert_allclose(table["learning_rate"], single.table()["learning_rate"], rtol=1e-6)
    sizes = np.array([4, 4, 4, 4, 4, 3] * 2)
    whole = (single.table()["loss"] * sizes).to_numpy().reshape(4, 3).sum(axis=1)
    means = whole / sizes.reshape(4, 3).sum(axis=1)
    np.testing.assert_allclose(table["execution_loss"], np.repeat(means, 3), rtol=1e-4)


@pytest.mark.parametrize("batches", [2, 3])
def test_while_gradients_gather_several_batches_make_one_step(batches):
    record = RecordSteps()
    rate = TRIANGLE.to_keras(gradient_accumulation_steps=batches)
    fit(build(keras.optimizers.SGD(rate, gradient_accumulation_steps=batches)), record)
    steps = 12 // batches
    assert record.table()["step"].tolist() == list(range(steps))
    np.testing.assert_allclose(
        record.table()["learning_rate"], TRIANGLE(np.arange(steps)), rtol=1e-6
    )


def test_keras_counts_batches_for_a_schedule_while_gradients_gather():
    record = RecordSteps()
    optimizer = keras.optimizers.SGD(TRIANGLE.to_keras(), gradient_accumulation_steps=3)
    model = build(optimizer)
    fit(model, record)
    # Without the argument of to_keras the rate of an update is that of its last batch.
    np.testing.assert_allclose(
        record.table()["learning_rate"], TRIANGLE(np.array([2, 5, 8, 11])), rtol=1e-6
    )


def test_a_batch_that_mixed_precision_skips_makes_no_step():
    inputs = SLOPES.copy()
    inputs[4] = np.inf
    model = build(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(TRIANGLE.to_keras())))
    record = RecordSteps()
    model.fit(inputs, TARGETS, batch_size=4, shuffle=False, verbose=0, callbacks=[record])
    assert record.table()["step"].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(record.table()["learning_rate"], TRIANGLE(np.arange(5)), rtol=1e-6)


def test_momentum_that_follows_a_schedule_is_logged():
    momentum = schedules.OppositeMomentum(TRIANGLE, 0.5, 0.9)
    record = RecordSteps()
    optimizer = cycle_momentum(keras.optimizers.SGD(TRIANGLE.to_keras()), momentum)
    fit(build(optimizer), record)
    np.testing.assert_allclose(record.table()["momentum"], momentum(np.arange(12)))


def test_later_fits_are_appended_and_steps_go_on():
    record = RecordSteps()
    model = build(keras.optimizers.SGD(TRIANGLE.to_keras()))
    fit(model, record, epochs=1)
    fit(model, record, epochs=1)
    assert record.table()["step"].tolist() == list(range(12))


def test_an_epoch_that_was_cut_short_keeps_its_steps():
    class Fail(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 4:
                raise RuntimeError("stop here")

    record = RecordSteps()
    with pytest.raises(RuntimeError, match="stop here"):
        fit(build(keras.optimizers.SGD(0.01)), record, Fail())
    assert record.table()["step"].tolist() == [0, 1, 2, 3]


def test_before_any_training_the_table_is_empty():
    assert RecordSteps().table().empty


def test_schedules_of_keras_are_read_as_well():
    record = RecordSteps()
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.04, 0.01])
    fit(build(keras.optimizers.SGD(rate)), record)
    wanted = [0.04] * 4 + [0.01] * 8
    np.testing.assert_allclose(record.table()["learning_rate"], wanted, rtol=1e-6)
