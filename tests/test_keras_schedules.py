"""Schedules inside Keras: the exact rate at every step, in every kind of graph, and in `fit`."""

import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers import schedules
from helpers.environment import ROOT
from helpers.keras_schedules import KerasSchedule
from helpers.training import RecordSteps
from tests.exact_rates import (
    FAR,
    FLOAT32_LEAST,
    FLOAT32_ROUNDING,
    HARD_RESTARTS,
    LAST,
    exact_rates,
    is_near,
    schedule_table,
    telling_steps,
)
from tests.keras_probe import Jump, fit_probe, probe_model, run_python, used_rates
from tests.weekly import rest_weekly

TABLE = [*schedule_table(12, seed=1), *HARD_RESTARTS]
TRIANGLE = schedules.Triangular(0.01, 0.05, half_cycle_steps=3)


def wrong_steps(rates, schedule, steps):
    """Return (step, rate) where float32 rates are not the exact ones, rounded."""
    exact = exact_rates(schedule, steps)
    near = is_near(rates, exact, schedule, relative=FLOAT32_ROUNDING, least=FLOAT32_LEAST)
    return [*zip(np.asarray(steps)[~near], np.asarray(rates)[~near])]


def assert_exact(rates, schedule, steps):
    assert rates.dtype == np.float32
    assert wrong_steps(rates, schedule, steps) == [], schedule


@pytest.fixture(scope="module")
def graphs():
    """Return the whole table as one graph, as it is and compiled by XLA, and its steps."""
    rates = [schedule.to_keras() for schedule in TABLE]
    steps = [telling_steps(schedule, seed) for seed, schedule in enumerate(TABLE)]
    # Steps are arguments: what is known while tracing could be computed by other code.
    plain = tf.function(lambda *steps: [rate(each) for rate, each in zip(rates, steps)])
    compiled = tf.function(lambda *steps: plain(*steps), jit_compile=True)
    return {"graph": plain, "XLA": compiled}, steps


@pytest.mark.parametrize("kind", rest_weekly(["graph", "XLA"]))
def test_the_rate_in_a_graph_is_exact_at_and_around_every_boundary(graphs, kind):
    kinds, steps = graphs
    for schedule, mine, rates in zip(TABLE, steps, kinds[kind](*map(tf.constant, steps))):
        assert_exact(rates.numpy(), schedule, mine)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_rate_of_one_step_at_a_time_is_exact(jit_compile):
    # A count that is a variable, and one rate an execution: as an optimizer asks.
    count = tf.Variable(0, dtype=tf.int64)
    rates = [schedule.to_keras() for schedule in HARD_RESTARTS]
    graph = tf.function(lambda: tf.stack([rate(count) for rate in rates]), jit_compile=jit_compile)
    steps = sorted(set(np.concatenate([telling_steps(each)[:60] for each in HARD_RESTARTS])))
    seen = []
    for step in [*steps, FAR, LAST]:
        count.assign(step)
        seen.append(graph().numpy())
    for schedule, rates in zip(HARD_RESTARTS, np.transpose(seen)):
        assert_exact(rates, schedule, [*steps, FAR, LAST])


def test_the_rate_outside_of_graphs_is_exact():
    for seed, schedule in enumerate(TABLE[:40]):
        steps = telling_steps(schedule, seed)
        assert_exact(schedule.to_keras()(steps).numpy(), schedule, steps)
        assert_exact(schedule.to_keras()(int(steps[5])).numpy()[None], schedule, steps[5:6])


def test_the_comparison_finds_a_restart_that_comes_one_step_late():
    late = [schedules.with_warmup(schedule, 1, start_rate=1.0) for schedule in HARD_RESTARTS]
    for schedule, other in zip(HARD_RESTARTS, late):
        ends = schedule.cycle_ends(10_000)
        found = wrong_steps(other.to_keras()(np.array(ends)).numpy(), schedule, ends)
        assert [step for step, _ in found] == ends


