"""Mistakes in `extend` blocks, and options that only some fields may have: each at its exact place."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from codegen import extension_rules, wellknown_files
from tests.codegen.snippets import Case, case, load_body, mistakes

DESCRIPTOR = 'import "google/protobuf/descriptor.proto";\n'
NUMBERS = "the numbers of extensions lie in 1000 to 536870911"


def extend(body: str, *messages: str, rest: str = "", **others: str) -> Case:
    return case(f"{DESCRIPTOR}extend google.protobuf.FileOptions {{ {body} }}{rest}", *messages, **others)


CASES = {
    "undefined": extend(
        "^Foo a = 50000; repeated ^.p.Foo b = 50001;", '"Foo" is not defined', '"p.Foo" is not defined'
    ),
    "undefined, nested": case(
        DESCRIPTOR + "message M { extend google.protobuf.FileOptions { ^Foo a = 50000; M b = 50001; } }",
        '"Foo" is not defined',
    ),
    "no type": extend("^S a = 50000;", '"S" is a service, not a type', rest=" service S {}"),
    "extension as type": extend("int32 a = 50000; ^a b = 50001; ", '"a" is an extension, not a type'),
    "numbers": extend(
        "int32 a = ^0; int32 b = ^999; int32 g = 998; int32 c = 1000; int32 d = 536870911; int32 e = ^536870912;"
        " int32 f = ^" + "9" * 50 + ";",
        *[NUMBERS] * 4,
    ),
    "protobuf's own numbers": extend(
        "int32 a = ^19000; int32 b = ^19999; int32 c = 20000;",
        *["the numbers 19000 to 19999 are reserved for protobuf itself"] * 2,
    ),
    "number twice": extend(
        "int32 a = 50000;\nint32 b = ^50000;",
        'the number 50000 is already that of the extension "a", at line 3',
        'the number 50000 is already that of the extension "a", at line 3',
        rest=" message M { extend .google.protobuf.FileOptions { int32 a = ^50000; }"
        " extend google.protobuf.FieldOptions { int32 b = 50000; } }",
    ),
    "name twice": extend(
        "int32 a = 50000;\nint32 ^a = 50001; int32 ^M = 50002;",
        '"a" is already declared, at line 3',
        '"M" is already declared, at a.proto, line 2',
        rest=' import "a.proto";',
        a="message M {}",
    ),
    "name of a field": case(
        DESCRIPTOR + "message M {\nint32 a = 1; extend google.protobuf.FileOptions { int32 ^a = 50000; } }",
        '"a" is already declared in "M", at line 4',
    ),
    "options": extend(
        'int32 a = 50000 [^json_name = "x"]; int32 b = 50001 [^foo = 1]; int32 c = 50002 [^default = 1];'
        " int32 d = 50003 [deprecated = ^1, (x) = 1];",
        "an extension has no json_name",
        'a field has no option "foo"; custom options are written in parentheses',
        "proto3 has no default values",
        'the option "deprecated" takes true or false',
        rest=" extend google.protobuf.FieldOptions { int32 x = 50004; }",
    ),
    "options of some types": extend(
        "int32 a = 50000 [^lazy = true]; string b = 50001 [^jstype = JS_STRING]; E c = 50002 [^packed = true];"
        " google.protobuf.FileOptions d = 50003 [lazy = true]; repeated E e = 50004 [packed = true];",
        "only messages can be lazy",
        "only integers of 64 bits have a jstype",
        "only repeated numbers, bools and enums can be packed",
        rest=" enum E { A = 0; }",
    ),
    "group": extend(
        "optional ^group G = 50000 {} ", "proto3 has no groups: use a nested message and a field of its type"
    ),
    "no extend, hence no more about it": case(
        "message M {}\nextend ^M { int32 a = 1; Foo b = 2; }",
        'proto3 extends only the options of google/protobuf/descriptor.proto, not "M"',
    ),
    "lazy": case(
        "message M { int32 a = 1 [^lazy = true]; E b = 2 [^unverified_lazy = true]; repeated string c = 3"
        " [^lazy = true]; M d = 4 [lazy = true]; repeated M e = 5 [unverified_lazy = true]; "
        "map<int32, M> f = 6 [lazy = true]; int32 g = 7 [lazy = false]; oneof o {"
        " bytes h = 8 [^lazy = true]; } } enum E { A = 0; }",
        *["only messages can be lazy"] * 4,
    ),
    "jstype": case(
        "message M { int32 a = 1 [^jstype = JS_STRING]; E b = 2 [^jstype = JS_NUMBER]; M c = 3 [jstype = JS_NORMAL];"
        " map<int64, int64> d = 4 [^jstype = JS_NUMBER]; repeated sint64 e = 5 [jstype = JS_STRING];"
        " fixed64 f = 6 [jstype = JS_NUMBER]; string g = 7 [^jstype = JS_STRING]; } enum E { A = 0; }",
        *["only integers of 64 bits have a jstype"] * 4,
    ),
    "nothing of an undefined type": case(
        "message M { ^Foo a = 1 [lazy = true, jstype = JS_STRING]; }", '"Foo" is not defined'
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_mistake(tmp_path: Path, name: str) -> None:
    each = CASES[name]

    assert mistakes(tmp_path, each.text(), **each.others) == each.expected()


def test_files_may_use_the_same_numbers(tmp_path: Path) -> None:
    text = DESCRIPTOR + "extend google.protobuf.FileOptions {{ {} a = 50000; google.protobuf.FeatureSet f{} = 50001; }}"

    schema = load_body(
        tmp_path, 'package p; import "a.proto";' + text.format("M", 1) + " message M {}", a=text.format("int32", 2)
    )

    assert list(schema.messages) == ["p.M"]


@pytest.mark.parametrize("name", sorted(wellknown_files.OPTIONS))
def test_the_numbers_are_those_that_the_options_declare(name: str) -> None:
    message = descriptor_pb2.DESCRIPTOR.message_types_by_name[name.rpartition(".")[2]]

    assert [range(*ends) for ends in message.extension_ranges] == [*extension_rules.OPTION_NUMBERS]
