"""What is emitted for services: whole files, names that meet others, and what type checkers say."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.model import Method, Position, Service
from codegen.output import generate, write
from codegen.services import method_names
from codegen.targets import Target
from tests import generated

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "expected"
RELAY = ("relay/relay.proto", "relay/awkward.proto")


def service(*names: str) -> Service:
    methods = tuple(Method(name, "t.M", "t.M", False, False, "") for name in names)
    return Service("S", "t.S", methods, "", Position("t.proto", 1, 1))


def test_a_whole_file() -> None:
    files = generate(generated.schema(RELAY), Target(), own=False)
    (text,) = [text for path, text in files.items() if path.name == "relay_grpc.py"]
    assert text == (EXPECTED / "relay_grpc.py.txt").read_text()


def test_only_service_modules_know_of_grpc() -> None:
    files = generate(generated.schema(RELAY), Target(), own=False)
    knowing = {path.name for path, text in files.items() if "import grpclib" in text or "from grpclib" in text}
    assert knowing == {"relay_grpc.py", "awkward_grpc.py"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["IngestEvent"], [("ingest_event", "IngestEvent")]),
        (["ingest_event"], [("ingest_event", "ingest_event")]),
        (["GetHTTP2"], [("get_http2", "GetHTTP2")]),
        (["import"], [("import_", "import_")]),
        (["None"], [("none", "None_")]),
        (["Import"], [("import_", "Import")]),
        (["Channel", "channel"], [("channel__", "Channel"), ("channel_", "channel_")]),
        (["Timeout", "Float"], [("timeout_", "Timeout"), ("float_", "Float")]),
        (["Foo", "foo"], [("foo_", "Foo"), ("foo", "foo")]),
        (["Foo", "FOO"], [("foo", "Foo"), ("foo_", "FOO")]),
        (["_Foo"], [("foo_", "Foo_")]),
        (["__init__"], [("init___", "init___")]),
        (["_open", "__mapping__"], [("open_", "open_"), ("mapping___", "mapping___")]),
    ],
)
def test_the_two_names_of_a_method(names: list[str], expected: list[tuple[str, str]]) -> None:
    assert list(method_names(service(*names)).values()) == expected


def test_names_never_meet() -> None:
    names = ["Foo", "foo", "FOO", "foo_", "Foo_", "_foo", "__foo", "import", "Import", "IMPORT", "import_"]
    names += ["channel", "Channel", "channel_", "float", "Float"]
    pairs = method_names(service(*names))
    every = [name for pair in pairs.values() for name in set(pair)]
    assert len(every) == len(set(every))
    assert not {"channel", "import", "float"} & set(every)


def test_awkward_names_work() -> None:
    package = generated.generate(RELAY)
    module = importlib.import_module(f"{package.__name__}.relay.awkward_grpc")
    routes = {method.route.rpartition("/")[2]: method for method in module.ServiceBase._methods}
    assert len(routes) == 13
    for method in routes.values():
        assert getattr(module.ServiceBase, method.name) is getattr(module.ServiceBase, method.alias)
        assert getattr(module.ServiceStub, method.name) is getattr(module.ServiceStub, method.alias)
    assert routes["Encoded"].request_type._full_name == "relay.awkward.Encoded"
    assert routes["Cardinality"].response_type._full_name == "relay.awkward.ServiceStub"
    assert module.ServiceStub("a channel").channel == "a channel"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("typed")
    write(generate(generated.schema(RELAY), Target(), own=False), folder / "foreign")
    return folder


def test_mypy_finds_nothing(package: Path) -> None:
    command = ["mypy", "--strict", "--config-file=", "--explicit-package-bases", f"--cache-dir={package / 'cache'}"]
    environment = {"MYPYPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", *command, "--follow-imports=silent", "foreign"],
        capture_output=True, text=True, timeout=280, cwd=package, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_pyright_finds_nothing(package: Path) -> None:
    settings = {"include": ["foreign"], "extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (package / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", f"--pythonpath={sys.executable}", "--outputjson"],
        capture_output=True, text=True, timeout=280, cwd=package, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] >= 5
    assert report["generalDiagnostics"] == []
