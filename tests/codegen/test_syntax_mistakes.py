"""Each kind of mistake in how a file is written: its exact place and its exact message; and that nothing escapes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.errors import SchemaError, SchemaErrors
from tests.codegen.snippets import case, load_text, mistakes

DESCRIPTOR = 'import "google/protobuf/descriptor.proto";'

SYNTAX = {
    "no syntax line": case(
        "^message M {}",
        'there is no syntax line, which makes this a proto2 file: begin with syntax = "proto3";',
        head="",
    ),
    "empty file": case(
        "^", 'there is no syntax line, which makes this a proto2 file: begin with syntax = "proto3";', head=""
    ),
    "proto2": case(
        'syntax = ^"proto2";\nmessage M {}',
        'nothing is generated for proto2 files, which only serve for options: write syntax = "proto3";',
        head="",
    ),
    "edition": case(
        '// x\nedition = ^"2024";\nmessage M {}',
        'edition "2024" is not supported: write edition = "2023"; or syntax = "proto3";',
        head="",
    ),
    "syntax not first": case('package p;\n^syntax = "proto3";', 'unexpected "syntax" after ";"', head=""),
    "syntax twice": case('^syntax = "proto3";', 'unexpected "syntax" after ";"'),
    "package twice": case("package a;\npackage ^b;", "a file has one package, and line 2 names it"),
    "no semicolon": case("message M {\n  int32 a = 1\n  ^int32 b = 2;\n}", 'expected ";" or "[" before "int32"'),
    "no number": case("message M { int32 a^; }", 'expected "=" before ";"'),
    "no number, twice": case(
        "message M { int32 a^; int32 b = 2; int32 c^; }", 'expected "=" before ";"', 'expected "=" before ";"'
    ),
    "negative number": case("message M { int32 a = ^-1; }", 'expected a whole number before "-"'),
    "string for number": case('message M { int32 a = ^"1"; }', 'expected a whole number before "1"'),
    "unclosed message": case("message M {\n  message N {\n  }\n^", 'the file ends before the "{" of line 2 is closed'),
    "unclosed option": case('option java_package = "x"^', 'expected ";" before the end of the file'),
    "one brace too many": case("message M {}\n^}\nmessage N {}", 'unexpected "}" after "}"'),
    "misspelt keyword": case("^mesage M { int32 a = 1; }\nmessage N {}", 'unexpected "mesage" after ";"'),
    "stray character": case("message M {} ^$", "the character '$' has no meaning here"),
    "letter beyond ASCII": case("message M^é {}", "the character 'é' has no meaning here"),
    "unclosed string": case('import ^"a.proto;\nmessage M {}', "this string does not end on its line"),
    "unclosed string, a quote in it": case(
        "option java_package = ^'a\\';\nmessage M {}", "this string does not end on its line"
    ),
    "unclosed string at the end": case("message M {}\nimport ^'", "this string does not end on its line"),
    "unknown escape": case(
        'option java_package = "a^\\qb";', '"\\q" is no escape that protobuf knows, or is not complete'
    ),
    **{
        f"escape {escape}": case(
            f'option java_package="^{escape}"; message M{{}}',
            f'"{escape[:2]}" is no escape that protobuf knows, or is not complete',
        )
        for escape in ("\\x", "\\X", "\\u12", "\\U0001234", "\\U00110000", "\\8", "\\N")
    },
    "bytes that are no text": case(
        'option java_package = ^"\\xff";', "the escapes in this string do not make valid UTF-8"
    ),
    "unclosed comment": case("message M {} ^/* message N {}", "this comment is not closed"),
    "unclosed comment in a message": case("message M { ^/* }", "this comment is not closed"),
    "nested comment": case("^/* a /* b */ message M {}", 'a comment within this comment: "/*" cannot be nested'),
    "bad octal": case(
        "message M { int32 a = ^08; }", "a number that begins with 0 is octal, and has no digits 8 and 9"
    ),
    "bad octal, longer": case(
        "message M { int32 a = ^07089; }", "a number that begins with 0 is octal, and has no digits 8 and 9"
    ),
    "octal fraction": case("option (x) = ^01.5;", "a number that begins with 0 is octal, and whole"),
    **{
        f"bad number {number}": case(
            f"message M {{ int32 a = ^{number}; int32 ^{number} = 2; }}",
            f'"{number}" begins like a number but is none',
            f'"{number}" begins like a number but is none',
        )
        for number in ("1x", "1_0", "1__", "0x", "0b1", "1.5.2", "08a", "0x1_2", "1e")
    },
    "hash outside of an aggregate": case("message M {} ^# no comment", "the character '#' has no meaning here"),
    "hash after an aggregate": case("option (x) = { a { } } ^#;", "the character '#' has no meaning here"),
    "letter in a hash comment": case("option (x) = { # $ ^é\n};", "the character 'é' has no meaning here"),
    "brace in a hash comment": case("option (x) = { # }\n ^a: 1 };", 'expected ";" before "a"'),
    "comma before bracket": case("message M { int32 a = 1 [deprecated = true^,]; }", "no option follows this comma"),
    "empty options": case("message M { int32 a = 1 [^]; }", 'expected a name or "(" before "]"'),
    "semicolon in oneof": case("message M { oneof o { int32 a = 1; ^; } }", 'expected a name or "." or "}" before ";"'),
    "names reserved as numbers": case('message M { reserved 1, ^"a"; }', 'expected a whole number before "a"'),
    "enum value called reserved": case(
        "enum E { ^reserved = 0; }", 'an enum value cannot be called "reserved": it begins a statement'
    ),
    "too many brackets": case("option (x) = " + "{a:" * 48 + "^{" + "}" * 49 + ";", "nested deeper than 48 brackets"),
    "too many parts": case("message M { " + ".".join("a" * 48) + "^.b c = 1; }", "a name of more than 48 parts"),
    "deep messages": case(
        "".join(f"message M{i} {{ " for i in range(31)) + "message ^N {}" + "}" * 31,
        "messages cannot be nested more than 31 deep",
    ),
}

PROTO2 = {
    "required": case("message M { ^required int32 a = 1; }", 'proto3 has no required fields: leave out "required"'),
    "required extension": case(
        DESCRIPTOR + "extend google.protobuf.FieldOptions { ^required int32 a = 50000; }",
        'proto3 has no required fields: leave out "required"',
    ),
    "group": case(
        "message M { repeated ^group A = 1 { int32 b = 1; } }",
        "proto3 has no groups: use a nested message and a field of its type",
    ),
    "group in oneof": case(
        "message M { oneof o { ^group A = 1 {} } }",
        "proto3 has no groups: use a nested message and a field of its type",
    ),
    "extension range": case("message M { ^extensions 100 to 200; }", "proto3 has no extension ranges"),
    "default value": case("message M { int32 a = 1 [^default = 5]; }", "proto3 has no default values"),
    "message set": case("message M { option ^message_set_wire_format = true; }", "proto3 has no message sets"),
    "features": case("option ^features.field_presence = EXPLICIT;", "features belong to editions"),
    "extend of a message": case(
        "message M {}\nextend ^M { int32 a = 1; }",
        'proto3 extends only the options of google/protobuf/descriptor.proto, not "M"',
    ),
    "extend without import": case(
        "extend ^google.protobuf.FieldOptions { int32 a = 50000; }",
        '"google.protobuf.FieldOptions" is defined in google/protobuf/descriptor.proto, which is not imported',
    ),
    "empty extend": case(DESCRIPTOR + "extend ^google.protobuf.FieldOptions {}", "this extend block has no fields"),
    "field of an options type": case(
        DESCRIPTOR + "message M { ^google.protobuf.FieldOptions a = 1; }",
        '"google.protobuf.FieldOptions" is for extending options only: '
        "nothing is generated from google/protobuf/descriptor.proto",
    ),
}

CASES = {
    **{f"syntax: {name}": each for name, each in SYNTAX.items()},
    **{f"proto2: {name}": each for name, each in PROTO2.items()},
}


@pytest.mark.parametrize("name", CASES)
def test_mistake(tmp_path: Path, name: str) -> None:
    each = CASES[name]

    assert mistakes(tmp_path, each.text(), **each.others) == each.expected()


def test_columns_count_characters(tmp_path: Path) -> None:
    head = '\ufeffsyntax = "proto3";\r\n'

    assert mistakes(tmp_path, head + "/* é𝄞 */\tmessage M { Foo a = 1; }") == ['t.proto:2:22: "Foo" is not defined']
    assert mistakes(tmp_path, '\ufeffsyntax = "proto2";') == [
        't.proto:1:10: nothing is generated for proto2 files, which only serve for options: write syntax = "proto3";'
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'syntax = "proto3";\n// \xe9\n', "t.proto:2:4"),
        (b"\xff", "t.proto:1:1"),
        (b"\xef\xbb\xbf// \xc3\xa9\xe9", "t.proto:1:5"),
    ],
)
def test_file_that_is_not_utf8(tmp_path: Path, text: bytes, place: str) -> None:
    assert mistakes(tmp_path, text) == [f"{place}: the file is not valid UTF-8 from here on"]


def test_file_that_is_too_large(tmp_path: Path) -> None:
    assert mistakes(tmp_path, b" " * (4 * 1024 * 1024 + 1)) == ['t.proto:1:1: "t.proto" has more than 4194304 bytes']


SAMPLE = (
    'syntax = "proto3"; package a.b; import "google/protobuf/any.proto"; option java_package = "x" \'y\'; '
    'message M { reserved 100 to 110 , 200 ; reserved "zz" ; enum E { A = 0 ; B = - 0x1 ; } '
    "map < string , E > m = 1 [ deprecated = true ] ; oneof o { int32 x = 2 ; .a.b.M y = 3 ; } "
    "repeated int32 n = 4 [ packed = false ] ; optional google.protobuf.Any t = 5 [ (c) = { a : [ 1 ] } ] ; } "
    "service S { rpc Get ( M ) returns ( stream M ) { option deprecated = true ; } } // end /* x */"
)
STRAY = 'group required extend to max 1.5 08 " /* // $ < > ( )'
WORDS = [*SAMPLE.split(), *STRAY.split(), "\n"]


@given(st.lists(st.tuples(st.integers(0, SAMPLE.count(" ")), st.integers(0, 2), st.sampled_from(WORDS)), max_size=4))
def test_nothing_else_is_raised_and_every_place_is_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]
) -> None:
    words = SAMPLE.split()
    for at, removed, word in edits:
        words[at : at + removed] = [word]
    text = " ".join(words)
    root = tmp_path_factory.mktemp("edited")
    found: tuple[SchemaError, ...] = ()
    try:
        load_text(root, text)
    except SchemaErrors as errors:
        found = errors.errors
    lines = text.split("\n")
    for error in found:
        assert error.position.file == "t.proto"
        assert 1 <= error.position.line <= len(lines)
        assert 1 <= error.position.column <= len(lines[error.position.line - 1]) + 1
