"""A sweep gives what building, compiling and fitting a model alone gives, in the loop or by fit."""

import io
import math
import random
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.progress import Bar
from helpers.schedules import Constant, Cosine, StepDecay
from helpers.training import Progress, compare, iterate, sweep
from helpers.training.engine import orders_of_fit
from tests.weekly import rest_weekly

# 2e19 overflows within the first epoch; 0.1 and 0.01 do not.
RATES = (0.1, 2e19, 0.01)
SEEDS = (0, 1)
EPOCHS = 3
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def make_data(examples=70, seed=7):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, 6)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int64")


TRAIN, VALIDATION = make_data(70), make_data(22, seed=8)


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


def fit_alone(rate, seed, build=build_model, data=TRAIN, **options):
    """The loop everyone writes: seed, build, compile, fit."""
    keras.utils.set_random_seed(seed)
    model = build()
    model.optimizer.learning_rate = rate
    options = {"batch_size": 16, "epochs": EPOCHS, "validation_data": VALIDATION} | options
    data = (data(seed),) if callable(data) else data
    return model.fit(*data, verbose=0, **options).history


def swept(rates=(0.1,), build=build_model, train=TRAIN, validation=VALIDATION, **options):
    options = {"epochs": 2, "batch_size": 16, "progress": False} | options
    return sweep(build, rates, train, validation, **options)


def assert_same_history(history, alone, **tolerance):
    assert set(alone) <= set(history)
    for name, values in alone.items():
        tolerance = tolerance or {"rtol": 2e-5, "atol": 2e-6}
        np.testing.assert_allclose(history[name], values, err_msg=name, **tolerance)


@pytest.fixture(scope="module")
def three_rates():
    return swept(RATES, epochs=EPOCHS, seeds=SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rate", [0.1, 0.01])
def test_history_is_that_of_a_fit_alone(three_rates, rate, seed):
    assert three_rates.about["trained_by"] == "compiled loop"
    assert_same_history(three_rates.history(rate, seed), fit_alone(rate, seed))


def test_a_run_that_diverges_is_recorded_and_stops(three_rates):
    run = three_rates.history(2e19, 0)
    assert len(run["loss"]) == 1
    assert not math.isfinite(run["loss"][0])
    assert math.isnan(run["val_accuracy"][0])
    assert three_rates.summary().loc[2e19, "diverged"] == len(SEEDS)


def test_runs_do_not_touch_each_other(three_rates):
    """The rate after the diverging one, alone in a sweep of its own, gives the same bits."""
    alone = swept([0.01], epochs=EPOCHS, seeds=(1,))
    assert alone.history(0.01, 1) == three_rates.history(0.01, 1)


@pytest.mark.parametrize("name", rest_weekly(["Adam", "AdamW", "Adafactor"]))
def test_every_optimizer_is_reset_between_runs(name):
    def build():
        return build_model(getattr(keras.optimizers, name)(0.5))

    runs = swept([0.02, 0.01], build, seeds=(3,))
    for rate in (0.02, 0.01):
        assert_same_history(runs.history(rate, 3), fit_alone(rate, 3, build, epochs=2))


@pytest.mark.parametrize("options", rest_weekly([{"run_eagerly": True}, {"jit_compile": True}]))
def test_compile_options_of_the_model_are_kept(options):
    def build():
        return build_model(**options)

    runs = swept(build=build)
    assert_same_history(runs.history(0.1, 0), fit_alone(0.1, 0, build, epochs=2))
    assert runs.about["trained_by"].startswith("fit") == ("run_eagerly" in options)


def test_gathered_updates_count_as_the_optimizer_counts():
    def build():
        return build_model(keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))

    runs = swept(build=build)
    assert_same_history(runs.history(0.1, 0), fit_alone(0.1, 0, build, epochs=2))
    assert runs.table()["updates"].tolist() == [2, 5]


