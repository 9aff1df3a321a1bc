"""Reads a package's imports out of its source and holds them against rules. The rules are in test_layering.py.

``python -m tests.layering`` prints the figures of the whole house: chain and circles of imports, and sizes.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests import sizes

PACKAGE = "chaukas_spec_lite"
ROOT = Path(__file__).parent.parent / PACKAGE

Graph = Mapping[str, set[str]]
"""The modules of the package, and which of them each one imports."""


class Import(NamedTuple):
    """One module imported by another, at a line; imports inside functions count like all others."""

    target: str
    line: int


@dataclass(frozen=True)
class Rules:
    """Which module may import which. Modules are named below the package: `ids`, `rpc.client`, `rpc.__init__`."""

    levels: tuple[tuple[str, ...], ...]
    """The rooms from the ground up: packages or modules. A module belongs to the room with the longest name that fits,
    and may import what is in its own room and in all rooms of lower levels."""
    never: Mapping[tuple[str, str], str]
    """Importer and target that the levels would allow, and why not. Names cover all that is below them."""
    outside: Mapping[str, tuple[str, ...]]
    """A package from elsewhere, and where it may be imported; the standard library's are free unless listed."""


def read(root: Path) -> dict[str, str]:
    """The sources of the package at `root`, by module name below it."""
    return {".".join(path.relative_to(root).with_suffix("").parts): path.read_text() for path in root.rglob("*.py")}


def covers(name: str, module: str) -> bool:
    return module == name or module.startswith(name + ".")


def violations(sources: Mapping[str, str], rules: Rules) -> list[str]:
    """Every import that breaks a rule, and every module without a level."""
    found: list[str] = []
    for module in sorted(sources):
        if room_of(module, rules) is None:
            found.append(f"{module}: has no level: give it one in tests/test_layering.py")
            continue
        for imported in imports(module, sources):
            problem = _outside(module, imported, rules) or _inside(module, imported, rules)
            if problem:
                found.append(f"{module}:{imported.line}: {problem}")
    return list(dict.fromkeys(found))  # a module is imported once for each name that is taken from it


def room_of(module: str, rules: Rules) -> tuple[int, str] | None:
    """The level and the name of the room that a module belongs to."""
    fitting = [(level, room) for level, rooms in enumerate(rules.levels) for room in rooms if covers(room, module)]
    return max(fitting, key=lambda found: len(found[1]), default=None)


def _outside(module: str, imported: Import, rules: Rules) -> str | None:
    if covers(PACKAGE, imported.target):
        return None
    top = imported.target.partition(".")[0]
    if top in rules.outside:
        allowed = any(covers(name, module) for name in rules.outside[top])
    else:
        allowed = top in sys.stdlib_module_names
    return None if allowed else f"imports {imported.target}, which is not allowed here"


def _inside(module: str, imported: Import, rules: Rules) -> str | None:
    if not covers(PACKAGE, imported.target):
        return None
    target = imported.target.removeprefix(PACKAGE + ".")
    for (a, b), why in rules.never.items():
        if covers(a, module) and covers(b, target):
            return f"imports {target}: {why}"
    mine, its = room_of(module, rules), room_of(target, rules)
    if mine is None or its is None:
        return f"imports {target}, which has no level"
    if its == mine or its[0] < mine[0]:
        return None
    return f"imports {target} (level {its[0]}), which is not below it (level {mine[0]})"


def imports(module: str, sources: Mapping[str, str]) -> Iterator[Import]:
    """What `module` imports, with the `__init__` of every package that thereby runs, as absolute names.

    A package's name stands for anything that its `__init__` offers, so for the highest level of its room.
    """
    own = {f"{package}.__init__" for package in _packages(module)}
    for imported in _node(sizes.tree(sources[module]), module, sources):
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


def _node(node: ast.AST, module: str, sources: Mapping[str, str]) -> Iterator[Import]:
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        for statement in node.orelse:
            yield from _node(statement, module, sources)
        return
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, module)
        for alias in node.names:
            below = f"{base}.{alias.name}"
            yield Import(below if _is_module(below, sources) else base, node.lineno)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__"):
        yield from _call(node, module)
    for child in ast.iter_child_nodes(node):
        yield from _node(child, module, sources)


def _call(node: ast.Call, module: str) -> Iterator[Import]:
    """`import_module("name")`. A computed name is for PEP 562's `__getattr__`, which lives in an `__init__`."""
    match node.args:
        case [ast.Constant(value=str(name)), *_]:
            yield Import(name, node.lineno)
        case _ if not covers("__init__", module.rpartition(".")[2]):
            yield Import("a computed name", node.lineno)
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


def graph(sources: Mapping[str, str]) -> Graph:
    """Which module imports which; what an import runs on the way, such as a package's `__init__`, does not count."""
    return {module: set(_edges(module, sources)) for module in sources}


def _edges(module: str, sources: Mapping[str, str]) -> Iterator[str]:
    for imported in _node(sizes.tree(sources[module]), module, sources):
        if covers(PACKAGE, imported.target):
            name = imported.target.removeprefix(PACKAGE).lstrip(".")
            for each in (name, f"{name}.__init__"):
                if each in sources and each != module:
                    yield each


def circles(edges: Graph) -> list[set[str]]:
    """Modules that import one another, directly or not: each circle as a set (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    found: list[set[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        open_.append(module)
        for target in edges[module]:
            if target not in order:
                visit(target)
            if target in open_:
                lowest[module] = min(lowest[module], lowest[target])
        if lowest[module] == order[module]:
            at = open_.index(module)
            circle = set(open_[at:])
            del open_[at:]
            if len(circle) > 1:
                found.append(circle)

    for module in edges:
        if module not in order:
            visit(module)
    return found


def longest_chain(edges: Graph) -> list[str]:
    """The longest row of modules each of which imports the next; a circle counts as one module, its first."""
    first = {module: min(circle) for circle in circles(edges) for module in circle}
    merged: dict[str, set[str]] = {}
    for module, targets in edges.items():
        into = merged.setdefault(first.get(module, module), set())
        into |= {first.get(target, target) for target in targets} - {first.get(module, module)}
    known: dict[str, list[str]] = {}

    def chain(module: str) -> list[str]:
        if module not in known:
            known[module] = [module, *max(map(chain, sorted(merged[module])), key=len, default=[])]
        return known[module]

    return max(map(chain, sorted(merged)), key=len, default=[])


def report(sources: Mapping[str, str]) -> str:
    """The figures of the package and the generator, one to a line."""
    chain = longest_chain(graph(sources))
    parts = sizes.parts(ROOT, sizes.CODEGEN)
    large, long, small = sizes.large_modules(parts), sizes.long_functions(parts), sizes.small_modules(parts)
    lines = [
        f"longest chain of imports: {len(chain)}: {' > '.join(chain)}",
        f"files in circles: {sum(map(len, circles(graph(sources))))}",
        "exceptions: 0",  # the rules have no means to make any
        f"modules: {len(sources)}",
        f"modules over {sizes.MODULE_MAX} lines: {len(large)} {' '.join(large)}",
        f"functions over {sizes.FUNCTION_MAX} lines: {len(long)} {' '.join(long)}",
        f"modules under {sizes.MODULE_MIN} lines: {len(small)} {' '.join(small)}",
        f"comment lines per 100 of code: {sizes.comments_per_100(parts):.1f}",
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(report(read(ROOT)))
