# Generated from google/protobuf/empty.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/empty.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, TOO_DEEP
from chaukas_spec_lite.wire.rope import Text
from chaukas_spec_lite.wire.window import Content

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .empty import Empty


def _encode_Empty(m: Empty, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return m._unknown_fields.decode("latin-1")


def _decode_Empty(data: Content, depth: int) -> Empty:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Empty)
    m._unknown_fields = b""
    rest = bytes(data)
    if rest:
        slow_decode.merge(m, rest, depth)
    return m
