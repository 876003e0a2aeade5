"""The engine gives what building, compiling and fitting a model alone gives."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.schedules import Constant
from helpers.training import compare, iterate, sweep
from helpers.training.feeding import ShuffledOrders

# 2e19 overflows within the first epoch; 0.1 and 0.01 do not.
RATES = (0.1, 2e19, 0.01)
SEEDS = (0, 1)
EPOCHS = 3


def make_data(examples=70, seed=7):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, 6)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int64")


TRAIN, VALIDATION = make_data(70), make_data(22, seed=8)


def build_model(rate=0.05, **compile_options):
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
    optimizer = compile_options.pop("optimizer", None) or keras.optimizers.SGD(rate, momentum=0.9)
    model.compile(optimizer, loss, metrics=["accuracy"], **compile_options)
    return model


def fit_alone(rate, seed, build=build_model, data=TRAIN, **options):
    """The loop everyone writes: seed, build, compile, fit."""
    keras.utils.set_random_seed(seed)
    model = build()
    model.optimizer.learning_rate = rate
    options = {"batch_size": 16, "epochs": EPOCHS, "validation_data": VALIDATION} | options
    data = (data(seed),) if callable(data) else data
    return model.fit(*data, verbose=0, **options).history


def assert_same_history(run, alone):
    epochs = len(run.updates)
    assert set(run.history) == set(alone)
    for name, values in run.history.items():
        np.testing.assert_allclose(values, alone[name][:epochs], rtol=2e-5, atol=2e-6, err_msg=name)


@pytest.fixture(scope="module")
def swept():
    return sweep(
        build_model,
        RATES,
        TRAIN,
        VALIDATION,
        epochs=EPOCHS,
        batch_size=16,
        seeds=SEEDS,
        progress=False,
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rate", [0.1, 0.01])
def test_history_is_that_of_a_fit_alone(swept, rate, seed):
    assert len(swept.run(rate, seed).updates) == EPOCHS
    assert_same_history(swept.run(rate, seed), fit_alone(rate, seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_diverged_run_is_recorded_and_stops(swept, seed):
    run, alone = swept.run(2e19, seed), fit_alone(2e19, seed)
    assert not np.isfinite(alone["loss"][0])
    assert run.diverged_at is not None
    assert run.diverged_at < 5 * EPOCHS
    assert len(run.updates) == 1
    assert not math.isfinite(run.history["loss"][0])
    assert math.isnan(run.history["val_accuracy"][0])


class LateExplosion:
    """A harmless rate for the first epoch, then one that overflows."""

    def __call__(self, step):
        return np.where(np.asarray(step) < 5, 0.01, 2e19)


def test_a_run_that_diverges_late_keeps_lists_of_one_length():
    runs = compare(
        build_model,
        {"late": LateExplosion()},
        TRAIN,
        VALIDATION,
        epochs=EPOCHS,
        batch_size=16,
        measure=lambda model: {"norm": 1.0},
        progress=False,
    )
    run = runs.run("late", 0)
    assert run.diverged_at > 5
    assert {len(values) for values in run.history.values()} == {2}
    table = runs.table()
    assert table["norm"].isna().tolist() == [False, True]
    assert table["val_loss"].isna().tolist() == [False, True]


def test_runs_do_not_touch_each_other(swept):
    """The rate after the diverging one, alone in a sweep of its own, gives the same bits."""
    alone = sweep(
        build_model,
        [0.01],
        TRAIN,
        VALIDATION,
        epochs=EPOCHS,
        batch_size=16,
        seeds=(1,),
        progress=False,
    )
    assert alone.history(0.01, 1) == swept.history(0.01, 1)


def test_labels_survive_save_and_load(swept, tmp_path):
    loaded = type(swept).load(swept.save(tmp_path / "runs.json"))
    assert loaded.labels == [0.1, 2e19, 0.01]
    assert loaded.history(0.1, 0) == swept.history(0.1, 0)
    assert loaded.run(2e19, 0).diverged_at == swept.run(2e19, 0).diverged_at


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Nadam", "RMSprop", "Lion", "Adafactor"])
def test_every_optimizer_is_reset_between_runs(name):
    def build():
        return build_model(optimizer=getattr(keras.optimizers, name)(0.5))

    runs = sweep(
        build, [0.02, 0.01], TRAIN, VALIDATION, epochs=2, batch_size=16, seeds=(3,), progress=False
    )
    for rate in (0.02, 0.01):
        assert_same_history(runs.run(rate, 3), fit_alone(rate, 3, build, epochs=2))


@pytest.mark.parametrize("options", [{"jit_compile": True}, {"run_eagerly": True}])
def test_compile_options_of_the_model_are_kept(options):
    def build():
        return build_model(**options)

    runs = sweep(build, [0.1], TRAIN, VALIDATION, epochs=2, batch_size=16, progress=False)
    assert_same_history(runs.run(0.1, 0), fit_alone(0.1, 0, build, epochs=2))


def test_gradient_accumulation_and_skipped_updates_count_as_the_optimizer_counts():
    def build():
        return build_model(optimizer=keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))

    runs = sweep(build, [0.1], TRAIN, VALIDATION, epochs=2, batch_size=16, progress=False)
    run = runs.run(0.1, 0)
    assert_same_history(run, fit_alone(0.1, 0, build, epochs=2))
    assert run.updates == [2, 5]


def test_mixed_precision_matches_a_fit_alone():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        runs = sweep(build_model, [0.1], TRAIN, VALIDATION, epochs=2, batch_size=16, progress=False)
        alone = fit_alone(0.1, 0, epochs=2)
    finally:
        keras.config.set_dtype_policy("float32")
    for name, values in runs.history(0.1, 0).items():
        np.testing.assert_allclose(values, alone[name], atol=2e-3, err_msg=name)


def test_unshuffled_arrays_class_weights_and_sample_weights():
    weight = {0: 1.0, 1: 5.0}
    runs = sweep(
        build_model,
        [0.1],
        TRAIN,
        VALIDATION,
        epochs=2,
        batch_size=16,
        shuffle=False,
        class_weight=weight,
        progress=False,
    )
    alone = fit_alone(0.1, 0, epochs=2, shuffle=False, class_weight=weight)
    assert_same_history(runs.run(0.1, 0), alone)
    sample_weight = np.where(TRAIN[1] == 1, 5.0, 1.0)
    weighted = sweep(
        build_model,
        [0.1],
        (*TRAIN, sample_weight),
        VALIDATION,
        epochs=2,
        batch_size=16,
        shuffle=False,
        progress=False,
    )
    np.testing.assert_allclose(weighted.history(0.1, 0)["loss"], alone["loss"], rtol=2e-5)


def dataset(seed=None):
    data = tf.data.Dataset.from_tensor_slices(TRAIN)
    if seed is not None:
        data = data.shuffle(70, seed=seed, reshuffle_each_iteration=False)
    return data.batch(16)


@pytest.mark.parametrize("known_length", [True, False])
def test_data_sets_match_a_fit_alone(known_length):
    """Also where the length is unknown; `fit` itself then makes one update too many an epoch.

    Keras 3.15 counted 11 updates in two epochs of 5 batches, so the reference has a known length.
    """
    data = dataset() if known_length else dataset().filter(lambda x, y: True)
    held_out = tf.data.Dataset.from_tensor_slices(VALIDATION).batch(16)
    runs = sweep(build_model, [0.1], data, held_out, epochs=2, progress=False)
    alone = fit_alone(
        0.1,
        0,
        data=(dataset(),),
        batch_size=None,
        epochs=2,
        validation_data=held_out,
        shuffle=False,
    )
    assert_same_history(runs.run(0.1, 0), alone)
    assert runs.run(0.1, 0).updates == [5, 10]


def test_a_function_of_the_seed_makes_each_run_its_own_data():
    runs = sweep(
        build_model, [0.1, 0.01], dataset, VALIDATION, epochs=2, seeds=(4, 5), progress=False
    )
    for rate, seed in [(0.1, 4), (0.01, 4), (0.01, 5)]:
        alone = fit_alone(rate, seed, data=dataset, batch_size=None, epochs=2, shuffle=False)
        assert_same_history(runs.run(rate, seed), alone)


class Halving:
    """A schedule that is no part of the course: any function of the steps will do."""

    def __call__(self, step):
        return 0.1 * 0.5 ** (np.asarray(step) // 4)


def test_compare_applies_the_rate_of_every_update():
    class ByBatch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            updates = int(self.model.optimizer.iterations)
            self.model.optimizer.learning_rate = float(Halving()(updates))

    runs = compare(
        build_model,
        {"halving": Halving(), "constant": 0.1},
        TRAIN,
        VALIDATION,
        epochs=2,
        batch_size=16,
        progress=False,
    )
    alone = fit_alone(0.1, 0, epochs=2, callbacks=[ByBatch()])
    assert_same_history(runs.run("halving", 0), alone)
    assert_same_history(runs.run("constant", 0), fit_alone(0.1, 0, epochs=2))


def test_measuring_in_mid_epoch_changes_nothing_and_adds_points(swept):
    runs = sweep(
        build_model,
        [0.1],
        TRAIN,
        VALIDATION,
        epochs=EPOCHS,
        batch_size=16,
        progress=False,
        evaluate_at=(3, 5, 12),
        measure=lambda model: {"norm": float(np.linalg.norm(model.get_weights()[0]))},
    )
    history = runs.history(0.1, 0)
    assert len(history.pop("norm")) == EPOCHS
    assert history == swept.history(0.1, 0)
    assert [point["updates"] for point in runs.run(0.1, 0).points] == [3, 5, 12]
    assert runs.points()["updates"].tolist() == [3, 5, 10, 12, 15]
    assert runs.points()["val_loss"].notna().all()


def test_progress_is_reported_and_a_stop_keeps_what_is_finished():
    work = iterate(
        build_model, {0.1: Constant(0.1), 0.2: Constant(0.2)}, TRAIN, VALIDATION, epochs=2
    )
    moments = list(work)
    assert moments[-1].fraction == 1.0
    assert moments[-1].text == "2 runs finished"
    assert len(moments[-1].finished) == 2


def test_interrupt_returns_the_finished_runs():
    def interrupt(model):
        interrupt.calls += 1
        if interrupt.calls == 3:
            raise KeyboardInterrupt
        return {}

    interrupt.calls = 0
    arguments = (build_model, [0.1, 0.2], TRAIN, VALIDATION)
    runs = sweep(*arguments, epochs=2, progress=False, measure=interrupt)
    assert runs.labels == [0.1]
    interrupt.calls = 2
    with pytest.raises(KeyboardInterrupt):
        sweep(*arguments, epochs=2, progress=False, measure=interrupt)


def test_an_error_in_the_middle_carries_the_finished_runs():
    def broken(seed):
        if seed == 5:
            raise OSError("disk gone")
        return dataset(seed)

    with pytest.raises(OSError, match="disk gone") as caught:
        sweep(build_model, [0.1], broken, VALIDATION, epochs=1, seeds=(4, 5), progress=False)
    assert caught.value.finished_runs.seeds == [4]


def test_global_random_states_of_python_and_numpy_are_put_back():
    import random

    random.seed(1), np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.rand()  # noqa: NPY002
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    sweep(build_model, [0.1], TRAIN, VALIDATION, epochs=1, progress=False)
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002


def test_layers_that_the_models_share_start_fresh_in_each_run_and_come_back():
    keras.utils.set_random_seed(9)
    shared = keras.layers.Dense(4)
    shared.build((None, 6))
    before = [weight.numpy() for weight in shared.weights]

    def build():
        model = keras.Sequential([keras.Input((6,)), shared, keras.layers.Dense(2)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    runs = sweep(build, [0.1, 0.2], TRAIN, VALIDATION, epochs=1, seeds=SEEDS, progress=False)
    alone = sweep(build, [0.2], TRAIN, VALIDATION, epochs=1, seeds=(1,), progress=False)
    assert runs.history(0.2, 1) == alone.history(0.2, 1)
    for weight, value in zip(shared.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_orders_of_all_epochs_are_asked_for_where_they_differ(monkeypatch):
    """No Keras of today does that; one that does must not be taken for one that repeats."""
    orders = ShuffledOrders(examples=4, batch_size=2, epochs=3)
    asked = []

    def differing(epochs):
        asked.append(epochs)
        return np.array([np.roll(range(4), epoch) for epoch in range(epochs)])

    monkeypatch.setattr(orders, "_ask", differing)
    assert [order.tolist() for order in orders.after_seeding(0)] == [
        [0, 1, 2, 3],
        [3, 0, 1, 2],
        [2, 3, 0, 1],
    ]
    assert asked == [2, 3]


def test_traces_once_for_all_rates_and_seeds():
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

    def traces_of(rates, seeds):
        traces.clear()
        sweep(build, rates, TRAIN, VALIDATION, epochs=2, seeds=seeds, progress=False)
        return len(traces)

    builds = traces_of([0.1], (0, 1, 2)) - traces_of([0.1], (0, 1))
    assert traces_of([0.1, 0.2, 0.3, 0.4], (0, 1)) == traces_of([0.1], (0, 1))
    assert builds == 1, "a further seed builds a model, and traces nothing"


def test_dict_inputs_and_several_outputs():
    def build():
        a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
        joined = keras.layers.Dense(4)(keras.layers.Concatenate()([a, b]))
        outputs = {
            "one": keras.layers.Dense(1, name="one")(joined),
            "two": keras.layers.Dense(1, name="two")(joined),
        }
        model = keras.Model({"a": a, "b": b}, outputs)
        model.compile("sgd", {"one": "mse", "two": "mae"})
        return model

    x = {"a": TRAIN[0], "b": TRAIN[0] ** 2}
    y = {"one": TRAIN[1][:, None].astype("float32"), "two": TRAIN[1][:, None].astype("float32")}
    runs = sweep(build, [0.01], (x, y), epochs=2, batch_size=16, progress=False)
    alone = fit_alone(0.01, 0, build, data=(x, y), epochs=2, validation_data=None)
    assert_same_history(runs.run(0.01, 0), alone)


SCHEDULED = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"rates": []}, ValueError, "at least one rate"),
        ({"rates": "0.1"}, TypeError, "list of learning rates"),
        ({"rates": [-0.1]}, ValueError, "finite number >= 0"),
        ({"rates": [math.nan]}, ValueError, "finite number"),
        ({"rates": [0.1, np.float32(0.1)]}, ValueError, "occurs twice"),
        ({"epochs": 0}, ValueError, "epochs is 0"),
        ({"epochs": 1.5}, TypeError, "epochs is 1.5"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"seeds": ()}, ValueError, "at least one seed"),
        ({"seeds": (1, 1)}, ValueError, "once"),
        ({"seeds": 3}, TypeError, "several whole numbers"),
        ({"evaluate_at": (0,)}, ValueError, ">= 1"),
        ({"build_model": build_model()}, TypeError, "give a function"),
        (
            {"build_model": lambda: keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])},
            ValueError,
            "not compiled",
        ),
        (
            {"build_model": lambda: build_model(optimizer=keras.optimizers.SGD(SCHEDULED))},
            ValueError,
            "ExponentialDecay",
        ),
        ({"train": TRAIN[0]}, TypeError, "allowed are"),
        ({"train": (TRAIN[0], TRAIN[1][:5])}, ValueError, "same number"),
        ({"train": (TRAIN[0][:0], TRAIN[1][:0])}, ValueError, "one or more"),
        ({"train": dataset().repeat()}, ValueError, "never ends"),
        ({"class_weight": {"a": 1}}, TypeError, "class index"),
        ({"class_weight": {0: 1.0}, "train": (*TRAIN, np.ones(70))}, ValueError, "not both"),
        ({"measure": 3}, TypeError, "measure"),
    ],
)
def test_bad_arguments_are_refused_with_advice(change, error, words):
    arguments = {
        "build_model": build_model,
        "rates": [0.1],
        "train": TRAIN,
        "validation": VALIDATION,
        "epochs": 1,
        "progress": False,
    } | change
    with pytest.raises(error, match=words):
        sweep(**arguments)


def test_rates_may_be_ints_and_numpy_scalars():
    rates = [1, np.float32(0.1), np.float64(0.01), np.int64(2)]
    runs = sweep(build_model, rates, TRAIN, VALIDATION, epochs=1, progress=False)
    assert runs.labels == [1.0, 0.1, 0.01, 2.0]
    assert runs.history(np.float32(0.1), 0) == runs.history(0.1, 0)


def test_different_models_at_each_call_are_refused():
    sizes = iter([4, 5, 6])

    def build():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(next(sizes))])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    with pytest.raises(ValueError, match="two different models"):
        sweep(build, [0.1], TRAIN, epochs=1, progress=False)
