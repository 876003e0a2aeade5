"""`python -m tests`: everything that must hold, in one command.

Stages: lint, then unit (also doctests and the structure of notebooks and pages), then notebooks
(every cell runs, checked outputs agree), then browser (explorers in a real page).
"""

import argparse
import os
import subprocess
import sys
import tempfile

from helpers import environment

STAGES = ("lint", "unit", "notebooks", "browser")
NO_TESTS = 5  # pytest's exit code where nothing was collected

EXAMPLES = """\
examples:
  python3 -m tests                           everything
  python3 -m tests unit                      one stage
  python3 -m tests unit -- -k range_test -x  further words go to pytest
  python3 -m tests notebooks -- -k 02_range

LEARNING_RATE_DATA, if set, names a folder of real data; tests that need it are skipped without.
exit codes: 0 everything passed, 1 something failed, 2 wrong use, 130 interrupted
"""

PARALLEL = ["-n", "2", "--dist", "loadscope"]
NOTEBOOKS = [
    "notebooks",
    "--nbval-lax",
    "--nbval-current-env",
    "--nbval-cell-timeout",
    "120",
    "--nbval-kernel-startup-timeout",
    "120",
    "--nbval-sanitize-with",
    "tests/nbval_sanitize.cfg",
]


def main(arguments=None):
    """Run the named stages, or all of them.

    Args:
        arguments: Command-line arguments; those of the process if None.

    Returns:
        The exit code: 0 everything passed, 1 something failed, 2 wrong use, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    stages, further = _parse(arguments)
    try:
        code = environment.relay("tests", arguments)
        if code is not None:
            return code
        outcomes = {stage: _run(stage, further) for stage in stages}
    except environment.EnvironmentProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return _summarize(outcomes)


def _parse(arguments):
    """Return the stages to run and the words for pytest, which stand after `--`."""
    ours, further = arguments, []
    if "--" in arguments:
        place = arguments.index("--")
        ours, further = arguments[:place], arguments[place + 1 :]
    parser = argparse.ArgumentParser(
        prog="python -m tests",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "stages", nargs="*", metavar="STAGE", help=f"{', '.join(STAGES)}; default all"
    )
    stages = parser.parse_args(ours).stages
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown:
        parser.error(f"there is no stage {unknown[0]!r}; there are {', '.join(STAGES)}")
    return [stage for stage in STAGES if not stages or stage in stages], further


def _run(stage, further):
    """Run one stage and return its outcome: `passed`, `nothing to test`, or `failed (code)`."""
    print(f"\n=== {stage} ===", flush=True)
    if stage == "lint":
        commands = [["ruff", "check", "."], ["ruff", "format", "--check", "."]]
    elif stage == "unit":
        unit = ["tests", "helpers", "--ignore=tests/browser", "--ignore=tests/benchmarks"]
        commands = [["pytest", *unit, *PARALLEL, *further]]
    elif stage == "notebooks":
        commands = [["pytest", *NOTEBOOKS, *PARALLEL, *further]]
    else:
        commands = [["pytest", "tests/browser", *further]]
    codes = [_call(command, stage) for command in commands]
    if codes == [NO_TESTS]:  # words for pytest, such as -k, may select nothing of this stage
        return "nothing to test"
    worst = max(codes)
    return f"failed (exit code {worst})" if worst else "passed"


def _call(command, stage):
    """Run a tool of this environment with an empty Keras folder, so that no download is hidden."""
    with tempfile.TemporaryDirectory() as keras_home:
        settings = {**os.environ, "KERAS_HOME": keras_home}
        if stage == "notebooks":
            settings.pop("LEARNING_RATE_DATA", None)
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=environment.ROOT, env=settings, check=False
        ).returncode


def _summarize(outcomes):
    print("\n=== summary ===")
    for stage, outcome in outcomes.items():
        print(f"{stage:<10} {outcome}")
    return 1 if any(outcome.startswith("failed") for outcome in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
