"""Files of edition 2023: those that behave as proto3 could are generated, and exchange bytes with the reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

from codegen.errors import SchemaErrors
from codegen.schema_loader import load_schema
from tests.codegen.snippets import write
from tests.codegen.test_option_corpus import by_protoc
from tests.generated import classes, generate
from tests.strategies import exchange

SCALARS = ["int32", "sint64", "fixed32", "float", "double", "bool", "string", "bytes", "Level"]
EVERYTHING = (
    "edition = '2023';\npackage NAME;\nFILE\n"
    "enum Level { LOW = 0; HIGH = 1; BELOW = -1; }\nmessage All {\n"
    + "\n".join(f"  {kind} a{i} = {i + 1};" for i, kind in enumerate(SCALARS))
    + "\n".join(f"  {kind} e{i} = {i + 21} [features.field_presence = EXPLICIT];" for i, kind in enumerate(SCALARS))
    + "\n".join(f"  {kind} i{i} = {i + 41} [features.field_presence = IMPLICIT];" for i, kind in enumerate(SCALARS))
    + "\n".join(f"  repeated {kind} r{i} = {i + 61};" for i, kind in enumerate(SCALARS))
    + "\n".join(
        f"  repeated {kind} x{i} = {i + 81} [features.repeated_field_encoding = EXPANDED];"
        for i, kind in enumerate(SCALARS)
        if kind not in ("string", "bytes")
    )
    + "  repeated sint32 p = 100 [features = { repeated_field_encoding: PACKED }];\n"
    "  All inner = 101; repeated All inners = 102; map<string, Level> levels = 103; map<int32, All> by_id = 104;\n"
    "  oneof one { int32 one_a = 105; string one_b = 106; All one_c = 107; }\n"
    "  message Closer { option features.json_format = ALLOW; Level level = 1; }\n  Closer closer = 108;\n"
    "  enum Own { option features.enum_type = OPEN; OWN_ZERO = 0; }\n  Own own = 109;\n}\n"
)
FILES = {
    "plain": "",
    "implicit": "option features.field_presence = IMPLICIT;",
    "expanded": "option features = { repeated_field_encoding: EXPANDED, field_presence: EXPLICIT };",
    "every": "option features.utf8_validation = VERIFY; option features.message_encoding = LENGTH_PREFIXED; "
    "option features.json_format = ALLOW; option features.enum_type = OPEN;",
}


@pytest.mark.parametrize("name", FILES)
def test_bytes_are_those_of_the_reference(tmp_path: Path, name: str) -> None:
    package = f"editions_{name}"
    write(tmp_path, {f"{package}.proto": EVERYTHING.replace("NAME", package).replace("FILE", FILES[name])})
    out = tmp_path / "out.bin"
    assert protoc.main(["protoc", f"-I{tmp_path}", f"--descriptor_set_out={out}", f"{package}.proto"]) == 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file[0])
    cls = classes(generate((f"{package}.proto",), (tmp_path,)))[f"{package}.All"]
    reference = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.All"))

    exchange(cls, reference)
    # Zeros: whether one is written is what presence is about.
    assert bytes(cls(a0=0, e0=0, i0=0)) == reference(a0=0, e0=0, i0=0).SerializeToString()


GOOD = (
    "message M { map<string, int32> a = 1 [features.utf8_validation = VERIFY]; }",
    "message M { repeated M a = 1 [features.message_encoding = LENGTH_PREFIXED]; }",
    "message M { repeated string a = 1 [features.repeated_field_encoding = EXPANDED]; }",
    "message M { int32 a = 1; }",
    "option features.field_presence = IMPLICIT; message M { M m = 1; E e = 2; } enum E { A = 0; }",
    "message M { int32 a = 1 [features.field_presence = IMPLICIT, deprecated = true]; }",
    "message M { repeated int32 a = 1 [features.repeated_field_encoding = EXPANDED]; }",
    "message M { string a = 1 [features.utf8_validation = VERIFY]; }",
    "enum E { option features.enum_type = OPEN; A = 0; }",
    "message M { option features.json_format = ALLOW; }",
    "message M { M m = 1 [features.message_encoding = LENGTH_PREFIXED]; }",
    "message M { M m = 1 [features.field_presence = EXPLICIT]; }",
    "option features = { field_presence: EXPLICIT, json_format: ALLOW };",
    "message M { reserved foo, option, /* old */ reserved; reserved 5, 9 to max; int32 to = 1; }",
    "enum E { A = 0; reserved B, max; reserved -1, 7 to max; }",
    "message reserved { reserved reserved; .reserved foo = 1; int32 x = 2 [json_name = 'reserved']; }",
)
BOTH = (
    "message M { int32 a = 1 [features.utf8_validation = VERIFY]; }",
    "message M { map<int32, int32> a = 1 [features.utf8_validation = VERIFY]; }",
    "message M { int32 a = 1 [features.message_encoding = LENGTH_PREFIXED]; }",
    "message M { map<int32, M> a = 1 [features.message_encoding = LENGTH_PREFIXED]; }",
    "message M { repeated string a = 1 [features.repeated_field_encoding = PACKED]; }",
    "message M { optional int32 a = 1; }",
    "message M { required int32 a = 1; }",
    "message M { group G = 1 {} }",
    "message M { repeated int32 a = 1 [packed = true]; }",
    "message M { repeated int32 a = 1 [features.field_presence = IMPLICIT]; }",
    "message M { map<int32, int32> a = 1 [features.field_presence = EXPLICIT]; }",
    "message M { oneof o { int32 a = 1 [features.field_presence = IMPLICIT]; } }",
    "message M { M m = 1 [features.field_presence = IMPLICIT]; }",
    "message M { int32 a = 1 [features.repeated_field_encoding = PACKED]; }",
    "message M { int32 a = 1 [features.presence = IMPLICIT]; }",
    "message M { int32 a = 1 [features.field_presence = NONE]; }",
    "message M { int32 a = 1 [features.field_presence = 1]; }",
    "message M { int32 a = 1 [features.field_presence = 'IMPLICIT']; }",
    "enum E { A = 1; }",
    "message M { reserved 'foo'; }",
    "message M { reserved foo, 'bar'; }",
    "message M { reserved foo, 5; }",
    "message M { reserved foo 'bar'; }",
    "message M { reserved foo; int32 foo = 1; }",
    "message M { reserved foo, foo; }",
    "enum E { A = 0; reserved A; }",
    "enum E { A = 0; reserved 'B'; }",
    "option features.field_presence = IMPLICIT; option features.field_presence = EXPLICIT;",
    "option features = { presence: IMPLICIT };",
)
COMMAND = (
    "message M { option features.field_presence = IMPLICIT; }",
    "message M { option features.enum_type = OPEN; }",
    "enum E { option features.field_presence = IMPLICIT; A = 0; }",
    "enum E { A = 0 [features.enum_type = OPEN]; }",
    "service S { option features.json_format = ALLOW; }",
    "option features.field_presence = LEGACY_REQUIRED;",
)
"""What protoc refuses as a command: it says so last, and not always where."""
OURS = {
    "message M { int32 a = 1 [features.field_presence = LEGACY_REQUIRED]; }": "field_presence",
    "enum E { option features.enum_type = CLOSED; A = 0; }": "enum_type",
    "option features.enum_type = CLOSED;": "enum_type",
    "message M { string a = 1 [features.utf8_validation = NONE]; }": "utf8_validation",
    "message M { M m = 1 [features.message_encoding = DELIMITED]; }": "message_encoding",
    "option features.json_format = LEGACY_BEST_EFFORT;": "json_format",
    "message M { extensions 100 to max; }": "extension ranges",
    "message M { int32 a = 1 [default = 5]; }": "default values",
}
"""What protoc accepts, and what the message has to name: generated classes do not behave like that."""


def refused(root: Path, body: str) -> str:
    write(root, {"t.proto": f"edition = '2023';\n{body}"})
    try:
        load_schema(["t.proto"], [root])
    except SchemaErrors as errors:
        return str(errors)
    return ""


@pytest.mark.parametrize("body", GOOD)
def test_both_accept(tmp_path: Path, body: str) -> None:
    assert refused(tmp_path, body) == ""
    assert by_protoc(tmp_path, "t.proto") == {}


@pytest.mark.parametrize("body", BOTH)
def test_both_refuse(tmp_path: Path, body: str) -> None:
    assert refused(tmp_path, body).startswith("t.proto:2:")
    assert by_protoc(tmp_path, "t.proto").keys() == {2}


@pytest.mark.parametrize("body", COMMAND)
def test_both_refuse_what_cannot_stand_there(tmp_path: Path, body: str) -> None:
    assert refused(tmp_path, body).startswith("t.proto:2:")
    assert protoc.main(["protoc", f"-I{tmp_path}", f"--descriptor_set_out={tmp_path / 'out'}", "t.proto"]) == 1


@pytest.mark.parametrize("body", OURS)
def test_we_refuse(tmp_path: Path, body: str) -> None:
    message = refused(tmp_path, body)
    assert message.startswith("t.proto:2:")
    assert OURS[body] in message
    assert len(message.splitlines()) == 1
    assert by_protoc(tmp_path, "t.proto") == {}


def test_later_editions_say_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, {"t.proto": "// x\nedition = '2024';\nexport message M { int32 a = 0; }"})

    with pytest.raises(SchemaErrors) as caught:
        load_schema(["t.proto"], [tmp_path])

    assert str(caught.value) == (
        't.proto:2:11: edition \'2024\' is not supported: write edition = "2023"; or syntax = "proto3";'
    )
