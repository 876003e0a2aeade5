"""What holds for the whole tree: which way data flow, what notebooks and pages are like."""

import ast
import json
import re
import subprocess
import sys

import nbformat
import pytest

from helpers.environment import ROOT
from tests.weekly import rest_weekly

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if "appendix" not in path.stem]
EVERY = {path.stem: path for path in (*NOTEBOOKS, *SOLUTIONS)}
# Data flow from the first to the last; a module imports only what stands before it.
ORDER = [
    *("progress", "environment", "schedules", "results", "data", "landscapes", "keras_schedules"),
    *("models", "layerwise", "training", "range_test", "plotting", "explorers", "checks"),
    *("session", "__main__"),
]
WITHOUT_TENSORFLOW = ("schedules", "results", "data", "landscapes", "plotting", "explorers")
PAGES = ("README.md", "notebooks/teaching_notes.md")


def module_of(path):
    """Return the name under `helpers` that a file belongs to."""
    return path.relative_to(ROOT / "helpers").parts[0].removesuffix(".py")


def imported(path):
    """Return the modules of the course that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


def test_no_module_imports_what_stands_after_it():
    for path in (ROOT / "helpers").rglob("*.py"):
        own = module_of(path)
        if own != "__init__":
            later = {name for name in imported(path) if ORDER.index(name) > ORDER.index(own)}
            assert not later, f"{path} imports {later}"


def test_what_needs_no_tensorflow_does_not_load_it():
    names = ", ".join(f"helpers.{name}" for name in (*WITHOUT_TENSORFLOW, "checks", "session"))
    code = f"import sys, {names}; print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def read(path):
    return nbformat.read(path, as_version=4)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", EVERY)
def test_a_notebook_is_stored_as_it_ran_from_top_to_bottom(name):
    path = EVERY[name]
    notebook, cells = read(path), code_of(read(path))
    assert path.stat().st_size < 1_500_000
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert "widgets" not in notebook.metadata
    for cell in cells:
        tags = set(cell.metadata.get("tags", []))
        assert tags <= {"nbval-check-output", "nbval-ignore-output"}
        assert cell.outputs or "nbval-check-output" not in tags
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) >= 40
    text = json.dumps(notebook)
    assert not re.search(r"/(home|root|work|tmp)/|[A-Z]:\\\\Users", text)


def test_every_notebook_has_the_same_set_up_of_at_most_eight_lines():
    (source,) = {code_of(read(path))[0].source for path in EVERY.values()}
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 8


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_keeps_its_budget_and_its_parts(path):
    notebook, cells = read(path), code_of(read(path))[1:]
    start, layers = path.stem.startswith("00"), path.stem.startswith("05")
    sizes = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in cells]
    checked = [
        size
        for size, cell in zip(sizes, cells)
        if "nbval-check-output" in cell.metadata.get("tags", [])
    ]
    assert sum(sizes) <= (230 if layers else 150)
    assert len(notebook.cells) <= (75 if layers else 60)
    assert max(sizes) <= 25
    assert sum(checked) <= sum(sizes) / 8
    text = text_of(notebook)
    for part in ("The question", "What you should remember", "Where this breaks", "Read more"):
        assert f"\n## {part}" in text
    if not start:
        assert text.count("\n### Exercise ") == 3
        assert "\n## On your own model" in text
        assert any(".compile(" in cell.source for cell in cells)
        assert any(".fit(" in cell.source for cell in cells)
        assert "TODO" not in text


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_done_by_hand_before_a_helper_does_it(path):
    """A network is compiled and trained in plain Keras before `training` or `range_test` is."""
    if path.stem.startswith("00"):
        return
    sources = [cell.source for cell in code_of(read(path))]
    by_hand = next(at for at, source in enumerate(sources) if ".compile(" in source)
    helper = r"\b(training|range_test)\.(sweep|compare|run)|differential\("
    helped = [at for at, source in enumerate(sources) if re.search(helper, source)]
    assert not helped or by_hand < helped[0]


def pages():
    """Return each page and notebook with its text."""
    found = {name: (ROOT / name).read_text() for name in PAGES}
    return found | {str(path.relative_to(ROOT)): text_of(read(path)) for path in EVERY.values()}


def test_links_lead_to_files_that_are_there():
    for name, text in pages().items():
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not target.startswith(("http", "mailto")):
                assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"


def test_words_that_belittle_are_not_used():
    for name, text in pages().items():
        prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
        found = re.search(r"\b(easily|simply|obviously|trivially|just)\b", prose, re.IGNORECASE)
        assert not found, f"{name}: {found}"


def snippets():
    """Return the Python of the README."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("examples", rest_weekly([600, 60_000, 50_000]))
def test_the_snippets_of_the_readme_run_at_ordinary_sizes(examples, tmp_path, monkeypatch):
    """MNIST's and CIFAR-10's numbers of examples among them."""
    import keras
    import numpy as np

    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    dense = keras.layers.Dense
    layers = [
        dense(4, "relu", name="early"),
        dense(4, "relu", name="middle"),
        dense(2, name="head"),
    ]
    model = keras.Sequential([keras.Input((3,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    x = np.random.default_rng(0).normal(size=(examples, 3)).astype("float32")
    y = (x.sum(axis=1) > 0).astype("int64")
    namespace = {"keras": keras, "np": np, "model": model, "loss": loss, "x": x, "y": y}
    for source in snippets():
        exec(compile(source, "README.md", "exec"), namespace)
