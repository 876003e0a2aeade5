"""How far a sweep is, in numbers, in words and as a bar."""

import sys
from dataclasses import dataclass

from helpers.results import Runs

BAR_WIDTH = 24


@dataclass(frozen=True)
class Progress:
    """A moment of a sweep.

    Attributes:
        label: The rate or the schedule's name of the run in progress.
        seed: Its seed.
        epoch: Epochs of it that are finished.
        epochs: Epochs it will have.
        total: Number of runs of the sweep.
        seconds: Wall time since the start.
        finished: The `Runs` that are done; all of them at the last moment.
    """

    label: float | str
    seed: int
    epoch: int
    epochs: int
    total: int
    seconds: float
    finished: Runs

    @property
    def fraction(self):
        """Share of the work that is done, 0 to 1."""
        return min(1.0, (len(self.finished) + self.epoch / self.epochs) / self.total)

    @property
    def seconds_left(self):
        """Estimate of the time left, or None while nothing is known."""
        if not self.fraction:
            return None
        return self.seconds * (1 - self.fraction) / self.fraction

    @property
    def text(self):
        """One line in words, such as `run 3 of 8: 0.01, seed 0, epoch 2 of 10, 12 s left`."""
        if len(self.finished) == self.total:
            return f"{self.total} runs finished"
        left = "" if self.seconds_left is None else f", {self.seconds_left:.0f} s left"
        label = self.label if isinstance(self.label, str) else f"{self.label:g}"
        return (
            f"run {len(self.finished) + 1} of {self.total}: {label}, seed {self.seed}, "
            f"epoch {min(self.epoch + 1, self.epochs)} of {self.epochs}{left}"
        )


class Bar:
    """A progress bar for moments: in place in a notebook, on stderr in a terminal, else silent."""

    def __init__(self, shown=True):
        self._write = _writer() if shown else None

    def show(self, fraction, text):
        """Draw the bar at a fraction with a line of text."""
        if self._write:
            filled = round(BAR_WIDTH * fraction)
            self._write(f"{'█' * filled}{'·' * (BAR_WIDTH - filled)} {text}")

    def close(self, text):
        """Leave one last line that says how it ended, without times: it is stored in notebooks."""
        if self._write:
            self._write(text, last=True)


def _writer():
    """Return `write(line, last=False)` for the place the program runs in, or None."""
    if "ipykernel" in sys.modules and "IPython" in sys.modules:
        from IPython.display import display

        handle = None

        def write(line, last=False):
            nonlocal handle
            bundle = {"text/plain": line}
            if handle is None:
                handle = display(bundle, raw=True, display_id=True)
            else:
                handle.update(bundle, raw=True)

        return write
    if sys.stderr.isatty():

        def write(line, last=False):
            sys.stderr.write(f"\r\033[K{line}" + "\n" * last)
            sys.stderr.flush()

        return write
    return None
