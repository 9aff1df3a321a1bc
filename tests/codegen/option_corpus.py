"""Custom options, right and wrong, generated from the kinds of mistakes that there are: a line for each.

Each line stands in a file with many others, and names something of its own, so that a mistake in one line has no
consequences in another.
"""

from __future__ import annotations

from collections.abc import Iterator

from codegen.model import SCALARS

LIBRARY = """
syntax = "proto2";
package lib;
import "google/protobuf/descriptor.proto";
import "google/protobuf/any.proto";
enum Closed { ONE = 1; TWO = 2; inf = 3; }
message Inner { optional int32 a = 1; optional string b = 2; repeated int32 c = 3; optional Inner inner = 4; }
message Needs { required int32 must = 1; optional Needs more = 2; }
message All {
SCALARS
  optional Closed closed = 30;
  optional open.Open open = 31;
  optional Inner inner = 32;
  repeated Inner inners = 33;
  repeated string texts = 34;
  map<string, int32> counts = 35;
  map<int32, Inner> by_id = 36;
  oneof one { int32 one_a = 37; string one_b = 38; Inner one_c = 39; }
  optional group Grp = 40 { optional int32 g = 1; }
  optional Needs needs = 41;
  optional google.protobuf.Any any = 42;
  repeated Closed closeds = 43;
  optional open.Taker taker = 44;
  extensions 100 to 200;
  message Nested { optional int32 n = 1; extend All { optional Nested nested = 102; } }
}
extend All { optional int32 ext = 100; repeated Inner exts = 101; }
extend Inner { }
""".replace("extend Inner { }\n", "")

OPEN = 'syntax = "proto3"; package open; enum Open { ZERO = 0; FIRST = 1; } message Taker { Open open = 1; }'
HIDDEN = """
syntax = "proto3"; package lib; import "google/protobuf/descriptor.proto";
extend google.protobuf.MessageOptions { optional int32 hidden = 60000; }
"""

TARGETS = ("File", "Message", "Field", "Oneof", "Enum", "EnumValue", "Service", "Method", "ExtensionRange")
KINDS = (*sorted(SCALARS), "closed", "open")

