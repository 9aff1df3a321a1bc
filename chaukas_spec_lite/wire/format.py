"""The protobuf wire format: its constants, and what generated codecs write and read varints and fixed values with.

Encoders build *latin-1 text*: a ``str`` in which each character stands for the byte of the same number. A ``str``
joins and formats faster than ``bytes`` does, ASCII text (most of what is ever written) goes in as it is, and one
``.encode("latin-1")`` at the end makes the bytes. Long content is a ``rope`` of such text.

Limits are those of the reference (upb): https://protobuf.dev/programming-guides/encoding/ gives the format.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Protocol, SupportsIndex, TypeVar

T_co = TypeVar("T_co", covariant=True)

MAX_DEPTH = 100
"""How deep messages and groups may nest below the outermost one; the reference refuses to parse more."""

TOO_DEEP = f"nested deeper than the {MAX_DEPTH} levels that can be parsed back, or a cycle"

MAX_FIELD = (1 << 29) - 1
"""The largest field number."""

VARINT, I64, LEN, SGROUP, EGROUP, I32 = range(6)
"""The wire types."""


def varint(value: int) -> str:
    """Write a non-negative integer as a varint, in latin-1 text."""
    out = ""
    # Seven bits a byte, the lowest first; the highest bit of a byte says that more follow.
    while value > 127:
        out += chr(value & 127 | 128)
        value >>= 7
    return out + chr(value)


SMALL = 2048
"""The integers below this have their varint in ``VARINTS``: one or two bytes, which most lengths take."""

LONG = 1 << 15
"""Content of this many bytes or more is not copied at every level: it is written as a ``Rope``, read through a
``Window``."""


class Table(Protocol[T_co]):
    """A list that is only read, by index and never by slice, so that type checkers know what comes out."""

    def __getitem__(self, index: SupportsIndex, /) -> T_co: ...
    def __len__(self) -> int: ...


VARINTS: Table[str] = [
    *map(chr, range(128)),
    *[chr(value & 127 | 128) + chr(value >> 7) for value in range(128, SMALL)],
]


def size(length: int) -> str:
    """Write the length of something (never negative) as a varint, in latin-1 text."""
    return VARINTS[length] if length < SMALL else varint(length)


def latin1(text: str) -> str:
    """Turn text into its UTF-8 bytes, as latin-1 text."""
    return text.encode().decode("latin-1")


isascii = str.isascii
"""Called as a function, it raises TypeError for anything but a str: so the type is checked at no extra cost."""

ZERO = 0
NO_TEXT = ""
NO_BYTES = b""
"""The objects that fields hold by default. Encoders compare with ``is``, which is faster than ``==``, and only skip a
field early by it: an equal value that is another object is written as nothing all the same, a little later."""

pack_double = Struct("<d").pack
pack_float = Struct("<f").pack
pack_fixed32 = Struct("<I").pack
pack_fixed64 = Struct("<Q").pack
pack_sfixed32 = Struct("<i").pack
pack_sfixed64 = Struct("<q").pack
unpack_double = Struct("<d").unpack
unpack_float = Struct("<f").unpack
unpack_fixed32 = Struct("<I").unpack
unpack_fixed64 = Struct("<Q").unpack
unpack_sfixed32 = Struct("<i").unpack
unpack_sfixed64 = Struct("<q").unpack

# `x` passes over the tag of one byte that was read together with the value.
unpack_behind_1_double = Struct("<xd").unpack
unpack_behind_1_float = Struct("<xf").unpack
unpack_behind_1_fixed32 = Struct("<xI").unpack
unpack_behind_1_fixed64 = Struct("<xQ").unpack
unpack_behind_1_sfixed32 = Struct("<xi").unpack
unpack_behind_1_sfixed64 = Struct("<xq").unpack


class NotCanonical(Exception):
    """Raised by a fast decoder on anything that an ordinary encoder would not write; the exact decoder takes over.

    It says nothing about the input: fields out of order are valid, a length beyond the end is not.
    """


def more(value: int, read: Callable[[int], bytes]) -> int:
    """Read the rest of a varint of 64 bits whose first byte, ``value``, says that more follow.

    A tenth byte has one bit within the 64; as in the reference, its others may be set and are cut off.
    """
    value &= 127
    shift = 7
    while True:
        byte = read(1)[0]
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF
        shift += 7
        # Eleven bytes and more are invalid; the exact decoder says so, with the offset.
        if shift > 63:
            raise NotCanonical


# Unrolled for lengths of two and three bytes, which are nearly all that get here.
def more_length(value: int, read: Callable[[int], bytes]) -> int:
    """Read the rest of a length whose first byte, ``value``, says that more follow: at most five bytes and 31 bits."""
    byte = read(1)[0]
    if byte < 128:
        return value & 127 | byte << 7
    value = value & 127 | (byte & 127) << 7
    byte = read(1)[0]
    if byte < 128:
        return value | byte << 14
    value |= (byte & 127) << 14
    shift = 21
    while True:
        byte = read(1)[0]
        value |= (byte & 127) << shift
        if byte < 128:
            # A message is shorter than 2 GiB, so no length has more than 31 bits.
            if value > 0x7FFFFFFF:
                raise NotCanonical
            return value
        shift += 7
        if shift > 28:
            raise NotCanonical
