"""Lesson 05's stored experiments: ways to go on from trained layers, at equal budget."""

from helpers.experiments.record import FIVE_SEEDS, TWENTY_SEEDS, Experiment
from helpers.results import Runs, at_rate, tuned

TREATMENTS = (
    "from scratch",
    "frozen base",
    "one rate",
    "differential 2.6",
    "differential 10",
    "gradual unfreezing",
)

# Two rates a decade.
DIGITS_RATES = (0.001, 0.00316, 0.01, 0.0316, 0.1)
DIGITS_UPDATES, DIGITS_BATCH = 150, 25
DIGITS_SPLIT = ("conv_2", "conv_3", "hidden", "head")
SOURCE_UPDATES, SOURCE_BATCH, SOURCE_RATE = 300, 32, 0.003
# From so many images a target set is drawn; what is left of the training split is test data.
DIGITS_POOL = 250

CLOTHING_TREATMENTS = tuple(name for name in TREATMENTS if name != "differential 2.6")
CLOTHING_RATES = (0.0001, 0.000316, 0.001, 0.00316, 0.01)
CLOTHING_UPDATES, CLOTHING_BATCH = 96, 32
CLOTHING_SPLIT = ("block_6_expand", "head")
IMAGE_SIZE, TARGET_IMAGES = 64, 500
# As above, but what is left of the training split is there to tune by.
CLOTHING_POOL = 2_500
CLOTHING_TUNING = (100, 101)


def digits_network():
    """Build a small convolutional network that gives logits for all ten digits.

    Returns:
        Its input and its output, to make models of.
    """
    import keras

    layers = keras.layers
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_1")(images)
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_2")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv_3")(x)
    x = layers.Dense(32, activation="relu", name="hidden")(layers.Flatten()(x))
    return images, layers.Dense(10, name="head")(x)


def differential_digits(
    *, sizes=(25, 100), names=TREATMENTS, rates=DIGITS_RATES, seeds=TWENTY_SEEDS, progress=True
):
    """Learn the digits 5 to 9 from a few images, after 0 to 4 or from scratch.

    The network has ten outputs. The source trains the first five of them, the target the last
    five, so that those of the source are still there afterwards: `source_accuracy` says what is
    left of it. Each seed has its own pre-training, its own target images and its own order.

    Args:
        sizes: Numbers of target images, at most 250.
        names: Which of `TREATMENTS` to train.
        rates: Rates of the head, with Adam.
        seeds: Seeds.
        progress: Show a bar.

    Returns:
        The `Runs`, labeled by treatment, size and rate: `"one rate, 25 images at 0.01"`. Each has
        one row: accuracy and loss on validation and test images of the target and on held-out ones
        of the source, and the `movement` of each group.
    """
    import keras

    from helpers import data, fine_tuning, training
    from helpers.training.progress import Bar

    source, target = (data.load("digits", classes=range(low, low + 5)) for low in (0, 5))
    pool, left = fine_tuning.parted(target.train, DIGITS_POOL)
    images, logits = digits_network()
    old, new = keras.Model(images, logits[:, :5]), keras.Model(images, logits[:, 5:])
    earlier = fine_tuning.FineTuning(old, DIGITS_SPLIT)
    on_source = fine_tuning.joined(source.validation, source.test)
    later = fine_tuning.FineTuning(
        new,
        DIGITS_SPLIT,
        {"val": target.validation, "test": fine_tuning.joined(target.test, left)},
        also=lambda: training.measure_on(on_source, "source")(old),
    )
    spreads = fine_tuning.treatments(len(later.groups))

    records, bar = {}, Bar(progress)
    for place, seed in enumerate(seeds):
        keras.utils.set_random_seed(seed)
        fresh = keras.Model(*digits_network()).get_weights()
        batches = fine_tuning.batches_of(source.train, SOURCE_UPDATES, SOURCE_BATCH, seed)
        earlier.run("source", seed, SOURCE_RATE, spreads["one rate"], fresh, batches)
        trained = old.get_weights()
        for size in sizes:
            few = fine_tuning.drawn(pool, size, seed)
            batches = fine_tuning.batches_of(few, DIGITS_UPDATES, DIGITS_BATCH, seed)
            for name in names:
                weights = fresh if name == "from scratch" else trained
                for rate in rates:
                    label = at_rate(f"{name}, {size} images", rate)
                    run = later.run(label, seed, rate, spreads[name], weights, batches)
                    records.setdefault(label, []).append(run)
        bar.show((place + 1) / len(seeds), f"seed {seed}")
    bar.close(f"{len(seeds)} seeds")
    about = later.about | {"updates": DIGITS_UPDATES, "batch_size": DIGITS_BATCH}
    return Runs(sum(records.values(), []), about)


