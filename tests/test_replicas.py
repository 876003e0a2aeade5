"""Two replicas of TensorFlow, in a process of its own: schedules, groups, sweep, range test."""

import json

import pytest

from helpers.environment import ROOT
from tests.keras_probe import run_python

CODE = """
import json, warnings
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from helpers import range_test, schedules, training
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int64")
cosine = schedules.Cosine(0.1, 12)

def build(rate=0.1):
    with strategy.scope():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss, metrics=["accuracy"])
    return model

keras.utils.set_random_seed(0)
model, record = build(cosine.to_keras()), training.RecordSteps()
model.fit(x, y, batch_size=16, epochs=3, verbose=0, callbacks=[record])
told = {"used": record.table()["learning_rate"].tolist(), "wanted": cosine(np.arange(12)).tolist()}
model = build()
before = [weight.numpy().tolist() for weight in model.weights]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    test = range_test.run(model, (x, y), steps=20, batch_size=16, progress=False, max_rate=1.0)
told["replicas"] = strategy.num_replicas_in_sync
told["rates"], told["finite"] = len(test), bool(np.isfinite(test.losses).all())
told["restored"] = before == [weight.numpy().tolist() for weight in model.weights]
runs = training.sweep(build, [0.01, 0.1], (x, y), (x, y), epochs=2, progress=False)
told["labels"], told["trained_by"] = runs.labels, runs.about["trained_by"]
print("TOLD" + json.dumps(told))
"""


@pytest.mark.weekly
def test_schedules_range_test_and_sweep_on_two_replicas():
    said = run_python(CODE, cwd=ROOT).stdout
    told = json.loads(said[said.index("TOLD") + 4 :])
    assert told["replicas"] == 2
    assert all(abs(a - b) < 1e-7 for a, b in zip(told["used"], told["wanted"], strict=True))
    assert (told["rates"], told["finite"], told["restored"]) == (20, True, True)
    assert (told["labels"], told["trained_by"]) == ([0.01, 0.1], "fit: there are several replicas")
