"""Stored notebooks keep the rules of tests/notebook_rules.py; each rule catches who breaks it."""

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.environment import ROOT
from tests import notebook_rules as rules
from tests import setup_cell
from tests.refresh import list_notebooks

NOTEBOOKS = [path.relative_to(ROOT).as_posix() for path in list_notebooks()]
LESSONS = [path for path in NOTEBOOKS if "/solutions/" not in path]
SOLUTIONS = [path for path in NOTEBOOKS if "/solutions/" in path]

PATH = "notebooks/02_good_lesson.ipynb"
ALT = "Line chart of loss against learning rate; the loss falls, then explodes."
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PICTURE = new_output(
    "display_data", {"image/png": "aGVsbG8="}, metadata={"image/png": {"alt": ALT}}
)


def picture(alt):
    return new_output("display_data", {"image/png": "aGk="}, metadata={"image/png": {"alt": alt}})


def read(path):
    return nbformat.read(ROOT / path, as_version=nbformat.NO_CONVERT)


def report(complaints):
    return "\n".join(["", *complaints])


@pytest.mark.parametrize("rule", rules.EVERYWHERE, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS)
def test_every_notebook(path, rule):
    complaints = rule(read(path), path)
    assert not complaints, report(complaints)


@pytest.mark.parametrize("rule", rules.IN_LESSONS, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", LESSONS)
def test_every_lesson(path, rule):
    complaints = rule(read(path), path)
    assert not complaints, report(complaints)


@pytest.mark.parametrize("path", SOLUTIONS)
def test_solutions_answer_each_exercise_of_their_lesson(path):
    lesson = path.replace("/solutions/", "/").replace("_solutions.ipynb", ".ipynb")
    assert lesson in LESSONS
    assert rules.exercises(read(path)) == rules.exercises(read(lesson))


@pytest.mark.parametrize("path", [path for path in LESSONS if "/00_" not in path])
def test_every_lesson_has_solutions(path):
    name = path.replace("notebooks/", "notebooks/solutions/").replace(".ipynb", "_solutions.ipynb")
    assert name in SOLUTIONS


# The rules themselves: a notebook that keeps all of them, and one that breaks each.


@pytest.fixture
def good(monkeypatch):
    """A lesson that keeps every rule."""
    monkeypatch.setattr(setup_cell, "ADDRESS", "https://github.com/owner/name")
    checked = {"tags": ["nbval-check-output"]}
    facts = [new_output("stream", name="stdout", text="best rate: 1e-02\n")]
    cells = [
        new_markdown_cell(f"# A good lesson\n\n{setup_cell.badge(PATH)} | Lesson 2 of 6"),
        new_markdown_cell("**The question.** Which rate is best?"),
        new_markdown_cell("**After this lesson you can** state what a rate is."),
        new_code_cell(setup_cell.SOURCE, metadata=copy.deepcopy(setup_cell.METADATA)),
        new_code_cell("show(figure, alt)", outputs=[picture(ALT)]),
        *(new_code_cell("facts()", metadata=dict(checked), outputs=facts) for _ in range(3)),
        new_markdown_cell("## Exercises"),
        *(new_markdown_cell(f"### Exercise {label}: do it") for label in "abc"),
        new_markdown_cell("## What you should remember"),
        new_markdown_cell("## Where this breaks"),
        new_markdown_cell("## Read more"),
        new_code_cell("session.report()", metadata={"tags": ["nbval-ignore-output"]}),
    ]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": dict(KERNEL)})
    for number, cell in enumerate(rules.code_cells(notebook), start=1):
        cell.execution_count = number
    notebook.nbformat_minor = 5
    return notebook


ALL_RULES = rules.EVERYWHERE + rules.IN_LESSONS


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.__name__)
def test_a_good_lesson_gets_no_complaint(good, rule):
    assert rule(good, PATH) == []


def add(cell):
    return lambda notebook: notebook.cells.append(cell)


def change(index, **values):
    return lambda notebook: notebook.cells[index].update(values)


def add_output(output):
    return lambda notebook: notebook.cells[4].outputs.append(output)


SETUP, FIGURE, FACT, LAST = 3, 4, 5, -1
LONG_HEADING = "A heading of this lesson that is longer than forty characters"

