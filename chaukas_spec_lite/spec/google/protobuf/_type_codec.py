# Generated from google/protobuf/type.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/type.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any as _Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wire.enums import members
from chaukas_spec_lite.wire.format import (
    LONG,
    MAX_DEPTH,
    NO_TEXT,
    NotCanonical,
    SMALL,
    TOO_DEEP,
    Table,
    VARINTS,
    ZERO,
    more,
    more_length,
)
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import boolean, enum_varints, enumeration, instance, int32, items, text, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

from ._any_codec import _decode_Any, _encode_Any
from ._source_context_codec import _decode_SourceContext, _encode_SourceContext

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .any import Any
    from .source_context import SourceContext
    from .type import Enum, EnumValue, Field, FieldCardinality, FieldKind, Option, Syntax, Type


# What the codecs look up, made once.
_zero_Syntax: Syntax
_varints_Syntax: dict[int, str]
_members_Syntax: Table[Syntax]
_zero_FieldKind: FieldKind
_varints_FieldKind: dict[int, str]
_zero_FieldCardinality: FieldCardinality
_varints_FieldCardinality: dict[int, str]
_members_FieldKind: Table[FieldKind]
_members_FieldCardinality: Table[FieldCardinality]


def _make_tables() -> None:
    """Make what depends on the classes. `attach` calls this once the classes are here."""
    global _zero_Syntax, _varints_Syntax, _members_Syntax, _zero_FieldKind, _varints_FieldKind, _zero_FieldCardinality
    global _varints_FieldCardinality, _members_FieldKind, _members_FieldCardinality
    _zero_Syntax = Syntax(0)
    _varints_Syntax = enum_varints(Syntax)
    _members_Syntax = members(Syntax, 3)
    _zero_FieldKind = FieldKind(0)
    _varints_FieldKind = enum_varints(FieldKind)
    _zero_FieldCardinality = FieldCardinality(0)
    _varints_FieldCardinality = enum_varints(FieldCardinality)
    _members_FieldKind = members(FieldKind, 19)
    _members_FieldCardinality = members(FieldCardinality, 4)


