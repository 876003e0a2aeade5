"""helpers.data on tiny data folders; what needs the real files takes the fixture `real_data`."""

import dataclasses
import inspect
import io
import os
import subprocess
import sys
import types
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpers import data
from helpers.data import DATA_SETS, DataError, arrays, load, photographs, splits

CLASSES = DATA_SETS["clothing"].class_names


# ------------------------------------------------------------------------------ tiny data folders


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    """Neither a data folder, nor anything in Keras's cache, nor Keras itself."""
    monkeypatch.delenv("LEARNING_RATE_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setitem(sys.modules, "tensorflow", None)


@pytest.fixture
def folder(tmp_path, monkeypatch, no_data):
    """An empty data folder, and tables that ask for few images."""
    few = {
        "cifar10": {"train": (6,) * 10, "test": (2,) * 10},
        "fashion_mnist": {"train": (6,) * 10, "test": (2,) * 10},
        "clothing": {"train": (3,) * 10, "validation": (1,) * 10, "test": (2,) * 9 + (3,)},
    }
    for name, counts in few.items():
        drawn = {split: 20 for split in DATA_SETS[name].drawn}
        row = dataclasses.replace(DATA_SETS[name], class_counts=counts, drawn=drawn)
        monkeypatch.setitem(DATA_SETS, name, row)
    path = tmp_path / "data"
    path.mkdir()
    monkeypatch.setenv("LEARNING_RATE_DATA", str(path))
    return path


def tiny_arrays(name="cifar10"):
    """60 + 20 images; the first value of each is its number, the last is white."""
    shape = DATA_SETS[name].image_shape
    x = np.zeros((80, *shape), np.uint8)
    x[:, 0, 0, 0] = np.arange(80)
    x[:, -1, -1, -1] = 255
    y = np.arange(80, dtype=np.uint8) % 10
    if name == "cifar10":
        y = y[:, np.newaxis]
    else:
        x = x[..., 0]
    return {"x_train": x[:60], "y_train": y[:60], "x_test": x[60:], "y_test": y[60:]}


def jpeg(width=20, height=30):
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (255, 128, 0)).save(stream, "JPEG")
    return stream.getvalue()


def write_clothing(parent):
    for split, counts in DATA_SETS["clothing"].class_counts.items():
        for name, count in zip(CLASSES, counts):
            (parent / split / name).mkdir(parents=True)
            for number in range(count):
                (parent / split / name / f"{number}.jpg").write_bytes(jpeg())
    return parent


def clothing_archive(path, leave_out=()):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("top/README.md", "not a photograph")
        archive.writestr("top/train/dress/../../../../outside.jpg", "must not be written")
        for split, counts in DATA_SETS["clothing"].class_counts.items():
            for name, count in zip(CLASSES, counts):
                for number in range(count):
                    member = f"top/{split}/{name}/{number}.jpg"
                    if member not in leave_out:
                        archive.writestr(member, jpeg())
    return path


def stub_keras(monkeypatch, get_file=None, **loaders):
    """A module `keras` that has only what a download needs."""
    sets = {name: types.SimpleNamespace(load_data=call) for name, call in loaders.items()}
    keras = types.ModuleType("keras")
    keras.datasets = types.SimpleNamespace(**sets)
    keras.utils = types.SimpleNamespace(get_file=get_file)
    monkeypatch.setitem(sys.modules, "keras", keras)


def numbers_of(split):
    return np.rint(split[0][:, 0, 0, 0] * 255).astype(int).tolist()


# ------------------------------------------------------------------------------------- what it is


