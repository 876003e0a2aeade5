"""Pages agree with the tree: lessons, links, commands, versions, spelling."""

import ast
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from helpers.environment import ROOT, read_requirements
from helpers.lessons import list_lessons
from tests import wording
from tests.refresh import list_notebooks

README = ROOT / "README.md"
TEST_COMMAND = "python3 -m tests"
COLAB = "constraints_colab.txt"
PAGES = [README, *sorted((ROOT / "notebooks").rglob("*.md"))]
TEXTS = PAGES + list_notebooks()
MODULES = sorted((ROOT / "helpers").rglob("*.py"))
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def name(path):
    return path.relative_to(ROOT).as_posix()


def markdown_of(path):
    """Return the text of a page, or of all text cells of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return text


def anchors_of(path):
    """Return the anchors of a page's headings, in GitHub's form and in JupyterLab's."""
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", _FENCE.sub("", markdown_of(path)), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"))
        found.add(plain.replace(" ", "-"))
    return found


def broken_links(path):
    """Return the relative links of a page that lead nowhere."""
    found = []
    for target in _LINK.findall(_FENCE.sub("", markdown_of(path))):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        page = (path.parent / place) if place else path
        if not page.exists():
            found.append(f"{target}: no such file")
        elif anchor and page.suffix in (".md", ".ipynb") and anchor not in anchors_of(page):
            found.append(f"{target}: no such heading")
    return found


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_relative_links_lead_somewhere(path):
    assert broken_links(path) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `b` c?\n[ok](#a-b-c) [no](#z) [no](gone.md) [web](https://x.y)\n")
    assert broken_links(page) == ["#z: no such heading", "gone.md: no such file"]


def test_the_readme_table_is_the_lessons_on_disk():
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    linked = re.findall(r"\]\(notebooks/(\d\d_\w+)\.ipynb\)", "\n".join(rows))
    assert linked == [path.stem for path in list_lessons()]


def test_the_readme_names_the_commands():
    text = README.read_text(encoding="utf-8")
    for command in ("python3 -m helpers open", "python3 -m helpers run", TEST_COMMAND):
        assert command in text


def test_continuous_integration_runs_the_command_of_the_readme():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert [line for line in lines if "-m tests" in line and line[:1] != "#"] == [
        f'{TEST_COMMAND} "$@"'
    ]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "-m tests" in workflow


def test_every_requirement_is_a_range_with_a_reason():
    required = read_requirements()
    assert len({entry.name for entry in required}) == len(required) > 10
    for entry in required:
        specifiers = Requirement(entry.name + entry.ranges).specifier
        assert any(each.operator == ">=" for each in specifiers), entry
        assert len(entry.reason.split()) >= 2, entry


def constraints(name="constraints.txt"):
    lines = (ROOT / "tests" / name).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# Python 3.")
    return [Requirement(line) for line in lines if line and line[0] != "#"]


def test_the_exact_versions_satisfy_the_ranges():
    exact = {each.name.lower(): each for each in constraints()}
    for entry in read_requirements():
        version = str(exact[entry.name].specifier)
        assert version.startswith("==")
        allowed = Requirement(entry.name + entry.ranges).specifier
        assert Version(version[2:]) in allowed, entry


def test_the_set_of_colab_satisfies_the_ranges():
    ranges = {entry.name: Requirement(entry.name + entry.ranges) for entry in read_requirements()}
    exact = {each.name: Version(str(each.specifier)[2:]) for each in constraints(COLAB)}
    assert {"tensorflow", "keras", "ipywidgets", "matplotlib", "numpy"} <= set(exact)
    for name in set(exact) & set(ranges):
        assert exact[name] in ranges[name].specifier, name
    assert f"-c tests/{COLAB}" in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")


def test_the_exact_versions_name_no_place():
    text = (ROOT / "tests" / "constraints.txt").read_text(encoding="utf-8")
    assert all(each.url is None for each in constraints())
    assert "://" not in text
    assert "--" not in text


def docstrings(path):
    """Yield `(line, docstring)` of a module and all it defines."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, kinds) and ast.get_docstring(node):
            yield getattr(node, "lineno", 1), ast.get_docstring(node)


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_pages_are_worded_kindly(path):
    assert wording.complaints_about_words(markdown_of(path)) == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_docstrings_are_worded_kindly(path):
    found = [
        f"line {line}: {complaint}"
        for line, text in docstrings(path)
        for complaint in wording.complaints_about_words(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("You just run it.", "just"),
        ("adjust the rate justly", ""),
        ("The colour of a labelled line", "colour labelled"),
        ("It is normalised and optimising.", "normalised optimising"),
        ("Organize the color; an exercise, a comparison, a promise.", ""),
        ("`just(colour)`", ""),
    ],
)
def test_the_spelling_guard(text, wrong):
    found = " ".join(wording.complaints_about_words(text))
    assert len(wording.complaints_about_words(text)) == len(wrong.split())
    assert all(word in found for word in wrong.split())


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("open('/home/me/x')", True),
        ("in C:\\Users\\me", True),
        ("see /content/sample", True),
        ("https://example.org/home/page", False),
        ("notebooks/tmp/x and a/b", False),
        ("~/work/x", False),
    ],
)
def test_the_guard_of_paths(text, bad):
    assert bool(wording.complaints_about_paths(text)) is bad


# Tests and the text of rules must be able to name a bad path.
SPEAKS_OF_PATHS = {"tests/wording.py", "tests/test_docs.py", "tests/test_notebooks.py"}


def tracked_files():
    """Return the text files that git tracks or would track; all files where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        names = [entry for entry in done.stdout.split("\0") if entry]
    except (OSError, subprocess.CalledProcessError):
        names = [name(path) for path in MODULES + TEXTS]
    return [entry for entry in names if (ROOT / entry).is_file()]


def test_no_tracked_file_names_a_place_on_one_machine():
    found = []
    for entry in sorted(set(tracked_files()) - SPEAKS_OF_PATHS):
        try:
            text = Path(ROOT / entry).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{entry}: {each}" for each in wording.complaints_about_paths(text)]
    assert found == []
