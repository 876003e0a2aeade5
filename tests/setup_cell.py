"""The set-up cell of every notebook, and the one place where the course's published address stands.

`python -m tests.refresh` writes the cell and the Colab badge into every notebook from here.
"""

# Where the course is published, as https://github.com/OWNER/NAME, and the tag or branch that
# notebooks opened alone fetch. While the address is empty there is no badge and nothing to fetch.
# Both are set by `python -m tests.address`, which changes every other place along with them.
ADDRESS = ""
REF = "main"

TITLE = "# @title Set-up (run this first)"


def source(address, ref):
    """Return the code of the set-up cell for a course published there; empty: not published."""
    return f'''{TITLE}
import pathlib
import subprocess
import sys

ADDRESS, REF = "{address}", "{ref}"
here = pathlib.Path.cwd()
beside = sorted(path.parents[1] for path in here.glob("*/helpers/session.py"))
places = (here, *here.parents, *beside)
root = next((p for p in places if (p / "helpers" / "session.py").is_file()), None)
if root is None and ADDRESS:  # opened alone, as on Colab: fetch the course beside this notebook
    root = here / ADDRESS.rsplit("/", 1)[-1]
    command = ["git", "clone", "-q", "--depth", "1", "--branch", REF, ADDRESS, str(root)]
    subprocess.run(command, check=True)
if root is None:
    raise RuntimeError(
        "The folder 'helpers' of this course was not found. Copy the whole course, not one "
        "notebook, and open this lesson in its folder 'notebooks'."
    )
sys.path.insert(0, str(root))
from helpers import session

session.start(seed=0)'''


SOURCE = source(ADDRESS, REF)

METADATA = {"cellView": "form", "tags": ["nbval-ignore-output"]}


def badge(path, address=None, ref=None):
    """Return the Colab badge of a notebook as Markdown; empty while the course has no address.

    Args:
        path: The notebook's path from the course's folder, with slashes.
        address: The published address; the one above if None.
        ref: Tag or branch; the one above if None.
    """
    address = ADDRESS if address is None else address
    ref = REF if ref is None else ref
    if not address:
        return ""
    image = "https://colab.research.google.com/assets/colab-badge.svg"
    place = address.removeprefix("https://github.com/")
    link = f"https://colab.research.google.com/github/{place}/blob/{ref}/{path}"
    return f"[![Open in Colab]({image})]({link})"
