"""Reading single values at a position of the input, for the exact decoder."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.wire.format import I32, I64, LEN, VARINT, read_varint

WIRE_TYPES = {
    **dict.fromkeys(["int32", "int64", "uint32", "uint64", "sint32", "sint64", "bool", "enum"], VARINT),
    **dict.fromkeys(["fixed64", "sfixed64", "double"], I64),
    **dict.fromkeys(["fixed32", "sfixed32", "float"], I32),
    **dict.fromkeys(["string", "bytes"], LEN),
}
"""The wire type of each scalar type; every other kind is length-delimited."""

PACKABLE = frozenset(kind for kind, wire in WIRE_TYPES.items() if wire != LEN)
"""The types whose repeated values may come packed."""


def signed(raw: int, bits: int) -> int:
    """Take the lowest bits of an integer as two's complement."""
    raw &= (1 << bits) - 1
    return raw - (1 << bits) if raw >> bits - 1 else raw


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


def read_scalar(kind: str, data: bytes, pos: int, end: int) -> Any:
    """Read one value of a scalar type (an enum's as an int) whose extent is known."""
    if kind in FROM_VARINT:
        return FROM_VARINT[kind](read_varint(data, pos, end)[0])
    if kind in FIXED:
        return FIXED[kind].unpack_from(data, pos)[0]
    return read_text(data, pos, end) if kind == "string" else data[pos:end]


def read_packed(kind: str, data: bytes, pos: int, end: int) -> list[Any]:
    """Read the values of a packed field."""
    if kind in FIXED:
        layout = FIXED[kind]
        if (end - pos) % layout.size:
            raise DecodeError(f"a packed field of {end - pos} bytes is no whole number of {kind}", offset=pos)
        return [value for (value,) in layout.iter_unpack(data[pos:end])]
    convert = FROM_VARINT[kind]
    values: list[Any] = []
    while pos < end:
        raw, pos = read_varint(data, pos, end)
        values.append(convert(raw))
    return values
