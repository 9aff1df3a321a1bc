# Generated from google/protobuf/any.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/any.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any as _Any, TYPE_CHECKING

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
    more_length,
)
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import raw, text
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .any import Any


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