LITERALS = (
    *("0", "1", "-1", "2", "01", "0x10", "-0x10", "1.5", "-1.5", "1e3", "1.", ".5", "1f"),
    *("127", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
    *("18446744073709551615", "18446744073709551616", "-18446744073709551615", "99999999999999999999999"),
    *("true", "false", "True", "t", "f", "TRUE", "inf", "-inf", "nan", "-nan", "INF", "infinity"),
    *('"a"', '"1"', "'a' \"b\"", '"\\xff"', '"true"', '""', "ONE", "FIRST", "THREE", "ZERO", "a"),
    *("{}", "{ a: 1 }"),
)

AGGREGATES = (
    *("{}", "{ inner {} }", "{ inner: {} }", "{ inner < > }", "{ inner: < a: 1 > }", "{ inner: 1 }", "{ inner: 'x' }"),
    *("{ inner: a }", "{ inner { a: 1 b: 'x' c: 2 c: 3 } }", "{ inner { a: 1, b: 'x'; c: [2, 3] } }"),
    *("{ inner { x: 1 } }", "{ inner { A: 1 } }", "{ inner { a: 'x' } }", "{ inner { a: 1 a: 2 } }"),
    *("{ inner {} inner {} }", "{ inner { inner { inner { a: 1 } } } }", "{ inner { inner { inner { d: 1 } } } }"),
    *("{ inner [ {} ] }", "{ inner: [ { a: 1 } ] }", "{ inner: [] }", "{ inners: [] }", "{ inners [ {}, { a: 1 } ] }"),
    *("{ inners {} inners { a: 1 } }", "{ inners: { a: 'x' } }", "{ inners [ { a: 1 }, { y: 1 } ] }"),
    *(
        "{ inners: 1 }",
        "{ inners: [ 1 ] }",
        "{ texts: 'a' texts: 'b' }",
        "{ texts: ['a', 'b'] }",
        "{ texts: ['a', 1] }",
    ),
    *("{ texts: 1 }", "{ texts: a }", "{ texts: 'a' 'b' }", "{ texts: ['a' 'b', 'c'] }", "{ texts { } }"),
    *(
        "{ counts { key: 'a' value: 1 } }",
        "{ counts { key: 'a' } }",
        "{ counts { } }",
        "{ counts { key: 1 value: 1 } }",
    ),
    *("{ counts { key: 'a' value: 'b' } }", "{ counts { k: 'a' } }", "{ counts { key: 'a' key: 'b' } }"),
    *("{ counts: [ { key: 'a' value: 1 }, { key: 'b' value: 2 } ] }", "{ counts: 1 }", "{ counts: { value: 1 } }"),
    *("{ by_id { key: 1 value { a: 1 } } }", "{ by_id { key: 1 value { z: 1 } } }", "{ by_id { key: 'x' } }"),
    *("{ by_id { key: 1 value: 1 } }", "{ by_id { key: 99999999999 } }", "{ by_id { value {} } by_id { value {} } }"),
    *("{ one_a: 1 }", "{ one_b: 'x' }", "{ one_c {} }", "{ one_a: 1 one_b: 'x' }", "{ one_c {} one_a: 1 }"),
    *("{ one_a: 1 one_a: 2 }", "{ one: 1 }", "{ Grp { g: 1 } }", "{ grp { g: 1 } }", "{ Grp { h: 1 } }", "{ GRP {} }"),
    *("{ Grp {} Grp {} }", "{ Grp: 1 }", "{ needs { must: 1 } }", "{ needs {} }", "{ needs { must: 1 more {} } }"),
    *("{ needs { must: 1 more { must: 2 } } }", "{ needs { more { must: 2 } } }"),
    *("{ [lib.ext]: 1 }", "{ [lib.ext]: 'x' }", "{ [ext]: 1 }", "{ [lib.none]: 1 }", "{ [lib.ext]: 1 [lib.ext]: 2 }"),
    *("{ [lib.exts] {} }", "{ [lib.exts] [ {}, { a: 1 } ] }", "{ [lib.exts] { q: 1 } }", "{ [lib.exts]: 1 }"),
    *("{ [lib.All.Nested.nested] { n: 1 } }", "{ [lib.All.Nested.nested] { m: 1 } }", "{ [lib.Inner] {} }"),
    *("{ [lib.All.inner] {} }", "{ [lib.ONE]: 1 }"),
    *("{ any { type_url: 'x' value: 'y' } }", "{ any { [type.googleapis.com/lib.Inner] { a: 1 } } }"),
    *("{ any { [type.googleapis.com/lib.Inner] { q: 1 } } }", "{ any { [type.googleapis.com/lib.None] {} } }"),
    *("{ any { [type.googleprod.com/lib.Inner] {} } }", "{ any { [example.com/lib.Inner] {} } }"),
    *("{ inner { [type.googleapis.com/lib.Inner] {} } }", "{ any { [type.googleapis.com/lib.Inner]: 1 } }"),
    *("{ closeds: [ONE, TWO] }", "{ closeds: [ONE, THREE] }", "{ closeds: [1, 2] }", "{ closeds: [1, 9] }"),
    *("{ none: 1 }", "{ none {} }", "{ none: [] }", "{ none: { a: 1 } }", "{ int32: 1 int32: 2 }", "{ int32 { } }"),
    *("{ int32: [1] }", "{ int32: [] }", "{ int32: 1, bool: true; string: 'x' }", "{ int32: 1 string: 2 }"),
    *("{ int32: [1, 2] }", "{ int32: { } }", "{ bool: 2 }", "{ bool: -1 }", "{ closed: TWO open: FIRST }"),
)

CRASHES = ("(lib.m_all) = { inner { [lib.ext]: 1 } }", "(lib.m_all) = { [lib.m_int32]: 1 }")
"""Extensions of another message, in an aggregate: protoc 7.36 aborts instead of reporting them."""

NAMES = (
    *("(lib.m_all).int32 = 1", "(lib.m_all).inner.a = 1", "(lib.m_all).inner.b = 'x'", "(lib.m_all).inner.inner.a = 1"),
    *("(lib.m_all).inner.x = 1", "(lib.m_all).x = 1", "(lib.m_all).inner.a.b = 1", "(lib.m_all).int32.x = 1"),
    *(
        "(lib.m_all).inner = {}",
        "(lib.m_all).inner = 1",
        "(lib.m_all).inner = 'x'",
        "(lib.m_all) = 1",
        "(lib.m_all) = a",
    ),
    *("(lib.m_all).texts = 'x'", "(lib.m_all).texts = 1", "(lib.m_all).inners = {}", "(lib.m_all).inners.a = 1"),
    *("(lib.m_all).counts = { key: 'a' }", "(lib.m_all).counts.key = 'a'", "(lib.m_all).counts = { k: 1 }"),
    *("(lib.m_all).one_a = 1", "(lib.m_all).one_c.a = 1", "(lib.m_all).one = 1", "(lib.m_all).grp.g = 1"),
    *("(lib.m_all).Grp.g = 1", "(lib.m_all).grp = { g: 1 }", "(lib.m_all).grp.h = 1", "(lib.m_all).(lib.ext) = 1"),
    *("(lib.m_all).(lib.exts) = {}", "(lib.m_all).(lib.exts).a = 1", "(lib.m_all).(lib.none) = 1"),
    *("(lib.m_all).(lib.m_int32) = 1", "(lib.m_all).inner.(lib.ext) = 1", "(lib.m_all).(lib.All.Nested.nested).n = 1"),
    *("(lib.m_all).(lib.All.Nested.nested).o = 1", "(lib.m_all).(lib.All.inner) = {}", "(lib.m_all).needs.must = 1"),
    *("(lib.m_all).needs = {}", "(.lib.m_int32) = 1", "(.m_int32) = 1"),
    *("(m_int32) = 1", "(lib.none) = 1", "(none) = 1", "(.lib.none) = 1", "(none.m_int32) = 1", "(lib) = 1"),
    *("(lib.All) = {}", "(lib.All.inner) = {}", "(lib.Closed) = ONE", "(lib.ONE) = 1", "(lib.hidden) = 1", "(t) = 1"),
    *("(lib.m_messages) = {}", "(lib.m_messages) = { a: 1 }", "(lib.m_messages).a = 1", "(lib.m_numbers) = 1"),
    *("(lib.m_numbers) = 'x'", "(lib.m_all).closed = ONE", "(lib.m_all).closed = THREE", "(lib.m_all).closed = 1"),
    *("(lib.m_all).any = {}", "(lib.m_all).any.type_url = 'x'", "(lib.m_all).any.none = 'x'", "(.t.mine) = 1"),
    *("(mine) = 1", "(t.mine) = 1", "(Holder.inside) = 1", "(inside) = 1", "(Holder.none) = 1", "(Holder) = 1"),
    *("(mine) = 'x'", "(mine).x = 1", "(Holder.inside).x = 1"),
)

PAIRS = (
    ("(lib.m_int32) = 1", "(lib.m_int32) = 2"),
    ("(lib.m_int32) = 1", "(.lib.m_int32) = 2"),
    ("(lib.m_int32) = 1", "(lib.m_int64) = 2"),
    ("(lib.m_numbers) = 1", "(lib.m_numbers) = 2"),
    ("(lib.m_messages) = {}", "(lib.m_messages) = {}"),
    ("(lib.m_all).int32 = 1", "(lib.m_all).int32 = 2"),
    ("(lib.m_all).int32 = 1", "(lib.m_all).int64 = 2"),
    ("(lib.m_all).int32 = 1", "(lib.m_all) = {}"),
    ("(lib.m_all) = {}", "(lib.m_all).int32 = 1"),
    ("(lib.m_all) = { int32: 1 }", "(lib.m_all).int32 = 2"),
    ("(lib.m_all) = { int32: 1 }", "(lib.m_all).int64 = 2"),
    ("(lib.m_all) = { inner { a: 1 } }", "(lib.m_all).inner.a = 2"),
    ("(lib.m_all) = { inner { a: 1 } }", "(lib.m_all).inner.b = 'x'"),
    ("(lib.m_all) = { inner { a: 1 } }", "(lib.m_all).inner = {}"),
    ("(lib.m_all) = {}", "(lib.m_all) = {}"),
    ("(lib.m_all).inner.a = 1", "(lib.m_all).inner.b = 'x'"),
    ("(lib.m_all).inner.a = 1", "(lib.m_all).inner = {}"),
    ("(lib.m_all).inner = {}", "(lib.m_all).inner.a = 1"),
    ("(lib.m_all).texts = 'x'", "(lib.m_all).texts = 'x'"),
    ("(lib.m_all).inners = {}", "(lib.m_all).inners = {}"),
    ("(lib.m_all).one_a = 1", "(lib.m_all).one_b = 'x'"),
    ("(lib.m_all).grp.g = 1", "(lib.m_all).grp.g = 1"),
    ("(lib.m_all).(lib.ext) = 1", "(lib.m_all).(lib.ext) = 1"),
    ("(lib.m_all).(lib.ext) = 1", "(lib.m_all).int32 = 1"),
    ("(lib.m_all) = { [lib.ext]: 1 }", "(lib.m_all).(lib.ext) = 1"),
)


def library() -> dict[str, str]:
    """The files that the lines take their options from."""
    scalars = "\n".join(f"  optional {kind} {kind} = {i + 1};" for i, kind in enumerate(sorted(SCALARS)))
    extensions: list[str] = []
    for number, kind in enumerate(KINDS, 50001):
        type_ = {"closed": "Closed", "open": "open.Open"}.get(kind, kind)
        extensions.append(f"extend google.protobuf.MessageOptions {{ optional {type_} m_{kind} = {number}; }}")
    extensions.append("extend google.protobuf.MessageOptions { optional All m_all = 51000; }")
    extensions.append("extend google.protobuf.MessageOptions { repeated Inner m_messages = 51001; }")
    extensions.append("extend google.protobuf.MessageOptions { repeated int32 m_numbers = 51002; }")
    for target in TARGETS:
        extensions.append(f"extend google.protobuf.{target}Options {{ optional int32 on_{target.lower()} = 52000; }}")
    text = LIBRARY.replace("SCALARS", scalars).replace('any.proto";', 'any.proto";\nimport "open.proto";')
    return {"lib.proto": text + "\n".join(extensions), "open.proto": OPEN, "hidden.proto": HIDDEN}


HEAD = """syntax = "proto3"; package t; import "lib.proto"; import "google/protobuf/descriptor.proto";
extend google.protobuf.MessageOptions { int32 mine = 53000; }
message Holder { extend google.protobuf.MessageOptions { int32 inside = 53001; } }
"""


def option_lines() -> list[str]:
    """A line for each option: a message, or something else, that has it."""
    lines = [f"(lib.m_{kind}) = {literal}" for kind in KINDS for literal in LITERALS]
    lines += [f"(lib.m_all) = {{ {kind}: {literal} }}" for kind in KINDS for literal in LITERALS]
    lines += [f"(lib.m_all) = {{ inner {{ c: [1, {literal}] }} }}" for literal in LITERALS]
    lines += [f"(lib.m_all) = {{ taker {{ open: {literal} }} }}" for literal in LITERALS]
    lines += [f"(lib.m_all) = {aggregate}" for aggregate in AGGREGATES]
    lines += NAMES
    found = [f"message M{i} {{ option {line}; }}" for i, line in enumerate(lines)]
    found += [f"message P{i} {{ option {one}; option {two}; }}" for i, (one, two) in enumerate(PAIRS)]
    return [*found, *_on_every_target()]


def _on_every_target() -> Iterator[str]:
    for target in TARGETS:
        name = f"(lib.on_{target.lower()}) = 1"
        n = TARGETS.index(target)
        yield f"message TM{n} {{ option {name}; }}"
        yield f"message TF{n} {{ int32 a = 1 [{name}]; }}"
        yield f"message TO{n} {{ oneof o {{ option {name}; int32 a = 1; }} }}"
        yield f"enum TE{n} {{ option {name}; TE{n}_Z = 0; }}"
        yield f"enum TV{n} {{ TV{n}_Z = 0 [{name}]; }}"
        yield f"service TS{n} {{ option {name}; }}"
        yield f"service TR{n} {{ rpc R(Holder) returns (Holder) {{ option {name}; }} }}"
        yield f"extend google.protobuf.FileOptions {{ int32 te{n} = {54000 + n} [{name}]; }}"
