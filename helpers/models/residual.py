"""A small residual network, and the layer that gives it stochastic depth."""

import keras

from helpers.models.building import checked_image_shape, compiled, normalization, whole_size


@keras.saving.register_keras_serializable("learning_rate_course")
class StochasticDepth(keras.layers.Layer):
    """The end of a residual branch that is left out of a random share of the training batches.

    In training the branch is passed on whole or, for the whole batch, as zeros; in inference it is
    multiplied by the probability that it survives, which is its expectation. Nothing is random
    then. A branch that is left out is computed all the same, so no time is saved. As with Keras's
    `Dropout`, a saved model does not hold how far its random sequence has come.

    Args:
        survival: Probability that the branch is kept, more than 0 and at most 1.
        seed: Int, of the sequence of batches that leave it out; None draws one from the global
            seed of Keras when the layer is made.
        **options: Of `keras.layers.Layer`.

    Raises:
        TypeError: If `survival` is not a number.
        ValueError: If `survival` is out of bounds.

    References:
        G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Weinberger, "Deep networks with stochastic depth",
        arXiv:1603.09382, section 3.
    """

    def __init__(self, survival, seed=None, **options):
        super().__init__(**options)
        self.survival, self.seed = _share(survival), seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs, training=False):
        """Return the branch, all of it or nothing in training, its expectation in inference."""
        if not training:
            return inputs * self.survival
        kept = keras.random.uniform((), dtype="float32", seed=self.seed_generator) < self.survival
        return inputs * keras.ops.cast(kept, inputs.dtype)

    def get_config(self):
        """Return the settings, as Keras stores them."""
        return super().get_config() | {"survival": self.survival, "seed": self.seed}


def build_residual_net(
    image_shape=(8, 8, 1), classes=10, *, optimizer=None, width=16, blocks=3, survival=1.0
):
    """Build and compile a small residual convolutional network with batch normalization.

    A 3 x 3 convolution, the blocks, an average over the picture, logits. A block adds to its input
    what two normalized 3 x 3 convolutions make of it; no block changes the size or the channels.

    Args:
        image_shape: `(height, width, channels)` of an image.
        classes: Number of classes, >= 2.
        optimizer: As for `build_dense_net`.
        width: Channels of every convolution, >= 1.
        blocks: Number of residual blocks, >= 1.
        survival: Probability that the last block survives a training batch, more than 0 and at most
            1. Below 1 this is stochastic depth: the survival of block i of n is
            `1 - i / n * (1 - survival)`, so that early blocks are left out less often.

    Returns:
        A compiled Keras model: sparse cross-entropy from logits, metric `accuracy`.

    Raises:
        TypeError: As for `build_dense_net`, or if `survival` is not a number.
        ValueError: As for `build_dense_net`, or if `survival` is out of bounds.

    Example:
        >>> build_residual_net(width=4, blocks=1).count_params()
        422

    References:
        K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition",
        arXiv:1512.03385; G. Huang and others, arXiv:1603.09382, for the linear decay of survival.
    """
    inputs = keras.Input(checked_image_shape(image_shape))
    width, blocks = whole_size(width, "width"), whole_size(blocks, "blocks")
    survival = _share(survival)
    outputs = keras.layers.ReLU()(_convolution(inputs, width))
    for block in range(1, blocks + 1):
        branch = keras.layers.ReLU()(_convolution(outputs, width))
        branch = _convolution(branch, width)
        if survival < 1:
            branch = StochasticDepth(1 - block / blocks * (1 - survival))(branch)
        outputs = keras.layers.ReLU()(keras.layers.Add()([outputs, branch]))
    outputs = keras.layers.GlobalAveragePooling2D()(outputs)
    logits = keras.layers.Dense(whole_size(classes, "classes", least=2))(outputs)
    return compiled(keras.Model(inputs, logits), optimizer)


def _convolution(inputs, width):
    """Apply a 3 x 3 convolution without bias, then a normalization, which has its own."""
    outputs = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(inputs)
    return normalization()(outputs)


def _share(survival):
    if isinstance(survival, bool) or not hasattr(survival, "__float__"):
        raise TypeError(f"survival is {survival!r}; allowed is a number; try 0.8.")
    if not 0 < survival <= 1:
        raise ValueError(f"survival is {survival}; allowed is more than 0 and at most 1; try 0.8.")
    return float(survival)
