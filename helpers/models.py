"""The course's networks: small ones that train in seconds, and bases trained by others.

All are compiled classifiers that give logits. `optimizer` is an optimizer, or a name that Keras
knows; None is SGD with momentum 0.9.
"""

import keras

from helpers.data import in_data_folder

# Each base: its module in keras.applications, its options, its file.
KERNELS = "weights_tf_dim_ordering_tf_kernels"
BASES = {
    "MobileNetV2": ("mobilenet_v2", {"alpha": 0.35}, f"mobilenet_v2_{KERNELS}_0.35_224_no_top.h5"),
    "Xception": ("xception", {}, f"xception_{KERNELS}_notop.h5"),
    "ResNet50": ("resnet", {}, f"resnet50_{KERNELS}_notop.h5"),
}


def compiled(model, optimizer=None):
    """Compile a classifier that gives logits, as every network of the course, and return it."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = optimizer or keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def build_dense_net(image_shape=(8, 8, 1), classes=10, *, optimizer=None, hidden=(64, 32)):
    """Build and compile a small dense network: the one the lessons start with.

    Args:
        image_shape: `(height, width, channels)` of an image.
        classes: Number of classes.
        optimizer: An optimizer or its name. A sweep replaces its learning rate.
        hidden: Units of each hidden layer (ReLU).

    Example:
        >>> build_dense_net(hidden=(10,)).count_params()
        760
    """
    layers = [keras.Input(image_shape), keras.layers.Flatten()]
    layers += [keras.layers.Dense(units, activation="relu") for units in hidden]
    return compiled(keras.Sequential([*layers, keras.layers.Dense(classes)]), optimizer)


def build_convnet(image_shape=(8, 8, 1), classes=10, *, optimizer=None, width=16):
    """Build and compile a small convolutional network, for lessons on what layers learn.

    Two 3 x 3 convolutions with ReLU, a pooling after the first, a hidden dense layer, logits. The
    layers with weights are named `convolution_1`, `convolution_2`, `hidden` and `head`.

    Args:
        image_shape: `(height, width, channels)` of an image.
        classes: Number of classes.
        optimizer: An optimizer or its name.
        width: Channels of the first convolution; the second has twice as many.

    Example:
        >>> build_convnet().count_params()
        21546
    """
    layers = keras.layers
    network = [
        keras.Input(image_shape),
        layers.Conv2D(width, 3, padding="same", activation="relu", name="convolution_1"),
        layers.MaxPooling2D(),
        layers.Conv2D(2 * width, 3, padding="same", activation="relu", name="convolution_2"),
        layers.Flatten(),
        layers.Dense(32, activation="relu", name="hidden"),
        layers.Dense(classes, name="head"),
    ]
    return compiled(keras.Sequential(network), optimizer)


def build_head(feature_shape, classes=10, *, optimizer="adam"):
    """Build and compile one dense layer over cached features: the head of a frozen base.

    Args:
        feature_shape: Shape of one example's features, such as `(1280,)`.
        classes: Number of classes.
        optimizer: An optimizer or its name.

    Example:
        >>> build_head((4,), classes=3).count_params()
        15
    """
    layers = [keras.Input(feature_shape), keras.layers.Flatten(), keras.layers.Dense(classes)]
    return compiled(keras.Sequential(layers), optimizer)


def frozen_base(name, image_size=150, *, weights="imagenet"):
    """Return a published network as a frozen base: raw images in, pooled features out.

    The preprocessing that each network wants is inside, so that all take the same images.

    Args:
        name: `"MobileNetV2"` (alpha 0.35, the smallest published), `"Xception"` or `"ResNet50"`.
        image_size: Side of the images in pixels, or `(height, width)`; 71 or more for Xception, 32
            or more for the others.
        weights: `"imagenet"`: from the folder `models` in `LEARNING_RATE_DATA` if the file is
            there, else downloaded by Keras. None: random. Else the path of a weights file.

    Returns:
        A Keras model from images `(batch, height, width, 3)` in [0, 1] to features
        `(batch, channels)`, averaged over the picture; not trainable.

    Raises:
        ValueError: If the name is not known, the size is too small, or the file is not there.
        RuntimeError: If the weights are not in the folder and cannot be downloaded.
    """
    if name not in BASES:
        raise ValueError(f"There is no base {name!r}; known are {', '.join(BASES)}.")
    module, options, file = BASES[name]
    module = getattr(keras.applications, module)
    height, width = image_size if isinstance(image_size, (tuple, list)) else (image_size,) * 2
    source = weights == "imagenet" and in_data_folder(f"models/{file}") or weights
    options = options | {"include_top": False, "input_shape": (height, width, 3), "pooling": "avg"}
    try:
        network = getattr(module, name)(weights=source, **options)
    except Exception as error:
        # A ValueError is about the size or the file, and Keras says what is wrong with it.
        if source != "imagenet" or isinstance(error, ValueError):
            raise
        raise RuntimeError(
            f"The weights of {name} could not be downloaded ({error}). Offline: put the file {file}"
            " into the folder models/ of the folder that LEARNING_RATE_DATA names, or take "
            "weights=None, a network that has learned nothing."
        ) from error
    images = keras.Input((height, width, 3))
    features = network(module.preprocess_input(images * 255.0), training=False)
    network.trainable = False
    return keras.Model(images, features, name=f"frozen_{name.lower()}")
