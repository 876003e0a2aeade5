"""The network for photographs of the range tests and of the tournament."""


def build_photograph_net():
    """Build and compile a network for the photographs of CIFAR-10 that trains on a laptop.

    Three 3 x 3 convolutions, each with batch normalization and pooling, an average, logits.

    Returns:
        A compiled Keras model.
    """
    import keras

    from helpers.models.building import compiled, normalization

    layers = [keras.Input((32, 32, 3))]
    for channels in (16, 32, 64):
        layers += [
            keras.layers.Conv2D(channels, 3, padding="same", use_bias=False),
            normalization(),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(),
        ]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
    return compiled(keras.Sequential(layers))
