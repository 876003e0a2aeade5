"""What is too large to run in a lesson: measured by one command, stored, drawn by the lesson."""

import dataclasses
import datetime
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "notebooks" / "results"

CLOTHING_RATES = (0.0001, 0.001, 0.01, 0.1)
# Two rates a decade, from 0.001 to 3.16.
DIGITS_RATES = tuple(round(10 ** (-3 + place / 2), 8) for place in range(8))
FIVE_SEEDS = (0, 1, 2, 3, 4)
TWENTY_SEEDS = tuple(range(20))


@dataclass(frozen=True)
class Experiment:
    """A stored experiment.

    Attributes:
        name: Name of the command's argument and of the file under `notebooks/results/`.
        summary: What it measures, in one line.
        measure: Function that runs it and returns the record; keyword arguments choose a part.
        part: Arguments of a small part, which a test runs again and compares with what is stored.
        data: The data it needs, in words.
        needs_files: Whether these data lie in files that the course does not hold.
    """

    name: str
    summary: str
    measure: Callable
    part: dict = field(default_factory=dict)
    data: str = ""
    needs_files: bool = True

    @property
    def path(self):
        """Where the result is stored."""
        return RESULTS / f"{self.name}.json"

    def run(self, progress=True, **part):
        """Run the whole experiment, or the part that the arguments choose.

        Args:
            progress: Show a bar.
            **part: Arguments of `measure`, in place of its defaults.

        Returns:
            The record, with how it was made in `about`.
        """
        began = time.perf_counter()
        result = self.measure(progress=progress, **part)
        made = {
            "command": f"python -m helpers experiments {self.name}",
            "data": self.data,
            "seeds": list(result.seeds),
            "date": datetime.date.today().isoformat(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "wall_seconds": round(time.perf_counter() - began, 1),
        }
        return dataclasses.replace(result, about=result.about | made)


def clothing_sweep(
    *, rates=CLOTHING_RATES, seeds=FIVE_SEEDS, base="MobileNetV2", epochs=10, progress=True
):
    """Sweep the rate of a dense layer on a frozen ImageNet base, over photographs of clothing.

    Source C's experiment: 150 x 150 photographs in ten classes, pooled features, a dense layer
    that gives logits, Adam, batches of 32, ten epochs for each rate.

    Args:
        rates: Learning rates.
        seeds: Seeds of the dense layer and of the order.
        base: Name of the base for `models.frozen_base`; the source's own is `"Xception"`.
        epochs: Passes over the photographs.
        progress: Show bars.

    Returns:
        The `Runs`.
    """
    from helpers import data, models, training

    splits = data.load("clothing", image_size=150)
    features = training.cache_features(models.frozen_base(base, 150), splits, progress=progress)
    shape, classes = features.train[0].shape[1:], len(splits.class_names)
    runs = training.sweep(
        lambda: models.build_head(shape, classes),
        rates,
        features.train,
        features.validation,
        epochs=epochs,
        seeds=seeds,
        progress=progress,
    )
    return dataclasses.replace(runs, about=runs.about | {"base": base, "base_weights": "imagenet"})


def digits_sweep(*, rates=DIGITS_RATES, seeds=TWENTY_SEEDS, epochs=10, progress=True):
    """Sweep the rate of the dense net on the digits: lesson 01's own sweep, with 20 seeds.

    Args:
        rates: Learning rates.
        seeds: Seeds of weights and order; the split of the data stays the same.
        epochs: Passes over the digits.
        progress: Show a bar.

    Returns:
        The `Runs`.
    """
    from helpers import data, models, training

    splits = data.load("digits")
    return training.sweep(
        models.build_dense_net,
        rates,
        splits.train,
        splits.validation,
        epochs=epochs,
        seeds=seeds,
        progress=progress,
    )


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "digits_sweep",
            "eight rates on the digits, dense net, 20 seeds: where lesson 01's bands come from",
            digits_sweep,
            {"rates": (0.01,), "seeds": (7,)},
            "digits: 1,280 training and 257 validation images",
            needs_files=False,
        ),
        Experiment(
            "clothing_sweep",
            "four rates on a frozen MobileNetV2, 150 x 150 photographs of clothing, five seeds",
            clothing_sweep,
            {"rates": (0.001,), "seeds": (0,)},
            "clothing-dataset-small: 3,068 training and 341 validation photographs",
        ),
    )
}
