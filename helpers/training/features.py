"""`cache_features`: run a frozen base once, not once for every epoch and every rate."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from helpers.data import DataSplits
from helpers.training.plan import whole_number
from helpers.training.progress import Bar


def cache_features(base, data, *, batch_size=32, progress=True):
    """Return the data with the base's output in place of its input.

    A sweep of a small head over the features gives the histories of a sweep over the whole model,
    as long as the base stays frozen and in inference mode (`base(x, training=False)`), and nothing
    in front of it is random: augmentation must see the image anew in every epoch.

    Args:
        base: A built Keras model; called with `training=False` on batches of `x`.
        data: `(x, y)` or `(x, y, sample_weight)`, a `tf.data.Dataset` of such batches (read once),
            or a `DataSplits`.
        batch_size: Examples for one call of the base, where arrays are given.
        progress: Show a bar.

    Returns:
        `(features, y)` or `(features, y, sample_weight)` as arrays, or a `DataSplits` of features.

    Raises:
        TypeError: If `data` is none of these, or `base` is not a Keras model.
        ValueError: If `data` is empty.

    Example:
        >>> import keras, numpy as np
        >>> base = keras.Sequential([keras.Input((4,)), keras.layers.Rescaling(2.0)])
        >>> features, y = cache_features(base, (np.ones((3, 4)), np.zeros(3)), progress=False)
        >>> features.tolist()[0]
        [2.0, 2.0, 2.0, 2.0]
    """
    if not isinstance(base, keras.Model):
        raise TypeError(f"base is of type {type(base).__name__}; give a Keras model.")
    batch_size = whole_number(batch_size, "batch_size", least=1)
    run = _compiled(base)
    if not isinstance(data, DataSplits):
        return _features(run, data, batch_size, Bar(progress))
    parts = {
        name: _features(run, getattr(data, name), batch_size, Bar(progress))
        for name in ("train", "validation", "test")
    }
    return dataclasses.replace(data, **parts)


def _compiled(base):
    """Return the base as a function that is traced once for all parts and lengths of a batch."""

    def run(batch):
        return base(batch, training=False)

    if not getattr(base, "inputs", None):
        return tf.function(run, reduce_retracing=True)
    (image,) = base.inputs
    traced = tf.function(run, input_signature=[tf.TensorSpec(image.shape, image.dtype)])
    return lambda batch: traced(tf.cast(batch, image.dtype))


def _features(run, data, batch_size, bar):
    """Return the columns of the data with `run` applied to the first."""
    parts = []
    batches, total = _batches(data, batch_size)
    for done, (x, *rest) in enumerate(batches, start=1):
        parts.append((run(x).numpy(), *(np.asarray(each) for each in rest)))
        bar.show(done / total if total else 0.0, f"batch {done} of {total or 'unknown'}")
    if not parts:
        raise ValueError("The data are empty; there is nothing to run the base on.")
    bar.close(f"features of {sum(len(part[0]) for part in parts):,} examples")
    return tuple(np.concatenate(column) for column in zip(*parts))


def _batches(data, batch_size):
    """Return an iterable of batches and their number (None if unknown)."""
    if isinstance(data, tf.data.Dataset):
        size = int(data.cardinality())
        return data, size if size > 0 else None
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise TypeError(
            f"data is of type {type(data).__name__}; give (x, y), (x, y, sample_weight), a "
            "tf.data.Dataset or a DataSplits."
        )
    starts = range(0, len(data[0]), batch_size)
    slices = (tuple(np.asarray(part)[at : at + batch_size] for part in data) for at in starts)
    return slices, len(starts)
