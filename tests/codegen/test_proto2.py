"""proto2 files, which are read for the options and types that other files take from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.errors import SchemaErrors
from codegen.output import generate
from codegen.schema_loader import load_schema
from codegen.targets import Target
from tests.codegen.snippets import HEAD, write
from tests.codegen.test_option_corpus import by_protoc, by_us

RULES = """
syntax = "proto2";
package rules;
import "google/protobuf/descriptor.proto";
import "google/protobuf/duration.proto";

message FieldRules {
  option (about).text = "all of proto2's syntax";
  required int32 least = 1 [default = -5];
  optional string text = 2 [default = "a" 'b', (about) = {text: "x"}];
  repeated double many = 3 [packed = true];
  optional group Part = 4 { optional Level level = 1 [default = HIGH]; }
  repeated group More = 5 [deprecated = true] { repeated group Deeper = 1 { required bool b = 1; } }
  oneof one { float f = 6 [default = inf]; group InOne = 7 { optional bytes b = 1 [default = "\\xff"]; } }
  map<string, FieldRules> others = 8;
  optional google.protobuf.Duration long = 9;
  optional google.protobuf.FieldDescriptorProto.Type type = 10;
  reserved 20, 30 to 39;
  reserved "gone";
  extensions 100 to 199, 500;
  extensions 1000 to max [declaration = {number: 1000, full_name: ".rules.more", type: ".rules.About"}];
  extend FieldRules { optional int32 inner = 100; }
  enum Level { LOW = 5; HIGH = 3; }
}
message About { optional string text = 1; optional int32 foo_bar = 2; optional int32 fooBar = 3; }
extend google.protobuf.FieldOptions { optional FieldRules field = 50000; repeated group Group = 50001 {} }
extend google.protobuf.MessageOptions { optional About about = 50002; }
extend google.protobuf.FieldOptions { optional About about_field = 50003; }
extend FieldRules { optional About more = 1000; optional group Outer = 101 { required string s = 1; } }
""".replace("(about) =", "(about_field) =")

USER = HEAD + (
    'package u;\nimport "rules.proto";\nmessage M {\n'
    '  string a = 1 [(rules.field).least = 3, (rules.field) .text = "x"];\n'
    "  string b = 2 [(rules.field) = {least: 1 part {level: LOW} [rules.more] {text: 'm'}"
    " others {key: 'k' value {least: 2}}}];\n}\n"
)


def test_everything_in_proto2_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"rules.proto": RULES, "u.proto": USER})

    schema = load_schema(["u.proto"], [tmp_path])

    assert list(schema.files) == ["google/protobuf/duration.proto", "u.proto"]
    assert schema.files["u.proto"].imports == ()
    assert list(schema.messages) == ["google.protobuf.Duration", "u.M"]
    assert {path.name for path in generate(schema, Target(), own=False)} == {"u.py", "_u_codec.py", "__init__.py"}


MISTAKES = {
    "message": ("rules.About a = 1;", 3, "rules.About", ""),
    "enum": ("rules.FieldRules.Level a = 1;", 3, "rules.FieldRules.Level", ""),
    "repeated": ("repeated rules.About a = 1;", 3, "rules.About", ""),
    "map": ("map<int32, rules.About> a = 1;", 3, "rules.About", ""),
    "request": ("", 4, "rules.About", "service S { rpc A (rules.About) returns (M); }"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_nothing_is_generated_for_its_types(tmp_path: Path, name: str) -> None:
    body, line, used, rest = MISTAKES[name]
    text = f'{HEAD}import "rules.proto";\nmessage M {{ {body} }}\n{rest}'
    write(tmp_path, {"rules.proto": RULES, "t.proto": text})

    with pytest.raises(SchemaErrors) as caught:
        load_schema(["t.proto"], [tmp_path])

    column = text.splitlines()[line - 1].index("rules.") + 1
    assert str(caught.value) == (
        f't.proto:{line}:{column}: "{used}" is declared in rules.proto, a proto2 file, for which nothing is generated: '
        "only options can use it; write that file in proto3 to use it here"
    )


def test_mistakes_in_it_name_the_imports(tmp_path: Path) -> None:
    bad = "message M {\n  int32 a = 1;\n  optional group g = 2 {}\n  extensions 5 to 9;\n  optional int32 x = 7;\n}\n"
    extend = "extend M { required int32 e = 6; optional int32 f = 10; }\n"
    write(
        tmp_path,
        {
            "t.proto": HEAD + 'import "a.proto";',
            "a.proto": HEAD + '\nimport "bad.proto";',
            "bad.proto": bad + extend,
        },
    )

    with pytest.raises(SchemaErrors) as caught:
        load_schema(["t.proto"], [tmp_path])

    assert str(caught.value).splitlines() == [
        'bad.proto:2:3: a field of proto2 has a label: write "optional", "required" or "repeated"'
        " (imported at a.proto:3:8, from t.proto:2:8)",
        'bad.proto:3:18: the name of a group begins with a capital letter: "g"',
        "bad.proto:5:22: the number 7 is kept for extensions at line 4",
        'bad.proto:7:27: an extension cannot be required: write "optional"',
        'bad.proto:7:53: "M" keeps the numbers 5 to 9 for extensions',
    ]


FIELDS = {
    "optional int32 a = 1 [default = 5];": True,
    "optional int32 a = 1 [default = -5];": True,
    "optional int32 a = 1 [default = 'x'];": False,
    "optional int32 a = 1 [default = 2147483648];": False,
    "optional uint32 a = 1 [default = -1];": False,
    "optional float a = 1 [default = inf];": True,
    "optional float a = 1 [default = -nan];": True,
    "optional float a = 1 [default = x];": False,
    "optional bool a = 1 [default = true];": True,
    "optional bool a = 1 [default = 1];": False,
    "optional string a = 1 [default = 5];": False,
    "optional bytes a = 1 [default = '\\xff'];": True,
    "optional E a = 1 [default = B];": True,
    "optional E a = 1 [default = C];": False,
    "optional E a = 1 [default = 1];": False,
    "optional M a = 1 [default = {}];": False,
    "repeated int32 a = 1 [default = 5];": False,
    "required int32 a = 1 [default = 5];": True,
    "int32 a = 1;": False,
    "extensions 5 to 9; optional int32 a = 5;": False,
    "extensions 5 to 9; reserved 9;": False,
    "extensions 5 to 9, 8 to 10;": False,
    "extensions 9 to 5;": False,
    "extensions 5 to max; reserved 1 to 4;": True,
    "extensions 0;": False,
    "optional group G = 1 { required int32 a = 1; }": True,
    "optional group g = 1 {}": False,
    "group G = 1 {}": False,
    "reserved foo;": False,
    "oneof o { group G = 1 {} int32 b = 2; }": True,
    "oneof o { optional int32 b = 2; }": False,
    "map<int32, M> a = 1;": True,
    "optional int32 foo_bar = 1; optional int32 fooBar = 2;": True,
    "optional int32 a = 1 [json_name = 'x']; optional int32 b = 2 [json_name = 'x'];": False,
    "option message_set_wire_format = true; extensions 4 to max;": True,
    "extensions 5; extend M { optional int32 x = 5; }": True,
    "extensions 5; extend M { optional int32 x = 6; }": False,
    "extensions 5; extend M { required int32 x = 5; }": False,
    "extensions 5 to 9; extend M { optional int32 x = 5; optional int32 y = 5; }": False,
    "extensions 5; extend M { int32 x = 5; }": False,
    "extend M { optional int32 x = 5; }": False,
}
"""What may stand in a message of proto2, and whether protoc takes it."""


@pytest.mark.parametrize("body", FIELDS)
def test_protoc_and_we_take_the_same(tmp_path: Path, body: str) -> None:
    write(tmp_path, {"p.proto": f"syntax = 'proto2';\nmessage M {{ {body} }}\nenum E {{ A = 1; B = 2; }}"})
    write(tmp_path, {"t.proto": HEAD + 'import "p.proto";'})

    assert (by_us(tmp_path, "t.proto") == {}) == FIELDS[body]
    assert (by_protoc(tmp_path, "p.proto") == {}) == FIELDS[body]
