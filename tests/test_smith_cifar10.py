"""Smith's CIFAR-10 experiment: the net and the update are Caffe's; a stop changes nothing."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.results import Runs
from helpers.schedules import Constant
from helpers.smith_cifar10 import POLICIES, build_caffe_net, curves, experiment, smith_cifar10
from helpers.smith_cifar10.network import WithinChannelNormalization
from helpers.smith_cifar10.policies import Policy
from helpers.smith_cifar10.training import BATCH_SIZE, Images, Training

PATH = "smith.npz"


@pytest.fixture(scope="module")
def images():
    """Three batches of noise, and a test set that is no multiple of anything."""
    draw = np.random.default_rng(0)
    x, y = draw.integers(0, 256, (370, 8, 8, 3), "uint8"), draw.integers(0, 10, 370)
    return Images(x[:300], y[:300], x[300:], y[300:])


@pytest.fixture
def small(images, monkeypatch, tmp_path):
    """Let the experiment read these images, in a folder of its own."""
    monkeypatch.setattr(experiment, "_load_images", lambda: images)
    monkeypatch.chdir(tmp_path)


def ignore(made):
    pass


class Stop(KeyboardInterrupt):
    """A kill, at a chosen moment."""


def stop_after(monkeypatch, saves):
    """Let the experiment be killed once it has written its checkpoint so many times."""
    write, written = experiment.write_checkpoint, []

    def write_and_stop(path, checkpoint):
        write(path, checkpoint)
        written.append(path)
        if len(written) == saves:
            raise Stop

    monkeypatch.setattr(experiment, "write_checkpoint", write_and_stop)


def neighbors(x, place):
    """Return the 3x3 neighborhood of a place, as far as it lies inside."""
    image, row, column, channel = place
    rows, columns = slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2)
    return x[image, rows, columns, channel]


def test_normalization_divides_by_a_power_of_the_mean_square_nearby():
    x = np.random.default_rng(1).normal(0, 200, (2, 5, 4, 3)).astype("float32")
    expected = np.empty_like(x)
    for place in np.ndindex(x.shape):
        mean = np.square(neighbors(x, place).astype("float64")).sum() / 9
        expected[place] = x[place] / (1 + 5e-5 * mean) ** 0.75
    assert np.abs(expected - x).max() > 50
    np.testing.assert_allclose(WithinChannelNormalization()(x), expected, rtol=1e-5)


def test_the_net_has_the_sizes_of_caffe():
    net = build_caffe_net()
    pools = [layer.output.shape[1:] for layer in net.layers if "Pooling" in type(layer).__name__]
    assert pools == [(16, 16, 32), (8, 8, 32), (4, 4, 64)]
    names = [type(layer).__name__.removesuffix("2D") for layer in net.layers]
    norm = "WithinChannelNormalization"
    assert names == [
        *("Conv", "MaxPooling", "ReLU", norm),
        *("Conv", "ReLU", "AveragePooling", norm),
        *("Conv", "ReLU", "AveragePooling", "Flatten", "Dense"),
    ]
    assert net.count_params() == 2432 + 25632 + 51264 + 10250


@pytest.mark.parametrize(("place", "pool"), [(1, np.max), (6, np.mean), (10, np.mean)])
def test_the_last_window_of_a_pool_reaches_over_the_edge_and_counts_what_it_covers(place, pool):
    layer = build_caffe_net().layers[place]
    size, channels = layer.input.shape[1], layer.input.shape[3]
    x = np.random.default_rng(2).normal(size=(1, size, size, channels)).astype("float32") - 5
    starts = range(0, size, 2)
    expected = [
        [pool(x[0, row : row + 3, column : column + 3], axis=(0, 1)) for column in starts]
        for row in starts
    ]
    np.testing.assert_allclose(layer(x)[0], expected, rtol=1e-5)


def test_weights_start_with_the_deviations_of_caffe_and_biases_at_zero():
    variables = build_caffe_net(seed=5).trainable_variables
    for kernel, deviation in zip(variables[0::2], (0.0001, 0.01, 0.01, 0.01)):
        values = kernel.numpy()
        assert values.std() == pytest.approx(deviation, rel=0.05)
        assert abs(values.mean()) < 5 * deviation / math.sqrt(values.size)
    assert not any(np.any(bias.numpy()) for bias in variables[1::2])


def test_the_seed_decides_the_weights_and_no_two_layers_share_numbers():
    first, again, other = (build_caffe_net(seed=seed) for seed in (1, 1, 2))
    for one, same in zip(first.trainable_variables, again.trainable_variables):
        np.testing.assert_array_equal(one, same)
    heads = {
        round(float(np.ravel(kernel.numpy())[0] / deviation), 3)
        for net in (first, other)
        for kernel, deviation in zip(net.trainable_variables[0::2], (0.0001, 0.01, 0.01, 0.01))
    }
    assert len(heads) == 8


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"seed": "one"}, TypeError, "whole number"),
        ({"image_shape": (32, 32)}, ValueError, "channels"),
        ({"image_shape": (32, 30, 3)}, ValueError, "multiples of 8"),
        ({"image_shape": (32, 32, 0)}, ValueError, "image_shape is 0"),
    ],
)
def test_the_net_refuses_what_it_cannot_be_built_for(arguments, error, words):
    with pytest.raises(error, match=words):
        build_caffe_net(**arguments)


def test_the_net_can_be_saved_and_loaded(tmp_path):
    net, x = build_caffe_net(image_shape=(8, 8, 3)), np.full((1, 8, 8, 3), 40.0, "float32")
    net.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(loaded(x), net(x))


def test_the_policies_are_those_of_the_paper():
    assert {name: policy.updates for name, policy in POLICIES.items()} == {
        "triangular2": 25_000,
        "fixed": 70_000,
        "decay": 25_000,
    }
    rates = {name: policy.schedule for name, policy in POLICIES.items()}
    steps = [0, 2000, 4000, 6000, 8000, 10_000]
    triangles = [0.001, 0.006, 0.001, 0.0035, 0.001, 0.00225]
    np.testing.assert_allclose(rates["triangular2"](steps), triangles)
    steps = [0, 59_999, 60_000, 64_999, 65_000, 69_999]
    np.testing.assert_allclose(rates["fixed"](steps), [1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
    np.testing.assert_allclose(rates["decay"]([0, 2000, 4000, 24_999]), [7e-3, 4e-3, 1e-3, 1e-3])


def test_three_updates_are_those_of_caffe(images):
    """Replayed in float64: only the gradients come from TensorFlow."""
    training, rates = Training(images, seed=3), np.array([0.001, 0.02, 0.005])
    training.epoch(0, rates, ignore)

    net = build_caffe_net(seed=3, image_shape=(8, 8, 3))
    weights = [variable.numpy().astype("float64") for variable in net.trainable_variables]
    velocities = [np.zeros_like(values) for values in weights]
    rate_factors = dict(enumerate((1, 2, 1, 2, 1, 1, 1, 2)))
    decay_factors = {0: 0.004, 2: 0.004, 4: 0.004, 6: 1.0}
    mean_image = images.x_train.astype("float64").mean(axis=0)
    order = np.random.default_rng((3, 0)).permutation(300).reshape(3, BATCH_SIZE)
    for batch, rate in zip(order, rates):
        x = tf.constant(images.x_train[batch] - mean_image, tf.float32)
        targets = tf.one_hot(images.y_train[batch], 10)
        with tf.GradientTape() as tape:
            logs = tf.nn.log_softmax(net(x))
            loss = -tf.reduce_mean(tf.reduce_sum(targets * logs, axis=1))
        gradients = tape.gradient(loss, net.trainable_variables)
        for place, gradient in enumerate(gradients):
            total = np.array(gradient) + decay_factors.get(place, 0.0) * weights[place]
            velocities[place] = 0.9 * velocities[place] + rate * rate_factors[place] * total
            weights[place] = weights[place] - velocities[place]
            net.trainable_variables[place].assign(weights[place].astype("float32"))
    for found, expected in zip(training.state(), weights + velocities):
        assert np.abs(expected).max() > 0
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_an_epoch_takes_each_image_once_and_the_next_one_in_another_order(images, monkeypatch):
    training, seen = Training(images, seed=0), []

    def record(batches, rates):
        seen.append(batches)
        return tf.zeros(2)

    monkeypatch.setattr(training, "_train_piece", record)
    for number in (0, 1):
        training.epoch(number, [0.1] * 3, ignore)
    first, second = (batches.ravel() for batches in seen)
    assert sorted(first) == sorted(second) == list(range(300))
    assert (first != second).any()


def test_pieces_make_one_epoch(images, monkeypatch):
    training, rates, made = Training(images, seed=0), [0.001, 0.002, 0.003], []
    _, whole = training.epoch(0, rates, ignore)
    state = training.state()
    training.restore()
    monkeypatch.setattr("helpers.smith_cifar10.training.PIECE_UPDATES", 2)
    count, pieces = training.epoch(0, rates, made.append)
    assert (count, made) == (3, [2, 3])
    assert pieces == pytest.approx(whole)
    for one, other in zip(training.state(), state):
        np.testing.assert_array_equal(one, other)


def test_the_test_measures_every_image_alike(images, monkeypatch):
    training = Training(images, seed=0)
    training.epoch(0, [0.01] * 3, ignore)
    mean = images.x_train.astype("float64").mean(axis=0)
    logits = np.array(training.net((images.x_test - mean).astype("float32")), "float64")
    right = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(70), images.y_test]
    # A last batch that is not full.
    monkeypatch.setattr("helpers.smith_cifar10.training.TEST_BATCH_SIZE", 32)
    measured = training.test()
    assert measured["test_loss"] == pytest.approx(right.mean(), rel=1e-5)
    accuracy = (logits.argmax(axis=1) == images.y_test).mean()
    assert measured["test_accuracy"] == pytest.approx(accuracy)


def test_it_learns_what_can_be_learned(monkeypatch):
    """Bright against dark images, from the plateau on which weights of 0.0001 start."""
    draw = np.random.default_rng(4)
    y = draw.integers(0, 2, 400)
    x = np.clip(draw.normal(80 + 90 * y[:, None, None, None], 30, (400, 8, 8, 3)), 0, 255)
    x = x.astype("uint8")
    monkeypatch.setattr(
        experiment, "_load_images", lambda: Images(x[:300], y[:300], x[300:], y[300:])
    )
    history = smith_cifar10(policies=["decay"], updates=60, progress=False).history("decay", 0)
    assert history["loss"][0] == pytest.approx(math.log(10), abs=0.1)
    assert history["test_accuracy"][-1] > 0.95
    assert history["loss"][-1] < 0.6


def test_a_short_run_gives_every_curve(small):
    runs = smith_cifar10(updates=7, progress=False)
    assert runs.labels == ["triangular2", "fixed", "decay"]
    assert runs.metrics == ["loss", "accuracy", "test_loss", "test_accuracy"]
    for run in runs.runs:
        assert (run.updates, run.diverged_at, run.seed) == ([3, 6, 7], None, 0)
        assert run.seconds > 0
    # Two policies that begin with the same rate, from the same weights and in the same order.
    first = {run.label: run.history["loss"][0] for run in runs.runs}
    assert first["triangular2"] == pytest.approx(first["fixed"], abs=1e-5)
    assert first["decay"] != first["fixed"]
    assert runs.about["unfinished"] == []
    assert "no validation split" in runs.about["note"]
    assert runs.points()["updates"].tolist() == [3, 6, 7] * 3


@pytest.fixture(scope="module")
def whole(images):
    """Return two policies of two epochs and a part, trained without a stop."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(experiment, "_load_images", lambda: images)
        return smith_cifar10(policies=["triangular2", "decay"], updates=7, progress=False)


