"""Progress in numbers and words, and the bar where there is somebody to see it."""

import io
import sys

import pytest

from helpers.results import Run, Runs
from helpers.training.progress import Bar, Progress

TWO = Runs(tuple(Run(0.1, seed, {"loss": [1.0]}, [1]) for seed in (0, 1)))


def test_moment_by_hand():
    """Two of eight runs and two of ten epochs: 2.2 / 8 of the work in 6 seconds leaves 15.8."""
    moment = Progress(0.01, 2, 2, 10, 8, 6.0, TWO)
    assert moment.fraction == pytest.approx(0.275)
    assert moment.seconds_left == pytest.approx(6 * 0.725 / 0.275)
    assert moment.text == "run 3 of 8: 0.01, seed 2, epoch 3 of 10, 16 s left"


def test_first_and_last_moment():
    first = Progress("cosine", 0, 0, 10, 2, 0.1, Runs(()))
    assert (first.fraction, first.seconds_left) == (0.0, None)
    assert first.text == "run 1 of 2: cosine, seed 0, epoch 1 of 10"
    last = Progress(0.1, 1, 0, 10, 2, 9.0, TWO)
    assert (last.fraction, last.text) == (1.0, "2 runs finished")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def outside_a_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)


def test_bar_in_a_terminal_stays_on_one_line(monkeypatch, outside_a_notebook):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = Bar()
    bar.show(0.5, "half")
    bar.close("done")
    assert terminal.getvalue().count("\n") == 1
    assert "█" * 12 + "·" * 12 + " half" in terminal.getvalue()
    assert terminal.getvalue().endswith("done\n")


def test_bar_is_silent_in_a_log_and_on_request(monkeypatch, outside_a_notebook):
    for stream, shown in ((io.StringIO(), True), (Terminal(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        bar = Bar(shown)
        bar.show(0.5, "half")
        bar.close("done")
        assert stream.getvalue() == ""


def test_bar_in_a_notebook_updates_one_output(monkeypatch):
    calls = []

    class Handle:
        def update(self, bundle, raw):
            calls.append(("update", bundle))

    def display(bundle, raw, display_id):
        calls.append(("display", bundle))
        return Handle()

    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setattr("IPython.display.display", display)
    bar = Bar()
    bar.show(0.25, "a quarter")
    bar.show(0.5, "half")
    bar.close("4 runs finished")
    assert [kind for kind, _ in calls] == ["display", "update", "update"]
    assert calls[-1][1] == {"text/plain": "4 runs finished"}