def test_importing_and_digits_need_no_tensorflow():
    code = (
        "import sys; sys.modules.update(tensorflow=None, keras=None)\n"
        "from helpers import data; print(data.load('digits'))"
    )
    environment = {**os.environ, "LEARNING_RATE_DATA": "/no/such/folder"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout.startswith("DataSplits(train=(1280, 8, 8, 1)"), done.stderr


@pytest.mark.parametrize("name", ["digits", "fashion_mnist", "cifar10", "clothing"])
def test_every_set_has_the_promised_form(folder, name):
    np.savez(folder / "cifar10.npz", **tiny_arrays("cifar10"))
    np.savez(folder / "fashion_mnist.npz", **tiny_arrays("fashion_mnist"))
    write_clothing(folder / "clothing-dataset-small")
    loaded = load(name)
    for split, size in DATA_SETS[name].sizes.items():
        x, y = getattr(loaded, split)
        assert x.shape == (size, *DATA_SETS[name].image_shape)
        assert x.dtype == np.float32
        assert y.dtype == np.int64
        assert y.shape == (size,)
        assert x.min() >= 0.0
        assert 0.99 <= x.max() <= 1.0
        assert set(y) == set(range(10))
    assert loaded.class_names == DATA_SETS[name].class_names


def test_sizes_in_the_documentation():
    table = inspect.getdoc(load)
    for name, row in DATA_SETS.items():
        line = next(line for line in table.splitlines() if line.startswith(name))
        assert [f"{size:,}" for size in row.sizes.values()] == line.split()[1:4]


def test_repr_is_short_and_splits_are_frozen():
    digits = load("digits")
    assert repr(digits) == (
        "DataSplits(train=(1280, 8, 8, 1), validation=(257, 8, 8, 1), test=(260, 8, 8, 1), "
        "classes=10)"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits.train = None


# ------------------------------------------------------------------------------------------ splits


def test_digits_are_disjoint_and_complete():
    from sklearn.datasets import load_digits

    digits = load("digits", seed=3)
    everything = np.concatenate([x for x, _ in (digits.train, digits.validation, digits.test)])
    labels = np.concatenate([y for _, y in (digits.train, digits.validation, digits.test)])
    rows = np.column_stack([everything.reshape(len(everything), -1) * 16, labels])
    original = load_digits()
    expected = np.column_stack([original.data, original.target])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, expected))


def test_published_test_set_is_kept_and_nothing_leaks(folder):
    np.savez(folder / "cifar10.npz", **tiny_arrays())
    for seed in range(5):
        loaded = load("cifar10", seed=seed)
        assert sorted(numbers_of(loaded.test)) == list(range(60, 80))
        assert sorted(numbers_of(loaded.train) + numbers_of(loaded.validation)) == list(range(60))
        for split in (loaded.train, loaded.validation, loaded.test):
            np.testing.assert_array_equal(np.array(numbers_of(split)) % 10, split[1])


def test_same_seed_same_arrays_other_seed_other_split():
    first, again, other = load("digits", seed=1), load("digits", seed=1), load("digits", seed=2)
    for split in ("train", "validation", "test"):
        for a, b in zip(getattr(first, split), getattr(again, split)):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.validation[0], other.validation[0])


def test_limit_and_classes_only_take_away():
    whole, small = load("digits"), load("digits", limit=(200, 20, None), classes=[7, 1])
    for split in ("train", "validation", "test"):
        pictures = {row.tobytes() for row in getattr(whole, split)[0]}
        assert all(row.tobytes() in pictures for row in getattr(small, split)[0])
    np.testing.assert_array_equal(small.test[0], load("digits", classes=[7, 1]).test[0])


def test_prefixes_are_not_sorted_by_class(folder):
    write_clothing(folder / "clothing-dataset-small")
    for name in ("digits", "clothing"):
        loaded = load(name)
        for _, y in (loaded.train, loaded.validation, loaded.test):
            assert np.any(np.diff(y) < 0)
    assert len(set(load("digits").train[1][:50])) == 10


@st.composite
def labels_and_number(draw):
    counts = draw(st.lists(st.integers(1, 60), min_size=2, max_size=8))
    labels = np.repeat(np.arange(len(counts)), counts)
    return labels, draw(st.integers(len(counts), len(labels))), draw(st.integers(0, 2**40))


