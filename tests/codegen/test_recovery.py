"""All mistakes in one run: a syntax error or a missing file hides no others, and causes no false ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.errors import SchemaErrors
from tests.codegen.snippets import HEAD, case, load_text, mistakes

OCTAL = "a number that begins with 0 is octal, and has no digits 8 and 9"
RANGE = "field numbers lie in 1 to 536870911"
NO_B = 'there is no file "b.proto"; looked in: '

FOUND = {
    "in the same message": case(
        "message M {\n  int32 a ^1;\n  int32 b = ^0;\n  ^Foo c = 3;\n  int32 ^b = 4;\n}",
        'expected "=" before "1"',
        RANGE,
        '"Foo" is not defined',
        '"b" is already declared in "M", at line 4',
    ),
    "in other statements": case(
        "option java_package = ^1x;\nmessage M { ^Foo a = 1; }\nenum E { A = 0; B = ^3000000000; C^; }\n"
        "service S { rpc R (X) ^(M); }",
        '"1x" begins like a number but is none',
        '"Foo" is not defined',
        "enum numbers lie in -2147483648 to 2147483647",
        'expected "=" before ";"',
        'unexpected "(" after ")"',
    ),
    "many syntax errors, near each other": case(
        "message M {\n  int32 a ^1;\n  int32 b ^2;\n  message ^{ int32 c = 1; }\n"
        "  oneof o { int32 d = 4; ^; }\n  int32 e = ^0;\n}",
        *['expected "=" before "1"', 'expected "=" before "2"', 'expected a name before "{"'],
        'expected a name or "." or "}" before ";"',
        RANGE,
    ),
    "after a block": case(
        "message M {\n  mesage N ^{ int32 a = 1; int32 b = 2; }\n  int32 c = ^0;\n}\n"
        "^mesage O { int32 a = 1; }\nmessage P { ^Foo a = 1; }",
        'expected "=" before "{"',
        RANGE,
        'unexpected "mesage" after "}"',
        '"Foo" is not defined',
    ),
    "without its semicolon": case(
        'import "a.proto"\n^package p;\nmessage M {\n  int32 a = ^0\n  ^int32 b = 2;\n  A c = ^2 ^}',
        'expected ";" before "package"',
        RANGE,
        'expected ";" or "[" before "int32"',
        'the number 2 is already that of "b", at line 6',
        'expected ";" or "[" before "}"',
        a="message A {}",
    ),
    "a syntax line without its semicolon": case("message M { int32 a = ^0; }", RANGE, head='syntax = "proto3";\n;'),
    "before a message that is not closed": case(
        "message M { int32 a = ^0; }\nmessage N {\n  int32 a^;\n  message O {\n}\n"
        "service S { rpc R (M) returns (M); }\nimport 'a.proto';\n^",
        RANGE,
        'expected "=" before ";"',
        'the file ends before the "{" of line 3 is closed',
    ),
    "after a string that does not end": case(
        "option java_package = ^'x;\nmessage M { int32 a = ^0; }", "this string does not end on its line", RANGE
    ),
    **{
        f"after a string that swallows {swallowed}": case(
            f"message A {{ message B {{ option java_package = ^'x{swallowed}\nmessage M {{ int32 a = ^0; }}",
            "this string does not end on its line",
            RANGE,
        )
        for swallowed in ("; } }", " ; {} } }", "{ a; } } }\t", "{}{}{} }}\v")
    },
    "after too many brackets": case(
        "option (x) = " + "{a:" * 48 + "^{" + "}" * 49 + ";\nmessage M { int32 a = ^0; }",
        "nested deeper than 48 brackets",
        RANGE,
    ),
    "imports": case(
        'import ^"b.proto";\nimport "a.proto";\nimport ^"a.proto";\nmessage M { int32 a^; }',
        NO_B,
        '"a.proto" is already imported at line 3',
        'expected "=" before ";"',
        a="",
    ),
    "an import cycle": case(
        'import ^"t.proto";\nmessage M { int32 a^; }', "import cycle: t.proto -> t.proto", 'expected "=" before ";"'
    ),
    "proto2": case(
        'syntax = ^"proto2";\nimport ^"b.proto";\nmessage M { optional int32 a^; required int32 b = ^0; }',
        'nothing is generated for proto2 files, which only serve for options: write syntax = "proto3";',
        NO_B,
        'expected "=" before ";"',
        "field numbers lie in 1 to 536870911",
        head="",
    ),
    "no syntax line": case(
        '^import ^"b.proto";\nmessage M { optional int32 a^; required int32 b = ^0; }',
        'there is no syntax line, which makes this a proto2 file: begin with syntax = "proto3";',
        NO_B,
        'expected "=" before ";"',
        "field numbers lie in 1 to 536870911",
        head="",
    ),
    "editions": case(
        'edition = ^"2024";\nimport ^"b.proto";\nimport option "c.proto";\nexport message M { int32 a = 0; }',
        'edition "2024" is not supported: write edition = "2023"; or syntax = "proto3";',
        NO_B,
        head="",
    ),
    "a brace too many": case(
        'import ^"b.proto";\nmessage M {\n  int32 a = 1; }\n  ^int32 b = 0;\n  Foo c = 3;\n}\n'
        "message N { int32 a^; Foo b = 0; }",
        NO_B,
        'unexpected "int32" after "}"',
        'expected "=" before ";"',
    ),
}

HIDDEN = {
    "a name in what is left out": case(
        "^mesage Foo { message Bar {} }\nmessage M { Foo a = 1; Foo.Bar b = 2; .Foo c = 3; Bar d = 4; }",
        'unexpected "mesage" after ";"',
    ),
    "a name of what has none": case("message M { enum ^{ A = 0; } E e = 1; M.E f = 2; }", 'expected a name before "{"'),
    "a name in an imported file": case(
        'import "a.proto";\nmessage M { p.Foo a = 1; ^p.Bar b = 2; }',
        '"p.Bar" is not defined',
        a="package p; option (x) = ; mesage Foo { message Baz {} }",
    ),
    "a package": case("^packge p;\nmessage M { .p.M a = 1; }", 'unexpected "packge" after ";"'),
    "an import": case(
        "import ^a.proto;\nmessage M { Foo a = 1; }", 'expected "weak" or "public" or a string before "a"'
    ),
    "a kind": case(
        "enum E { A = 0; }\nmessage M { mesage E ^{} E e = 1 [lazy = true]; repeated E f = 2 [packed = true]; }",
        'expected "=" before "{"',
    ),
    "values of an enum": case(
        "enum E { A ^0; B = 1; C = 1; }\nenum F { option allow_alias ^; A1 = 0; B1 = 0; }\nenum G { A2^; }",
        *['expected "=" before "0"', 'expected "=" before ";"', 'expected "=" before ";"'],
    ),
    "fields of a oneof": case("message M { oneof o { int32 a^; } }", 'expected "=" before ";"'),
    "an option": case(
        "message M { option deprecated_legacy_json_field_conflicts ^; int32 a_b = 1; int32 aB = 2; }",
        'expected "=" before ";"',
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_found(tmp_path: Path, name: str) -> None:
    each = FOUND[name]

    found = [line.replace(f"{NO_B}{tmp_path}", NO_B) for line in mistakes(tmp_path, each.text(), **each.others)]

    assert found == each.expected()


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_uncertain(tmp_path: Path, name: str) -> None:
    each = HIDDEN[name]

    found = [line for line in mistakes(tmp_path, each.text(), **each.others) if line.startswith("t.proto")]

    assert found == each.expected()


def test_what_a_missing_file_cannot_declare_is_found(tmp_path: Path) -> None:
    body = (
        'package p.q;\nimport "gone.proto";\nmessage M {\n  enum E { A = 0; }\n  M.Foo a = 1;\n  .p.q.M.Foo b = 2;\n'
        "  Foo c = 3;\n  p.Foo d = 4;\n  x.Foo e = 5;\n  E f = 6 [lazy = true];\n  E.Foo g = 7;\n"
        "  google.protobuf.Any h = 8;\n  A i = 9;\n}"
    )
    assert [line.split(": ", 1)[0] for line in mistakes(tmp_path, HEAD + body)] == [
        f"t.proto:{place}" for place in ("3:8", "6:3", "7:3", "11:12", "12:3")
    ]


VALID = """syntax = "proto3";
package p.q;
import "a.proto";
import "google/protobuf/descriptor.proto";
option java_package = "x" 'y';
option (opt) = { x: 1 d { b { i: INNER_ONE } } };
message Alpha {
  reserved 100 to 110, 200;
  reserved "zz";
  option deprecated = true;
  enum Inner {
    INNER_ZERO = 0;
    INNER_ONE = 1 [deprecated = true];
    reserved 7;
  }
  message Deep { Beta b = 1; Gamma c = 2; }
  map<string, Inner> m = 1 [deprecated = true];
  oneof choice {
    int32 x = 2;
    Deep y = 3;
  }
  repeated int32 n = 5 [packed = false];
  optional other.Thing t = 6;
  Alpha.Deep d = 7;
}
message Beta { Alpha.Inner i = 3; }
enum Gone { GONE_ZERO = 0; GONE_ONE = 1; }
message Gamma { Gone g = 1; oneof one { Alpha a = 2; } }
extend google.protobuf.FileOptions {
  Alpha opt = 50000;
}
service Svc {
  option deprecated = true;
  rpc Get (Alpha) returns (stream Beta) { option deprecated = true; }
  rpc Put (stream Gamma) returns (other.Thing);
}"""
LINES = VALID.splitlines()
_TOKENS = re.compile(r"""\"[^\"]*\"|'[^']*'|\w+|[^\s\w{}]""")
_STRAY = [*"$#<>()[]=,.-?:", "77", "1.5", "08", "1x", "'x", '"\\q"']


@given(st.integers(0, len(LINES) - 1), st.integers(0, 30), st.sampled_from(["", *_STRAY]), st.booleans())
def test_one_mistake_is_reported_where_it_is(
    tmp_path_factory: pytest.TempPathFactory, number: int, at: int, stray: str, replaces: bool
) -> None:
    """If one token of a file is wrong, each message is about the line of that token, or about the next."""
    old = LINES[number]
    spans = [token.span() for token in _TOKENS.finditer(old)] or [(0, 0)]
    start, end = spans[at % len(spans)]
    line = f"{old[:start]} {stray} {old[end if replaces else start :]}"
    text = "\n".join([*LINES[:number], line, *LINES[number + 1 :]])

    found = lines_with_mistakes(tmp_path_factory.mktemp("stray"), text)

    assert found <= {number + 1, number + 2}, line


def lines_with_mistakes(root: Path, text: str) -> set[int]:
    try:
        load_text(root, text, a="package other; message Thing {}")
    except SchemaErrors as errors:
        return {error.position.line for error in errors.errors}
    return set()
