"""Data sets: splits by seed, what files are refused, and real images where they are there."""

import numpy as np
import pytest
from PIL import Image

from helpers import data
from helpers.data import DATA_SETS, DataError


def images_of(splits):
    """Return every image of all splits as bytes."""
    parts = (splits.train, splits.validation, splits.test)
    return [image.tobytes() for x, _ in parts for image in x]


def test_digits_are_split_by_the_seed_and_no_image_is_in_two_splits():
    splits = data.load("digits", seed=3)
    sizes = {part: len(getattr(splits, part)[1]) for part in data.SPLITS}
    assert sizes == {"train": 1280, "validation": 257, "test": 260}
    assert splits.train[0].shape == (1280, 8, 8, 1)
    assert (splits.train[0].dtype, splits.train[1].dtype) == (np.float32, np.int64)
    assert (splits.train[0].min(), splits.train[0].max()) == (0, 1)
    # A few digits of scikit-learn are alike to the last pixel.
    assert sorted(images_of(splits)) == sorted(images_of(data.load("digits", seed=4)))
    again, other = data.load("digits", seed=3), data.load("digits", seed=4)
    np.testing.assert_array_equal(splits.test[0], again.test[0])
    assert not np.array_equal(splits.test[1], other.test[1])


@pytest.mark.parametrize("seed", range(5))
def test_every_class_has_its_share_in_every_split_to_one_image(seed):
    splits = data.load("digits", seed=seed, limit=100)
    whole = np.bincount(data.images_and_labels("digits")["train"][1])
    for part, size in (("validation", 257), ("test", 260), ("train", 100)):
        found = np.bincount(getattr(splits, part)[1])
        assert np.abs(found - whole * size / whole.sum()).max() <= 1.01
        assert found.sum() == size


def test_limits_and_classes_only_take_images_away():
    whole = data.load("digits", seed=2)
    few = data.load("digits", seed=2, limit=(50, 20, None), classes=["3", 8])
    assert few.class_names == ("3", "8")
    assert [len(getattr(few, part)[1]) for part in data.SPLITS][:2] == [50, 20]
    assert set(few.train[1]) == {0, 1}
    known = {image.tobytes() for image in whole.train[0]}
    assert all(image.tobytes() in known for image in few.train[0])
    assert len(data.load("digits", limit=1280).train[1]) == 1280


def test_images_are_resized_within_their_range():
    large = data.load("digits", limit=20, image_size=(12, 10))
    assert large.train[0].shape == (20, 12, 10, 1)
    assert (0 <= large.train[0]).all()
    assert (large.train[0] <= 1).all()
    same = data.load("digits", limit=20)
    assert large.train[0].mean() == pytest.approx(same.train[0].mean(), rel=0.05)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "digit"},
        {"limit": 9},
        {"limit": 1281},
        {"limit": (10, 10)},
        {"classes": [1]},
        {"classes": [1, 1]},
        {"classes": ["zero", "1"]},
        {"classes": [1, 10]},
    ],
)
def test_what_would_give_other_images_than_meant_is_refused(arguments):
    with pytest.raises(ValueError, match="\\w"):
        data.load(**{"name": "digits"} | arguments)


def stored_cifar10(folder, **changes):
    """Write a file of CIFAR-10's form, with images that tell their place and their split."""
    draw = np.random.default_rng(0)
    arrays = {}
    for part, number in DATA_SETS["cifar10"].sizes.items():
        arrays[f"x_{part}"] = draw.integers(0, 256, (number, 32, 32, 3), dtype="uint8")
        arrays[f"y_{part}"] = np.arange(number).reshape(-1, 1).astype("uint8") % 10
    arrays = {key: changes.get(key, array) for key, array in arrays.items()}
    np.savez(folder / "cifar10.npz", **{k: v for k, v in arrays.items() if v is not None})


@pytest.fixture(scope="module")
def cifar10_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    stored_cifar10(folder)
    return folder


def test_the_data_folder_is_looked_in_first(monkeypatch, cifar10_folder):
    monkeypatch.setenv("LEARNING_RATE_DATA", str(cifar10_folder))
    splits = data.load("cifar10", limit=(50, 20, 10))
    assert splits.train[0].shape == (50, 32, 32, 3)
    assert splits.class_names[:2] == ("airplane", "automobile")
    with np.load(cifar10_folder / "cifar10.npz") as stored:
        tests = {image.astype("float32").tobytes() for image in stored["x_test"]}
    test = (splits.test[0] * 255).round().astype("float32")
    assert all(image.tobytes() in tests for image in test)


