"""The package's imports go strictly down its levels, importing it loads nothing heavy, and its parts stay small.

DESIGN.md says what each room is for. No rule has exceptions, and imports inside functions count like all others.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import pytest

from tests import sizes
from tests.layering import (
    PACKAGE,
    ROOT,
    Rules,
    circles,
    covers,
    graph,
    longest_chain,
    read,
    report,
    room_of,
    violations,
)
from tests.patience import HANG

_OF_THE_EXPORTER = "the exporter takes a sender, so that it can be tested and used without one"

RULES = Rules(
    levels=(
        (
            *("errors", "process", "clock", "version", "misspelt", "official_names", "betterproto_version"),
            *("certificates", "gzipped", "json_pieces", "printable", "rationed_log"),
        ),
        ("ids", "termination", "settings", "wire", "message.listing"),
        # The spool and chains know bytes, and the transport frames: none of them can import a message.
        (
            "retry",
            "spool",
            "audit.__init__",
            "audit.chain",
            "rpc.__init__",
            "rpc.transport",
            "message.__init__",
            "message.arguments",
            "message.record",
            "wellknown",
        ),
        ("message.slow_decode", "message.diagnosis", "protojson"),
        ("message",),
        # What generated services stand on; encoding of odd values; what events are completed with.
        ("rpc.stubs", "lenient", "defaults"),
        ("spec",),
        ("encoded_events", "trace", "audit", "rpc.client", "rpc.server"),
        ("client", "export", "collector", "files"),
        ("blocking",),
        ("sinks",),
        ("trace.recorder",),
        ("cli",),
        ("__main__", "__init__"),
        # What is above the whole package: other packages, and what they are given of it.
        ("bridges", "pytest_plugin"),
    ),
    never={("export", "rpc"): _OF_THE_EXPORTER, ("export", "client"): _OF_THE_EXPORTER},
    outside={
        "asyncpg": ("collector.stores.postgres",),
        "agents": ("bridges.openai_agents", "bridges.openai_steps"),
        "chaukas": ("bridges.sdk",),
        "betterproto2": (
            "betterproto_version",
            "wire",
            "message",
            "protojson",
            "spec",
            "sinks.file",
            "collector.doors.platform_json",
            "cli.encode",
            "cli.formats",
        ),
        # One of them, by the Python that runs.
        "backports": ("collector.doors.http_bodies",),
        "compression": ("collector.doors.http_bodies",),
        "click": ("cli", "__main__"),
        "cryptography": ("audit.keys",),
        "genai_prices": ("trace.prices",),
        "grpclib": (
            "rpc",
            "spec.client.v1.client_grpc",
            "spec.server.v1.server_grpc",
            "spec.grpc.health.v1.health_grpc",
            "spec.grpc.reflection.v1.reflection_grpc",
            "collector.doors.grpc",
            "collector.doors.grpc_health",
            "collector.doors.grpc_reflection",
        ),
        # Their private parts are relied on, so one room and its contract test have to know all of it.
        "h2": ("rpc.transport",),
        "h11": ("collector.doors.http_connections", "collector.doors.http_strict"),
        "hpack": ("rpc.transport",),
        "httpx": ("sinks.http",),
        "pytest": ("pytest_plugin",),
        "langchain_core": ("bridges.langchain",),
        "rich": ("cli",),
        "starlette": (
            "collector.doors.http_answers",
            "collector.doors.http_api",
            "collector.doors.http_app",
            "collector.doors.http_audit",
            "collector.doors.http_gone",
            "collector.doors.http_incoming",
            "collector.page.answers",
            "collector.page.routes",
        ),
        "uvicorn": ("collector.doors.http", "collector.doors.http_connections"),
        "sqlite3": ("collector.stores.sqlite",),
        # One of them, by the Python that runs.
        "tomli": ("collector.places",),
        "tomllib": ("collector.places",),
        "typing_extensions": ("message.listing", "spec"),
    },
)

CHAIN_MAX = 14
"""How many modules may stand on one another: more than this, nobody holds in mind."""

HEAVY = ["asyncio", "dateutil", "grpclib", "h2", "sqlite3", "ssl"]


def test_imports_go_down() -> None:
    found = violations(read(ROOT), RULES)
    assert not found, "\n".join(found)


def test_every_room_of_the_rules_exists() -> None:
    sources = read(ROOT)
    names = [*sources, *(module.removesuffix(".__init__") for module in sources)]
    rooms = [room for level in RULES.levels for room in level]
    assert [room for room in [*rooms, *sum(RULES.outside.values(), ())] if room not in names] == []


def test_no_module_imports_itself_through_others() -> None:
    assert circles(graph(read(ROOT))) == []


def test_the_longest_chain_is_short() -> None:
    chain = longest_chain(graph(read(ROOT)))
    assert len(chain) <= CHAIN_MAX, " > ".join(chain)


def test_modules_and_functions_are_small() -> None:
    parts = sizes.parts(ROOT, sizes.CODEGEN)
    assert len(parts) > 100
    assert sizes.large_modules(parts) == []
    assert sizes.long_functions(parts) == []


def test_message_modules_stand_apart_from_services() -> None:
    """Services live in `*_grpc` modules, which only they may import: messages must not bring gRPC along."""
    sources = {module: text for module, text in read(ROOT / "spec").items() if not module.endswith("_grpc")}
    assert len(sources) > 4, sources
    assert [module for module, text in sources.items() if "_grpc" in text or ".rpc" in text] == []


SMALL_HOUSE = {
    "errors": 0,
    "wire.format": 1,
    "spool.file": 2,
    "rpc.transport.http2": 2,
    "message.record": 2,
    "message.slow_decode": 3,
    "protojson.dump_messages": 3,
    "message.message": 4,
    "rpc.stubs.service": 5,
    "spec.v1.a": 6,
    "rpc.client.channel": 7,
    "rpc.server.server": 7,
    "client.client": 8,
    "collector.server": 8,
    "export.queue": 8,
}


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("wire.rope", "from chaukas_spec_lite.errors import DecodeError", None),
        ("wire.rope", "from chaukas_spec_lite.wire.format import size", None),
        ("wire.rope", "from ..errors import DecodeError", None),
        ("wire.rope", "from ..message.message import Message", "wire.rope:1: imports message.message (level 4)"),
        ("wire.rope", "import chaukas_spec_lite.message.message", "wire.rope:1: imports message.message (level 4)"),
        (
            "wire.rope",
            "def f():\n    from chaukas_spec_lite.message import message",
            "wire.rope:2: imports message.message (level 4), which is not below it (level 1)",
        ),
        (
            "wire.rope",
            "from importlib import import_module\nimport_module('chaukas_spec_lite.message.message')",
            "wire.rope:2: imports message.message (level 4)",
        ),
        ("wire.rope", "import importlib\nimportlib.import_module('a' + 'b')", "wire.rope:2: imports a computed name"),
        ("wire.rope", "from chaukas_spec_lite import Event", "wire.rope:1: imports __init__ (level 13)"),
        ("wire.rope", "if TYPE_CHECKING:\n    from chaukas_spec_lite.message.message import Message", None),
        (
            "wire.rope",
            "if TYPE_CHECKING:\n    pass\nelse:\n    from chaukas_spec_lite.message.message import M",
            "wire.rope:4: imports message.message (level 4)",
        ),
        ("wire.rope", "import yaml", "wire.rope:1: imports yaml, which is not allowed here"),
        ("wire.rope", "import codegen.model", "wire.rope:1: imports codegen.model, which is not allowed here"),
        ("wire.rope", "import grpclib.client", "wire.rope:1: imports grpclib.client, which is not allowed here"),
        (
            "message.record",
            "from chaukas_spec_lite.protojson import dump_messages",
            "message.record:1: imports protojson.",
        ),
        ("protojson.load_messages", "from chaukas_spec_lite.message.record import Record", None),
        (
            "protojson.load_messages",
            "from chaukas_spec_lite.message import slow_decode",
            "protojson.load_messages:1: imports",
        ),
        ("message.anys", "def f():\n    from chaukas_spec_lite.protojson import dump_messages", None),
        ("spool.log", "from chaukas_spec_lite.spec.v1.a import A", "spool.log:1: imports spec.v1.a (level 6)"),
        ("spool.log", "from chaukas_spec_lite.message.record import Record", "spool.log:1: imports message.record"),
        ("export.exporter", "from chaukas_spec_lite.spool import log", None),
        ("export.exporter", "from ..rpc.client.channel import C", "export.exporter:1: imports rpc.client.channel: the"),
        ("export.exporter", "from ..client.client import C", "export.exporter:1: imports client.client: the exporter"),
        ("export.exporter", "from ..collector import server", "export.exporter:1: imports collector.server (level 8)"),
        ("export.exporter", "import sqlite3", "export.exporter:1: imports sqlite3, which is not allowed here"),
        ("rpc.stubs.calls", "from ..client.channel import C", "rpc.stubs.calls:1: imports rpc.client.channel"),
        ("rpc.client.caller", "from ..stubs import service", None),
        ("rpc.client.caller", "from ..server import server", "rpc.client.caller:1: imports rpc.server.server"),
        ("rpc.client.caller", "import h2.errors", "rpc.client.caller:1: imports h2.errors, which is not allowed here"),
        ("rpc.transport.http2", "import hpack", None),
        ("spec.v1.a_grpc", "from chaukas_spec_lite.rpc.stubs.service import ServiceStub", None),
        ("spec.v1.a_grpc", "from chaukas_spec_lite.rpc.client import channel", "spec.v1.a_grpc:1: imports rpc.client."),
        ("blocking", "from chaukas_spec_lite.client.client import ChaukasClient", None),
        ("rpc.__init__", "from .client import channel", "rpc.__init__:1: imports rpc.client.channel (level 7)"),
        ("rpc.__init__", "import importlib\nimportlib.import_module(name)", None),
        ("misc", "", "misc: has no level"),
    ],
)
def test_a_planted_import_is_judged(module: str, source: str, expected: str | None) -> None:
    sources = dict.fromkeys([*SMALL_HOUSE, "__init__"], "") | {module: source}
    found = violations(sources, RULES)
    assert len(found) == (expected is not None), found
    assert all(line.startswith(expected or "") for line in found), found


def test_rooms_have_levels_by_the_longest_name_that_fits() -> None:
    assert {module: found[0] for module in SMALL_HOUSE if (found := room_of(module, RULES))} == SMALL_HOUSE


def test_a_circle_is_found_through_functions_and_relative_imports() -> None:
    sources = {
        "a": "def f():\n    from chaukas_spec_lite import b",
        "b": "from chaukas_spec_lite.c import d",
        "c.__init__": "",
        "c.d": "from .. import a",
        "e": "from chaukas_spec_lite import a\nif TYPE_CHECKING:\n    from chaukas_spec_lite import f",
        "f": "from chaukas_spec_lite import e",
        "__init__": "from chaukas_spec_lite import a",
        "g": "from chaukas_spec_lite import Event",
    }
    edges = graph(sources)
    assert circles(edges) == [{"a", "b", "c.d"}]
    assert longest_chain(edges) == ["f", "e", "a"]
    assert edges["g"] == set()


def test_what_is_too_large_is_named() -> None:
    long = "def f():\n" + "    x = 1\n" * sizes.FUNCTION_MAX
    parts = {"a.py": "\n" * sizes.MODULE_MAX, "b.py": "\n" * (sizes.MODULE_MAX + 1), "c.py": long, "d.py": long[:-10]}
    assert sizes.large_modules(parts) == [f"b.py:{sizes.MODULE_MAX + 1}"]
    assert sizes.long_functions(parts) == ["c.py:1:f"]
    assert sizes.small_modules({"a.py": "x = 1\n", "b/__init__.py": "", "c.py": "\n" * sizes.MODULE_MIN}) == ["a.py:1"]
    assert sizes.comments_per_100({"a.py": "# why\nx = 1  # because\ny = 2\n\nz = '#'\nw = 0\n"}) == 50


def test_the_report_has_every_figure() -> None:
    figures = dict(line.split(":", 1) for line in report(read(ROOT)).splitlines())
    assert figures["exceptions"] == " 0"
    assert len(figures) == 8


def _loaded(code: str) -> set[str]:
    """The heavy modules that a fresh interpreter holds after running `code`."""
    program = f"{code}\nimport json, sys\nprint(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG, cwd=ROOT.parent, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("code", [f"import {PACKAGE}", f"from {PACKAGE} import Event, EventType"])
def test_importing_the_package_loads_nothing_heavy(code: str) -> None:
    assert _loaded(code) <= _loaded("import betterproto2")


def test_importing_any_message_loads_nothing_heavy() -> None:
    modules = [m.removesuffix(".__init__") for m in read(ROOT / "spec") if not m.endswith("_grpc") and m != "__init__"]
    assert modules
    code = "; ".join(f"import {PACKAGE}.spec.{module}" for module in sorted(modules))
    assert _loaded(code) <= _loaded("import betterproto2")


def test_the_probe_sees_what_is_loaded() -> None:
    assert _loaded("import grpclib.client, sqlite3") >= {"grpclib", "h2", "asyncio", "sqlite3"}


def test_no_two_modules_have_a_class_of_the_same_name() -> None:
    """Two classes of one name are two ideas that a reader takes for one, or one idea written twice."""
    hand_written = {module: text for module, text in read(ROOT).items() if not covers("spec", module)}
    places: dict[str, list[str]] = {}
    for module, text in hand_written.items():
        for node in sizes.tree(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    assert len(places) > 100
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}
