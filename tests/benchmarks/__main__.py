"""`python -m tests.benchmarks [NAME ...]`: measure all benchmarks, or some, and write their table.

Timings want a quiet machine. All together take about half an hour on two cores; one wants a browser
(CHROMIUM) and one the photographs of clothing (LEARNING_RATE_DATA). Each runs in a process of its
own, and the table is written after each, so that an interruption loses one at most.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from helpers.environment import finish
from tests.benchmarks import table


def main(arguments):
    """Measure and store; return 1 if a benchmark could not be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(table.names()))
    chosen, failed = parser.parse_args(arguments).names or table.names(), []
    if unknown := set(chosen) - set(table.names()):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(table.names())}.")
    for name in chosen:
        print(f"\n=== {name} ===", flush=True)
        try:
            # A fresh process, which nothing before it has warmed or filled.
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawn) as process:
                table.store(name, process.submit(table.measured, name).result())
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            failed.append(name)
    if failed:
        print(f"\nNot measured, their old lines stay: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    finish(main)
