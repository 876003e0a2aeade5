"""Training that was killed in mid-cycle and resumed with Keras's `BackupAndRestore`."""

import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers import schedules
from helpers.environment import ROOT
from helpers.keras_schedules import cycle_momentum
from helpers.training import RecordSteps
from tests.keras_probe import run_python
from tests.weekly import rest_weekly

INPUTS = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
TARGETS = INPUTS @ np.array([1.0, -2.0, 3.0], "float32")
BATCH_SIZE, EPOCHS, UPDATES = 4, 3, 15
# The epoch that is cut short, and its last batch: update 7, in mid-cycle for all of these.
KILLED_AT, SAVED = (1, 2), 5

FAMILIES = {
    "Constant": schedules.Constant(0.03),
    "LinearRamp": schedules.LinearRamp(0.05, 0.001, 13),
    "ExponentialRamp": schedules.ExponentialRamp(0.05, 0.001, 13),
    "StepDecay": schedules.StepDecay(0.05, 0.5, every=4),
    "Cosine": schedules.Cosine(0.05, 13),
    "Triangular": schedules.Triangular(0.01, 0.05, 4, "exp_range", 0.95),
    "WarmRestarts": schedules.WarmRestarts(0.05, 3, 2, 0.001, 0.9),
    "OneCycle": schedules.OneCycle(0.05, 14, three_phase=True),
    "Pieces": schedules.with_warmup(schedules.WarmRestarts(0.05, 6), 4),
}
OPTIMIZERS = {
    "SGD momentum": lambda rate: keras.optimizers.SGD(rate.to_keras(), momentum=0.9),
    "Adam": lambda rate: keras.optimizers.Adam(rate.to_keras()),
    "cycle_momentum": lambda rate: cycle_momentum(
        keras.optimizers.SGD(rate.to_keras()), schedules.OppositeMomentum(rate)
    ),
}
RESTARTS = FAMILIES["WarmRestarts"]


class Kill(keras.callbacks.Callback):
    """Ends the training in mid-epoch, by an exception or as the system would."""

    def __init__(self, epoch, batch, end=None):
        super().__init__()
        self._epoch, self._batch, self._end = epoch, batch, end or self._fail

    def on_epoch_begin(self, epoch, logs=None):
        self._here = epoch == self._epoch

    def on_train_batch_end(self, batch, logs=None):
        if self._here and batch == self._batch:
            self._end()

    def _fail(self):
        raise InterruptedError("killed")


def build(optimizer, dropout=0.0, **compile_options):
    keras.utils.set_random_seed(7)
    layers = [keras.layers.Dropout(dropout)] if dropout else []
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1)])
    model.compile(optimizer, "mse", **{"jit_compile": False} | compile_options)
    return model


def fit(model, *callbacks, data=None, epochs=EPOCHS):
    x, y = (INPUTS, TARGETS) if data is None else (data, None)
    batch_size = BATCH_SIZE if data is None else None
    return model.fit(
        x, y, batch_size, epochs, shuffle=False, verbose=0, callbacks=list(callbacks)
    ).history


def backup(folder, **options):
    return keras.callbacks.BackupAndRestore(folder / "backup", **options)


def kill(model, folder, at=KILLED_AT, save_freq="epoch", **options):
    with pytest.raises(InterruptedError):
        fit(model, backup(folder, save_freq=save_freq), Kill(*at), **options)


def state(model):
    """Return weights, slots and count as plain numbers, so that a comparison is bit for bit."""
    return [value.numpy().tolist() for value in [*model.weights, *model.optimizer.variables]]


@pytest.mark.parametrize("family", rest_weekly(reversed(FAMILIES), 3))
@pytest.mark.parametrize("kind", rest_weekly(OPTIMIZERS))
def test_resumed_training_has_the_same_rates_and_weights(kind, family, tmp_path):
    def model():
        return build(OPTIMIZERS[kind](FAMILIES[family]))

    whole, resumed, all_steps, later_steps = model(), model(), RecordSteps(), RecordSteps()
    fit(whole, all_steps)
    kill(model(), tmp_path)
    fit(resumed, backup(tmp_path), later_steps)
    assert later_steps.table()["step"].tolist() == list(range(SAVED, UPDATES))
    expected = all_steps.table().iloc[SAVED:].reset_index(drop=True)
    assert later_steps.table().equals(expected)
    assert state(resumed) == state(whole)


KILL_HARD = """
import os, signal, sys
from pathlib import Path
from tests import test_resume as test

end = lambda: os.kill(os.getpid(), signal.SIGKILL)
model = test.build(test.OPTIMIZERS["cycle_momentum"](test.RESTARTS), jit_compile=True)
test.fit(model, test.backup(Path(sys.argv[1])), test.Kill(*test.KILLED_AT, end))
"""


