"""Stored comparisons train from given weights, phase by phase, as Keras would."""

import keras
import numpy as np
import pytest

from helpers.fine_tuning import (
    FineTuning,
    batches_of,
    drawn,
    joined,
    parted,
    treatments,
)

RATE = 0.01


def images(number=40, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(number, 6)).astype("float32"), generator.integers(0, 3, number)


def build():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(8, activation="relu", name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, name="head")(hidden))


@pytest.fixture(scope="module")
def network():
    return FineTuning(build(), ["head"], {"val": images(10, seed=1)}, also=lambda: {"also": 7.0})


@pytest.fixture(scope="module")
def start(network):
    return network.model.get_weights()


def train(network, start, phases, updates=12):
    run = network.run("a", 0, RATE, phases, start, batches_of(images(), updates, 8, seed=0))
    return run, network.model.get_weights()


def test_one_rate_is_what_fit_does_with_adam(network, start):
    run, weights = train(network, start, treatments(2)["one rate"])
    model = build()
    model.set_weights(start)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"])
    history = model.fit(batches_of(images(), 12, 8, seed=0), verbose=0).history
    for own, keras_own in zip(weights, model.get_weights()):
        np.testing.assert_allclose(own, keras_own, rtol=1e-5, atol=1e-7)
    assert run.history["loss"] == pytest.approx(history["loss"], rel=1e-5)
    assert run.updates == [12]


def test_phases_with_equal_multipliers_are_one_training(network, start):
    _, whole = train(network, start, ((1.0, 1.0),))
    run, in_phases = train(network, start, ((1.0, 1.0),) * 3)
    assert run.updates == [12]
    for one, other in zip(whole, in_phases):
        np.testing.assert_array_equal(one, other)


def test_a_frozen_base_does_not_move_and_the_head_does(network, start):
    run, weights = train(network, start, treatments(2)["frozen base"])
    base, head = run.history["movement"][0]
    assert (base, head > 0) == (0.0, True)
    np.testing.assert_array_equal(weights[0], start[0])


def test_gradual_unfreezing_begins_with_the_head_and_ends_with_all(network, start):
    _, after_head = train(network, start, treatments(2)["frozen base"], updates=6)
    phases = treatments(2)["gradual unfreezing"]
    assert phases == ((0.0, 1.0), (1.0, 1.0))
    run, weights = train(network, start, phases)
    assert all(moved > 0 for moved in run.history["movement"][0])
    # The second half moves the head further than the first half alone did.
    assert not np.array_equal(weights[2], after_head[2])


def test_a_training_begins_where_it_is_told_and_not_where_the_last_one_ended(network, start):
    first, weights = train(network, start, treatments(2)["differential 10"])
    train(network, start, treatments(2)["one rate"])
    second, again = train(network, start, treatments(2)["differential 10"])
    assert first.history == second.history
    for one, other in zip(weights, again):
        np.testing.assert_array_equal(one, other)


def test_a_run_says_what_was_measured_at_its_end(network, start):
    run, _ = train(network, start, treatments(2)["one rate"])
    assert {"loss", "accuracy", "movement", "val_loss", "val_accuracy", "also"} == set(run.history)
    assert run.history["also"] == [7.0]


def test_a_training_that_diverges_is_recorded_so(network, start):
    x, y = images()
    batches = batches_of((np.full_like(x, np.inf), y), 4, 8, seed=0)
    run = network.run("a", 0, RATE, treatments(2)["gradual unfreezing"], start, batches)
    assert run.diverged_at == 1


def test_batches_take_every_example_once_a_pass_in_an_order_of_the_seed():
    data = np.arange(12), np.arange(12)
    taken = [x.numpy().tolist() for x, _ in batches_of(data, 6, 4, seed=0)]
    assert sorted(sum(taken[:3], [])) == sorted(sum(taken[3:], [])) == list(range(12))
    assert taken[:3] != taken[3:]
    other = [x.numpy().tolist() for x, _ in batches_of(data, 6, 4, seed=1)]
    assert taken != other


def test_a_drawn_set_has_its_share_of_every_class():
    data = np.arange(60), np.repeat(np.arange(3), 20)
    x, y = drawn(data, 15, seed=0)
    assert np.bincount(y).tolist() == [5, 5, 5]
    assert (y == x // 20).all()
    assert not np.array_equal(x, drawn(data, 15, seed=1)[0])


def test_parts_joined_are_what_was_parted():
    data = images()
    first, rest = parted(data, 15)
    assert (len(first[1]), len(rest[1])) == (15, 25)
    for whole, again in zip(data, joined(first, rest)):
        np.testing.assert_array_equal(whole, again)