@given(labels_and_number())
def test_stratified_choice(case):
    labels, number, seed = case
    chosen = splits.stratified_choice(labels, number, np.random.default_rng(seed))
    assert len(set(chosen.tolist())) == number == len(chosen)
    counts, kept = np.bincount(labels), np.bincount(labels[chosen], minlength=labels[-1] + 1)
    exact = counts * number / len(labels)
    assert kept.min() >= 1
    assert np.all(kept <= counts)
    if exact.min() >= 1:
        assert np.all(np.abs(kept - exact) < 1)


@given(st.integers(2, 5), st.integers(8, 30), st.integers(0, 2**40))
def test_drawn_splits_are_disjoint_and_complete(classes, each, seed):
    labels = np.tile(np.arange(classes), each)
    parts = splits.draw_splits(labels, {"validation": 2 * classes, "test": 3 * classes}, seed)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(labels)))
    assert np.all(np.bincount(labels[parts["test"]]) == 3)


@pytest.mark.parametrize("limit", [10, 25, 300, 1280])
def test_limit_keeps_the_shares_of_the_classes(limit):
    whole, small = load("digits"), load("digits", limit=limit)
    assert small.train[0].shape[0] == limit
    exact = np.bincount(whole.train[1]) * limit / 1280
    assert np.all(np.abs(np.bincount(small.train[1], minlength=10) - exact) < 1)
    np.testing.assert_array_equal(small.validation[0], whole.validation[0])
    np.testing.assert_array_equal(small.test[0], whole.test[0])


def test_limit_of_each_split():
    small = load("digits", limit=(100, None, 50))
    assert [len(y) for _, y in (small.train, small.validation, small.test)] == [100, 257, 50]


def test_classes_are_relabeled_in_the_order_given():
    whole, two = load("digits"), load("digits", classes=[8, np.int64(3)])
    assert two.class_names == ("8", "3")
    for label, digit in ((0, 8), (1, 3)):
        expected = {row.tobytes() for row in whole.test[0][whole.test[1] == digit]}
        assert {row.tobytes() for row in two.test[0][two.test[1] == label]} == expected


def test_classes_by_name(folder):
    write_clothing(folder / "clothing-dataset-small")
    loaded = load("clothing", classes=["t-shirt", "hat"], image_size=8)
    assert loaded.class_names == ("t-shirt", "hat")
    assert np.bincount(loaded.test[1]).tolist() == [3, 2]


# ------------------------------------------------------------------------------------------ images


@pytest.mark.parametrize(("size", "shape"), [(4, (4, 4)), ((16, 12), (16, 12)), (8, (8, 8))])
def test_digits_resized(size, shape):
    x, _ = load("digits", image_size=size, limit=20).train
    assert x.shape == (20, *shape, 1)
    assert x.dtype == np.float32
    assert x.min() >= 0.0
    assert x.max() <= 1.0


def test_resizing_keeps_the_mean_and_is_antialiased():
    whole, half = load("digits"), load("digits", image_size=4)
    assert abs(whole.test[0].mean() - half.test[0].mean()) < 0.01
    checkered = np.indices((32, 32)).sum(axis=0)[np.newaxis, :, :, np.newaxis] % 2
    gray = arrays.resize(checkered.astype(np.float32), (8, 8))
    assert np.all(np.abs(gray[0, 1:-1, 1:-1] - 0.5) < 0.05)


def test_colors_and_aspect_survive(folder):
    write_clothing(folder / "clothing-dataset-small")
    x, _ = load("clothing", image_size=(10, 40)).train
    assert x.shape == (30, 10, 40, 3)
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), [1, 128 / 255, 0], atol=0.02)


def test_gray_photograph_becomes_three_channels(folder):
    path = write_clothing(folder / "clothing-dataset-small") / "test" / "hat" / "0.jpg"
    Image.new("L", (20, 20), 128).save(path)
    assert load("clothing", image_size=8).test[0].shape == (21, 8, 8, 3)


