"""The table of benchmarks: every one has its interface and its lines; a failure loses nothing."""

import ast
import datetime
import re

import pytest

from helpers.environment import installed_version
from tests.benchmarks import __main__ as runner
from tests.benchmarks import table
from tests.benchmarks.table import Row


def tree_of(name):
    return ast.parse((table.FOLDER / f"{name}.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", table.names())
def test_every_benchmark_yields_rows_and_says_how_it_is_run(name):
    tree = tree_of(name)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    yields = (ast.Yield, ast.YieldFrom)
    assert any(isinstance(node, yields) for node in ast.walk(functions["rows"]))
    assert not functions["rows"].args.args
    assert f"python -m tests.benchmarks.{name}`" in ast.get_docstring(tree)
    assert ast.unparse(tree.body[-1]) == "if __name__ == '__main__':\n    show(rows())"


def test_every_benchmark_stands_in_the_table():
    stored = table.stored_lines()
    assert sorted(stored) == table.names(), "python -m tests.benchmarks NAME writes its lines"
    text = table.PATH.read_text(encoding="utf-8")
    assert text == table.HEAD + "".join(f"{line}\n" for name in stored for line in stored[name])
    for line in (line for lines in stored.values() for line in lines):
        cells = line.split(" | ")
        assert len(cells) == 6, line
        assert datetime.date.fromisoformat(cells[4]) <= datetime.date.today()
        assert re.fullmatch(r"[\d.]+, [\d.]+, [\d.]+ \|", cells[5]), line


def test_lines_hold_figure_aim_date_and_versions():
    rows = [Row("a / b", "1.01", "at most 1.02"), Row("c", "5 ms")]
    first, second = table.lines_of("speed", rows)
    today = datetime.date.today().isoformat()
    assert first.startswith(f"| `speed` | a / b | 1.01 | at most 1.02 | {today} | 3.")
    assert first.endswith(f", {installed_version('keras')} |")
    assert second.startswith("| `speed` | c | 5 ms |  | ")


@pytest.mark.parametrize("rows", [[], [Row("a | b", "1")], [Row("a", "1\n2")]])
def test_what_would_spoil_the_table_is_refused(rows):
    with pytest.raises(ValueError, match="measured nothing|leave out"):
        table.lines_of("speed", rows)


def test_new_lines_replace_those_of_their_benchmark_only(tmp_path):
    path = tmp_path / "RESULTS.md"
    table.store("fit", ["| `fit` | a | 1 |", "| `fit` | b | 2 |"], path)
    table.store("exact", ["| `exact` | c | 3 |"], path)
    table.store("fit", ["| `fit` | a | 4 |"], path)
    assert path.read_text() == table.HEAD + "| `exact` | c | 3 |\n| `fit` | a | 4 |\n"


def test_rows_are_shown_as_they_come(capsys):
    assert table.show(iter([Row("a", "1", "2"), Row("b", "3")])) == [
        Row("a", "1", "2"),
        Row("b", "3"),
    ]
    assert capsys.readouterr().out == "a: 1 (aim: 2)\nb: 3\n"


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Two benchmarks, the first of which cannot be run here."""

    def measured(name):
        if name == "broken":
            raise RuntimeError("no browser")
        return [Row("a", "1")]

    monkeypatch.setattr(table, "PATH", tmp_path / "RESULTS.md")
    monkeypatch.setattr(table, "names", lambda: ["broken", "good"])
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "measured_apart", measured)
    written = {}
    monkeypatch.setattr(table, "store", lambda name, lines: written.update({name: lines}))
    return written


def test_one_that_fails_stops_no_other_and_keeps_its_lines(two, capsys):
    assert runner.main([]) == 1
    assert list(two) == ["good"]
    said = capsys.readouterr()
    assert "RuntimeError: no browser" in said.err
    assert "1 of 2 written to RESULTS.md.\nNot measured, their old lines stay: broken." in said.out
    assert runner.main(["good"]) == 0


def test_each_is_measured_in_a_process_of_its_own():
    """The name reaches the other process, and what goes wrong there comes back."""
    with pytest.raises(ModuleNotFoundError, match="no_such_benchmark"):
        runner.measured_apart("no_such_benchmark")


def test_an_unknown_benchmark_runs_none(two, capsys):
    with pytest.raises(SystemExit) as stop:
        runner.main(["good", "goood"])
    assert (stop.value.code, two) == (2, {})
    assert "Did you mean good?" in capsys.readouterr().err
