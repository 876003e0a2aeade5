"""A range test measures what updates made by hand measure: each rate with the loss it met."""

import math
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import range_test
from helpers.layerwise import differential, split
from helpers.progress import Bar
from helpers.range_test.tester import stop_point
from helpers.schedules import Constant, ExponentialRamp, LinearRamp
from tests.weekly import rest_weekly

STEPS, BATCH = 24, 16
OPTIONS = {"steps": STEPS, "batch_size": BATCH, "min_rate": 0.001, "max_rate": 0.5}
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def make_data(examples=70, seed=7):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, 6)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int64")


TRAIN, VALIDATION = make_data(), make_data(22, seed=8)
pytestmark = pytest.mark.filterwarnings("ignore:.*loss never diverged")


def build_model(optimizer=None, **compile_options):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(2),
        ]
    )
    optimizer = optimizer or keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, LOSS, metrics=["accuracy"], **compile_options)
    return model


def seeded(*arguments, **options):
    keras.utils.set_random_seed(3)
    return build_model(*arguments, **options)


def run(model, train=TRAIN, **options):
    return range_test.run(model, train, **(OPTIONS | {"progress": False} | options))


def batches_of(data):
    """Yield the batches of endless epochs in one order."""
    while True:
        for first in range(0, len(data[0]), BATCH):
            yield tuple(part[first : first + BATCH] for part in data)


def by_hand(model, rates, batches, updates_per_rate=1):
    """The test everyone could write: set the rate, train on a batch, note its loss."""
    seen = []
    for rate in rates:
        for _ in range(updates_per_rate):
            model.optimizer.learning_rate = rate
            model.reset_metrics()
            logs = model.train_on_batch(*next(batches), return_dict=True)
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
    "clipped": lambda: keras.optimizers.SGD(0.5, momentum=0.9, global_clipnorm=0.1),
    "AdamW": lambda: keras.optimizers.AdamW(0.5, weight_decay=0.1),
    "averaged": lambda: keras.optimizers.Adam(0.5, use_ema=True, ema_overwrite_frequency=5),
}


@pytest.mark.parametrize("name", rest_weekly(OPTIMIZERS))
def test_every_optimizer_meets_the_losses_of_updates_by_hand(name):
    result = run(seeded(OPTIMIZERS[name]()), shuffle=False)
    assert result.about["trained_by"] == "compiled loop"
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


@pytest.mark.parametrize(
    "option", rest_weekly(["run_eagerly", "jit_compile", "steps_per_execution"])
)
def test_compile_options_are_kept(option):
    options = {option: 5 if option == "steps_per_execution" else True}
    result = run(seeded(**options), shuffle=False)
    assert result.about["trained_by"].startswith("fit") == (option == "run_eagerly")
    # XLA draws other random numbers for dropout.
    alike = options if option == "jit_compile" else {}
    assert_same(result, *by_hand(seeded(**alike), RATES, batches_of(TRAIN)))


def test_mixed_precision_meets_the_losses_of_updates_by_hand():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        result = run(seeded(), shuffle=False)
        expected = by_hand(seeded(), RATES, batches_of(TRAIN))
    finally:
        keras.config.set_dtype_policy("float32")
    assert_same(result, *expected, rtol=5e-3, atol=5e-3)


def test_sample_weights_weigh_the_loss():
    weights = np.where(TRAIN[1] == 1, 5.0, 1.0)
    expected = by_hand(seeded(), RATES, batches_of((*TRAIN, weights)))
    assert_same(run(seeded(), (*TRAIN, weights), shuffle=False), *expected)


def test_lists_of_numbers_are_arrays():
    lists = TRAIN[0].tolist(), TRAIN[1].tolist()
    assert run(seeded(), lists, seed=5).losses.tolist() == run(seeded(), seed=5).losses.tolist()


def test_an_accuracy_by_another_name_is_one():
    model, top = seeded(), keras.metrics.SparseTopKCategoricalAccuracy(1, name="top")
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), LOSS, metrics=[top])
    assert_same(run(model, shuffle=False), *by_hand(seeded(), RATES, batches_of(TRAIN)))


def test_a_backend_without_tensorflow_is_named(monkeypatch):
    model = build_model()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    for call in (lambda: run(model), Constant(0.1).to_keras):
        with pytest.raises(RuntimeError, match="needs TensorFlow, and Keras runs on jax"):
            call()


