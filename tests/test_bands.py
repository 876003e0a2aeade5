"""Each band that a lesson checks is no wider than its 20 stored seeds allow, where there are such.

A band is what `checks.expect` prints: "mean accuracy at 0.1 within 0.931 to 0.957: yes". A new band
needs a line here: of STORED, or of NOT_STORED with the reason.
"""

import math
import re
import statistics
from typing import NamedTuple

import nbformat
import pytest

from helpers.experiments import EXPERIMENTS
from helpers.lessons import code_cells, list_lessons
from helpers.results import Runs

MOST_DEVIATIONS = 3
LEAST_SEEDS = 20
# `checks.band` rounds its ends outward to three decimals.
ROUNDING = 0.001
_PRINTED = re.compile(r"^(.+) within (\S+) to (\S+): yes$", re.MULTILINE)


class Stored(NamedTuple):
    """The 20 seeds behind a band: an experiment, a label, a metric, and what is checked of them."""

    experiment: str
    label: float | str
    metric: str
    mean_of: int = 1  # the checked value is a mean over so many seeds
    ratio_scale: bool = False  # rates: deviations and width are those of the logarithm


PEAK = Stored("rules_digits", "smith_bounds, one cycle", "rate", ratio_scale=True)
STORED = {
    ("01", "mean accuracy at 0.1"): Stored("digits_sweep", 0.1, "val_accuracy", mean_of=5),
    ("03", "highest rate, from the range tests"): PEAK,
    **{
        ("03", f"validation accuracy, {label}"): Stored(
            "cycling_bounds", label, "val_accuracy", mean_of=5
        )
        for label in ("constant at 0.1", "triangular2 at 0.1", "cosine decay at 0.1")
    },
    ("04", "peak, from the range tests"): PEAK,
    **{
        ("05", f"{way}, 25 images at 0.01, {metric}"): Stored(
            "differential_digits", f"{way}, 25 images at 0.01", metric, mean_of=5
        )
        for way in ("one rate", "differential 2.6")
        for metric in ("test_accuracy", "source_accuracy")
    },
    **{
        ("06", f"test loss of {label}"): Stored("tournament_digits", label, "test_loss", mean_of=5)
        for label in ("constant", "one cycle")
    },
}
NOT_STORED = {
    ("01", "share of dead units at 0.1"): "no stored experiment counts dead units",
    ("01", "share of dead units at 1"): "no stored experiment counts dead units",
    ("02", "largest over smallest valley"): "a spread of five seeds, not a value of each",
    ("02", "largest over smallest turning point"): "a spread of five seeds, not a value of each",
    ("02", "turning point, 100 over 900"): "tests of one length are stored",
    ("02", "valley, 100 over 900"): "tests of one length are stored",
    ("02", "highest rate of the cycle"): "no test with a linear ramp is stored",
    ("02", "turning point, batch 128 over 16"): "tests of one batch size are stored",
    ("02", "turning point, decay 0.01 over 0"): "tests without weight decay are stored",
    ("03", "lowest rate, from the range tests"): "upper bounds alone are stored",
    ("05", "source minus target at conv_1"): "no stored experiment reads layers out",
    ("05", "source minus target at hidden"): "no stored experiment reads layers out",
    ("05", "accuracy, frozen base"): "one seed of a demonstration, not a verdict",
    ("05", "accuracy, then all trained"): "one seed of a demonstration, not a verdict",
    ("05", "movement of the first group"): "the size of forty updates at 1e-7, an order",
    **{
        ("05", f"{name}, {way} times 0.1"): "what the update rule says, to a few per cent"
        for name in ("SGD", "RMSprop", "Adam")
        for way in ("gradient", "rate")
    },
    ("05", "own update, multiplier 0: movement"): "what the update rule says",
    ("05", "one for each group"): "what the rule of clipping says",
    ("05", "seeds of five in which conv_1 bears more than the head"): "a count of five seeds",
    ("05", "ratio from layer to layer"): "no range test of a group is stored",
    ("04", "distance with the constant rate"): "1,000 walks, and the theory beside them",
}


