"""Data sets that are arrays: digits, and what .npz files or Keras's loaders hold."""

import dataclasses
import zipfile

import numpy as np

from .catalog import DATA_SETS, DataError
from .folders import DATA_VARIABLE, STORED_AS, cached_path, stored_path

ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")


@dataclasses.dataclass(frozen=True)
class StoredImages:
    """One stored split of images that are in memory.

    Attributes:
        labels: int64 array of shape (n,).
        images: uint8 array of shape (n, height, width, channels).
        white: The value that becomes 1.0.
    """

    labels: np.ndarray
    images: np.ndarray
    white: int

    def read(self, positions, size, split):
        """Images at `positions` as float32 in [0, 1], `size` being (height, width) in pixels.

        `split` is for readers that show progress; this one is done before a line could be read.
        """
        # Chosen while they are still bytes: one float copy of the chosen images is the whole cost.
        scaled = self.images[positions].astype(np.float32)
        scaled /= self.white
        return scaled if scaled.shape[1:3] == size else resize(scaled, size)


def resize(images, size):
    """Resize float images, bilinear; where they shrink, all pixels count (antialiased).

    Args:
        images: float32 array of shape (n, height, width, channels).
        size: (height, width) of the result in pixels; the aspect is not kept.

    Returns:
        float32 array of shape (n, *size, channels), within the range of `images`.

    Example:
        >>> resize(np.ones((2, 8, 8, 1), np.float32), (4, 6)).shape
        (2, 4, 6, 1)
    """
    from PIL import Image

    height, width = size
    count, *_, channels = images.shape
    resized = np.empty((count, height, width, channels), np.float32)
    for index in range(count):
        for channel in range(channels):
            # One float channel at a time: Pillow's color images would round to 256 levels.
            plane = Image.fromarray(np.ascontiguousarray(images[index, :, :, channel]))
            plane = plane.resize((width, height), Image.Resampling.BILINEAR)
            resized[index, :, :, channel] = plane
    return np.clip(resized, 0.0, 1.0, out=resized)


def digits():
    """The digits that scikit-learn carries: dict with the one split "train".

    Their pixels count the inked points of a 4x4 block, 0 to 16.
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    images = data.images.astype(np.uint8)[..., np.newaxis]
    return {"train": StoredImages(data.target.astype(np.int64), images, white=16)}


def stored_arrays(name):
    """Fashion-MNIST or CIFAR-10 from the data folder, else from Keras.

    Returns:
        Dict from split, "train" and "test", to `StoredImages`.

    Raises:
        DataError: If there is neither file nor download, or the data is not what it should be.
    """
    path = stored_path(name)
    if path is not None:
        source = str(path)
        remedy = (
            f"Put a whole {path.name} there, or unset {DATA_VARIABLE} to download the data instead."
        )
        arrays = _read_npz(path, remedy)
    else:
        source = f"What Keras downloaded for {name!r}"
        remedy = f"Delete {cached_path(name)} and load again."
        arrays = _download(name)
    stored = {}
    for split in ("train", "test"):
        images, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
        wrong = _what_is_wrong(images, labels, DATA_SETS[name], split)
        if wrong:
            raise DataError(f"{source} is not {DATA_SETS[name].title}: {wrong}. {remedy}")
        images = images.reshape(-1, *DATA_SETS[name].image_shape)
        stored[split] = StoredImages(labels.reshape(-1).astype(np.int64), images, white=255)
    return stored


def _read_npz(path, remedy):
    """Dict with the four arrays of an .npz file; pickled objects in it are never executed."""
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise zipfile.BadZipFile("its end is missing, or it is another kind of file")
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in ARRAY_NAMES if key in stored.files}
    except MemoryError:
        raise
    except Exception as error:  # A damaged header makes zipfile and NumPy raise almost anything.
        raise DataError(
            f"{path} cannot be read as an .npz file of plain arrays; it may be truncated "
            f"({type(error).__name__}: {error}). {remedy}"
        ) from error
    # NumPy gives a damaged array back as bytes.
    missing = [key for key in ARRAY_NAMES if not isinstance(arrays.get(key), np.ndarray)]
    if missing:
        raise DataError(f"{path} lacks the arrays {', '.join(missing)}. {remedy}")
    return arrays


def _download(name):
    """Dict with the four arrays from Keras's own loader, which shows its progress."""
    try:
        import keras

        loaded = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises a bare Exception where a download fails.
        raise DataError(
            f"{name!r} could neither be found nor downloaded "
            f"({type(error).__name__}: {error}). Connect to the internet and load again; or put "
            f"{STORED_AS[name]} (arrays {', '.join(ARRAY_NAMES)}, uint8) into a folder and set the "
            f"environment variable {DATA_VARIABLE} to that folder. If an earlier "
            f"download was cut off, first delete {cached_path(name)}."
        ) from error
    (x_train, y_train), (x_test, y_test) = loaded
    return dict(zip(ARRAY_NAMES, (x_train, y_train, x_test, y_test)))


def _what_is_wrong(images, labels, data_set, split):
    """First difference between one stored split and the table of the data sets, or None."""
    counts = data_set.class_counts[split]
    number = sum(counts)
    shape = (number, *data_set.image_shape)
    # Grayscale images may come without, labels with an axis of length one.
    image_shapes = (shape, shape[:-1]) if shape[-1] == 1 else (shape,)
    x, y = f"x_{split}", f"y_{split}"
    if images.dtype != np.uint8:
        return f"{x} is {images.dtype}, expected uint8"
    if labels.dtype.kind not in "iu":
        return f"{y} is {labels.dtype}, expected uint8"
    if images.shape not in image_shapes:
        return f"{x} has shape {images.shape}, expected {image_shapes[-1]}"
    if labels.shape not in ((number,), (number, 1)):
        return f"{y} has shape {labels.shape}, expected {(number,)}"
    if labels.min() < 0 or labels.max() >= len(counts):
        return f"{y} runs from {labels.min()} to {labels.max()}, expected 0 to {len(counts) - 1}"
    found = tuple(np.bincount(labels.reshape(-1)).tolist())
    if found != counts:
        return f"the classes of {y} have {found} images, expected {counts}"
    if images.max() < 128:
        return f"no value of {x} is above {images.max()}, expected values up to 255"
    return None
