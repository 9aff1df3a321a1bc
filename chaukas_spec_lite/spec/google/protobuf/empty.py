# Generated from google/protobuf/empty.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false
"""A message for RPCs that have nothing to say."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.message import Message, decoder, encoder, new
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, TOO_DEEP
from chaukas_spec_lite.wire.rope import Text
from chaukas_spec_lite.wire.window import Content


@dataclass(init=False, eq=False, repr=False, slots=True)
class Empty(Message):
    """A message without fields."""

    _full_name = "google.protobuf.Empty"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the
# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.


@encoder(Empty)
def _encode_Empty(m: Empty, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return m._unknown_fields.decode("latin-1")


@decoder(Empty)
def _decode_Empty(data: Content, depth: int) -> Empty:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Empty)
    m._unknown_fields = b""
    rest = bytes(data)
    if rest:
        slow_decode.merge(m, rest, depth)
    return m
