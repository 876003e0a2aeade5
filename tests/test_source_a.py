"""Source A's experiment: three groups, frozen statistics, cycles that end with the training."""

import keras
import numpy as np
import pytest

from helpers import layerwise, source_a
from helpers.data import DataSplits
from helpers.results import Run, Runs
from helpers.source_a import __main__ as command
from helpers.source_a import experiment

TINY = source_a.Size("MobileNetV2", None, 32, (6, 4, 4), (1, 2), batch_size=2)
MULTIPLIERS = (1e-5, 1e-2, 1.0)


def images(count, seed):
    generator = np.random.default_rng(seed)
    x = generator.random((count, 32, 32, 3)).astype("float32")
    return x, generator.integers(0, 10, count)


@pytest.fixture
def tiny_data(monkeypatch):
    """Let CIFAR-10 be a handful of random images."""
    asked = []

    def load(name, *, limit):
        asked.append((name, limit))
        sizes = limit or (6, 4, 4)
        parts = (images(count, seed) for seed, count in enumerate(sizes))
        return DataSplits(*parts, class_names=tuple("0123456789"))

    monkeypatch.setattr(experiment.data, "load", load)
    return asked


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return source_a.build_in_groups("MobileNetV2", 64, MULTIPLIERS, weights=None)


def test_three_groups_hold_the_base_in_halves_and_the_head(model):
    model.optimizer.learning_rate = 0.01
    groups = model.optimizer.groups
    assert len(groups) == 3
    names = [[layer.name for layer in layers] for layers in groups.layers]
    assert names[1][0] == "block_6_expand"
    assert names[2] == ["head"]
    assert "Conv1" in names[0]
    assert layerwise.rates(model) == pytest.approx([1e-7, 1e-4, 1e-2])


def test_all_is_trained_but_normalization_which_keeps_its_statistics(model):
    normalizations = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    kept = [layer.get_weights() for layer in normalizations]
    model.optimizer.learning_rate = 0.01
    model.fit(*images(4, 0), batch_size=2, verbose=0)
    trained = {id(variable) for variable in model.trainable_variables}
    frozen = {id(variable) for layer in normalizations for variable in layer.variables}
    assert len(trained | frozen) == len(trained) + len(frozen) == len(model.variables)
    assert len(normalizations) > 40
    for layer, weights in zip(normalizations, kept):
        for old, new in zip(weights, layer.get_weights()):
            assert np.array_equal(old, new), layer.name


def test_images_are_enlarged_inside_the_network():
    base = source_a.build_upsampled_base("MobileNetV2", 96, weights=None)
    assert base.input_shape == (None, 32, 32, 3)
    assert base.output_shape == (None, 1280)
    assert not base.trainable_variables


@pytest.mark.parametrize(
    ("base", "size", "words"),
    [("Xception", 96, "base is 'Xception'"), ("MobileNetV2", 80, "32, 64, 96")],
)
def test_what_cannot_be_built_is_refused(base, size, words):
    with pytest.raises(ValueError, match=words):
        source_a.build_upsampled_base(base, size, weights=None)


@pytest.mark.parametrize("size", [*source_a.SIZES.values(), TINY])
def test_training_ends_with_a_cycle(size):
    schedule = source_a.Policy(0.01).schedule(100, size.cycle_epochs)
    total = 100 * size.epochs
    ends = np.cumsum([100 * epochs for epochs in size.cycle_epochs])
    assert schedule.cycle_ends(total) == ends.tolist()
    assert ends[-1] == total


def test_policies_without_restarts_stay():
    rates = source_a.Policy(0.5, restarts=False).schedule(10, (1, 2))(np.arange(30))
    assert set(rates) == {0.5}


def test_a_policy_trains_its_groups_and_the_head_alone_has_none(tiny_data):
    policies = {
        "three": source_a.Policy(0.01, MULTIPLIERS),
        "head": source_a.Policy(0.01, None, restarts=False),
    }
    runs = source_a.train(TINY, policies, seeds=(0, 1), progress=False)
    assert runs.labels == ["three", "head"]
    assert [run.updates for run in runs.runs] == [[3, 6, 9]] * 4
    three = runs.history("three", 0)
    # The last of the three updates of a cycle is a third of the way from its end.
    highest = 0.01 * (1 + np.cos(2 * np.pi / 3)) / 2
    assert three["group_rates"][0] == pytest.approx(np.multiply(MULTIPLIERS, highest), rel=1e-5)
    assert "group_rates" not in runs.history("head", 0)
    assert {"val_loss", "test_loss", "test_accuracy"} <= set(runs.metrics)
    assert tiny_data == [("cifar10", (6, 4, 4))]


def test_no_policy_is_refused():
    with pytest.raises(ValueError, match="no policy"):
        source_a.train(TINY, {})


def test_the_smoke_run_says_that_it_claims_nothing(monkeypatch, tmp_path, capsys):
    trained = []

    def train(size, policies, *, seeds, progress):
        trained.append((size, list(policies)))
        return Runs((Run("source A", 0, {"val_accuracy": [0.125]}, [15]),))

    monkeypatch.setattr(experiment, "train", train)
    file = tmp_path / "a.json"
    assert command.main(["quick", "--save", str(file)]) == 0
    said, stored = capsys.readouterr().out, Runs.load(file)
    assert trained == [(source_a.SIZES["quick"], ["source A", "one rate, constant"])]
    assert "nothing about any technique" in stored.about["note"]
    assert stored.about["note"] in said
    assert "0.125" in said
    assert stored.about["size"] == "quick"


@pytest.mark.parametrize(
    ("size", "names", "words"),
    [("huge", ("source A",), "size is 'huge'"), ("quick", ("adam",), "names holds")],
)
def test_unknown_sizes_and_policies_are_refused(size, names, words):
    with pytest.raises(ValueError, match=words):
        source_a.source_a(size, names=names)
