"""Everything a compiled model remembers, as values that can be put back."""

import random
import threading
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from helpers.keras_schedules import rate_source


def everything_of(model):
    """Return all variables that a model, its metrics, its optimizers or its layers hold.

    Seed generators, which `model.weights` would miss, and other optimizers that the model has as
    attributes, and variables and random generators in layers of which Keras does not know, are
    among them. Nothing is built.
    """
    found = list(model.metrics_variables)
    for part in [model.optimizer, *_tracked(model)]:
        if isinstance(part, tf.Variable):
            found.append(part)
        elif isinstance(part, (keras.Layer, keras.Metric, keras.optimizers.Optimizer)):
            # What a stateful recurrent layer remembers is an attribute that nothing tracks.
            found += [*part.variables, *_variables_in(list(vars(part).values()))]
    return list({id(variable): variable for variable in found}.values())


def _variables_in(value):
    if isinstance(value, (list, tuple)):
        return [variable for item in value for variable in _variables_in(item)]
    return [value] if hasattr(value, "assign") and hasattr(value, "numpy") else []


def _tracked(root):
    """Return everything that TensorFlow tracks below an object, and the object itself."""
    found, known = [root], {id(root)}
    for part in found:
        try:
            children = tf.train.TrackableView.children(part).values()
        except ValueError:
            # A list in which something was replaced cannot be saved, and so not be listed either.
            continue
        new = [child for child in children if id(child) not in known]
        known.update(map(id, new))
        found += new
    return found


def values_of(variables):
    """Return a copy of the variables' values as NumPy arrays."""
    return [np.array(variable.numpy()) for variable in variables]


def values_alike(variables, others):
    """Return the values of one model's variables, to be given to those of another built alike.

    Raises:
        ValueError: If there are more or fewer, or shapes differ.
    """
    values = values_of(others)
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise ValueError(
            f"build_model() gave two different models: {len(variables)} and {len(values)} "
            "variables, or other shapes. It must build the same model at every call."
        )
    return values


def restore(variables, values):
    """Give each variable its value back."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


@contextmanager
def random_states_kept():
    """Put Python's and NumPy's global random states back at the end."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the legacy state is global
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


@contextmanager
def random_of_its_own():
    """Give this thread Python's `random` to itself, as far as Keras draws from it.

    It takes the seeds of layers from there. In a worker of an executor other threads, such as the
    event loop of `dask.distributed`, draw from it as well, at any moment.
    """
    thread, own = threading.get_ident(), random.Random()
    shared = {"seed": random.seed, "randint": random.randint}

    def divided(name):
        def draw(*arguments, **options):
            here = threading.get_ident() == thread
            return (getattr(own, name) if here else shared[name])(*arguments, **options)

        return draw

    vars(random).update({name: divided(name) for name in shared})
    try:
        yield
    finally:
        vars(random).update(shared)


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


@contextmanager
def model_kept(model):
    """Put a model back at the end, also after an error or an interrupt.

    Yields:
        Its `Memory`: call `remember_new()` once everything is built and before it is used.
    """
    memory = Memory(model)
    try:
        yield memory
    finally:
        _to_the_end(memory.put_back)


def _to_the_end(action):
    """Do something that may be repeated until it is done, however often Ctrl-C is pressed."""
    try:
        action()
    except KeyboardInterrupt:
        _to_the_end(action)
        raise


@contextmanager
def rate_in_hand(model):
    """Let a variable be the learning rate, whatever it comes from otherwise.

    That serves functions traced meanwhile, one update an execution; what `fit` traced before is
    given back at the end, with the schedule that it goes on with.

    Yields:
        The variable to assign rates to.
    """
    source, traced = rate_source(model.optimizer), model.train_function
    together, inner = model.steps_per_execution, model.optimizer
    inner = getattr(inner, "inner_optimizer", inner)
    rate = source
    if not hasattr(source, "assign"):
        rate = tf.Variable(0.0, dtype=keras.config.floatx(), trainable=False)
        inner.learning_rate = lambda: tf.convert_to_tensor(rate)
    model.train_function, model.steps_per_execution = None, 1
    try:
        yield rate
    finally:
        if rate is not source:
            inner.learning_rate = source
        model.train_function, model.steps_per_execution = traced, together