def test_mixed_precision_matches_a_fit_alone():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        runs, alone = swept(), fit_alone(0.1, 0, epochs=2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert_same_history(runs.history(0.1, 0), alone, atol=2e-3)


def test_class_weights_and_sample_weights():
    weight = {0: 1.0, 1: 5.0}
    by_class = swept(shuffle=False, class_weight=weight)
    alone = fit_alone(0.1, 0, epochs=2, shuffle=False, class_weight=weight)
    assert_same_history(by_class.history(0.1, 0), alone)
    sample_weight = np.where(TRAIN[1] == 1, 5.0, 1.0)
    by_sample = swept(train=(*TRAIN, sample_weight), shuffle=False)
    assert by_sample.about["trained_by"] == "compiled loop"
    np.testing.assert_allclose(by_sample.history(0.1, 0)["loss"], alone["loss"], rtol=2e-5)


def dataset(seed=None):
    data = tf.data.Dataset.from_tensor_slices(TRAIN)
    if seed is not None:
        data = data.shuffle(70, seed=seed, reshuffle_each_iteration=False)
    return data.batch(16)


@pytest.mark.parametrize("known_length", [True, False])
def test_data_sets_match_a_fit_alone(known_length):
    """Also of unknown length, where Keras 3.15's own `fit` makes one update too many an epoch."""
    data = dataset() if known_length else dataset().filter(lambda x, y: True)
    held_out = tf.data.Dataset.from_tensor_slices(VALIDATION).batch(16)
    runs = swept(train=data, validation=held_out)
    own = {"batch_size": None, "validation_data": held_out, "epochs": 2}
    assert_same_history(runs.history(0.1, 0), fit_alone(0.1, 0, data=(dataset(),), **own))
    assert runs.table()["updates"].tolist() == [5, 10]


def test_a_function_of_the_seed_makes_each_run_its_own_data():
    runs = swept([0.1, 0.01], train=dataset, seeds=(4, 5))
    for rate, seed in [(0.1, 4), (0.01, 5)]:
        alone = fit_alone(rate, seed, data=dataset, batch_size=None, epochs=2)
        assert_same_history(runs.history(rate, seed), alone)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return tuple(part[16 * index : 16 * index + 16] for part in TRAIN)


def endless(seed):
    while True:
        yield from (Batches()[at] for at in range(5))


@pytest.mark.parametrize(("train", "options"), [(Batches(), {}), (endless, {"steps_per_epoch": 5})])
def test_py_data_sets_and_generators_go_through_fit(train, options):
    runs = swept(train=train, **options)
    alone_on = train if train is endless else (train,)
    alone = fit_alone(0.1, 0, data=alone_on, batch_size=None, epochs=2, **options)
    assert_same_history(runs.history(0.1, 0), alone)


def test_callbacks_are_made_anew_for_each_run():
    made = []

    def callbacks():
        made.append(keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=9))
        return [made[-1], keras.callbacks.EarlyStopping("loss", min_delta=9, patience=3)]

    runs = swept([0.1, 0.01], epochs=6, callbacks=callbacks)
    assert len(made) == 2
    assert runs.table().groupby("label")["epoch"].max().tolist() == [4, 4]
    alone = fit_alone(0.01, 0, epochs=6, callbacks=callbacks())
    alone.pop("learning_rate")
    assert_same_history(runs.history(0.01, 0), alone)


def test_a_schedule_drives_fit_as_it_drives_the_loop():
    schedules = {"steps": StepDecay(0.1, 0.5, 3), ("cosine", 0.1): Cosine(0.1, 10)}
    arguments = (build_model, schedules, TRAIN, VALIDATION)
    options = {"epochs": 2, "batch_size": 16, "progress": False, "evaluate_at": (3, 5)}
    loop = compare(*arguments, **options)
    fit = compare(*arguments, **options, callbacks=list)
    assert fit.about["trained_by"].startswith("fit")
    for runs in (loop, fit):
        assert runs.points()["updates"].tolist() == [3, 5, 10] * 2
        assert runs.points()["val_loss"].notna().all()
    for label in schedules:
        assert_same_history(loop.history(label, 0), fit.history(label, 0))


def test_compare_applies_the_rate_of_every_update():
    """Any function of the steps will do, and a number."""

    def halving(step):
        return 0.1 * 0.5 ** (np.asarray(step) // 4)

    class ByBatch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            updates = int(self.model.optimizer.iterations)
            self.model.optimizer.learning_rate = float(halving(updates))

    schedules = {"halving": halving, "constant": 0.1}
    runs = compare(build_model, schedules, TRAIN, VALIDATION, epochs=2, batch_size=16)
    alone = fit_alone(0.1, 0, epochs=2, callbacks=[ByBatch()])
    assert_same_history(runs.history("halving", 0), alone)
    assert_same_history(runs.history("constant", 0), fit_alone(0.1, 0, epochs=2))


def test_a_train_step_of_its_own_needs_no_loss_of_keras():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

        def train_step(self, data):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(data[0])[:, 0] - tf.cast(data[1], tf.float32)) ** 2)
            variables = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return {"own": loss}

    def build():
        model = Own()
        model.compile("sgd")
        return model

    runs = swept(build=build, validation=None, shuffle=False, batch_size=70)
    alone = fit_alone(0.1, 0, build, epochs=2, shuffle=False, validation_data=None, batch_size=70)
    assert_same_history(runs.history(0.1, 0), {"own": alone["own"]})


