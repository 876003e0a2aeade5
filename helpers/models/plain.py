"""Networks of plain layers: dense, convolutional, and dense with sigmoid activations."""

import keras

from helpers.models.building import checked_image_shape, compiled, normalization, whole_size


def build_dense_net(image_shape=(8, 8, 1), classes=10, *, optimizer=None, hidden=(64, 32)):
    """Build and compile a small dense network: the one the lessons start with.

    Args:
        image_shape: `(height, width, channels)` of an image.
        classes: Number of classes, >= 2.
        optimizer: A name that Keras knows (`"adam"`), or a function that returns a new optimizer;
            None is SGD with momentum 0.9. A sweep replaces its learning rate.
        hidden: Units of each hidden layer (ReLU), >= 1.

    Returns:
        A compiled Keras model: sparse cross-entropy from logits, metric `accuracy`.

    Raises:
        TypeError: If `optimizer` is an optimizer (each model needs a new one), or a size is no
            whole number.
        ValueError: If a size is out of bounds.

    Example:
        >>> build_dense_net(hidden=(10,)).count_params()
        760
    """
    layers = [keras.Input(checked_image_shape(image_shape)), keras.layers.Flatten()]
    layers += [
        keras.layers.Dense(whole_size(units, "hidden"), activation="relu") for units in hidden
    ]
    layers.append(keras.layers.Dense(whole_size(classes, "classes", least=2)))
    return compiled(keras.Sequential(layers), optimizer)


def build_convnet(image_shape=(8, 8, 1), classes=10, *, optimizer=None, width=16):
    """Build and compile a small convolutional network, for lessons on what layers learn.

    Two 3 x 3 convolutions with ReLU, a pooling after the first, a hidden dense layer, logits. The
    layers with weights are named `convolution_1`, `convolution_2`, `hidden` and `head`.

    Args:
        image_shape: `(height, width, channels)` of an image; two pixels or more a side.
        classes: Number of classes, >= 2.
        optimizer: As for `build_dense_net`.
        width: Channels of the first convolution, >= 1; the second has twice as many.

    Returns:
        A compiled Keras model: sparse cross-entropy from logits, metric `accuracy`.

    Raises:
        TypeError: As for `build_dense_net`.
        ValueError: As for `build_dense_net`.

    Example:
        >>> build_convnet().count_params()
        21546
    """
    height, breadth, channels = checked_image_shape(image_shape, least=2)
    width, classes = whole_size(width, "width"), whole_size(classes, "classes", least=2)
    layers = [
        keras.Input((height, breadth, channels)),
        keras.layers.Conv2D(width, 3, padding="same", activation="relu", name="convolution_1"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(2 * width, 3, padding="same", activation="relu", name="convolution_2"),
        keras.layers.Flatten(),
        keras.layers.Dense(32, activation="relu", name="hidden"),
        keras.layers.Dense(classes, name="head"),
    ]
    return compiled(keras.Sequential(layers), optimizer)


def build_sigmoid_net(
    image_shape=(8, 8, 1),
    classes=10,
    *,
    optimizer=None,
    hidden=(64, 64, 64),
    batch_normalization=True,
):
    """Build and compile a dense network of sigmoid layers, each normalized before its sigmoid.

    A laptop's stand-in for the sigmoid network with which the paper below tries cyclical rates;
    that one is convolutional. Without batch normalization so many sigmoids in a row train slowly.

    Args:
        image_shape: `(height, width, channels)` of an image.
        classes: Number of classes, >= 2.
        optimizer: As for `build_dense_net`.
        hidden: Units of each hidden layer, >= 1.
        batch_normalization: Normalize what enters each sigmoid. The dense layer before it then has
            no bias, since the normalization adds its own.

    Returns:
        A compiled Keras model: sparse cross-entropy from logits, metric `accuracy`.

    Raises:
        TypeError: As for `build_dense_net`.
        ValueError: As for `build_dense_net`.

    Example:
        >>> build_sigmoid_net(hidden=(10,)).count_params()
        790

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186,
        section 4.1.1.
    """
    layers = [keras.Input(checked_image_shape(image_shape)), keras.layers.Flatten()]
    for units in hidden:
        units = whole_size(units, "hidden")
        layers.append(keras.layers.Dense(units, use_bias=not batch_normalization))
        layers += [normalization()] if batch_normalization else []
        layers.append(keras.layers.Activation("sigmoid"))
    layers.append(keras.layers.Dense(whole_size(classes, "classes", least=2)))
    return compiled(keras.Sequential(layers), optimizer)
