"""How far a range test is, in numbers and in words."""

from dataclasses import dataclass

from helpers.results import RangeTest


@dataclass(frozen=True)
class RangeTestProgress:
    """A moment of a range test.

    Attributes:
        steps: Rates that will be tried if nothing ends the test before.
        finished: The `RangeTest` so far, or None before the first rate is done.
    """

    steps: int
    finished: RangeTest | None

    @property
    def fraction(self):
        """Share of the rates that were tried, 0 to 1."""
        return len(self.finished) / self.steps if self.finished else 0.0

    @property
    def text(self):
        """One line in words, such as `rate 120 of 300: 0.00631, loss 1.82`."""
        if not self.finished:
            return f"rate 0 of {self.steps}"
        return (
            f"rate {len(self.finished)} of {self.steps}: {self.finished.rates[-1]:.3g}, "
            f"loss {self.finished.losses[-1]:.3g}"
        )
