"""`load`: a name in, checked and stratified splits out."""

import dataclasses
import difflib
import operator

import numpy as np

from .arrays import digits, stored_arrays
from .catalog import DATA_SETS, names
from .photographs import clothing
from .splits import draw_splits, limit_and_shuffle, relabel

SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class DataSplits:
    """Three splits of one data set.

    Attributes:
        train: (x, y); x float32 of shape (n, height, width, channels) in [0, 1], y int64 of
            shape (n,) in 0 to classes - 1.
        validation: (x, y), to choose by.
        test: (x, y), to report once.
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
    alone; `classes`, then `limit`, only take images away.

    Memory: 4 bytes per value. That is 0.74 GB for all of `cifar10` and 1.0 GB for all of `clothing`
    at 150 x 150 pixels (0.83 GB of it training images); what `limit` and `classes` leave out is
    never converted or decoded.

    Args:
        name: One of `names()`. `digits` needs no file; the others are looked for in the folder that
            the environment variable LEARNING_RATE_DATA names (`fashion_mnist.npz`, `cifar10.npz`,
            `clothing-dataset-small/`), then in Keras's cache, then downloaded.
        seed: Int >= 0.
        limit: Number of training images to keep, stratified (validation and test stay whole); or
            three of them for (training, validation, test), None meaning all. At least one image
            per class.
        image_size: Pixels, int >= 1 for squares or (height, width). Default: 8, 28, 32 and 150 in
            the order of the table. Bilinear, antialiased; the aspect is not kept.
        classes: Two or more class names or indices; they become labels 0, 1, ... in that order.

    Returns:
        `DataSplits`.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If an argument is out of range: an unknown name or class, a class given twice,
            a limit above what there is.
        DataError: If data is missing and cannot be downloaded, is truncated, or is not what it
            should be (array names, shapes, types, values, images per class). A RuntimeError; the
            text says which file, which folder and what to do.

    Example:
        >>> load("digits")
        DataSplits(train=(1280, 8, 8, 1), validation=(257, 8, 8, 1), test=(260, 8, 8, 1),
                   classes=10)
        >>> few = load("digits", limit=100, classes=[3, 8])
        >>> few.train[0].shape, sorted(set(few.train[1].tolist())), few.class_names
        ((100, 8, 8, 1), [0, 1], ('3', '8'))

    References:
        `DATA_SETS[name].reference`.
    """
    data_set = _known(name)
    seed = _whole("seed", seed, at_least=0)
    limits = _limits(limit)
    size = _size(image_size, default=data_set.image_shape[:2])
    chosen = _class_indices(classes, data_set.class_names)

    stored = _open(name)
    parts = draw_splits(stored["train"].labels, data_set.drawn, seed)
    plans = {}
    for stream, split in enumerate(SPLITS, start=1):
        # A drawn split lies in the stored training images; a published one is whole.
        source = stored["train" if split in parts else split]
        positions = parts.get(split, np.arange(len(source.labels)))
        labels = relabel(source.labels, chosen)[positions]
        positions, labels = positions[labels >= 0], labels[labels >= 0]
        _check_limit(limits[split], split, len(labels), len(chosen))
        order = limit_and_shuffle(labels, limits[split], seed, stream)
        plans[split] = (source, positions[order], labels[order])

    # All checks lie behind; the slow part comes last.
    arrays = {
        split: (source.read(positions, size, split), labels)
        for split, (source, positions, labels) in plans.items()
    }
    return DataSplits(**arrays, class_names=tuple(data_set.class_names[i] for i in chosen))


def _open(name):
    """Dict from stored split to its labels and a way to read its images."""
    if name == "digits":
        return digits()
    if name == "clothing":
        return clothing()
    return stored_arrays(name)


def _known(name):
    if not isinstance(name, str):
        raise TypeError(f"name must be text, one of {names()}; got {type(name).__name__}.")
    if name not in DATA_SETS:
        raise ValueError(
            f"There is no data set {name!r}; there are {', '.join(names())}."
            + _did_you_mean(name, names())
        )
    return DATA_SETS[name]


def _did_you_mean(word, known):
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""


def _whole(what, value, at_least):
    """A Python int from an int or a NumPy integer; truth values are refused."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{what} must be a whole number, got {value!r} ({type(value).__name__})."
        ) from None
    if number < at_least:
        raise ValueError(f"{what} must be at least {at_least}, got {number}.")
    return number


def _limits(limit):
    """Dict from split to how many images to keep, None for all."""
    if not isinstance(limit, (tuple, list)):
        limit = (limit, None, None)
    if len(limit) != len(SPLITS):
        raise ValueError(
            f"limit must be one number, or three for {SPLITS} with None for all; got {limit!r}."
        )
    return {
        split: None if number is None else _whole(f"limit ({split})", number, at_least=1)
        for split, number in zip(SPLITS, limit)
    }


def _check_limit(limit, split, available, classes):
    if limit is None or classes <= limit <= available:
        return
    if limit > available:
        raise ValueError(
            f"limit asks for {limit:,} images in {split}, and there are {available:,}. "
            f"Give at most {available:,}, or None for all."
        )
    raise ValueError(
        f"limit asks for {limit} images in {split}, too few for {classes} classes. "
        f"Give at least {classes}, or choose fewer classes."
    )


def _size(image_size, default):
    """(height, width) in pixels."""
    if image_size is None:
        return default
    pair = image_size if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    if len(pair) != 2:
        raise ValueError(f"image_size must be one number or (height, width), got {image_size!r}.")
    return tuple(_whole("image_size", pixels, at_least=1) for pixels in pair)


def _class_indices(classes, class_names):
    """List of class indices, in the order given."""
    if classes is None:
        return list(range(len(class_names)))
    if isinstance(classes, (str, bytes)) or not hasattr(classes, "__iter__"):
        raise TypeError(
            f"classes must be a sequence of class names or indices, got {classes!r}. "
            "Two or more are needed, such as [0, 1]."
        )
    indices = [_class_index(entry, class_names) for entry in classes]
    if len(indices) < 2:
        raise ValueError(f"classes must name at least two classes, got {classes!r}.")
    twice = sorted({class_names[i] for i in indices if indices.count(i) > 1})
    if twice:
        raise ValueError(f"classes names {', '.join(twice)} more than once, got {classes!r}.")
    return indices


def _class_index(entry, class_names):
    known = ", ".join(f"{index} {name}" for index, name in enumerate(class_names))
    if isinstance(entry, str):
        if entry not in class_names:
            raise ValueError(
                f"There is no class {entry!r}; there are {known}."
                + _did_you_mean(entry, class_names)
            )
        return class_names.index(entry)
    index = _whole("an entry of classes", entry, at_least=0)
    if index >= len(class_names):
        raise ValueError(f"There is no class {index}; there are {known}.")
    return index
