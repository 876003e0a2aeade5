"""Who may import whom: the pure part works without TensorFlow, and data flows one way."""

import ast
import json
import subprocess
import sys

import pytest

from helpers.environment import ROOT

# These are read, drawn, checked and explored where TensorFlow is absent or not yet loaded.
WITHOUT_TENSORFLOW = (
    "checks",
    "data",
    "describe",
    "environment",
    "experiments",
    "explorers",
    "landscapes",
    "lessons",
    "plotting",
    "results",
    "schedules",
    "session",
)

# data -> models -> training, range_test -> results -> plotting, describe -> explorers.
# Records stand at the end of that flow, yet whoever fills one imports it; a record knows neither
# those who fill it nor those who draw it. A new module gets a line here.
MAY_IMPORT = {
    "environment": {"data"},  # inside check_setup() alone
    "session": {"environment"},
    "lessons": {"environment"},
    "data": set(),
    "models": {"data"},
    "schedules": {"keras_schedules"},  # inside to_keras() alone; the test above keeps it there
    "keras_schedules": {"schedules"},
    "landscapes": {"results", "schedules"},
    "results": {"schedules"},
    "training": {"data", "models", "schedules", "keras_schedules", "results"},
    "range_test": {"data", "schedules", "keras_schedules", "layerwise", "results", "training"},
    "layerwise": {"schedules", "keras_schedules", "results"},
    "fine_tuning": {"data", "layerwise", "schedules", "training"},
    "smith_cifar10": {"data", "results", "schedules", "training"},
    "source_a": {"data", "layerwise", "models", "results", "schedules", "training"},
    "plotting": {"landscapes", "results", "schedules"},
    "describe": {"landscapes", "results", "schedules"},
    "checks": {"landscapes", "results", "schedules"},
    "explorers": {
        "data",
        "describe",
        "landscapes",
        "layerwise",
        "models",
        "plotting",
        "range_test",
        "results",
        "schedules",
        "training",
    },
    "experiments": {
        "data",
        "environment",
        "fine_tuning",
        "keras_schedules",
        "landscapes",
        "layerwise",
        "models",
        "range_test",
        "results",
        "schedules",
        "smith_cifar10",
        "source_a",
        "training",
    },
    "__main__": {"environment", "experiments", "lessons", "session"},
}

PROBE = """
import importlib, json, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras"):
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Blocker())
outcomes = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        outcomes[name] = ""
    except Exception as error:
        outcomes[name] = f"{type(error).__name__}: {error}"
print(json.dumps(outcomes))
"""


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "helpers").rglob("*.py"))}


def room(module):
    """Return the part of the course a module belongs to: `results` of `helpers.results.runs`."""
    return module.split(".")[1] if "." in module else ""


def imported_names(module, nested=True):
    """Return the full names that a module imports; without `nested`, when it is itself imported."""
    path = MODULES[module]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = ast.walk(tree) if nested else tree.body
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            parts = [*start, *([node.module] if node.module else [])]
            yield from (".".join([*parts, alias.name]) for alias in node.names)


def imported_modules(module, nested=True):
    """Return which modules of the course a module imports."""
    found = set()
    for name in imported_names(module, nested):
        # `from helpers.results import Runs` names a thing in a module, the longest that exists.
        while name and name not in MODULES:
            name = name.rpartition(".")[0]
        found |= {name} - {"", module}
    return found


@pytest.fixture(scope="module")
def outcomes():
    """Import every module of the pure part where TensorFlow and Keras cannot be imported."""
    names = [name for name in MODULES if room(name) in WITHOUT_TENSORFLOW]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *names, "keras"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_probe_blocks_keras(outcomes):
    assert "not installed here" in outcomes["keras"]


@pytest.mark.parametrize("name", WITHOUT_TENSORFLOW)
def test_imports_without_tensorflow(outcomes, name):
    mine = {module: error for module, error in outcomes.items() if room(module) == name}
    assert mine, f"helpers.{name} does not exist"
    assert set(mine.values()) == {""}, mine


@pytest.mark.parametrize("module", [name for name in MODULES if room(name)])
def test_imports_follow_the_arrow(module):
    assert room(module) in MAY_IMPORT, "a new module needs a line in MAY_IMPORT"
    imported = {room(name) for name in imported_modules(module)} - {"", room(module)}
    backwards = imported - MAY_IMPORT[room(module)]
    assert not backwards, f"{module} imports {sorted(backwards)}"


def find_cycle(graph):
    """Return a cycle of a graph (name to names) as a list of names; empty if there is none."""
    done = set()

    def visit(name, trail):
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph.get(name, ())):
            cycle = visit(target, [*trail, name])
            if cycle:
                return cycle
        done.add(name)
        return []

    return next((cycle for name in graph if (cycle := visit(name, []))), [])


def test_no_module_imports_itself_by_a_detour():
    graph = {name: imported_modules(name, nested=False) for name in MODULES}
    assert find_cycle(graph) == []


def test_the_search_for_cycles_finds_one():
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_the_table_itself_has_no_way_back():
    table = {name: set(targets) for name, targets in MAY_IMPORT.items()}
    table["schedules"] = set()  # the one lazy exception
    assert find_cycle(table) == []


def test_importing_the_package_imports_none_of_its_modules():
    code = "import sys, helpers; print([m for m in sys.modules if m.startswith('helpers.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
