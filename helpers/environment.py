"""The course's own environment in `.venv`, made where the running Python lacks something.

Standard library only, in Python 3.8's syntax: an older Python must be able to say that it is.
"""

import contextlib
import os
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS, CONSTRAINTS = ROOT / "requirements.txt", ROOT / "tests" / "constraints.txt"
LOG, MARKER = VENV / "install.log", VENV / "complete.txt"
ADVICE = """The packages could not be installed; {log} has all that pip said, the last of it above.
- No internet: connect and try again, or bring a folder of wheels (pip download -r requirements.txt
  -d wheels) and set PIP_FIND_LINKS=wheels and PIP_NO_INDEX=1.
- No tensorflow found: this is Python {python}, and TensorFlow has builds for 3.10 to 3.13.
- No space left: about 3 GB are needed. If nothing helps, delete {venv} and try again."""


def missing():
    """Return the requirements that this Python does not meet, as a list of lines."""
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and line[0] != "#"]
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return lines
    return [line for line in lines if not _meets(Requirement(line))]


def _meets(requirement):
    # The same library under other names.
    for name in (requirement.name, requirement.name + "-cpu", requirement.name + "-macos"):
        with contextlib.suppress(PackageNotFoundError):
            return requirement.specifier.contains(version(name), prereleases=True)
    return False


def enter(module, arguments):
    """Go on in a Python that has what the course needs: this one, or that of `.venv`.

    Args:
        module: A module of the course, `helpers` or `tests`.
        arguments: Its command-line arguments.

    Returns:
        Nothing, if this Python will do; else it does not return.
    """
    folder = os.environ.get("LEARNING_RATE_DATA")
    if folder:
        # Kernels run in another folder than commands.
        os.environ["LEARNING_RATE_DATA"] = os.path.abspath(os.path.expanduser(folder))
    if not missing():
        return
    if sys.version_info < (3, 10):  # noqa: UP036 - to be told so
        sys.exit(f"Python 3.10 or newer is needed; this is {sys.version.split()[0]}.")
    with _alone():
        if not MARKER.is_file() or MARKER.read_text() != _wanted():
            _make()
    os.chdir(str(ROOT))
    command = [str(PYTHON), "-m", module, *arguments]
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    # This process becomes the other one, so that every signal reaches it.
    os.execv(command[0], command)


def finish(main):
    """Run a command of the course, and end the process with its exit code."""
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        sys.exit(130)


@contextlib.contextmanager
def _alone():
    """Wait until no other start of the course is making the environment."""
    with open(str(ROOT / ".venv.lock"), "w") as lock:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wanted():
    return REQUIREMENTS.read_text() + CONSTRAINTS.read_text()


def _make():
    """Make or complete the environment, with one line of progress and a log."""
    print(f"Setting up the course in {VENV} (once, about 1 GB, some minutes).", flush=True)
    # Not `import pip`: of an interrupted start a part of it may be there.
    if not PYTHON.is_file() or subprocess.call([str(PYTHON), "-m", "pip", "--version"], **_SILENT):
        if subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)]):
            sys.exit("No environment could be made. On Debian and Ubuntu: apt install python3-venv")
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-r"]
    command += [str(REQUIREMENTS), "--progress-bar", "off"]
    if "Python {}.{} ".format(*sys.version_info[:2]) in CONSTRAINTS.read_text().splitlines()[0]:
        command += ["-c", str(CONSTRAINTS)]
    began, line = time.time(), ""
    with open(str(LOG), "w") as log, subprocess.Popen(command, **_PIPED) as pip:
        for line in pip.stdout:
            log.write(line)
            if sys.stdout.isatty():
                print(f"\r{time.time() - began:4.0f} s  {line.strip():<60.60}", end="", flush=True)
    print("\r" + " " * 68 + "\r" if sys.stdout.isatty() else "", end="")
    if pip.returncode:
        print(*LOG.read_text().splitlines()[-5:], sep="\n")
        sys.exit(ADVICE.format(log=LOG, venv=VENV, python=sys.version.split()[0]))
    MARKER.write_text(_wanted())


_SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
_PIPED = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "universal_newlines": True}
