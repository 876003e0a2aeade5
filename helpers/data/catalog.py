"""What the data sets are: shapes, classes, counts and sources, in one table."""

import dataclasses


class DataError(RuntimeError):
    """Data that is missing, truncated or not what it should be; the text says what to do."""


@dataclasses.dataclass(frozen=True)
class DataSet:
    """One row of `DATA_SETS`. Files that disagree with it are refused.

    Attributes:
        title: Name for people.
        image_shape: Height, width (pixels) and channels that `load` gives by default.
        class_names: One name per class; label i is `class_names[i]`.
        class_counts: For each stored split the number of images of each class.
        drawn: How many images each split that is not stored takes from the stored "train" split.
        reference: Where the images come from.

    Example:
        >>> DATA_SETS["digits"].sizes
        {'train': 1280, 'validation': 257, 'test': 260}
    """

    title: str
    image_shape: tuple
    class_names: tuple
    class_counts: dict
    drawn: dict
    reference: str

    @property
    def sizes(self):
        """Number of images in each split, before `limit` and `classes`."""
        stored = {split: sum(counts) for split, counts in self.class_counts.items()}
        stored["train"] -= sum(self.drawn.values())
        sizes = {**stored, **self.drawn}
        return {split: sizes[split] for split in ("train", "validation", "test")}


DATA_SETS = {
    "digits": DataSet(
        title="handwritten digits",
        image_shape=(8, 8, 1),
        class_names=tuple("0123456789"),
        class_counts={"train": (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)},
        # 1,280 training images are 40 updates per epoch at batch size 32, 20 at 64, 10 at 128.
        drawn={"validation": 257, "test": 260},
        reference=(
            "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine "
            "Learning Repository, 1998, doi:10.24432/C50P49 (the part that scikit-learn carries)"
        ),
    ),
    "fashion_mnist": DataSet(
        title="Fashion-MNIST",
        image_shape=(28, 28, 1),
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        class_counts={"train": (6000,) * 10, "test": (1000,) * 10},
        drawn={"validation": 5000},
        reference=(
            "H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for "
            "Benchmarking Machine Learning Algorithms, 2017, arXiv:1708.07747"
        ),
    ),
    "cifar10": DataSet(
        title="CIFAR-10",
        image_shape=(32, 32, 3),
        class_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        class_counts={"train": (5000,) * 10, "test": (1000,) * 10},
        drawn={"validation": 5000},
        reference=(
            "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, technical "
            "report, University of Toronto, 2009"
        ),
    ),
    "clothing": DataSet(
        title="clothing photographs",
        # The size of the experiments that this set was published with.
        image_shape=(150, 150, 3),
        class_names=(
            "dress",
            "hat",
            "longsleeve",
            "outwear",
            "pants",
            "shirt",
            "shoes",
            "shorts",
            "skirt",
            "t-shirt",
        ),
        class_counts={
            "train": (241, 123, 455, 184, 468, 290, 198, 202, 112, 795),
            "validation": (32, 14, 49, 24, 49, 29, 26, 25, 12, 81),
            "test": (15, 12, 72, 38, 42, 26, 73, 30, 12, 52),
        },
        drawn={},
        reference=(
            "A. Grigorev, Clothing dataset (subset), 2020, CC0, "
            "https://github.com/alexeygrigorev/clothing-dataset-small"
        ),
    ),
}


def names():
    """Names that `load` takes, the default first.

    Example:
        >>> names()
        ('digits', 'fashion_mnist', 'cifar10', 'clothing')
    """
    return tuple(DATA_SETS)
