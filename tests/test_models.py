"""The networks: what goes in and comes out, what is frozen, what is refused."""

import keras
import numpy as np
import pytest

from helpers import models
from helpers.data import DataSplits
from helpers.training import cache_features, sweep


def images(count=8, size=32, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.uniform(size=(count, size, size, 3)).astype("float32")
    return x, np.arange(count) % 2


@pytest.mark.parametrize("build", [models.build_dense_net, models.build_convnet])
def test_small_nets_are_compiled_and_give_logits(build):
    model = build((6, 7, 3), classes=4)
    assert model.predict(np.zeros((2, 6, 7, 3)), verbose=0).shape == (2, 4)
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.optimizer.momentum == 0.9
    assert model.get_compile_config()["loss"]["config"]["from_logits"] is True


def test_optimizers_by_name_or_function_and_new_for_each_model():
    assert isinstance(models.build_head((4,), optimizer="adam").optimizer, keras.optimizers.Adam)
    make = lambda: keras.optimizers.RMSprop(0.5)  # noqa: E731 - the point is a function without a name
    first, second = (models.build_head((4,), optimizer=make) for _ in range(2))
    assert first.optimizer is not second.optimizer
    with pytest.raises(TypeError, match="each model needs its own"):
        models.build_head((4,), optimizer=keras.optimizers.SGD(0.1))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: models.build_dense_net((8, 8)), ValueError),
        (lambda: models.build_dense_net(classes=1), ValueError),
        (lambda: models.build_dense_net(hidden=(0,)), ValueError),
        (lambda: models.build_convnet(width=1.5), TypeError),
        (lambda: models.frozen_base("VGG"), ValueError),
        (lambda: models.frozen_base("Xception", 40, weights=None), ValueError),
        (lambda: models.frozen_base("MobileNetV2", 16, weights=None), ValueError),
        (lambda: models.frozen_base("MobileNetV2", 32, weights="missing.h5"), ValueError),
        (lambda: models.cut_head(3), TypeError),
        (lambda: models.build_on_base("MobileNetV2"), TypeError),
    ],
)
def test_bad_arguments_are_refused(call, error):
    with pytest.raises(error):
        call()


@pytest.mark.parametrize(("name", "channels"), [("MobileNetV2", 1280), ("ResNet50", 2048)])
def test_frozen_bases_preprocess_inside(name, channels):
    """Raw images in [0, 1] give what the network itself gives for preprocessed ones."""
    keras.utils.set_random_seed(0)
    base = models.frozen_base(name, 32, weights=None)
    assert not base.trainable_variables
    x, _ = images(2)
    features = base.predict(x, verbose=0)
    assert features.shape == (2, channels)
    network = next(layer for layer in base.layers if isinstance(layer, keras.Model))
    module = getattr(keras.applications, models.BASES[name].module)
    expected = network.predict(module.preprocess_input(255 * x), verbose=0)
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)


def test_weights_that_cannot_be_had_say_what_to_do(monkeypatch):
    def offline(*arguments, **options):
        raise OSError("no route")

    monkeypatch.setattr(keras.applications.mobilenet_v2, "MobileNetV2", offline)
    with pytest.raises(RuntimeError, match=r"no_top\.h5 into the folder models/"):
        models.frozen_base("MobileNetV2", 32)


def test_cut_head_shares_layers_and_is_frozen():
    model = models.build_dense_net()
    base = models.cut_head(model)
    assert base.output_shape == (None, 32)
    assert not base.trainable_variables
    x = np.random.default_rng(0).uniform(size=(3, 8, 8, 1)).astype("float32")
    logits = base.predict(x, verbose=0) @ model.layers[-1].kernel.numpy()
    np.testing.assert_allclose(logits, model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)


def base_with_batch_norm():
    keras.utils.set_random_seed(5)
    layers = [
        keras.Input((8, 8, 3)),
        keras.layers.Conv2D(4, 3),
        keras.layers.BatchNormalization(),
        keras.layers.GlobalAveragePooling2D(),
    ]
    base = keras.Sequential(layers)
    base.trainable = False
    return base


def test_sweep_of_cached_features_is_the_sweep_of_the_whole_frozen_model():
    base = base_with_batch_norm()
    train, validation = images(20, 8), images(8, 8, seed=1)
    options = {"epochs": 3, "batch_size": 8, "seeds": (0, 1), "progress": False}
    cached = [
        cache_features(base, part, batch_size=8, progress=False) for part in (train, validation)
    ]
    head = sweep(lambda: models.build_head((4,), 2), [0.01, 0.1], *cached, **options)
    whole = sweep(lambda: models.build_on_base(base, 2), [0.01, 0.1], train, validation, **options)
    for run in whole.runs:
        for name, values in run.history.items():
            ours = head.history(run.label, run.seed)[name]
            np.testing.assert_allclose(ours, values, rtol=1e-4, atol=1e-5, err_msg=name)


def test_features_keep_labels_weights_and_splits():
    base = base_with_batch_norm()
    x, y = images(5, 8)
    weights = np.arange(5.0)
    features, labels, kept = cache_features(base, (x, y, weights), batch_size=2, progress=False)
    assert features.shape == (5, 4)
    np.testing.assert_array_equal(labels, y)
    np.testing.assert_array_equal(kept, weights)
    splits = DataSplits((x, y), (x[:2], y[:2]), (x[:3], y[:3]), ("a", "b"))
    cached = cache_features(base, splits, progress=False)
    assert [len(part[0]) for part in (cached.train, cached.validation, cached.test)] == [5, 2, 3]
    assert cached.class_names == ("a", "b")
    np.testing.assert_allclose(cached.train[0], features, rtol=1e-5, atol=1e-6)


def test_features_of_a_data_set_and_refusals():
    import tensorflow as tf

    base = base_with_batch_norm()
    x, y = images(5, 8)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(2)
    features, labels = cache_features(base, data, progress=False)
    assert features.shape == (5, 4)
    np.testing.assert_array_equal(labels, y)
    with pytest.raises(TypeError, match="Keras model"):
        cache_features("base", (x, y))
    with pytest.raises(TypeError, match="DataSplits"):
        cache_features(base, x)
    with pytest.raises(ValueError, match="empty"):
        cache_features(base, (x[:0], y[:0]), progress=False)


def test_xception_builds_caches_and_sweeps_on_eight_images():
    """The source's own base, with weights=None: the code path of the stored experiment."""
    base = models.frozen_base("Xception", 150, weights=None)
    features, labels = cache_features(base, images(8, 150), batch_size=4, progress=False)
    assert features.shape == (8, 2048)
    runs = sweep(
        lambda: models.build_head((2048,), 2),
        [0.001, 0.01],
        (features, labels),
        epochs=1,
        progress=False,
    )
    assert runs.labels == [0.001, 0.01]
