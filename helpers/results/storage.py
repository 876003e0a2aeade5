"""One JSON file per result: strict JSON, written whole or not at all."""

import json
import math
import os
import re
import tempfile
from pathlib import Path

VERSION = 1

# JSON has no word for these; Python's own spelling of them is refused by other readers.
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def write(path, kind, content):
    """Write `content` to `path` as a file of the given kind.

    Args:
        path: Where to write; the folder must exist. An older file is replaced only once the new
            one is complete.
        kind: Name of the record class, checked again by `read`.
        content: Dicts with string keys, lists, strings, numbers, booleans and None, nested.

    Returns:
        The path written.

    Raises:
        ValueError: If the folder does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(
            f"The folder {path.parent} does not exist; make it first, then save again."
        )
    text = json.dumps(
        {"kind": kind, "version": VERSION, "content": _encode(content)}, indent=1, allow_nan=False
    )
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_one_line_per_list(text) + "\n")
        # A temporary file is private to its owner; a result is meant to be read by others.
        os.chmod(unfinished, 0o644)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise
    return path


def read(path, kind):
    """Return the content that `write` stored.

    Args:
        path: A file made by `write`.
        kind: The record class expected.

    Returns:
        The content, with NaN and infinities as floats again.

    Raises:
        ValueError: If the file is missing, is not such a file, or holds another kind or version.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file {path}; check the name, or make it with save(path).")
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        found, version, content = stored["kind"], stored["version"], stored["content"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not a saved result or is damaged ({error}); save the result again."
        ) from error
    if (found, version) != (kind, VERSION):
        raise ValueError(
            f"{path} holds {found!r}, version {version!r}; this call reads {kind!r}, version "
            f"{VERSION}. Load it with {found}.load, or save it again with this course."
        )
    return _decode(content)


def _encode(value):
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": json.dumps(value)}
    return value


def _decode(value):
    if isinstance(value, dict):
        if set(value) == {"number"}:
            return _NOT_FINITE[value["number"]]
        return {key: _decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decode(item) for item in value]
    return value


def _one_line_per_list(text):
    """Put each list of numbers on one line, so that a stored result stays readable as text."""
    return re.sub(r"\[\s+([-\d][^\[\]{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
