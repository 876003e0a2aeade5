"""What the course needs (requirements.txt is the one source), and what this Python has of it."""

import importlib.metadata
import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = (3, 10)
ROLES = ("lessons", "commands", "tests")

# The same library under other names: whoever has one of these has TensorFlow.
OTHER_NAMES = {"tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tensorflow-intel")}

_LINE = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)\s*(?P<ranges>[^#;]*?)\s*#\s*(?P<role>\w+):\s*(?P<reason>.+)$"
)
_RANGE = re.compile(r"^(>=|<=|==|!=|<|>)\s*(\d[\w.]*)$")


class Requirement(NamedTuple):
    """One line of requirements.txt.

    Attributes:
        name: Name on the package index.
        ranges: Allowed versions, such as `">=2.18,<3"`; may be empty.
        role: Who needs it: `lessons`, `commands` or `tests`.
        reason: What for.
    """

    name: str
    ranges: str
    role: str
    reason: str


def read_requirements(path=None, roles=ROLES):
    """Return the requirements of the given roles, in the order of the file.

    Args:
        path: A requirements file; the course's own if None.
        roles: Which of `lessons`, `commands` and `tests` to return.

    Returns:
        A list of `Requirement`.

    Raises:
        ValueError: If a role is unknown, or a line is not `name ranges  # role: reason`.

    Example:
        >>> read_requirements(roles=["lessons"])[0].name
        'tensorflow'
    """
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise ValueError(f"roles holds {unknown[0]!r}; allowed are {', '.join(ROLES)}.")
    path = Path(path or ROOT / "requirements.txt")
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None or match["role"] not in ROLES:
            raise ValueError(
                f"{path.name}, line {number} is {line!r}; allowed is "
                f"'name ranges  # role: reason' with a role of {', '.join(ROLES)}."
            )
        found.append(Requirement(match["name"], match["ranges"], match["role"], match["reason"]))
    return [requirement for requirement in found if requirement.role in roles]


def fits(version, ranges):
    """Return whether a version lies in the given ranges.

    Only what requirements.txt uses is understood: released versions and the signs
    `>= <= > < == !=`, joined by commas. (Nothing but the standard library may be needed here.)

    Args:
        version: An installed version, such as `"2.21.0"`.
        ranges: Such as `">=2.18,<3"`; an empty text allows every version.

    Returns:
        True or False.

    Raises:
        ValueError: If a range is written in another way.

    Example:
        >>> fits("2.21.0", ">=2.18,<3"), fits("2.9.1", ">=2.18"), fits("8", ">=8.0")
        (True, False, True)
    """
    given = _numbers(version)
    for part in (part.strip() for part in ranges.split(",") if part.strip()):
        match = _RANGE.match(part)
        if match is None:
            raise ValueError(f"The range is {part!r}; allowed is a sign and a version: '>=2.18'.")
        limit = _numbers(match[2])
        holds = {
            ">=": given >= limit,
            "<=": given <= limit,
            ">": given > limit,
            "<": given < limit,
            "==": given == limit,
            "!=": given != limit,
        }
        if not holds[match[1]]:
            return False
    return True


def _numbers(version):
    """Return a version's leading numbers, padded so that 8 equals 8.0."""
    release = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(number) for number in release[0].split(".")] if release else []
    return tuple(numbers + [0] * (6 - len(numbers)))


def installed_version(name):
    """Return the installed version of a package, under any of its names, or None.

    Args:
        name: Name on the package index.

    Returns:
        The version as text; None if the package is absent or only its records are left.

    Example:
        >>> installed_version("no-such-package") is None
        True
    """
    if name in OTHER_NAMES and importlib.util.find_spec(name) is None:
        return None
    for candidate in (name,) + OTHER_NAMES.get(name, ()):
        try:
            return importlib.metadata.version(candidate)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def missing(roles=ROLES):
    """Return the requirements that this Python does not satisfy.

    Args:
        roles: Which of `lessons`, `commands` and `tests` to look at.

    Returns:
        A list of `Requirement`: absent, or installed in a version outside its range.

    Example:
        >>> [requirement.name for requirement in missing(["lessons"])]
        []
    """
    lacking = []
    for requirement in read_requirements(roles=roles):
        version = installed_version(requirement.name)
        if version is None or not fits(version, requirement.ranges):
            lacking.append(requirement)
    return lacking


def in_colab():
    """Return whether this Python runs in Google Colab, where nothing is ever installed."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False
