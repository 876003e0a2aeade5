"""Cached features against source C's loop over the whole frozen model, photographs of clothing.

Run with `LEARNING_RATE_DATA=FOLDER python -m tests.benchmarks.sweep_clothing`; takes some minutes.
Four rates x 10 epochs, MobileNetV2 (alpha 0.35), 150 x 150, batches of 32, Adam, seed 0. Both
sides start with the photographs in memory and train the same heads in the same order.
"""

import os
import statistics
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras

from helpers import data, models
from helpers.experiments.sweeps import CLOTHING_RATES
from helpers.training import cache_features, sweep
from tests.benchmarks.table import Row, show

EPOCHS = 10


def whole_model(rate, splits):
    """Fit base and head together, as the source does; return the validation accuracies."""
    base = models.frozen_base("MobileNetV2", 150)
    keras.utils.set_random_seed(0)
    model = models.build_on_base(base, len(splits.class_names))
    model.optimizer.learning_rate = rate
    fitted = model.fit(*splits.train, epochs=EPOCHS, validation_data=splits.validation, verbose=0)
    return fitted.history["val_accuracy"]


def cached(splits):
    """Run the base once, then sweep all rates over its features."""
    base = models.frozen_base("MobileNetV2", 150)
    features = cache_features(base, splits, progress=False)
    shape, classes = features.train[0].shape[1:], len(splits.class_names)
    return sweep(
        lambda: models.build_head(shape, classes),
        CLOTHING_RATES,
        features.train,
        features.validation,
        epochs=EPOCHS,
        progress=False,
    )


def rows():
    """Alternate the two, one rate of the loop at a time; yield the ratio and the accuracies."""
    # The loop uses no test photographs, so the other side gets ten, the fewest there can be.
    splits = data.load("clothing", image_size=150, limit=(None, None, 10))
    slow, fast, apart = [], [], []
    for rate in CLOTHING_RATES:
        began = time.perf_counter()
        runs = cached(splits)
        fast.append(time.perf_counter() - began)
        began = time.perf_counter()
        accuracy = whole_model(rate, splits)[-1]
        slow.append(time.perf_counter() - began)
        ours = runs.history(rate, 0)["val_accuracy"][-1]
        apart.append(abs(accuracy - ours))
        print(
            f"rate {rate}: whole model {slow[-1]:.1f} s, last val_accuracy {accuracy:.4f}; "
            f"all four cached {fast[-1]:.1f} s, {ours:.4f}",
            flush=True,
        )
    once = statistics.median(fast)
    words = f"{sum(slow) / once:.1f} times faster ({sum(slow):.0f} s, {once:.1f} s)"
    yield Row("loop over the whole model / cached features", words, "at least 25, hoped for 35")
    words = f"at most {max(apart):.4f} apart"
    yield Row("last validation accuracies of both", words, "equal within the spread over seeds")


if __name__ == "__main__":
    show(rows())