def test_what_a_recurrent_layer_remembers_is_reset_between_runs():
    def build():
        model = keras.Sequential(
            [
                keras.Input(batch_shape=(10, 6, 1)),
                keras.layers.LSTM(3, stateful=True),
                keras.layers.Dense(2),
            ]
        )
        model.compile("sgd", LOSS)
        return model

    x = TRAIN[0][..., None]
    runs = swept([0.1, 0.2], build, (x, TRAIN[1]), None, batch_size=10)
    assert runs.history(0.2, 0) == swept([0.2], build, (x, TRAIN[1]), None, batch_size=10).history(
        0.2, 0
    )


def test_measuring_in_mid_epoch_changes_nothing(three_rates):
    runs = swept(
        epochs=EPOCHS,
        evaluate_at=(3, 5, 12),
        measure=lambda model: {"norm": float(np.linalg.norm(model.get_weights()[0]))},
    )
    history = runs.history(0.1, 0)
    assert len(history.pop("norm")) == EPOCHS
    assert history == three_rates.history(0.1, 0)
    assert runs.points()["updates"].tolist() == [3, 5, 10, 12, 15]
    assert runs.points()["val_loss"].notna().all()


@pytest.mark.parametrize("eager", rest_weekly([False, True]))
def test_each_seed_may_have_images_of_its_own_to_train_choose_and_report_by(eager):
    def build():
        return build_model(run_eagerly=eager)

    def part(seed):
        return lambda own: make_data(40, 100 * own + seed)

    runs = swept(
        build=build, train=part(1), validation=part(2), test=part(3), seeds=SEEDS, evaluate_at=[4]
    )
    for seed in SEEDS:
        alone = fit_alone(0.1, seed, build, part(1)(seed), epochs=2, validation_data=part(2)(seed))
        assert_same_history(runs.history(0.1, seed), alone)
        keras.utils.set_random_seed(seed)
        model = build()
        model.optimizer.learning_rate = 0.1
        model.fit(*part(1)(seed), 16, 2, verbose=0)
        expected = model.evaluate(*part(3)(seed), verbose=0)
        found = [runs.history(0.1, seed)[name][-1] for name in ("test_loss", "test_accuracy")]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert runs.points()["test_loss"].notna().all()


def test_progress_is_reported():
    work = iterate(
        build_model, {0.1: Constant(0.1), 0.2: Constant(0.2)}, TRAIN, VALIDATION, epochs=2
    )
    moment = list(work)[-1]
    assert (moment.fraction, moment.text, len(moment.finished)) == (1.0, "2 runs finished", 2)
    # Two of eight runs and two of ten epochs: 2.2 / 8 of the work in 6 seconds leaves 15.8.
    moment = Progress(0.01, 2, 10, 2, 8, 6.0, [], [{"epoch": 1}, {"epoch": 2}], {})
    assert moment.text == "run 3 of 8: 0.01, seed 2, epoch 3 of 10, 16 s left"


def test_an_interrupt_returns_the_finished_runs():
    def interrupt(model):
        interrupt.calls += 1
        if interrupt.calls == 3:
            raise KeyboardInterrupt
        return {}

    interrupt.calls = 0
    assert swept([0.1, 0.2], measure=interrupt).labels == [0.1]
    interrupt.calls = 2
    with pytest.raises(KeyboardInterrupt):
        swept([0.1, 0.2], measure=interrupt)


def test_an_error_in_the_middle_carries_the_finished_runs():
    def broken(seed):
        if seed == 5 and broken.built:
            raise OSError("disk gone")
        broken.built = True
        return dataset(seed)

    broken.built = False
    with pytest.raises(OSError, match="disk gone") as caught:
        swept(train=broken, epochs=1, seeds=(4, 5))
    assert caught.value.finished_runs.seeds == [4]


def test_global_random_states_of_python_and_numpy_are_put_back():
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.rand()  # noqa: NPY002
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    swept(epochs=1)
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002


