# Generated from google/protobuf/wrappers.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/wrappers.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wire.format import (
    MAX_DEPTH,
    NO_BYTES,
    NO_TEXT,
    NotCanonical,
    SMALL,
    TOO_DEEP,
    VARINTS,
    ZERO,
    more,
    more_length,
    pack_double,
    unpack_behind_1_double,
    unpack_behind_1_float,
)
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import boolean, double, int32, int64, raw, single, text, uint32, uint64, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .wrappers import (
        BoolValue,
        BytesValue,
        DoubleValue,
        FloatValue,
        Int32Value,
        Int64Value,
        StringValue,
        UInt32Value,
        UInt64Value,
    )


# What the codecs look up, made once.
_zero_float: float


def _make_tables() -> None:
    """Make what depends on the classes. `attach` calls this once the classes are here."""
    global _zero_float
    _zero_float = DoubleValue().value


def _encode_DoubleValue(m: DoubleValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not _zero_float and v is not None:
        out += "\t" + pack_double(v).decode("latin-1") if v else unless_zero("\t", double(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_DoubleValue(data: Content, depth: int) -> DoubleValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(DoubleValue)
    m._unknown_fields = b""
    m.value = _zero_float
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 9:  # value
            m.value = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_FloatValue(m: FloatValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not _zero_float and v is not None:
        out += unless_zero("\r", single(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_FloatValue(data: Content, depth: int) -> FloatValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(FloatValue)
    m._unknown_fields = b""
    m.value = _zero_float
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 13:  # value
            m.value = unpack_behind_1_float(h + read(3))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_Int64Value(m: Int64Value, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not ZERO and v is not None:
        out += f"\x08{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x08", int64(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Int64Value(data: Content, depth: int) -> Int64Value:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Int64Value)
    m._unknown_fields = b""
    m.value = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # value
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 64)
            m.value = v
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_UInt64Value(m: UInt64Value, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not ZERO and v is not None:
        out += f"\x08{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x08", uint64(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_UInt64Value(data: Content, depth: int) -> UInt64Value:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(UInt64Value)
    m._unknown_fields = b""
    m.value = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # value
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.value = v
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_Int32Value(m: Int32Value, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not ZERO and v is not None:
        out += f"\x08{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x08", int32(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Int32Value(data: Content, depth: int) -> Int32Value:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Int32Value)
    m._unknown_fields = b""
    m.value = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # value
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.value = v
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_UInt32Value(m: UInt32Value, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not ZERO and v is not None:
        out += f"\x08{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x08", uint32(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_UInt32Value(data: Content, depth: int) -> UInt32Value:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(UInt32Value)
    m._unknown_fields = b""
    m.value = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # value
            v = h[1]
            if v > 127:
                v = more(v, read) & 0xFFFFFFFF
            m.value = v
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_BoolValue(m: BoolValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not False and v is not None:
        out += "\x08\x01" if v is True else unless_zero("\x08", boolean(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_BoolValue(data: Content, depth: int) -> BoolValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(BoolValue)
    m._unknown_fields = b""
    m.value = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # value
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.value = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_StringValue(m: StringValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_StringValue(data: Content, depth: int) -> StringValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(StringValue)
    m._unknown_fields = b""
    m.value = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # value
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.value = b.decode()
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


def _encode_BytesValue(m: BytesValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not NO_BYTES and v is not None:
        v = raw(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_BytesValue(data: Content, depth: int) -> BytesValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(BytesValue)
    m._unknown_fields = m.value = b""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # value
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.value = b
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
