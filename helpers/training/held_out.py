"""`measure_on`: loss and accuracy of a classifier on further data, for `measure=`."""

import keras
import numpy as np

from helpers.training.plan import whole_number

BATCH = 1024


def measure_on(data, name="test"):
    """Return a function for `measure=`: loss and accuracy on data beside the validation set.

    Tune by the validation metrics and report these.

    Args:
        data: `(x, y)`: examples and their classes, ints.
        name: What to call the data in the histories.

    Returns:
        A function `model -> {f"{name}_loss": ..., f"{name}_accuracy": ...}` for a model that gives
        logits. Training metrics and layers' states stay as they are.

    Raises:
        TypeError: If `data` is no pair, or `name` no text.
        ValueError: If there is no example, or lengths differ.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
        >>> measure_on((np.zeros((4, 2)), np.array([0, 0, 0, 1])))(model)["test_accuracy"]
        0.75
    """
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(f"data is of type {type(data).__name__}; give a pair (x, y) of arrays.")
    if not isinstance(name, str) or not name:
        raise TypeError(f"name is {name!r}; give text, such as 'test'.")
    x, y = (np.asarray(part) for part in data)
    if len(x) != len(y) or not len(x):
        raise ValueError(f"x has {len(x)} examples and y has {len(y)}; allowed is 1 or more each.")

    def measure(model):
        logits = predict_logits(model, x)
        losses = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        right = logits.argmax(axis=-1) == y
        return {f"{name}_loss": float(np.mean(losses)), f"{name}_accuracy": float(right.mean())}

    return measure


def predict_logits(model, x, batch_size=BATCH):
    """Return a model's outputs as a NumPy array, in inference mode, without a bar or a new trace.

    Args:
        model: A Keras model with one output.
        x: Examples, one or more.
        batch_size: Examples for one call, >= 1.

    Returns:
        Array `(examples, ...)`.
    """
    batch_size = whole_number(batch_size, "batch_size", least=1)
    parts = [model(x[at : at + batch_size], training=False) for at in range(0, len(x), batch_size)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
