"""How every network of the course is compiled, and what its sizes may be."""

import keras

# Keras's 0.99 would hold two thirds of the initial statistics after the 40 updates of an epoch of
# the digits, and the first epochs would be judged by them.
MOVING_MOMENTUM = 0.9


def normalization():
    """Return a new batch normalization whose moving statistics follow short training."""
    return keras.layers.BatchNormalization(momentum=MOVING_MOMENTUM)


def compiled(model, optimizer=None):
    """Compile a classifier that gives logits, as every network of the course is compiled.

    Args:
        model: A Keras model.
        optimizer: As for `build_dense_net`.

    Returns:
        The same model.

    Raises:
        TypeError: If `optimizer` is an optimizer.
    """
    if optimizer is None:
        optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)
    elif isinstance(optimizer, keras.optimizers.Optimizer):
        raise TypeError(
            f"optimizer is one {type(optimizer).__name__}, but each model needs its own: give a "
            "name, or a function that returns a new one."
        )
    elif callable(optimizer):
        optimizer = optimizer()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def whole_size(value, name, least=1):
    """Return a whole number of at least `least` as an int, or say what was given instead."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r}; allowed is a whole number >= {least}.")
    if value < least:
        raise ValueError(f"{name} is {value}; allowed is a whole number >= {least}.")
    return int(value)


def checked_image_shape(shape, least=1):
    """Return `(height, width, channels)` as ints; a side has `least` pixels or more."""
    if not isinstance(shape, (tuple, list)) or len(shape) != 3:
        raise ValueError(f"The shape {shape!r} is none of an image: (height, width, channels).")
    height, width, channels = shape
    return (
        whole_size(height, "height", least),
        whole_size(width, "width", least),
        whole_size(channels, "channels"),
    )