@pytest.mark.parametrize(
    "saves",
    [
        pytest.param(1, id="in mid-training"),
        pytest.param(3, id="after the last update of a policy"),
        pytest.param(4, id="between two policies"),
        pytest.param(6, id="in the second policy"),
        pytest.param(8, id="after everything"),
    ],
)
def test_a_kill_changes_no_bit_of_the_result(small, whole, monkeypatch, saves):
    """The file is written after each of the three epochs, and when a policy is finished."""
    asked = {"policies": ["triangular2", "decay"], "updates": 7, "progress": False}
    with monkeypatch.context() as patched:
        stop_after(patched, saves)
        with pytest.raises(Stop) as stopped:
            smith_cifar10(**asked, checkpoint=PATH)
    held = curves(PATH)
    for run in held.runs:
        full = whole.run(run.label, 0)
        assert run.updates == full.updates[: len(run.updates)]
        assert run.history["loss"] == full.history["loss"][: len(run.updates)]
    assert stopped.value.finished_runs.labels == held.labels

    resumed = smith_cifar10(**asked, checkpoint=PATH)
    assert resumed.labels == whole.labels
    for run in resumed.runs:
        assert run.history == whole.history(run.label, 0)
        assert run.updates == whole.run(run.label, 0).updates


def test_weights_and_velocities_after_a_kill_are_the_same_bits(small, monkeypatch):
    asked = {"policies": ["decay"], "updates": 9, "progress": False}
    ends = []
    train = experiment.Training

    class Watched(train):
        def test(self):
            ends.append(self.state())
            return super().test()

    monkeypatch.setattr(experiment, "Training", Watched)
    smith_cifar10(**asked)
    with monkeypatch.context() as patched:
        stop_after(patched, 1)
        with pytest.raises(Stop):
            smith_cifar10(**asked, checkpoint=PATH)
    smith_cifar10(**asked, checkpoint=PATH)
    assert len(ends) == 3 + 1 + 2
    for uninterrupted, resumed in zip(ends[2], ends[-1]):
        np.testing.assert_array_equal(uninterrupted, resumed)


