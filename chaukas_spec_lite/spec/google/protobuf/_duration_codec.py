# Generated from google/protobuf/duration.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/duration.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, SMALL, TOO_DEEP, VARINTS, ZERO, more
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text
from chaukas_spec_lite.wire.scalars import int32, int64, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .duration import Duration


def _encode_Duration(m: Duration, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.seconds) is not ZERO and v is not None:
        out += f"\x08{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x08", int64(v))
    if (v := m.nanos) is not ZERO and v is not None:
        out += f"\x10{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x10", int32(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Duration(data: Content, depth: int) -> Duration:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Duration)
    m._unknown_fields = b""
    m.seconds = m.nanos = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # seconds
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 64)
            m.seconds = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # nanos
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.nanos = v
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m
