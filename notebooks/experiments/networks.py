"""Networks that only the experiments use: for photographs, and Smith's other kinds."""

import keras

from helpers.models import compiled

layers = keras.layers
# For small data. Keras's 0.99 would hold two thirds of the initial statistics after 40 updates.
MOVING_MOMENTUM = 0.9


def _normalized(inputs, channels, stride=1):
    """Apply a 3 x 3 convolution without bias, then a normalization, which has its own."""
    outputs = layers.Conv2D(channels, 3, stride, padding="same", use_bias=False)(inputs)
    return layers.BatchNormalization(momentum=MOVING_MOMENTUM)(outputs)


def build_photograph_net(optimizer=None):
    """Build three 3 x 3 convolutions with batch normalization and pooling, an average, logits."""
    x = inputs = keras.Input((32, 32, 3))
    for channels in (16, 32, 64):
        x = layers.MaxPooling2D()(layers.ReLU()(_normalized(x, channels)))
    logits = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
    return compiled(keras.Model(inputs, logits), optimizer)


def build_small_resnet(optimizer=None):
    """Build a residual net for CIFAR-10 that two cores train in minutes, with random flips.

    A convolution that halves the picture, then a residual block at 16 x 16, 8 x 8 and 4 x 4.
    K. He and others, arXiv:1512.03385.
    """
    inputs = keras.Input((32, 32, 3))
    x = layers.RandomFlip("horizontal")(inputs)
    x = layers.ReLU()(_normalized(x, 16, 2))
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        branch = _normalized(layers.ReLU()(_normalized(x, channels, stride)), channels)
        if stride > 1:
            x = layers.Conv2D(channels, 1, stride, use_bias=False)(x)
        x = layers.ReLU()(layers.Add()([x, branch]))
    logits = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
    return compiled(keras.Model(inputs, logits), optimizer)


@keras.saving.register_keras_serializable("learning_rate_course")
class StochasticDepth(keras.layers.Layer):
    """Leaves a residual branch out of a random share of the training batches.

    In inference the branch is multiplied by the probability that it survives. G. Huang and others,
    arXiv:1603.09382, section 3.
    """

    def __init__(self, survival):
        super().__init__()
        self.survival, self.seed_generator = survival, keras.random.SeedGenerator()

    def call(self, inputs, training=False):
        """Return the branch, all of it or nothing in training, its expectation in inference."""
        if not training:
            return inputs * self.survival
        kept = keras.random.uniform((), dtype="float32", seed=self.seed_generator) < self.survival
        return inputs * keras.ops.cast(kept, inputs.dtype)


def build_residual_net(survival=1.0):
    """Build three residual blocks for the digits; the survival of branches falls to `survival`."""
    inputs = keras.Input((8, 8, 1))
    x = layers.ReLU()(_normalized(inputs, 16))
    for block in (1, 2, 3):
        branch = _normalized(layers.ReLU()(_normalized(x, 16)), 16)
        if survival < 1:
            branch = StochasticDepth(1 - block / 3 * (1 - survival))(branch)
        x = layers.ReLU()(layers.Add()([x, branch]))
    logits = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
    return compiled(keras.Model(inputs, logits))


def build_densely_connected_net(growth=8):
    """Build a block of four layers for the digits, each of which sees all those before it.

    G. Huang and others, arXiv:1608.06993.
    """

    def activated(x):
        return layers.ReLU()(layers.BatchNormalization(momentum=MOVING_MOMENTUM)(x))

    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(2 * growth, 3, padding="same", use_bias=False)(inputs)
    for _ in range(4):
        new = layers.Conv2D(growth, 3, padding="same", use_bias=False)(activated(x))
        x = layers.Concatenate()([x, new])
    logits = layers.Dense(10)(layers.GlobalAveragePooling2D()(activated(x)))
    return compiled(keras.Model(inputs, logits))


def build_sigmoid_net():
    """Build three dense sigmoid layers for the digits, each normalized before its sigmoid.

    A laptop's stand-in for the convolutional one of L. N. Smith, arXiv:1506.01186, section 4.1.1.
    """
    x = inputs = keras.Input((8, 8, 1))
    x = layers.Flatten()(x)
    for _ in range(3):
        x = layers.Dense(64, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=MOVING_MOMENTUM)(x)
        x = layers.Activation("sigmoid")(x)
    return compiled(keras.Model(inputs, layers.Dense(10)(x)))