def test_a_kill_while_writing_leaves_the_checkpoint_before_it(small, monkeypatch, tmp_path):
    smith_cifar10(policies=["fixed"], updates=3, progress=False, checkpoint=PATH)
    before = (tmp_path / PATH).read_bytes()

    def torn(file, **arrays):
        file.write(b"half")
        raise Stop

    monkeypatch.setattr(np, "savez", torn)
    with pytest.raises(Stop):
        smith_cifar10(policies=["decay"], updates=3, progress=False, checkpoint=PATH)
    assert (tmp_path / PATH).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [PATH]


def test_the_curve_of_a_policy_in_mid_training_can_be_stored(small, monkeypatch, tmp_path):
    stop_after(monkeypatch, 4)
    with pytest.raises(Stop):
        smith_cifar10(updates=6, progress=False, checkpoint=PATH)
    held = Runs.load(curves(PATH).save(tmp_path / "held.json"))
    assert held.about["unfinished"] == ["fixed"]
    assert [(run.label, run.updates) for run in held.runs] == [
        ("triangular2", [3, 6]),
        ("fixed", [3]),
    ]


def test_curves_of_a_file_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match="no file"):
        curves("nowhere/smith.npz")


def test_finished_policies_are_not_trained_again(small, monkeypatch):
    smith_cifar10(policies=["fixed"], updates=3, progress=False, checkpoint=PATH)
    both = smith_cifar10(policies=["fixed", "decay"], updates=3, progress=False, checkpoint=PATH)
    monkeypatch.setattr(experiment.Training, "epoch", None)
    again = smith_cifar10(policies=["fixed", "decay"], updates=3, progress=False, checkpoint=PATH)
    assert again == both
    assert smith_cifar10(policies=["decay"], updates=3, progress=False, checkpoint=PATH).labels == [
        "decay"
    ]


