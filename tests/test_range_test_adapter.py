"""What no compiled loop can serve is tested one step a call, by itself, and says so."""

import json
import math
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers import range_test
from helpers.environment import ROOT

BATCH = 16
OPTIONS = {"steps": 24, "batch_size": BATCH, "min_rate": 0.001, "max_rate": 0.5}
pytestmark = pytest.mark.filterwarnings("ignore:.*loss never diverged")


def make_data(examples=70, seed=7):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, 6)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int64")


TRAIN, VALIDATION = make_data(), make_data(22, seed=8)


def build_model(**options):
    keras.utils.set_random_seed(3)
    layers = [keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2)]
    return compiled(keras.Sequential(layers), **options)


def compiled(model, **options):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, 0.9), loss, metrics=["accuracy"], **options)
    return model


def run(model, train, **options):
    return range_test.run(model, train, **(OPTIONS | {"progress": False} | options))


def batch_at(at, *, weights=False):
    columns = (*TRAIN, np.where(TRAIN[1] == 1, 5.0, 1.0)) if weights else TRAIN
    return tuple(column[at * BATCH : (at + 1) * BATCH] for column in columns)


def generator(epochs=100, **options):
    for _ in range(epochs):
        yield from (batch_at(at, **options) for at in range(5))


class Batches(keras.utils.PyDataset):
    """Five batches, the last of which is smaller."""

    def __init__(self):
        super().__init__()
        self.ends = 0

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return batch_at(index)

    def on_epoch_end(self):
        self.ends += 1


class Again:
    """Anything that can be gone through again and again."""

    def __iter__(self):
        return generator(epochs=1)


def assert_same_curve(result, expected, rtol=1e-5):
    np.testing.assert_allclose(result.losses, expected.losses, rtol=rtol)
    np.testing.assert_allclose(result.accuracies, expected.accuracies, rtol=rtol)


@pytest.fixture(scope="module")
def compiled_curve():
    result = run(build_model(), TRAIN, shuffle=False, validation=VALIDATION)
    assert result.how == "compiled pieces"
    return result


@pytest.mark.parametrize("make", [generator, Batches, Again])
def test_data_from_python_give_the_curve_of_the_same_arrays(make, compiled_curve):
    result = run(build_model(), make(), validation=VALIDATION)
    assert result.how == "one step per call: the data come from Python"
    assert_same_curve(result, compiled_curve)
    np.testing.assert_allclose(result.val_losses, compiled_curve.val_losses, rtol=1e-5)
    np.testing.assert_allclose(result.val_accuracies, compiled_curve.val_accuracies, rtol=1e-5)


def test_an_eager_model_gives_the_same_curve(compiled_curve):
    result = run(build_model(run_eagerly=True), TRAIN, shuffle=False, validation=Batches())
    assert result.how == "one step per call: the model runs eagerly"
    assert_same_curve(result, compiled_curve)
    shuffled = run(build_model(run_eagerly=True), TRAIN, seed=5)
    assert_same_curve(shuffled, run(build_model(), TRAIN, seed=5))


def test_held_out_data_may_come_from_python(compiled_curve):
    whole = range_test.run(
        build_model(), TRAIN, shuffle=False, validation=TRAIN, progress=False, **OPTIONS
    )
    result = run(build_model(), TRAIN, shuffle=False, validation=Batches())
    assert result.how.startswith("one step per call")
    assert_same_curve(result, compiled_curve)
    np.testing.assert_allclose(result.val_losses, whole.val_losses, rtol=1e-5)


def test_weights_in_and_beside_the_batches():
    weighted = run(build_model(), generator(weights=True))
    by_class = run(build_model(), generator(), class_weight={0: 1.0, 1: 5.0})
    plain = run(build_model(), generator())
    assert_same_curve(weighted, by_class)
    assert abs(weighted.losses - plain.losses).max() > 0.1


def test_a_py_dataset_is_told_of_the_ends_of_epochs():
    data = Batches()
    run(build_model(), data)
    assert data.ends == 4


def test_a_generator_that_ends_ends_the_test():
    result = run(build_model(), generator(epochs=2))
    assert len(result) == 10
    assert result.stop_reason == "the data ended after 10 batches"
    assert not result.diverged


def test_a_generator_goes_on_where_the_test_has_left_it():
    batches = generator(epochs=10)
    run(build_model(), batches, steps=24)
    assert len(list(batches)) == 50 - 24


def test_too_few_batches_for_one_rate_are_refused():
    with pytest.raises(ValueError, match="data ended after 5 batches"):
        run(build_model(), generator(epochs=1), batches_per_rate=6)


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


class OwnMetric(OwnStep):
    """Reports a mean of its own, which runs on over the whole epoch."""

    def __init__(self):
        super().__init__()
        self.mean = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.mean]

    def reported(self, loss):
        self.mean.update_state(loss)
        return {"loss": self.mean.result()}


class OwnVariable(OwnStep):
    """Makes a variable in its first step."""

    def reported(self, loss):
        if not hasattr(self, "largest"):
            self.largest = tf.Variable(0.0, trainable=False)
        self.largest.assign(tf.maximum(self.largest, loss))
        return {"loss": loss}


class NotInALoop(OwnStep):
    """Stands for whatever may be traced by itself, but not in a loop."""

    def reported(self, loss):
        if "while" in getattr(tf.compat.v1.get_default_graph(), "name", ""):
            raise NotImplementedError
        return {"loss": loss}


class NoLoss(OwnStep):
    def reported(self, loss):
        return {"distance": loss}


class WithoutCall(keras.Model):
    """An autoencoder of two parts: trained, but never called as a whole."""

    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
        self.decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
        self.mean = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.mean]

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.decoder(self.encoder(x)) - x) ** 2)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        self.mean.update_state(loss)
        return {"loss": self.mean.result()}


