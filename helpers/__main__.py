"""`python3 -m helpers open | run | check`: open the course, run its lessons, look at the set-up."""

import argparse
import os
import subprocess
import sys
import tempfile
import time

from helpers import environment

NOTEBOOKS = environment.ROOT / "notebooks"


def main(arguments):
    """Run one command; return its exit code."""
    about = "The learning-rate course, as commands."
    parser = argparse.ArgumentParser("python3 -m helpers", description=about)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    opening = commands.add_parser("open", help="set up if needed, then open the first lesson")
    opening.add_argument("jupyter", nargs="*", help="options for JupyterLab, after '--'")
    running = commands.add_parser("run", help="run the lessons without a browser, a line each")
    running.add_argument("lessons", nargs="*", help="names or numbers; default: all")
    commands.add_parser("check", help="say what this set-up lacks")
    options = parser.parse_args(arguments)
    if options.command == "check":
        return check()
    environment.enter("helpers", arguments)
    return open_course(options.jupyter) if options.command == "open" else run(options.lessons)


def open_course(options):
    """Open the first lesson in JupyterLab; Ctrl-C ends it."""
    first = "/lab/tree/notebooks/00_start_here.ipynb"
    command = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url={first}"]
    # One Ctrl-C is enough; and an explorer's picture is saved with its lesson.
    command.append("--ServerApp.answer_yes=True")
    command.append(f"--LabApp.app_settings_dir={NOTEBOOKS / 'jupyterlab'}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        print("You are root; JupyterLab is started with --allow-root.")
        command += ["--allow-root"]
    print("If no browser opens, open the address below in one. Ctrl-C ends JupyterLab.", flush=True)
    process = subprocess.Popen([*command, *options], cwd=environment.ROOT)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            print("\nJupyterLab ends; your notebooks are saved.", flush=True)


def run(names):
    """Run lessons on fresh kernels; the files are not touched."""
    lessons = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    chosen = [path for path in lessons if not names or _is_named(path.stem, names)]
    if len(chosen) < len(names):
        print(f"Lessons are {', '.join(path.stem for path in lessons)}.", file=sys.stderr)
        return 2
    failed = 0
    for path in chosen:
        began = time.time()
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook"]
            command += [str(path), "--output-dir", folder]
            done = subprocess.run(command, capture_output=True, text=True)
        outcome = "failed" if done.returncode else "ok"
        print(f"{path.stem:<28} {outcome:<6} {time.time() - began:6.1f} s", flush=True)
        if done.returncode:
            failed += 1
            print("    " + (done.stderr.strip().splitlines() or ["no reason was given"])[-1])
    print(f"{len(chosen) - failed} of {len(chosen)} lessons ran from top to bottom.")
    return 1 if failed else 0


def _is_named(stem, names):
    return any(name and (name == stem or name.zfill(2) == stem.split("_")[0]) for name in names)


def check():
    """Print what is there and what is missing."""
    lacking = environment.missing()
    for line in lacking:
        print(f"missing: {line}")
    folder = os.environ.get("LEARNING_RATE_DATA", "LEARNING_RATE_DATA (not set), then online")
    print(f"Data sets are looked for in {folder}.")
    if lacking:
        print("'python3 -m helpers open' has them in .venv, or installs them there.")
    else:
        print(f"Python {sys.version.split()[0]} has all that the course needs.")
    return int(bool(lacking))


if __name__ == "__main__":
    environment.finish(main)