def differential_clothing(
    *, names=CLOTHING_TREATMENTS, rates=CLOTHING_RATES, seeds=FIVE_SEEDS, progress=True
):
    """Learn ten kinds of clothing from 500 photographs, with what ImageNet taught a MobileNetV2.

    Alpha 0.35, 64 x 64 pixels, three groups: the first blocks, the last ones, the head. Batch
    normalization keeps its statistics, except from scratch. Each seed has its own 500 photographs.
    Rates are chosen with two other seeds, by 568 photographs that are used for nothing else.

    Args:
        names: Which of `CLOTHING_TREATMENTS` to train.
        rates: Rates of the head that each of them tries, with Adam.
        seeds: Seeds of the comparison.
        progress: Show a bar.

    Returns:
        The `Runs`. Labels of the tuning name a rate; those of the comparison do not. `test_` are
        the validation and the test images together, `val_` those to choose by.
        `about["tuned_rates"]` says what was chosen.
    """
    from helpers import data, fine_tuning, models
    from helpers.training.progress import Bar

    splits = data.load("clothing", image_size=IMAGE_SIZE)
    pool, rest = fine_tuning.parted(splits.train, CLOTHING_POOL)
    test = fine_tuning.joined(splits.validation, splits.test)
    base = models.frozen_base("MobileNetV2", IMAGE_SIZE)
    parts = {"frozen base": [_features(base, part) for part in (pool, rest, test)]}
    learners, done, bar = {}, [], Bar(progress)
    total = len(names) * (len(rates) * len(CLOTHING_TUNING) + len(seeds))

    def train(name, label, rate, seed):
        kind = name if name in ("from scratch", "frozen base") else "trained"
        if kind not in learners:
            learners[kind] = _ClothingLearner(kind, *parts.get(kind, (pool, rest, test)))
        done.append(learners[kind].run(name, label, rate, seed))
        bar.show(len(done) / total, f"{label}, seed {seed}")

    for name in names:
        for rate in rates:
            for seed in CLOTHING_TUNING:
                train(name, at_rate(name, rate), rate, seed)
    chosen = tuned(Runs(tuple(done)), "val_accuracy").about["tuned_rates"]
    for name in names:
        for seed in seeds:
            train(name, name, chosen[name], seed)
    bar.close(f"{len(done)} trainings")
    about = {"tuned_rates": chosen, "tuned_by": "val_accuracy", "updates": CLOTHING_UPDATES}
    own = learners[next(iter(learners))].network.about
    return Runs(tuple(done), own | about | {"batch_size": CLOTHING_BATCH})


class _ClothingLearner:
    """A network over the photographs, or over a base's features of them, and what it begins with.

    Args:
        kind: `"from scratch"`, `"frozen base"` (the head, over features) or `"trained"`.
        pool: The examples to draw from, and with them the others: to choose by, to test on.
    """

    def __init__(self, kind, pool, rest, test):
        from helpers import fine_tuning

        self._kind, self._pool = kind, pool
        at = () if kind == "frozen base" else CLOTHING_SPLIT
        held_out = {"val": rest, "test": test}
        self.network = fine_tuning.FineTuning(self._build(), at, held_out)
        self._weights = self.network.model.get_weights()

    def run(self, name, label, rate, seed):
        """Train once on the photographs that the seed draws."""
        from helpers import fine_tuning

        few = fine_tuning.drawn(self._pool, TARGET_IMAGES, seed)
        batches = fine_tuning.batches_of(few, CLOTHING_UPDATES, CLOTHING_BATCH, seed)
        phases = fine_tuning.treatments(len(self.network.groups))[name]
        return self.network.run(label, seed, rate, phases, self._start(seed), batches)

    def _start(self, seed):
        """Return the weights of a seed: all anew from scratch, else the head alone."""
        import keras

        keras.utils.set_random_seed(seed)
        if self._kind == "from scratch":
            return self._build().get_weights()
        head = self.network.model.layers[-1]
        fresh = keras.layers.Dense(head.units)
        fresh.build(head.input.shape)
        return [*self._weights[:-2], *fresh.get_weights()]

    def _build(self):
        import keras

        from helpers import models

        if self._kind == "frozen base":
            inputs = outputs = keras.Input(self._pool[0].shape[1:])
        else:
            weights = None if self._kind == "from scratch" else "imagenet"
            base = models.frozen_base("MobileNetV2", IMAGE_SIZE, weights=weights)
            models.unfreeze_base(base, normalization=weights is None)
            inputs, outputs = base.input, base.output
        return keras.Model(inputs, keras.layers.Dense(10, name="head")(outputs))


def _features(base, part):
    from helpers import training

    return training.cache_features(base, part, progress=False)


EXPERIMENTS = (
    Experiment(
        "differential_digits",
        "from 0 to 4 on to 5 to 9: six treatments, two target sizes, five rates, 20 seeds",
        differential_digits,
        {"sizes": (25,), "names": ("frozen base", "differential 2.6"), "rates": (0.01,)}
        | {"seeds": (7,)},
        "digits: 25 or 100 target images; 129 to choose by and 517 to test on",
        needs_files=False,
    ),
    Experiment(
        "differential_clothing",
        "500 photographs of clothing, MobileNetV2 from ImageNet: five treatments, five seeds",
        differential_clothing,
        {"names": ("frozen base",), "rates": (0.00316,), "seeds": (0,)},
        "clothing-dataset-small: 500 of 2,500 training photographs, 568 to choose by, 713 to test "
        "on; weights of MobileNetV2",
    ),
)
