"""Private parts of grpclib, h2 and hpack are used in ``rpc/transport`` only; `test_contract.py` says which."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import chaukas_spec_lite

ROOT = Path(chaukas_spec_lite.__file__).parent
ROOM = "rpc/transport/"

PUBLIC = {
    "grpclib.client": {"Channel", "Stream"},
    "grpclib.config": {"Configuration"},
    "grpclib.const": {"Cardinality", "Handler", "Status"},
    "grpclib.encoding.base": {"CodecBase"},
    "grpclib.events": {"RecvRequest", "listen"},
    "grpclib.exceptions": {"GRPCError", "ProtocolError", "StreamTerminatedError"},
    "grpclib.metadata": {"Deadline"},
    "grpclib.server": {"Server", "Stream"},
}
"""What grpclib documents, as far as it is used."""

INSIDE = ("grpclib.client", "grpclib.server", "grpclib.protocol", "h2.connection", "h2.stream", "hpack.table")


def private_names() -> set[str]:
    """The names of attributes, functions and classes that the libraries keep to themselves."""
    found: set[str] = set()
    for module in INSIDE:
        for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(module)))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(node.name)
    return {name for name in found if name.startswith("_") and not name.endswith("__")} | {"__connect__"}


PRIVATE = private_names()


def faults(source: str) -> Iterator[str]:
    """Say what a module outside of the room uses that it must not."""
    tree = ast.parse(source)
    foreign: set[str] = set()
    """Names of what is imported from grpclib, or from the room, whose classes are grpclib's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in ("grpclib", "h2", "hpack", "hyperframe"):
                    yield f"{node.lineno}: imports {alias.name}"
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            root = module.partition(".")[0]
            if root in ("h2", "hpack", "hyperframe"):
                yield f"{node.lineno}: imports from {module}"
            elif root == "grpclib":
                for alias in node.names:
                    if alias.name not in PUBLIC.get(module, ()):
                        yield f"{node.lineno}: imports {alias.name} from {module}"
            if root == "grpclib" or "rpc.transport" in module:
                foreign |= {alias.asname or alias.name for alias in node.names}
    own = {name for node in ast.walk(tree) for name in defined(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in PRIVATE - own:
            yield f"{node.lineno}: uses {node.attr}"
        if isinstance(node, ast.ClassDef) and foreign & {name for base in node.bases for name in names(base)}:
            for part in ast.walk(node):
                yield from (f"{part.lineno}: has {name} of its own" for name in defined(part) & PRIVATE)


def names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def defined(node: ast.AST) -> set[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Attribute, ast.Name)) and isinstance(node.ctx, ast.Store):
        return {node.attr if isinstance(node, ast.Attribute) else node.id}
    return set()


def test_private_parts_stand_in_one_room() -> None:
    modules = {path.relative_to(ROOT).as_posix(): path.read_text() for path in ROOT.rglob("*.py")}
    assert sum(module.startswith(ROOM) for module in modules) > 8
    found = {module: list(faults(source)) for module, source in modules.items() if not module.startswith(ROOM)}
    assert {module: each for module, each in found.items() if each} == {}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("from grpclib.const import Status", None),
        ("import grpclib.protocol", "imports grpclib.protocol"),
        ("from grpclib.protocol import Stream", "imports Stream from grpclib.protocol"),
        ("from grpclib import protocol", "imports protocol from grpclib"),
        ("from grpclib.client import Handler", "imports Handler from grpclib.client"),
        ("def f():\n    from h2.errors import ErrorCodes", "imports from h2.errors"),
        ("import hpack", "imports hpack"),
        ("call._stream.recv_data", "uses _stream"),
        ("channel._h2_config", "uses _h2_config"),
        ("class A:\n    def f(self):\n        self._stream = 1\n        return self._stream", None),
        (
            "from grpclib.server import Server\nclass A(Server):\n    def _protocol_factory(self): ...",
            "_protocol_factory",
        ),
        ("from grpclib.client import Channel\nclass A(Channel):\n    async def __connect__(self): ...", "__connect__"),
        ("from a.rpc.transport.channel import B\nclass A(B[int]):\n    def f(self): self._loop = 1", "has _loop"),
    ],
)
def test_the_fence_finds_them(source: str, fault: str | None) -> None:
    found = list(faults(source))
    assert found == [] if fault is None else any(fault in each for each in found), found
