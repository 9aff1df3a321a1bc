# Generated from google/protobuf/field_mask.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false
"""Selections of fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from typing_extensions import Never

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.message import Message, decoder, encoder, new
from chaukas_spec_lite.wire.fields import field
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, SMALL, TOO_DEEP, VARINTS, more_length
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import items, text
from chaukas_spec_lite.wire.window import Content, Window


@dataclass(init=False, eq=False, repr=False, slots=True)
class FieldMask(Message):
    """A selection of fields of a message, such as those to read or to update."""

    paths: list[str] = field(1, "string", repeated=True)
    """Each path is the names of fields from the outermost message inwards, with dots between them."""

    _full_name = "google.protobuf.FieldMask"

    def __init__(
        self,
        paths: Iterable[str] | None = None,
        **misspelt: Never,
    ) -> None:
        self.paths = [] if paths is None else paths if isinstance(paths, list) else list(paths)
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the
# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.


@encoder(FieldMask)
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


@decoder(FieldMask)
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
