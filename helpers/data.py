"""Image data sets as seeded, stratified splits.

`load("digits")` works everywhere: scikit-learn carries those images. The others are looked for in
the folder that the environment variable LEARNING_RATE_DATA names, then in Keras's cache, then
downloaded. What is missing, truncated or not what it should be ends in a `DataError` that says what
to do. Importing this module imports neither TensorFlow nor Keras.
"""

import concurrent.futures
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.progress import Bar

DATA_VARIABLE = "LEARNING_RATE_DATA"
SPLITS = ("train", "validation", "test")
# Pinned, so that the photographs cannot change under the course.
COMMIT = "36364be1969242c019705255cd87aed00c73a939"
CLOTHING_URL = f"https://github.com/alexeygrigorev/clothing-dataset-small/archive/{COMMIT}.zip"


class DataError(RuntimeError):
    """Data that is missing, truncated or not what it should be; the text says what to do."""


@dataclass(frozen=True)
class DataSet:
    """One row of `DATA_SETS`. Files that disagree with it are refused.

    Attributes:
        file: What to look for in the data folder; empty for what scikit-learn carries.
        image_shape: Height, width (pixels) and channels that `load` gives by default.
        class_names: One name per class; label i is `class_names[i]`.
        white: The value of a pixel that becomes 1.0.
        sizes: Number of images in each split as stored.
        drawn: How many images each split that is not stored takes from the training images.
    """

    file: str
    image_shape: tuple
    class_names: list
    white: int
    sizes: dict
    drawn: dict


DIGITS = list("0123456789")
FASHION = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot".split(",")
CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck".split()
CLOTHING = "dress hat longsleeve outwear pants shirt shoes shorts skirt t-shirt".split()
SIZES, DRAWN = {"train": 60_000, "test": 10_000}, {"validation": 5000}
CLOTHING_SIZES = {"train": 3068, "validation": 341, "test": 372}
DATA_SETS = {
    # E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    # Repository, 1998, doi:10.24432/C50P49 (the part that scikit-learn carries). A pixel counts the
    # inked points of a 4 x 4 block. Of the 1,280 images that are left to train on, an epoch makes
    # 40 updates at batch size 32, 20 at 64, 10 at 128.
    "digits": DataSet("", (8, 8, 1), DIGITS, 16, {"train": 1797}, {"validation": 257, "test": 260}),
    # H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking
    # Machine Learning Algorithms, 2017, arXiv:1708.07747.
    "fashion_mnist": DataSet("fashion_mnist.npz", (28, 28, 1), FASHION, 255, SIZES, DRAWN),
    # A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, technical report,
    # University of Toronto, 2009.
    "cifar10": DataSet("cifar10.npz", (32, 32, 3), CIFAR10, 255, SIZES | {"train": 50_000}, DRAWN),
    # A. Grigorev, Clothing dataset (subset), 2020, CC0. The size is that of the experiments that
    # it was published with.
    "clothing": DataSet("clothing-dataset-small", (150, 150, 3), CLOTHING, 255, CLOTHING_SIZES, {}),
}


@dataclass(frozen=True, repr=False, eq=False)
class DataSplits:
    """Three splits of one data set.

    Attributes:
        train: `(x, y)`; x float32 of shape (n, height, width, channels) in [0, 1], y int64 of
            shape (n,) in 0 to classes - 1.
        validation: `(x, y)`, to choose by.
        test: `(x, y)`, to report once.
        class_names: Tuple of text; label i is `class_names[i]`.
    """

    train: tuple
    validation: tuple
    test: tuple
    class_names: tuple

    def __repr__(self):
        shapes = ", ".join(f"{split}={getattr(self, split)[0].shape}" for split in SPLITS)
        return f"DataSplits({shapes}, classes={len(self.class_names)})"


