"""Cached features against the source's loop over the whole frozen model, photographs of clothing.

Run with `LEARNING_RATE_DATA=FOLDER python -m tests.benchmarks.sweep_clothing`; takes some minutes.
Four rates x 10 epochs, MobileNetV2 (alpha 0.35), 150 x 150, batches of 32, Adam, seed 0. Both
sides start with the photographs in memory and train the same heads in the same order.
"""

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras

from helpers import data, models
from helpers.training import cache_features, sweep
from tests.benchmarks.table import Row, in_turn, medians, show

# Those of the course page's experiment.
RATES, EPOCHS = (0.0001, 0.001, 0.01, 0.1), 10


def whole_model(rate, splits):
    """Fit base and head together, as the source does; return the last validation accuracy."""
    base = models.frozen_base("MobileNetV2", 150)
    keras.utils.set_random_seed(0)
    head = models.build_head(base.output_shape[1:], len(splits.class_names))
    model = models.compiled(keras.Sequential([base, head]), "adam")
    model.optimizer.learning_rate = rate
    fitted = model.fit(*splits.train, epochs=EPOCHS, validation_data=splits.validation, verbose=0)
    return fitted.history["val_accuracy"][-1]


def cached(splits):
    """Run the base once, then sweep all rates over its features; return the accuracies."""
    features = cache_features(models.frozen_base("MobileNetV2", 150), splits, progress=False)
    shape, classes = features.train[0].shape[1:], len(splits.class_names)
    runs = sweep(
        lambda: models.build_head(shape, classes),
        *(RATES, features.train, features.validation),
        epochs=EPOCHS,
        progress=False,
    )
    return {rate: runs.history(rate, 0)["val_accuracy"][-1] for rate in RATES}


def rows():
    """Alternate the two, one rate of the loop at a time; yield the ratio and the accuracies."""
    # The loop uses no test photographs, so the other side gets ten, the fewest there can be.
    splits = data.load("clothing", image_size=150, limit=(None, None, 10))
    slow, ours, works = {}, {}, {}
    for rate in RATES:
        works[rate] = lambda rate=rate: slow.update({rate: whole_model(rate, splits)})
        works[f"cached {rate}"] = lambda: ours.update(cached(splits))
    taken = medians(in_turn(works, rounds=1))
    whole = sum(taken[rate] for rate in RATES)
    once = sum(taken[f"cached {rate}"] for rate in RATES) / len(RATES)
    words = f"{whole / once:.1f} times faster ({whole:.0f} s, {once:.1f} s)"
    yield Row("loop over the whole model / cached features", words, "at least 35")
    apart = max(abs(slow[rate] - ours[rate]) for rate in RATES)
    yield Row("last validation accuracies of both", f"{apart:.4f} apart", "none")


if __name__ == "__main__":
    show(rows())