BROKEN = [
    (rules.is_small, add(new_markdown_cell("x" * rules.MOST_BYTES)), "bytes"),
    (rules.is_valid, lambda notebook: notebook.cells[1].pop("id"), "no id"),
    (
        rules.is_valid,
        lambda notebook: notebook.cells[1].update(id=notebook.cells[2].id),
        "occurs twice",
    ),
    (rules.is_valid, lambda notebook: notebook.update(nbformat_minor=4), "4.5"),
    (rules.has_plain_metadata, lambda n: n.metadata.update(widgets={}), "metadata.widgets"),
    (rules.has_plain_metadata, lambda n: n.metadata.update(colab={}), "metadata.colab"),
    (rules.has_plain_metadata, lambda n: n.metadata.kernelspec.update(name="mine"), "mine"),
    (rules.ran_in_order, change(FACT, execution_count=9), "counts"),
    (rules.ran_in_order, change(FACT, execution_count=None), "counts"),
    (
        rules.has_no_errors,
        add_output(new_output("error", ename="E", evalue="", traceback=[])),
        "stored error",
    ),
    (
        rules.has_no_errors,
        add_output(new_output("stream", name="stderr", text="warning")),
        "stderr",
    ),
    (rules.has_known_tags, change(FACT, metadata={"tags": ["nbval-check-outputs"]}), "outputs"),
    (rules.has_known_tags, change(FACT, metadata={"tags": ["nbval-skip"]}), "nbval-skip"),
    (rules.checked_cells_have_output, change(FACT, outputs=[]), "no output"),
    (rules.has_the_setup_cell, change(SETUP, source=setup_cell.SOURCE + " "), "refresh"),
    (rules.has_the_setup_cell, change(SETUP, metadata={}), "metadata"),
    (rules.has_the_badge, change(0, source="# A good lesson\n\nLesson 2 of 6"), "badges"),
    (
        rules.has_the_badge,
        lambda n: n.cells[0].update(source=n.cells[0].source.replace("02_", "03_")),
        "03_good",
    ),
    (rules.images_are_described, add_output(picture("Loss")), "'Loss'"),
    (rules.images_are_described, add_output(new_output("display_data", {"image/png": ""})), "''"),
    (
        rules.images_are_described,
        lambda n: (
            n.cells.append(new_markdown_cell(f"## {LONG_HEADING}")),
            n.cells[FIGURE].outputs.append(picture(LONG_HEADING)),
        ),
        "repeats a heading",
    ),
    (rules.code_is_short, change(FACT, source="a = 1\n" * 26), "lines"),
    (rules.text_is_short, change(1, source="word " * 121), "121 words"),
    (rules.words_are_kind, change(1, source="You Simply run it."), "Simply"),
    (rules.words_are_kind, change(1, source="Its behaviour changes."), "behaviour"),
    (rules.has_no_machine_paths, change(FACT, source="open('/home/me/x')"), "/home/me"),
    (
        rules.has_no_machine_paths,
        add_output(new_output("stream", name="stdout", text="saved C:\\Users\\me")),
        "C:",
    ),
    (
        rules.has_no_machine_paths,
        add_output(new_output("display_data", {"text/plain": "'/content/x'"})),
        "/content/x",
    ),
    (rules.installs_nothing, change(FACT, source="!pip install keras"), "!pip"),
    (rules.installs_nothing, change(FACT, source="sys.path.append('..')"), "sys.path"),
    (rules.installs_nothing, change(1, source='<a id="view-in-github">'), "view-in-github"),
    (rules.has_a_title, change(0, source="## A good lesson"), "Title"),
    (rules.has_a_title, add(new_markdown_cell("# A second title")), "2 titles"),
    (rules.has_exercises, change(9, source="### Something else"), "exercises"),
    (rules.follows_the_template, lambda n: n.cells.pop(1), "question"),
    (rules.follows_the_template, lambda n: n.cells.insert(2, n.cells.pop(-2)), "Read more"),
    (rules.checks_its_claims, change(FACT, metadata={}), "2 checked"),
    (rules.ends_with_the_report, add(new_code_cell("1 + 1")), "session.report"),
    (rules.ends_with_the_report, change(LAST, metadata={}), "session.report"),
]


@pytest.mark.parametrize(("rule", "spoil", "word"), BROKEN)
def test_a_rule_catches_who_breaks_it(good, rule, spoil, word):
    spoil(good)
    complaints = rule(good, PATH)
    assert word in report(complaints)


def test_no_rule_is_left_untested():
    assert {rule for rule, _, _ in BROKEN} == set(ALL_RULES)
    written = {
        name
        for name in dir(rules)
        if name.startswith(("is_", "has_", "ran_", "checks_", "ends_", "follows_", "installs_"))
    }
    assert written <= {rule.__name__ for rule in ALL_RULES}


def test_the_tour_needs_no_exercises_and_one_checked_cell(good):
    del good.cells[6:12]  # two facts, the heading and three exercises
    tour = "notebooks/00_start_here.ipynb"
    for rule in (rules.has_exercises, rules.follows_the_template, rules.checks_its_claims):
        assert rule(good, PATH)
        assert rule(good, tour) == []


def test_without_an_address_there_is_no_badge(good, monkeypatch):
    monkeypatch.setattr(setup_cell, "ADDRESS", "")
    assert rules.has_the_badge(good, PATH)


def test_links_and_formulas_are_not_counted_as_words(good):
    good.cells[1].source = "**The question.** " + f"[name](https://{'x-' * 200}) $$ a b $$ " * 100
    assert rules.text_is_short(good, PATH) == []


def test_code_in_backticks_may_hold_any_word(good):
    good.cells[1].source = "Call `color.just(behaviour)`."
    assert rules.words_are_kind(good, PATH) == []