def _encode_Type(m: Type, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.fields) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Field:
                instance(v, Field)
            s = _encode_Field(v, depth + 1)
            n = len(s)
            out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if (v := m.oneofs) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"\"{VARINTS[n]}{s}" if n < SMALL else sized("\"", s)
    if (v := m.source_context) is not None:
        if v.__class__ is not SourceContext:
            instance(v, SourceContext)
        s = _encode_SourceContext(v, depth + 1)
        n = len(s)
        out += f"*{VARINTS[n]}{s}" if n < SMALL else sized("*", s)
    if (v := m.syntax) is not _zero_Syntax and v is not None:
        s = v.__class__ is Syntax and _varints_Syntax.get(v) or enumeration(v, Syntax)
        if s != "\0":
            out += f"0{s}"
    if (v := m.edition) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f":{VARINTS[n]}{v}" if n < SMALL else sized(":", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Type(data: Content, depth: int) -> Type:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Type)
    m.fields = []
    m.oneofs = []
    m.options = []
    m._unknown_fields = b""
    m.name = m.edition = ""
    m.source_context = None
    m.syntax = _zero_Syntax
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 18:  # fields
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.fields.append(_decode_Field(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        while t == 26:  # oneofs
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.oneofs.append(b.decode())
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        while t == 34:  # options
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.options.append(_decode_Option(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 42:  # source_context
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.source_context = _decode_SourceContext(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 48:  # syntax
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.syntax = _members_Syntax[v] if 0 <= v < 3 else Syntax(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 58:  # edition
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.edition = b.decode()
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


def _encode_Field(m: Field, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.kind) is not _zero_FieldKind and v is not None:
        s = v.__class__ is FieldKind and _varints_FieldKind.get(v) or enumeration(v, FieldKind)
        if s != "\0":
            out += f"\x08{s}"
    if (v := m.cardinality) is not _zero_FieldCardinality and v is not None:
        s = v.__class__ is FieldCardinality and _varints_FieldCardinality.get(v) or enumeration(v, FieldCardinality)
        if s != "\0":
            out += f"\x10{s}"
    if (v := m.number) is not ZERO and v is not None:
        out += f"\x18{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x18", int32(v))
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.type_url) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"2{VARINTS[n]}{v}" if n < SMALL else sized("2", v)
    if (v := m.oneof_index) is not ZERO and v is not None:
        out += f"8{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("8", int32(v))
    if (v := m.packed) is not False and v is not None:
        out += "@\x01" if v is True else unless_zero("@", boolean(v))
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"J{VARINTS[n]}{s}" if n < SMALL else sized("J", s)
    if (v := m.json_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"R{VARINTS[n]}{v}" if n < SMALL else sized("R", v)
    if (v := m.default_value) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"Z{VARINTS[n]}{v}" if n < SMALL else sized("Z", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Field(data: Content, depth: int) -> Field:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Field)
    m.options = []
    m._unknown_fields = b""
    m.kind = _zero_FieldKind
    m.cardinality = _zero_FieldCardinality
    m.number = m.oneof_index = 0
    m.name = m.type_url = m.json_name = m.default_value = ""
    m.packed = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # kind
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.kind = _members_FieldKind[v] if 0 <= v < 19 else FieldKind(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # cardinality
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.cardinality = _members_FieldCardinality[v] if 0 <= v < 4 else FieldCardinality(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 24:  # number
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.number = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # type_url
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.type_url = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 56:  # oneof_index
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.oneof_index = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 64:  # packed
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.packed = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 74:  # options
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.options.append(_decode_Option(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 82:  # json_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.json_name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 90:  # default_value
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.default_value = b.decode()
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


def _encode_Enum(m: Enum, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.enumvalue) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not EnumValue:
                instance(v, EnumValue)
            s = _encode_EnumValue(v, depth + 1)
            n = len(s)
            out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if (v := m.source_context) is not None:
        if v.__class__ is not SourceContext:
            instance(v, SourceContext)
        s = _encode_SourceContext(v, depth + 1)
        n = len(s)
        out += f"\"{VARINTS[n]}{s}" if n < SMALL else sized("\"", s)
    if (v := m.syntax) is not _zero_Syntax and v is not None:
        s = v.__class__ is Syntax and _varints_Syntax.get(v) or enumeration(v, Syntax)
        if s != "\0":
            out += f"({s}"
    if (v := m.edition) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"2{VARINTS[n]}{v}" if n < SMALL else sized("2", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Enum(data: Content, depth: int) -> Enum:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Enum)
    m.enumvalue = []
    m.options = []
    m._unknown_fields = b""
    m.name = m.edition = ""
    m.source_context = None
    m.syntax = _zero_Syntax
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 18:  # enumvalue
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.enumvalue.append(_decode_EnumValue(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        while t == 26:  # options
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.options.append(_decode_Option(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 34:  # source_context
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.source_context = _decode_SourceContext(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 40:  # syntax
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.syntax = _members_Syntax[v] if 0 <= v < 3 else Syntax(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # edition
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.edition = b.decode()
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


def _encode_EnumValue(m: EnumValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.number) is not ZERO and v is not None:
        out += f"\x10{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x10", int32(v))
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_EnumValue(data: Content, depth: int) -> EnumValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(EnumValue)
    m.options = []
    m._unknown_fields = b""
    m.name = ""
    m.number = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # number
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.number = v
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 26:  # options
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.options.append(_decode_Option(b, depth + 1))
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


def _encode_Option(m: Option, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.value) is not None:
        if v.__class__ is not Any:
            instance(v, Any)
        s = _encode_Any(v, depth + 1)
        n = len(s)
        out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Option(data: Content, depth: int) -> Option:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Option)
    m._unknown_fields = b""
    m.name = ""
    m.value = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # value
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.value = _decode_Any(b, depth + 1)
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
