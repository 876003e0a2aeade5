"""The networks: what goes in and comes out, what is frozen, what is refused."""

from functools import partial

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


SMALL_NETS = {
    "dense": models.build_dense_net,
    "convolutional": models.build_convnet,
    "sigmoid": models.build_sigmoid_net,
    "residual": models.build_residual_net,
    "stochastic depth": partial(models.build_residual_net, survival=0.5),
    "densely connected": models.build_densely_connected_net,
}


@pytest.mark.parametrize("build", SMALL_NETS.values(), ids=SMALL_NETS)
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
        (lambda: models.build_sigmoid_net(hidden=(8, -1)), ValueError),
        (lambda: models.build_residual_net(blocks=0), ValueError),
        (lambda: models.build_residual_net(survival=0), ValueError),
        (lambda: models.build_residual_net(survival=True), TypeError),
        (lambda: models.build_densely_connected_net(growth="8"), TypeError),
        (lambda: models.StochasticDepth(1.1), ValueError),
        (lambda: models.StochasticDepth("half"), TypeError),
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


# What one batch normalization has: scale, shift, moving mean and moving variance per channel.
NORMALIZATION = 4


def test_parameters_of_a_sigmoid_net_are_those_counted_by_hand():
    plain = models.build_sigmoid_net((6, 7, 3), 5, hidden=(10, 20), batch_normalization=False)
    assert plain.count_params() == (126 + 1) * 10 + (10 + 1) * 20 + (20 + 1) * 5
    normalized = models.build_sigmoid_net((6, 7, 3), 5, hidden=(10, 20))
    of_layers = 126 * 10 + 10 * 20 + NORMALIZATION * (10 + 20)
    assert normalized.count_params() == of_layers + (20 + 1) * 5
    activations = [getattr(layer, "activation", None) for layer in normalized.layers]
    assert activations.count(keras.activations.sigmoid) == 2


@pytest.mark.parametrize(("width", "blocks", "survival"), [(5, 1, 1.0), (4, 3, 0.5)])
def test_parameters_of_a_residual_net_are_those_counted_by_hand(width, blocks, survival):
    model = models.build_residual_net((9, 6, 3), 7, width=width, blocks=blocks, survival=survival)
    first = 9 * 3 * width + NORMALIZATION * width
    block = 2 * (9 * width * width + NORMALIZATION * width)
    assert model.count_params() == first + blocks * block + (width + 1) * 7


@pytest.mark.parametrize(("growth", "layers"), [(3, 1), (4, 3)])
def test_parameters_of_a_densely_connected_net_are_those_counted_by_hand(growth, layers):
    model = models.build_densely_connected_net((9, 6, 3), 7, growth=growth, layers=layers)
    seen = [(2 + place) * growth for place in range(layers + 1)]
    first = 9 * 3 * 2 * growth
    block = sum(NORMALIZATION * channels + 9 * channels * growth for channels in seen[:-1])
    assert model.count_params() == first + block + NORMALIZATION * seen[-1] + (seen[-1] + 1) * 7


def test_early_blocks_survive_more_often():
    model = models.build_residual_net(blocks=4, survival=0.6)
    survivals = [
        layer.survival for layer in model.layers if isinstance(layer, models.StochasticDepth)
    ]
    assert survivals == pytest.approx([0.9, 0.8, 0.7, 0.6])


def test_stochastic_depth_keeps_or_drops_a_whole_batch_as_often_as_it_says():
    layer = models.StochasticDepth(0.7, seed=1)
    batch = np.random.default_rng(0).normal(size=(3, 2, 2, 4)).astype("float32")
    kept = []
    for _ in range(600):
        result = layer(batch, training=True).numpy()
        kept.append(bool(result.any()))
        np.testing.assert_array_equal(result, batch * kept[-1])
    # Four standard deviations of a binomial share.
    assert abs(np.mean(kept) - 0.7) < 4 * np.sqrt(0.7 * 0.3 / 600)
    again = models.StochasticDepth(0.7, seed=1)
    assert [bool(again(batch, training=True).numpy().any()) for _ in range(20)] == kept[:20]


def test_stochastic_depth_in_inference_is_its_expectation_and_draws_nothing():
    layer = models.StochasticDepth(0.25, seed=1)
    before = layer.seed_generator.state.numpy()
    for _ in range(2):
        np.testing.assert_array_equal(layer(np.full((2, 3), 8.0, "float32"), training=False), 2)
    np.testing.assert_array_equal(layer.seed_generator.state.numpy(), before)


def branch_ends(model):
    """Return the last normalization of each block."""
    norms = [each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)]
    return norms[2::2]


def test_a_net_with_stochastic_depth_predicts_like_a_plain_one_with_weaker_branches():
    keras.utils.set_random_seed(0)
    deep = models.build_residual_net(width=4, blocks=2, survival=0.4)
    x = np.random.default_rng(0).uniform(size=(32, 8, 8, 1)).astype("float32")
    deep.fit(x, np.arange(32) % 10, epochs=2, verbose=0)
    plain = models.build_residual_net(width=4, blocks=2)
    plain.set_weights(deep.get_weights())
    for norm, survival in zip(branch_ends(plain), (0.7, 0.4), strict=True):
        norm.gamma.assign(survival * norm.gamma)
        norm.beta.assign(survival * norm.beta)
    ours, expected = (model.predict(x, verbose=0) for model in (deep, plain))
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_a_saved_net_with_stochastic_depth_predicts_the_same_and_trains_on(tmp_path):
    model = models.build_residual_net(width=4, blocks=2, survival=0.5)
    x = np.random.default_rng(0).uniform(size=(32, 8, 8, 1)).astype("float32")
    y = np.arange(32) % 10
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(model.predict(x, verbose=0), loaded.predict(x, verbose=0))
    layers = [[each.get_config() for each in net.layers] for net in (model, loaded)]
    assert layers[0] == layers[1]
    before = loaded.get_weights()
    loaded.fit(x, y, epochs=2, verbose=0)
    assert not np.array_equal(before[0], loaded.get_weights()[0])


def test_runs_of_one_seed_drop_the_same_blocks():
    x = np.random.default_rng(0).uniform(size=(32, 8, 8, 1)).astype("float32")
    runs = sweep(
        lambda: models.build_residual_net(width=4, blocks=1, survival=0.5),
        [0.01, 0.01001],
        (x, np.arange(32) % 10),
        epochs=6,
        batch_size=16,
        progress=False,
    )
    losses = [runs.history(label, 0)["loss"] for label in runs.labels]
    np.testing.assert_allclose(*losses, rtol=0.01)


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


@pytest.mark.parametrize("normalization", [False, True])
def test_an_unfrozen_base_is_trained_and_keeps_its_statistics_unless_asked(normalization):
    base = models.frozen_base("MobileNetV2", 32, weights=None)
    models.unfreeze_base(base, normalization=normalization)
    model = models.compiled(keras.Model(base.input, keras.layers.Dense(2)(base.output)))
    trained = {each.path for each in base.trainable_variables}
    assert any(path.endswith("kernel") for path in trained)
    assert any(path.endswith("gamma") for path in trained) is normalization
    statistics = [each for each in base.weights if "moving" in each.path]
    before = [each.numpy() for each in statistics]
    model.fit(*images(), verbose=0)
    moved = any(np.any(old != new.numpy()) for old, new in zip(before, statistics))
    assert moved is normalization


def test_only_a_model_can_be_unfrozen():
    with pytest.raises(TypeError, match="give a Keras model"):
        models.unfreeze_base("MobileNetV2")


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
