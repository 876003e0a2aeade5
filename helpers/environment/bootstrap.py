"""Make the course's own environment in `.venv` if this Python lacks something; go on in it."""

import hashlib
import os
import shutil
import subprocess
import sys

from helpers.environment import requirements as needs

FOLDER = needs.ROOT / ".venv"
REQUIREMENTS = needs.ROOT / "requirements.txt"
CONSTRAINTS = needs.ROOT / "tests" / "constraints.txt"


class EnvironmentProblem(RuntimeError):
    """The environment could not be made; the message says why and what to do."""


def relay(module, arguments, roles=needs.ROLES, make=True):
    """Run `python -m module arguments` in a Python that suits, if this one does not.

    Args:
        module: A module of the course, such as `"helpers"`.
        arguments: Its command-line arguments, a list of texts.
        roles: Which requirements the command has: of `lessons`, `commands` and `tests`.
        make: Make or complete `.venv` if it is needed; if False, use it only where it is complete.

    Returns:
        None if the running Python suits and the caller can go on; else the exit code of the
        command, which then has run in `.venv`.

    Raises:
        EnvironmentProblem: If no environment can be made here.
    """
    _settle_data_folder()
    lacking = needs.missing(roles)
    # An older Python is a reason to leave it, whatever the linter's target version is.
    suits = not lacking and sys.version_info >= needs.OLDEST_PYTHON  # noqa: UP036
    if suits or not (make or _is_ready(venv_python())):
        return None
    if needs.in_colab():
        names = ", ".join(requirement.name + requirement.ranges for requirement in lacking)
        raise EnvironmentProblem(
            f"Colab holds no suitable {names}. Nothing is installed on Colab, because that breaks "
            "its other packages: choose a newer runtime (Runtime > Change runtime type)."
        )
    python = prepare()
    return _call([str(python), "-m", module] + list(arguments), interruptible=True)


def prepare():
    """Return the Python of `.venv`, which is made, completed or left as it is, as needed.

    Returns:
        The path of an interpreter that has every requirement.

    Raises:
        EnvironmentProblem: If the environment cannot be made; the message says what to do.
    """
    python = venv_python()
    if _is_ready(python):
        return python
    if not _runs(python):
        _require_python()
        _create()
    _install(python)
    if not _is_complete(python):
        raise EnvironmentProblem(
            f"{FOLDER} was filled, but packages are still missing. Delete it and try again."
        )
    _marker().write_text(_fingerprint() + "\n", encoding="utf-8")
    return python


def venv_python():
    """Return where the interpreter of `.venv` lies on this platform, whether or not it exists."""
    return FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def constraints_apply(version):
    """Return whether the tested exact versions were recorded with this Python version.

    Args:
        version: Python as `(major, minor)`.

    Returns:
        True if the exact versions may be asked for; False if only the ranges hold.
    """
    if not CONSTRAINTS.is_file():
        return False
    first_line = CONSTRAINTS.read_text(encoding="utf-8").partition("\n")[0]
    return "Python {}.{} ".format(*version) in first_line + " "


def _settle_data_folder():
    """Make a relative LEARNING_RATE_DATA absolute: kernels run in another folder than commands."""
    folder = os.environ.get("LEARNING_RATE_DATA")
    if folder:
        os.environ["LEARNING_RATE_DATA"] = os.path.abspath(os.path.expanduser(folder))


def _require_python():
    if sys.version_info >= needs.OLDEST_PYTHON:  # noqa: UP036
        return
    oldest = "{}.{}".format(*needs.OLDEST_PYTHON)
    newer = [f"python3.{minor}" for minor in (13, 12, 11, 10) if shutil.which(f"python3.{minor}")]
    advice = (
        f"This computer has {newer[0]}: use it in place of python3."
        if newer
        else ("Get it from https://www.python.org/downloads/ and try again.")
    )
    raise EnvironmentProblem(
        f"Python {oldest} or newer is needed; this is {sys.version.split()[0]}. {advice}"
    )


def _create():
    print(f"Making the course's own environment in {FOLDER} (once).", flush=True)
    if _call([sys.executable, "-m", "venv", "--clear", str(FOLDER)]) != 0:
        shutil.rmtree(str(FOLDER), ignore_errors=True)
        raise EnvironmentProblem(
            "Python could not make an environment. On Debian and Ubuntu the parts for it are a "
            "package of their own: 'sudo apt install python3-venv', then try again. Elsewhere "
            "install Python from https://www.python.org/downloads/, or make an environment "
            "yourself (conda, uv), activate it and run 'pip install -r requirements.txt'."
        )


def _install(python):
    print(
        "Installing the packages of requirements.txt: about 1 GB to download, some minutes.\n"
        "An interrupted installation is completed by the next try.",
        flush=True,
    )
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["-r", str(REQUIREMENTS)]
    if constraints_apply(_version_of(python)):
        command += ["-c", str(CONSTRAINTS)]
    if _call(command) != 0:
        raise EnvironmentProblem(
            "The packages could not be installed; the lines above are pip's. What helps:\n"
            "- no internet, or a name that could not be resolved: connect and try again; for a "
            "class room without internet, bring a folder of wheels "
            "(pip download -r requirements.txt -d wheels) and set PIP_FIND_LINKS=wheels and "
            "PIP_NO_INDEX=1;\n"
            "- internet is there, but no tensorflow is found: this Python is "
            f"{sys.version.split()[0]}, and TensorFlow has builds for 3.10 to 3.13;\n"
            "- 'No space left on device': about 3 GB are needed."
        )


def _is_ready(python):
    marker = _marker()
    if not marker.is_file() or marker.read_text(encoding="utf-8").strip() != _fingerprint():
        return False
    return _is_complete(python)


def _is_complete(python):
    code = "import sys; from helpers import environment; sys.exit(bool(environment.missing()))"
    return _runs(python, code)


def _runs(python, code="import pip"):
    """Return whether this interpreter exists and runs the code without an error."""
    if not python.is_file():
        return False
    try:
        done = subprocess.run(
            [str(python), "-c", code],
            cwd=str(needs.ROOT),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _version_of(python):
    """Return an interpreter's version as `(major, minor)`; it may differ from the running one."""
    code = "import sys; print(*sys.version_info[:2])"
    return tuple(int(part) for part in subprocess.check_output([str(python), "-c", code]).split())


def _marker():
    return FOLDER / "course-complete.txt"


def _fingerprint():
    """Return a hash of what the environment was made from, so that a change completes it again."""
    digest = hashlib.sha256()
    for path in (REQUIREMENTS, CONSTRAINTS):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _call(command, interruptible=False):
    """Run a command in the course's folder and return its exit code.

    Args:
        command: A list of texts.
        interruptible: Leave Ctrl-C to the command, which has its own answer to it.

    Returns:
        The exit code; 128 and the signal's number where a signal ended the command.
    """
    with subprocess.Popen(command, cwd=str(needs.ROOT)) as process:
        while True:
            try:
                code = process.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:
                if not interruptible:
                    raise
