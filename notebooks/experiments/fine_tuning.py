"""Lesson 05's experiments: ways to go on from trained layers, at equal budget."""

import keras
import numpy as np
from common import command, digits, joined, scores
from networks import layers

from helpers import layerwise, models
from helpers.results import Runs
from helpers.schedules import Constant, Cosine

# Multipliers from head to input, or what stands still.
SPREADS = {"one rate": 1, "differential 2.6": 2.6, "differential 10": 10}
DIGITS_RATES = (0.001, 0.00316, 0.01, 0.0316)
DIGITS_UPDATES, DIGITS_BATCH = 150, 25
DIGITS_SPLIT = ("conv_2", "conv_3", "hidden", "head")


def some(part, number, seed):
    """Return so many examples of `(x, y)`, drawn by a seed."""
    chosen = np.random.default_rng((seed, 2)).permutation(len(part[1]))[:number]
    return part[0][chosen], part[1][chosen]


def with_rates(model, at, ratio):
    """Compile a model with Adam and rates that fall by `ratio` from group to group."""
    groups = layerwise.split(model, at)
    multipliers = layerwise.geometric(len(groups), ratio)
    adam = layerwise.differential(keras.optimizers.Adam(), groups, multipliers=multipliers)
    return models.compiled(model, adam)


def unfrozen_step_by_step(model, at, rate, train, updates, batch_size):
    """Train the head, then one more group with each phase, each with a new Adam."""
    groups = layerwise.split(model, at)
    epochs = updates * batch_size // len(train[1]) // len(groups)
    for phase in range(len(groups)):
        for group, own in enumerate(groups.layers):
            for layer in own:
                trained = group >= len(groups) - 1 - phase
                if not isinstance(layer, (keras.Model, keras.layers.BatchNormalization)):
                    layer.trainable = trained
        models.compiled(model, keras.optimizers.Adam(rate))
        model.fit(*train, batch_size, epochs, verbose=0)
    for layer in sum(groups.layers, ()):
        layer.trainable = True


def digits_network():
    """Build a small convolutional network that gives logits for all ten digits."""
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_1")(images)
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_2")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv_3")(
        layers.MaxPooling2D()(x)
    )
    x = layers.Dense(32, activation="relu", name="hidden")(layers.Flatten()(x))
    return keras.Model(images, layers.Dense(10, name="head")(x))


def differential_digits(experiment):
    """The digits 5 to 9 from 25 or 100 images, after 0 to 4 or from scratch; ten seeds.

    Ten outputs: those of the source are still there afterwards, and `source_accuracy` says what is
    left of it. Adam, 300 updates on the source, 150 on the target.
    """
    experiment.about["split"] = "drawn with the seed; so are the few images of the target"
    return joined(experiment.part(f"seed {seed}", _digits, experiment, seed) for seed in range(10))


def _digits(experiment, seed):
    source, target = (digits(seed, classes=range(low, low + 5)) for low in (0, 5))
    keras.utils.set_random_seed(seed)
    fresh = digits_network()
    trained = keras.models.clone_model(fresh)
    trained.set_weights(fresh.get_weights())
    first = models.compiled(
        keras.Model(trained.inputs, trained.output[:, :5]), keras.optimizers.Adam(0.003)
    )
    first.fit(*source.train, 32, 15, verbose=0)

    def network(name):
        model = digits_network()
        model.set_weights((fresh if name == "from scratch" else trained).get_weights())
        return keras.Model(model.inputs, model.output[:, 5:])

    def measure(model):
        whole = keras.Model(model.inputs, model.get_layer("head").output)
        right = whole.predict(source.test[0], verbose=0).argmax(axis=1) == source.test[1]
        return {"source_accuracy": float(right.mean())}

    parts = []
    for size in (25, 100):
        few = some(target.train, size, seed)
        # A few epochs of many passes each are as many updates.
        passes = DIGITS_UPDATES * DIGITS_BATCH // size
        options = {"epochs": passes, "batch_size": DIGITS_BATCH, "seeds": (seed,)}
        options |= {"measure": measure, "test": target.test}
        for name in ("from scratch", "frozen base", *SPREADS):

            def build(name=name):
                model = network(name)
                for layer in model.layers[:-2] if name == "frozen base" else ():
                    layer.trainable = layer.name == "head"
                return with_rates(model, DIGITS_SPLIT, SPREADS.get(name, 1))

            schedules = {"": Constant, ", one cosine": lambda rate: Cosine(rate, DIGITS_UPDATES)}
            grid = {
                (f"{name}{kind}, {size} images", rate): made(rate)
                for kind, made in schedules.items()
                for rate in DIGITS_RATES
                if not kind or name in ("one rate", "differential 10")
            }
            parts.append(experiment.train(build, grid, few, target.validation, **options).at_end())
        for rate in DIGITS_RATES:
            model = network("gradual")
            unfrozen_step_by_step(model, DIGITS_SPLIT, rate, few, DIGITS_UPDATES, DIGITS_BATCH)
            row = {"policy": f"gradual unfreezing, {size} images", "rate": rate, "seed": seed}
            row |= {"epoch": passes, "updates": DIGITS_UPDATES} | measure(model)
            held_out = {"val": target.validation, "test": target.test}
            parts.append(Runs.from_rows([row | scores(model, held_out)]))
    return joined(parts)


if __name__ == "__main__":
    command(differential_digits)
