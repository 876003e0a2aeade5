"""Checks of exercises: any answer is taken, a wrong one gets a hint, none is given away."""

import functools
import inspect
import math
import re

import numpy as np
import pytest

from helpers import checks, models, range_test, training
from helpers.data import load
from helpers.results import Runs
from helpers.schedules import Triangular

EXERCISES = {
    name: check
    for name, check in inspect.getmembers(checks, inspect.isfunction)
    if hasattr(check, "__wrapped__")
}
# What a learner hands in; all else that a check needs is the lesson's.
ANSWERS = {"answer", "function", "rates", "seeds", "settings"}


def compute(*arguments, **options):
    return 1.0


def raise_an_error(*arguments, **options):
    raise RuntimeError("a mistake of mine")


def take_nothing():
    return 1.0


WRONG = (
    *(
        None,
        True,
        7,
        -1.0,
        math.nan,
        math.inf,
        "words",
        b"",
        [],
        [1],
        [[1], [2, 3]],
        {},
        {"a": "b"},
    ),
    *(object(), np.array(["a"]), (0.001, -5, "x"), compute, raise_an_error, take_nothing),
    *(lambda *_, **__: None, lambda *_, **__: "words", lambda *_, **__: [math.nan, math.inf]),
)


@functools.cache
def lesson():
    """Return by name what lessons hand to checks, small; some checks want their own."""
    digits = load("digits", limit=(64, 40, 40))
    rows = [
        {"rate": rate, "seed": 0, "epoch": 1, "updates": 1, "val_accuracy": accuracy}
        for rate, accuracy in ((0.01, 0.6), (0.03162278, 0.9), (0.1, 0.91), (0.3162278, 0.3))
    ]

    def train(schedule, epochs, callbacks):
        model = models.build_dense_net()
        model.optimizer.learning_rate = schedule(0)
        model.fit(*digits.train, epochs=epochs, verbose=0, callbacks=callbacks)

    common = {"runs": Runs.from_rows(rows), "build_model": models.build_dense_net, "splits": digits}
    common |= {"schedule": Triangular(0.03, 0.08, 80), "train": digits.train, "top_rate": 0.01}
    common |= {"layers": 13, "factor": 2.6, "first_cycle_epochs": 3, "cycle_mult": 2}
    own = {"trough_ensemble": {"train": train}, "own_entry": {"splits": {0: digits, 1: digits}}}
    return common | {"most_epochs": 40}, own


@pytest.fixture(autouse=True)
def library_asked_once(monkeypatch):
    """Let a check that compares with the library train for the first answer only."""
    for module, name in ((range_test, "run"), (training, "compare"), (training, "sweep")):
        monkeypatch.setattr(module, name, remembered(getattr(module, name)))


def remembered(function):
    seen = {}

    def call(*arguments, **options):
        key = str((arguments[1], options))
        if key not in seen:
            seen[key] = function(*arguments, **options)
        return seen[key]

    return call


def said_to(name, answer, capsys):
    """Return what a check prints, the same answer in each place for one."""
    common, own = lesson()
    given = common | own.get(name, {})
    arguments = {}
    for parameter in inspect.signature(EXERCISES[name]).parameters.values():
        if parameter.name in ANSWERS and parameter.default is parameter.empty:
            arguments[parameter] = answer
        elif parameter.default is parameter.empty:
            assert parameter.name in given, f"{name} takes {parameter.name}: add it to lesson()"
            arguments[parameter] = given[parameter.name]
    capsys.readouterr()
    EXERCISES[name](
        *(value for each, value in arguments.items() if each.kind != each.KEYWORD_ONLY),
        **{e.name: value for e, value in arguments.items() if e.kind == e.KEYWORD_ONLY},
    )
    printed = capsys.readouterr()
    return printed.out.strip()


def test_there_is_an_exercise_for_each_lesson():
    assert len(EXERCISES) >= 18
    assert all(check.__doc__ for check in EXERCISES.values())


@pytest.mark.parametrize("name", EXERCISES)
def test_what_is_not_attempted_is_no_mistake(name, capsys):
    assert said_to(name, ..., capsys) == "○ not attempted yet"


@pytest.mark.parametrize(
    "name",
    [name for name in EXERCISES if "function" in inspect.signature(EXERCISES[name]).parameters],
)
def test_a_stub_that_returns_dots_is_not_attempted(name, capsys):
    assert "○ not attempted yet" in said_to(name, lambda *_, **__: ..., capsys)


@pytest.mark.parametrize("name", EXERCISES)
def test_any_answer_is_taken_and_a_wrong_one_gets_a_hint(name, capsys):
    for answer in WRONG:
        said = said_to(name, answer, capsys)
        assert re.match(r"✗ .{10,}", said.splitlines()[-1]), (answer, said)
        assert "Traceback" not in said


def test_an_error_in_the_learners_function_is_named(capsys):
    assert "RuntimeError: a mistake of mine" in said_to("smoothing", raise_an_error, capsys)


def smoothed(losses, beta=0.98):
    weights = [beta ** np.arange(count)[::-1] for count in range(1, len(losses) + 1)]
    return [np.average(losses[: len(row)], weights=row) for row in weights]


def triangles(step, min_rate, max_rate, half_cycle_steps):
    cycle, place = divmod(step, 2 * half_cycle_steps)
    height = 1 - abs(place - half_cycle_steps) / half_cycle_steps
    return min_rate + (max_rate - min_rate) / 2**cycle * height


def restarts(step, max_rate, first_cycle_steps, cycle_mult):
    length = first_cycle_steps
    while step >= length:
        step, length = step - length, length * cycle_mult
    return max_rate * (1 + math.cos(math.pi * step / length)) / 2


# A right answer, a wrong one of the right kind, and what the hint to it must not show.
RIGHT = {
    "usable_window": ((0.03, 0.1), (0.01, 0.1), r"0\.03"),
    "read_cycle": ((0.03, 0.08, 80), (0.03, 0.08, 160), r"\b80\b"),
    "read_range_test": ((0.2, 0.02), (1.0, 0.1), r"0\.2|0\.02"),
    "trough_epochs": ([3, 9, 21], [3, 8], r"\b9\b|\b21\b"),
    "first_rate": (0.01 / 2.6**12, 0.01 / 2.6**13, r"e-0|2\.6|\b12\b"),
    "smoothing": (smoothed, lambda losses, beta=0.98: losses, r"\*\*"),
    "triangular2": (triangles, lambda **_: 0.2, r"expected|should be"),
    "growing_restarts": (restarts, lambda **_: 0.2, r"expected|should be"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes_and_a_hint_does_not_show_it(name, capsys):
    right, wrong, secret = RIGHT[name]
    said = said_to(name, right, capsys)
    assert said.startswith("✓"), said
    said = said_to(name, wrong, capsys)
    assert said.startswith("✗"), said
    assert not re.search(secret, said), said


def test_a_band_prints_itself_inside_and_refuses_outside(capsys):
    checks.expect("accuracy", 0.93, 0.9, 0.96)
    checks.expect("accuracy", 0.9, 0.9, 0.96)
    assert capsys.readouterr().out == "accuracy: 0.9 to 0.96\n" * 2
    for value in (0.89, 0.97, math.nan):
        with pytest.raises(ValueError, match=f"accuracy is {value:g}, outside of 0.9 to 0.96"):
            checks.expect("accuracy", value, 0.9, 0.96)


def test_a_band_binds_for_the_data_of_the_lesson_alone(capsys):
    checks.expect("accuracy", 0.4, 0.9, 0.96, data="cifar10")
    assert "is stated for digits; yours: 0.4" in capsys.readouterr().out
