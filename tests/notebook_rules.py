"""What every stored notebook must be like: small rules, each `rule(notebook, path) -> complaints`.

`path` is the notebook's place from the course's folder, with slashes. Each rule is itself tested on
a notebook that breaks it, in test_notebooks.py.
"""

import re

import nbformat

from helpers.lessons import code_cells
from tests import setup_cell, wording

MOST_BYTES = 1_500_000
MOST_CODE_LINES = 25
MOST_WORDS = 120
LEAST_CHECKED = 3
LEAST_ALT = 40
# nbval-skip and nbval-raises-exception are not among them: they would let a broken cell pass.
TAGS = {"nbval-check-output", "nbval-ignore-output"}
SECTIONS = (
    r"^#+ The question\b|^\*\*The question",
    r"^#* ?\**After this lesson you can",
    r"^## Exercises$",
    r"^## What you should remember$",
    r"^## Where this breaks$",
    r"^## Read more$",
)
_BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)")
_INSTALLING = ("!pip", "%pip", "!conda", "%conda", "sys.path.append", "view-in-github")


def text_cells(notebook):
    """Return the text cells of a notebook, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def tags(cell):
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def name_of(cell):
    """Return how a complaint names a cell: its id and its first words."""
    return f"cell {cell.get('id', '?')} ({cell.source[:30]!r})"


def headings(notebook):
    """Return the headings of a notebook, without their signs."""
    lines = (line for cell in text_cells(notebook) for line in cell.source.splitlines())
    return [line.lstrip("#").strip() for line in lines if re.match(r"#{1,6} ", line)]


def exercises(notebook):
    """Return the labels of the exercises that have a heading: `1` of `### Exercise 1: read it`."""
    found = (re.match(r"Exercise (\w+)", heading) for heading in headings(notebook))
    return [match[1] for match in found if match]


def outputs(notebook):
    """Return `(cell, output)` of every stored output."""
    return [(cell, output) for cell in code_cells(notebook) for output in cell.outputs]


def is_small(notebook, path):
    """A web page shows it, and a slow connection gets it."""
    size = len(nbformat.writes(notebook).encode())
    return [f"{size} bytes, allowed are {MOST_BYTES}"] if size > MOST_BYTES else []


def is_valid(notebook, path):
    """Format 4.5, where each cell has an id of its own."""
    ids = [cell.get("id") for cell in notebook.cells]
    found = [] if (notebook.nbformat, notebook.nbformat_minor) == (4, 5) else ["format is not 4.5"]
    found += [f"{name_of(cell)}: no id" for cell in notebook.cells if not cell.get("id")]
    found += [f"id {name!r} occurs twice" for name in set(ids) if name and ids.count(name) > 1]
    return found


def has_plain_metadata(notebook, path):
    """Widget state hides pictures on GitHub; Colab's traces tie a notebook to one front end."""
    found = [f"metadata.{name}" for name in ("widgets", "colab") if name in notebook.metadata]
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    return found + ([] if kernel == "python3" else [f"kernelspec is {kernel!r}, not 'python3'"])


