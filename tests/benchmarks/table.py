"""What benchmarks share: `Row`, taking turns, and the Markdown table of all of them.

A benchmark is a module of this folder with a function `rows()` that measures and yields `Row`s.
"""

import datetime
import importlib
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
PATH = FOLDER / "RESULTS.md"
NOT_BENCHMARKS = ("__init__", "__main__", "pytorch_loop", "table")
HEAD = """\
# Benchmarks

Made by `python -m tests.benchmarks`, which measures everything again, or what is named behind it.
Each benchmark says in its file what it compares and how. Times are medians of runs that took turns
on a machine with two cores; brackets behind a ratio hold quartiles or the two times. Where there is
no aim, the figure stands for comparison.

| benchmark | figure | measured | aim | date | Python, TensorFlow, Keras |
|---|---|---|---|---|---|
"""


class Row(NamedTuple):
    """One figure: what was measured, what came of it in words, and what it should be, if any."""

    figure: str
    measured: str
    aim: str = ""


def measured(name):
    """Run one benchmark and return its rows; here, where another process finds it."""
    return show(importlib.import_module(f"tests.benchmarks.{name}").rows())


def show(rows):
    """Print rows as they come, and return them."""
    shown = []
    for row in rows:
        aim = f" (aim: {row.aim})" if row.aim else ""
        print(f"{row.figure}: {row.measured}{aim}", flush=True)
        shown.append(row)
    return shown


def in_turn(works, rounds):
    """Call each of several functions in each round; return by name the seconds of its calls.

    Who is first differs from round to round, so that no place in it is always the same.
    """
    names, taken = list(works), {name: [] for name in works}
    for number in range(rounds):
        place = number % len(names)
        for name in names[place:] + names[:place]:
            began = time.perf_counter()
            works[name]()
            taken[name].append(time.perf_counter() - began)
    return taken


def medians(taken):
    """Return the median of each list in a dict."""
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def names():
    """Return the names of all benchmarks, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_BENCHMARKS)


def store(benchmark, rows):
    """Write a benchmark's rows into the table in place of its old ones; the others stay."""
    versions = [platform.python_version(), version("tensorflow"), version("keras")]
    made = f"{datetime.date.today().isoformat()} | {', '.join(versions)}"
    stored = {benchmark: [f"| `{benchmark}` | {' | '.join(row)} | {made} |" for row in rows]}
    for line in PATH.read_text(encoding="utf-8").splitlines() if PATH.is_file() else ():
        name = line.split("`")[1] if line.startswith("| `") else benchmark
        if name != benchmark and name in names():
            stored.setdefault(name, []).append(line)
    lines = [line for name in sorted(stored) for line in stored[name]]
    PATH.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8", newline="\n")
