# Generated from google/protobuf/any.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false
"""A message of any type, together with the name of that type."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any as _Any

from typing_extensions import Never

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.anys import AnyMessage
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
    more_length,
)
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import raw, text
from chaukas_spec_lite.wire.window import Content, Window


@dataclass(init=False, eq=False, repr=False, slots=True)
class Any(AnyMessage):
    """A serialized message and a URL that names its type."""

    type_url: str = field(1, "string")
    """The URL of the type. What follows its last slash is the message's full name, as in
    `type.googleapis.com/google.protobuf.Duration`.
    """
    value: bytes = field(2, "bytes")
    """The message, serialized as that type."""

    _full_name = "google.protobuf.Any"

    def __init__(
        self,
        type_url: str | None = "",
        value: bytes | None = b"",
        **misspelt: Never,
    ) -> None:
        self.type_url = "" if type_url is None else type_url
        self.value = b"" if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)

    @staticmethod
    def _well_known() -> tuple[type[Message], ...]:
        """The classes that JSON finds for any Any without being told of them."""
        # Here, because most programs write no Any as JSON.
        from .duration import Duration
        from .empty import Empty
        from .field_mask import FieldMask
        from .struct import Struct, Value, ListValue
        from .timestamp import Timestamp
        from .wrappers import (
            DoubleValue,
            FloatValue,
            Int64Value,
            UInt64Value,
            Int32Value,
            UInt32Value,
            BoolValue,
            StringValue,
            BytesValue,
        )

        return (
            Any,
            Duration,
            Empty,
            FieldMask,
            Struct,
            Value,
            ListValue,
            Timestamp,
            DoubleValue,
            FloatValue,
            Int64Value,
            UInt64Value,
            Int32Value,
            UInt32Value,
            BoolValue,
            StringValue,
            BytesValue,
        )


# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the
# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.


@encoder(Any)
def _encode_Any(m: Any, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    if (v := m.type_url) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.value) is not NO_BYTES and v is not None:
        v = raw(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(Any)
def _decode_Any(data: Content, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Any)
    m._unknown_fields = m.value = b""
    m.type_url = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # type_url
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.type_url = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # value
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
