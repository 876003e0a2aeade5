"""Look at a set-up, item by item, and say what is missing and what to do about it."""

import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from helpers.environment import requirements as needs


class CheckedItem(NamedTuple):
    """One line of the check.

    Attributes:
        name: What was looked at.
        ok: Whether the lessons run with it as it is.
        found: What is there.
        advice: What to do; empty where nothing is to be done.
    """

    name: str
    ok: bool
    found: str
    advice: str


def check_setup(roles=("lessons", "commands")):
    """Check Python, packages, processors, data and the right to write.

    Args:
        roles: Whose packages to look at: of `lessons`, `commands` and `tests`.

    Returns:
        A list of `CheckedItem`, in the order in which a reader wants them.

    Example:
        >>> [item.name for item in check_setup()][:2]
        ['Python', 'tensorflow']
    """
    packages = [_package(requirement) for requirement in needs.read_requirements(roles=roles)]
    return [_python()] + packages + [_processors()] + _data() + [_write_rights()]


def _python():
    oldest = "{}.{}".format(*needs.OLDEST_PYTHON)
    ok = sys.version_info >= needs.OLDEST_PYTHON
    advice = "" if ok else f"Use Python {oldest} or newer: https://www.python.org/downloads/"
    return CheckedItem("Python", ok, sys.version.split()[0], advice)


def _package(requirement):
    version = needs.installed_version(requirement.name)
    ok = version is not None and needs.fits(version, requirement.ranges)
    advice = ""
    if not ok:
        advice = f"{requirement.ranges} is needed ({requirement.reason}). "
        advice += (
            "Choose a newer Colab runtime."
            if needs.in_colab()
            else "'python3 -m helpers open' sets everything up."
        )
    return CheckedItem(requirement.name, ok, version or "not installed", advice)


def _processors():
    count = os.cpu_count() or 1
    advice = "" if count > 1 else "Lessons run, at about twice the stated times."
    return CheckedItem("processors", True, str(count), advice)


def _data():
    """Where each data set would come from; every lesson runs on the embedded digits alone."""
    folder = os.environ.get("LEARNING_RATE_DATA")
    if folder and not Path(folder).expanduser().is_dir():
        advice = "Correct it, or unset it: the lessons run on the embedded digits."
        found = f"LEARNING_RATE_DATA is {folder}, which is not a folder"
        return [CheckedItem("data", False, found, advice)]
    try:
        from helpers.data import available
    except ImportError as error:
        return [CheckedItem("data", False, "not looked at", f"{error.name} is needed for it.")]
    items = [CheckedItem("data folder", True, folder or "LEARNING_RATE_DATA is not set", "")]
    for name, origin in available().items():
        advice = ""
        if origin == "download needed":
            advice = "Optional. For use without internet, put it in a folder and set "
            advice += "LEARNING_RATE_DATA to that folder."
        items.append(CheckedItem(f"data {name}", True, origin, advice))
    return items


def _write_rights():
    """Try to write where lessons are saved: rights read off a mode are wrong on network drives."""
    folder = needs.ROOT / "notebooks"
    folder = folder if folder.is_dir() else needs.ROOT
    try:
        with tempfile.TemporaryFile(dir=str(folder)):
            pass
    except OSError as error:
        advice = "Copy the course to a folder of your own; changes to lessons cannot be saved here."
        return CheckedItem("saving", False, f"{folder.name}: {error.strerror}", advice)
    return CheckedItem("saving", True, f"{folder.name} is writable", "")
