"""A model whose weights, after `fit`, are the rates that the optimizer really used."""

import os
import subprocess
import sys

import keras
import numpy as np

# The gradient of |prediction - target| is exactly 1 while the prediction is far above the target.
TARGET = -1e6


def probe_model(optimizer, updates, **compile_options):
    """Return a compiled model with one weight for each update."""
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((updates,)), dense])
    model.compile(optimizer, "mae", **compile_options)
    return model


def fit_probe(model, *callbacks, rows=None, epochs=1):
    """Fit one example an update, in order; example i has a slope for weight i alone."""
    rows = np.eye(model.input_shape[-1], dtype="float32") if rows is None else rows
    targets = np.full(len(rows), TARGET, "float32")
    return model.fit(
        rows,
        targets,
        batch_size=1,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )


def used_rates(model):
    """Return the rate of each update, as float32: plain SGD has taken it from its weight."""
    return -model.get_weights()[0].ravel()


class Jump(keras.callbacks.Callback):
    """Sets the optimizer's count before each update: training that visits chosen steps alone."""

    def __init__(self, steps):
        super().__init__()
        self._steps = steps

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.iterations.assign(int(self._steps[batch]))


def run_python(code, *arguments, cwd=None, check=True):
    """Run code in a new process that knows nothing of this one; return the finished process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        env=environment | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=check,
    )
