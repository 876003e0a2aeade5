"""`Experiment`: a measurement that one command makes again, and where its result is stored."""

import dataclasses
import datetime
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "notebooks" / "results"

FIVE_SEEDS = (0, 1, 2, 3, 4)
TWENTY_SEEDS = tuple(range(20))


@dataclass(frozen=True)
class Experiment:
    """A stored experiment.

    Attributes:
        name: Name of the command's argument and of the file under `notebooks/results/`.
        summary: What it measures, in one line.
        measure: Function that runs it and returns the record; keyword arguments choose a part.
        part: Arguments of a small part, which a test runs again and compares with what is stored.
        data: The data it needs, in words.
        needs_files: Whether these data lie in files that the course does not hold.
    """

    name: str
    summary: str
    measure: Callable
    part: dict = field(default_factory=dict)
    data: str = ""
    needs_files: bool = True

    @property
    def path(self):
        """Where the result is stored."""
        return RESULTS / f"{self.name}.json"

    def run(self, progress=True, **part):
        """Run the whole experiment, or the part that the arguments choose.

        Args:
            progress: Show a bar.
            **part: Arguments of `measure`, in place of its defaults.

        Returns:
            The record, with how it was made in `about`.
        """
        began = time.perf_counter()
        result = self.measure(progress=progress, **part)
        made = {
            "command": f"python -m helpers experiments {self.name}",
            "data": self.data,
            "seeds": list(result.seeds),
            "date": datetime.date.today().isoformat(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "wall_seconds": result.about.get("wall_seconds", round(time.perf_counter() - began, 1)),
        }
        return dataclasses.replace(result, about=result.about | made)
