"""How long it takes from the pointer to a new picture, for each explorer in JupyterLab.

A slider is dragged over 30 positions in a browser (tests/browser says which); of an explorer
without sliders, choices are pressed. Times are taken inside the page, from the event to the frame
after the picture is there. Run with `python -m tests.benchmarks.explorer_latency`.
"""

import statistics
import tempfile
from pathlib import Path

from tests.benchmarks.table import Row, show
from tests.browser.lab import EXPLORERS, lab
from tests.browser.test_browser import Hand

POSITIONS = 30
# As large as in the lessons: a range test of 300 rates, a sweep of 8 rates with 5 seeds.
AS_IN_LESSONS = """
import numpy as np
from helpers.results import RangeTest, Runs
test_explorers.TEST = RangeTest(
    np.geomspace(1e-6, 1, 300), np.linspace(3, 1, 300) ** 2, np.linspace(0, 1, 300))
test_explorers.ROWS = [
    {"rate": 10.0 ** (rate / 2 - 3), "seed": seed, "epoch": epoch, "updates": 40 * epoch,
     "val_accuracy": 0.1 * rate + 0.01 * epoch + 0.01 * seed, "val_loss": 1 / (1 + rate + epoch)}
    for rate in range(8) for seed in range(5) for epoch in range(1, 11)]
"""
WATCH = """output => {
    window.times = [];
    let began = null;
    for (const kind of ['pointermove', 'pointerdown'])
        document.addEventListener(kind, () => { began = performance.now(); }, true);
    const isPicture = node => node.matches?.('svg[role=img]');
    new MutationObserver(records => {
        if (began === null || !records.some(each => [...each.addedNodes].some(isPicture))) return;
        const from = began;
        began = null;
        requestAnimationFrame(() => window.times.push(performance.now() - from));
    }).observe(output, {childList: true, subtree: true});
}"""


def rows():
    """Yield median and 95th percentile for each explorer."""
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder), AS_IN_LESSONS) as course:
        for name in EXPLORERS:
            hand = Hand(course, name)
            hand.output.evaluate(WATCH)
            times = sorted(_drag(hand) if hand.numbers else _press(hand))
            p95 = statistics.quantiles(times, n=20)[-1]
            words = f"median {statistics.median(times):.0f} ms, 95th percentile {p95:.0f} ms, "
            aim = "median 60 ms, 95th percentile 100 ms"
            yield Row(f"{name}, pointer to picture", f"{words}{len(times)} pictures", aim)


def _drag(hand):
    slider = hand.numbers[0][1]
    hand.take(slider)
    for position in range(POSITIONS):
        before = slider.get_attribute("aria-valuenow")
        drawn = hand.page.evaluate("window.times.length")
        # There and back, so that each position differs from the one before by a step or more.
        hand.drag_to(slider, abs(1 - 2 * position / POSITIONS), steps=1)
        if slider.get_attribute("aria-valuenow") != before:
            hand.page.wait_for_function("drawn => window.times.length > drawn", arg=drawn)
    hand.page.mouse.up()
    return hand.page.evaluate("window.times")


def _press(hand):
    choices = hand.output.get_by_role("button")
    for position in range(POSITIONS):
        drawn = hand.page.evaluate("window.times.length")
        choices.nth(position % 3).click()
        hand.page.wait_for_function("drawn => window.times.length > drawn", arg=drawn)
    return hand.page.evaluate("window.times")


if __name__ == "__main__":
    show(rows())