def load(name, *, seed=0, limit=None, image_size=None, classes=None):
    """Load an image data set as training, validation and test split.

    =============  ========  ======  =========  =========================================
    name           training  valid.  test       splits
    =============  ========  ======  =========  =========================================
    digits         1,280     257     260        all three drawn by `seed`
    fashion_mnist  55,000    5,000   10,000     test as published, validation drawn
    cifar10        45,000    5,000   10,000     test as published, validation drawn
    clothing       3,068     341     372        as published
    =============  ========  ======  =========  =========================================

    What is drawn is stratified: each class has the same share everywhere, to one image. Each split
    is in random order. Same arguments, same arrays. Which images a split holds depends on `seed`
    alone; `classes`, then `limit`, only take images away. A value takes 4 bytes in memory: all of
    `cifar10` 0.74 GB, all of `clothing` at 150 x 150 pixels 1.0 GB; what is taken away is never
    decoded.

    Args:
        name: `digits`, `fashion_mnist`, `cifar10` or `clothing`.
        seed: Int >= 0.
        limit: Number of training images to keep, stratified; or three of them for (training,
            validation, test). None is all.
        image_size: Pixels, int >= 1 for squares or (height, width). Default: 8, 28, 32 and 150 in
            the order of the table. Bilinear, antialiased; the aspect is not kept.
        classes: Two or more class names or indices; they become labels 0, 1, ... in that order.

    Returns:
        `DataSplits`.

    Raises:
        ValueError: If there is no such data set or class, a class is given twice, or a limit is
            above what there is or below the number of classes.
        DataError: If data is missing and cannot be downloaded, or is not what it should be.

    Example:
        >>> load("digits")
        DataSplits(train=(1280, 8, 8, 1), validation=(257, 8, 8, 1), test=(260, 8, 8, 1),
                   classes=10)
        >>> few = load("digits", limit=100, classes=[3, 8])
        >>> few.train[0].shape, sorted(set(few.train[1].tolist())), few.class_names
        ((100, 8, 8, 1), [0, 1], ('3', '8'))
    """
    if name not in DATA_SETS:
        raise ValueError(f"There is no data set {name!r}; there are {', '.join(DATA_SETS)}.")
    data_set = DATA_SETS[name]
    size = data_set.image_shape[:2] if image_size is None else image_size
    size = tuple(size) if np.ndim(size) else (size, size)
    limits = limit if isinstance(limit, (tuple, list)) else (limit, None, None)
    chosen = _class_indices(classes, data_set.class_names)
    # The label of each stored class; -1 for those that are not wanted.
    numbers = np.full(len(data_set.class_names), -1)
    numbers[chosen] = np.arange(len(chosen))
    stored = images_and_labels(name)
    drawn = _drawn(stored["train"][1], data_set.drawn, seed)
    # All of the choice before the slow part, so that a mistake is heard of at once.
    plans = {}
    for stream, (split, most) in enumerate(zip(SPLITS, limits, strict=True), start=1):
        images, labels = stored["train" if split in drawn else split]
        labels = numbers[labels]
        positions = drawn.get(split, np.arange(len(labels)))
        positions = positions[labels[positions] >= 0]
        most = len(positions) if most is None else most
        if not len(chosen) <= most <= len(positions):
            allowed = f"{len(chosen)}, one of each class, to {len(positions):,}, which is all"
            raise ValueError(f"limit asks for {most} images in {split}; allowed is {allowed}.")
        random = np.random.default_rng((seed, stream))
        order = random.permutation(positions[_stratified(labels[positions], most, random)])
        plans[split] = images, order, labels[order]
    splits = []
    for split, (images, order, labels) in plans.items():
        splits.append((_pixels(images, order, size, data_set.white, split), labels))
    return DataSplits(*splits, tuple(data_set.class_names[one] for one in chosen))


def images_and_labels(name):
    """Return each split of a data set as it is stored, before any is drawn or resized.

    Returns:
        Dict of `train` and other splits to `(images, labels)`: uint8 of shape
        `(n, height, width, channels)`, or a list of paths of photographs; int64 of shape `(n,)`.

    Raises:
        DataError: If data is missing and cannot be downloaded, or is not what it should be.
    """
    if name == "digits":
        from sklearn.datasets import load_digits

        data = load_digits()
        return {"train": (data.images.astype("uint8")[..., None], data.target.astype("int64"))}
    path = in_data_folder(DATA_SETS[name].file)
    stored = _photographs(path) if name == "clothing" else _arrays(name, path)
    found = {split: len(labels) for split, (_, labels) in stored.items()}
    if found != DATA_SETS[name].sizes:
        text = f"{path or 'The download'} is not {name}, or not all of it: there are {found} images"
        raise DataError(f"{text} and should be {DATA_SETS[name].sizes}. {_remedy(name)}")
    return stored


def in_data_folder(name):
    """Return the path of a file or folder in the folder of `LEARNING_RATE_DATA`, or None."""
    folder = os.environ.get(DATA_VARIABLE, "").strip()
    if not folder:
        return None
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        # Going on without it would turn a mistyped path into a download.
        text = f"The variable {DATA_VARIABLE} is {str(folder)!r}, and that is no folder."
        raise DataError(f"{text} Correct the path, or unset the variable to download the data.")
    return folder / name if (folder / name).exists() else None


def _remedy(name):
    first = f"Connect to the internet, empty {_keras_cache()} of it and load again"
    return f"{first}; or put a whole {DATA_SETS[name].file} where {DATA_VARIABLE} says."


def _keras_cache():
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets"


