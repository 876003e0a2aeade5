"""Start a lesson's session the same way everywhere, and report at its end what it ran with."""

import contextlib
import logging
import os
import platform
import time
from importlib.metadata import version

# Read by TensorFlow once, when it is imported. oneDNN reorders sums, which moves last digits.
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
PACKAGES = ("tensorflow", "keras", "numpy", "matplotlib", "ipywidgets")

_started = {}


def start(seed=0):
    """Make ready for a lesson: quiet TensorFlow, figures in the page, every random number seeded.

    Args:
        seed: A whole number from 0 to 2**32 - 1; seeds Python, NumPy and Keras.

    Raises:
        RuntimeError: If TensorFlow or Keras is missing; the message says what to do.
    """
    os.environ.update(QUIET)
    try:
        with _no_native_messages():
            import keras
            import tensorflow as tf
    except ImportError as error:
        cure = "open the course with 'python3 -m helpers open'; on Colab choose a newer runtime"
        raise RuntimeError(f"This Python lacks what the lesson needs ({error}): {cure}.") from error
    # Many models are built on purpose, and TensorFlow advises against it at each of them.
    tf.get_logger().setLevel(logging.ERROR)
    keras.utils.set_random_seed(seed)
    _started.update(seed=seed, moment=time.monotonic())
    print(f"Ready: TensorFlow {tf.__version__}, Keras {keras.__version__}, seed {seed}.")


def report():
    """Print what this session ran with: versions, device, seed, and wall time as a range."""
    import tensorflow as tf

    seconds = time.monotonic() - _started["moment"]
    limit = 15 * 2 ** int(seconds // 15).bit_length()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"Python {platform.python_version()} on {platform.system()}, {versions}")
    cards = len(tf.config.list_physical_devices("GPU"))
    print(f"Device: {f'{cards} GPU' if cards else 'CPU'}. Seed: {_started['seed']}.")
    print(f"Wall time since the set-up cell: under {limit} s.")


@contextlib.contextmanager
def _no_native_messages():
    """Hold back what C++ code writes to stderr.

    TensorFlow's Linux wheel says twice at import that there is no GPU driver, at every log level.
    """
    with open(os.devnull, "w") as nowhere:
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
