"""What a benchmark yields, and the table of all of them: one Markdown file, a line for each figure.

A benchmark is a module of this folder with a function `rows()` that measures and yields `Row`s.
"""

import datetime
import importlib
import platform
from pathlib import Path
from typing import NamedTuple

from helpers.environment import installed_version

FOLDER = Path(__file__).parent
PATH = FOLDER / "RESULTS.md"
NOT_BENCHMARKS = ("__init__", "__main__", "pytorch_loop", "table")
HEAD = """\
# Benchmarks

Made by `python -m tests.benchmarks`, which measures everything again, or what is named behind it.
Each benchmark says in its file what it compares and how. Ratios and times are medians on a machine
with two cores; brackets behind a ratio hold quartiles or the two times. Where there is no aim, the
figure stands for comparison.

| benchmark | figure | measured | aim | date | Python, TensorFlow, Keras |
|---|---|---|---|---|---|
"""


class Row(NamedTuple):
    """One figure of a benchmark.

    Attributes:
        figure: What was measured; unlike that of any other row of the benchmark.
        measured: What came of it, in words and numbers.
        aim: What it should be; empty for a figure that stands for comparison.
    """

    figure: str
    measured: str
    aim: str = ""


def show(rows):
    """Print rows as they come, and return them."""
    shown = []
    for row in rows:
        print(
            f"{row.figure}: {row.measured}" + (f" (aim: {row.aim})" if row.aim else ""), flush=True
        )
        shown.append(row)
    return shown


def measured(name):
    """Run one benchmark in this process and return its rows."""
    return show(importlib.import_module(f"tests.benchmarks.{name}").rows())


def names():
    """Return the names of all benchmarks, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_BENCHMARKS)


def lines_of(benchmark, rows):
    """Return a benchmark's lines of the table, with today's date and the versions in use.

    Raises:
        ValueError: If there is no row, or a text cannot stand in a cell of the table.
    """
    rows = list(rows)
    if not rows:
        raise ValueError(f"{benchmark} measured nothing.")
    for text in (text for row in rows for text in row):
        if "|" in text or "\n" in text:
            raise ValueError(f"{text!r} of {benchmark} cannot stand in a table: leave out '|'.")
    versions = ", ".join(
        [platform.python_version(), *map(installed_version, ("tensorflow", "keras"))]
    )
    made = f"{datetime.date.today().isoformat()} | {versions}"
    return [
        f"| `{benchmark}` | {row.figure} | {row.measured} | {row.aim} | {made} |" for row in rows
    ]


def stored_lines(path=PATH):
    """Return the stored lines by benchmark; empty where there is no table yet."""
    stored = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        if line.startswith("| `"):
            stored.setdefault(line.split("`")[1], []).append(line)
    return stored


def store(benchmark, lines, path=PATH):
    """Write a benchmark's lines into the table in place of its old ones; the others stay."""
    stored = stored_lines(path) | {benchmark: lines}
    text = HEAD + "".join(f"{line}\n" for name in sorted(stored) for line in stored[name])
    path.write_text(text, encoding="utf-8", newline="\n")
