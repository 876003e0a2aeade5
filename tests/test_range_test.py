"""A range test measures what updates made by hand measure: each rate with the loss it met."""

import dataclasses
import math
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from helpers import range_test
from helpers.range_test.stopping import stop_point
from helpers.results import RangeTestBand
from helpers.schedules import ExponentialRamp, LinearRamp

STEPS, BATCH = 24, 16
OPTIONS = {"steps": STEPS, "batch_size": BATCH, "min_rate": 0.001, "max_rate": 0.5}


def make_data(examples=70, seed=7):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, 6)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int64")


TRAIN, VALIDATION = make_data(), make_data(22, seed=8)
pytestmark = pytest.mark.filterwarnings("ignore:.*loss never diverged")


def build_model(optimizer=None, **compile_options):
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(2),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = optimizer or keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, loss, metrics=["accuracy"], **compile_options)
    return model


def seeded(*arguments, **options):
    keras.utils.set_random_seed(3)
    return build_model(*arguments, **options)


def run(model, train=TRAIN, **options):
    return range_test.run(model, train, **(OPTIONS | {"progress": False} | options))


def batches_of(data, batch=BATCH, order=None):
    """Yield the batches of endless epochs in one order."""
    order = np.arange(len(data[0])) if order is None else order
    while True:
        for first in range(0, len(order), batch):
            yield tuple(part[order[first : first + batch]] for part in data)


def by_hand(model, rates, batches, updates_per_rate=1, **options):
    """The test everyone could write: set the rate, train on a batch, note its loss."""
    seen = []
    for rate in rates:
        for _ in range(updates_per_rate):
            model.optimizer.learning_rate = rate
            model.reset_metrics()
            logs = model.train_on_batch(*next(batches), return_dict=True, **options)
            seen.append((logs["loss"], logs["accuracy"]))
    return np.array(seen).reshape(len(rates), updates_per_rate, 2).mean(axis=1).T


def assert_same(result, losses, accuracies, rtol=2e-5, atol=2e-6):
    np.testing.assert_allclose(result.losses, losses, rtol=rtol, atol=atol)
    np.testing.assert_allclose(result.accuracies, accuracies, rtol=rtol, atol=atol)


RATES = ExponentialRamp(0.001, 0.5, STEPS - 1)(np.arange(STEPS))