def test_progress_appears_only_when_it_takes_long(capsys):
    photographs._follow(iter(range(3)), 3, "photographs")
    assert capsys.readouterr().err == ""
    photographs._follow(iter(range(3)), 3, "photographs", patience=0, every=0)
    assert capsys.readouterr().err.endswith("\r3 of 3 photographs\n")


# ------------------------------------------------------------------------------- files that are bad


def spoil(key, change):
    def spoiled(contents):
        contents[key] = change(contents[key])
        return contents

    return spoiled


def set_first(value):
    def change(array):
        array = array.astype(np.int64)
        array[0] = value
        return array

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (spoil("x_train", lambda x: x / 255), "x_train is float64, expected uint8"),
        (spoil("x_train", lambda x: x[:-1]), r"x_train has shape \(59, 32, 32, 3\), expected \(60"),
        (spoil("x_test", lambda x: x[..., 0]), r"x_test has shape \(20, 32, 32\), expected"),
        (spoil("x_test", lambda x: np.swapaxes(x, 1, 3)), r"x_test has shape \(20, 3, 32, 32\)"),
        (spoil("x_test", lambda x: x // 255), "no value of x_test is above 1"),
        (spoil("y_train", lambda y: y / 1), "y_train is float64"),
        (spoil("y_train", lambda y: np.eye(10, dtype=int)[y[:, 0]]), r"y_train has shape \(60, 10"),
        (spoil("y_train", set_first(10)), "y_train runs from 0 to 10, expected 0 to 9"),
        (spoil("y_test", set_first(-1)), "y_test runs from -1 to 9"),
        (spoil("y_test", set_first(5)), r"classes of y_test have \(1, 2, 2, 2, 2, 3"),
        (lambda contents: {"x_train": contents["x_train"]}, "lacks the arrays y_train, x_test"),
        (spoil("x_train", lambda x: x.astype(object)), "Object arrays cannot be loaded"),
    ],
)
def test_wrong_arrays_are_refused(folder, change, says):
    np.savez(folder / "cifar10.npz", **change(tiny_arrays()))
    with pytest.raises(DataError, match=says) as caught:
        load("cifar10")
    assert str(folder / "cifar10.npz") in str(caught.value)
    assert "unset LEARNING_RATE_DATA" in str(caught.value)


def test_pickles_are_never_executed(folder, tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "executed"),))

    np.savez(folder / "cifar10.npz", **{**tiny_arrays(), "y_test": np.array([Trap()])})
    with pytest.raises(DataError):
        load("cifar10")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
def test_truncated_npz_is_named(folder, save, keep):
    path = folder / "cifar10.npz"
    save(path, **tiny_arrays())
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(DataError, match=r"cifar10\.npz cannot be read .* truncated"):
        load("cifar10")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damaged_npz_is_never_half_used(folder, save):
    path = folder / "cifar10.npz"
    save(path, **tiny_arrays())
    whole = path.read_bytes()
    texts = []
    for start in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:start] + b"\xff" * 8 + whole[start + 8 :])
        try:
            load("cifar10")
        except DataError as error:
            texts.append(str(error))
    assert len(texts) > 30
    assert all("cifar10.npz" in text for text in texts)


def test_npy_under_the_name_of_an_npz(folder):
    with (folder / "cifar10.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DataError, match="another kind of file"):
        load("cifar10")


def test_swapped_file_is_refused(folder):
    np.savez(folder / "fashion_mnist.npz", **tiny_arrays("cifar10"))
    with pytest.raises(DataError, match=r"is not Fashion-MNIST: x_train has shape"):
        load("fashion_mnist")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: (path / "train" / "hat").rename(path / "hat"), "in train, the folders hat"),
        (lambda path: (path / "test").rename(path / "tests"), "the folder test is missing"),
        (lambda path: (path / "train/hat/0.jpg").unlink(), "train/hat holds 2 .*expected 3"),
        (lambda path: (path / "test/hat/9.JPG").write_bytes(jpeg()), "test/hat holds 3 .*cted 2"),
    ],
)
def test_incomplete_photograph_folder_is_refused(folder, damage, says):
    path = write_clothing(folder / "clothing-dataset-small")
    damage(path)
    with pytest.raises(DataError, match=says) as caught:
        load("clothing")
    assert str(path) in str(caught.value)
    assert "unset LEARNING_RATE_DATA" in str(caught.value)


