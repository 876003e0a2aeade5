"""`source_a`: the experiment whole, at the size of a GPU, or at one that only shows it runs."""

import dataclasses
from dataclasses import dataclass

from helpers import data, layerwise, models, training
from helpers.schedules import Constant, WarmRestarts
from helpers.source_a.network import build_in_groups, build_upsampled_base

# The source's own rates are 1e-7, 1e-4 and 1e-2: the first layers hardly move.
SOURCE_RATE = 1e-2
SOURCE_MULTIPLIERS = (1e-5, 1e-2, 1.0)
ONE_RATE = (1.0, 1.0, 1.0)
NO_CLAIM = (
    "A smoke run: few images, random weights. It shows that the code runs, and nothing about any "
    "technique."
)


@dataclass(frozen=True)
class Size:
    """How large the experiment is.

    Attributes:
        base: `"ResNet50"` or `"MobileNetV2"`.
        weights: As for `helpers.models.frozen_base`.
        image_size: Side in pixels to which the photographs are enlarged: 32, 64, 96 and so on.
        limit: As for `helpers.data.load`: images to keep of each split; None for all.
        cycle_epochs: Epochs of each cycle, each twice as long as the one before. Training ends
            with the last of them.
        batch_size: Images of one update.
    """

    base: str
    weights: str | None
    image_size: int
    limit: tuple | None
    cycle_epochs: tuple = (1, 2)
    batch_size: int = 32

    @property
    def epochs(self):
        """Passes over the images."""
        return sum(self.cycle_epochs)


SIZES = {
    "full": Size("ResNet50", "imagenet", 128, None, (1, 2, 4), 64),
    "quick": Size("ResNet50", None, 32, (160, 80, 80)),
}


@dataclass(frozen=True)
class Policy:
    """How the rates are spread over the groups, and how they move.

    Attributes:
        rate: The rate of the head, at its highest.
        multipliers: Rates of the three groups over the head's. None: only the head is trained, on
            features of the base, which is run once for each image.
        restarts: Cosines with restarts to 0, in cycles that double; else the rates stay.
    """

    rate: float
    multipliers: tuple | None = ONE_RATE
    restarts: bool = True

    def schedule(self, updates_per_epoch, cycle_epochs):
        """Return the schedule of the head's rate."""
        if not self.restarts:
            return Constant(self.rate)
        return WarmRestarts(self.rate, cycle_epochs[0] * updates_per_epoch, cycle_mult=2)


# The source's own, and what most people would do instead.
POLICIES = {
    "source A": Policy(SOURCE_RATE, SOURCE_MULTIPLIERS),
    "one rate, constant": Policy(1e-4, restarts=False),
}


def source_a(size="quick", *, names=tuple(POLICIES), seeds=(0,), progress=True):
    """Run source A's experiment: ResNet50 on CIFAR-10, three rates, restarts that double, Adam.

    The source trains cycles of 1, 2 and 4 epochs for five epochs, which stops in mid-cycle; here
    training ends with a cycle. Beside it stands the same network with one rate that stays.

    Args:
        size: `"full"`: all images at 128 x 128 pixels, ImageNet weights, seven epochs; for a GPU.
            `"quick"`: 160 images as they are, random weights, three epochs; a smoke run.
        names: Which of `POLICIES` to train.
        seeds: Seeds of the head and of the order.
        progress: Show bars.

    Returns:
        The `Runs`, labeled by policy, as of `train`.

    Raises:
        ValueError: If the size or a name is not known.
        DataError: If CIFAR-10 is not there; see `helpers.data.load`.
        RuntimeError: If ImageNet weights are wanted and cannot be downloaded.
    """
    if size not in SIZES:
        raise ValueError(f"size is {size!r}; allowed are {', '.join(map(repr, SIZES))}.")
    unknown = set(names) - set(POLICIES)
    if unknown:
        raise ValueError(f"names holds {sorted(unknown)}; allowed are {list(POLICIES)}.")
    policies = {name: POLICIES[name] for name in names}
    runs = train(SIZES[size], policies, seeds=seeds, progress=progress)
    note = {"note": NO_CLAIM} if SIZES[size].weights is None else {}
    return dataclasses.replace(runs, about=runs.about | {"size": size} | note)


def train(size, policies, *, seeds=(0,), progress=True):
    """Fine-tune the network with each policy and each seed.

    Args:
        size: A `Size`.
        policies: Dict of name to `Policy`.
        seeds: Seeds of the head and of the order.
        progress: Show a bar for each choice of multipliers.

    Returns:
        The `Runs`, labeled by policy, measured on validation and test images after every epoch;
        `group_rates` are the rates of the last update, from the first layers to the head, where
        the whole network is trained.

    Raises:
        ValueError: If there is no policy.
        DataError: As for `source_a`.
        RuntimeError: As for `source_a`.
    """
    if not policies:
        raise ValueError("There is no policy to train; give one or more.")
    splits = data.load("cifar10", limit=size.limit)
    parts = []
    for multipliers in dict.fromkeys(policy.multipliers for policy in policies.values()):
        own = {name: each for name, each in policies.items() if each.multipliers == multipliers}
        if multipliers is None:
            parts.append(_head_alone(size, own, splits, seeds, progress))
        else:
            parts.append(_whole_network(size, multipliers, own, splits, seeds, progress))
    return parts[0].concat(*parts[1:])


def _head_alone(size, policies, splits, seeds, progress):
    """Run the frozen base once for each image, and train the head on what it gives."""
    base = build_upsampled_base(size.base, size.image_size, weights=size.weights)
    features = training.cache_features(base, splits, progress=progress)
    shape = features.train[0].shape[1:]
    return _compared(lambda: models.build_head(shape), size, policies, features, seeds, progress)


def _whole_network(size, multipliers, policies, splits, seeds, progress):
    def build():
        return build_in_groups(size.base, size.image_size, multipliers, weights=size.weights)

    return _compared(build, size, policies, splits, seeds, progress, _group_rates)


def _compared(build_model, size, policies, splits, seeds, progress, further=None):
    """Train a model with each policy's schedule; `further` adds to what is measured."""
    updates = -(-len(splits.train[1]) // size.batch_size)
    on_test = training.measure_on(splits.test)
    return training.compare(
        build_model,
        {name: each.schedule(updates, size.cycle_epochs) for name, each in policies.items()},
        splits.train,
        splits.validation,
        epochs=size.epochs,
        batch_size=size.batch_size,
        seeds=seeds,
        measure=lambda model: on_test(model) | (further(model) if further else {}),
        progress=progress,
    )


def _group_rates(model):
    return {"group_rates": layerwise.rates(model)}
