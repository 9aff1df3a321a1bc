"""Which comments become documentation, and what is left of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.snippets import HEAD, load_body, load_text

HERE = "int32 b = 2;"
"""The field that the comments are about; it replaces ``@`` in the body of a message."""

FIELD = {
    "above": ("\n// Doc.\n@\n", "Doc."),
    "above, more lines": ("\n// One\n// two.\n@\n", "One\ntwo."),
    "above, a blank line between": ("\n// Detached.\n\n@\n", ""),
    "above, the last of two": ("\n// Detached.\n\n// Doc.\n@\n", "Doc."),
    "paragraphs": ("\n// One.\n//\n// Two.\n@\n", "One.\n\nTwo."),
    "indented text": ("\n//   One:\n//     code\n@\n", "One:\n  code"),
    "empty lines at the ends": ("\n//\n// Doc.\n//\n@\n", "Doc."),
    "three slashes": ("\n/// Doc.\n@\n", "Doc."),
    "no space": ("\n//Doc.\n@\n", "Doc."),
    "block": ("\n/* Doc. */\n@\n", "Doc."),
    "block on the same line": ("\n/* Doc. */ @\n", "Doc."),
    "block with stars": ("\n  /**\n   * One.\n   *\n   *   code\n   */\n@\n", "One.\n\n  code"),
    "block without stars": ("\n/* One.\n   Two.\n     code\n*/\n@\n", "One.\nTwo.\n  code"),
    "block with a list": ("\n/*\n  One:\n  * a\n  * b\n*/\n@\n", "One:\n* a\n* b"),
    "block after lines": ("\n// Detached.\n/* Doc. */\n@\n", "Doc."),
    "lines after block": ("\n/* Detached. */\n// Doc.\n@\n", "Doc."),
    "CRLF": ("\r\n/* One.\r\n * Two.\r\n */\r\n@\r\n", "One.\nTwo."),
    "trailing": ("\n@ // Doc.\n", "Doc."),
    "trailing block": ("\n@ /* Doc. */\n", "Doc."),
    "trailing block before the end": ("\n@ /* Doc. */", "Doc."),
    "trailing block of two lines": ("\n@ /* One.\n  two. */\n", "One.\ntwo."),
    "amid a line": ("\n@ /* No. */ int32 c = 3;\n", ""),
    "on the next line": ("\n@\n// No.\n\nint32 c = 3;\n", ""),
    "above and trailing": ("\n// Doc.\n@ // No.\n", "Doc."),
    "trailing of what is before": ("\nint32 a = 1; // No.\n@\n", ""),
    "trailing, then above the next": ("\n@ // Doc.\n// No.\nint32 c = 3;\n", "Doc."),
    "trailing of the brace": (" // No.\n@\n", ""),
    "above the end": ("\n@\n// No.\n", ""),
    "not ASCII": ("\n// Größe: 1 µs 𝄞\n@\n", "Größe: 1 µs 𝄞"),
    "marks in it": ("\n// A \"quoted' word and a /* mark\n@\n", "A \"quoted' word and a /* mark"),
}


@pytest.mark.parametrize("name", FIELD)
def test_field(tmp_path: Path, name: str) -> None:
    body, expected = FIELD[name]
    schema = load_body(tmp_path, "message M {" + body.replace("@", HERE) + "}")

    assert [field.doc for field in schema.messages["M"].fields if field.name == "b"] == [expected]


def test_every_kind_of_element(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        """
// message
message M {
  // oneof
  oneof o {
    int32 a = 1; // member
  }
  // map
  map<string, M> m = 2;
  // repeated
  repeated int32 r = 3 [
    packed = false // not this
  ];
  // nested
  message N {}
  // nested enum
  enum F { G = 0; }
}
// enum
enum E {
  Z = 0; // value
  // negative
  Y = -1;
}
// service
service S {
  // method
  rpc A(M) returns (M);
  // method with a body
  rpc B(M) returns (M) {}
}
""",
    )
    message, file = schema.messages["M"], schema.files["t.proto"]

    assert message.doc == "message"
    assert message.oneofs[0].doc == "oneof"
    assert [field.doc for field in message.fields] == ["member", "map", "repeated"]
    assert schema.messages["M.N"].doc == "nested"
    assert schema.enums["M.F"].doc == "nested enum"
    assert schema.enums["E"].doc == "enum"
    assert [value.doc for value in schema.enums["E"].values] == ["value", "negative"]
    assert file.services[0].doc == "service"
    assert [method.doc for method in file.services[0].methods] == ["method", "method with a body"]


def test_trailing_after_an_opening_brace(tmp_path: Path) -> None:
    schema = load_body(
        tmp_path,
        """
message M { // message
  oneof o { // oneof
    int32 a = 1;
  }
}
enum E { // enum
  Z = 0;
}
service S { // service
  rpc A(M) returns (M) { // method
  }
}
""",
    )
    service = schema.files["t.proto"].services[0]

    assert (schema.messages["M"].doc, schema.messages["M"].oneofs[0].doc) == ("message", "oneof")
    assert (schema.enums["E"].doc, service.doc, service.methods[0].doc) == ("enum", "service", "method")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"// Doc.\n{HEAD}package p;", "Doc."),
        (f"// License.\n\n// Doc.\n{HEAD}package p;", "Doc."),
        (f"// License.\n\n{HEAD}// Doc.\npackage p;", "Doc."),
        (f"// License.\n\n{HEAD}\n// Detached.\n\n// Doc.\npackage p;", "Doc."),
        (f"// License.\n\n{HEAD}\n// Detached.\n\npackage p; // No.", ""),
        (f"// First.\n{HEAD}// Second.\npackage p;", "First."),
        (f'// License.\n\n{HEAD}// An import.\nimport "google/protobuf/any.proto";\npackage p;', ""),
    ],
)
def test_file(tmp_path: Path, text: str, expected: str) -> None:
    assert load_text(tmp_path, text).files["t.proto"].doc == expected


SPACED = (
    "syntax = 'pro' 'to3' ; package p . q ; import 'google/protobuf/any.proto' ; "
    "import 'google/protobuf/descriptor.proto' ; "
    "option ( x ) = { a : 1 , b < > } ; message X { int32 a = 1 ; X b = 2 ; } "
    "extend google . protobuf . FileOptions { X x = 50000 ; } "
    "message M { reserved 5 to 6 ; oneof o { . google . protobuf . Any a = 1 [ deprecated = true ] ; } "
    "map < string , int32 > m = 2 ; } enum E { Z = 0 ; } service S { rpc A ( stream M ) returns ( M ) { } }"
)


def test_comments_may_stand_anywhere(tmp_path: Path) -> None:
    words = SPACED.split()
    plain = load_text(tmp_path, " ".join(words))
    for comment in ("/* ; { */", "// } \n"):
        commented = load_text(tmp_path, comment + comment.join(words) + comment.rstrip())

        assert commented.messages["p.q.M"].fields[0].type_name == "google.protobuf.Any"
        assert [(f.name, f.number, f.label) for f in commented.messages["p.q.M"].fields] == [
            (f.name, f.number, f.label) for f in plain.messages["p.q.M"].fields
        ]
