# Generated from google/protobuf/wrappers.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false
"""Scalars as messages, which tell a default value from none."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from typing_extensions import Never

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.message import Message, decoder, encoder, new
from chaukas_spec_lite.wire.fields import field
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


@dataclass(init=False, eq=False, repr=False, slots=True)
class DoubleValue(Message):
    """A `double` that may be absent."""

    value: float = field(1, "double")
    """The number."""

    _full_name = "google.protobuf.DoubleValue"

    def __init__(
        self,
        value: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.value = 0.0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class FloatValue(Message):
    """A `float` that may be absent."""

    value: float = field(1, "float")
    """The number."""

    _full_name = "google.protobuf.FloatValue"

    def __init__(
        self,
        value: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.value = 0.0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Int64Value(Message):
    """An `int64` that may be absent."""

    value: int = field(1, "int64")
    """The number."""

    _full_name = "google.protobuf.Int64Value"

    def __init__(
        self,
        value: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.value = 0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class UInt64Value(Message):
    """A `uint64` that may be absent."""

    value: int = field(1, "uint64")
    """The number."""

    _full_name = "google.protobuf.UInt64Value"

    def __init__(
        self,
        value: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.value = 0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Int32Value(Message):
    """An `int32` that may be absent."""

    value: int = field(1, "int32")
    """The number."""

    _full_name = "google.protobuf.Int32Value"

    def __init__(
        self,
        value: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.value = 0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class UInt32Value(Message):
    """A `uint32` that may be absent."""

    value: int = field(1, "uint32")
    """The number."""

    _full_name = "google.protobuf.UInt32Value"

    def __init__(
        self,
        value: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.value = 0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class BoolValue(Message):
    """A `bool` that may be absent."""

    value: bool = field(1, "bool")
    """Whether it is true."""

    _full_name = "google.protobuf.BoolValue"

    def __init__(
        self,
        value: bool | None = False,
        **misspelt: Never,
    ) -> None:
        self.value = False if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class StringValue(Message):
    """A `string` that may be absent."""

    value: str = field(1, "string")
    """The text."""

    _full_name = "google.protobuf.StringValue"

    def __init__(
        self,
        value: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.value = "" if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class BytesValue(Message):
    """A `bytes` that may be absent."""

    value: bytes = field(1, "bytes")
    """The bytes."""

    _full_name = "google.protobuf.BytesValue"

    def __init__(
        self,
        value: bytes | None = b"",
        **misspelt: Never,
    ) -> None:
        self.value = b"" if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# What the codecs below look up, made once.
_ZERO_FLOAT = 0.0


# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the
# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.


@encoder(DoubleValue)
def _encode_DoubleValue(m: DoubleValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not _ZERO_FLOAT and v is not None:
        out += "\t" + pack_double(v).decode("latin-1") if v else unless_zero("\t", double(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(DoubleValue)
def _decode_DoubleValue(data: Content, depth: int) -> DoubleValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(DoubleValue)
    m._unknown_fields = b""
    m.value = 0.0
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


@encoder(FloatValue)
def _encode_FloatValue(m: FloatValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.value) is not _ZERO_FLOAT and v is not None:
        out += unless_zero("\r", single(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(FloatValue)
def _decode_FloatValue(data: Content, depth: int) -> FloatValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(FloatValue)
    m._unknown_fields = b""
    m.value = 0.0
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


@encoder(Int64Value)
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


@decoder(Int64Value)
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


@encoder(UInt64Value)
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


@decoder(UInt64Value)
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


@encoder(Int32Value)
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


@decoder(Int32Value)
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


@encoder(UInt32Value)
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


@decoder(UInt32Value)
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


@encoder(BoolValue)
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


@decoder(BoolValue)
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


@encoder(StringValue)
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


@decoder(StringValue)
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


@encoder(BytesValue)
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


@decoder(BytesValue)
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
