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
MODULE = "chaukas_spec_lite.rpc.transport"

PUBLIC = {
    "grpclib.client": {"Channel", "Stream"},
    "grpclib.config": {"Configuration"},
    "grpclib.const": {"Cardinality", "Handler", "Status"},
    "grpclib.encoding.base": {"CodecBase"},
    "grpclib.events": {"SendTrailingMetadata", "listen"},
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
LIBRARIES = ("grpclib", "h2", "hpack", "hyperframe")


def public_names(module: str) -> set[str]:
    """What a module of the room offers to others: what it defines itself, and what it names in ``__all__``."""
    imported = importlib.import_module(module)
    tree = ast.parse(inspect.getsource(imported))
    found = {name for node in tree.body for part in targets(node) for name in defined(part)}
    return found | set(getattr(imported, "__all__", ()))


def targets(node: ast.stmt) -> list[ast.AST]:
    if isinstance(node, ast.Assign):
        return list(node.targets)
    return [node.target] if isinstance(node, ast.AnnAssign) else [node]


def faults(source: str) -> Iterator[str]:
    """Say what a module outside of the room uses that it must not."""
    tree = ast.parse(source)
    foreign: set[str] = set()
    """Names of what is imported from grpclib, or from the room, whose classes are grpclib's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"{node.lineno}: imports {alias.name}" for alias in node.names if is_fenced(alias.name))
        elif isinstance(node, ast.ImportFrom):
            yield from import_faults(node)
            module = node.module or ""
            if module.startswith("grpclib") or "rpc.transport" in module:
                foreign |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and names(node.func) & {"__import__", "importlib", "import_module"}:
            for text in texts(node):
                if is_fenced(text):
                    yield f"{node.lineno}: imports {text}"
    # What a class names so on `self` is its own, unless it also stands in a class of grpclib's, see below.
    own = {name for node in ast.walk(tree) for name in defined(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in PRIVATE - (own if is_self(node.value) else set()):
            yield f"{node.lineno}: uses {node.attr}"
        elif isinstance(node, ast.Constant) and node.value in PRIVATE:
            yield f"{node.lineno}: names {node.value}"  # For getattr, vars and the like.
    for node in heirs(tree, foreign):
        for part in ast.walk(node):
            yield from (f"{part.lineno}: has {name} of its own" for name in defined(part) & PRIVATE)


def import_faults(node: ast.ImportFrom) -> Iterator[str]:
    module = node.module or ""
    root = module.partition(".")[0]
    if node.level and "transport" in [*module.split("."), *(alias.name for alias in node.names)]:
        yield f"{node.lineno}: imports the room relatively"
    elif root in ("h2", "hpack", "hyperframe"):
        yield f"{node.lineno}: imports from {module}"
    elif root == "grpclib":
        for alias in node.names:
            if alias.name not in PUBLIC.get(module, ()):
                yield f"{node.lineno}: imports {alias.name} from {module}"
    elif module == MODULE:
        yield from (f"{node.lineno}: imports {alias.name} from {module}" for alias in node.names)
    elif module.startswith(f"{MODULE}."):
        for alias in node.names:
            if alias.name not in public_names(module):
                yield f"{node.lineno}: imports {alias.name} from {module}, which does not define it"


def is_fenced(module: str) -> bool:
    """Whether `import module` is a fault. The room's modules are imported by name, with what they define."""
    return module.partition(".")[0] in LIBRARIES or module.startswith(MODULE)


def heirs(tree: ast.AST, foreign: set[str]) -> Iterator[ast.ClassDef]:
    """Find the classes that have foreign ones among their bases, or the bases of these."""
    known = set(foreign)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found: list[ast.ClassDef] = []
    while more := [node for node in classes if node not in found and known & set().union(*map(names, node.bases))]:
        found += more
        known |= {node.name for node in more}
    yield from found


def is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def texts(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


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
        ("getattr(call, '_stream').recv_data", "names _stream"),
        ("vars(call)['_stream']", "names _stream"),
        ("import importlib\nimportlib.import_module('h2.connection')", "imports h2.connection"),
        ("from importlib import import_module\nimport_module('h2.connection')", "imports h2.connection"),
        ("__import__('hpack')", "imports hpack"),
        (f"from {MODULE}.http2 import H2Connection", "imports H2Connection"),
        (f"from {MODULE}.http2 import StrictConnection, HEADER, configuration", None),
        (f"from {MODULE}.unary_stream import USER_AGENT", None),
        (f"import {MODULE}.protocol as p\nclass A(p.grpclib.protocol.Stream): ...", f"imports {MODULE}.protocol"),
        (f"from {MODULE} import protocol", "imports protocol"),
        ("from ..transport.channel import B", "imports the room relatively"),
        ("class A:\n    def __init__(self, call):\n        self._stream = call._stream", "uses _stream"),
        (
            "from grpclib.server import Server\nclass B(Server): ...\nclass A(B):\n  def _protocol_factory(self): ...",
            "has _protocol_factory",
        ),
        ("from a.rpc.transport.channel import B\nclass A(B[int]):\n    def f(self): self._loop = 1", "has _loop"),
    ],
)
def test_the_fence_finds_them(source: str, fault: str | None) -> None:
    found = list(faults(source))
    assert found == [] if fault is None else any(fault in each for each in found), found
