"""Measuring on further data: what is measured, and what stays as it was."""

import keras
import numpy as np
import pytest

from helpers.training import measure_on, predict_logits


@pytest.fixture
def model():
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )
    model.compile(
        "sgd",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


@pytest.fixture
def examples():
    generator = np.random.default_rng(0)
    return generator.normal(size=(50, 4)).astype("float32"), generator.integers(0, 3, 50)


def test_it_measures_what_evaluate_measures(model, examples):
    loss, accuracy = model.evaluate(*examples, verbose=0)
    measured = measure_on(examples, "further")(model)
    assert measured["further_loss"] == pytest.approx(loss, rel=1e-5)
    assert measured["further_accuracy"] == pytest.approx(accuracy)


def test_the_metrics_and_the_layers_stay_as_they_are(model, examples):
    model.fit(*examples, verbose=0)
    before = [variable.numpy() for variable in model.metrics_variables + model.variables]
    measure_on(examples)(model)
    after = [variable.numpy() for variable in model.metrics_variables + model.variables]
    for old, new in zip(before, after):
        np.testing.assert_array_equal(old, new)


def test_batches_do_not_change_the_outputs(model, examples):
    whole = predict_logits(model, examples[0])
    assert whole.shape == (50, 3)
    np.testing.assert_allclose(predict_logits(model, examples[0], 7), whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((np.zeros(3),), TypeError, "give a pair"),
        (((np.zeros((3, 4)), np.zeros(2)),), ValueError, "3 examples and y has 2"),
        (((np.zeros((0, 4)), np.zeros(0)),), ValueError, "1 or more"),
        (((np.zeros((3, 4)), np.zeros(3)), ""), TypeError, "give text"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        measure_on(*arguments)