def printed_bands(notebook):
    """Return `(what, low, high)` of each band in a notebook's outputs."""
    texts = (output.get("text", "") for cell in code_cells(notebook) for output in cell.outputs)
    return [
        (what, float(low), float(high))
        for text in texts
        for what, low, high in _PRINTED.findall(text)
    ]


def bands():
    """Return `(lesson's number, what)` to `(low, high)` over all lessons."""
    return {
        (path.stem[:2], what): (low, high)
        for path in list_lessons()
        for what, low, high in printed_bands(nbformat.read(path, as_version=4))
    }


def values_of(stored):
    """Return the stored values, one for each seed."""
    runs = Runs.load(EXPERIMENTS[stored.experiment].path).select([stored.label])
    values = [run.last(stored.metric) for run in runs.runs]
    return [math.log(value) for value in values] if stored.ratio_scale else values


def complaint(low, high, values, mean_of=1, ratio_scale=False):
    """Return what is wrong with a band, given the values of its seeds; empty if nothing is.

    It holds their mean, and to each side of its middle it goes three deviations at most, those of a
    mean over as many seeds as are checked.
    """
    if len(values) < LEAST_SEEDS:
        return f"{len(values)} seeds are stored; a band needs {LEAST_SEEDS}"
    low, high = (math.log(low), math.log(high)) if ratio_scale else (low, high)
    if not low <= statistics.mean(values) <= high:
        return f"the stored mean {statistics.mean(values):.4g} lies outside"
    deviations = (high - low - 2 * ROUNDING) / 2 / statistics.stdev(values) * math.sqrt(mean_of)
    if deviations > MOST_DEVIATIONS:
        return f"it goes {deviations:.2f} deviations to each side, allowed are {MOST_DEVIATIONS}"
    return ""


def test_every_band_of_a_lesson_has_a_line_here():
    assert set(bands()) == set(STORED) | set(NOT_STORED)
    assert not set(STORED) & set(NOT_STORED)


@pytest.mark.parametrize("key", STORED, ids=" ".join)
def test_a_band_is_as_narrow_as_its_stored_seeds_allow(key):
    low, high = bands()[key]
    stored = STORED[key]
    assert complaint(low, high, values_of(stored), stored.mean_of, stored.ratio_scale) == ""


# The rule itself: twenty values with mean 0.5 and deviation 0.1026.

VALUES = [0.4, 0.6] * 10


@pytest.mark.parametrize(
    ("low", "high", "mean_of", "wrong"),
    [
        (0.193, 0.807, 1, ""),
        (0.18, 0.82, 1, "3.11 deviations"),
        (0.363, 0.637, 5, ""),
        (0.34, 0.66, 5, "3.47 deviations"),
        (0.51, 0.6, 1, "mean 0.5 lies outside"),
    ],
)
def test_the_rule_for_bands(low, high, mean_of, wrong):
    found = complaint(low, high, VALUES, mean_of)
    assert wrong in found
    assert bool(wrong) is bool(found)


def test_rates_are_judged_by_their_ratios():
    rates = [math.log(0.05), math.log(0.2)] * 10
    assert complaint(0.012, 0.84, rates, ratio_scale=True) == ""
    assert "deviations" in complaint(0.01, 1.0, rates, ratio_scale=True)


def test_nineteen_seeds_are_too_few():
    assert "19 seeds" in complaint(0, 1, VALUES[:19])


def test_bands_are_read_from_outputs():
    text = "best: 0.1\nshare, at 0.1 within 0 to 0.5: yes\nband within 1 to 2: no\n"
    output = nbformat.v4.new_output("stream", name="stdout", text=text)
    cell = nbformat.v4.new_code_cell("", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert printed_bands(notebook) == [("share, at 0.1", 0.0, 0.5)]