FITTED = [
    *((first, 1) for first in (41, 47, 55, 61, 97)),
    *((41, mult) for mult in (2, 3, 1.5, 10)),
    (97, 10),
]


@pytest.mark.parametrize(("first", "mult"), FITTED)
def test_fit_uses_the_exact_rate_at_restarts_near_and_far(first, mult):
    schedule = schedules.WarmRestarts(1.0, first, mult)
    steps = telling_steps(schedule)
    # Keras compiles by XLA unless told otherwise; half of the cases each.
    model = probe_model(
        keras.optimizers.SGD(schedule.to_keras()), len(steps), jit_compile=first == 41
    )
    fit_probe(model, Jump(steps))
    assert_exact(used_rates(model), schedule, steps)


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.WarmRestarts(1.0, 41),
        schedules.with_warmup(schedules.OneCycle(0.3, 40, three_phase=True), 12),
    ],
    ids=str,
)
@pytest.mark.parametrize("options", [{}, {"steps_per_execution": 4}, {"run_eagerly": True}])
def test_fit_uses_the_exact_rate_from_the_first_update_on_and_records_it(schedule, options):
    record = RecordSteps()
    model = probe_model(keras.optimizers.SGD(schedule.to_keras()), 64, **options)
    fit_probe(model, record)
    assert_exact(used_rates(model), schedule, np.arange(64))
    table = record.table()
    assert table["step"].tolist() == list(range(64))
    np.testing.assert_array_equal(table["learning_rate"], used_rates(model))


