"""Where the files of the data sets lie on this machine. Nothing here opens or downloads one."""

import os
from pathlib import Path

from .catalog import DATA_SETS, DataError

DATA_VARIABLE = "LEARNING_RATE_DATA"
CLOTHING_FOLDER = "clothing-dataset-small"
# What to look for in the data folder.
STORED_AS = {
    "fashion_mnist": "fashion_mnist.npz",
    "cifar10": "cifar10.npz",
    "clothing": CLOTHING_FOLDER,
}
# What a download leaves in Keras's cache, as patterns: of Fashion-MNIST the file that comes last,
# of CIFAR-10 a folder whose name differs between versions of Keras.
CACHED_AS = {
    "fashion_mnist": "fashion-mnist/t10k-images-idx3-ubyte.gz",
    "cifar10": "cifar-10-batches-py*",
    "clothing": CLOTHING_FOLDER,
}


def data_folder():
    """Folder of local data: what the environment variable LEARNING_RATE_DATA names.

    Returns:
        A `pathlib.Path`, or None where the variable is unset or empty.

    Raises:
        DataError: If the variable names something that is no folder. Going on without it would
            turn a mistyped path into a download.
    """
    value = os.environ.get(DATA_VARIABLE, "").strip()
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"The environment variable {DATA_VARIABLE} is {value!r}, and that is no folder. "
            "Correct the path, or unset the variable to download the data instead."
        )
    return folder


def stored_path(name):
    """Path of the data set `name` in the data folder, or None where there is none."""
    folder = data_folder()
    if folder is None or name not in STORED_AS:
        return None
    path = folder / STORED_AS[name]
    return path if path.exists() else None


def keras_cache():
    """Folder into which Keras downloads data sets: datasets under KERAS_HOME or ~/.keras."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets"


def cached_path(name):
    """What to delete in Keras's cache to download `name` anew; may hold a `*`."""
    return keras_cache() / CACHED_AS[name].split("/")[0]


def weights_file(filename):
    """Find a Keras weights file in `models/` of the data folder.

    Args:
        filename: The name Keras gives the file, without folders, such as
            `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5`.

    Returns:
        A `pathlib.Path`, or None where there is no such file or no data folder.

    Raises:
        TypeError: If the file name is no text.
        ValueError: If the file name is empty or holds a folder.
        DataError: If LEARNING_RATE_DATA names something that is no folder.
    """
    if not isinstance(filename, str):
        raise TypeError(f"filename must be text, got {type(filename).__name__}.")
    if filename in ("", ".", "..") or any(mark in filename for mark in "/\\"):
        raise ValueError(
            f"filename must be a file name without folders, got {filename!r}. "
            f"Files are looked for in the folder models of {DATA_VARIABLE}."
        )
    folder = data_folder()
    if folder is None:
        return None
    path = folder / "models" / filename
    return path if path.is_file() else None


def available():
    """Say for each data set where `load` would take it from; opens no file and no connection.

    Returns:
        Dict from name to "embedded", the path in the data folder as text, "Keras cache" or
        "download needed". Where LEARNING_RATE_DATA names no folder, the error text instead.

    Example:
        >>> available()["digits"]
        'embedded'
    """
    return {name: _origin(name) for name in DATA_SETS}


def _origin(name):
    if name not in STORED_AS:
        return "embedded"
    try:
        path = stored_path(name)
    except DataError as error:
        return str(error)
    if path is not None:
        return str(path)
    return "Keras cache" if any(keras_cache().glob(CACHED_AS[name])) else "download needed"
