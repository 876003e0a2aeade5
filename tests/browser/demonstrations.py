"""Small notebooks on which the gate itself is tried: one that is sound, and some that are not."""

import nbformat

SET_UP = """import pathlib
import sys

sys.path.insert(0, str(pathlib.Path.cwd().parent))"""

IMPORTS = """import time
from types import SimpleNamespace

import ipywidgets as widgets
from matplotlib.figure import Figure

from helpers import explorers"""

FUNCTIONS = """def work(rate):
    for done in range(21):
        time.sleep(0.02)
        yield SimpleNamespace(fraction=done / 20, text=f"{done} of 20", finished=[rate] * done)

def draw(results, rate):
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, rate, len(results)])
    return figure

def describe(results, rate):
    return f"A line that bends at the rate {rate} and ends at {len(results)}, the number of runs."

controls = {"rate": widgets.FloatSlider(value=0.5, max=1.0, description="rate")}"""

NEVER_NEEDED = "raise RuntimeError('this cell is not needed')"

EXPLORER = 'explorers.TrainingExplorer("Demonstration", controls, work, {draw}, {describe})'
FAULTS = {
    "sound": {},
    "no_change": {"draw": "lambda results, rate: draw(results, 0.5)"},
    "no_alt": {"describe": "lambda results, rate: ''"},
    "error": {"draw": "lambda results, rate: draw(results, 1 / (0.6 - rate))"},
    "error_in_cell": {"describe": "missing"},
}


def write(folder):
    """Write the notebooks into a folder; return their paths."""
    paths = []
    for name, fault in FAULTS.items():
        explorer = EXPLORER.format(**{"draw": "draw", "describe": "describe", **fault})
        notebook = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_markdown_cell(f"# {name}"),
                *map(nbformat.v4.new_code_cell, (SET_UP, IMPORTS, FUNCTIONS, NEVER_NEEDED)),
                nbformat.v4.new_code_cell(explorer),
            ],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        paths.append(folder / f"demonstration_{name}.ipynb")
        nbformat.write(notebook, paths[-1])
    return paths
