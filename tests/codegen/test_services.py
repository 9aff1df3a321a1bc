"""What is emitted for services: whole files, names that meet others, and what type checkers say."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from chaukas_spec_lite.wire.fields import fields_of
from codegen.model import Method, Position, Service
from codegen.names import service_names
from codegen.output import generate, write
from codegen.services import method_names
from codegen.targets import Target
from tests import generated
from tests.codegen.snippets import HEAD

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


def test_names_of_services() -> None:
    assert service_names(["Chat", "class", "_S", "__S", "S_", "_", "_1", "S"]) == {
        "Chat": "Chat",
        "class": "class",
        "_S": "S__",
        "__S": "S___",
        "S_": "S_",
        "_": "x_",
        "_1": "x1_",
        "S": "S",
    }


UNDERSCORES = """
package {0}p.{0};
message {0}M {{
  message {0}M {{ {0}E {0}a = 1; }}
  enum {0}E {{ {0}Z = 0; {0}E_A = 1; }}
  {0}M {0}f = 1; repeated {0}E {0}g = 2; map<string, {0}M> {0}h = 3; optional string {0}class = 4;
  oneof {0}o {{ {0}M {0}one = 2048; int32 {0}two = 17; }}
  oneof {0}p {{ {0}E {0}three = 18; bytes {0}four = 19; }}
}}
enum {0}E {{ {0}A = 0; {0}B = 1 [deprecated = true]; }}
service {0}S {{
  rpc {0}Ping ({0}M) returns ({0}M); rpc {0}ping ({0}M.{0}M) returns (stream {0}M) {{ option deprecated = true; }}
  rpc {0}S (stream {0}M) returns (.{0}p.{0}.{0}M);
}}
service {0}SBase {{ rpc {0}M (.{0}p.{0}.{0}M) returns (.{0}p.{0}.{0}M); }}
"""


@pytest.mark.parametrize("lead", ["_", "__", "___", "_1", "__x", "_X"])
def test_names_that_begin_with_underscores(tmp_path: Path, lead: str) -> None:
    """A class puts its own name before a name that begins with two, wherever it is used in the class."""
    (tmp_path / "t.proto").write_text(HEAD + UNDERSCORES.format(lead))
    package = generated.generate(("t.proto",), (tmp_path,))
    module = importlib.import_module(f"{package.__name__}.t_grpc")
    (cls,) = (cls for name, cls in generated.classes(package).items() if name == f"{lead}p.{lead}.{lead}M")
    names = [field.name for field in fields_of(cls)]
    assert not [name for name in names if name.startswith("_")]
    bases = [base for base in vars(module).values() if isinstance(base, type) and vars(base).get("_methods")]
    assert [len(base._methods) for base in bases] == [3, 3, 1, 1]
    for base in bases:
        for method in base._methods:
            assert callable(getattr(base, method.name))
    inner = fields_of(cls)[0].of()
    message = cls(**{names[0]: inner(), names[1]: [1], names[2]: {"x": inner()}, names[3]: "x", names[7]: inner()})
    assert cls.parse(bytes(message)) == message
    with pytest.raises(ValueError, match="only one of oneof"):
        cls(**{names[5]: 1, names[6]: b""})


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


@pytest.mark.types
def test_mypy_finds_nothing(package: Path) -> None:
    command = ["mypy", "--strict", "--config-file=", "--explicit-package-bases", f"--cache-dir={package / 'cache'}"]
    environment = {"MYPYPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", *command, "--follow-imports=silent", "foreign"],
        capture_output=True, text=True, timeout=280, cwd=package, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.types
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
