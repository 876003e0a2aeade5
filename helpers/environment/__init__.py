"""Find or make the Python environment of the course, and say what a set-up lacks.

Standard library only, in Python 3.8's syntax, so that an old or empty Python gets an answer
instead of a traceback.
"""

from helpers.environment.bootstrap import EnvironmentProblem, relay
from helpers.environment.check import CheckedItem, check_setup
from helpers.environment.requirements import (
    OLDEST_PYTHON,
    ROOT,
    Requirement,
    fits,
    in_colab,
    installed_version,
    missing,
    read_requirements,
)

__all__ = [
    "OLDEST_PYTHON",
    "ROOT",
    "CheckedItem",
    "EnvironmentProblem",
    "Requirement",
    "check_setup",
    "fits",
    "in_colab",
    "installed_version",
    "missing",
    "read_requirements",
    "relay",
]
