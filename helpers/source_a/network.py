"""The network: small photographs enlarged, a base that others trained, a head; in three groups."""

import keras

from helpers import layerwise, models

CIFAR10_SIZE = 32
# Where the second group begins: about halfway through the base. The third is the head.
SPLIT_LAYERS = {"ResNet50": "conv4_block1_1_conv", "MobileNetV2": "block_6_expand"}


def build_upsampled_base(base, image_size, *, weights="imagenet"):
    """Return a base that takes the photographs of CIFAR-10 and sees them enlarged.

    Enlarging is part of the network, so that the images in memory stay small.

    Args:
        base: `"ResNet50"` or `"MobileNetV2"`.
        image_size: Side in pixels of what the base sees: 32, 64, 96 and so on.
        weights: As for `helpers.models.frozen_base`.

    Returns:
        A frozen Keras model from images `(batch, 32, 32, 3)` in [0, 1] to pooled features.

    Raises:
        ValueError: If the base has no split layer here, or the size is no multiple of 32, and as
            for `frozen_base`.
        RuntimeError: As for `frozen_base`.
    """
    if base not in SPLIT_LAYERS:
        raise ValueError(f"base is {base!r}; allowed are {', '.join(SPLIT_LAYERS)}.")
    if image_size < CIFAR10_SIZE or image_size % CIFAR10_SIZE:
        raise ValueError(f"image_size is {image_size}; allowed are 32, 64, 96 and so on.")
    images = keras.Input((CIFAR10_SIZE, CIFAR10_SIZE, 3))
    times = image_size // CIFAR10_SIZE
    enlarged = keras.layers.UpSampling2D(times, interpolation="bilinear")(images)
    features = models.frozen_base(base, image_size, weights=weights)(enlarged)
    upsampled = keras.Model(images, features)
    upsampled.trainable = False
    return upsampled


def build_in_groups(base, image_size, multipliers, *, weights="imagenet", classes=10):
    """Build and compile the whole network, all of it trained, with a rate for each third.

    Batch normalization stays frozen, and so keeps the statistics that it came with.

    Args:
        base: As for `build_upsampled_base`.
        image_size: As for `build_upsampled_base`.
        multipliers: Three numbers >= 0: of the first layers of the base, its last ones, the head.
        weights: As for `build_upsampled_base`.
        classes: Number of classes, >= 2.

    Returns:
        A compiled Keras model that gives logits, with Adam, a rate for each group.

    Raises:
        ValueError: As for `build_upsampled_base` and `helpers.layerwise.differential`.
        RuntimeError: As for `build_upsampled_base`.
    """
    network = build_upsampled_base(base, image_size, weights=weights)
    models.unfreeze_base(network)
    logits = keras.layers.Dense(classes, name="head")(network.output)
    model = keras.Model(network.input, logits)
    groups = layerwise.split(model, at=[SPLIT_LAYERS[base], "head"])
    adam = layerwise.differential(keras.optimizers.Adam(), groups, multipliers=multipliers)
    return models.compiled(model, lambda: adam)
