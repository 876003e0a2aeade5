"""The promise of the range test: the model comes back bit for bit as it was, whatever happens."""

from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from helpers.training.state import everything_of


@contextmanager
def model_kept(model):
    """Put the model back at the end, also after an error or an interrupt.

    Weights, batch-norm statistics, seed generators, metrics, optimizer slots, iterations and rate
    get their values back; what was created in the meantime gets the values it had at first.

    Args:
        model: A compiled Keras model.

    Yields:
        The `Memory`: call its `remember_new()` once everything is built and before it is used.
    """
    memory = Memory(model)
    try:
        yield memory
    finally:
        _to_the_end(memory.put_back)


class Memory:
    """The values of everything that a test may change."""

    def __init__(self, model):
        self._model = model
        self._stop_training = model.stop_training
        self._values = {}
        self.remember_new()

    def remember_new(self):
        """Note the values of variables that were not there before."""
        for variable in everything_of(self._model):
            if id(variable) not in self._values:
                self._values[id(variable)] = variable, np.array(variable.numpy())

    def put_back(self):
        """Give everything its value back; may be repeated."""
        for variable, value in self._values.values():
            variable.assign(value)
        self._model.stop_training = self._stop_training


def _to_the_end(action):
    """Do something that may be repeated until it is done, however often Ctrl-C is pressed."""
    interrupt = None
    while True:
        try:
            action()
            break
        except KeyboardInterrupt as pressed:
            interrupt = pressed
    if interrupt is not None:
        raise interrupt


@contextmanager
def rate_in_hand(model):
    """Let a variable be the learning rate, whatever it comes from otherwise.

    A schedule is taken out for the time of the test. That serves functions traced in the meantime,
    which those of the test are; what `fit` traced before goes on with the schedule.

    Args:
        model: A compiled Keras model.

    Yields:
        The variable to assign rates to.
    """
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    # No public name tells a schedule from its present value.
    source = inner._learning_rate
    if hasattr(source, "assign"):
        yield source
        return
    rate = tf.Variable(0.0, dtype=keras.config.floatx(), trainable=False)
    inner.learning_rate = _FromVariable(rate)
    try:
        yield rate
    finally:
        inner.learning_rate = source


class _FromVariable(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that is what a variable says."""

    def __init__(self, variable):
        self._variable = variable

    def __call__(self, step):
        return tf.convert_to_tensor(self._variable)
