"""Loaded by pytest through `addopts`: quiet TensorFlow, and output independent of the runner."""

import os

from nbval import kernel

from helpers.session import QUIET

# What the kernels of tested and of refreshed notebooks get alike.
SETTINGS = {**QUIET, "CUDA_VISIBLE_DEVICES": "-1"}

os.environ.update(SETTINGS)
# A backend chosen for the whole test run would replace the inline backend inside the kernels.
os.environ.pop("MPLBACKEND", None)


def pytest_configure():
    """Start a kernel anew where it never answers: its ports were free only when they were drawn."""
    start_once = kernel.start_new_kernel

    def start(*arguments, **options):
        try:
            return start_once(*arguments, **options)
        except RuntimeError:
            return start_once(*arguments, **options)

    kernel.start_new_kernel = start


def pytest_collectstart(collector):
    """Leave stderr out of the comparison: it differs between Jupyter and nbval."""
    if getattr(collector, "path", None) is not None and collector.path.suffix == ".ipynb":
        collector.skip_compare += ("stderr",)
