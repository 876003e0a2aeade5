"""How long a key press takes to become a new picture.

For each explorer that needs no training, 50 changes are drawn in plain Python, and 50 arrow keys
are pressed in JupyterLab in a browser (tests/browser says which). Aim: a median below 60 ms and a
95th percentile below 100 ms from key press to new picture, on two cores. Then an explorer whose
work keeps the kernel busy for 0.3 seconds at a time is stopped; aim: within 0.5 seconds. Run it
with `python -m tests.benchmarks.explorer_latency`.
"""

import statistics
import tempfile
import time
from pathlib import Path

import nbformat

from tests.benchmarks.table import Row, show
from tests.browser import lab
from tests.browser.drive import Driver

# Each with the code that makes it; the sweep has eight rates and five seeds.
RUNS = """[
    Run(10.0 ** (rate / 2 - 3), seed, {"val_accuracy": [0.1 * rate + 0.01 * epoch + 0.01 * seed
        for epoch in range(10)]}, list(range(10, 110, 10)))
    for rate in range(8) for seed in range(5)
]"""
# As long as a range test of the digits: 250 rates.
RANGE_TEST = (
    "RangeTest(np.geomspace(1e-6, 1, 250), np.linspace(3, 1, 250) ** 2, np.linspace(0, 1, 250))"
)
EXPLORERS = {
    "bounds": f"explorers.bounds({RANGE_TEST}, print, ([0] * 1280,) * 2, None, iterate=print)",
    "cycle planner": "explorers.cycle_planner()",
    "descent": "explorers.descent()",
    "hop": "explorers.hop()",
    "restart planner": "explorers.restart_planner()",
    "sweep": f"explorers.sweep(Runs(tuple({RUNS}), {{}}))",
}
# A slider that changes the picture with every step; in the page it is the one that is first.
SLIDERS = {
    "bounds": "smoothing",
    "cycle planner": "max_rate",
    "descent": "rate",
    "hop": "max_rate",
    "restart planner": "max_rate",
    "sweep": "smoothing",
}
IMPORTS = """
import numpy as np
from helpers import explorers
from helpers.results import RangeTest, Run, Runs
"""
BUSY = """
import time, types
import ipywidgets as widgets
from matplotlib.figure import Figure

def work(rate):
    for piece in range(1000):
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end:
            pass
        yield types.SimpleNamespace(fraction=piece / 1000, text=f"piece {piece}", finished=[piece])

explorers.TrainingExplorer(
    "Busy", {"rate": widgets.FloatSlider(description="rate")}, work,
    lambda results, rate: Figure(figsize=(3, 2)), lambda results, rate: f"{len(results)} runs.")
"""
PRESSES = 50
STOPS = 10

# Times are taken inside the page: from the key's event to the frame after the picture is decoded.
WATCH = """output => {
    window.times = [];
    let pressed, shown = output.querySelector('img').src;
    document.addEventListener('keydown', () => { pressed = performance.now(); }, true);
    new MutationObserver(() => {
        const picture = output.querySelector('img');
        if (!picture || picture.src === shown) return;
        const from = pressed;
        shown = picture.src;
        picture.decode().then(() => requestAnimationFrame(
            () => window.times.push(performance.now() - from)));
    }).observe(output, {childList: true, subtree: true});
}"""


def rows():
    """Yield a line of figures for each explorer, drawn and on the page.

    Raises:
        RuntimeError: If there is no browser.
    """
    executable = lab.find_browser()
    if executable is None:
        raise RuntimeError("No browser: set CHROMIUM to a Chromium, or install one as 'chromium'.")
    aim = "median below 60 ms, 95th percentile below 100 ms"
    for name in EXPLORERS:
        yield Row(f"{name}, drawn", _words(_drawing_times(name)))
        times = _on_page(EXPLORERS[name], executable, _press)
        yield Row(f"{name}, key to picture", _words(times), aim)
    yield Row("Stop to stopped", _words(_on_page(BUSY, executable, _stop)), "within 500 ms")


def _words(seconds):
    milliseconds = sorted(1000 * each for each in seconds)
    p95 = statistics.quantiles(milliseconds, n=20)[-1]
    return (
        f"median {statistics.median(milliseconds):.0f} ms, 95th percentile {p95:.0f} ms, "
        f"{len(milliseconds)} changes"
    )


def _drawing_times(name):
    names = {}
    exec(IMPORTS, names)
    explorer = eval(EXPLORERS[name], names)
    slider = explorer.controls[SLIDERS[name]]
    first, times = slider.value, []
    for press in range(PRESSES):
        start = time.perf_counter()
        slider.value = first + 0.05 * (press % 2 + 1)
        times.append(time.perf_counter() - start)
    return times


def _on_page(code, executable, measure):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = _notebook(folder, code)
        lab.copy_course(folder / "course", [path])
        server = lab.Server(folder, folder / "course")
        try:
            with lab.browser(executable) as chromium:
                return measure(lab.OpenNotebook(chromium, server, path.name))
        finally:
            server.close()


def _notebook(folder, code):
    source = (
        "import pathlib, sys\n"
        "sys.path.insert(0, str(pathlib.Path.cwd().parent))\n"
        f"{IMPORTS}\n{code}"
    )
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, folder / "latency.ipynb")
    return folder / "latency.ipynb"


def _press(notebook):
    notebook.run(0)
    output = notebook.output(0)
    Driver(notebook.page, output)
    output.query_selector(".noUi-handle").focus()
    output.evaluate(WATCH)
    for press in range(PRESSES):
        notebook.page.keyboard.press("ArrowRight" if press % 16 < 8 else "ArrowLeft")
        notebook.page.wait_for_function("count => window.times.length > count", arg=press)
        notebook.page.wait_for_timeout(60)
    return [each / 1000 for each in notebook.page.evaluate("window.times")]


def _stop(notebook):
    notebook.run(0)
    output = notebook.output(0)
    driver, times = Driver(notebook.page, output), []
    run, stop = (output.query_selector(f"button:text('{name}')") for name in ("Run", "Stop"))
    for wait in range(STOPS):
        run.press("Enter")
        notebook.page.wait_for_timeout(800 + 50 * wait)
        start = time.perf_counter()
        stop.press("Enter")
        while "Stopped at" not in driver.state["words"]:
            notebook.page.wait_for_timeout(5)
        times.append(time.perf_counter() - start)
    return times


if __name__ == "__main__":
    show(rows())
