"""What server reflection gives away, against what protoc makes of the same files."""

from __future__ import annotations

from pathlib import Path

import grpc_tools
import pytest
from google.protobuf import descriptor_pb2
from grpc_tools import protoc
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.spec import _descriptors as generated
from codegen.descriptors import _literals, encode_file
from codegen.schema_loader import load_schema
from codegen.wellknown_files import BUNDLE
from tests.codegen.snippets import HEAD

ROOT = Path(__file__).parent.parent.parent
OWN = ROOT / "proto"
TOOLS = Path(grpc_tools.__file__).parent / "_proto"


def by_protoc(roots: list[Path], paths: list[str], out: Path) -> dict[str, descriptor_pb2.FileDescriptorProto]:
    arguments = [f"--proto_path={root}" for root in roots]
    assert protoc.main(["protoc", *arguments, "--include_imports", f"--descriptor_set_out={out}", *paths]) == 0
    files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    return {file.name: file for file in files}


def parsed(data: bytes) -> descriptor_pb2.FileDescriptorProto:
    return descriptor_pb2.FileDescriptorProto.FromString(data)


def test_our_files_are_described_as_protoc_describes_them(tmp_path: Path) -> None:
    own = sorted(path.relative_to(OWN).as_posix() for path in OWN.rglob("*.proto"))
    expected = by_protoc([OWN, BUNDLE], own, tmp_path / "set")
    assert {path: parsed(data) for path, data in generated.FILES.items()} == expected
    assert {path: [*file.dependency] for path, file in expected.items()} == generated.IMPORTS


def test_every_type_service_and_method_is_found_in_its_file(tmp_path: Path) -> None:
    expected: dict[str, str] = {}

    def add(package: str, message: descriptor_pb2.DescriptorProto, path: str) -> None:
        name = f"{package}.{message.name}"
        expected[name] = path
        expected.update((f"{name}.{enum.name}", path) for enum in message.enum_type)
        for nested in message.nested_type:
            if not nested.options.map_entry:
                add(name, nested, path)

    for path, data in generated.FILES.items():
        file = parsed(data)
        for message in file.message_type:
            add(file.package, message, path)
        expected.update((f"{file.package}.{enum.name}", path) for enum in file.enum_type)
        for service in file.service:
            expected[f"{file.package}.{service.name}"] = path
            expected.update((f"{file.package}.{service.name}.{method.name}", path) for method in service.method)
    assert expected == generated.SYMBOLS
    assert len(expected) > 80


SNIPPETS = {
    "deprecated": "option deprecated = true; message A { option deprecated = true; int32 a = 1 [deprecated = true]; "
    "map<string, A> m = 2 [deprecated = true]; } enum E { option deprecated = true; Z = 0 [deprecated = true]; } "
    "service S { option deprecated = true; rpc C(A) returns (stream A) { option deprecated = true; } "
    "rpc D(stream A) returns (A); }",
    "optional": "message A { optional int32 _X_a = 1; optional int32 a = 2; oneof o { int32 b = 3; A c = 4; } "
    "optional A _a = 5; oneof q { bytes d = 6; } }",
    "packed": "message A { repeated int32 a = 1 [packed = false]; repeated bool b = 2 [packed = false]; "
    "repeated E c = 3 [packed = false]; repeated E d = 4; repeated string e = 5; repeated A f = 6; } enum E { Z = 0; }",
    "alias": "enum E { option allow_alias = true; Z = 0; A = -1; B = -1; C = 2147483647; D = -2147483648; }",
    "map": "message A { message B { int32 x = 1; } map<int64, B> some_1more__map_ = 1; message C {} "
    "map<bool, double> bB = 2; map<sfixed32, E> _e = 7; enum E { Z = 0; } map<string, string> Big = 536870911; }",
    "names": 'message A { int32 ab_cd = 1; int32 aB_2c = 2 [json_name = "größe"]; bytes A = 3; }',
}


@pytest.mark.parametrize("text", SNIPPETS.values(), ids=SNIPPETS)
def test_a_file_is_described_as_protoc_describes_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.proto").write_text(HEAD + text.replace("option deprecated = true; message A", "message A", 1))
    (expected,) = by_protoc([tmp_path], ["t.proto"], tmp_path / "set").values()
    assert parsed(encode_file(load_schema(["t.proto"], [tmp_path]).files["t.proto"])) == expected


@pytest.mark.parametrize("path", ["everything.proto", "relay/relay.proto", "relay/awkward.proto"])
def test_larger_files_are_described_as_protoc_describes_them(tmp_path: Path, path: str) -> None:
    roots = [ROOT / "tests" / "protos", BUNDLE]
    expected = by_protoc(roots, [path], tmp_path / "set")
    schema = load_schema([path], roots)
    assert {name: parsed(encode_file(schema.files[name])) for name in expected} == expected


@given(st.binary(max_size=300), st.integers(8, 120))
def test_literals_are_the_bytes(data: bytes, width: int) -> None:
    lines = [*_literals(data, width)]
    assert b"".join(map(eval, lines)) == data
    assert all(len(line) <= width for line in lines)
