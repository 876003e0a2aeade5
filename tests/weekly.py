"""What `python -m tests` leaves to the weekly workflow: slow, and rarely broken alone."""

import pytest


def rest_weekly(cases, often=1):
    """Return the cases of a test; those after the first few wait for the weekly run."""
    cases = list(cases)
    return cases[:often] + [pytest.param(case, marks=pytest.mark.weekly) for case in cases[often:]]
