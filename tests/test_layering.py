"""The package's imports go strictly down its levels, and importing it loads nothing heavy (DESIGN.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layering import PACKAGE, Rules, read, violations
from tests.patience import HANG

ROOT = Path(__file__).parent.parent / PACKAGE

RULES = Rules(
    levels={
        "errors": 0,
        "wire": 1,
        "rope": 1,
        "window": 1,
        "ids": 1,
        "message": 2,
        "fields": 2,
        "scalars": 2,
        "reading": 2,
        "enums": 2,
        "wellknown": 3,
        "checks": 3,
        "exact": 3,
        "protojson": 3,
        "anys": 3,
        "rpc.codec": 4,
        "rpc.calls": 4,
        "rpc.handlers": 4,
        "rpc.service": 4,
        "rpc.__init__": 4,  # Importing rpc.service runs it first.
        "spec": 5,
        "sdkjson": 6,
        "rpc": 6,
        "export": 7,
        "collector": 7,
        "blocking": 8,
        "testing": 8,
        "cli": 9,
        "__main__": 9,
        "__init__": 10,
    },
    rooms={
        "rope": "wire",
        "window": "wire",
        "fields": "message",
        "scalars": "message",
        "reading": "message",
        "enums": "message",
        "__main__": "cli",
    },
    never={("export", "rpc.client"): "the exporter takes a sender, so that it can be tested and used without one"},
    although={
        ("message", "checks"): "(lazy) loaded to say what is wrong with a message that does not encode",
        ("message", "exact"): "(lazy) loaded for the first message that the fast decoder passes on",
        ("message", "protojson"): "(lazy) loaded for the first to_json or from_json: most programs never call them",
        ("checks", "wellknown"): "a message's plain values are checked by those who encode them",
        ("exact", "wellknown"): "a message's plain values are read by those who know their wire form",
        ("protojson", "wellknown"): "the JSON forms of the well-known types stand on their plain values",
        ("protojson", "anys"): "an Any is a message with a JSON form of its own",
        ("protojson.registry", "spec.google"): "(lazy) the well-known types may stand in any Any, unregistered",
        ("protojson.registry", "spec.__init__"): "(lazy) imported on the way to spec.google",
        ("cli.app", "__init__"): "the version stands there",
    },
    outside={
        "betterproto2": (
            "enums",
            "fields",
            "scalars",
            "reading",
            "checks",
            "exact",
            "message",
            "wellknown",
            "protojson",
            "spec",
        ),
        "click": ("cli", "__main__"),
        "hpack": ("rpc",),
        "typing_extensions": ("message", "scalars", "protojson", "spec"),
        "grpclib": (
            "rpc",
            "spec.client.v1.client_grpc",
            "spec.server.v1.server_grpc",
            "collector.service",
            "collector.server",
            "testing",
            "cli.replay",
        ),
        "h2": ("rpc", "collector.service", "collector.server", "testing"),
        "rich": ("cli",),
        "sqlite3": ("export.spool", "collector.store"),
    },
)

HEAVY = ["asyncio", "dateutil", "grpclib", "h2", "sqlite3", "ssl"]


def test_imports_go_down() -> None:
    sources = read(ROOT)
    rooms = {module.partition(".")[0] for module in sources}
    missing = {"errors", "wire", "message", "wellknown", "protojson", "rpc", "spec", "collector", "cli"} - rooms
    assert not missing, f"the rules are about rooms that do not exist: {missing}"
    assert violations(sources, RULES) == []


def test_message_modules_stand_apart_from_services() -> None:
    """Services live in `*_grpc` modules, which only they may import: messages must not bring gRPC along."""
    sources = {module: text for module, text in read(ROOT / "spec").items() if not module.endswith("_grpc")}
    assert len(sources) > 4, sources
    assert [module for module, text in sources.items() if "_grpc" in text or ".rpc" in text] == []


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("wire", "from .errors import DecodeError", None),
        ("wire", "from .message import Message", "wire:1: imports message (level 2), which is not below it (level 1)"),
        ("wire", "import chaukas_spec_lite.message.message", "wire:1: imports message (level 2)"),
        ("wire", "def f():\n    from chaukas_spec_lite import message", "wire:2: imports message (level 2)"),
        (
            "wire",
            "from importlib import import_module\nimport_module('chaukas_spec_lite.message.message')",
            "wire:2: imports",
        ),
        ("wire", "import importlib\nimportlib.import_module('a' + 'b')", "wire:2: imports a computed name"),
        ("wire", "from chaukas_spec_lite import Event", "wire:1: imports __init__ (level 10)"),
        ("wire", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .message import Message", None),
        ("wire", "if TYPE_CHECKING:\n    pass\nelse:\n    from .message import M", "wire:4: imports message"),
        ("wire", "import yaml", "wire:1: imports yaml, which is not allowed here"),
        ("wire", "import codegen.model", "wire:1: imports codegen.model, which is not allowed here"),
        ("wire", "import grpclib.client", "wire:1: imports grpclib.client, which is not allowed here"),
        ("export.exporter", "import sqlite3", "export.exporter:1: imports sqlite3"),
        ("export.spool", "import sqlite3", None),
        ("message", "def f():\n    from .protojson import to_dict", None),
        ("message", "from .protojson import to_dict", "message:1: imports protojson (level 3)"),
        ("export.exporter", "from ..rpc.client import Client", "export.exporter:1: imports rpc.client: the exporter"),
        ("export.exporter", "from ..collector import store", "export.exporter:1: imports collector.store (level 7)"),
        ("export.exporter", "from . import spool", None),
        ("rpc.service", "from .client import Client", "rpc.service:1: imports rpc.client (level 6)"),
        ("rpc.client", "from . import service", None),
        ("spec.v1.a_grpc", "from chaukas_spec_lite.rpc.stubs.service import ServiceStub", None),
        ("spec.v1.a_grpc", "from chaukas_spec_lite.rpc import Client", "spec.v1.a_grpc:1: imports rpc (level 6)"),
        ("blocking", "from chaukas_spec_lite.rpc import Client", None),
        ("rpc.__init__", "from .client import Client", "rpc.__init__:1: imports rpc.client (level 6)"),
        ("rpc.__init__", "import importlib\nimportlib.import_module(name)", None),
        ("misc", "", "misc: has no level"),
    ],
)
def test_a_planted_import_is_judged(module: str, source: str, expected: str | None) -> None:
    names = ["wire", "errors", "message", "protojson", "export.spool", "rpc.client", "rpc.service", "rpc.__init__"]
    sources = dict.fromkeys([*names, "collector.store", "__init__"], "") | {module: source}
    found = [line for line in violations(sources, RULES) if "exception is not used" not in line]
    assert len(found) == (expected is not None), found
    assert all(line.startswith(expected or "") for line in found), found


def test_an_exception_that_nothing_uses_is_reported() -> None:
    assert any("message -> protojson: this exception is not used" in line for line in violations({}, RULES))


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
