"""What lessons say of one technique against another rests on checked cells; the rule can fail."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.environment import ROOT
from helpers.lessons import list_lessons
from tests import comparisons
from tests.comparisons import claims, unchecked_comparisons

LESSONS = [path.relative_to(ROOT).as_posix() for path in list_lessons()]
CLAIM = "Cycling beats the best constant rate."
TABLE = new_output("display_data", {"text/plain": "triangular − constant  +0.02  triangular"})
CHECKED = {"tags": ["nbval-check-output"]}


def lesson(*cells):
    """A notebook of text cells, and of checked cells that print the table."""
    made = {
        "check": lambda: new_code_cell("paired_table(verdicts)", metadata=CHECKED, outputs=[TABLE]),
        "unchecked": lambda: new_code_cell("paired_table(verdicts)", outputs=[TABLE]),
    }
    return new_notebook(cells=[made.get(c, lambda c=c: new_markdown_cell(c))() for c in cells])


@pytest.mark.parametrize("path", LESSONS)
def test_every_comparison_has_a_checked_cell_behind_it(path):
    notebook = nbformat.read(ROOT / path, as_version=4)
    complaints = unchecked_comparisons(notebook)
    assert complaints == [], "\n".join(["", *complaints])


def test_there_are_comparisons_in_the_lessons():
    """Else the test above would pass over whatever is written."""
    found = []
    for path in list_lessons():
        for cell in nbformat.read(path, as_version=4).cells:
            found += claims(cell.source) if cell.cell_type == "markdown" else []
    assert len(found) >= 20


@pytest.mark.parametrize(
    "cells",
    [
        ("## 1 A", "check", CLAIM),
        ("## 1 A", "check", "### Part", CLAIM),
        ("## 1 A", "check", "## 2 B", f"{CLAIM[:-1]} (section 1)."),
        ("## Remember", f"- A list. {CLAIM[:-1]} (sections 2 and 3)", "## 3 A", "check"),
        ("## 1 A", "*Figure 1. Left of zero the triangle is better.*"),
        ("## Read more", f"[A paper](https://x.y): {CLAIM}"),
    ],
)
def test_a_comparison_with_a_checked_cell_gets_no_complaint(cells):
    assert unchecked_comparisons(lesson(*cells)) == []


@pytest.mark.parametrize(
    ("cells", "lacks"),
    [
        (("## 1 A", CLAIM), "constant rate, cycle"),
        (("## 1 A", "unchecked", CLAIM), "constant rate, cycle"),
        (("## 1 A", CLAIM, "check"), "constant rate, cycle"),
        (("## 1 A", "check", "## 2 B", CLAIM), "constant rate, cycle"),
        (("## 1 A", "check", "## 2 B", f"{CLAIM[:-1]} (section 2)."), "constant rate, cycle"),
        (("## 1 A", "check", "Restarts win against a constant rate."), "restarts"),
    ],
)
def test_a_comparison_without_one_is_found(cells, lacks):
    (complaint,) = unchecked_comparisons(lesson(*cells))
    assert complaint.endswith(f"do not name {lacks}")


def test_another_lesson_may_be_referred_to(monkeypatch):
    there = lesson("## 5 A", "check")
    monkeypatch.setattr(comparisons, "find_lessons", lambda names: names)
    monkeypatch.setattr(comparisons.nbformat, "read", lambda path, as_version: {"3": there}[path])
    for section, complaints in (("5", 0), ("4", 1)):
        notebook = lesson("## 1 A", f"{CLAIM[:-1]} (lesson 3, section {section}).")
        assert len(unchecked_comparisons(notebook)) == complaints


@pytest.mark.parametrize(
    ("text", "techniques"),
    [
        ("Decay *wins* against cycling.", [["cycle", "decay"]]),
        (
            "Equal restarts seem to lose. Restarts tie with decay.",
            [["restarts"], ["decay", "restarts"]],
        ),
        ("In accuracy Adam ties.", [["Adam"]]),
        ("One cosine does as well.", [["decay"]]),
        ("Three independent long trainings are best.", [["long trainings"]]),
        ("Does a triangle beat a constant rate?", []),
        ("A cycle may win with more updates.", []),
        ("The best constant rate is near 0.03.", []),
        ("A cycle's mean rate lies below its peak.", []),
        ("Stop in the midst of a cycle and you lose what the trough would have given.", []),
        ("Compare `cycle.better` with $cycle > decay$.", []),
        ("It is a better plan.", []),
    ],
)
def test_which_sentences_are_claims(text, techniques):
    assert [sorted(names) for _, names, _ in claims(text)] == [sorted(each) for each in techniques]
