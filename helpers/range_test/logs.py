"""What a range test follows in the logs of a step: the loss, and an accuracy if there is one."""

import math

import tensorflow as tf


def loss_in(logs):
    """Return the loss as a float64 tensor; ValueError if the logs have none."""
    if not isinstance(logs, dict) or "loss" not in logs:
        names = list(logs) if isinstance(logs, dict) else logs
        raise ValueError(
            f"The model's train_step or test_step returned {names!r}; the range test follows "
            '"loss": let it return a dict with that key as well.'
        )
    return _number(logs["loss"])


def accuracy_name(names):
    """Return the name of the accuracy to follow among metrics, or None.

    Example:
        >>> accuracy_name(["loss", "head_accuracy", "accuracy"])
        'accuracy'
        >>> accuracy_name(["loss", "sparse_categorical_accuracy"])
        'sparse_categorical_accuracy'
    """
    known = [name for name in names if "acc" in name]
    exact = [name for name in ("accuracy", "acc") if name in known]
    return next(iter(exact + known), None)


def accuracy_in(logs):
    """Return the accuracy as a float64 tensor; NaN if the logs have none."""
    name = accuracy_name(logs)
    return tf.constant(math.nan, tf.float64) if name is None else _number(logs[name])


def _number(value):
    # A custom step may report one loss an example.
    return tf.reduce_mean(tf.cast(value, tf.float64))
