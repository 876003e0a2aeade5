"""`executor=`: the runs of one process, wherever they were trained; no run lost with a worker."""

import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from distributed import Client, LocalCluster

from helpers import schedules
from helpers.training import compare
from helpers.training.state import random_of_its_own

SCHEDULES = {"constant": 0.1, ("cosine", 0.2): schedules.Cosine(0.2, 10)}
OPTIONS = {"epochs": 2, "batch_size": 16, "seeds": (4, 5), "evaluate_at": (3,), "progress": False}


def data(seed):
    x = np.random.default_rng(seed).normal(size=(70, 6)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int64")


def build():
    layers = [keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((6,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, metrics=["accuracy"])
    return model


def compared(executor=None, train=data, **options):
    return compare(build, SCHEDULES, train, data(1), executor=executor, **OPTIONS | options)


@pytest.fixture(scope="module")
def alone():
    return compared()


@pytest.fixture(scope="module")
def cluster():
    """Two workers, each a process with one thread."""
    sizes = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**sizes) as workers, Client(workers) as client:
        yield client.get_executor()


def assert_same(runs, others):
    found, wanted = (each.frame.drop(columns="seconds") for each in (runs, others))
    assert list(found) == list(wanted)
    numbers = wanted.select_dtypes("number").columns
    np.testing.assert_allclose(found[numbers], wanted[numbers], rtol=1e-5)
    assert found.drop(columns=numbers).equals(wanted.drop(columns=numbers))
    assert runs.about == others.about


def test_two_processes_give_the_runs_of_one(cluster, alone):
    assert_same(compared(cluster), alone)


@pytest.mark.weekly
def test_a_worker_that_is_killed_costs_a_repetition_and_no_run(cluster, alone, tmp_path):
    def train(seed):
        dead = tmp_path / "dead"
        if seed == 5 and not dead.exists():
            dead.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return data(seed)

    assert_same(compared(cluster, train), alone)
    assert (tmp_path / "dead").exists()


def test_an_error_says_of_which_run_it_is_and_carries_the_finished_ones(cluster):
    def train(seed):
        if seed == 5:
            raise OSError("disk gone")
        return data(seed)

    with pytest.raises(RuntimeError, match="constant, seed 5: disk gone") as caught:
        compared(cluster, train, seeds=(4, 5))
    assert set(caught.value.finished_runs.seeds if caught.value.finished_runs else [4]) == {4}


def test_an_interrupt_keeps_the_finished_runs(alone):
    def train(seed):
        if seed == 5:
            raise KeyboardInterrupt
        return data(seed)

    with ThreadPoolExecutor(1) as executor:
        kept = compared(executor, train)
    assert (kept.labels, kept.seeds) == (["constant"], [4])
    assert kept.history("constant", 4) == alone.history("constant", 4)


def test_other_threads_of_a_worker_do_not_draw_from_the_same_random_numbers():
    """The event loop of dask does, and Keras takes the seeds of layers from there."""
    wanted = random.Random(3).randint(1, 10**9)
    with random_of_its_own():
        random.seed(3)
        other = threading.Thread(target=random.randint, args=(1, 9))
        other.start()
        other.join()
        assert random.randint(1, 10**9) == wanted


def test_what_would_mislead_is_refused_before_anything_is_sent():
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="each once"):
        compared(executor, seeds=(4, 4))
