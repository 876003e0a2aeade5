"""The checks of lesson 06: stubs, wrong answers with their hints, every right answer."""

import math

import numpy as np
import pytest
from scipy import stats

from helpers import checks

DESIGN = {"most_updates": 20_000, "updates_per_run": 320, "spread": 0.016, "difference": 0.01}


def said(capsys, check, *arguments, **options):
    assert check(*arguments, **options) is None
    return capsys.readouterr().out


def by_scipy(differences):
    count = len(differences)
    scale = np.std(differences, ddof=1) / math.sqrt(count)
    return stats.t.interval(0.95, count - 1, loc=np.mean(differences), scale=scale)


def by_hand(differences):
    mean, count = sum(differences) / len(differences), len(differences)
    variance = sum((each - mean) ** 2 for each in differences) / (count - 1)
    half = stats.t.ppf(0.975, count - 1) * math.sqrt(variance / count)
    return mean - half, mean + half


def normal_quantile(differences):
    half = 1.96 * np.std(differences, ddof=1) / math.sqrt(len(differences))
    return np.mean(differences) - half, np.mean(differences) + half


def of_one_seed(differences):
    half = stats.t.ppf(0.975, len(differences) - 1) * np.std(differences, ddof=1)
    return np.mean(differences) - half, np.mean(differences) + half


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda differences: ..., "○"),
        (lambda differences: 0.5, "✗ Give two numbers"),
        (lambda differences: (0, 1), "✗ The interval is not centered"),
        (normal_quantile, "✗ With 5 seeds the interval is too narrow"),
        (of_one_seed, "✗ With 5 seeds the interval is too wide"),
        (by_scipy, "✓"),
        (by_hand, "✓"),
    ],
)
def test_paired_interval(capsys, function, words):
    assert words in said(capsys, checks.paired_interval, function)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "○"),
        ("B", "✗ Give three things"),
        (("B", 100, "D"), "✗ Names are"),
        (("A", 100, "A"), "✗ Another technique crosses"),
        (("B", 140, "A"), "✗ Look again at where it crosses"),
        (("B", 100, "C"), "✗ Another technique is higher"),
        (("B", 100, "A"), "✓"),
        (["B", np.int64(93), "A"], "✓"),
    ],
)
def test_read_tournament(capsys, answer, words):
    text = said(capsys, checks.read_tournament, answer)
    assert words in text
    assert "100" not in text


def test_the_picture_of_exercise_1_has_the_answer_the_check_wants():
    runs = checks.unknown_tournament()
    steps = runs.steps_to("val_accuracy", 0.9).set_index("label")["steps"]
    assert steps.to_dict() == {"A": 180, "B": 100, "C": 140}
    assert runs.best("val_accuracy").label == "A"


def chosen(validation):
    return validation.mean(axis=1).argmin()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (..., "○"),
        (lambda validation, test: ..., "○"),
        (lambda validation, test: test.mean(axis=1).min(), "✗ This rate has the best loss on the"),
        (lambda validation, test: test[chosen(validation)], "✗ One loss is to be reported, not 4"),
        (lambda validation, test: test.min(), "✗ This is the best seed of all"),
        (lambda validation, test: test[chosen(validation)].min(), "✗ The rate is chosen well. W"),
        (lambda validation, test: validation.mean(axis=1).min(), "✗ The rate is chosen well, but"),
        (lambda validation, test: test[validation.min(axis=1).argmin()].mean(), "✗"),
        (lambda validation, test: test.mean(), "✗ Choose one rate"),
        (lambda validation, test: test[chosen(validation)].mean(), "✓"),
        (lambda validation, test: np.mean(test[np.argmin(np.sum(validation, 1))]), "✓"),
    ],
)
def test_honest_report(capsys, function, words):
    assert words in said(capsys, checks.honest_report, function)


def settings(rates, tuning_seeds, seeds):
    return {"rates": rates, "tuning_seeds": tuning_seeds, "seeds": seeds}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "○"),
        ([5, 3, 13], "✗ Give a dict"),
        ({"rates": 5, "seeds": 13}, "✗ Give a dict"),
        (settings(5, 3, 0), "✗ All three are whole numbers"),
        (settings(5, 2.5, 13), "✗ All three are whole numbers"),
        (settings(5, 2, 13.0), "✗ All three are whole numbers"),
        (settings([0.1, 0.2], 2, 13), "✗ All three are whole numbers"),
        (settings(9, 5, 20), "✗ This takes 41,600 updates"),
        (settings(2, 4, 20), "✗ So few rates"),
        (settings(9, 1, 16), "✗ One seed chooses by luck"),
        (settings(5, 5, 1), "✗ One difference has no spread"),
        (settings(5, 4, 9), "✗ The interval would reach"),
        (settings(5, 3, 14), "✓"),
        (settings(4, 2, 23), "✓"),
        (settings(np.int64(7), 2, 15), "✓"),
    ],
)
def test_comparison_design(capsys, answer, words):
    assert words in said(capsys, checks.comparison_design, answer, **DESIGN)


@pytest.mark.parametrize("count", [2, 3, 13, 20])
def test_the_interval_of_a_design_is_that_of_its_spread(capsys, count):
    half = stats.t.ppf(0.975, count - 1) * 0.016 / math.sqrt(count)
    options = DESIGN | {"most_updates": 10**9}
    for difference, word in ((half * 1.001, "✓"), (half * 0.999, "✗")):
        options["difference"] = difference
        answer = settings(4, 2, count)
        assert word in said(capsys, checks.comparison_design, answer, **options)
