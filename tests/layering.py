"""Reads a package's imports out of its source and holds them against rules. The rules are in test_layering.py."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PACKAGE = "chaukas_spec_lite"


class Import(NamedTuple):
    """One module imported by another, at `line`; `lazy` when that happens in a function, so not on import."""

    target: str
    line: int
    lazy: bool


@dataclass(frozen=True)
class Rules:
    """Which module may import which. Modules are named below the package: `wire`, `rpc.client`, `rpc.__init__`."""

    levels: Mapping[str, int]
    """A module or room, and its level. The longest name that fits a module counts."""
    rooms: Mapping[str, str]
    """The room of top-level modules that share one; any other module's room is its first name."""
    never: Mapping[tuple[str, str], str]
    """Importer and target that the levels would allow, and why not. Names cover all that is below them."""
    although: Mapping[tuple[str, str], str]
    """Importer and target that the levels forbid, and why yet; `(lazy)` at the start: only inside a function."""
    outside: Mapping[str, tuple[str, ...]]
    """A package from elsewhere, and where it may be imported; the standard library's are free unless listed."""


def read(root: Path) -> dict[str, str]:
    """The sources of the package at `root`, by module name below it."""
    return {".".join(path.relative_to(root).with_suffix("").parts): path.read_text() for path in root.rglob("*.py")}


def covers(name: str, module: str) -> bool:
    return module == name or module.startswith(name + ".")


def violations(sources: Mapping[str, str], rules: Rules) -> list[str]:
    """Every import that breaks a rule, every module without a level, and every exception that nothing uses."""
    found: list[str] = []
    used: set[tuple[str, str]] = set()
    for module in sorted(sources):
        if level_of(module, rules) is None:
            found.append(f"{module}: has no level: give it one in tests/test_layering.py")
            continue
        for imported in imports(module, sources):
            problem = _outside(module, imported, rules) or _inside(module, imported, rules, used)
            if problem:
                found.append(f"{module}:{imported.line}: {problem}")
    found += [f"{a} -> {b}: this exception is not used: remove it" for a, b in rules.although if (a, b) not in used]
    return found


def level_of(module: str, rules: Rules) -> int | None:
    fitting = [name for name in rules.levels if covers(name, module)]
    return rules.levels[max(fitting, key=len)] if fitting else None


def _outside(module: str, imported: Import, rules: Rules) -> str | None:
    if covers(PACKAGE, imported.target):
        return None
    top = imported.target.partition(".")[0]
    if top in rules.outside:
        allowed = any(covers(name, module) for name in rules.outside[top])
    else:
        allowed = top in sys.stdlib_module_names
    return None if allowed else f"imports {imported.target}, which is not allowed here"


def _inside(module: str, imported: Import, rules: Rules, used: set[tuple[str, str]]) -> str | None:
    if not covers(PACKAGE, imported.target):
        return None
    target = imported.target.removeprefix(PACKAGE + ".")
    for (a, b), why in rules.never.items():
        if covers(a, module) and covers(b, target):
            return f"imports {target}: {why}"
    mine, its = level_of(module, rules), level_of(target, rules)
    if mine is None or its is None:
        return f"imports {target}, which has no level"
    if its < mine or (its == mine and _room(module, rules) == _room(target, rules)):
        return None
    for (a, b), why in rules.although.items():
        if covers(a, module) and covers(b, target) and (imported.lazy or not why.startswith("(lazy)")):
            used.add((a, b))
            return None
    return f"imports {target} (level {its}), which is not below it (level {mine})"


def _room(module: str, rules: Rules) -> str:
    first = module.partition(".")[0]
    return rules.rooms.get(first, first)


def imports(module: str, sources: Mapping[str, str]) -> Iterator[Import]:
    """What `module` imports, with the `__init__` of every package that thereby runs, as absolute names.

    A package's name stands for anything that its `__init__` offers, so for the highest level of its room.
    """
    own = {f"{package}.__init__" for package in _packages(module)}
    for imported in _node(ast.parse(sources[module]), module, sources, lazy=False):
        if not covers(PACKAGE, imported.target):
            yield imported
            continue
        name = imported.target.removeprefix(PACKAGE).lstrip(".")
        for each in [*(f"{package}.__init__" for package in [*_packages(name), name]), name or "__init__"]:
            if each in sources and each not in own:
                yield imported._replace(target=f"{PACKAGE}.{each}")
        if f"{name}.__init__" in sources:
            yield imported


def _packages(module: str) -> list[str]:
    """The packages around a module, outermost first: `a` and `a.b` for `a.b.c`."""
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _node(node: ast.AST, module: str, sources: Mapping[str, str], lazy: bool) -> Iterator[Import]:
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        for statement in node.orelse:
            yield from _node(statement, module, sources, lazy)
        return
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, lazy) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, module)
        for alias in node.names:
            below = f"{base}.{alias.name}"
            yield Import(below if _is_module(below, sources) else base, node.lineno, lazy)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__"):
        yield from _call(node, module, lazy)
    lazy = lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    for child in ast.iter_child_nodes(node):
        yield from _node(child, module, sources, lazy)


def _call(node: ast.Call, module: str, lazy: bool) -> Iterator[Import]:
    """`import_module("name")`. A computed name is for PEP 562's `__getattr__`, which lives in an `__init__`."""
    match node.args:
        case [ast.Constant(value=str(name)), *_]:
            yield Import(name, node.lineno, lazy)
        case _ if not covers("__init__", module.rpartition(".")[2]):
            yield Import("a computed name", node.lineno, lazy)
        case _:
            pass


def _absolute(node: ast.ImportFrom, module: str) -> str:
    if not node.level:
        return node.module or ""
    parts = [PACKAGE, *module.split(".")][: -node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _is_module(name: str, sources: Mapping[str, str]) -> bool:
    below = name.removeprefix(PACKAGE + ".")
    return covers(PACKAGE, name) and (below in sources or f"{below}.__init__" in sources)