def test_a_folder_that_is_none_is_no_reason_to_download(monkeypatch, tmp_path):
    monkeypatch.setenv("LEARNING_RATE_DATA", str(tmp_path / "absent"))
    with pytest.raises(DataError, match="no folder"):
        data.load("cifar10")


BROKEN = {
    "an array is missing": {"y_test": None},
    "images are missing": {"x_test": np.zeros((9, 32, 32, 3), "uint8")},
    "labels are missing": {"y_test": np.zeros(9, "uint8")},
    "floats": {"x_train": np.ones((2, 32, 32, 3))},
    "of another size": {"x_test": np.zeros((10_000, 30, 30, 3), "uint8")},
}


@pytest.mark.parametrize("what", [*BROKEN, "truncated", "text"])
def test_a_file_that_is_not_what_it_should_be_is_refused_in_words(monkeypatch, tmp_path, what):
    if what == "text":
        (tmp_path / "cifar10.npz").write_text("not an archive")
    else:
        small = {f"x_{part}": np.full((2, 32, 32, 3), 255, "uint8") for part in ("train", "test")}
        small |= {"y_train": np.zeros(2, "uint8"), "y_test": np.zeros(2, "uint8")}
        arrays = small | BROKEN.get(what, {})
        np.savez(tmp_path / "cifar10.npz", **{k: v for k, v in arrays.items() if v is not None})
    if what == "truncated":
        whole = (tmp_path / "cifar10.npz").read_bytes()
        (tmp_path / "cifar10.npz").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setenv("LEARNING_RATE_DATA", str(tmp_path))
    with pytest.raises(DataError, match="cifar10"):
        data.load("cifar10")


def test_without_file_and_network_it_says_what_to_do():
    with pytest.raises(DataError, match="Connect to the internet.*LEARNING_RATE_DATA"):
        data.load("fashion_mnist")
    with pytest.raises(DataError, match="Connect to the internet.*LEARNING_RATE_DATA"):
        data.load("clothing")


@pytest.fixture
def clothing(monkeypatch, tmp_path):
    """A folder of photographs, one of each class but the first, which has all others."""
    folder, sizes = tmp_path / "clothing-dataset-small", DATA_SETS["clothing"].sizes
    for part, number in sizes.items():
        for label, name in enumerate(DATA_SETS["clothing"].class_names):
            place = folder / part / name
            place.mkdir(parents=True)
            first = Image.new("RGB", (6, 8), (25 * label, 0, 0))
            first.save(place / "0.jpg")
            more = number - 10 if label == 0 else 0
            for copy in range(more):
                (place / f"{copy + 1}.jpg").write_bytes((place / "0.jpg").read_bytes())
    (folder / "train" / "dress" / ".hidden.jpg").write_text("no photograph")
    monkeypatch.setenv("LEARNING_RATE_DATA", str(tmp_path))
    return folder


def test_photographs_are_read_at_the_size_asked_for(clothing):
    splits = data.load("clothing", image_size=4, limit=(30, None, None), classes=[0, 3])
    assert splits.train[0].shape[1:] == (4, 4, 3)
    red = splits.validation[0][..., 0].mean(axis=(1, 2))
    np.testing.assert_allclose(red, splits.validation[1] * 75 / 255, atol=0.03)


def test_a_photograph_that_cannot_be_decoded_is_named(clothing):
    (clothing / "validation" / "hat" / "0.jpg").write_bytes(b"GIF89a")
    with pytest.raises(DataError, match="hat.*0.jpg"):
        data.load("clothing", image_size=4)
    (clothing / "test" / "pants" / "0.jpg").unlink()
    with pytest.raises(DataError, match="not clothing, or not all of it"):
        data.load("clothing", image_size=4)


def test_the_archive_of_photographs_is_unpacked_whole_or_not_at_all(
    clothing, monkeypatch, tmp_path
):
    import shutil

    import keras

    top = tmp_path / "top"
    shutil.move(clothing, top / "clothing-dataset-small-36364be")
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", top)
    monkeypatch.delenv("LEARNING_RATE_DATA")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "datasets").mkdir(parents=True)
    monkeypatch.setattr(keras.utils, "get_file", lambda *_, **__: archive)
    assert len(data.load("clothing", image_size=4).test[1]) == 372
    assert [path.name for path in (tmp_path / "home" / "datasets").iterdir()] == [clothing.name]


@pytest.mark.parametrize("name", ["cifar10", "clothing"])
def test_the_real_data_are_what_the_table_says(real_data, name):
    splits = data.load(name, limit=(200, 100, 100), image_size=32)
    assert splits.train[0].shape == (200, 32, 32, 3)
    assert 0.2 < splits.train[0].mean() < 0.8
    assert len(set(splits.train[1])) == 10
