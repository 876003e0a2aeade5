"""Image data sets as seeded, stratified splits.

`load("digits")` works everywhere: scikit-learn carries those images. The other data sets are looked
for in the folder that the environment variable LEARNING_RATE_DATA names, then downloaded. What is
missing, truncated or not what it should be ends in a `DataError` that says what to do.

===============  =============================================================
catalog          what the data sets are: shapes, classes, counts, sources
folders          where their files lie on this machine
arrays           digits, and what is stored in .npz files
photographs      the clothing photographs: find, check, download, decode
splits           which image goes where: pure NumPy on labels
loading          `load`: arguments in, `DataSplits` out
===============  =============================================================

Importing this package imports neither TensorFlow nor Keras; Keras is needed for downloads only.
"""

from .catalog import DATA_SETS, DataError, DataSet, names
from .folders import available, data_folder, weights_file
from .loading import DataSplits, load

__all__ = [
    "DATA_SETS",
    "DataError",
    "DataSet",
    "DataSplits",
    "available",
    "data_folder",
    "load",
    "names",
    "weights_file",
]