class Batches(keras.utils.PyDataset):
    """Five batches, the last of which is smaller."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return tuple(part[BATCH * index :][:BATCH] for part in TRAIN)


DATA = tf.data.Dataset.from_tensor_slices(TRAIN).batch(BATCH)
KINDS = {
    "data set": lambda: DATA,
    "generator": lambda: batches_of(TRAIN),
    "PyDataset": Batches,
    "endless data set": DATA.repeat,
    "data set of unknown length": lambda: DATA.filter(lambda x, y: True),
}


@pytest.mark.parametrize("kind", rest_weekly(KINDS, 3))
def test_data_of_any_kind(kind):
    result = run(seeded(), KINDS[kind]())
    assert result.about["trained_by"].startswith("fit") == (kind in ("generator", "PyDataset"))
    assert_same(result, *by_hand(seeded(), RATES, batches_of(TRAIN)))


def test_a_generator_that_ends_ends_the_test():
    ten = (batch for batch, _ in zip(batches_of(TRAIN), range(10)))
    result = run(seeded(), ten)
    assert len(result) == 10
    assert result.stop_reason == "the data ended after 10 batches"
    with pytest.raises(ValueError, match="nothing to show"):
        run(seeded(), (batch for batch, _ in zip(batches_of(TRAIN), range(2))), batches_per_rate=3)


@pytest.mark.parametrize("how", rest_weekly(["loop", "fit"]))
def test_several_updates_at_a_rate_are_averaged_and_gathered_ones_have_one(how):
    eager = {"run_eagerly": how == "fit"}
    result = run(seeded(**eager), shuffle=False, batches_per_rate=3)
    assert_same(result, *by_hand(seeded(), RATES, batches_of(TRAIN), updates_per_rate=3))
    assert result.table()["step"].tolist() == list(range(0, 3 * STEPS, 3))

    def gathering():
        return keras.optimizers.SGD(0.5, gradient_accumulation_steps=2)

    result = run(seeded(gathering(), **eager), shuffle=False)
    assert_same(result, *by_hand(seeded(gathering()), RATES, batches_of(TRAIN), 2))


def test_a_linear_ramp_goes_up_by_equal_steps():
    result = run(seeded(), ramp="linear", shuffle=False)
    rates = LinearRamp(0.001, 0.5, STEPS - 1)(np.arange(STEPS))
    np.testing.assert_allclose(result.rates, rates)
    assert_same(result, *by_hand(seeded(), rates, batches_of(TRAIN)))


@pytest.mark.parametrize("eager", rest_weekly([False, True]))
def test_an_optimizer_on_a_schedule_is_tested_without_it_and_keeps_it(eager):
    """What `fit` traced before goes on with the schedule, and so does a `fit` after the test."""
    histories = []
    for tested in (True, False):
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
        model = seeded(keras.optimizers.SGD(schedule, momentum=0.9), run_eagerly=eager)
        if tested:
            assert_same(run(model, shuffle=False), *by_hand(seeded(), RATES, batches_of(TRAIN)))
        model.fit(*TRAIN, BATCH, 2, verbose=0)
        if tested:
            run(model)
        histories.append(model.fit(*TRAIN, BATCH, 2, verbose=0).history)
    assert histories[0] == histories[1]


@pytest.mark.parametrize("eager", rest_weekly([False, True]))
def test_held_out_data_are_measured_after_the_update_and_change_nothing(eager):
    options = {"shuffle": False, "validation": VALIDATION, "validation_every": 5}
    result = run(seeded(run_eagerly=eager), **options)
    assert np.flatnonzero(np.isfinite(result.val_losses)).tolist() == [4, 9, 14, 19]
    without = run(seeded(run_eagerly=eager), shuffle=False)
    assert without.val_losses is None
    assert without.losses.tolist() == result.losses.tolist()
    other = seeded()
    by_hand(other, RATES[:10], batches_of(TRAIN))
    expected = other.evaluate(*VALIDATION, BATCH, verbose=0)
    found = [result.val_losses[9], result.val_accuracies[9]]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_an_infinite_loss_ends_the_test_and_is_the_last_point():
    result = run(seeded(), max_rate=1e38, stop_factor=math.inf)
    assert result.diverged
    assert result.stop_reason.startswith("the loss was not finite at a rate of")
    assert np.isfinite(result.losses).tolist() == [True] * (len(result) - 1) + [False]


def test_a_high_loss_ends_the_test_where_it_is_first_too_high():
    """The point does not depend on how many updates were made in one piece."""
    result = run(seeded(), max_rate=1e6, steps=100, smoothing=0.5)
    assert result.diverged
    assert "4 times its best" in result.stop_reason
    best = np.minimum.accumulate(result.smoothed[9:])
    too_high = result.smoothed[9:] > 4 * best
    assert too_high.tolist() == [False] * (len(too_high) - 1) + [True]
    eager = run(seeded(run_eagerly=True), max_rate=1e6, steps=100, smoothing=0.5)
    assert len(eager) == len(result)


def test_a_curve_that_never_rises_is_warned_of():
    with pytest.warns(UserWarning, match="never diverged"):
        result = run(seeded(), min_rate=1e-6, max_rate=1e-4)
    assert result.stop_reason == f"all {STEPS} rates were tried"
    assert "Raise max_rate" in result.warning


def test_random_states_of_python_and_numpy_are_put_back():
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.rand()  # noqa: NPY002
    model = build_model()
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    run(model)
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002


class OwnStep(keras.Model):
    """A model that trains in its own way, as the guides of Keras show it."""

    def __init__(self):
        super().__init__()
        self.hidden, self.top = keras.layers.Dense(8, "relu"), keras.layers.Dense(2)

    def call(self, x):
        return self.top(self.hidden(x))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = 3 * self.compute_loss(y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        return self.reported(loss)

    def reported(self, loss):
        return {"loss": loss}


class OwnVariable(OwnStep):
    """Makes a variable in its first step, so that no loop can be traced."""

    def reported(self, loss):
        if not hasattr(self, "largest"):
            self.largest = tf.Variable(0.0, trainable=False)
        self.largest.assign(tf.maximum(self.largest, loss))
        return {"loss": loss}


class NoLoss(OwnStep):
    def reported(self, loss):
        return {"distance": loss}


class OtherOptimizer(OwnStep):
    """A model with an optimizer of its own, which `compile` does not know."""

    def train_step(self, data):
        return {"loss": tf.constant(1.0)}


class FromInputsAlone(OwnStep):
    def train_step(self, data):
        return super().train_step((data[0], tf.cast(data[0][:, 0] > 0, tf.int64)))


def own(kind):
    keras.utils.set_random_seed(3)
    model = kind()
    model.compile("sgd", LOSS)
    return model


@pytest.mark.parametrize("kind", [OwnStep, OwnVariable])
def test_a_custom_train_step_is_the_one_that_is_made(kind):
    result = run(own(kind), shuffle=False)
    by_step, batches, expected = own(OwnStep), batches_of(TRAIN), []
    for rate in result.rates:
        by_step.optimizer.learning_rate = rate
        expected.append(float(by_step.train_step(tuple(map(tf.constant, next(batches))))["loss"]))
    np.testing.assert_allclose(result.losses, expected, rtol=1e-4)


def test_a_step_that_needs_no_targets_is_given_none():
    targets = (TRAIN[0][:, 0] > 0).astype("int64")
    expected = run(own(OwnStep), (TRAIN[0], targets)).losses
    np.testing.assert_allclose(run(own(FromInputsAlone), (TRAIN[0],)).losses, expected, rtol=1e-5)


def test_a_step_without_a_loss_or_without_an_update_is_refused():
    with pytest.raises(ValueError, match="'loss'"):
        run(own(NoLoss))
    with pytest.raises(ValueError, match="made no update"):
        run(own(OtherOptimizer))


@pytest.fixture(scope="module")
def band():
    return range_test.run_seeds(build_model, TRAIN, seeds=(4, 5), progress=False, **OPTIONS)


def test_a_band_holds_the_test_of_each_seed_alone(band):
    for seed in band.seeds:
        keras.utils.set_random_seed(seed)
        alone = run(build_model(), seed=seed)
        np.testing.assert_allclose(band.test(seed).losses, alone.losses, rtol=1e-5)
        assert band.test(seed).about == alone.about


def test_a_function_of_the_seed_makes_each_test_its_own_data():
    def dataset(seed):
        return tf.data.Dataset.from_tensor_slices(TRAIN).shuffle(70, seed=seed).batch(BATCH)

    band = range_test.run_seeds(build_model, dataset, seeds=(4, 5), progress=False, **OPTIONS)
    keras.utils.set_random_seed(5)
    np.testing.assert_allclose(
        band.test(5).losses, run(build_model(), dataset(5)).losses, rtol=1e-5
    )


def test_an_interrupted_band_keeps_the_finished_seeds_and_an_error_carries_them(monkeypatch):
    def broken(seed):
        for at, batch in enumerate(batches_of(TRAIN)):
            if seed == 6 and at == 13:
                raise OSError("disk gone")
            yield batch

    def run_seeds(*seeds):
        return range_test.run_seeds(build_model, broken, seeds=seeds, progress=False, **OPTIONS)

    with pytest.raises(Exception, match="disk gone") as caught:
        run_seeds(4, 6, 7)
    assert caught.value.finished_tests.seeds == (4,)

    def press(bar, fraction, text):
        if "seed 6" in text:
            raise KeyboardInterrupt

    monkeypatch.setattr(Bar, "show", press)
    assert run_seeds(4, 6, 7).seeds == (4,)
    with pytest.raises(KeyboardInterrupt):
        run_seeds(6)


def test_layers_that_the_models_of_a_band_share_come_back():
    keras.utils.set_random_seed(9)
    shared = keras.layers.Dense(4)
    shared.build((None, 6))
    before = [weight.numpy() for weight in shared.weights]

    def build():
        model = keras.Sequential([keras.Input((6,)), shared, keras.layers.Dense(2)])
        model.compile("sgd", LOSS)
        return model

    options = OPTIONS | {"progress": False}
    band = range_test.run_seeds(build, TRAIN, seeds=(0, 1), **options)
    alone = range_test.run_seeds(build, TRAIN, seeds=(1,), **options)
    assert band.test(1).losses.tolist() == alone.test(1).losses.tolist()
    for weight, value in zip(shared.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)


@pytest.mark.parametrize("kind", ["one rate", "differential"])
def test_each_test_of_a_group_moves_this_group_alone(kind):
    names = ["first", "second", "head"]

    def build():
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Dense(4, "tanh", name=name) for name in names]
        return keras.Sequential([keras.Input((6,)), *layers])

    model = build()
    groups = split(model, at=names[1:])
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.5)
    if kind == "differential":
        optimizer = differential(optimizer, groups, multipliers=[0.1, 0.5, 1])
    model.compile(optimizer, LOSS)
    model.fit(*TRAIN, verbose=0)
    before, own = groups.values(), model.optimizer
    options = OPTIONS | {"progress": False, "stop_factor": math.inf}
    tests = range_test.run_groups(model, groups, TRAIN, **options)
    assert model.optimizer is own
    for old, new in zip(sum(before, []), sum(groups.values(), [])):
        np.testing.assert_array_equal(old, new)
    # Frozen by Keras, the others stand still as well.
    for group, test in enumerate(tests):
        alone = build()
        alone.set_weights(model.get_weights())
        for at, layer in enumerate(alone.layers):
            layer.trainable = at == group
        alone.compile(keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.5), LOSS)
        wanted = range_test.run(alone, TRAIN, **options)
        np.testing.assert_allclose(test.losses, wanted.losses, rtol=1e-4)
    model.layers[0].trainable = False
    with pytest.raises(ValueError, match="is frozen"):
        range_test.run_groups(model, groups, TRAIN)


NOT_COMPILED = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": NOT_COMPILED}, "compiled"),
        ({"min_rate": 0}, "above 0"),
        ({"min_rate": 1.0}, "below"),
        ({"max_rate": math.nan}, "max_rate is nan"),
        ({"steps": 9}, "at least 10|10 to"),
        ({"ramp": "cosine"}, "exponential, linear"),
        ({"ramp": "linear", "min_rate": None}, "needs its bounds"),
        ({"stop_factor": 1}, "above 1"),
        ({"train": TRAIN[0]}, "from_tensor_slices"),
        ({"train": [TRAIN]}, "from_tensor_slices"),
        ({"train": (TRAIN[0], TRAIN[1][:5])}, "same number"),
        ({"validation": batches_of(TRAIN)}, "generator"),
    ],
)
def test_what_would_mislead_is_refused(change, words):
    change = dict(change)
    model = change.pop("model", None) or build_model()
    with pytest.raises((ValueError, TypeError), match=words):
        run(model, **change)


def test_rates_may_be_ints_and_numpy_scalars():
    result = run(seeded(), min_rate=np.float32(0.001), max_rate=1)
    assert (result.rates[0], result.rates[-1]) == (0.001, 1.0)


FINITE = st.floats(-100, 100)


@settings(max_examples=30)
@given(st.lists(FINITE, min_size=10, max_size=40), st.floats(1.1, 10), st.floats(0, 0.95))
def test_the_stop_point_of_a_longer_curve_is_that_of_the_shorter_one(losses, factor, smoothing):
    """So that a result does not depend on where pieces end."""
    whole = stop_point(losses, 50, factor, smoothing)
    for end in range(1, len(losses) + 1):
        part = stop_point(losses[:end], 50, factor, smoothing)
        assert part == (whole if whole is not None and whole[0] < end else None)


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
    assert stop_point(losses, 10, 4.0, 0.5)[0] == 1
