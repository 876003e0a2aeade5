"""The "full" CIFAR-10 net of Caffe in Keras, with what its file says of each variable."""

import keras
import tensorflow as tf

from helpers.training.plan import whole_number

CLASSES = 10
ALPHA = 5e-5

# By variable, in the order of `trainable_variables`: kernel and bias of the three convolutions and
# of the inner product. What the rate, and what the decay, is multiplied by.
RATE_MULTIPLIERS = (1, 2, 1, 2, 1, 1, 1, 2)
DECAY_MULTIPLIERS = (1, 0, 1, 0, 1, 0, 250, 0)


@keras.saving.register_keras_serializable("learning_rate_course")
class WithinChannelNormalization(keras.layers.Layer):
    """Local response normalization over a 3x3 neighborhood of the same channel, as Caffe has it.

    Each value is divided by `(1 + ALPHA * m) ** 0.75`, m being the mean of the nine squares around
    it; beyond the edge they are 0, and it is still a ninth of the sum.
    """

    def call(self, inputs):
        """Return the normalized values, of the shape of `inputs`."""
        padded = tf.pad(tf.square(inputs), [[0, 0], [1, 1], [1, 1], [0, 0]])
        mean = tf.nn.avg_pool2d(padded, 3, 1, "VALID")
        # A power of -3/4 by square roots: tf.pow takes several times as long.
        root = tf.math.rsqrt(1 + ALPHA * mean)
        return inputs * root * tf.sqrt(root)


def build_caffe_net(*, seed=0, image_shape=(32, 32, 3)):
    """Build the net of `cifar10_full_train_test.prototxt`; it is not compiled.

    Inputs are pixels from 0 to 255 minus the mean image; outputs are logits. Caffe lets the last
    window of a pool reach over the edge and averages over what it covers: Keras's padding "same"
    at an even size.

    Args:
        seed: Int >= 0, of the initial weights; biases start at 0.
        image_shape: Height, width (multiples of 8) and channels.

    Returns:
        A `keras.Sequential` with 89,578 parameters at the default shape.

    Raises:
        TypeError: If the seed or a size is no whole number.
        ValueError: If the seed is negative, or the shape is another one than said above.
    """
    seed = whole_number(seed, "seed", least=0)
    image_shape = tuple(whole_number(size, "each of image_shape", least=1) for size in image_shape)
    if len(image_shape) != 3 or any(size % 8 for size in image_shape[:2]):
        raise ValueError(
            f"image_shape is {image_shape}; allowed are height, width and channels, the first two "
            "multiples of 8, such as (32, 32, 3)."
        )
    layers = keras.layers

    def started(place, deviation):
        # Another seed for each layer, so that no two layers start from the same numbers.
        return keras.initializers.RandomNormal(stddev=deviation, seed=4 * seed + place)

    def convolution(place, filters, deviation):
        start = started(place, deviation)
        return layers.Conv2D(filters, 5, padding="same", kernel_initializer=start)

    return keras.Sequential(
        [
            keras.Input(image_shape),
            convolution(0, 32, 0.0001),
            layers.MaxPooling2D(3, 2, padding="same"),
            layers.ReLU(),
            WithinChannelNormalization(),
            convolution(1, 32, 0.01),
            layers.ReLU(),
            layers.AveragePooling2D(3, 2, padding="same"),
            WithinChannelNormalization(),
            convolution(2, 64, 0.01),
            layers.ReLU(),
            layers.AveragePooling2D(3, 2, padding="same"),
            layers.Flatten(),
            layers.Dense(CLASSES, kernel_initializer=started(3, 0.01)),
        ]
    )
