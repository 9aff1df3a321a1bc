"""The protobuf wire format: varints, tags, and stepping over fields.

Encoders build *latin-1 text*: a ``str`` in which each character stands for the byte of the same number. A ``str``
joins and formats faster than ``bytes`` does, ASCII text (most of what is ever written) goes in as it is, and one
``.encode("latin-1")`` at the end makes the bytes. Long content is a ``rope`` of such text.

Limits are those of the reference (upb): https://protobuf.dev/programming-guides/encoding/ gives the format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import Protocol, SupportsIndex, TypeVar

from chaukas_spec_lite.errors import DecodeError

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
    while value > 127:
        out += chr(value & 127 | 128)
        value >>= 7
    return out + chr(value)


SMALL = 2048
"""The integers below this have their varint in ``VARINTS``."""

LONG = 1 << 15
"""Content of this many bytes is not copied at every level: written as a ``rope``, read through a ``window``."""


class Table(Protocol[T_co]):
    """A list, as far as codecs use it: by index, never by slice, which tells type checkers what comes out."""

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
"""Checks for nothing that a value is a str, too."""

ZERO = 0
NO_TEXT = ""
NO_BYTES = b""
"""The objects that fields hold by default, which ``is`` finds faster than ``==``; an equal one costs only time."""

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

# Behind a tag of one byte.
unpack_behind_1_double = Struct("<xd").unpack
unpack_behind_1_float = Struct("<xf").unpack
unpack_behind_1_fixed32 = Struct("<xI").unpack
unpack_behind_1_fixed64 = Struct("<xQ").unpack
unpack_behind_1_sfixed32 = Struct("<xi").unpack
unpack_behind_1_sfixed64 = Struct("<xq").unpack


class NotCanonical(Exception):
    """Raised by a generated decoder on anything but plain, canonical input; the exact decoder then takes over."""


def more(value: int, read: Callable[[int], bytes]) -> int:
    """Finish a 64-bit varint whose first byte, already read, was ``value``.

    As in the reference, a tenth byte may say anything, and what exceeds 64 bits is cut off.
    """
    value &= 127
    shift = 7
    while True:
        byte = read(1)[0]
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF
        shift += 7
        if shift > 63:
            raise NotCanonical


def more_length(value: int, read: Callable[[int], bytes]) -> int:
    """Finish a length whose first byte, already read, was ``value``: at most five bytes and 31 bits."""
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
            if value > 0x7FFFFFFF:
                raise NotCanonical
            return value
        shift += 7
        if shift > 28:
            raise NotCanonical


def read_varint(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Read a 64-bit varint at ``pos``; return it and the position behind it."""
    value = shift = 0
    start = pos
    while True:
        if pos >= end:
            raise DecodeError("the input ends inside a varint", offset=start)
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF, pos
        shift += 7
        if shift > 63:
            raise DecodeError("a varint is longer than 10 bytes", offset=start)


def _read_short(data: bytes, pos: int, end: int, limit: int, what: str) -> tuple[int, int]:
    start = pos
    value, pos = read_varint(data, pos, end)
    if pos - start > 5 or value > limit:
        raise DecodeError(f"{what} is too large", offset=start)
    return value, pos


def read_length(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Read the length of a length-delimited field; return the position and the end of its content."""
    start = pos
    length, pos = _read_short(data, pos, end, 0x7FFFFFFF, "a length")
    if length > end - pos:
        raise DecodeError(f"a length of {length} bytes exceeds the {end - pos} that are left", offset=start)
    return pos, pos + length


def read_tag(data: bytes, pos: int, end: int, *, zero: bool = False) -> tuple[int, int]:
    """Read a tag (``field number << 3 | wire type``); return it and the position behind it.

    As in the reference, the field number 0 is let through (``zero``) where no field is known: in a group, and in a
    message that has no fields.
    """
    tag, after = _read_short(data, pos, end, 0xFFFFFFFF, "a tag")
    if tag >> 3 == 0 and not zero:
        raise DecodeError("field number 0 is not allowed", offset=pos)
    if tag & 7 > I32:
        raise DecodeError(f"wire type {tag & 7} does not exist", offset=pos)
    return tag, after


def skip(data: bytes, pos: int, end: int, tag: int, depth: int) -> int:
    """Return the position behind the value of the field whose tag was just read.

    Groups are followed without recursion; ``depth`` is that of the message the field stands in.
    """
    open_groups: list[int] = []
    while True:
        start = pos
        wire = tag & 7
        if wire == VARINT:
            _, pos = read_varint(data, pos, end)
        elif wire == LEN:
            _, pos = read_length(data, pos, end)
        elif wire in (I64, I32):
            pos += 8 if wire == I64 else 4
            if pos > end:
                raise DecodeError("the input ends inside a fixed-size value", offset=start)
        elif wire == SGROUP:
            open_groups.append(tag >> 3)
            if depth + len(open_groups) > MAX_DEPTH:
                raise DecodeError(f"nested deeper than {MAX_DEPTH} levels", offset=start)
        elif not open_groups or open_groups.pop() != tag >> 3:
            raise DecodeError(f"the end of group {tag >> 3} has no beginning", offset=start)
        if not open_groups:
            return pos
        if pos >= end:
            raise DecodeError(f"group {open_groups[-1]} has no end", offset=pos)
        tag, pos = read_tag(data, pos, end, zero=True)


def fields(data: bytes, pos: int, end: int, depth: int, *, zero: bool = False) -> Iterator[tuple[int, int, int, int]]:
    """Walk the fields of an encoded message: ``(start, tag, value, stop)``, all but the tag positions in ``data``.

    For a length-delimited field ``value`` is where its content begins, behind the length.
    """
    while pos < end:
        start = pos
        tag, pos = read_tag(data, pos, end, zero=zero)
        if tag & 7 == LEN:
            value, pos = read_length(data, pos, end)
        else:
            value, pos = pos, skip(data, pos, end, tag, depth)
        yield start, tag, value, pos
