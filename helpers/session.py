"""Start a lesson's session the same way everywhere, and report at its end what it ran with."""

import contextlib
import logging
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version

# Read by TensorFlow once, when it is imported. oneDNN reorders sums, which moves last digits.
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
TIME_LIMITS = (10, 30, 60, 90, 120, 300, 600, 1800)

_started = {}


def start(seed=0):
    """Make ready for a lesson: quiet TensorFlow, figures in the page, every random number seeded.

    Args:
        seed: A whole number from 0 to 2**32 - 1; seeds Python, NumPy and Keras.

    Raises:
        RuntimeError: If TensorFlow or Keras 3 is missing; the message says what to do.
    """
    late = "tensorflow" in sys.modules and os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "0"
    os.environ.update(QUIET)
    try:
        with _no_native_messages():
            import keras
            import tensorflow as tf
    except ImportError as error:
        cure = "open the course with 'python3 -m helpers open'; on Colab choose a newer runtime"
        raise RuntimeError(f"This Python lacks what the lesson needs ({error}): {cure}.") from error
    if keras.__version__ < "3":
        raise RuntimeError(f"Keras is {keras.__version__}; the course needs Keras 3 or newer.")
    # Many models are built on purpose, and TensorFlow advises against it at each of them.
    tf.get_logger().setLevel(logging.ERROR)
    keras.utils.set_random_seed(seed)
    _started.update(seed=seed, moment=time.monotonic())
    print(f"Ready: TensorFlow {tf.__version__}, Keras {keras.__version__}, seed {seed}.")
    if late:
        print("TensorFlow was imported before this cell: restart the kernel for the same digits.")


def report():
    """Print what this session ran with: versions, device, seed, and wall time as a range."""
    import tensorflow as tf

    names = ("tensorflow", "keras", "numpy", "matplotlib", "ipywidgets")
    seconds = time.monotonic() - _started["moment"]
    limit = next((limit for limit in TIME_LIMITS if seconds < limit), None)
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"Python {platform.python_version()} on {platform.system()}, {versions}")
    cards = len(tf.config.list_physical_devices("GPU"))
    print(f"Device: {f'{cards} GPU' if cards else 'CPU'}. Seed: {_started['seed']}.")
    print(f"Wall time since the set-up cell: {f'under {limit} s' if limit else 'over 1800 s'}.")


@contextlib.contextmanager
def _no_native_messages():
    """Hold back what C++ code writes to stderr; pass it on if the block fails.

    TensorFlow's Linux wheel says twice at import that there is no GPU driver, at every log level.
    """
    with tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
