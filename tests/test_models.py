"""Networks: compiled alike, and the caller's models stay as they are."""

import keras
import numpy as np
import pytest

from helpers import models


@pytest.mark.parametrize(
    "build",
    [models.build_dense_net, models.build_convnet, lambda **o: models.build_head((3,), **o)],
)
@pytest.mark.parametrize("optimizer", [None, "adam", lambda: keras.optimizers.AdamW(0.5)])
def test_every_network_gives_logits_and_takes_a_name_or_an_optimizer(build, optimizer):
    optimizer = optimizer() if callable(optimizer) else optimizer
    model = build(optimizer=optimizer)
    assert model.loss.name == "sparse_categorical_crossentropy"
    x = np.random.default_rng(0).normal(size=(16, *model.input_shape[1:])).astype("float32")
    model.fit(x, np.arange(16) % 10, verbose=0)
    assert (model.predict(x, verbose=0) < 0).any()
    assert model.optimizer is optimizer or not isinstance(optimizer, keras.optimizers.Optimizer)


def test_a_published_base_takes_raw_images_and_is_frozen():
    base = models.frozen_base("MobileNetV2", (32, 48), weights=None)
    features = base.predict(np.random.default_rng(0).random((2, 32, 48, 3)), verbose=0)
    assert features.shape == (2, 1280)
    assert base.trainable_variables == []
    whole = keras.Sequential([base, models.build_head((1280,))])
    assert len(whole.trainable_variables) == 2


def test_a_size_that_is_too_small_is_no_problem_of_the_network():
    with pytest.raises(ValueError, match="at least 71"):
        models.frozen_base("Xception", 60)
    with pytest.raises(ValueError, match="known are"):
        models.frozen_base("VGG")
    with pytest.raises(ValueError, match="path to the weights"):
        models.frozen_base("MobileNetV2", 64, weights="/no/such/file.h5")


def test_without_weights_and_network_it_says_what_to_do():
    with pytest.raises(RuntimeError, match="Offline: put the file.*weights=None"):
        models.frozen_base("MobileNetV2", 64)


def test_weights_are_taken_from_the_data_folder(real_data):
    keras.utils.set_random_seed(0)
    learned, random = (models.frozen_base("MobileNetV2", 64, weights=w) for w in ("imagenet", None))
    assert not np.allclose(learned.get_weights()[0], random.get_weights()[0])
