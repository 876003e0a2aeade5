"""After a range test the model is, bit for bit, what it was; training goes on as if without it."""

import functools
import itertools
import math
import signal
from contextlib import contextmanager

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers import range_test
from helpers.keras_schedules import cycle_momentum
from helpers.progress import Bar
from helpers.schedules import OppositeMomentum, Triangular
from helpers.training.state import Memory, everything_of
from tests.weekly import rest_weekly

SIZE = 6
OPTIONS = {"steps": 40, "batch_size": 16, "progress": False}


def make_data(examples=70, seed=7):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, SIZE, SIZE, 1)).astype("float32")
    return x, (x.mean(axis=(1, 2, 3)) > 0).astype("int64")


TRAIN, VALIDATION = make_data(), make_data(22, seed=8)


def build_model(**compile_options):
    """A net with everything that a test could forget to put back."""
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomTranslation(0.2, 0.2),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(2),
        ]
    )
    return compiled(model, **compile_options)


def compiled(model, optimizer=None, **options):
    optimizer = optimizer or keras.optimizers.AdamW(0.01, clipnorm=1.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], **options)
    return model


def fit(model):
    return model.fit(*TRAIN, 16, 2, validation_data=VALIDATION, verbose=0).history


def state_of(model):
    """Return every variable with its value as bytes: NaN equals NaN, and 0 is not -0."""
    return [(variable, variable.numpy().tobytes()) for variable in everything_of(model)]


def changed(state):
    """Return the names of the variables that no longer have their value."""
    return [variable.path for variable, value in state if variable.numpy().tobytes() != value]


def batches(broken_at=None):
    for at in itertools.count():
        if at == broken_at:
            raise OSError("disk gone")
        first = 16 * (at % 4)
        yield tuple(part[first : first + 16] for part in TRAIN)


@contextmanager
def at_report(number, press):
    """Call `press` in the midst of the updates: when the test says the n-th time how far it is."""
    count = itertools.count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bar, "show", lambda *_: press() if next(count) == number else None)
        yield


def control_c():
    signal.raise_signal(signal.SIGINT)


class BrokenBatches(keras.utils.PyDataset):
    """Batches of a file that cannot be read to its end."""

    def __len__(self):
        return 20

    def __getitem__(self, index):
        if index == 13:
            raise OSError("disk gone")
        return tuple(part[16 * (index % 4) :][:16] for part in TRAIN)


def plain(model):
    assert len(range_test.run(model, TRAIN, max_rate=0.1, **OPTIONS)) == 40


def linear(model):
    bounds = {"ramp": "linear", "min_rate": 0.001, "max_rate": 0.1}
    assert len(range_test.run(model, TRAIN, **bounds, **OPTIONS)) == 40


def with_validation(model):
    result = range_test.run(model, TRAIN, validation=VALIDATION, max_rate=0.1, **OPTIONS)
    assert np.isfinite(result.val_losses).sum() == 40


def stopped_by_nan(model):
    result = range_test.run(model, TRAIN, max_rate=1e38, stop_factor=math.inf, **OPTIONS)
    assert "not finite" in result.stop_reason


def data_set(model):
    data = tf.data.Dataset.from_tensor_slices(TRAIN).batch(16)
    assert len(range_test.run(model, data, max_rate=0.1, **OPTIONS)) == 40


def error_in_a_data_set(model):
    def check(x, y):
        return tf.debugging.check_numerics(x, "damaged"), y

    damaged = TRAIN[0].copy()
    damaged[40] = np.nan
    data = tf.data.Dataset.from_tensor_slices((damaged, TRAIN[1])).map(check).batch(16)
    with pytest.raises(tf.errors.InvalidArgumentError):
        range_test.run(model, data, max_rate=0.1, **OPTIONS)


def error_in_a_generator(model):
    with pytest.raises(Exception, match="disk gone"):
        range_test.run(model, batches(broken_at=13), max_rate=0.1, **OPTIONS)


def error_in_a_py_dataset(model):
    with pytest.raises(Exception, match="disk gone"):
        range_test.run(model, BrokenBatches(), max_rate=0.1, **OPTIONS)


def interrupt_of_the_loop(model):
    with at_report(1, control_c):
        result = range_test.run(model, TRAIN, max_rate=0.1, validation=VALIDATION, **OPTIONS)
    assert 0 < len(result) < 40
    assert result.stop_reason == "it was interrupted"


def interrupt_of_fit(model):
    with at_report(5, control_c):
        assert len(range_test.run(model, batches(), max_rate=0.1, **OPTIONS)) == 5


