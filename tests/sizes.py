"""Measures hand-written source: modules, functions, comments. The bars are held by test_layering.py."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

CODEGEN = Path(__file__).parent.parent / "codegen"

MODULE_MAX = 400
FUNCTION_MAX = 60
MODULE_MIN = 60


tree = cache(ast.parse)
"""Parses a source, once: most tests look at the same ones."""


def parts(*roots: Path) -> dict[str, str]:
    """The source of every hand-written module below the roots, by its path from the project's root."""
    found = {
        path.relative_to(root.parent).as_posix(): path.read_text() for root in roots for path in root.rglob("*.py")
    }
    return {path: source for path, source in sorted(found.items()) if "/spec/" not in path}


def large_modules(sources: Mapping[str, str]) -> list[str]:
    """The modules with more lines than they should have, largest first, each with its number of lines."""
    lines = {path: len(source.splitlines()) for path, source in sources.items()}
    return [f"{path}:{lines[path]}" for path in sorted(lines, key=lines.__getitem__)[::-1] if lines[path] > MODULE_MAX]


def small_modules(sources: Mapping[str, str]) -> list[str]:
    """The modules that may be too small to be one; a package's `__init__` has to exist whatever its size."""
    return [
        f"{path}:{len(source.splitlines())}"
        for path, source in sources.items()
        if len(source.splitlines()) < MODULE_MIN and not path.endswith("/__init__.py")
    ]


def long_functions(sources: Mapping[str, str]) -> list[str]:
    """The functions that do not fit on a screen, from `def` to their last line, docstring included."""
    return [
        f"{path}:{node.lineno}:{node.name}"
        for path, source in sources.items()
        for node in ast.walk(tree(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _lines(node) > FUNCTION_MAX
    ]


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def comments_per_100(sources: Mapping[str, str]) -> float:
    """How many lines have a comment, alone or behind code, for 100 lines that have anything else (docstrings too)."""
    lines = [line.strip() for source in sources.values() for line in source.splitlines() if line.strip()]
    alone = sum(line.startswith("#") for line in lines)
    behind = sum("  # " in line and not line.startswith("#") for line in lines)
    return 100 * (alone + behind) / max(1, len(lines) - alone)
