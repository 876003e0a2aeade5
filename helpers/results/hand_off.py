"""From a range test to a schedule, without typing a rate."""

from helpers.schedules import OneCycle, Triangular, WarmRestarts


class HandOff:
    """What makes schedules of a record that has `bounds()`."""

    def triangular(self, half_cycle_steps, *, min_rate=None, max_rate=None, **options):
        """Return a `schedules.Triangular` between the bounds.

        Args:
            half_cycle_steps: Updates from one bound to the other, >= 1.
            min_rate: A rate in place of the lower bound.
            max_rate: A rate in place of the upper bound, such as `suggest()["valley"]`.
            **options: `mode` and `gamma`, as for `Triangular`.

        Returns:
            The schedule.

        Raises:
            ValueError: If the test shows no such bound and none is given; the message says why.
        """
        low, high = self._bounds_or(min_rate, max_rate)
        return Triangular(low, high, half_cycle_steps, **options)

    def one_cycle(self, total_steps, *, min_rate=None, max_rate=None, **options):
        """Return a `schedules.OneCycle` that starts at the lower bound and peaks at the upper one.

        Args:
            total_steps: Updates of the training, >= 1.
            min_rate: A rate in place of the lower bound, > 0.
            max_rate: A rate in place of the upper bound.
            **options: Further settings, as for `OneCycle`; with a `start_divisor` the first rate
                is the peak over it, and no lower bound is asked for.

        Returns:
            The schedule.

        Raises:
            ValueError: As for `triangular`.
        """
        if "start_divisor" in options:
            return OneCycle(self._high_or(max_rate), total_steps, **options)
        low, high = self._bounds_or(min_rate, max_rate)
        return OneCycle(high, total_steps, start_divisor=high / low, **options)

    def warm_restarts(self, first_cycle_steps, *, min_rate=None, max_rate=None, **options):
        """Return a `schedules.WarmRestarts` from the upper bound towards the lower one.

        Args:
            first_cycle_steps: Updates of the first cycle, >= 1.
            min_rate: A rate in place of the lower bound; 0 is what the paper takes.
            max_rate: A rate in place of the upper bound.
            **options: `cycle_mult` and `peak_decay`, as for `WarmRestarts`.

        Returns:
            The schedule.

        Raises:
            ValueError: As for `triangular`.
        """
        low, high = self._bounds_or(min_rate, max_rate)
        return WarmRestarts(high, first_cycle_steps, min_rate=low, **options)

    def _bounds_or(self, min_rate, max_rate):
        high = self._high_or(max_rate)
        if min_rate is None:
            bounds = self.bounds()
            min_rate = _found(bounds.min_rate, "min_rate", bounds.min_reason)
        return min_rate, high

    def _high_or(self, max_rate):
        if max_rate is not None:
            return max_rate
        bounds = self.bounds()
        return _found(bounds.max_rate, "max_rate", bounds.max_reason)


def _found(rate, name, reason):
    if rate is None:
        raise ValueError(
            f"The range test shows no {name}: {reason}. Or give {name} yourself, for example one "
            "of suggest()."
        )
    return rate
