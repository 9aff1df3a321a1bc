"""Damage to encoded messages, as hypothesis draws it: of the kinds that tell one decoder from another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.strategies import delimited, varint

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
Field: TypeAlias = tuple[int, bytes]
"""A tag, and the bytes of the value behind it, without the length if it has one."""

INSERTED = [
    *[varint(number << 3) + b"\x05" for number in (0, 1, 3, 5, 9, 1000)],
    *[varint(number << 3) + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" for number in (1, 2, 4, 8)],
    *[delimited(number, b"") for number in (1, 2, 3, 5, 6, 7, 30, 33, 36, 90, 99)],
    *[delimited(number, b"\xff") for number in (1, 2, 3, 6)],
    *[delimited(number, b"\x0a\x03\x0a\x01k") for number in (3, 5, 36, 90)],
    *[delimited(number, b"\x0a\x01k\x12\x02\x08\x00\x18\x01") for number in (1, 3)],
    *[delimited(number, b"\x08\x01\x10\x05") for number in (1, 5, 6, 11)],
    *[varint(number << 3 | 1) + b"\0\0\0\0\0\0\xf8\x7f" for number in (1, 2, 9)],
    *[varint(number << 3 | 5) + b"\0\0\xc0\x7f" for number in (1, 3)],
    *[b"\x0b\x0c", b"\x3b\x08\x01\x3c", b"\x3b\x0b\x3c", b"\x3b\x00\x01\x3c", b"\x3c", b"\x3b", b"\x0e", b"\x0f"],
    *[b"\xf8\xff\xff\xff\x0f\x01", b"\xf8\xff\xff\xff\x1f\x01", b"\x80\x80\x80\x80\x80\x00\x01"],
]
"""Fields, whole and broken ones, that are put between others."""


def split(data: bytes) -> list[Field] | None:
    """The fields of an encoded message; None if it is none, or has anything but the three plain wire types."""
    fields: list[Field] = []
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        wire = tag & 7
        start = position
        if wire == 0:
            _, position = _varint(data, position)
        elif wire == 2:
            length, start = _varint(data, position)
            position = start + length
        elif wire in (1, 5):
            position += 8 if wire == 1 else 4
        else:
            return None
        if position > len(data) or tag < 8:
            return None
        fields.append((tag, data[start:position]))
    return fields


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(data[position : position + 10]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, position + shift + 1
    return 0, len(data) + 1


def joined(fields: list[Field]) -> bytes:
    """The fields, each with its tag and its length."""
    return b"".join(delimited(tag >> 3, value) if tag & 7 == 2 else varint(tag) + value for tag, value in fields)


def overlong(draw: Draw, number: int) -> bytes:
    """A varint with bytes more than it needs, or with bits that are cut off."""
    short = varint(number)
    padding = b"\x80" * draw(st.integers(0, 9))
    return short[:-1] + bytes([short[-1] | 128]) + padding + bytes([draw(st.sampled_from([0, 0, 0, 1, 16, 127]))])


def _mutate_fields(draw: Draw, data: bytes, depth: int) -> bytes:
    """Change one field of the message, or of one in it."""
    fields = split(data)
    if not fields:
        return data + draw(st.sampled_from(INSERTED))
    at = draw(st.integers(0, len(fields) - 1))
    tag, value = fields[at]
    before, after = joined(fields[:at]), joined(fields[at + 1 :])
    if tag & 7 == 2 and value and depth < 12 and split(value) is not None and draw(st.integers(0, 3)):
        return before + delimited(tag >> 3, _mutate_fields(draw, value, depth + 1)) + after
    whole = joined([(tag, value)])
    other = joined([draw(st.sampled_from(fields))])
    choice = draw(st.integers(0, 8))
    if choice == 0:
        return before + other + whole + after
    if choice == 1:
        return before + after + whole
    if choice == 2:
        return before + draw(st.sampled_from(INSERTED)) + whole + after
    if choice == 3:
        return before + after
    if choice == 4:
        return before + varint(tag & ~7 | draw(st.integers(0, 7))) + whole[len(varint(tag)) :] + after
    if choice == 5:
        return before + overlong(draw, tag) + whole[len(varint(tag)) :] + after
    if choice == 6:
        tag, value = tag & ~7 | 2, draw(st.sampled_from(fields))[1]
        return before + joined([(tag, value)]) + after
    if tag & 7 == 0:
        return before + varint(tag) + overlong(draw, _varint(value, 0)[0]) + after
    if tag & 7 == 2:
        length = len(value) + draw(st.sampled_from([-1, 1, 2, 100, 1 << 31, 1 << 32])) if choice == 7 else len(value)
        return (
            before
            + varint(tag)
            + (overlong(draw, len(value)) if choice == 8 else varint(max(0, length)))
            + value
            + after
        )
    return before + varint(tag) + draw(st.binary(max_size=9)) + after


def _mutate_bytes(draw: Draw, data: bytes) -> bytes:
    if not data:
        return draw(st.binary(max_size=4))
    at = draw(st.integers(0, len(data) - 1))
    choice = draw(st.integers(0, 4))
    if choice == 0:
        return data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
    if choice == 1:
        return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
    if choice == 2:
        return data[:at]
    length = draw(st.integers(1, 12))
    if choice == 3:
        return data[:at] + data[at + length :]
    source = draw(st.integers(0, len(data) - 1))
    return data[:at] + data[source : source + length] + data[at:]


@st.composite
def mutations(draw: Draw, encoded: st.SearchStrategy[bytes]) -> bytes:
    """Encodings with one to three changes, most of them to whole fields and so not simply garbage."""
    data = draw(encoded)
    for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
        data = _mutate_fields(draw, data, 0) if draw(st.integers(0, 3)) else _mutate_bytes(draw, data)
    return data
