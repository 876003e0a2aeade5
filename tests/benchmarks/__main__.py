"""`python -m tests.benchmarks [NAME ...]`: measure all benchmarks, or some, and write their table.

Timings want a quiet machine. All together take about half an hour on two cores; one wants a browser
(CHROMIUM) and one the photographs of clothing (LEARNING_RATE_DATA). The table is written after
each, so that an interruption loses one benchmark at most.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from helpers.environment import ROOT
from helpers.lessons import suggest
from tests.benchmarks import table


def measured_apart(name):
    """Run one benchmark in a fresh process, which nothing before it has warmed or filled."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(table.measured, name).result()


def main(arguments=None):
    """Measure and store; return 1 if a benchmark could not be run, 2 if there is none such."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"benchmarks: {', '.join(table.names())}",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks; default all")
    names = parser.parse_args(arguments).names or table.names()
    for name in names:
        if name not in table.names():
            parser.error(f"there is no benchmark {name!r}. {suggest(name, table.names())}")
    failed = []
    for name in names:
        print(f"\n=== {name} ===", flush=True)
        try:
            table.store(name, table.lines_of(name, measured_apart(name)))
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            failed.append(name)
    print(
        f"\n{len(names) - len(failed)} of {len(names)} written to {table.PATH.relative_to(ROOT)}."
    )
    if failed:
        print(f"Not measured, their old lines stay: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