def own(kind, **options):
    keras.utils.set_random_seed(3)
    return compiled(kind(), **options)


def losses_by_hand(model, rates):
    """The losses of a custom step, its variables moved by nothing else."""
    losses = []
    batches = generator()
    for rate in rates:
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        logs = model.train_step(tuple(map(tf.constant, next(batches))))
        losses.append(float(logs["loss"]))
    return losses


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (OwnStep, "compiled pieces"),
        (OwnMetric, "compiled pieces"),
        (OwnVariable, "compiled pieces"),
        (WithoutCall, "compiled pieces"),
        (
            NotInALoop,
            "one step per call: the model's step cannot be part of a compiled loop",
        ),
    ],
)
def test_a_custom_train_step_is_the_one_that_is_made(kind, how):
    model = own(kind)
    result = run(model, TRAIN, shuffle=False)
    assert result.how == how
    np.testing.assert_allclose(result.losses, losses_by_hand(own(kind), result.rates), rtol=1e-4)


def test_a_variable_that_the_step_makes_is_put_back_as_well():
    model = own(OwnVariable)
    run(model, TRAIN)
    assert float(model.largest) == 0.0


def test_a_step_without_a_loss_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match='follows "loss"'):
        run(own(NoLoss), TRAIN)


def test_several_inputs_and_outputs():
    def build():
        keras.utils.set_random_seed(3)
        a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
        joined = keras.layers.Dense(4)(keras.layers.Concatenate()([a, b]))
        outputs = {
            "one": keras.layers.Dense(1, name="one")(joined),
            "two": keras.layers.Dense(2, name="two")(joined),
        }
        model = keras.Model({"a": a, "b": b}, outputs)
        crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(
            keras.optimizers.SGD(0.1),
            {"one": "mse", "two": crossentropy},
            metrics={"two": "accuracy"},
        )
        return model

    x = {"a": TRAIN[0], "b": TRAIN[0] ** 2}
    y = {"one": TRAIN[1][:, None].astype("float32"), "two": TRAIN[1]}

    def batches():
        while True:
            for first in range(0, 70, BATCH):
                yield tf.nest.map_structure(lambda part, at=first: part[at : at + BATCH], (x, y))

    result = run(build(), (x, y), shuffle=False, max_rate=0.1)
    assert result.how == "compiled pieces"
    assert result.accuracies is not None
    one_by_one = run(build(), batches(), max_rate=0.1)
    assert_same_curve(result, one_by_one)
    model, expected, data = build(), [], batches()
    for rate in result.rates:
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        expected.append(model.train_on_batch(*next(data), return_dict=True)["loss"])
    np.testing.assert_allclose(result.losses, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"train": 3}, TypeError, "a generator of batches"),
        ({"train": "data.npz"}, TypeError, "a generator of batches"),
        ({"train": {"x": TRAIN[0]}}, TypeError, "a generator of batches"),
        ({"train": iter(())}, ValueError, "no batch"),
        ({"train": (np.array(["a"]), np.array([1]))}, TypeError, "make it numbers"),
        ({"validation": generator()}, TypeError, "only once"),
        ({"train": generator(weights=True), "class_weight": {0: 1.0}}, ValueError, "class_weight"),
    ],
)
def test_bad_data_are_refused_with_advice(change, error, words):
    with pytest.raises(error, match=words):
        run(build_model(), **({"train": TRAIN} | change))


MIRRORED = """
import json, sys
import numpy as np
import keras, tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
from helpers import range_test
from helpers.training.state import everything_of

draw = np.random.default_rng(7)
x = draw.normal(size=(65, 6)).astype("float32")  # the last batch of 16 has one example
y = (x.sum(axis=1) > 0).astype("int64")
strategies = {
    "two": tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]),
    "one": tf.distribute.get_strategy(),
}
report = {}
for name, strategy in strategies.items():
    keras.utils.set_random_seed(3)
    with strategy.scope():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "relu"),
            keras.layers.BatchNormalization() if "norm" in sys.argv else keras.layers.Identity(),
            keras.layers.Dense(2)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1, 0.9), loss, metrics=["accuracy"])
    model.fit(x[:64], y[:64], 16, 1, verbose=0)
    fitted = model.get_weights()
    before = [variable.numpy().tobytes() for variable in everything_of(model)]
    result = range_test.run(model, (x[:64], y[:64]), steps=12, batch_size=16, min_rate=0.01,
        max_rate=0.2, validation=(x, y), validation_every=4, progress=False)
    short = range_test.run(model, (x, y), steps=12, batch_size=16, shuffle=False, progress=False)
    after = [variable.numpy().tobytes() for variable in everything_of(model)]
    report[name] = {
        "how": result.how, "losses": result.losses.tolist(), "val": result.val_losses.tolist(),
        "accuracies": result.accuracies.tolist(), "kept": before == after,
        "weights": [weight.tolist() for weight in fitted], "short": len(short),
    }
print(json.dumps(report))
"""


@pytest.mark.parametrize("norm", ["norm", "plain"])
def test_a_mirrored_model_is_tested_and_put_back(norm):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MIRRORED, norm],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    two, one = report["two"], report["one"]
    assert "strategy" in two["how"]
    assert two["kept"]
    assert one["kept"]
    assert (two["short"], one["short"]) == (12, 12)
    assert all(map(math.isfinite, two["losses"]))
    # Some versions of Keras add up what replicas find instead of averaging: then even `fit` with
    # two replicas is not `fit` with one, and only it is to be compared.
    same_in_fit = all(map(np.allclose, two["weights"], one["weights"]))
    if same_in_fit and norm == "plain":
        np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
        np.testing.assert_allclose(two["accuracies"], one["accuracies"], rtol=1e-4)