def interrupt_before_anything(model):
    def pressing(losses, *_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helpers.range_test.tester.stop_point", pressing)
        with pytest.raises(KeyboardInterrupt):
            range_test.run(model, batches(), batches_per_rate=3, **OPTIONS)


def batches_per_rate(model):
    range_test.run(model, TRAIN, max_rate=0.1, batches_per_rate=3, **OPTIONS)


CASES = [
    plain,
    stopped_by_nan,
    interrupt_of_the_loop,
    interrupt_of_fit,
    linear,
    with_validation,
    data_set,
    error_in_a_data_set,
    error_in_a_generator,
    error_in_a_py_dataset,
    interrupt_before_anything,
    batches_per_rate,
]
pytestmark = pytest.mark.filterwarnings("ignore:.*loss never diverged")


def trained(build, fitted, case=None):
    """Return history and final values of a model that is tested between its trainings, or not."""
    keras.utils.set_random_seed(3)
    model = build()
    if fitted:
        fit(model)
    if case is not None:
        before = state_of(model)
        case(model)
        assert changed(before) == []
        assert model.stop_training is False
    return fit(model), [value for _, value in state_of(model)]


@functools.lru_cache
def trained_without(build, fitted, policy):
    return trained(build, fitted)


def check_contract(case, build, fitted):
    policy = keras.config.dtype_policy().name
    assert trained(build, fitted, case) == trained_without(build, fitted, policy)


@pytest.mark.parametrize("case", rest_weekly(CASES, 3), ids=lambda case: case.__name__)
def test_model_is_as_it_was_and_trains_as_without_the_test(case):
    check_contract(case, build_model, fitted=True)


def test_a_new_model_trains_as_without_the_test():
    check_contract(plain, build_model, fitted=False)


@pytest.mark.parametrize(
    "case", rest_weekly([plain, stopped_by_nan]), ids=lambda case: case.__name__
)
def test_mixed_precision_comes_back_with_its_loss_scale(case):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        check_contract(case, build_model, fitted=True)
    finally:
        keras.config.set_dtype_policy("float32")


def lazily_built():
    """A model that gets its weights from the first data it sees."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.3)]
    return compiled(keras.Sequential([*layers, keras.layers.Dense(2)]))


class OwnClass(keras.Model):
    """A model by subclass, with state of which Keras does not know."""

    def __init__(self):
        super().__init__()
        self.hidden, self.top = keras.layers.Dense(8, "relu"), keras.layers.Dense(2)
        self.calls = tf.Variable(0, trainable=False)
        self.noise = tf.random.Generator.from_seed(1)

    def call(self, x, training=False):
        x = self.hidden(keras.ops.reshape(x, (-1, SIZE * SIZE)))
        if training:
            self.calls.assign_add(1)
            x += self.noise.normal(tf.shape(x))
        return self.top(x)


OPTIMIZERS = {
    "gathering": lambda: keras.optimizers.SGD(0.1, 0.9, gradient_accumulation_steps=3),
    "averaging": lambda: keras.optimizers.Adam(0.1, use_ema=True, ema_overwrite_frequency=3),
    "adafactor": lambda: keras.optimizers.Adafactor(0.01),
    "on a schedule": lambda: keras.optimizers.SGD(
        keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5), 0.9
    ),
    "momentum on a schedule": lambda: cycle_momentum(
        keras.optimizers.SGD(0.1, 0.9), OppositeMomentum(Triangular(0.1, 0.5, 4))
    ),
}


def remembering():
    """A model whose recurrent layer remembers from batch to batch, outside of its weights."""
    layers = [keras.Input(batch_shape=(10, SIZE, SIZE, 1)), keras.layers.Reshape((SIZE, SIZE))]
    layers += [keras.layers.LSTM(3, stateful=True), keras.layers.Dense(2)]
    return compiled(keras.Sequential(layers))


def test_what_a_stateful_layer_remembers_comes_back():
    keras.utils.set_random_seed(3)
    model = remembering()
    model.fit(*TRAIN, 10, verbose=0)
    before = [state.numpy().tobytes() for state in model.layers[1].states]
    range_test.run(model, TRAIN, **OPTIONS | {"batch_size": 10})
    assert [state.numpy().tobytes() for state in model.layers[1].states] == before
    assert any(np.frombuffer(state, "float32").any() for state in before)


@pytest.mark.parametrize("fitted", rest_weekly([True, False]), ids=["fitted", "new"])
@pytest.mark.parametrize("build", [lazily_built, lambda: compiled(OwnClass())])
def test_models_that_are_built_by_their_data_come_back(build, fitted):
    check_contract(plain, build, fitted)


@pytest.mark.parametrize("name", rest_weekly(OPTIMIZERS))
def test_every_optimizer_comes_back(name):
    """After 5 batches an epoch, gradients gathered over 3 are left in the midst of an update."""

    def build():
        layers = [keras.Input((SIZE, SIZE, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
        return compiled(keras.Sequential(layers), OPTIMIZERS[name]())

    check_contract(plain, build, fitted=True)


def test_tensorflow_checkpoints_of_the_model_still_work(tmp_path):
    model = build_model()
    plain(model)
    saved = tf.train.Checkpoint(model=model).save(str(tmp_path / "checkpoint"))
    weights = model.get_weights()
    fit(model)
    tf.train.Checkpoint(model=model).restore(saved).assert_existing_objects_matched()
    for found, expected in zip(model.get_weights(), weights):
        np.testing.assert_array_equal(found, expected)


def test_a_list_that_tensorflow_cannot_track_is_no_obstacle():
    model = OwnClass()
    model.blocks = [keras.layers.Dense(3), keras.layers.Dense(3)]
    model.blocks[0] = keras.layers.Dense(4)
    compiled(model)
    before = state_of(model)
    plain(model)
    assert changed(before) == []


def test_a_request_to_stop_training_is_kept():
    model = build_model()
    model.stop_training = True
    plain(model)
    assert model.stop_training is True


def test_pressing_again_while_the_model_is_put_back_does_not_break_it(monkeypatch):
    pressed = []
    put_back = Memory.put_back

    def impatient(memory):
        if len(pressed) < 3:
            pressed.append(1)
            memory._model.trainable_weights[0].assign_add(
                keras.ops.ones_like(memory._model.trainable_weights[0])
            )
            raise KeyboardInterrupt
        put_back(memory)

    monkeypatch.setattr(Memory, "put_back", impatient)
    model = build_model()
    before = state_of(model)
    with pytest.raises(KeyboardInterrupt):
        plain(model)
    assert len(pressed) == 3
    assert changed(before) == []


def test_the_check_itself_sees_a_single_changed_bit():
    model = build_model()
    before = state_of(model)
    weight = model.trainable_weights[0]
    weight.assign(np.nextafter(weight.numpy(), np.float32(9)))
    assert changed(before) == [weight.path]
