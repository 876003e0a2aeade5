"""What was measured, as frozen records: tables, verdicts, save and load. No TensorFlow."""

from pathlib import Path

from helpers.results.paired import Paired, holm
from helpers.results.range_test import RangeTest, RangeTestBand
from helpers.results.rules import RULES, Bounds
from helpers.results.runs import Best, Record, Runs

STORED = Path(__file__).parents[2] / "notebooks" / "results"

# Of any kind of record, the file says which.
load = Record.load


def stored(name):
    """Return a stored experiment, as a script of `notebooks/experiments` has measured it.

    Args:
        name: Name of a file in `notebooks/results`, without its ending.

    Returns:
        A `Runs`, `RangeTest` or `RangeTestBand`; its `about` says how it was made.

    Raises:
        ValueError: If there is none of that name.
    """
    path = STORED / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(path.stem for path in STORED.glob("*.json")))
        raise ValueError(f"There is no stored experiment {name!r}; there are {known}.")
    return load(path)