@pytest.mark.parametrize("keep", [0, 20, 400, -20])
def test_truncated_photograph_is_named(folder, keep):
    path = write_clothing(folder / "clothing-dataset-small") / "train" / "skirt" / "1.jpg"
    path.write_bytes(jpeg(200, 200)[:keep])
    with pytest.raises(DataError, match="cannot be decoded; it may be truncated") as caught:
        load("clothing")
    assert str(path) in str(caught.value)


def test_files_of_the_operating_system_are_no_photographs(folder):
    path = write_clothing(folder / "clothing-dataset-small")
    (path / "train" / "hat" / "._0.jpg").write_bytes(b"resource fork")
    (path / "train" / ".DS_Store").write_bytes(b"")
    assert len(load("clothing", image_size=8).train[1]) == 30


# ------------------------------------------------------------------------------ folder and download


def test_variable_that_names_no_folder(no_data, monkeypatch, tmp_path):
    monkeypatch.setenv("LEARNING_RATE_DATA", str(tmp_path / "mistyped"))
    for call in (data.data_folder, lambda: load("cifar10"), lambda: data.weights_file("a.h5")):
        with pytest.raises(DataError, match="mistyped.*that is no folder.*unset the variable"):
            call()
    assert "mistyped" in data.available()["cifar10"]
    assert data.available()["digits"] == "embedded"


def test_weights_file(folder, monkeypatch):
    (folder / "models").mkdir()
    (folder / "models" / "net.h5").write_bytes(b"")
    assert data.weights_file("net.h5") == folder / "models" / "net.h5"
    assert data.weights_file("other.h5") is None
    for wrong in ("", "..", "models/net.h5", "..\\net.h5"):
        with pytest.raises(ValueError, match="without folders"):
            data.weights_file(wrong)
    with pytest.raises(TypeError, match="must be text"):
        data.weights_file(None)
    monkeypatch.setenv("LEARNING_RATE_DATA", "")
    assert data.data_folder() is None
    assert data.weights_file("net.h5") is None


def test_available(folder, tmp_path):
    np.savez(folder / "cifar10.npz", **tiny_arrays())
    (tmp_path / "keras" / "datasets" / "clothing-dataset-small").mkdir(parents=True)
    assert data.available() == {
        "digits": "embedded",
        "fashion_mnist": "download needed",
        "cifar10": str(folder / "cifar10.npz"),
        "clothing": "Keras cache",
    }
    assert data.names() == tuple(data.available())


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("cifar10", "cifar10.npz"),
        ("fashion_mnist", "fashion_mnist.npz"),
        ("clothing", "clothing-dataset-small"),
    ],
)
@pytest.mark.parametrize("error", [Exception("URL fetch failure"), EOFError("cut off"), None])
def test_neither_file_nor_internet(no_data, monkeypatch, name, stored, error):
    def fail(*args, **kwargs):
        raise error

    if error is not None:  # else there is no Keras at all
        stub_keras(monkeypatch, get_file=fail, **{name: fail})
    with pytest.raises(DataError) as caught:
        load(name)
    text = str(caught.value)
    for part in (name, stored, "LEARNING_RATE_DATA", "internet", str(error or "keras")):
        assert part in text


@pytest.mark.parametrize("name", ["cifar10", "fashion_mnist"])
def test_downloaded_arrays_are_checked_too(folder, monkeypatch, name):
    contents = tiny_arrays(name)
    pairs = [(contents[f"x_{split}"], contents[f"y_{split}"]) for split in ("train", "test")]
    stub_keras(monkeypatch, **{name: lambda: tuple(pairs)})
    assert sorted(numbers_of(load(name).test)) == list(range(60, 80))
    pairs[1] = (pairs[1][0], np.zeros_like(pairs[1][1]))
    with pytest.raises(DataError, match=r"What Keras downloaded .* Delete .*keras.datasets"):
        load(name)


