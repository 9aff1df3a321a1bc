# Generated from google/protobuf/timestamp.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false
"""Points in time."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from typing_extensions import Never

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.message import Message, decoder, encoder, new
from chaukas_spec_lite.wire.fields import field
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, SMALL, TOO_DEEP, VARINTS, ZERO, more
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text
from chaukas_spec_lite.wire.scalars import int32, int64, unless_zero
from chaukas_spec_lite.wire.window import Content, Window


@dataclass(init=False, eq=False, repr=False, slots=True)
class Timestamp(Message):
    """A point in time, to the nanosecond, without a time zone, in the years 1 to 9999 and without leap seconds."""

    seconds: int = field(1, "int64")
    """Whole seconds since 1970-01-01T00:00:00Z; negative before that."""
    nanos: int = field(2, "int32")
    """Nanoseconds to add to `seconds`, from 0 to 999,999,999, also before 1970."""

    _full_name = "google.protobuf.Timestamp"

    def __init__(
        self,
        seconds: int | None = 0,
        nanos: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.seconds = 0 if seconds is None else seconds
        self.nanos = 0 if nanos is None else nanos
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the
# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.


@encoder(Timestamp)
def _encode_Timestamp(m: Timestamp, depth: int) -> Text:
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


@decoder(Timestamp)
def _decode_Timestamp(data: Content, depth: int) -> Timestamp:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Timestamp)
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
