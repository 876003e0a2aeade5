"""`python -m tests.address OWNER/NAME [--ref TAG]`: say where the course is published, everywhere.

The address stands in tests/setup_cell.py, in the set-up cell and the Colab badge of every notebook,
and in README.md. All of them are changed, or none. No notebook is run and no output is touched.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import nbformat

from helpers.environment import ROOT
from tests import refresh, setup_cell

GITHUB = "https://github.com/"
# What stands in the README while the course is not published.
PLACEHOLDER = GITHUB + "OWNER/NAME"

# GitHub's own rules: an owner has letters, digits and single hyphens, at most 39 characters.
_OWNER = r"(?![^/]*--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?"
_NAME = r"(?!\.{1,2}$)[\w.-]{1,100}(?<!\.git)"
_ADDRESS = re.compile(rf"(?:{GITHUB})?({_OWNER}/{_NAME})", re.ASCII)
_REF = re.compile(r"(?!.*(?:\.\.|//|\.lock$))[A-Za-z0-9][\w./-]*(?<![./])", re.ASCII)
# The lesson's link at the head of a row of the README's table, and its badge if it has one.
_LESSON = re.compile(
    r"^(\| \[[^]]*\]\((notebooks/\d\d_\w+\.ipynb)\))(?: \[!\[Open in Colab\]\S*)?", re.MULTILINE
)


def checked_address(text):
    """Return an address as `https://github.com/OWNER/NAME`.

    Raises:
        ValueError: If it is none, or is the placeholder itself.
    """
    match = _ADDRESS.fullmatch(text)
    if not match or GITHUB + match[1] == PLACEHOLDER:
        raise ValueError(
            f"The address is {text!r}; allowed is OWNER/NAME or {PLACEHOLDER} with the owner and "
            "the name of a repository on GitHub, such as octocat/hello-world."
        )
    return GITHUB + match[1]


def checked_ref(text):
    """Return the name of a tag or a branch.

    Raises:
        ValueError: If Git would refuse it, or an address cannot hold it.
    """
    if not _REF.fullmatch(text):
        raise ValueError(f"The ref is {text!r}; allowed is a tag or a branch, such as v1.0.")
    return text


def changed_readme(text, old, new, ref):
    """Return the README with another address, and a badge behind each lesson's link.

    Args:
        text: The README.
        old: The address that it holds; empty for the placeholder.
        new: The address that it shall hold; empty for the placeholder, then without badges.
        ref: Tag or branch that the badges open.

    Raises:
        ValueError: If the README does not hold the old address.
    """
    place = re.compile(re.escape(old or PLACEHOLDER) + r"(?![\w-]|\.\w)")
    if not place.search(text):
        raise ValueError(f"README.md does not hold {old or PLACEHOLDER}, which shall be replaced.")
    text = place.sub(lambda match: new or PLACEHOLDER, text)

    def linked(match):
        badge = setup_cell.badge(match[2], new, ref)
        return f"{match[1]} {badge}" if badge else match[1]

    return _LESSON.sub(linked, text)


def changed_settings(text, address, ref):
    """Return the text of setup_cell.py with another address and ref.

    Raises:
        ValueError: If it does not hold exactly one of each.
    """
    for name, value in (("ADDRESS", address), ("REF", ref)):
        text, count = re.subn(rf'^{name} = ".*"$', f'{name} = "{value}"', text, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"setup_cell.py has {count} lines '{name} = ...'; wanted is one.")
    return text


def changed_notebook(text, path, root, address, ref):
    """Return a stored notebook with the set-up cell and the badge of another address."""
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    refresh.prepare(notebook, path, root, address, ref)
    return nbformat.writes(notebook) + "\n"


def set_address(address, ref, root=ROOT):
    """Write the address and the ref into every file that names them.

    Args:
        address: As `checked_address` returns it; empty takes the course's address away.
        ref: Tag or branch.
        root: The course's folder.

    Returns:
        The paths of the files that changed.

    Raises:
        ValueError: If a file is not as expected; then nothing was changed.
    """
    root = Path(root)
    settings, readme = root / "tests" / "setup_cell.py", root / "README.md"
    notebooks = refresh.list_notebooks(root / "notebooks")
    old = {path: path.read_bytes() for path in (settings, readme, *notebooks)}
    texts = {path: content.decode() for path, content in old.items()}
    held = re.search(r'^ADDRESS = "(.*)"$', texts[settings], re.MULTILINE)
    texts[settings] = changed_settings(texts[settings], address, ref)
    texts[readme] = changed_readme(texts[readme], held[1], address, ref)
    for path in notebooks:
        texts[path] = changed_notebook(texts[path], path, root, address, ref)
    changed = {path: text.encode() for path, text in texts.items() if text.encode() != old[path]}
    _replace_all(changed, old)
    return list(changed)


def _replace_all(new, old):
    """Replace files, each in one step; put the old ones back if one cannot be replaced."""
    drafts = {path: path.with_name(path.name + ".draft") for path in new}
    replaced = []
    try:
        for path, draft in drafts.items():
            draft.write_bytes(new[path])
        for path, draft in drafts.items():
            os.replace(draft, path)
            replaced.append(path)
    except BaseException:
        for path in replaced:
            path.write_bytes(old[path])
        raise
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def main(arguments=None):
    """Set the address; return 0, or 2 where it or a file is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.address", description=__doc__)
    parser.add_argument("address", metavar="OWNER/NAME", help="the repository on GitHub")
    parser.add_argument(
        "--ref", default=setup_cell.REF, help="tag or branch that is opened (now: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        address, ref = checked_address(options.address), checked_ref(options.ref)
        changed = set_address(address, ref)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    for path in changed:
        print(path.relative_to(ROOT))
    print(f"{len(changed)} files changed: the course is at {address}, {ref}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
