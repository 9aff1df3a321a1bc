# Generated from google/protobuf/field_mask.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/field_mask.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, SMALL, TOO_DEEP, VARINTS, more_length
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import items, text
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .field_mask import FieldMask


def _encode_FieldMask(m: FieldMask, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.paths) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_FieldMask(data: Content, depth: int) -> FieldMask:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(FieldMask)
    m.paths = []
    m._unknown_fields = b""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        while t == 10:  # paths
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.paths.append(b.decode())
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
