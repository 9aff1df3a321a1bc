"""Each kind of mistake in what is declared: its exact place and its exact message. Syntax has its own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.errors import SchemaErrors
from codegen.schema_loader import load_schema
from tests.codegen.snippets import HEAD, case, mistakes, write

ALIAS = "aliases need option allow_alias = true;"
VALUES_SCOPE = "(enum values share the scope that their enum stands in)"


TYPES = {
    "undefined": case("message M { ^Foo a = 1; }", '"Foo" is not defined'),
    "undefined, one near": case(
        "package p;\nmessage Invocation {}\nmessage M { ^Invocaton a = 1; }",
        '"Invocaton" is not defined; did you mean "p.Invocation"?',
    ),
    "undefined, every use": case(
        "message M { ^Foo a = 1; repeated ^Foo b = 2; map<string, ^Foo> c = 3; oneof o { ^.p.Foo d = 4; } }",
        '"Foo" is not defined',
        '"Foo" is not defined',
        '"Foo" is not defined',
        '"p.Foo" is not defined',
    ),
    "undefined in rpc": case(
        "message M {}\nservice S { rpc A (^Q) returns (stream ^R); }", '"Q" is not defined', '"R" is not defined'
    ),
    "not imported": case(
        'import "a.proto";\nmessage M { ^b.B x = 1; }',
        '"b.B" is defined in b.proto, which is not imported',
        a='import "b.proto";',
        b="package b; message B {}",
    ),
    "well-known type not imported": case(
        "message M { ^google.protobuf.Timestamp t = 1; }",
        '"google.protobuf.Timestamp" is defined in google/protobuf/timestamp.proto, which is not imported',
    ),
    "inner scope decides": case(
        'package a.b;\nimport "a.proto";\nmessage M { ^b.X x = 1; }',
        '"b.X" is looked up as "a.b.X", which is not defined: the innermost scope that has "b" decides; '
        'write ".b.X" to start from the outermost',
        a="package b; message X {}",
    ),
    "service as type": case("service S {}\nmessage M { ^S a = 1; }", '"S" is a service, not a type'),
    "enum value as type": case("enum E { A = 0; }\nmessage M { ^A a = 1; }", '"A" is an enum value, not a type'),
    "map entry as type": case(
        "message M { map<string, int32> foo = 1; ^FooEntry b = 2; }",
        '"FooEntry" is a map entry (M.FooEntry), not a type',
    ),
    "enum as request": case(
        "enum E { A = 0; }\nmessage M {}\nservice S { rpc A (^E) returns (M); }", '"E" is an enum, not a message'
    ),
    "scalar as response": case(
        "message M {}\nservice S { rpc A (M) returns (^string); }", '"string" is a scalar type, not a message'
    ),
    "method hides message": case(
        "message Foo {}\nservice S { rpc Foo (^Foo) returns (.Foo); }", '"Foo" is a method (S.Foo), not a message'
    ),
    "map key": case(
        "enum E { A = 0; }\nmessage M {\n  map<^double, M> a = 1;\n  map<^bytes, M> b = 2;\n  map<^.E, M> c = 3;\n}",
        'a map key is an integer type, bool or string, not "double"',
        'a map key is an integer type, bool or string, not "bytes"',
        'a map key is an integer type, bool or string, not ".E"',
    ),
    "map of maps": case("message M { map<int32, map^<int32, int32>> a = 1; }", 'expected ">" before "<"'),
    "label on map": case(
        "message M { ^repeated map<int32, int32> a = 1; ^optional map<int32, int32> b = 2; }",
        'a map field takes no label: leave out "repeated"',
        'a map field takes no label: leave out "optional"',
    ),
    "label in oneof": case(
        "message M { oneof o { ^repeated int32 a = 1; ^optional M b = 2; ^required M c = 3; } }",
        'a field of a oneof takes no label: leave out "repeated"',
        'a field of a oneof takes no label: leave out "optional"',
        'a field of a oneof takes no label: leave out "required"',
    ),
    "map in oneof": case(
        "message M { oneof o { ^map<int32, M> a = 1; } }",
        "a oneof cannot hold a map: put the map into a message of its own",
    ),
    "empty oneof": case("message M { oneof ^o {} }", 'the oneof "o" has no fields'),
    "packed string": case(
        "message M { repeated string a = 1 [^packed = true]; int32 b = 2 [^packed = true]; }",
        "only repeated numbers, bools and enums can be packed",
        "only repeated numbers, bools and enums can be packed",
    ),
}

NAMES = {
    "message": case("message A {}\nmessage ^A {}", '"A" is already declared, at line 2'),
    "message and service": case("service A {}\nmessage ^A {}", '"A" is already declared, at line 2'),
    "message in another file": case(
        'package p;\nimport "a.proto";\nmessage ^X {}',
        '"X" is already declared in "p", at a.proto, line 3',
        a="package p;\nmessage X {}",
    ),
    "field": case("message M {\n  int32 a = 1;\n  string ^a = 2;\n}", '"a" is already declared in "M", at line 3'),
    "field and nested message": case(
        "message M {\n  int32 a = 1;\n  message ^a {}\n}", '"a" is already declared in "M", at line 3'
    ),
    "field and oneof": case("message M { oneof o { int32 ^o = 1; } }", '"o" is already declared in "M", at line 2'),
    "oneof": case(
        "message M { oneof o { int32 a = 1; } oneof ^o { int32 b = 2; } }", '"o" is already declared in "M", at line 2'
    ),
    "enum value": case("enum E { A = 0; ^A = 1; }", f'"A" is already declared, at line 2 {VALUES_SCOPE}'),
    "enum value of another enum": case(
        "message M {\n  enum A { X = 0; }\n  enum B { ^X = 0; }\n}",
        f'"X" is already declared in "M", at line 3 {VALUES_SCOPE}',
    ),
    "method": case(
        "message A {}\nservice S {\n  rpc a (A) returns (A);\n  rpc ^a (A) returns (A);\n}",
        '"a" is already declared in "S", at line 4',
    ),
    "package": case(
        'package ^a.b;\nimport "a.proto";',
        'the package "a" has the name of a message declared at a.proto, line 2',
        a="message a {}",
    ),
    "message with the name of a package": case(
        'import "a.proto";\nmessage ^p {}', '"p" is already declared, at a.proto, line 2', a="package p.q;"
    ),
    "map entry": case(
        "message M {\n  message FooBarEntry {}\n  map<int32, int32> ^foo_bar = 1;\n}",
        'this map field needs the name "FooBarEntry" for its entries, which is already declared at line 3',
    ),
}

NUMBERS = {
    "twice": case(
        "message M {\n  int32 a = 1;\n  oneof o { int32 b = ^1; }\n}", 'the number 1 is already that of "a", at line 3'
    ),
    "zero": case("message M { int32 a = ^0; }", "field numbers lie in 1 to 536870911"),
    "too large": case("message M { int32 a = ^536870912; }", "field numbers lie in 1 to 536870911"),
    "much too large": case("message M { int32 a = ^" + "9" * 5000 + "; }", "field numbers lie in 1 to 536870911"),
    "protobuf's own": case(
        "message M { int32 a = ^19000; int32 b = ^19999; int32 c = 18999; int32 d = 20000; }",
        "the numbers 19000 to 19999 are reserved for protobuf itself",
        "the numbers 19000 to 19999 are reserved for protobuf itself",
    ),
    "reserved": case(
        "message M {\n  reserved 1, 5 to 7, 100 to max;\n  int32 a = ^1;\n  int32 b = ^6;\n  int32 c = ^1000;\n}",
        "the number 1 is reserved at line 3",
        "the number 6 is reserved at line 3",
        "the number 1000 is reserved at line 3",
    ),
    "reserved name": case(
        'message M {\n  int32 ^foo = 1;\n  reserved "foo", "bar";\n}', 'the name "foo" is reserved at line 4'
    ),
    "reserved ranges overlap": case(
        "message M {\n  reserved 2 to 5;\n  reserved ^5, ^1 to 3, 7;\n}",
        "5 overlaps 2 to 5, reserved at line 3",
        "1 to 3 overlaps 2 to 5, reserved at line 3",
    ),
    "reserved range backwards": case("message M { reserved ^5 to 3; }", "the range 5 to 3 ends before it starts"),
    "reserved zero": case("message M { reserved ^0; }", "a reserved field number lies in 1 to 2147483647"),
    "reserved name twice": case(
        'message M { reserved "a", ^"a"; }', 'the field name "a" is already reserved at line 2'
    ),
}

ENUMS = {
    "no values": case("enum ^E {}", 'the enum "E" has no values'),
    "first not zero": case("enum E { A = ^1; B = 0; }", 'the first value of an enum is zero: "A" is not'),
    "number twice": case("enum E { A = 0; B = ^0; }", f'the number 0 is already that of "A", at line 2; {ALIAS}'),
    "too large": case(
        "enum E { A = 0; B = ^2147483648; C = ^-2147483649; D = -2147483648; }",
        "enum numbers lie in -2147483648 to 2147483647",
        "enum numbers lie in -2147483648 to 2147483647",
    ),
    "alias without need": case(
        "enum E { option ^allow_alias = true; A = 0; }",
        "allow_alias is set, but no two values share a number: leave it out",
    ),
    "no alias without need": case(
        "enum E { option ^allow_alias = false; A = 0; }", "allow_alias = false has no effect: leave it out"
    ),
    "reserved": case(
        'enum E {\n  reserved -5 to -1, 9 to max;\n  reserved "Z";\n  A = 0;\n  B = ^-3;\n  C = ^10;\n  ^Z = 1;\n}',
        "the number -3 is reserved at line 3",
        "the number 10 is reserved at line 3",
        'the name "Z" is reserved at line 4',
    ),
    "reserved ranges overlap": case(
        "enum E { A = 0; reserved -5 to -3, ^-4 to -1; }", "-4 to -1 overlaps -5 to -3, reserved at line 2"
    ),
    "reserved name twice": case(
        'enum E { A = 0; reserved "B", ^"B"; }', 'the enum value name "B" is already reserved at line 2'
    ),
    "same but for case and prefix": case(
        "enum Foo { FOO_BAR = 0; ^bar = 1; }",
        '"bar" is the same as "FOO_BAR", at line 2, but for case and the name of the enum in front',
    ),
}

JSON = {
    "default names": case(
        "message M {\n  int32 foo_bar = 1;\n  int32 ^fooBar = 2;\n}",
        'the default JSON name "fooBar" of "fooBar" is also that of "foo_bar", at line 3',
    ),
    "default names, though one has another": case(
        'message M {\n  int32 foo_bar = 1 [json_name = "x"];\n  int32 ^fooBar = 2;\n}',
        'the default JSON name "fooBar" of "fooBar" is also that of "foo_bar", at line 3',
    ),
    "custom names": case(
        'message M {\n  int32 a = 1 [json_name = "x"];\n  int32 b = 2 [json_name = ^"x"];\n}',
        'the JSON name "x" of "b" is also that of "a", at line 3',
    ),
    "custom and default": case(
        'message M {\n  int32 a = 1 [json_name = "x"];\n  int32 ^x = 2;\n}',
        'the JSON name "x" of "x" is also that of "a", at line 3',
    ),
    "like an extension": case(
        'message M { int32 a = 1 [json_name = ^"[a]"]; }', 'the JSON name "[a]" reads like that of an extension'
    ),
    "null character": case(
        'message M { int32 a = 1 [json_name = ^"a\\0b"]; }', "a JSON name cannot hold a null character"
    ),
}

OPTIONS = {
    "misspelt": case(
        "message M { int32 a = 1 [^depreacted = true]; }",
        'a field has no option "depreacted"; did you mean "deprecated"?',
    ),
    "unknown": case(
        "option ^foo.bar = 1;", 'a file has no option "foo.bar"; custom options are written in parentheses'
    ),
    "twice": case(
        "message M { int32 a = 1 [deprecated = true, ^deprecated = false]; }",
        'the option "deprecated" is already set at line 2',
    ),
    "no boolean": case(
        'enum E { option deprecated = ^1; A = 0 [deprecated = ^"true"]; }',
        'the option "deprecated" takes true or false',
        'the option "deprecated" takes true or false',
    ),
    "no string": case("message M { int32 a = 1 [json_name = ^b]; }", 'the option "json_name" takes a string'),
    "no such value": case(
        "option optimize_for = ^FAST;", 'the option "optimize_for" takes SPEED or CODE_SIZE or LITE_RUNTIME'
    ),
    "map entry": case("message M { option ^map_entry = true; }", "map_entry cannot be set: use map<key, value>"),
    "every owner": case(
        "message M { option ^x = 1; oneof o { option ^x = 1; int32 a = 1; } }\n"
        "enum E { option ^x = 1; A = 0 [^x = 1]; }\n"
        "service S { option ^x = 1; rpc R (M) returns (M) { option ^x = 1; } }",
        'a message has no option "x"; custom options are written in parentheses',
        'a oneof has no option "x"; custom options are written in parentheses',
        'an enum has no option "x"; custom options are written in parentheses',
        'an enum value has no option "x"; custom options are written in parentheses',
        'a service has no option "x"; custom options are written in parentheses',
        'a method has no option "x"; custom options are written in parentheses',
    ),
}

IMPORTS = {
    "twice": case('import "a.proto";\nimport ^"a.proto";', '"a.proto" is already imported at line 2', a=""),
    "itself": case('import ^"t.proto";', "import cycle: t.proto -> t.proto"),
    **{
        f"path {path!r}": case(
            f'import ^"{path}";',
            f'the path "{path}" is not relative to a root, with forward slashes and without "." and ".."',
        )
        for path in ("../a.proto", "./a.proto", "/a.proto", "x//a.proto", "", "x/")
    },
}

CASES = {
    f"{group}: {name}": each
    for group, cases in {
        "types": TYPES,
        "names": NAMES,
        "numbers": NUMBERS,
        "enums": ENUMS,
        "json": JSON,
        "options": OPTIONS,
        "imports": IMPORTS,
    }.items()
    for name, each in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_mistake(tmp_path: Path, name: str) -> None:
    each = CASES[name]

    assert mistakes(tmp_path, each.text(), **each.others) == each.expected()


def test_missing_import_names_the_roots_and_hides_its_consequences(tmp_path: Path) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    write(roots[1], {"t.proto": HEAD + 'import "gone.proto";\nmessage M { gone.Type a = 1; int32 b = 0; }'})

    with pytest.raises(SchemaErrors) as caught:
        load_schema(["t.proto"], roots)

    assert str(caught.value) == (
        f't.proto:2:8: there is no file "gone.proto"; looked in: {roots[0]}, {roots[1]}\n'
        "t.proto:3:40: field numbers lie in 1 to 536870911"
    )


def test_missing_file_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SchemaErrors) as caught:
        load_schema(["gone.proto"], [])

    assert str(caught.value) == (
        'gone.proto:1:1: there is no file "gone.proto"; looked in: nowhere, since no root was given'
    )


def test_import_cycle_is_printed(tmp_path: Path) -> None:
    found = mistakes(tmp_path, HEAD + 'import "a.proto";', a='import "b.proto";', b='\nimport "a.proto";')

    assert found == [
        "b.proto:3:8: import cycle: a.proto -> b.proto -> a.proto (imported at a.proto:2:8, from t.proto:2:8)"
    ]


def test_every_file_is_reported_sorted_by_place(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        HEAD + 'import "a.proto";\nimport "b.proto";\nmessage M {\n  Foo a = 1;\n  B b = 1;\n}',
        a="message A { string a 1; }\nmessage B {}",
        b="enum E { A = 1; }",
    )

    assert found == [
        'a.proto:2:22: expected "=" before "1" (imported at t.proto:2:8)',
        f'b.proto:2:10: "A" is already declared, at a.proto, line 2 {VALUES_SCOPE} (imported at t.proto:3:8)',
        'b.proto:2:14: the first value of an enum is zero: "A" is not',
        't.proto:5:3: "Foo" is not defined',
        't.proto:6:9: the number 1 is already that of "a", at line 5',
    ]
