"""A sweep by two workers with one thread each against one process with two threads; one run.

Run with `python -m tests.benchmarks.executor`. The workers are there before the clock starts, and
have imported TensorFlow, as those of a cluster that is used again and again.
"""

import os
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import numpy as np
from distributed import Client, LocalCluster

from helpers import data, models
from helpers.training import sweep
from tests.benchmarks.table import Row, show

RATES = np.geomspace(1e-3, 1.0, 8).tolist()
EPOCHS, WIDTH = 20, 32


def build():
    return models.build_convnet(width=WIDTH)


def seconds(executor=None, epochs=EPOCHS):
    """Return the wall time of the sweep."""
    splits = data.load("digits")
    began = time.perf_counter()
    runs = sweep(
        build,
        RATES,
        splits.train,
        splits.validation,
        epochs=epochs,
        progress=False,
        executor=executor,
    )
    assert len(runs) == len(RATES)
    return time.perf_counter() - began


def use_one_thread():
    """Import TensorFlow in a worker, with one thread for its kernels."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def rows():
    """Yield the ratio, and what a task costs beside its training: building, tracing, sending."""
    sizes = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**sizes) as workers, Client(workers) as client:
        client.run(use_one_thread)
        spread, short = (seconds(client.get_executor(), epochs) for epochs in (EPOCHS, 1))
    alone = seconds()
    words = f"{alone / spread:.2f} ({alone:.1f} s, {spread:.1f} s)"
    yield Row("sweep, one process with two threads / two workers with one", words)
    epoch = (spread - short) / (EPOCHS - 1)
    yield Row("a task without its training", f"{2 * (short - epoch) / len(RATES):.2f} s")


if __name__ == "__main__":
    show(rows())
