"""Reading any wire form of the well-known types that are plain values, exactly as the reference does.

These readers take fields in any order, fields given twice (messages merge; of a scalar the last one counts) and unknown
fields, which are kept. Errors carry the offset from the start of the outermost message, and the keys and indexes on the
way to the mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.wellknown.times import datetime_from_wire, timedelta_from_wire
from chaukas_spec_lite.wellknown.values import NO_KIND, UnknownNull, carry, carry_inner
from chaukas_spec_lite.wire import fields as kinds
from chaukas_spec_lite.wire.fields import DEFAULTS, WRAPPERS
from chaukas_spec_lite.wire.format import MAX_DEPTH
from chaukas_spec_lite.wire.reading import SCALARS, WIRE_TYPES, Slices, read_text, walk

_read_int32, _read_int64 = SCALARS["int32"], SCALARS["int64"]


def _seconds_and_nanos(data: bytes, slices: Slices, depth: int) -> tuple[int, int, bytes]:
    seconds = nanos = 0
    unknown: list[bytes] = []
    for start, tag, value, stop in walk(data, slices, depth):
        if tag == 0x08:
            # Of a scalar that comes several times, the last one counts.
            seconds = _read_int64(data, value, stop)
        elif tag == 0x10:
            nanos = _read_int32(data, value, stop)
        else:
            unknown.append(data[start:stop])
    return seconds, nanos, b"".join(unknown)


def _timestamp(data: bytes, slices: Slices, depth: int) -> Any:
    return datetime_from_wire(*_seconds_and_nanos(data, slices, depth))


def _duration(data: bytes, slices: Slices, depth: int) -> Any:
    return timedelta_from_wire(*_seconds_and_nanos(data, slices, depth))


def _wrapper(kind: str) -> Callable[[bytes, Slices, int], Any]:
    expected = 1 << 3 | WIRE_TYPES[kind]
    read_scalar = SCALARS[kind]

    def read(data: bytes, slices: Slices, depth: int) -> Any:
        result = DEFAULTS[kind]()
        unknown: list[bytes] = []
        for start, tag, value, stop in walk(data, slices, depth):
            if tag == expected:
                result = read_scalar(data, value, stop)
            else:
                unknown.append(data[start:stop])
        return carry(result, b"".join(unknown)) if unknown else result

    return read


def _struct(data: bytes, slices: Slices, depth: int) -> Any:
    result: dict[str, Any] = {}
    unknown: list[bytes] = []
    for start, tag, value, stop in walk(data, slices, depth):
        entry = _entry(data, value, stop, depth + 1) if tag == 0x0A else None
        if entry is None:
            unknown.append(data[start:stop])
        else:
            name, content = entry
            # Of entries with one key, the last one counts: maps replace, they do not merge.
            result[name] = content
    return carry_inner(result, b"".join(unknown)) if unknown else result


def _entry(data: bytes, pos: int, end: int, depth: int) -> tuple[str, Any] | None:
    """Read an entry of a Struct.

    Returns:
        Key and value; ``None`` if the entry has unknown fields, because the reference then keeps it, as a whole, as an
        unknown field.
    """
    name = ""
    slices: Slices = []
    known = True
    if middle := depth <= MAX_DEPTH and _middle(data, pos, end):
        name = read_text(data, pos + 2, middle)
        slices.append((middle + 2, end))
    elif pos < end or depth > MAX_DEPTH:
        for _, tag, value, stop in walk(data, [(pos, end)], depth):
            if tag == 0x0A:
                name = read_text(data, value, stop)
            elif tag == 0x12:
                slices.append((value, stop))
            else:
                known = False
    try:
        content = _value(data, slices, depth + 1)
    except DecodeError as error:
        error.path = f"[{name!r}]{error.path}"
        raise
    if not slices and depth == MAX_DEPTH:  # the empty Value would stand too deep to be written: keep what came
        known = False
    return (name, content) if known else None


def _middle(data: bytes, pos: int, end: int) -> int:
    """Where the value begins in an entry of a short key and a short value, as encoders write it; 0 in any other."""
    # Found without a walk, which would be half the cost of a small entry.
    if end - pos > 3 and data[pos] == 0x0A and data[pos + 1] < 128:
        middle = pos + 2 + data[pos + 1]
        if _is_alone(data, middle, end, 0x12):
            return middle
    return 0


def _is_alone(data: bytes, pos: int, end: int, tag: int) -> bool:
    """Whether one field of this tag and a short length is all there is."""
    return end - pos > 1 and data[pos] == tag and data[pos + 1] < 128 and pos + 2 + data[pos + 1] == end


def _list(data: bytes, slices: Slices, depth: int) -> Any:
    result: list[Any] = []
    unknown: list[bytes] = []
    for start, tag, value, stop in walk(data, slices, depth):
        if tag == 0x0A:
            try:
                result.append(_value(data, [(value, stop)], depth + 1))
            except DecodeError as error:
                error.path = f"[{len(result)}]{error.path}"
                raise
        else:
            unknown.append(data[start:stop])
    return carry_inner(result, b"".join(unknown)) if unknown else result


def _value(data: bytes, slices: Slices, depth: int) -> Any:
    result: Any = NO_KIND
    if not slices:
        return result
    if len(slices) == 1 and depth <= MAX_DEPTH and _is_alone(data, *slices[0], 0x1A):
        return read_text(data, slices[0][0] + 2, slices[0][1])
    unknown: list[bytes] = []
    last = 0
    parts: Slices = []
    replaced: dict[int, Slices] = {}
    for start, tag, value, stop in walk(data, slices, depth):
        read = _SCALARS.get(tag)
        if read is None and tag not in _MESSAGES:
            unknown.append(data[start:stop])
            continue
        if parts and tag != last:
            replaced.setdefault(last, []).extend(parts)
            parts = []
        if read is not None:
            result = read(data, value, stop)
        else:
            # Not read yet: a Struct that comes in pieces is merged, and reading each piece alone could not do that.
            last = tag
            parts.append((value, stop))
    for tag, pieces in replaced.items():  # for nothing, but the reference refuses what is not valid
        _MESSAGES[tag](data, pieces, depth + 1)
    if parts:
        result = _MESSAGES[last](data, parts, depth + 1)
    return carry(result, b"".join(unknown)) if unknown else result


def _null(data: bytes, pos: int, end: int) -> Any:
    # Read as int32, as the reference does with every enum: excess bits are cut off.
    number = _read_int32(data, pos, end)
    return UnknownNull(number) if number else None  # NullValue is an open enum


# The kinds of a Value by their tags. Those that are messages come in pieces, which are merged.
_SCALARS: dict[int, Callable[[bytes, int, int], Any]] = {
    0x08: _null,
    0x11: SCALARS["double"],
    0x1A: read_text,
    0x20: SCALARS["bool"],
}
_MESSAGES: dict[int, Callable[[bytes, Slices, int], Any]] = {0x2A: _struct, 0x32: _list}

READERS: dict[str, Callable[[bytes, Slices, int], Any]] = {
    kinds.STRUCT: _struct,
    kinds.LIST: _list,
    kinds.VALUE: _value,
    kinds.TIMESTAMP: _timestamp,
    kinds.DURATION: _duration,
    **{name: _wrapper(kind) for name, kind in WRAPPERS.items()},
}
"""The reader of each well-known type: ``(data, slices, depth) -> value``."""