def downloads(tmp_path, **options):
    """A `get_file` that makes the archive in Keras's cache, and the list of its calls."""
    calls = []

    def get_file(filename, origin):
        calls.append(origin)
        cache = tmp_path / "keras" / "datasets"
        cache.mkdir(parents=True, exist_ok=True)
        return str(clothing_archive(cache / filename, **options))

    return get_file, calls


def left_in_cache(tmp_path):
    return sorted(path.name for path in (tmp_path / "keras" / "datasets").iterdir())


def test_photographs_are_downloaded_once_at_the_pinned_commit(folder, tmp_path, monkeypatch):
    get_file, calls = downloads(tmp_path)
    stub_keras(monkeypatch, get_file=get_file)
    assert load("clothing", image_size=8).train[0].shape == (30, 8, 8, 3)
    assert load("clothing", image_size=8).train[0].shape == (30, 8, 8, 3)
    assert len(calls) == 1
    assert photographs.COMMIT in calls[0]
    assert len(photographs.COMMIT) == 40
    assert not list(tmp_path.rglob("outside.jpg"))
    assert not list(tmp_path.rglob("README.md"))


def test_truncated_archive_is_deleted_and_never_half_used(folder, tmp_path, monkeypatch):
    get_file, _ = downloads(tmp_path)

    def cut_off(filename, origin):
        path = get_file(filename, origin)
        os.truncate(path, os.path.getsize(path) // 2)
        return path

    stub_keras(monkeypatch, get_file=cut_off)
    with pytest.raises(DataError, match="truncated or damaged .* deleted; load again"):
        load("clothing")
    assert left_in_cache(tmp_path) == []
    stub_keras(monkeypatch, get_file=get_file)
    assert len(load("clothing", image_size=8).train[1]) == 30


def test_archive_with_another_content_is_refused(folder, tmp_path, monkeypatch):
    get_file, _ = downloads(tmp_path, leave_out=("top/test/hat/1.jpg",))
    stub_keras(monkeypatch, get_file=get_file)
    with pytest.raises(DataError, match="test/hat holds 1 photographs, expected 2"):
        load("clothing")
    assert left_in_cache(tmp_path) == []


def test_interrupted_extraction_leaves_no_folder(folder, tmp_path, monkeypatch):
    def interrupted(archive, target):
        (target / "train").mkdir()
        raise KeyboardInterrupt

    stub_keras(monkeypatch, get_file=downloads(tmp_path)[0])
    with monkeypatch.context() as patch:
        patch.setattr(photographs, "_unpack", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load("clothing")
    assert [name for name in left_in_cache(tmp_path) if not name.endswith(".zip")] == []
    assert len(load("clothing", image_size=8).train[1]) == 30


def test_two_processes_may_extract_at_once(folder, tmp_path, monkeypatch):
    unpack = photographs._unpack

    def other_is_first(archive, target):
        unpack(archive, target)
        write_clothing(target.parent / "clothing-dataset-small")

    monkeypatch.setattr(photographs, "_unpack", other_is_first)
    stub_keras(monkeypatch, get_file=downloads(tmp_path)[0])
    assert len(load("clothing", image_size=8).train[1]) == 30


def test_damaged_folder_in_the_cache_is_refused(folder, tmp_path):
    path = write_clothing(tmp_path / "keras" / "datasets" / "clothing-dataset-small")
    (path / "train" / "hat" / "0.jpg").unlink()
    with pytest.raises(DataError, match=r"train/hat holds 2 .* Delete the folder .* load again"):
        load("clothing")


def test_the_calls_exist_in_keras():
    keras = pytest.importorskip("keras")
    inspect.signature(keras.utils.get_file).bind("name.zip", origin=photographs.URL)
    for name in ("cifar10", "fashion_mnist"):
        inspect.signature(getattr(keras.datasets, name).load_data).bind()


# --------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"name": "digit"}, ValueError, "no data set 'digit'.*Did you mean 'digits'"),
        ({"name": "CIFAR-10"}, ValueError, "Did you mean 'cifar10'"),
        ({"name": "imagenet22k"}, ValueError, "there are digits, fashion_mnist, cifar10, clothing"),
        ({"name": None}, TypeError, "name must be text"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"seed": 0.5}, TypeError, r"seed must be a whole number, got 0.5 \(float\)"),
        ({"seed": True}, TypeError, "seed must be a whole number"),
        ({"seed": np.True_}, TypeError, "seed must be a whole number"),
        ({"seed": None}, TypeError, "seed must be a whole number"),
        ({"limit": 2000}, ValueError, "2,000 images in train, and there are 1,280.*at most 1,280"),
        ({"limit": (None, None, 261)}, ValueError, "261 images in test, and there are 260"),
        ({"limit": 9}, ValueError, "9 images in train, too few for 10 classes"),
        ({"limit": 0}, ValueError, r"limit \(train\) must be at least 1, got 0"),
        ({"limit": 10.0}, TypeError, r"limit \(train\) must be a whole number"),
        ({"limit": (10, 10)}, ValueError, "one number, or three"),
        ({"image_size": 0}, ValueError, "image_size must be at least 1, got 0"),
        ({"image_size": (8, -1)}, ValueError, "image_size must be at least 1, got -1"),
        ({"image_size": (8, 8, 1)}, ValueError, r"one number or \(height, width\)"),
        ({"image_size": "8"}, TypeError, "image_size must be a whole number"),
        ({"classes": [3, 3]}, ValueError, "names 3 more than once"),
        ({"classes": ["3", 3]}, ValueError, "names 3 more than once"),
        ({"classes": [0, 10]}, ValueError, "There is no class 10; there are 0 0, 1 1"),
        ({"classes": [0, -1]}, ValueError, "at least 0, got -1"),
        ({"classes": [0]}, ValueError, "at least two classes"),
        ({"classes": []}, ValueError, "at least two classes"),
        ({"classes": [0, 1.0]}, TypeError, "whole number"),
        ({"classes": "38"}, TypeError, "sequence of class names or indices"),
        ({"classes": 3}, TypeError, "sequence of class names or indices"),
        ({"name": "clothing", "classes": ["hat", "Tshirt"]}, ValueError, "mean 't-shirt'"),
    ],
)
def test_arguments_are_checked_at_the_door(no_data, arguments, error, says):
    with pytest.raises(error, match=says):
        load(**{"name": "digits", **arguments})


