"""Reading fields and single values at a position of the input, as the reference does, with the offset in every error.

Generated decoders do this for the ordinary form in one pass. This module serves the exact decoder, and code that looks
into encoded messages without decoding them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.wire.format import I32, I64, LEN, MAX_DEPTH, SGROUP, VARINT

Slices = list[tuple[int, int]]
"""Where in the input the pieces of a message begin and end: several if it came several times and is to be merged."""

WIRE_TYPES = {
    **dict.fromkeys(["int32", "int64", "uint32", "uint64", "sint32", "sint64", "bool", "enum"], VARINT),
    **dict.fromkeys(["fixed64", "sfixed64", "double"], I64),
    **dict.fromkeys(["fixed32", "sfixed32", "float"], I32),
    **dict.fromkeys(["string", "bytes"], LEN),
}
"""The wire type of each scalar type; every other kind is length-delimited."""

PACKABLE = frozenset(kind for kind, wire in WIRE_TYPES.items() if wire != LEN)
"""The types whose repeated values may come packed."""


_varint = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]").match
"""Finds where a varint ends, in C, where its value does not matter yet."""


def read_varint(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Read a 64-bit varint at ``pos``; return it and the position behind it."""
    value, shift = 1, 0
    if end - pos > 2:  # the first three bytes, which most tags do not exceed, without a loop
        value = data[pos]
        if value < 128:
            return value, pos + 1
        # Less one, which takes away the highest bit of the byte before.
        byte = data[pos + 1]
        value += (byte - 1) << 7
        if byte < 128:
            return value, pos + 2
        byte = data[pos + 2]
        value += (byte - 1) << 14
        if byte < 128:
            return value, pos + 3
        shift = 21
    # Ten bytes hold 70 bits. As in the reference, the excess ones are cut off and not refused.
    for byte in data[pos + shift // 7 : min(pos + 10, end)]:
        value += (byte - 1) << shift
        shift += 7
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF, pos + shift // 7
    long = end - pos >= 10
    raise DecodeError("a varint is longer than 10 bytes" if long else "the input ends inside a varint", offset=pos)


def read_length(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Read the length of a length-delimited field; return where its content begins and ends."""
    start = pos
    length, pos = read_varint(data, pos, end)
    # A message has less than 2 GiB: https://protobuf.dev/programming-guides/proto-limits. And the reference reads
    # lengths and tags from at most five bytes, even where more would be padding.
    if pos - start > 5 or length > 0x7FFFFFFF:
        raise DecodeError("a length is too large", offset=start)
    if length > end - pos:
        raise DecodeError(f"a length of {length} bytes exceeds the {end - pos} that are left", offset=start)
    return pos, pos + length


def read_tag(data: bytes, pos: int, end: int, *, zero: bool = False) -> tuple[int, int]:
    """Read a tag (``field number << 3 | wire type``); return it and the position behind it.

    As in the reference, the field number 0 is let through (``zero``) where no field is known: in a group, and in a
    message that has no fields.
    """
    tag, after = read_varint(data, pos, end)
    if after - pos > 5 or tag > 0xFFFFFFFF:  # as of a length
        raise DecodeError("a tag is too large", offset=pos)
    if tag >> 3 == 0 and not zero:
        raise DecodeError("field number 0 is not allowed", offset=pos)
    # 6 and 7 are not assigned, so nobody could tell where such a value ends.
    if tag & 7 > I32:
        raise DecodeError(f"wire type {tag & 7} does not exist", offset=pos)
    return tag, after


def skip(data: bytes, pos: int, end: int, tag: int, depth: int) -> int:
    """Return the position behind the value of the field whose tag was just read.

    Groups are followed without recursion; ``depth`` is that of the message the field stands in.
    """
    # Numbers of the groups that are open. A list, not recursion, because input decides how deep groups nest.
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
        elif not open_groups or open_groups.pop() != tag >> 3:  # EGROUP
            raise DecodeError(f"the end of group {tag >> 3} has no beginning", offset=start)
        if not open_groups:
            return pos
        if pos >= end:
            raise DecodeError(f"group {open_groups[-1]} has no end", offset=pos)
        tag, pos = read_tag(data, pos, end, zero=True)


def fields(data: bytes, pos: int, end: int, depth: int) -> Iterator[tuple[int, int, int, int]]:
    """Walk the fields of an encoded message: ``walk`` for one piece."""
    return walk(data, [(pos, end)], depth)


def walk(data: bytes, slices: Slices, depth: int, *, zero: bool = False) -> Iterator[tuple[int, int, int, int]]:
    """Walk the fields of all pieces of a message, one piece after the other, which merges them.

    Each piece is read once, however many there are and however deep they nest, so that the work stays linear. One
    generator does it all, because a call for each piece or field would be most of the cost.

    Args:
        data: The whole input.
        slices: Where the pieces are.
        depth: The level of the message below the outermost one.
        zero: Whether field number 0 is let through, see ``read_tag``.

    Yields:
        ``(start, tag, value, stop)``, all but the tag positions in ``data``. For a length-delimited field ``value`` is
        where its content begins, behind the length.

    Raises:
        DecodeError: A piece is not valid, or stands too deep.
    """
    for pos, end in slices:
        if depth > MAX_DEPTH:
            raise DecodeError(f"nested deeper than {MAX_DEPTH} levels", offset=pos)
        while pos < end:
            start = pos
            tag = data[pos]
            # Nearly all tags, lengths and numbers are short: those are read here, without a call.
            if 7 < tag < 128 and tag & 7 <= I32:
                pos += 1
            elif tag > 127 and tag & 7 <= I32 and end - pos > 1 and 0 < (high := data[pos + 1]) < 128:
                tag += (high - 1) << 7
                pos += 2
            else:
                tag, pos = read_tag(data, pos, end, zero=zero)
            wire = tag & 7
            if wire == LEN:
                if pos < end and (length := data[pos]) < 128 and length < end - pos:
                    value = pos + 1
                    pos = value + length
                else:
                    value, pos = read_length(data, pos, end)
            elif wire == VARINT and pos < end and data[pos] < 128:
                value = pos
                pos += 1
            elif wire == VARINT and (found := _varint(data, pos, end)) is not None:
                value, pos = pos, found.end()
            else:
                # A group's content is not walked: no field of proto3 is a group, so it is kept as a whole or left out.
                value, pos = pos, skip(data, pos, end, tag, depth)
            yield start, tag, value, pos


def signed(raw: int, bits: int) -> int:
    """Take the lowest bits of an integer as two's complement."""
    # Negative numbers come as 64 bits in any of these types; an int32 takes the lowest 32 of them.
    sign = 1 << bits - 1
    return (raw & (sign << 1) - 1 ^ sign) - sign


def zigzag(raw: int) -> int:
    """Undo the zigzag mapping of the sint types."""
    return (raw >> 1) ^ -(raw & 1)


FROM_VARINT: dict[str, Callable[[int], Any]] = {
    "int32": lambda raw: signed(raw, 32),
    "enum": lambda raw: signed(raw, 32),
    "int64": lambda raw: signed(raw, 64),
    "uint32": lambda raw: raw & 0xFFFFFFFF,
    "uint64": lambda raw: raw,
    "sint32": lambda raw: zigzag(raw & 0xFFFFFFFF),
    "sint64": zigzag,
    "bool": bool,
}
"""What a 64-bit varint means in each type; as in the reference, excess bits are cut off."""

FIXED = {
    "double": Struct("<d"),
    "fixed64": Struct("<Q"),
    "sfixed64": Struct("<q"),
    "float": Struct("<f"),
    "fixed32": Struct("<I"),
    "sfixed32": Struct("<i"),
}
"""The layout of each fixed-size type."""


def read_text(data: bytes, pos: int, end: int) -> str:
    """Read a string, which has to be UTF-8."""
    try:
        return data[pos:end].decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"a string is not UTF-8: {error.reason}", offset=pos + error.start) from None


_SHORT = {kind: [convert(byte) for byte in range(128)] for kind, convert in FROM_VARINT.items()}
"""What a varint of one byte means in each type."""


def _varint_reader(kind: str) -> Callable[[bytes, int, int], Any]:
    convert, short = FROM_VARINT[kind], _SHORT[kind]

    def read(data: bytes, pos: int, end: int) -> Any:
        byte = data[pos]
        return short[byte] if byte < 128 else convert(read_varint(data, pos, end)[0])

    return read


def _fixed_reader(layout: Struct) -> Callable[[bytes, int, int], Any]:
    return lambda data, pos, _: layout.unpack_from(data, pos)[0]


SCALARS: dict[str, Callable[[bytes, int, int], Any]] = {
    **{kind: _varint_reader(kind) for kind in FROM_VARINT},
    **{kind: _fixed_reader(layout) for kind, layout in FIXED.items()},
    "string": read_text,
    "bytes": lambda data, pos, end: data[pos:end],
}
"""Reads one value of each scalar type (an enum's as an int), whose extent is known: ``(data, pos, end) -> value``."""


def read_packed(kind: str, data: bytes, pos: int, end: int) -> list[Any]:
    """Read the values of a packed field."""
    if kind in _SHORT:
        content = data[pos:end]
        if content.isascii():  # numbers below 128, one byte each
            return list(map(_SHORT[kind].__getitem__, content))
        convert = FROM_VARINT[kind]
        values: list[Any] = []
        while pos < end:
            raw, pos = read_varint(data, pos, end)
            values.append(convert(raw))
        return values
    layout = FIXED[kind]
    # Checked first, because ``iter_unpack`` would raise an error without offset.
    if (end - pos) % layout.size:
        raise DecodeError(f"a packed field of {end - pos} bytes is no whole number of {kind}", offset=pos)
    return [value for (value,) in layout.iter_unpack(data[pos:end])]
