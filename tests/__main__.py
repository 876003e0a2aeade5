"""`python3 -m tests`: everything that must hold, in one command.

Stages: lint (ruff), then unit (also doctests and the structure of notebooks and pages), then
notebooks (every cell runs, checked outputs agree), then browser (explorers in a real page).
"""

import os
import subprocess
import sys
import tempfile

from helpers import environment

# One more than the cores of a small machine: some tests wait for another process.
PARALLEL = ["-n", "3", "--dist"]
OFTEN = ["-m", "not weekly", "--durations=10"]
UNIT = ["tests", "helpers", "--ignore=tests/browser", "--ignore=tests/benchmarks"]
NOTEBOOKS = ["notebooks", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "120"]
NOTEBOOKS += ["--nbval-kernel-startup-timeout", "60"]
STAGES = {
    "lint": [["ruff", "check", "."], ["ruff", "format", "--check", "."]],
    "unit": [["pytest", *UNIT, *OFTEN, *PARALLEL, "worksteal"]],
    # All cells of a notebook on one kernel.
    "notebooks": [["pytest", *NOTEBOOKS, *PARALLEL, "loadfile"]],
    "browser": [["pytest", "tests/browser", *OFTEN]],
}


def main(arguments):
    """Run the stages that are named, or all; words after `--` go to pytest."""
    place = arguments.index("--") if "--" in arguments else len(arguments)
    chosen, further = arguments[:place], arguments[place + 1 :]
    unknown = [name for name in chosen if name not in STAGES]
    if unknown:
        print(f"There is no stage {unknown[0]!r}; there are {', '.join(STAGES)}.", file=sys.stderr)
        return 2
    environment.enter("tests", arguments)
    outcomes = {}
    for name in chosen or STAGES:
        print(f"\n=== {name} ===", flush=True)
        codes = [_call(name, command, further) for command in STAGES[name]]
        # Words for pytest, such as -k, may select nothing of a stage.
        outcomes[name] = "nothing to test" if codes == [5] else "failed" if any(codes) else "passed"
    print("\n=== summary ===")
    for name, outcome in outcomes.items():
        print(f"{name:<10} {outcome}")
    return int("failed" in outcomes.values())


def _call(stage, command, further):
    """Run a tool with an empty Keras folder, so that no download is hidden."""
    with tempfile.TemporaryDirectory() as keras_home:
        settings = {**os.environ, "KERAS_HOME": keras_home}
        if stage == "notebooks":
            settings.pop("LEARNING_RATE_DATA", None)
        further = further if command[0] == "pytest" else []
        command = [sys.executable, "-m", *command, *further]
        return subprocess.call(command, cwd=environment.ROOT, env=settings)


if __name__ == "__main__":
    environment.finish(main)