def test_training_in_another_process_that_the_system_killed_is_resumed(tmp_path):
    killed = run_python(KILL_HARD, tmp_path, cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    make = OPTIMIZERS["cycle_momentum"]
    whole, resumed = (build(make(RESTARTS), jit_compile=True) for _ in range(2))
    record = RecordSteps()
    fit(whole)
    fit(resumed, backup(tmp_path), record)
    assert record.table()["step"].tolist() == list(range(SAVED, UPDATES))
    np.testing.assert_allclose(
        record.table()["learning_rate"], RESTARTS(np.arange(SAVED, UPDATES)), rtol=1e-6
    )
    assert state(resumed) == state(whole)


@pytest.mark.weekly
def test_training_that_is_killed_three_times_is_resumed_each_time(tmp_path):
    make = OPTIMIZERS["SGD momentum"]
    whole, last = build(make(RESTARTS)), build(make(RESTARTS))
    fit(whole)
    for at in ((0, 3), (1, 4), (2, 0)):
        kill(build(make(RESTARTS)), tmp_path, at)
    fit(last, backup(tmp_path))
    assert state(last) == state(whole)


def test_an_epoch_that_ends_while_gradients_gather_is_resumed(tmp_path):
    def model():
        rate = RESTARTS.to_keras(gradient_accumulation_steps=3)
        return build(keras.optimizers.SGD(rate, 0.9, gradient_accumulation_steps=3))

    whole, resumed = model(), model()
    fit(whole)
    kill(model(), tmp_path)
    fit(resumed, backup(tmp_path))
    assert state(resumed) == state(whole)


# From here on: what `BackupAndRestore` does not restore, as the docstring of `KerasSchedule` says.


def test_dropout_begins_its_sequence_anew(tmp_path):
    def model():
        return build(OPTIMIZERS["SGD momentum"](RESTARTS), dropout=0.5)

    whole, resumed, reseeded = model(), model(), model()
    seeds = [layer.seed_generator.state for layer in reseeded.layers if "dropout" in layer.name]
    first = [seed.numpy() for seed in seeds]
    fit(whole)
    kill(model(), tmp_path)
    fit(resumed, backup(tmp_path))
    fit(reseeded, epochs=1)
    for seed, value in zip(seeds, first, strict=True):
        seed.assign(value)
    fit(reseeded, epochs=2)
    assert state(resumed) != state(whole)
    assert state(resumed) == state(reseeded)


def test_a_data_set_that_reshuffles_begins_its_orders_anew(tmp_path):
    def data():
        examples = tf.data.Dataset.from_tensor_slices((INPUTS, TARGETS))
        return examples.shuffle(20, seed=3).batch(BATCH_SIZE)

    def model():
        return build(OPTIMIZERS["SGD momentum"](RESTARTS))

    whole, resumed, restarted = model(), model(), model()
    fit(whole, data=data())
    kill(model(), tmp_path, data=data())
    fit(resumed, backup(tmp_path), data=data())
    fit(restarted, data=data(), epochs=1)
    fit(restarted, data=data(), epochs=2)
    assert state(resumed) != state(whole)
    assert state(resumed) == state(restarted)


@pytest.mark.weekly
@pytest.mark.parametrize("first", [True, False])
def test_what_callbacks_collected_is_lost_and_the_cut_epoch_begins_again(tmp_path, first):
    killed, resumed, before, after = (
        *(build(OPTIMIZERS["Adam"](RESTARTS)) for _ in range(2)),
        RecordSteps(),
        RecordSteps(),
    )
    with pytest.raises(InterruptedError):
        fit(killed, backup(tmp_path), before, Kill(*KILLED_AT))
    callbacks = [after, backup(tmp_path)]
    history = fit(resumed, *(callbacks if first else reversed(callbacks)))
    assert before.table()["step"].tolist() == list(range(8))
    assert after.table()["step"].tolist() == list(range(SAVED, UPDATES))
    assert len(history["loss"]) == 2


def test_later_calls_of_fit_count_epochs_from_where_training_was_resumed(tmp_path):
    resumed = build(OPTIMIZERS["Adam"](RESTARTS))
    kill(build(OPTIMIZERS["Adam"](RESTARTS)), tmp_path)
    fit(resumed, backup(tmp_path))
    assert fit(resumed, epochs=1) == {}
    assert len(fit(resumed, epochs=2)["loss"]) == 1
    assert int(resumed.optimizer.iterations) == UPDATES + 5


def test_a_backup_in_mid_epoch_makes_some_updates_twice(tmp_path):
    resumed, record = build(OPTIMIZERS["Adam"](RESTARTS)), RecordSteps()
    kill(build(OPTIMIZERS["Adam"](RESTARTS)), tmp_path, save_freq=3)
    fit(resumed, backup(tmp_path), record)
    # Six updates were saved, one of them of the epoch that then begins again.
    assert record.table()["step"].tolist() == list(range(6, UPDATES + 1))
