"""Start a lesson's session the same way everywhere, and report at its end what it ran with."""

import contextlib
import logging
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from helpers.environment import (
    ROOT,
    check_setup,
    in_colab,
    installed_version,
    missing,
)

__all__ = ["check_setup", "in_colab", "report", "start"]

# Read by TensorFlow once, when it is imported. oneDNN reorders sums, which moves last digits.
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}

# Upper ends of the wall time that `report` names, in seconds: coarse, so that reports repeat.
TIME_LIMITS = (10, 30, 60, 90, 120, 300, 600, 1800)

_session = {"seed": None, "started": None}


def start(seed=0):
    """Make ready for a lesson: quiet TensorFlow, figures in the page, every random number seeded.

    Args:
        seed: A whole number from 0 to 2**32 - 1; seeds Python, NumPy and Keras.

    Raises:
        TypeError: If the seed is not a whole number.
        ValueError: If the seed is out of range.
        RuntimeError: If a package is missing or too old, or if `helpers` is another copy than the
            one beside this notebook. The message says what to do; nothing is ever installed.
    """
    _check_seed(seed)
    _check_packages()
    _check_folder()
    note = _quiet_tensorflow()
    _show_figures_in_page()
    with _no_native_messages():
        import keras

    # Many models are built on purpose, and TensorFlow advises against it at each of them.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    keras.utils.set_random_seed(int(seed))
    _session.update(seed=int(seed), started=time.monotonic())
    print(f"Ready: TensorFlow {_short('tensorflow')}, Keras {_short('keras')}, seed {seed}.{note}")


def report():
    """Print what this session ran with: versions, device, seed, and wall time as a range.

    Raises:
        RuntimeError: If the session was not started.
    """
    if _session["started"] is None:
        raise RuntimeError("The session was not started: run the set-up cell at the top first.")
    import tensorflow

    gpus = tensorflow.config.list_physical_devices("GPU")
    names = ("tensorflow", "keras", "numpy", "matplotlib", "ipywidgets")
    versions = ", ".join(f"{name} {installed_version(name) or 'absent'}" for name in names)
    device = f"{len(gpus)} GPU" if gpus else "CPU"
    elapsed = _time_range(time.monotonic() - _session["started"])
    print(f"Python {platform.python_version()} on {platform.system()}, {versions}")
    print(f"Device: {device}. Seed: {_session['seed']}.")
    print(f"Wall time since the set-up cell: {elapsed}.")


def _check_seed(seed):
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed is {seed!r}; it must be a whole number, such as 0.")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed}; allowed is 0 to 2**32 - 1; try 0.")


def _check_packages():
    lacking = missing(["lessons"])
    if not lacking:
        return
    lines = [
        f"- {requirement.name}{requirement.ranges} (here: "
        f"{installed_version(requirement.name) or 'not installed'})"
        for requirement in lacking
    ]
    advice = (
        "Choose a newer runtime: Runtime > Change runtime type. Do not install anything on Colab."
        if in_colab()
        else "Close this, and open the course with 'python3 -m helpers open', which sets it up."
    )
    raise RuntimeError("This Python lacks what the lesson needs:\n" + "\n".join([*lines, advice]))


def _check_folder():
    """Refuse another copy of the course: its lessons and its helpers belong together."""
    here = Path.cwd().resolve()
    beside = (p for p in (here, *here.parents) if (p / "helpers" / "session.py").is_file())
    root = next(beside, ROOT)
    if root != ROOT:
        raise RuntimeError(
            f"'helpers' was imported from {ROOT}, but this notebook belongs to {root}. "
            "helpers is part of this repository; do not pip install it. "
            "Restart the kernel and run the set-up cell first."
        )


def _quiet_tensorflow():
    """Set what TensorFlow reads at its import; return a remark if that came too late."""
    late = "tensorflow" in sys.modules
    unset = [name for name, value in QUIET.items() if os.environ.get(name) != value]
    if late and unset:
        return (
            " TensorFlow was imported before this cell, so its rounding is not the course's: "
            "last digits may differ. Restart the kernel and run this cell first."
        )
    os.environ.update(QUIET)
    return ""


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


def _show_figures_in_page():
    """Choose the inline backend in a notebook; in a script or a test there is no page."""
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        shell.run_line_magic("matplotlib", "inline")


def _short(name):
    """Return a version without its last part, which may move without changing a lesson."""
    return ".".join((installed_version(name) or "unknown").split(".")[:2])


def _time_range(seconds):
    for limit in TIME_LIMITS:
        if seconds < limit:
            return f"under {limit} s"
    return f"over {TIME_LIMITS[-1]} s"
