# Generated from google/protobuf/source_context.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/source_context.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wire.format import MAX_DEPTH, NO_TEXT, NotCanonical, SMALL, TOO_DEEP, VARINTS, more_length
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import text
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .source_context import SourceContext


def _encode_SourceContext(m: SourceContext, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.file_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_SourceContext(data: Content, depth: int) -> SourceContext:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(SourceContext)
    m._unknown_fields = b""
    m.file_name = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # file_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.file_name = b.decode()
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