def test_a_run_that_diverges_ends_and_the_next_one_starts_afresh(small, whole, monkeypatch):
    monkeypatch.setitem(POLICIES, "fixed", Policy(Constant(1e9), 30))
    runs = smith_cifar10(policies=["fixed", "decay"], updates=7, progress=False, checkpoint=PATH)
    diverged = runs.run("fixed", 0)
    assert diverged.diverged_at == diverged.updates[-1] < 7
    assert not math.isfinite(diverged.history["loss"][-1])
    assert math.isnan(diverged.history["test_accuracy"][-1])
    assert runs.history("decay", 0) == whole.history("decay", 0)


def test_the_bar_says_how_far_it_is_and_how_long_it_takes(small, monkeypatch):
    lines = []

    class Heard:
        def __init__(self, shown):
            assert shown == "asked"

        def show(self, fraction, text):
            lines.append((round(fraction, 6), text))

        def close(self, text):
            lines.append(text)

    monkeypatch.setattr(experiment, "Bar", Heard)
    smith_cifar10(policies=["fixed", "decay"], updates=6, progress="asked")
    assert lines == [
        (0.25, "fixed: update 3 of 6"),
        (0.5, "fixed: update 6 of 6, 0 min left"),
        (0.75, "decay: update 3 of 6, 0 min left"),
        (1.0, "decay: update 6 of 6, 0 min left"),
        "finished: fixed, decay",
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"policies": "fixed"}, TypeError, "several names"),
        ({"policies": 3}, TypeError, "several names"),
        ({"policies": ["fixd"]}, ValueError, "triangular2, fixed, decay"),
        ({"policies": []}, ValueError, "one or more"),
        ({"policies": ["fixed", "fixed"]}, ValueError, "once"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"seed": 0.5}, TypeError, "whole number"),
        ({"updates": 0}, ValueError, "updates is 0"),
        ({"updates": True}, TypeError, "whole number"),
        ({"checkpoint": "nowhere/smith.npz"}, ValueError, "does not exist"),
    ],
)
def test_bad_arguments_are_refused_before_the_images_are_read(monkeypatch, arguments, error, words):
    monkeypatch.setattr(experiment, "_load_images", None)
    with pytest.raises(error, match=words):
        smith_cifar10(progress=False, **arguments)


