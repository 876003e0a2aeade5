"""How long it takes from the pointer to a new picture, for each explorer in JupyterLab.

Each slider is dragged over 30 positions in a browser (tests/browser says which); of an explorer
without sliders, choices are pressed. Times are taken inside the page, from the event to the frame
after the picture is decoded; positions that an explorer refuses, and those that change nothing in
the picture, have no time. Run with `python -m tests.benchmarks.explorer_latency`.
"""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import TimeoutError as NoPicture

from tests.benchmarks.table import Row, show
from tests.browser.lab import EXPLORERS, lab
from tests.browser.test_browser import ROUND_TRIPS, Hand

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
# Done when the new picture is decoded and a frame begins.
WATCH = """output => {
    window.times = [];
    let began = null;
    for (const kind of ['pointermove', 'pointerdown'])
        document.addEventListener(kind, () => { began = performance.now(); }, true);
    new MutationObserver(async records => {
        const from = began, picture = records.flatMap(each => [...each.addedNodes])
            .find(node => node.matches?.('img:not([aria-hidden])'));
        if (from === null || !picture) return;
        began = null;
        await picture.decode();
        requestAnimationFrame(() => window.times.push(performance.now() - from));
    }).observe(output, {childList: true, subtree: true});
}"""
DRAWN = "drawn => window.times.length > drawn"


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
    for _, slider in hand.numbers:
        hand.press("Reset")
        hand.page.evaluate(ROUND_TRIPS)
        hand.take(slider)
        for position in range(POSITIONS):
            value = slider.get_attribute("aria-valuenow")
            drawn = hand.page.evaluate("window.times.length")
            # There and back, so that each position differs from the one before by a step or more.
            hand.drag_to(slider, abs(1 - 2 * position / POSITIONS), steps=1)
            if slider.get_attribute("aria-valuenow") != value:
                try:
                    hand.page.wait_for_function(DRAWN, arg=drawn, timeout=1_000)
                except NoPicture:
                    # One that is under way comes before the next move, and is counted in full.
                    hand.page.evaluate(ROUND_TRIPS)
        hand.page.mouse.up()
    return hand.page.evaluate("window.times")


def _press(hand):
    choices = hand.output.get_by_role("button")
    for position in range(POSITIONS):
        drawn = hand.page.evaluate("window.times.length")
        choices.nth(position % 3).click()
        hand.page.wait_for_function(DRAWN, arg=drawn)
    return hand.page.evaluate("window.times")


if __name__ == "__main__":
    show(rows())
