"""`python -m helpers`: open the course, run its lessons, make its stored results, check the set-up.

Python 3.8's syntax: an older Python must be able to read this file to be told that it is too old.
"""

import argparse
import os
import subprocess
import sys

from helpers import environment

EXAMPLES = """\
examples:
  python3 -m helpers open              set up if needed, then open the first lesson in JupyterLab
  python3 -m helpers run               run every lesson without a browser, one line each
  python3 -m helpers run 01 03         run two of them
  python3 -m helpers experiments       list the stored experiments
  python3 -m helpers experiments all   run them all again
  python3 -m helpers check             say what this set-up lacks

The first use makes an environment in .venv if the running Python lacks something.
exit codes: 0 done, 1 something failed, 2 wrong use, 130 interrupted
"""


def main(arguments=None):
    """Run one command of the course.

    Args:
        arguments: Command-line arguments; those of the process if None.

    Returns:
        The exit code: 0 done, 1 something failed, 2 wrong use, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(arguments)
    try:
        code = environment.relay(
            "helpers", arguments, roles=("lessons", "commands"), make=options.makes_environment
        )
        return options.command(options) if code is None else code
    except (environment.EnvironmentProblem, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 2 if isinstance(problem, ValueError) else 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m helpers",
        description="The learning-rate course, as commands.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", dest="name", metavar="COMMAND")
    commands.required = True

    opening = commands.add_parser("open", help="open the course in JupyterLab")
    opening.add_argument(
        "jupyter", nargs="*", metavar="OPTION", help="passed on to JupyterLab, after '--'"
    )
    opening.set_defaults(command=_open, makes_environment=True)

    running = commands.add_parser("run", help="run lessons without a browser")
    running.add_argument("lessons", nargs="*", metavar="LESSON", help="name or number; default all")
    running.set_defaults(command=_run, makes_environment=True)

    making = commands.add_parser("experiments", help="list or make the stored experiments")
    making.add_argument("names", nargs="*", metavar="NAME", help="names, or 'all'; default: list")
    making.add_argument("--list", action="store_true", help="list them, with a line on each")
    making.set_defaults(command=_experiments, makes_environment=True)

    checking = commands.add_parser("check", help="say what this set-up lacks")
    checking.set_defaults(command=_check, makes_environment=False)
    return parser


def _open(options):
    from helpers import lessons

    there = lessons.list_lessons()
    if not there:
        raise environment.EnvironmentProblem(f"There are no lessons in {lessons.NOTEBOOKS}.")
    command = [sys.executable, "-m", "jupyterlab", str(there[0])] + options.jupyter
    process = subprocess.Popen(command, cwd=str(environment.ROOT))
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # JupyterLab asks whether to stop; it answers for itself
            continue


def _run(options):
    from helpers import lessons

    paths = lessons.find_lessons(options.lessons)
    if not paths:
        raise environment.EnvironmentProblem(f"There are no lessons in {lessons.NOTEBOOKS}.")
    failed = 0
    for path in paths:
        on_cell = _progress(path.stem)
        outcome = lessons.run_lesson(path, on_cell=on_cell)
        _clear_line()
        print(outcome, flush=True)
        failed += not outcome.ok
    print(f"{len(paths) - failed} of {len(paths)} lessons ran from top to bottom.")
    return 1 if failed else 0


def _progress(name):
    """Return a callback that keeps one line up to date on a terminal, and is silent in a log."""

    def on_cell(number, total):
        if sys.stdout.isatty():
            print(f"\r{name:<28} cell {number} of {total} ", end="", flush=True)

    return on_cell


def _clear_line():
    if sys.stdout.isatty():
        print("\r" + " " * 60 + "\r", end="")


def _experiments(options):
    from helpers.experiments import EXPERIMENTS
    from helpers.lessons import NOTEBOOKS, suggest
    from helpers.session import QUIET

    # The rounding of the lessons, so that what is stored and what is live can be compared.
    os.environ.update(QUIET)

    if options.list or not options.names:
        for name, experiment in EXPERIMENTS.items():
            print(f"{name:<28} {experiment.summary}")
        return 0
    names = list(EXPERIMENTS) if options.names == ["all"] else options.names
    for name in names:
        if name not in EXPERIMENTS:
            raise ValueError(f"There is no experiment {name!r}. {suggest(name, EXPERIMENTS)}")
    results = NOTEBOOKS / "results"
    results.mkdir(parents=True, exist_ok=True)
    for name in names:
        print(f"{name}: {EXPERIMENTS[name].summary}", flush=True)
        path = results / f"{name}.json"
        EXPERIMENTS[name].run(progress=True).save(path)
        print(f"{name}: saved to {path.relative_to(environment.ROOT)}", flush=True)
    return 0


def _check(options):
    if environment.in_colab():
        print("This is Colab: its own packages are used, and nothing is installed.")
    items = environment.check_setup()
    for item in items:
        print("{:<20} {:<8} {}".format(item.name, "ok" if item.ok else "missing", item.found))
        if item.advice:
            print("{:<20} {:<8} {}".format("", "", item.advice))
    lacking = sum(not item.ok for item in items)
    print("The set-up is complete." if not lacking else f"{lacking} to be mended, see above.")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
