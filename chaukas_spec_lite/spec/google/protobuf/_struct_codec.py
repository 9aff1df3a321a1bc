# Generated from google/protobuf/struct.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/struct.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wellknown.readers import read_item, read_list, read_struct
from chaukas_spec_lite.wellknown.writers import encode_list, encode_struct, encode_value
from chaukas_spec_lite.wire.enums import members
from chaukas_spec_lite.wire.format import (
    MAX_DEPTH,
    NotCanonical,
    SMALL,
    TOO_DEEP,
    Table,
    VARINTS,
    more,
    more_length,
    pack_double,
    size,
    unpack_behind_1_double,
)
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import boolean, entries, enum_varints, enumeration, items, string, text, two_members
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .struct import ListValue, NullValue, Struct, Value


# What the codecs look up, made once.
_varints_NullValue: dict[int, str]
_members_NullValue: Table[NullValue]


def _make_tables() -> None:
    """Make what depends on the classes. `attach` calls this once the classes are here."""
    global _varints_NullValue, _members_NullValue
    _varints_NullValue = enum_varints(NullValue)
    _members_NullValue = members(NullValue, 1)


def _encode_Struct(m: Struct, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.fields) or v.__class__ is not dict:
        if depth >= MAX_DEPTH and v:
            raise ValueError(TOO_DEEP)
        for key, one in entries(v):
            s = encode_value(one, depth + 2)
            s = "\n" + string(key) + "\x12" + size(len(s)) + s
            n = len(s)
            out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _entry_Struct_fields(into: dict[str, Any], data: bytes, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotCanonical
    key = ""
    value: Any = None
    read = BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # key
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            key = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # value
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            value = read_item(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        key, value = slow_decode.finish_entry(Struct, 1, data, depth, (key, value), h + read())
        into[key] = value
        return
    if len(b) != n:
        raise NotCanonical
    if value is None:
        key, value = slow_decode.read_entry(Struct, 1, data, depth)
    into[key] = value


def _decode_Struct(data: Content, depth: int) -> Struct:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Struct)
    m.fields = {}
    m._unknown_fields = b""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        while t == 10:  # fields
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            _entry_Struct_fields(m.fields, b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_Value(m: Value, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    set_kind = ""
    if (v := m.null_value) is not None:
        set_kind = "null_value"
        s = v.__class__ is NullValue and _varints_NullValue.get(v) or enumeration(v, NullValue)
        out += f"\x08{s}"
    if (v := m.number_value) is not None:
        if set_kind:
            raise two_members("kind", set_kind, "number_value")
        set_kind = "number_value"
        s = pack_double(v).decode("latin-1")
        out += f"\x11{s}"
    if (v := m.string_value) is not None:
        if set_kind:
            raise two_members("kind", set_kind, "string_value")
        set_kind = "string_value"
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        n = len(v)
        out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.bool_value) is not None:
        if set_kind:
            raise two_members("kind", set_kind, "bool_value")
        set_kind = "bool_value"
        s = boolean(v)
        out += f" {s}"
    if (v := m.struct_value) is not None:
        if set_kind:
            raise two_members("kind", set_kind, "struct_value")
        set_kind = "struct_value"
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"*{VARINTS[n]}{s}" if n < SMALL else sized("*", s)
    if (v := m.list_value) is not None:
        if set_kind:
            raise two_members("kind", set_kind, "list_value")
        s = encode_list(v, depth + 1)
        n = len(s)
        out += f"2{VARINTS[n]}{s}" if n < SMALL else sized("2", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Value(data: Content, depth: int) -> Value:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Value)
    m._unknown_fields = b""
    m.null_value = m.number_value = m.string_value = m.bool_value = m.struct_value = m.list_value = None
    set_kind = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # null_value
            set_kind = True
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.null_value = _members_NullValue[v] if 0 <= v < 1 else NullValue(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 17:  # number_value
            if set_kind:
                rest = h + read()
                break
            set_kind = True
            m.number_value = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # string_value
            if set_kind:
                rest = h + read()
                break
            set_kind = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.string_value = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 32:  # bool_value
            if set_kind:
                rest = h + read()
                break
            set_kind = True
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.bool_value = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # struct_value
            if set_kind:
                rest = h + read()
                break
            set_kind = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.struct_value = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # list_value
            if set_kind:
                rest = h + read()
                break
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.list_value = read_list(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_ListValue(m: ListValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.values) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            s = encode_value(v, depth + 1)
            n = len(s)
            out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ListValue(data: Content, depth: int) -> ListValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ListValue)
    m.values = []
    m._unknown_fields = b""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        while t == 10:  # values
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.values.append(read_item(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m