def test_layers_that_the_models_share_start_fresh_in_each_run_and_come_back():
    keras.utils.set_random_seed(9)
    shared = keras.layers.Dense(4)
    shared.build((None, 6))
    before = [weight.numpy() for weight in shared.weights]

    def build():
        model = keras.Sequential([keras.Input((6,)), shared, keras.layers.Dense(2)])
        model.compile("sgd", LOSS)
        return model

    runs = swept([0.1, 0.2], build, epochs=1, seeds=SEEDS)
    assert runs.history(0.2, 1) == swept([0.2], build, epochs=1, seeds=(1,)).history(0.2, 1)
    for weight, value in zip(shared.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_a_further_rate_traces_nothing_and_a_further_seed_only_builds():
    traces = []

    class Counting(keras.layers.Layer):
        def call(self, inputs):
            traces.append(1)
            return inputs

    def build():
        model = keras.Sequential([keras.Input((6,)), Counting(), keras.layers.Dense(2)])
        model.compile("sgd", LOSS, jit_compile=False)
        return model

    def traces_of(rates, seeds):
        traces.clear()
        swept(rates, build, seeds=seeds)
        return len(traces)

    assert traces_of([0.1, 0.2, 0.3, 0.4], (0, 1)) == traces_of([0.1], (0, 1))
    building = traces_of([0.1], (0, 1, 2)) - traces_of([0.1], (0, 1))
    assert building <= 2, "a further seed builds a model, and looks at one batch"


def test_orders_of_all_epochs_are_asked_for_where_they_differ(monkeypatch):
    """No Keras of today does that; one that does must not be taken for one that repeats."""
    drawn = np.random.default_rng(0)

    def fit(self, places, epochs, **options):
        self.seen = [drawn.permutation(len(places)) for _ in range(epochs)]

    monkeypatch.setattr(keras.Model, "fit", fit)
    orders = orders_of_fit(5, epochs=3, seed=0)
    assert len({tuple(order) for order in orders}) == 3


def test_dict_inputs_and_several_outputs():
    def build():
        a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
        joined = keras.layers.Dense(4)(keras.layers.Concatenate()([a, b]))
        outputs = {name: keras.layers.Dense(1, name=name)(joined) for name in ("one", "two")}
        model = keras.Model({"a": a, "b": b}, outputs)
        model.compile("sgd", {"one": "mse", "two": "mae"})
        return model

    y = TRAIN[1][:, None].astype("float32")
    data = {"a": TRAIN[0], "b": TRAIN[0] ** 2}, {"one": y, "two": y}
    runs = swept([0.01], build, data, None)
    alone = fit_alone(0.01, 0, build, data=data, epochs=2, validation_data=None)
    assert_same_history(runs.history(0.01, 0), alone)


SCHEDULED = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rates": []}, "give a dict"),
        ({"rates": "0.1"}, "list of learning rates"),
        ({"rates": [-0.1]}, "finite number"),
        ({"rates": [0.1, np.float32(0.1)]}, "each rate once"),
        ({"epochs": 0}, "epochs is 0"),
        ({"seeds": ()}, "one or more"),
        ({"seeds": (1, 1)}, "once"),
        ({"evaluate_at": (0,)}, "evaluate_at"),
        ({"build": build_model()}, "give a function"),
        ({"build": lambda: keras.Sequential([keras.layers.Dense(2)])}, "not compiled"),
        ({"build": lambda: build_model(keras.optimizers.SGD(SCHEDULED))}, "from a schedule"),
        ({"train": (TRAIN[0], TRAIN[1][:5])}, "same number"),
        ({"train": (TRAIN[0][:0], TRAIN[1][:0])}, "one or more"),
        ({"train": dataset().repeat()}, "never ends"),
    ],
)
def test_what_would_mislead_is_refused(change, words):
    with pytest.raises((ValueError, TypeError), match=words):
        swept(**change)


def test_a_schedule_that_gives_no_rates_is_refused():
    for schedule in (lambda step: step[:1], lambda step: -1.0 - step):
        with pytest.raises(ValueError, match="one finite rate"):
            compare(build_model, {"bad": schedule}, TRAIN, epochs=1, progress=False)


def test_rates_may_be_ints_and_numpy_scalars():
    runs = swept([1, np.float32(0.1), np.float64(0.01), np.int64(2)], epochs=1)
    assert runs.labels == [1.0, 0.1, 0.01, 2.0]
    assert runs.history(np.float32(0.1), 0) == runs.history(0.1, 0)


def test_different_models_at_each_call_are_refused():
    sizes = iter([4, 5, 6])

    def build():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(next(sizes))])
        model.compile("sgd", LOSS)
        return model

    with pytest.raises(ValueError, match="two different models"):
        swept(build=build)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_stays_on_one_line_of_a_terminal_and_is_silent_in_a_log(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    for stream, shown, lines in ((Terminal(), True, 1), (Terminal(), False, 0)):
        monkeypatch.setattr(sys, "stderr", stream)
        bar = Bar(shown)
        bar.show(0.5, "half")
        bar.close("done")
        assert stream.getvalue().count("\n") == lines
        assert ("█" * 12 + "·" * 12 + " half" in stream.getvalue()) == shown


def test_the_bar_updates_one_output_of_a_notebook(monkeypatch):
    calls = []

    class Handle:
        def update(self, bundle, raw):
            calls.append(bundle)

    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: Handle())
    bar = Bar()
    bar.show(0.25, "a quarter")
    bar.show(0.5, "half")
    bar.close("4 runs finished")
    assert len(calls) == 2
    assert calls[-1] == {"text/plain": "4 runs finished"}
