"""What the schema loader makes of correct files. Foreign files and the Chaukas schema have tests of their own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from codegen.message_rules import default_json_name
from codegen.model import SCALARS, Field, Position
from codegen.schema_loader import load_schema
from tests.codegen.snippets import HEAD, load_body, load_text, write


def test_a_root_does_not_shadow_what_is_bundled(tmp_path: Path) -> None:
    write(tmp_path, {"google/protobuf/any.proto": "nonsense"})

    schema = load_body(tmp_path, 'import "google/protobuf/any.proto"; message M { google.protobuf.Any a = 1; }')

    assert schema.file_of["google.protobuf.Any"] == "google/protobuf/any.proto"


# -- files


def test_files_are_in_order_of_their_imports(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        'import "a.proto"; import weak "b.proto"; import public "c.proto"; message T { A a = 1; B b = 2; C c = 3; }',
        a='import "c.proto"; message A { C c = 1; }',
        b='import "a.proto"; message B { A a = 1; }',
        c="message C {}",
    )

    assert list(schema.files) == ["c.proto", "a.proto", "b.proto", "t.proto"]
    assert schema.files["t.proto"].imports == ("a.proto", "b.proto", "c.proto")
    assert schema.file_of == {"A": "a.proto", "B": "b.proto", "C": "c.proto", "T": "t.proto"}


def test_public_imports_are_passed_on(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        'import "a.proto"; message M { x.B b = 1; }',
        a='import public "c.proto";',
        c='import public "b.proto";',
        b="package x; message B {}",
    )

    assert schema.messages["M"].fields[0].type_name == "x.B"


def test_the_first_root_that_has_a_file_counts(tmp_path: Path) -> None:
    write(tmp_path, {"1/a.proto": HEAD + "message First {}", "2/a.proto": "nonsense", "2/b.proto": HEAD})

    schema = load_schema(["a.proto", "b.proto", "a.proto"], [tmp_path / "1", tmp_path / "2"])

    assert list(schema.files) == ["a.proto", "b.proto"]
    assert list(schema.messages) == ["First"]


def test_long_chain_of_imports(tmp_path: Path) -> None:
    files = {f"f{i}.proto": HEAD + f'import "f{i + 1}.proto";' for i in range(300)}
    write(tmp_path, {**files, "f300.proto": HEAD})

    assert len(load_schema(["f0.proto"], [tmp_path]).files) == 301


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEAD + "message M {}",
        HEAD.replace("\n", "\r\n") + "\r\nmessage M {\r\n}\r\n",
        HEAD + "message M {} // the end",
        HEAD + "message\fM\t{}\v",
        HEAD + "// goes on behind\ra carriage return\nmessage M {}",
        HEAD + "message\rM // no\r\r\n{\v\f}",
        HEAD + "option java_package = 'a\rb\v\"'; message M {}",
        "// first\n/* second */ syntax = 'proto3' ; ; ; message M { ; ; } ;",
        "syntax = 'pro' \"to3\"; message M {}",
        'syntax = "\\x70roto\\63"; message M {}',
    ],
)
def test_ways_to_write_a_file(tmp_path: Path, text: str) -> None:
    assert list(load_text(tmp_path, text).messages) == ["M"]


# -- fields


def fields_of(root: Path, body: str, rest: str = "") -> dict[str, Field]:
    schema = load_body(root, f"message M {{ {body} }} {rest}")
    return {field.name: field for field in schema.messages["M"].fields}


def test_all_scalars(tmp_path: Path) -> None:
    kinds = sorted(SCALARS)
    fields = fields_of(tmp_path, " ".join(f"{kind} f{i} = {i + 1};" for i, kind in enumerate(kinds)))

    assert [field.kind for field in fields.values()] == kinds


def test_a_field_in_full(tmp_path: Path) -> None:
    schema = load_text(
        tmp_path, HEAD + "package p;\nmessage M {\n  // Doc.\n  repeated E e_x = 0x10;\n}\nenum E { A = 0; }"
    )

    assert schema.messages["p.M"].fields == (
        Field(
            name="e_x",
            number=16,
            kind="enum",
            label="repeated",
            json_name="eX",
            doc="Doc.",
            position=Position("t.proto", 5, 14),
            type_name="p.E",
            packed=True,
        ),
    )


def test_labels_oneofs_and_maps(tmp_path: Path) -> None:
    fields = fields_of(
        tmp_path,
        "int32 a = 1; optional int32 b = 2; repeated M c = 3; optional M d = 4; "
        "oneof o { string e = 5; .M f = 6; } map<fixed64, E> g = 7; map<bool, bytes> h = 8;",
        "enum E { Z = 0; }",
    )

    assert {name: field.label for name, field in fields.items()} == {
        **dict.fromkeys("aef", "singular"),
        **dict.fromkeys("bd", "optional"),
        "c": "repeated",
        **dict.fromkeys("gh", "map"),
    }
    assert {name: field.oneof for name, field in fields.items() if field.oneof} == {"e": "o", "f": "o"}
    assert [(f.key_kind, f.kind, f.type_name) for f in (fields["g"], fields["h"])] == [
        ("fixed64", "enum", "E"),
        ("bool", "bytes", None),
    ]


def test_oneofs_and_nesting(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path, "message M { oneof o { int32 a = 2; M b = 1; } int32 c = 3; oneof p { M d = 4; } enum E { A = 0; } }"
    )

    assert [(oneof.name, oneof.fields) for oneof in schema.messages["M"].oneofs] == [("o", ("a", "b")), ("p", ("d",))]
    assert [field.name for field in schema.messages["M"].fields] == ["a", "b", "c", "d"]
    assert list(schema.enums) == ["M.E"]


def test_packed(tmp_path: Path) -> None:
    fields = fields_of(
        tmp_path,
        "repeated int32 a = 1; repeated int32 b = 2 [packed = false]; repeated E c = 3 [packed = true]; "
        "repeated string d = 4 [packed = false]; repeated M e = 5; int32 f = 6 [packed = false]; repeated bytes g = 7;",
        "enum E { Z = 0; }",
    )

    assert [name for name, field in fields.items() if field.packed] == ["a", "c"]


KEYWORDS = (
    "syntax edition import weak public package option inf nan repeated optional required bool string bytes float "
    "double int32 group oneof map extensions to max reserved enum message extend service rpc stream returns true"
)


def test_keywords_are_names(tmp_path: Path) -> None:
    words = KEYWORDS.split()
    fields = fields_of(tmp_path, " ".join(f"int32 {word} = {i + 1};" for i, word in enumerate(words)))
    schema = load_body(
        tmp_path,
        "".join(f"message {word} {{ enum E {{ A = 0; }} }}" for word in words if word not in SCALARS)
        + "service option_ { rpc rpc (stream stream) returns (stream .message); }"
        + "message M { stream a = 1; rpc b = 2; optional message c = 3; }",
    )

    assert list(fields) == words
    assert [field.type_name for field in schema.messages["M"].fields] == ["stream", "rpc", "message"]
    method = schema.files["t.proto"].services[0].methods[0]
    assert (method.input_type, method.output_type) == ("stream", "message")


def test_deprecated(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        "option deprecated = true; message M { option deprecated = true; int32 a = 1 [deprecated = true]; }"
        "enum E { option deprecated = true; A = 0 [deprecated = true]; B = 1 [deprecated = false]; }"
        "service S { option deprecated = true; rpc A (M) returns (M) { option deprecated = true; } "
        "rpc B (M) returns (M); }",
    )
    service = schema.files["t.proto"].services[0]

    assert schema.messages["M"].deprecated
    assert schema.messages["M"].fields[0].deprecated
    assert schema.enums["E"].deprecated
    assert [value.deprecated for value in schema.enums["E"].values] == [True, False]
    assert service.deprecated
    assert [method.deprecated for method in service.methods] == [True, False]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("foo_bar", "fooBar"),
        ("fooBar", "fooBar"),
        ("_foo", "Foo"),
        ("foo_", "foo"),
        ("a__b", "aB"),
        ("a1_2c", "a12c"),
        ("Foo_Bar", "FooBar"),
        ("URL", "URL"),
    ],
)
def test_default_json_name(name: str, expected: str) -> None:
    """Expected values are those that protoc gives."""
    assert default_json_name(name) == expected


def test_custom_json_name(tmp_path: Path) -> None:
    fields = fields_of(tmp_path, 'int32 a = 1 [json_name = "@" "t\\x79pe"]; int32 b = 2 [json_name = ""];')

    assert [field.json_name for field in fields.values()] == ["@type", ""]


def test_json_conflicts_that_are_allowed(tmp_path: Path) -> None:
    fields = fields_of(
        tmp_path, "option deprecated_legacy_json_field_conflicts = true; int32 foo_bar = 1; int32 fooBar = 2;"
    )

    assert [field.json_name for field in fields.values()] == ["fooBar", "fooBar"]


def test_reservations_that_are_kept(tmp_path: Path) -> None:
    fields = fields_of(tmp_path, 'reserved 2, 9 to 11, 40 to max; reserved "foo", "b" "ar"; int32 a = 1; int32 b = 39;')

    assert list(fields) == ["a", "b"]


# -- enums and services


def test_enum_values(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        "enum E { option allow_alias = true; reserved -9 to -5, 7 to max; A = -0; B = 1; C = 0x1; D = -017; "
        "F = -2147483648; }",
    )

    assert [(value.name, value.number) for value in schema.enums["E"].values] == [
        ("A", 0),
        ("B", 1),
        ("C", 1),
        ("D", -15),
        ("F", -(2**31)),
    ]


def test_streaming(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        "message M {} service S { rpc A (M) returns (M); rpc B (stream M) returns (M) {}; "
        "rpc C (M) returns (stream M) { ; } rpc D (stream .M) returns (stream .M); }",
    )
    methods = schema.files["t.proto"].services[0].methods

    assert [(m.client_streaming, m.server_streaming) for m in methods] == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
    ]
    assert {dataclasses.astuple(m)[1:3] for m in methods} == {("M", "M")}


# -- options and extensions


def test_custom_options_change_nothing(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        'import "google/protobuf/descriptor.proto"; import "google/protobuf/any.proto";'
        "option (g) = { any { [type.googleapis.com/O] { d: 1 } } };"
        "message O { double d = 1; repeated O o = 2; }"
        "extend google.protobuf.FieldOptions { optional O o = 50000; repeated google.protobuf.FileOptions f = 50001; }"
        "message F { O x = 1; google.protobuf.Any any = 2; }"
        "extend google.protobuf.FileOptions { F file = 50002; F g = 50003; }"
        "extend .google.protobuf.EnumValueOptions { string s = 50000; }"
        "option (file).x.d = -inf;"
        "message M {"
        "  extend google.protobuf.MessageOptions { string inner = 50002; }"
        '  option (M.inner) = "a" "\\xff";'
        "  int32 a = 1 [(o) = { d: -1.5e3, o { } o: [ { d: nan }, < d: 16 > ]; }, deprecated = true];"
        "}",
    )

    assert [field.name for field in schema.messages["M"].fields] == ["a"]
    assert schema.messages["M"].fields[0].deprecated
    assert schema.files["t.proto"].imports == ("google/protobuf/any.proto",)
    assert list(schema.files) == ["google/protobuf/any.proto", "t.proto"]


@pytest.mark.parametrize(
    "aggregate",
    [
        "{#\n}",
        '{ o: 1 # one\n o: 2 # "two" { ] ; ( }\n }',
        "{ a { b: 1 } # the last\n }",
        "{ a < b: 1 > /* # */ // #\n c: '#' }",
        "{ o: 1 # $ @ ` ?\n }",
        "/* a comment */ // and another\n { # {} { = }\n }",
    ],
)
def test_comments_in_aggregates_begin_with_a_hash(tmp_path: Path, aggregate: str) -> None:
    """Each reaches to the end of the aggregate, as for protoc."""
    schema = load_body(
        tmp_path,
        'import "google/protobuf/descriptor.proto";'
        "message X { repeated int32 o = 1; X a = 2; int32 b = 3; string c = 4; }"
        "extend google.protobuf.MessageOptions { X x = 50000; }"
        "extend google.protobuf.FieldOptions { X z = 50001; int32 y = 50002; }"
        f"message M {{ option (x) = {aggregate}; int32 a = 1 [(z) = {aggregate}, (y) = 1]; int32 b = 2; }}",
    )
    fields = [field.name for field in schema.messages["M"].fields]

    assert fields == ["a", "b"]


def test_known_options_with_good_values(tmp_path: Path) -> None:
    load_body(
        tmp_path,
        "option java_package = \"a\" 'b'; option optimize_for = CODE_SIZE; option cc_enable_arenas = false;"
        "message M { int64 a = 1 [jstype = JS_STRING, targets = TARGET_TYPE_FILE, targets = TARGET_TYPE_FIELD]; }"
        "service S { rpc A (M) returns (M) { option idempotency_level = NO_SIDE_EFFECTS; } }",
    )


# -- names


@pytest.mark.parametrize(
    ("package", "written", "expected"),
    [
        ("a.b.c", "X", "a.b.X"),
        ("a.b.c", "b.X", "a.b.X"),
        ("a.b.c", "a.b.X", "a.b.X"),
        ("a.b.c", ".a.b.X", "a.b.X"),
        ("a.b", "X", "a.b.X"),
        ("a.b", "M.X", "a.b.M.X"),
        ("a.b", ".X", "X"),
        ("z", "X", "X"),
    ],
)
def test_scopes(tmp_path: Path, package: str, written: str, expected: str) -> None:
    inner = "message X {}" if written == "M.X" else ""
    schema = load_body(
        tmp_path,
        f'package {package}; import "a.proto"; import "b.proto"; message M {{ {inner} {written} x = 1; }}',
        a="package a.b; message X {}",
        b="message X {}",
    )

    assert schema.messages[f"{package}.M"].fields[0].type_name == expected


def test_the_innermost_scope_counts(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        "message X {} message A { message X {} message B { message X {} X x = 1; A.X y = 2; .X z = 3; } X w = 1; }",
    )

    assert [field.type_name for field in schema.messages["A.B"].fields] == ["A.B.X", "A.X", "X"]
    assert schema.messages["A"].fields[0].type_name == "A.X"


def test_what_is_no_scope_or_no_type_is_passed_over(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        "message A { int32 B = 1; B.C c = 2; B b = 3; enum F { D = 0; } D d = 4; } "
        "message B { message C {} } message D {}",
    )

    assert [field.type_name for field in schema.messages["A"].fields[1:]] == ["B.C", "B", "D"]


def test_a_package_that_is_not_visible_is_no_scope(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        'package a.b; import "c.proto"; import "e.proto"; message M { d.X x = 1; }',
        c='import "f.proto";',
        f="package a.d;",
        e="package d; message X {}",
    )

    assert schema.messages["a.b.M"].fields[0].type_name == "d.X"