def test_numpy_integers_are_taken():
    loaded = load(
        "digits",
        seed=np.int32(1),
        limit=np.int64(20),
        image_size=(np.int8(4), 4),
        classes=np.array([1, 2]),
    )
    assert loaded.train[0].shape == (20, 4, 4, 1)


# ---------------------------------------------------------------------------------- the real files


def test_real_cifar10(real_data):
    if not (real_data / "cifar10.npz").is_file():
        pytest.skip("no cifar10.npz in LEARNING_RATE_DATA")
    loaded = load("cifar10", limit=(1000, None, None), classes=["cat", "dog"])
    assert repr(loaded) == (
        "DataSplits(train=(1000, 32, 32, 3), validation=(1000, 32, 32, 3), "
        "test=(2000, 32, 32, 3), classes=2)"
    )
    assert 0.4 < loaded.train[0].mean() < 0.55


def test_real_clothing(real_data):
    if not (real_data / "clothing-dataset-small").is_dir():
        pytest.skip("no clothing-dataset-small in LEARNING_RATE_DATA")
    loaded = load("clothing", limit=(100, 50, 50), image_size=32)
    assert loaded.train[0].shape == (100, 32, 32, 3)
    assert loaded.train[0].std() > 0.1
    files = photographs.clothing()
    contents = [path.read_bytes() for split in files.values() for path in split.paths]
    assert len(contents) == 3781
    assert len(set(contents)) == 3781, "one photograph lies in two places"
