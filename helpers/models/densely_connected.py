"""A small densely connected network."""

import keras

from helpers.models.building import checked_image_shape, compiled, normalization, whole_size


def build_densely_connected_net(
    image_shape=(8, 8, 1), classes=10, *, optimizer=None, growth=8, layers=4
):
    """Build and compile a small densely connected network: each layer sees all those before it.

    A 3 x 3 convolution to `2 * growth` channels, then one dense block: each layer normalizes all
    channels so far, applies ReLU, and appends `growth` new ones by a 3 x 3 convolution. At the end
    a normalization, an average over the picture, logits.

    Args:
        image_shape: `(height, width, channels)` of an image.
        classes: Number of classes, >= 2.
        optimizer: As for `build_dense_net`.
        growth: Channels that each layer appends, >= 1.
        layers: Layers of the dense block, >= 1.

    Returns:
        A compiled Keras model: sparse cross-entropy from logits, metric `accuracy`.

    Raises:
        TypeError: As for `build_dense_net`.
        ValueError: As for `build_dense_net`.

    Example:
        >>> build_densely_connected_net(growth=2, layers=1).count_params()
        218

    References:
        G. Huang, Z. Liu, L. van der Maaten, K. Weinberger, "Densely connected convolutional
        networks", arXiv:1608.06993.
    """
    inputs = keras.Input(checked_image_shape(image_shape))
    growth = whole_size(growth, "growth")
    channels = _convolution(inputs, 2 * growth)
    for _ in range(whole_size(layers, "layers")):
        new = _convolution(_activated(channels), growth)
        channels = keras.layers.Concatenate()([channels, new])
    features = keras.layers.GlobalAveragePooling2D()(_activated(channels))
    logits = keras.layers.Dense(whole_size(classes, "classes", least=2))(features)
    return compiled(keras.Model(inputs, logits), optimizer)


def _activated(inputs):
    return keras.layers.ReLU()(normalization()(inputs))


def _convolution(inputs, channels):
    return keras.layers.Conv2D(channels, 3, padding="same", use_bias=False)(inputs)
