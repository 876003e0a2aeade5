"""What the experiment keeps while it runs: one file, complete at every moment."""

import json
import os
import tempfile
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from helpers.results import Run, Runs

VERSION = 1


@dataclass
class Checkpoint:
    """Everything that a stopped experiment needs to go on.

    Attributes:
        setting: What must be the same when it goes on: plain values.
        about: What the result says of how it was made: plain values.
        finished: The `Run` of each policy that is finished, in the order of training.
        started: The `Run` so far of the policy in progress, or None.
        state: Its weights and velocities, arrays; empty where there is none in progress.
    """

    setting: dict
    about: dict
    finished: list = field(default_factory=list)
    started: Run | None = None
    state: list = field(default_factory=list)

    def runs(self):
        """Return all curves as `Runs`; `about["unfinished"]` names the one that is not finished."""
        started = [self.started] if self.started else []
        about = self.about | {"unfinished": [run.label for run in started]}
        return Runs((*self.finished, *started), about)


def curves(checkpoint):
    """Return every curve that a checkpoint holds, also while the experiment runs.

    Args:
        checkpoint: The file given to `smith_cifar10`.

    Returns:
        A `Runs`; `about["unfinished"]` lists the policies whose training has not come to its end.

    Raises:
        ValueError: If there is no such file, or it is none of this experiment.
    """
    if not Path(checkpoint).is_file():
        raise ValueError(f"There is no file {checkpoint}; smith_cifar10(checkpoint=...) makes it.")
    return read_checkpoint(checkpoint).runs()


def write_checkpoint(path, checkpoint):
    """Write the file whole, and only then in place of the one before it."""
    path = Path(path)
    words = {
        "version": VERSION,
        "setting": checkpoint.setting,
        "about": checkpoint.about,
        "finished": [asdict(run) for run in checkpoint.finished],
        "started": checkpoint.started and asdict(checkpoint.started),
    }
    arrays = {f"state_{place:02}": value for place, value in enumerate(checkpoint.state)}
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, words=np.array(json.dumps(words)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def read_checkpoint(path):
    """Return the `Checkpoint` in a file; nothing in the file is executed."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            words = json.loads(str(stored["words"]))
            state = [stored[name] for name in sorted(stored.files) if name.startswith("state_")]
        if words["version"] != VERSION:
            raise KeyError(f"version {words['version']}")
        finished = [Run(**run) for run in words["finished"]]
        started = words["started"] and Run(**words["started"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is not a checkpoint of this experiment, or is damaged "
            f"({type(error).__name__}: {error}). Give another name, or delete the file to start "
            "again from update 0."
        ) from error
    return Checkpoint(words["setting"], words["about"], finished, started, state)
