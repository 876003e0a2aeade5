"""Which cells of a notebook show an explorer, and which cells those need."""

import ast
import builtins
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def notebooks_with_explorers(folder=NOTEBOOKS):
    """Return the notebooks in a folder that call `explorers.something(...)`, sorted by name."""
    return [path for path in sorted(folder.glob("*.ipynb")) if plan(path)[1]]


def plan(path):
    """Return `(needed, explorers)`: the cells to run and those of them that show an explorer.

    Both are sorted lists of indexes into all cells of the notebook. The first code cell, the
    set-up, is always needed; the others are those that bind a name which a needed cell reads.
    """
    trees = {
        index: _tree(cell.source)
        for index, cell in enumerate(nbformat.read(path, as_version=4).cells)
        if cell.cell_type == "code"
    }
    explorers = [index for index, tree in trees.items() if _calls_explorer(tree)]
    needed, waiting = set(), [min(trees), *explorers] if explorers else []
    while waiting:
        index = waiting.pop()
        if index not in needed:
            needed.add(index)
            names = _names(trees[index], ast.Load) - set(dir(builtins))
            waiting += [i for i, tree in trees.items() if i < index and names & _bound(tree)]
    return sorted(needed), explorers


def _tree(source):
    """Parse a cell; magics become calls of `get_ipython()`."""
    return ast.parse(TransformerManager().transform_cell(source))


def _calls_explorer(tree):
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "explorers"
        for node in ast.walk(tree)
    )


def _names(tree, context):
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


def _bound(tree):
    """Names that a cell assigns, defines or imports."""
    bound = _names(tree, ast.Store)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return bound