def _arrays(name, path):
    """Return both splits of an .npz file, or of Keras's own loader, which shows its progress."""
    keys = ("x_train", "y_train", "x_test", "y_test")
    try:
        if path is None:
            import keras

            train, test = getattr(keras.datasets, name).load_data()
        else:
            with np.load(path, allow_pickle=False) as stored:
                arrays = [np.asarray(stored[key]) for key in keys]
            train, test = arrays[:2], arrays[2:]
        shape, splits = DATA_SETS[name].image_shape, {}
        for split, (x, y) in (("train", train), ("test", test)):
            splits[split] = x.reshape(-1, *shape), y.reshape(-1).astype("int64")
            if x.dtype != np.uint8 or x.max() < 128:
                raise ValueError(f"x_{split} holds no bytes from 0 to 255")
    except Exception as error:  # Keras, zipfile and NumPy raise almost anything for damage.
        how = f"read from {path}" if path else "downloaded"
        text = f"{name} could not be {how}: {error!r}. Looked for are {', '.join(keys)}, all uint8."
        raise DataError(f"{text} {_remedy(name)}") from error
    return splits


def _photographs(folder):
    """Return the paths and labels of each split of the clothing photographs."""
    folder = folder or _downloaded_clothing()
    stored = {}
    for split in SPLITS:
        # Files that begin with a dot are no data.
        found = [sorted((folder / split / name).glob("[!.]*.jp*g")) for name in CLOTHING]
        labels = np.repeat(np.arange(len(found)), [len(paths) for paths in found])
        stored[split] = [path for paths in found for path in paths], labels
    return stored


def _downloaded_clothing():
    """Return the folder of the photographs in Keras's cache; downloaded where it is not there."""
    folder = _keras_cache() / DATA_SETS["clothing"].file
    if folder.is_dir():
        return folder
    try:
        import keras

        archive = keras.utils.get_file(f"{folder.name}.zip", origin=CLOTHING_URL)
        with tempfile.TemporaryDirectory(dir=_keras_cache()) as temporary:
            shutil.unpack_archive(archive, temporary)
            # All of it or nothing, under one top folder that is named after the commit.
            next(Path(temporary).iterdir()).rename(folder)
    except Exception as error:  # Keras raises a bare Exception where a download fails.
        text = f"clothing could not be downloaded: {error!r}. {_remedy('clothing')}"
        raise DataError(text) from error
    return folder


def _class_indices(classes, names):
    given = range(len(names)) if classes is None else list(classes)
    indices = [names.index(one) if one in names else one for one in given]
    known = [one for one in indices if not isinstance(one, str) and one in range(len(names))]
    if len(set(known)) < max(2, len(indices)):
        text = f"classes is {classes!r}; give two or more, each once, by name or index"
        raise ValueError(f"{text}: {', '.join(names)}.")
    return [int(one) for one in indices]


def _drawn(labels, drawn, seed):
    """Draw splits off the stored training images; what is left is the training split."""
    random, left, parts = np.random.default_rng((seed, 0)), np.arange(len(labels)), {}
    for split, number in drawn.items():
        chosen = _stratified(labels[left], number, random)
        parts[split] = left[chosen]
        left = np.delete(left, chosen)
    return parts | {"train": left} if drawn else parts


def _stratified(labels, number, random):
    """Return positions of `number` images, each class with its share of them, to one image."""
    order = random.permutation(len(labels))
    shares = np.empty(len(labels))
    for label in np.unique(labels):
        own = labels[order] == label
        shares[own] = np.arange(own.sum()) / own.sum()
    return np.sort(order[np.argsort(shares, kind="stable")[:number]])


def _pixels(images, order, size, white, split):
    """Return images as float32 in [0, 1], `size` being (height, width)."""
    stored = isinstance(images, np.ndarray)
    if stored and images.shape[1:3] == size:
        # Chosen while they are still bytes: one float copy of the chosen images is all.
        return images[order].astype("float32") / np.float32(white)
    pixels = np.empty((len(order), *size, images.shape[3] if stored else 3), "float32")
    bar = Bar()

    def fill(place):
        pixels[place] = _resized(images[order[place]], size).reshape(pixels.shape[1:]) / white

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        for done, _ in enumerate(threads.map(fill, range(len(order))), start=1):
            bar.show(done / len(order), f"{done:,} of {len(order):,} {split} images")
    bar.close(f"{len(order):,} {split} images")
    return np.clip(pixels, 0, 1)


def _resized(image, size):
    """Return an image, or the photograph at a path, stretched to `size`."""
    from PIL import Image

    if isinstance(image, Path):
        try:
            with Image.open(image, formats=["JPEG"]) as photograph:
                picture = photograph.convert("RGB")
        except (OSError, SyntaxError, ValueError) as error:  # SyntaxError: Pillow's for damage.
            text = f"The photograph {image} cannot be decoded ({error}). {_remedy('clothing')}"
            raise DataError(text) from error
    else:
        # Gray as floats, or it would be rounded to the few values that it has.
        picture = Image.fromarray(image if image.shape[2] == 3 else image[..., 0].astype("float32"))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR), "float32")
