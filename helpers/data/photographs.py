"""The clothing photographs: find or download the folder, check it, decode what is chosen."""

import concurrent.futures
import dataclasses
import os
import shutil
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np

from .catalog import DATA_SETS, DataError
from .folders import CLOTHING_FOLDER, DATA_VARIABLE, keras_cache, stored_path

# Pinned, so that the photographs cannot change under the course.
COMMIT = "36364be1969242c019705255cd87aed00c73a939"
URL = f"https://github.com/alexeygrigorev/{CLOTHING_FOLDER}/archive/{COMMIT}.zip"
ENDINGS = (".jpg", ".jpeg")


@dataclasses.dataclass(frozen=True)
class PhotographFiles:
    """One stored split of photographs that are still files.

    Attributes:
        labels: int64 array of shape (n,).
        paths: Tuple of n `pathlib.Path`.
        remedy: What to do about a file that cannot be read.
    """

    labels: np.ndarray
    paths: tuple
    remedy: str

    def read(self, positions, size, split):
        """Photographs at `positions` as float32 in [0, 1], `size` being (height, width) in pixels.

        Decoded by one thread per processor; after two seconds a progress line goes to stderr.
        """
        paths = [self.paths[position] for position in positions]
        images = np.empty((len(paths), *size, 3), np.float32)

        def fill(index):
            pixels = _decode(paths[index], size, self.remedy)
            images[index] = pixels
            images[index] /= 255

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
            _follow(threads.map(fill, range(len(paths))), len(paths), f"{split} photographs")
        return images


def _decode(path, size, remedy):
    """One photograph as uint8 (height, width, 3).

    Stretched to `size` whatever its aspect, as Keras's `load_img` does; unlike its default, which
    takes the nearest pixel, bilinear with antialiasing.
    """
    from PIL import Image

    height, width = size
    try:
        with Image.open(path) as photograph:
            photograph = photograph.convert("RGB")
        return np.asarray(photograph.resize((width, height), Image.Resampling.BILINEAR))
    except (OSError, SyntaxError, ValueError) as error:  # SyntaxError: Pillow's word for damage.
        raise DataError(
            f"The photograph {path} cannot be decoded; it may be truncated ({error}). {remedy}"
        ) from error


def _follow(finished, total, what, patience=2.0, every=0.5):
    """Exhaust `finished`; from `patience` seconds on, rewrite a progress line on stderr."""
    due = time.monotonic() + patience
    shown = False
    for number, _ in enumerate(finished, start=1):
        if time.monotonic() >= due:
            due = time.monotonic() + every
            shown = True
            print(f"\r{number:,} of {total:,} {what}", end="", file=sys.stderr, flush=True)
    if shown:
        print(f"\r{total:,} of {total:,} {what}", file=sys.stderr)


def clothing():
    """The clothing photographs: dict from split to `PhotographFiles`.

    Raises:
        DataError: If there is neither folder nor download, or the folder is not as published.
    """
    folder = stored_path("clothing")
    if folder is not None:
        remedy = (
            f"Put a whole copy of {CLOTHING_FOLDER} there, or unset {DATA_VARIABLE} to download "
            "the data instead."
        )
    else:
        folder = _downloaded_folder()
        remedy = f"Delete the folder {folder} and load again."
    wrong = _what_is_wrong(folder)
    if wrong:
        raise DataError(f"{folder} is not the clothing data set: {wrong}. {remedy}")
    return {split: _list_split(folder, split, remedy) for split in _splits()}


def _splits():
    return tuple(DATA_SETS["clothing"].class_counts)


def _photographs_in(folder):
    """Sorted paths of the photographs in one folder; files that begin with a dot are no data."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    )


def _what_is_wrong(folder):
    """First difference between the folder and the table of the data sets as text, or None."""
    classes = DATA_SETS["clothing"].class_names
    for split, counts in DATA_SETS["clothing"].class_counts.items():
        if not (folder / split).is_dir():
            return f"the folder {split} is missing"
        subfolders = {path.name for path in (folder / split).iterdir() if path.is_dir()}
        missing = [name for name in classes if name not in subfolders]
        if missing:
            return f"in {split}, the folders {', '.join(missing)} are missing"
        for name, count in zip(classes, counts):
            found = len(_photographs_in(folder / split / name))
            if found != count:
                return f"{split}/{name} holds {found} photographs, expected {count}"
    return None


def _list_split(folder, split, remedy):
    labels, paths = [], []
    for label, name in enumerate(DATA_SETS["clothing"].class_names):
        found = _photographs_in(folder / split / name)
        paths += found
        labels += [label] * len(found)
    return PhotographFiles(np.array(labels, np.int64), tuple(paths), remedy)


def _downloaded_folder():
    """Folder of the extracted archive in Keras's cache; downloaded and extracted where needed."""
    folder = keras_cache() / CLOTHING_FOLDER
    if folder.is_dir():
        return folder
    archive = _download()
    folder = archive.parent / CLOTHING_FOLDER
    if not folder.is_dir():
        _extract(archive, folder)
    return folder


def _download():
    try:
        import keras

        return Path(keras.utils.get_file(f"{CLOTHING_FOLDER}-{COMMIT[:8]}.zip", origin=URL))
    except Exception as error:  # Keras raises a bare Exception where a download fails.
        raise DataError(
            f"'clothing' could neither be found nor downloaded ({type(error).__name__}: {error}). "
            f"Connect to the internet and load again; or fetch {URL}, unpack it as "
            f"{CLOTHING_FOLDER} (with its folders {', '.join(_splits())}) into a folder, and set "
            f"the environment variable {DATA_VARIABLE} to that folder."
        ) from error


def _extract(archive, folder):
    """Unpack into a temporary neighbor of `folder`, check, then rename: all of it or nothing."""
    temporary = Path(tempfile.mkdtemp(prefix=f"{CLOTHING_FOLDER}-", dir=folder.parent))
    try:
        try:
            _unpack(archive, temporary)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            archive.unlink()
            raise DataError(
                f"The downloaded archive {archive} is truncated or damaged ({error}). It has been "
                "deleted; load again to download it anew."
            ) from error
        wrong = _what_is_wrong(temporary)
        if wrong:
            archive.unlink()
            raise DataError(
                f"The archive from {URL} is not the clothing data set: {wrong}. It has been "
                "deleted; load again, and if this repeats, report it to the course."
            )
        temporary.chmod(0o755)  # mkdtemp lets only its owner in; other downloads are not so.
        _rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rename(temporary, folder):
    try:
        temporary.rename(folder)
    except OSError:
        # Another process that loaded at the same time was first; what it renamed is whole.
        if not folder.is_dir():
            raise


def _unpack(archive, target):
    """Write the photographs of the known classes, and nothing else, below `target`."""
    with zipfile.ZipFile(archive) as members:
        for member in members.namelist():
            parts = PurePosixPath(member).parts
            if len(parts) != 4:
                continue
            # The archive has one top folder, named after repository and commit.
            _, split, name, filename = parts
            known = split in _splits() and name in DATA_SETS["clothing"].class_names
            if known and PurePosixPath(filename).suffix.lower() in ENDINGS:
                folder = target / split / name
                folder.mkdir(parents=True, exist_ok=True)
                (folder / filename).write_bytes(members.read(member))
