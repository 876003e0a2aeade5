"""Which image goes into which split: pure NumPy on labels, all of it from a seed."""

import numpy as np


def class_quotas(counts, number):
    """Share `number` among classes in proportion to `counts`, each quota within one of exact.

    The exception to "within one": no class that has images is left out as long as `number` allows
    one image per class.

    Args:
        counts: Images per class, int array of shape (classes,), each >= 0.
        number: How many to choose, from the number of classes with images to `counts.sum()`.

    Returns:
        int64 array of shape (classes,), its sum `number`, nowhere above `counts`.

    Example:
        >>> class_quotas(np.array([60, 30, 10]), 20).tolist()
        [12, 6, 2]
        >>> class_quotas(np.array([98, 1, 1]), 5).tolist()
        [3, 1, 1]
    """
    counts = np.asarray(counts, dtype=np.int64)
    # Integers first: a float quotient can fall below the whole number that it stands for.
    quotas = np.maximum(counts * number // counts.sum(), counts > 0)
    exact = counts * number / counts.sum()
    while quotas.sum() < number:
        lacks_most = np.argmax(np.where(quotas < counts, exact - quotas, -np.inf))
        quotas[lacks_most] += 1
    while quotas.sum() > number:
        has_most = np.argmax(np.where(quotas > 1, quotas - exact, -np.inf))
        quotas[has_most] -= 1
    return quotas


def stratified_choice(labels, number, random):
    """Choose `number` images at random, with the classes in the proportions that `labels` has.

    Args:
        labels: int array of shape (n,), each >= 0.
        number: How many, from the number of classes in `labels` to n.
        random: A `numpy.random.Generator`.

    Returns:
        Sorted int64 array of positions in `labels`, shape (number,).

    Example:
        >>> labels = np.array([0, 0, 0, 0, 1, 1])
        >>> chosen = stratified_choice(labels, 3, np.random.default_rng(0))
        >>> labels[chosen].tolist()
        [0, 0, 1]
    """
    quotas = class_quotas(np.bincount(labels), number)
    chosen = [
        random.permutation(np.flatnonzero(labels == label))[:quota]
        for label, quota in enumerate(quotas)
    ]
    return np.sort(np.concatenate(chosen))


def draw_splits(labels, drawn, seed):
    """Draw splits off the stored training images; what is left is the training split.

    Args:
        labels: int array of shape (n,), the labels of the stored training images.
        drawn: Dict from split to its number of images.
        seed: Int >= 0.

    Returns:
        Dict from split, "train" among them, to a sorted int64 array of positions in `labels`.
        The arrays are disjoint and cover all positions.

    Example:
        >>> parts = draw_splits(np.array([0, 1] * 5), {"test": 4}, seed=0)
        >>> {split: len(positions) for split, positions in parts.items()}
        {'test': 4, 'train': 6}
    """
    random = np.random.default_rng((seed, 0))
    left = np.arange(len(labels))
    parts = {}
    for split, number in drawn.items():
        chosen = stratified_choice(labels[left], number, random)
        parts[split] = left[chosen]
        left = np.delete(left, chosen)
    return {**parts, "train": left}


def relabel(labels, classes):
    """Number the chosen classes 0, 1, ... in the order given; all others become -1.

    Example:
        >>> relabel(np.array([0, 1, 2, 3]), [3, 0]).tolist()
        [1, -1, -1, 0]
    """
    numbers = np.full(max(int(labels.max()), *classes) + 1, -1, dtype=np.int64)
    numbers[list(classes)] = np.arange(len(classes))
    return numbers[labels]


def limit_and_shuffle(labels, limit, seed, stream):
    """Positions of one split in their final order: the limit applied, then shuffled.

    Args:
        labels: int array of shape (n,).
        limit: How many to keep, stratified, or None for all.
        seed: Int >= 0.
        stream: Int >= 1; another one for each split, so that a limit on one split changes no other.

    Returns:
        int64 array of positions in `labels`.
    """
    random = np.random.default_rng((seed, stream))
    order = random.permutation(len(labels))
    if limit is None:
        return order
    kept = np.zeros(len(labels), dtype=bool)
    kept[stratified_choice(labels, limit, random)] = True
    return order[kept[order]]