@pytest.mark.parametrize("batches", [2, 5])
def test_a_schedule_counts_updates_while_gradients_gather(batches):
    rate = TRIANGLE.to_keras(gradient_accumulation_steps=batches)
    model = probe_model(keras.optimizers.SGD(rate, gradient_accumulation_steps=batches), 40)
    fit_probe(model)
    # Each of the examples of an update has a share of it.
    rates = used_rates(model).reshape(-1, batches) * batches
    wanted = TRIANGLE(np.arange(40 // batches))[:, None]
    np.testing.assert_allclose(rates, np.broadcast_to(wanted, rates.shape), rtol=3e-7)


def test_an_update_that_mixed_precision_skips_takes_no_rate():
    rows = np.eye(12, dtype="float32")
    rows[5] = np.inf
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(TRIANGLE.to_keras()), initial_scale=4.0
    )
    model = probe_model(optimizer, 12)
    fit_probe(model, rows=rows)
    assert_exact(np.delete(used_rates(model), 5), TRIANGLE, np.arange(11))
    assert used_rates(model)[5] == 0


def test_the_count_goes_on_over_calls_of_fit_until_a_new_optimizer_is_compiled():
    model = probe_model(keras.optimizers.SGD(TRIANGLE.to_keras()), 8)
    fit_probe(model)
    first = used_rates(model)
    fit_probe(model)
    np.testing.assert_allclose(used_rates(model) - first, TRIANGLE(np.arange(8, 16)), rtol=1e-5)
    before = used_rates(model)
    model.compile(keras.optimizers.SGD(TRIANGLE.to_keras()), "mae")
    fit_probe(model)
    np.testing.assert_allclose(used_rates(model) - before, TRIANGLE(np.arange(8)), rtol=1e-5)


def test_a_schedule_that_replaces_another_after_fitting_waits_for_compile():
    other = schedules.Constant(1.0)
    model = probe_model(keras.optimizers.SGD(TRIANGLE.to_keras()), 8)
    fit_probe(model)
    first = used_rates(model)
    model.optimizer.learning_rate = other.to_keras()
    assert float(model.optimizer.learning_rate) == 1.0
    fit_probe(model)
    np.testing.assert_allclose(used_rates(model) - first, TRIANGLE(np.arange(8, 16)), rtol=1e-5)
    before = used_rates(model)
    model.compile(model.optimizer, "mae")
    fit_probe(model)
    np.testing.assert_allclose(used_rates(model) - before, 1.0, rtol=1e-6)


def test_after_the_last_step_the_last_rate_is_held():
    rate = schedules.WarmRestarts(1.0, 41).to_keras()
    assert float(rate(LAST + 12345)) == float(rate(LAST))


@pytest.mark.parametrize("schedule", schedule_table(1, seed=2), ids=str)
def test_keras_reads_back_the_schedule_that_it_wrote(schedule):
    rate = schedule.to_keras(gradient_accumulation_steps=3)
    written = json.loads(json.dumps(keras.optimizers.schedules.serialize(rate)))
    back = keras.optimizers.schedules.deserialize(written)
    assert type(back) is KerasSchedule
    assert back.schedule == schedule
    assert back.get_config() == rate.get_config()


SAVED = {
    "restarts": schedules.WarmRestarts(0.5, 5, 1.5, 0.01, 0.9),
    "exp_range": schedules.Triangular(0.01, 0.05, 3, "exp_range", 0.9),
    "pieces": schedules.with_warmup(schedules.OneCycle(0.3, 20), 10),
}

GO_ON = """
import json, sys
from pathlib import Path
from {package}schedules import Triangular
told = {{"rates of a triangle": Triangular(0.25, 0.5, 2)([0, 1, 2, 3, 4]).tolist()}}
told["modules before Keras"] = sorted(sys.modules)
told["Keras side"] = type(Triangular(0.25, 0.5, 2).to_keras()).__module__
import keras, numpy as np
for path in Path(sys.argv[1]).glob("*.keras"):
    model = keras.models.load_model(path)
    before = model.get_weights()[0]
    model.fit(np.eye(12), np.full(12, -1e6), batch_size=1, shuffle=False, verbose=0)
    told[path.stem] = (before - model.get_weights()[0]).ravel().tolist()
told["modules"] = sorted(sys.modules)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a folder with models that were fitted for twelve updates and saved."""
    folder = tmp_path_factory.mktemp("saved")
    for name, schedule in SAVED.items():
        model = probe_model(keras.optimizers.SGD(schedule.to_keras()), 12)
        fit_probe(model)
        model.save(folder / f"{name}.keras")
    return folder


def copy_out(folder):
    """Copy the schedules alone, as another project would."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "helpers" / "keras_schedules.py", folder)
    shutil.copytree(
        ROOT / "helpers" / "schedules",
        folder / "schedules",
        ignore=shutil.ignore_patterns("__pycache__"),
    )


@pytest.mark.parametrize(
    "package",
    rest_weekly(["helpers.", "", "mine.tools."]),
    ids=["the course", "a folder", "a package"],
)
def test_a_saved_model_goes_on_in_a_new_process_also_with_copied_schedules(
    package, saved, tmp_path
):
    root = ROOT
    if package != "helpers.":
        root = tmp_path / "project"
        copy_out(root.joinpath(*package.split(".")[:-1]))
    told = json.loads(run_python(GO_ON.format(package=package), saved, cwd=root).stdout)
    for name, schedule in SAVED.items():
        np.testing.assert_allclose(told[name], schedule(np.arange(12, 24)), rtol=2e-5)
    assert told["rates of a triangle"] == [0.25, 0.375, 0.5, 0.375, 0.25]
    assert told["Keras side"] == f"{package}keras_schedules"
    assert not {"keras", "tensorflow"} & set(told["modules before Keras"])
    assert ("helpers" in told["modules"]) == (package == "helpers.")


def test_a_program_that_imports_keras_and_schedules_can_load_a_model(saved):
    code = """
import keras, sys
from helpers import schedules
print(keras.models.load_model(sys.argv[1]).optimizer.get_config()["learning_rate"]["class_name"])
"""
    said = run_python(code, saved / "restarts.keras", cwd=ROOT).stdout
    assert said.splitlines()[-1] == "KerasSchedule"