def test_linear_regression_in_numpy_gives_the_same_losses():
    """The loss of batch i, at weights that i updates with rates 0 to i - 1 have left."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(50, 3))
    y = x @ [1.0, -2.0, 3.0] + draw.normal(scale=0.1, size=50)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    start = draw.normal(size=(3, 1))
    model.set_weights([start])
    result = run(model, (x, y[:, None]), shuffle=False)

    weights, expected = start[:, 0].copy(), []
    batches = batches_of((x, y))
    for rate in RATES:
        batch, target = next(batches)
        error = batch @ weights - target
        expected.append(np.mean(error**2))
        weights -= rate * 2 * batch.T @ error / len(target)
    np.testing.assert_allclose(result.rates, RATES, rtol=1e-12)
    np.testing.assert_allclose(result.losses, expected, rtol=1e-4)
    assert result.accuracies is None
    np.testing.assert_array_equal(model.get_weights()[0], start.astype("float32"))


OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(0.5, momentum=0.9, nesterov=True),
    "clipped": lambda: keras.optimizers.SGD(0.5, momentum=0.9, global_clipnorm=0.1),
    "Adam": lambda: keras.optimizers.Adam(0.5),
    "AdamW": lambda: keras.optimizers.AdamW(0.5, weight_decay=0.1),
    "averaged": lambda: keras.optimizers.Adam(0.5, use_ema=True, ema_overwrite_frequency=5),
    "RMSprop": lambda: keras.optimizers.RMSprop(0.5),
    "Lion": lambda: keras.optimizers.Lion(0.5),
    "Adafactor": lambda: keras.optimizers.Adafactor(0.5),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_meets_the_losses_of_updates_by_hand(name):
    result = run(seeded(OPTIMIZERS[name]()), shuffle=False)
    assert result.how == "compiled pieces"
    assert_same(result, *by_hand(seeded(OPTIMIZERS[name]()), RATES, batches_of(TRAIN)))


def test_arrays_are_shown_in_the_order_of_the_seed():
    draw = np.random.default_rng(5)

    def shuffled():
        while True:
            order = draw.permutation(70)
            for first in range(0, 70, BATCH):
                yield tuple(part[order[first : first + BATCH]] for part in TRAIN)

    assert_same(run(seeded(), seed=5), *by_hand(seeded(), RATES, shuffled()))
    assert run(seeded(), seed=5).losses.tolist() != run(seeded(), seed=6).losses.tolist()


@pytest.mark.parametrize("options", [{"jit_compile": True}, {"run_eagerly": True}])
def test_compile_options_are_kept(options):
    result = run(seeded(**options), shuffle=False)
    assert_same(result, *by_hand(seeded(**options), RATES, batches_of(TRAIN)))


def test_each_update_has_its_rate_and_its_loss_also_where_fit_makes_several_at_once():
    result = run(seeded(steps_per_execution=5), shuffle=False)
    assert_same(result, *by_hand(seeded(), RATES, batches_of(TRAIN)))


def test_mixed_precision_meets_the_losses_of_updates_by_hand():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        result = run(seeded(), shuffle=False)
        expected = by_hand(seeded(), RATES, batches_of(TRAIN))
    finally:
        keras.config.set_dtype_policy("float32")
    assert_same(result, *expected, rtol=5e-3, atol=5e-3)


def test_class_weights_and_sample_weights_weigh_the_loss():
    classes = {0: 1.0, 1: 5.0}
    weights = np.where(TRAIN[1] == 1, 5.0, 1.0)
    expected = by_hand(seeded(), RATES, batches_of((*TRAIN, weights)))
    assert_same(run(seeded(), shuffle=False, class_weight=classes), *expected)
    assert_same(run(seeded(), (*TRAIN, weights), shuffle=False), *expected)
    data = tf.data.Dataset.from_tensor_slices(TRAIN).batch(BATCH)
    assert_same(run(seeded(), data, class_weight=classes), *expected)


@pytest.mark.parametrize("kind", ["finite", "endless", "unknown length"])
def test_data_sets_of_any_length(kind):
    data = tf.data.Dataset.from_tensor_slices(TRAIN).batch(BATCH)
    data = {
        "finite": data,
        "endless": data.repeat(),
        "unknown length": data.filter(lambda x, y: True),
    }[kind]
    assert_same(run(seeded(), data), *by_hand(seeded(), RATES, batches_of(TRAIN)))


def test_several_updates_at_a_rate_are_averaged():
    result = run(seeded(), shuffle=False, batches_per_rate=3)
    assert_same(result, *by_hand(seeded(), RATES, batches_of(TRAIN), updates_per_rate=3))
    assert result.table()["step"].tolist() == list(range(0, 3 * STEPS, 3))


def test_an_update_over_gathered_gradients_has_one_rate():
    def gathering():
        return keras.optimizers.SGD(0.5, gradient_accumulation_steps=2)

    result = run(seeded(gathering()), shuffle=False)
    assert len(result) == STEPS
    assert_same(result, *by_hand(seeded(gathering()), RATES, batches_of(TRAIN), 2))


def test_a_linear_ramp_goes_up_by_equal_steps():
    result = run(seeded(), ramp="linear", shuffle=False)
    rates = LinearRamp(0.001, 0.5, STEPS - 1)(np.arange(STEPS))
    np.testing.assert_allclose(result.rates, rates)
    assert_same(result, *by_hand(seeded(), rates, batches_of(TRAIN)))


SCHEDULES = {
    "a schedule": lambda: keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5),
    "a function": lambda: lambda: 0.1,
}


@pytest.mark.parametrize("kind", SCHEDULES)
def test_an_optimizer_on_a_schedule_is_tested_without_it_and_keeps_it(kind):
    """What `fit` traced before goes on with the schedule, and so does a `fit` after the test."""
    histories = []
    for tested in (True, False):
        schedule = SCHEDULES[kind]()
        model = seeded(keras.optimizers.SGD(schedule, momentum=0.9))
        if tested:
            expected = by_hand(seeded(), RATES, batches_of(TRAIN))
            assert_same(run(model, shuffle=False), *expected)
        model.fit(*TRAIN, BATCH, 2, verbose=0)
        if tested:
            run(model)
            assert model.optimizer._learning_rate is schedule
        histories.append(model.fit(*TRAIN, BATCH, 2, verbose=0).history)
    assert histories[0] == histories[1]


def test_held_out_data_are_measured_after_the_update_and_change_nothing():
    model = seeded()
    result = run(model, validation=VALIDATION, validation_every=5)
    measured = np.flatnonzero(np.isfinite(result.val_losses))
    assert measured.tolist() == [4, 9, 14, 19]
    assert np.isfinite(result.val_accuracies).nonzero()[0].tolist() == [4, 9, 14, 19]
    without = run(seeded())
    assert without.val_losses is None
    assert without.losses.tolist() == result.losses.tolist()

    other, batches = seeded(), batches_of(TRAIN)
    by_hand(other, RATES[:10], batches)
    expected = other.evaluate(*VALIDATION, BATCH, verbose=0)
    result = run(seeded(), shuffle=False, validation=VALIDATION, validation_every=5)
    found = [result.val_losses[9], result.val_accuracies[9]]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_last_rate_is_measured_on_held_out_data_too():
    result = run(seeded(), validation=VALIDATION, validation_every=STEPS)
    assert np.isfinite(result.val_losses).tolist() == [False] * (STEPS - 1) + [True]


def test_an_infinite_loss_ends_the_test_and_is_the_last_point():
    result = run(seeded(), max_rate=1e38, stop_factor=math.inf)
    assert result.diverged
    assert result.stop_reason.startswith("the loss was not finite at a rate of")
    assert not np.isfinite(result.losses[-1])
    assert np.isfinite(result.losses[:-1]).all()
    assert len(result.rates) == len(result.accuracies) == len(result.losses) < STEPS


def test_a_high_loss_ends_the_test_where_it_is_first_too_high():
    """The point does not depend on how many updates were made in one piece."""
    result = run(seeded(), max_rate=1e6, steps=100, smoothing=0.5)
    assert result.diverged
    assert "4 times its best" in result.stop_reason
    assert np.isfinite(result.losses).all()
    best = np.minimum.accumulate(result.smoothed[9:])
    too_high = result.smoothed[9:] > 4 * best
    assert too_high.tolist() == [False] * (len(too_high) - 1) + [True]
    eager = run(seeded(run_eagerly=True), max_rate=1e6, steps=100, smoothing=0.5)
    assert len(eager) == len(result)


def test_a_curve_that_never_rises_is_warned_of():
    with pytest.warns(UserWarning, match="never diverged"):
        result = run(seeded(), min_rate=1e-6, max_rate=1e-4)
    assert result.stop_reason == f"all {STEPS} rates were tried"
    assert not result.diverged
    assert "Raise max_rate" in result.warning


def test_the_same_call_gives_the_same_curve_again():
    model = seeded()
    assert run(model).losses.tolist() == run(model).losses.tolist()


def test_progress_is_reported_and_the_last_result_is_returned(monkeypatch):
    monkeypatch.setattr("helpers.training.pieces.PIECE_SECONDS", 0.01)
    monkeypatch.setattr("helpers.range_test.running.YIELD_SECONDS", 0.01)
    options = OPTIONS | {"steps": 2000, "max_rate": 0.01, "stop_factor": math.inf}
    work = range_test.iterate(seeded(), TRAIN, **options)
    moments = []
    try:
        while True:
            moments.append(next(work))
    except StopIteration as end:
        result = end.value
    assert len(result) == 2000
    assert moments
    fractions = [moment.fraction for moment in moments]
    assert fractions == sorted(fractions)
    last = moments[-1]
    assert last.text.startswith(f"rate {len(last.finished)} of 2000: ")
    assert last.finished.losses.tolist() == result.losses[: len(last.finished)].tolist()


def test_an_interrupt_between_pieces_keeps_what_was_measured(monkeypatch):
    def pressing(bar, fraction, text):
        raise KeyboardInterrupt

    monkeypatch.setattr("helpers.training.progress.Bar.show", pressing)
    model = seeded()
    before = model.get_weights()
    result = range_test.run(model, TRAIN, steps=100_000, max_rate=0.01)
    assert 0 < len(result) < 100_000
    assert result.stop_reason == "it was interrupted"
    for found, expected in zip(model.get_weights(), before):
        np.testing.assert_array_equal(found, expected)


def test_random_states_of_python_and_numpy_are_put_back():
    def draws():
        return random.random(), np.random.rand()  # noqa: NPY002

    def drawing():
        while True:
            draws()
            yield TRAIN

    random.seed(1), np.random.seed(1)  # noqa: NPY002
    expected = draws()
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    run(seeded_without_seeding(), drawing())
    assert draws() == expected


def seeded_without_seeding():
    state = random.getstate(), np.random.get_state()  # noqa: NPY002
    model = seeded()
    random.setstate(state[0]), np.random.set_state(state[1])  # noqa: NPY002
    return model


@pytest.fixture(scope="module")
def band():
    return range_test.run_seeds(build_model, TRAIN, seeds=(4, 5, 6), progress=False, **OPTIONS)


def test_a_band_holds_the_test_of_each_seed_alone(band):
    assert isinstance(band, RangeTestBand)
    assert band.seeds == (4, 5, 6)
    for seed in band.seeds:
        keras.utils.set_random_seed(seed)
        alone = run(build_model(), seed=seed)
        np.testing.assert_allclose(band.test(seed).losses, alone.losses, rtol=1e-5)
        assert band.test(seed).about == alone.about


def test_a_band_traces_once():
    traces = []

    class Counting(keras.layers.Layer):
        def call(self, inputs):
            traces.append(1)
            return inputs

    def build():
        model = keras.Sequential([keras.Input((6,)), Counting(), keras.layers.Dense(2)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, jit_compile=False)
        return model

    def traces_of(seeds):
        traces.clear()
        range_test.run_seeds(build, TRAIN, seeds=seeds, progress=False, **OPTIONS)
        return len(traces)

    # Each further seed builds a model and runs its test step once, to create its metrics.
    assert traces_of((0, 1, 2)) - traces_of((0, 1)) == 2
    assert traces_of((0, 1, 2, 3)) - traces_of((0, 1)) == 4


def test_a_function_of_the_seed_makes_each_test_its_own_data():
    def dataset(seed):
        return tf.data.Dataset.from_tensor_slices(TRAIN).shuffle(70, seed=seed).batch(BATCH)

    band = range_test.run_seeds(build_model, dataset, seeds=(4, 5), progress=False, **OPTIONS)
    for seed in (4, 5):
        keras.utils.set_random_seed(seed)
        alone = run(build_model(), dataset(seed))
        np.testing.assert_allclose(band.test(seed).losses, alone.losses, rtol=1e-5)


def test_an_interrupted_band_keeps_the_finished_seeds():
    def broken(seed):
        if seed == 6:
            raise KeyboardInterrupt
        return TRAIN

    band = range_test.run_seeds(build_model, broken, seeds=(4, 5, 6), progress=False, **OPTIONS)
    assert band.seeds == (4, 5)
    with pytest.raises(KeyboardInterrupt):
        range_test.run_seeds(build_model, broken, seeds=(6,), progress=False, **OPTIONS)


def test_an_interrupt_within_a_test_of_a_band_ends_the_band():
    def pressing(seed):
        for at, batch in enumerate(batches_of(TRAIN)):
            if seed == 5 and at == 13:
                raise KeyboardInterrupt
            yield batch

    band = range_test.run_seeds(build_model, pressing, seeds=(4, 5, 6), progress=False, **OPTIONS)
    assert band.seeds == (4,)


def test_an_error_in_a_band_carries_the_finished_seeds():
    def broken(seed):
        if seed == 5:
            raise OSError("disk gone")
        return TRAIN

    with pytest.raises(OSError, match="disk gone") as caught:
        range_test.run_seeds(build_model, broken, seeds=(4, 5), progress=False, **OPTIONS)
    assert caught.value.finished_tests.seeds == (4,)


def test_layers_that_the_models_of_a_band_share_come_back():
    keras.utils.set_random_seed(9)
    shared = keras.layers.Dense(4)
    shared.build((None, 6))
    before = [weight.numpy() for weight in shared.weights]

    def build():
        model = keras.Sequential([keras.Input((6,)), shared, keras.layers.Dense(2)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    band = range_test.run_seeds(build, TRAIN, seeds=(0, 1), progress=False, **OPTIONS)
    alone = range_test.run_seeds(build, TRAIN, seeds=(1,), progress=False, **OPTIONS)
    assert band.test(1).losses.tolist() == alone.test(1).losses.tolist()
    for weight, value in zip(shared.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)


NOT_COMPILED = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": build_model}, TypeError, "run_seeds"),
        ({"model": NOT_COMPILED}, ValueError, "not compiled"),
        ({"min_rate": 0}, ValueError, "0 < min_rate < max_rate"),
        ({"min_rate": 1.0}, ValueError, "0 < min_rate < max_rate"),
        ({"min_rate": -0.1}, ValueError, "finite number >= 0"),
        ({"max_rate": math.nan}, ValueError, "max_rate is nan"),
        ({"max_rate": "high"}, TypeError, "max_rate"),
        ({"steps": 9}, ValueError, ">= 10"),
        ({"steps": 20.0}, TypeError, "whole number"),
        ({"ramp": "cosine"}, ValueError, "'exponential', 'linear'"),
        ({"ramp": "linear", "min_rate": None}, ValueError, "needs its bounds"),
        ({"ramp": "linear", "max_rate": None}, ValueError, "needs its bounds"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batches_per_rate": 0}, ValueError, "batches_per_rate"),
        ({"validation_every": 0}, ValueError, "validation_every"),
        ({"stop_factor": 1}, ValueError, "more than 1"),
        ({"stop_factor": None}, TypeError, "stop_factor"),
        ({"smoothing": 1}, ValueError, "below 1"),
        ({"class_weight": {"a": 1}}, TypeError, "class index"),
        ({"class_weight": {0: 1.0}, "train": (*TRAIN, np.ones(70))}, ValueError, "not both"),
        ({"seed": -1}, ValueError, "seed"),
        ({"train": TRAIN[0]}, TypeError, "allowed are"),
        ({"train": (TRAIN[0], TRAIN[1][:5])}, ValueError, "same number"),
        ({"train": (TRAIN[0][:0], TRAIN[1][:0])}, ValueError, "one or more"),
        ({"train": tf.data.Dataset.from_tensor_slices(TRAIN).take(0)}, ValueError, "empty"),
        ({"validation": VALIDATION[0]}, TypeError, "validation"),
    ],
)
def test_bad_arguments_are_refused_with_advice(change, error, words):
    change = dict(change)
    model = change.pop("model", None) or build_model()
    with pytest.raises(error, match=words):
        run(model, **change)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"build_model": build_model()}, TypeError, "give a function"),
        ({"seeds": 3}, TypeError, "range"),
        ({"seeds": ()}, ValueError, "one or more"),
        ({"seeds": (1, 1)}, ValueError, "each once"),
        ({"build_model": lambda: NOT_COMPILED}, ValueError, "not compiled"),
    ],
)
def test_bad_arguments_of_a_band_are_refused_with_advice(change, error, words):
    arguments = {"build_model": build_model, "train": TRAIN, "seeds": (0, 1)} | change
    with pytest.raises(error, match=words):
        range_test.run_seeds(**arguments, progress=False, **OPTIONS)


def test_different_models_at_each_call_are_refused():
    sizes = iter([4, 5])

    def build():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(next(sizes))])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    with pytest.raises(ValueError, match="two different models"):
        range_test.run_seeds(build, TRAIN, seeds=(0, 1), progress=False, **OPTIONS)


def test_rates_may_be_ints_and_numpy_scalars():
    result = run(seeded(), min_rate=np.float32(0.001), max_rate=1)
    assert (result.rates[0], result.rates[-1]) == (0.001, 1.0)


FINITE = st.floats(-100, 100)


@given(st.lists(FINITE, min_size=10, max_size=60), st.floats(1.1, 10), st.floats(0, 0.95))
def test_stop_point_of_a_longer_curve_is_that_of_the_shorter_one(losses, factor, smoothing):
    """So that a result does not depend on where pieces end."""
    whole = stop_point(losses, 50, factor, smoothing)
    for end in range(1, len(losses) + 1):
        part = stop_point(losses[:end], 50, factor, smoothing)
        assert part == (whole if whole is not None and whole[0] < end else None)


@given(st.lists(FINITE, min_size=1, max_size=40), st.integers(0, 39))
def test_a_loss_that_is_not_finite_always_ends_the_test(losses, place):
    place = min(place, len(losses) - 1)
    losses[place] = math.nan
    index, _ = stop_point(losses, 40, 4.0, 0.9)
    assert index <= place


@pytest.mark.parametrize("shift", [0.0, -0.5, -10.0])
def test_a_negative_loss_ends_the_test_only_by_an_explosion(shift):
    """A likelihood may be negative: 4 times a best of -10 is lower, not higher."""
    fall = np.linspace(1, 0, 50)
    falling = np.concatenate([fall, np.full(50, 0.01)]) + shift
    assert stop_point(falling, 120, 4.0, 0.5) is None
    exploding = np.append(falling, [1e6] * 3)
    assert stop_point(exploding, 120, 4.0, 0.5)[0] == 100


def test_nothing_is_compared_before_the_mean_has_filled():
    losses = [0.01] + [5.0] * 9
    assert stop_point(losses, 100, 4.0, 0.5) is None
    index, words = stop_point(losses, 10, 4.0, 0.5)
    assert (index, words) == (1, "the smoothed loss was more than 4 times its best")


def test_the_result_can_be_looked_at_with_other_smoothing():
    result = run(seeded())
    assert dataclasses.replace(result, smoothing=0).smoothed.tolist() == result.losses.tolist()