def ran_in_order(notebook, path):
    """nbval passes over a checked cell without a count, whatever it prints."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    wanted = list(range(1, len(counts) + 1))
    return [] if counts == wanted else [f"counts are {counts}, not 1 to {len(counts)}"]


def has_no_errors(notebook, path):
    """Neither tracebacks nor warnings are stored."""
    found = []
    for cell, output in outputs(notebook):
        if output.output_type == "error":
            found.append(f"{name_of(cell)}: a stored error")
        if output.get("name") == "stderr":
            found.append(f"{name_of(cell)}: stored stderr")
    return found


def has_known_tags(notebook, path):
    """nbval passes over a misspelt tag in silence."""
    return [
        f"{name_of(cell)}: tag {tag!r}"
        for cell in notebook.cells
        for tag in tags(cell)
        if tag not in TAGS or cell.cell_type != "code"
    ]


def checked_cells_have_output(notebook, path):
    """A check against nothing checks nothing."""
    return [
        f"{name_of(cell)}: checked, but no output"
        for cell in code_cells(notebook)
        if "nbval-check-output" in tags(cell) and not cell.outputs
    ]


def has_the_setup_cell(notebook, path):
    """The first code cell is the set-up cell of every notebook."""
    first = code_cells(notebook)[:1]
    if not first or first[0].source != setup_cell.SOURCE:
        return ["the first code cell is not tests/setup_cell.py's: python -m tests.refresh"]
    if first[0].metadata != setup_cell.METADATA:
        return [f"the set-up cell's metadata is {dict(first[0].metadata)}"]
    return []


def has_the_badge(notebook, path):
    """The badge opens this very notebook; where nothing is published there is none."""
    found = [match for cell in text_cells(notebook) for match in _BADGE.findall(cell.source)]
    wanted = [setup_cell.badge(path)] if setup_cell.ADDRESS else []
    return [] if found == wanted else [f"Colab badges are {found}, wanted is {wanted}"]


def images_are_described(notebook, path):
    """Who cannot see a figure reads its description, which says more than a heading."""
    found = []
    for cell, output in outputs(notebook):
        for kind in (kind for kind in output.get("data", {}) if kind.startswith("image/")):
            alt = output.metadata.get(kind, {}).get("alt", "")
            if len(alt) < LEAST_ALT:
                found.append(f"{name_of(cell)}: {kind} with alt {alt!r}")
            elif alt in headings(notebook):
                found.append(f"{name_of(cell)}: alt repeats a heading")
    return found


def code_is_short(notebook, path):
    """One idea a cell."""
    lengths = [(cell, len(cell.source.split("\n"))) for cell in code_cells(notebook)]
    return [
        f"{name_of(cell)}: {n} lines of code, allowed are {MOST_CODE_LINES}"
        for cell, n in lengths
        if n > MOST_CODE_LINES
    ]


def text_is_short(notebook, path):
    """A text cell is read at one glance; addresses of links and formulas are not counted."""
    found = []
    for cell in text_cells(notebook):
        prose = re.sub(r"\]\([^)]*\)", "]", cell.source)
        prose = re.sub(r"\$\$.*?\$\$|<[^>]*>", " ", prose, flags=re.DOTALL)
        count = len(re.findall(r"[^\W_][\w'’.-]*", prose))
        if count > MOST_WORDS:
            found.append(f"{name_of(cell)}: {count} words, allowed are {MOST_WORDS}")
    return found


def words_are_kind(notebook, path):
    """No banned word, and American spelling."""
    return [
        f"{name_of(cell)}: {complaint}"
        for cell in text_cells(notebook)
        for complaint in wording.complaints_about_words(cell.source)
    ]


def has_no_machine_paths(notebook, path):
    """Nothing tells on which computer a notebook was run."""
    texts = [(cell, cell.source) for cell in notebook.cells]
    for cell, output in outputs(notebook):
        texts.append((cell, output.get("text", "")))
        texts += [
            (cell, value)
            for kind, value in output.get("data", {}).items()
            if kind.startswith("text/")
        ]
    return [
        f"{name_of(cell)}: {complaint}"
        for cell, text in texts
        for complaint in wording.complaints_about_paths(text)
    ]


def installs_nothing(notebook, path):
    """Installing breaks Colab; appending to the path finds another package named helpers."""
    return [
        f"{name_of(cell)}: {word!r}"
        for cell in notebook.cells
        for word in _INSTALLING
        if word in cell.source
    ]


def has_a_title(notebook, path):
    """The first cell is a title of the first level, and the only one."""
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        return ["the first cell does not begin with '# Title'"]
    titles = [cell for cell in text_cells(notebook) if re.search(r"^# ", cell.source, re.MULTILINE)]
    return [] if len(titles) == 1 else [f"{len(titles)} titles of the first level"]


def follows_the_template(notebook, path):
    """The sections of a lesson, in their order."""
    wanted = [s for s in SECTIONS if not (_is_start(path) and s == r"^## Exercises$")]
    lines = [line for cell in text_cells(notebook) for line in cell.source.splitlines()]
    place, found = 0, []
    for pattern in wanted:
        here = [i for i, line in enumerate(lines) if i >= place and re.search(pattern, line)]
        if here:
            place = here[0] + 1
        else:
            found.append(f"no {pattern!r} after the sections before it")
    return found


def checks_its_claims(notebook, path):
    """Prose rests on checked cells."""
    least = 1 if _is_start(path) else LEAST_CHECKED
    count = sum("nbval-check-output" in tags(cell) for cell in code_cells(notebook))
    return [f"{count} checked cells, wanted are {least}"] if count < least else []


def ends_with_the_report(notebook, path):
    """The last code cell says what the lesson ran with."""
    last = (code_cells(notebook) or [None])[-1]
    good = last is not None and last.source == "session.report()"
    good = good and tags(last) == ["nbval-ignore-output"]
    return [] if good else ["the last code cell is not 'session.report()' with ignored output"]


def has_exercises(notebook, path):
    """Three exercises, each under a heading."""
    if _is_start(path):
        return []
    found = exercises(notebook)
    return [] if len(found) >= 3 else [f"exercises with a heading: {found}, wanted are 3"]


def _is_start(path):
    """Return whether this is lesson 00, a tour without exercises."""
    return path.rpartition("/")[2].startswith("00_")


EVERYWHERE = (
    is_small,
    is_valid,
    has_plain_metadata,
    ran_in_order,
    has_no_errors,
    has_known_tags,
    checked_cells_have_output,
    has_the_setup_cell,
    has_the_badge,
    images_are_described,
    code_is_short,
    text_is_short,
    words_are_kind,
    has_no_machine_paths,
    installs_nothing,
    has_a_title,
    has_exercises,
)
IN_LESSONS = (follows_the_template, checks_its_claims, ends_with_the_report)
