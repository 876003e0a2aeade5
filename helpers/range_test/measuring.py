"""One range test: update after update at a rising rate, until the loss or the rates say stop."""

import numpy as np

from helpers.range_test.progress import RangeTestProgress
from helpers.range_test.stopping import stop_point
from helpers.results import RangeTest


def measure(steps, record, seed, feed=None):
    """Run one test; a generator.

    Args:
        steps: `CompiledSteps` or `SingleSteps`.
        record: A new `Record`, filled as the test goes on.
        seed: Seed of the order in which arrays are shown.
        feed: Data of this test in place of those that `steps` has.

    Yields:
        Nothing, after every piece of about 0.3 seconds.

    Returns:
        The `RangeTest`, or None if the data ended before the first rate was done.
    """
    steps.start(record.rate_of_each_batch, seed, feed)
    over = False
    while not over:
        wanted = min(steps.pace, record.batches_ahead)
        losses, accuracies = steps.advance(wanted)
        record.add(losses, accuracies)
        over = record.ended(data_ended=len(losses) < wanted)
        if record.held_out_due:
            record.add_held_out(*(yield from steps.evaluate()))
        yield
    return record.result()


class Record:
    """What a test has measured so far.

    Args:
        plan: The `Plan`.
        batches_per_update: Batches whose gradients the optimizer gathers for one update.
        how: How the updates are made, in words.
        about: Model, data and versions, as plain values.

    Attributes:
        stop_reason: Why the test ended, in words; empty while it goes on.
    """

    def __init__(self, plan, batches_per_update, how, about):
        self.stop_reason, self._diverged, self._end = "", False, plan.steps
        self._plan, self._how, self._about = plan, how, about
        self._size = plan.batches_per_rate * batches_per_update
        self._batches = np.empty((0, 2))
        self._held_out = np.full((plan.steps, 2), np.nan)

    @property
    def rate_of_each_batch(self):
        """The rate of every batch of the whole test."""
        return np.repeat(self._plan.rates, self._size)

    @property
    def batches_ahead(self):
        """Batches until the end of the test, or until held-out data are due."""
        done, last = len(self._batches), self._plan.steps * self._size
        if self._plan.validation is None:
            return last - done
        period = self._plan.validation_every * self._size
        return min(last - done, period - done % period)

    @property
    def held_out_due(self):
        """Whether it is time to measure on held-out data."""
        if self._plan.validation is None or self._diverged:
            return False
        return len(self._batches) % (self._plan.validation_every * self._size) == 0

    def add(self, losses, accuracies):
        """Append what the next batches gave."""
        self._batches = np.concatenate([self._batches, np.stack([losses, accuracies], axis=1)])

    def add_held_out(self, loss, accuracy):
        """Note what held-out data gave at the last rate."""
        self._held_out[len(self._by_rate()) - 1] = loss, accuracy

    def ended(self, data_ended):
        """Find out whether the test is over, and why."""
        plan, losses = self._plan, self._by_rate()[:, 0]
        stop = stop_point(losses, plan.steps, plan.stop_factor, plan.smoothing)
        if stop is not None:
            index, words = stop
            self._diverged, self._end = True, index + 1
            self.stop_reason = f"{words} at a rate of {plan.rates[index]:.3g}"
        elif len(losses) == plan.steps:
            self.stop_reason = f"all {plan.steps} rates were tried"
        elif data_ended:
            self.stop_reason = f"the data ended after {len(self._batches)} batches"
        return bool(self.stop_reason)

    @property
    def moment(self):
        """The `RangeTestProgress` of now."""
        return RangeTestProgress(self._plan.steps, self.result())

    def result(self):
        """Return the `RangeTest` so far, or None before the first rate is done."""
        values = self._by_rate()[: self._end]
        if not len(values):
            return None
        held_out = self._held_out[: len(values)]
        return RangeTest(
            self._plan.rates[: len(values)],
            values[:, 0],
            _measured(values[:, 1]),
            None if self._plan.validation is None else held_out[:, 0],
            _measured(held_out[:, 1]),
            diverged=self._diverged,
            stop_reason=self.stop_reason,
            smoothing=self._plan.smoothing,
            updates_per_rate=self._plan.batches_per_rate,
            how=self._how,
            about=self._about,
        )

    def _by_rate(self):
        """Return the mean loss and accuracy at each rate, an array `(rates, 2)`."""
        whole = len(self._batches) // self._size
        groups = self._batches[: whole * self._size].reshape(whole, self._size, 2)
        rest = self._batches[whole * self._size :]
        with np.errstate(invalid="ignore"):
            means = groups.mean(axis=1)
        # A loss that is not finite ends its rate at once.
        lost = rest[-1:] if len(rest) and not np.isfinite(rest[-1, 0]) else rest[:0]
        return np.concatenate([means, lost])


def _measured(values):
    return None if np.isnan(values).all() else values