@pytest.mark.parametrize("change", [{"seed": 1}, {"updates": 4}, {"updates": None}])
def test_a_checkpoint_of_another_setting_is_refused(small, tmp_path, change):
    asked = {"policies": ["fixed"], "seed": 0, "updates": 3, "progress": False, "checkpoint": PATH}
    smith_cifar10(**asked)
    before = (tmp_path / PATH).read_bytes()
    with pytest.raises(ValueError, match="another setting"):
        smith_cifar10(**(asked | change))
    assert (tmp_path / PATH).read_bytes() == before


def test_a_checkpoint_of_other_images_is_refused(small, images, monkeypatch):
    asked = {"policies": ["fixed"], "updates": 3, "progress": False, "checkpoint": PATH}
    smith_cifar10(**asked)
    other = Images(images.x_train[::-1], images.y_train, images.x_test, images.y_test)
    monkeypatch.setattr(experiment, "_load_images", lambda: other)
    with pytest.raises(ValueError, match="another setting"):
        smith_cifar10(**asked)


def test_a_policy_in_mid_training_is_not_dropped(small, monkeypatch):
    with monkeypatch.context() as patched:
        stop_after(patched, 1)
        with pytest.raises(Stop):
            smith_cifar10(policies=["fixed"], updates=6, progress=False, checkpoint=PATH)
    with pytest.raises(ValueError, match="mid-training"):
        smith_cifar10(policies=["decay"], updates=6, progress=False, checkpoint=PATH)
    runs = smith_cifar10(policies=["decay", "fixed"], updates=6, progress=False, checkpoint=PATH)
    assert runs.labels == ["fixed", "decay"]


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_a_damaged_checkpoint_is_refused_and_kept(small, tmp_path, damage):
    path = tmp_path / PATH
    smith_cifar10(policies=["fixed"], updates=3, progress=False, checkpoint=path)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "text": b"not this", "empty": b""}[damage])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="damaged"):
        smith_cifar10(policies=["fixed"], updates=3, progress=False, checkpoint=path)
    assert path.read_bytes() == before


def test_real_images_are_all_fifty_thousand(real_data):
    found = experiment._load_images()
    assert found.x_train.shape == (50_000, 32, 32, 3)
    assert found.x_test.shape == (10_000, 32, 32, 3)
    assert found.x_train.max() == 255
