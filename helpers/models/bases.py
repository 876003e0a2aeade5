"""Bases that others trained: the published ones, frozen, and the head over their features."""

from dataclasses import dataclass
from pathlib import Path

import keras

from helpers.data import weights_file
from helpers.models.building import MOVING_MOMENTUM, checked_image_shape, compiled, whole_size

MINIMUM_IMAGE_SIZE = 32


def build_head(feature_shape, classes=10, *, optimizer="adam"):
    """Build and compile one dense layer over cached features: the head of a frozen base.

    Args:
        feature_shape: Shape of one example's features, such as `(1280,)`.
        classes: Number of classes, >= 2.
        optimizer: As for `build_dense_net`.

    Returns:
        A compiled Keras model that gives logits.

    Raises:
        TypeError: As for `build_dense_net`.
        ValueError: As for `build_dense_net`.

    Example:
        >>> build_head((4,), classes=3).count_params()
        15
    """
    shape = tuple(whole_size(size, "each size of feature_shape") for size in feature_shape)
    layers = [
        keras.Input(shape),
        keras.layers.Flatten(),
        keras.layers.Dense(whole_size(classes, "classes", least=2)),
    ]
    return compiled(keras.Sequential(layers), optimizer)


def build_on_base(base, classes=10, *, optimizer="adam"):
    """Build and compile the whole model: a frozen base in inference mode, then the head.

    Args:
        base: A built Keras model from images to features, such as `frozen_base` returns.
        classes: Number of classes, >= 2.
        optimizer: As for `build_dense_net`.

    Returns:
        A compiled Keras model that gives logits; only its head is trainable.

    Raises:
        TypeError: If `base` is not a Keras model, and as for `build_dense_net`.
        ValueError: As for `build_dense_net`.
    """
    if not isinstance(base, keras.Model):
        raise TypeError(f"base is of type {type(base).__name__}; give a Keras model.")
    base.trainable = False
    inputs = keras.Input(base.input_shape[1:])
    features = keras.layers.Flatten()(base(inputs, training=False))
    logits = keras.layers.Dense(whole_size(classes, "classes", least=2))(features)
    return compiled(keras.Model(inputs, logits), optimizer)


def cut_head(model):
    """Return the model without its last layer, frozen: the base for another task.

    Args:
        model: A built Sequential or functional model with three layers or more.

    Returns:
        A Keras model that shares the layers of `model` and gives what entered its last one.

    Raises:
        TypeError: If `model` is not a built Sequential or functional model.
    """
    if not isinstance(model, (keras.Sequential, keras.Model)) or not getattr(model, "inputs", None):
        raise TypeError("cut_head takes a built Sequential or functional Keras model.")
    base = keras.Model(model.inputs, model.layers[-1].input)
    base.trainable = False
    return base


@dataclass(frozen=True)
class _Base:
    """A network of `keras.applications`: its module, its options, the name of its weight file."""

    module: str
    options: dict
    file: str


BASES = {
    "MobileNetV2": _Base(
        "mobilenet_v2",
        {"alpha": 0.35},
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5",
    ),
    "Xception": _Base("xception", {}, "xception_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "ResNet50": _Base("resnet", {}, "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
}


def frozen_base(name, image_size=150, *, weights="imagenet"):
    """Return a published network as a frozen base: raw images in, pooled features out.

    The preprocessing that each network wants is inside, so that all take the same images.

    Args:
        name: `"MobileNetV2"` (alpha 0.35, the smallest published), `"Xception"` or `"ResNet50"`.
        image_size: Side of the images in pixels, or `(height, width)`; 75 or more for Xception
            (71 is its least), 32 or more for the others.
        weights: `"imagenet"`: from the folder `models` in `LEARNING_RATE_DATA` if the file is
            there, else downloaded by Keras. None: random. Else the path of a weights file.

    Returns:
        A Keras model from images `(batch, height, width, 3)` in [0, 1] to features
        `(batch, channels)`, averaged over the picture; not trainable.

    Raises:
        TypeError: If `image_size` is not whole numbers.
        ValueError: If the name is not known or the size is too small.
        RuntimeError: If the weights are not in the folder and cannot be downloaded.
    """
    if name not in BASES:
        raise ValueError(f"There is no base {name!r}; known are {', '.join(BASES)}.")
    known = BASES[name]
    sides = image_size if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    shape = checked_image_shape((*sides, 3), least=MINIMUM_IMAGE_SIZE)
    module = getattr(keras.applications, known.module)
    source = _weights_source(known, weights)
    try:
        network = getattr(module, name)(
            include_top=False, input_shape=shape, weights=source, pooling="avg", **known.options
        )
    except Exception as error:
        if source != "imagenet":
            raise
        raise RuntimeError(
            f"The weights of {name} could not be downloaded ({error}). Offline: put the file "
            f"{known.file} into the folder models/ of the folder that LEARNING_RATE_DATA names, or "
            "take weights=None, a network that has learned nothing."
        ) from error
    images = keras.Input(shape)
    features = network(module.preprocess_input(images * 255.0), training=False)
    base = keras.Model(images, features, name=f"frozen_{name.lower()}")
    base.trainable = False
    return base


def unfreeze_base(base, *, normalization=False):
    """Let a base be trained, and its batch normalization keep the statistics that it came with.

    Calling the base with `training=False` does not do that: once layers can be trained, `fit` hands
    its own flag down to nested models.

    Args:
        base: A Keras model, such as `frozen_base` returns.
        normalization: Train batch normalization too, with statistics that follow short training:
            for random weights.

    Raises:
        TypeError: If `base` is not a Keras model.
    """
    if not isinstance(base, keras.Model):
        raise TypeError(f"base is of type {type(base).__name__}; give a Keras model.")
    base.trainable = True
    for layer in base._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = bool(normalization)
            if normalization:
                layer.momentum = MOVING_MOMENTUM


def _weights_source(known, weights):
    """Return what `keras.applications` takes for weights: a path, "imagenet" or None."""
    if weights is None:
        return None
    if weights == "imagenet":
        file = weights_file(known.file)
        return "imagenet" if file is None else str(file)
    if not Path(weights).is_file():
        raise ValueError(
            f"weights is {weights!r}; allowed are 'imagenet', None, or a file that exists."
        )
    return str(weights)
