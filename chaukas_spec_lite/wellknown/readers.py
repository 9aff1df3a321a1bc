"""Reading the well-known types that are plain values: the ordinary form quickly, any other exactly.

Readers take the content of the message, without tag and length, and how many levels it stands below the outermost one.
What is not in the form that encoders write (``NotCanonical``, or an ``IndexError``) goes to ``slow_readers``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from struct import Struct
from typing import Any

from chaukas_spec_lite.wellknown.slow_readers import READERS
from chaukas_spec_lite.wellknown.struct_readers import decode_list, decode_struct, decode_value, structure
from chaukas_spec_lite.wellknown.times import EPOCH, datetime_from_wire, timedelta_from_wire
from chaukas_spec_lite.wellknown.values import NULL
from chaukas_spec_lite.wire.fields import DURATION, LIST, STRUCT, TIMESTAMP, VALUE
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, Table
from chaukas_spec_lite.wire.window import Window


def _reader(kind: str, ordinary: Callable[[bytes, int], Any]) -> Callable[[bytes, int], Any]:
    exact = READERS[kind]

    def read(data: bytes, depth: int) -> Any:
        try:
            return ordinary(data, depth)
        except Exception:  # odd or wrong, which the exact reader can tell apart
            return exact(data, [(0, len(data))], depth)

    return read


def _exact(kind: str) -> Callable[[bytes, int], Any]:
    read = READERS[kind]
    return lambda data, depth: read(data, [(0, len(data))], depth)


_exact_struct = READERS[STRUCT]


def read_struct(read: Any, n: int, depth: int) -> dict[str, Any]:
    """Read a Struct of ``n`` bytes where it stands: there are many, and large ones, so they are not cut out first.

    ``read`` is the method of a buffer, or of a window on one: then the Struct has to end within it.
    """
    buffer = read.__self__
    if isinstance(buffer, Window):
        read = buffer.within(n)
        buffer = buffer.buffer
    start = buffer.tell()
    try:
        fields = structure(read, n, depth)
        if buffer.tell() == start + n:  # else it was cut off
            return fields
    except Exception:  # odd or wrong, as above
        pass
    buffer.seek(start)
    data = read(n)
    if len(data) != n:
        raise NotCanonical
    exactly: dict[str, Any] = _exact_struct(data, [(0, n)], depth)
    return exactly


read_struct_in = _reader(STRUCT, decode_struct)
"""Reads a Struct in a list or a map."""
read_list = _reader(LIST, decode_list)
read_item = _reader(VALUE, decode_value)
"""Reads a Value in a list or a map, where null is ``None``."""


def read_value(data: bytes, depth: int) -> Any:
    """Read the content of a Value that is a field by itself, where ``None`` says that it is not set."""
    value = read_item(data, depth)
    return NULL if value is None else value


read_wrapped_double = _exact("google.protobuf.DoubleValue")
read_wrapped_float = _exact("google.protobuf.FloatValue")
read_wrapped_int64 = _exact("google.protobuf.Int64Value")
read_wrapped_uint64 = _exact("google.protobuf.UInt64Value")
read_wrapped_int32 = _exact("google.protobuf.Int32Value")
read_wrapped_uint32 = _exact("google.protobuf.UInt32Value")
read_wrapped_bool = _exact("google.protobuf.BoolValue")
read_wrapped_string = _exact("google.protobuf.StringValue")
read_wrapped_bytes = _exact("google.protobuf.BytesValue")


def _read_seconds_and_nanos(data: bytes) -> tuple[int, int]:
    """Read the two fields in order; each at most once, positive and in its shortest form."""
    end = len(data)
    seconds = nanos = pos = 0
    if end and data[0] == 0x08:
        seconds, pos = _read_varint(data, 1)
    if pos < end and data[pos] == 0x10:
        nanos, pos = _read_varint(data, pos + 1)
    if pos != end or nanos > 999_999_999:
        raise NotCanonical
    return seconds, nanos


def _read_varint(data: bytes, pos: int) -> tuple[int, int]:
    """Read a varint of at most five bytes: seconds until the year 3058, and all nanoseconds."""
    value = data[pos]
    if value < 128:
        return value, pos + 1
    byte = data[pos + 1]
    value = value & 127 | (byte & 127) << 7
    if byte < 128:
        return value, pos + 2
    byte = data[pos + 2]
    value |= (byte & 127) << 14
    if byte < 128:
        return value, pos + 3
    byte = data[pos + 3]
    value |= (byte & 127) << 21
    if byte < 128:
        return value, pos + 4
    byte = data[pos + 4]
    if byte < 128:
        return value | byte << 28, pos + 5
    raise NotCanonical


def _ordinary_timestamp(data: bytes, depth: int) -> datetime:
    """Read the content of a Timestamp."""
    if depth > MAX_DEPTH:
        raise NotCanonical
    return datetime_from_wire(*_read_seconds_and_nanos(data))


def _ordinary_duration(data: bytes, depth: int) -> timedelta:
    """Read the content of a Duration."""
    if depth > MAX_DEPTH:
        raise NotCanonical
    return timedelta_from_wire(*_read_seconds_and_nanos(data))


read_any_timestamp = _reader(TIMESTAMP, _ordinary_timestamp)
"""Reads a Timestamp of whatever form; ``timestamp_decode`` reads the usual ones."""
read_duration = _reader(DURATION, _ordinary_duration)

_unpack_11 = Struct("<BB5sBBBB").unpack
_unpack_12 = Struct("<BB5sBBBBB").unpack
"""Tag and first byte of the seconds; their other four bytes with the tag of the nanoseconds; those byte by byte."""

_ODD = -(1 << 40)
"""What a byte counts that is none of the ordinary form: it spoils the sum that it goes into."""


def _counting(shift: int, ordinary: range) -> Table[int]:
    """What each byte of a varint counts; of those that others follow, 128 is the continuation bit."""
    return [(byte & 127) << shift if byte in ordinary else _ODD for byte in range(256)]


_1ST, _2ND, _3RD, _4TH = (_counting(shift, range(128, 256)) for shift in (0, 7, 14, 21))
_LAST_OF_4, _LAST_OF_5 = _counting(21, range(1, 128)), _counting(28, range(1, 4))

# What 128 seconds have in common whose varints end in the same four bytes: year, month, day, hour, minute and second
# of the first one. Timestamps decoded together lie close together.
_SPANS: dict[bytes, tuple[int, int, int, int, int, int]] = {}
_SPANS_MAX = 4096


def _span(key: bytes) -> tuple[int, int, int, int, int, int]:
    b, c, d, e, tag = key
    if b < 128 or c < 128 or d < 128 or e > 127 or tag != 0x10:
        raise NotCanonical
    start = EPOCH + timedelta(0, (b & 127 | (c & 127) << 7 | (d & 127) << 14 | e << 21) << 7)
    if len(_SPANS) >= _SPANS_MAX:
        _SPANS.clear()
    found = start.year, start.month, start.day, start.hour, start.minute, start.second
    _SPANS[key] = found
    return found


def read_timestamp(data: bytes, depth: int) -> datetime:
    """Read the content of a Timestamp."""
    try:
        if len(data) == 12:
            tag, low, key, f, g, h, i, j = _unpack_12(data)
            nanos = _1ST[f] + _2ND[g] + _3RD[h] + _4TH[i] + _LAST_OF_5[j]
        else:
            tag, low, key, f, g, h, i = _unpack_11(data)
            nanos = _1ST[f] + _2ND[g] + _3RD[h] + _LAST_OF_4[i]
        micros = nanos // 1000
        if tag == 8 and depth <= MAX_DEPTH and micros * 1000 == nanos:
            year, month, day, hour, minute, second = _SPANS.get(key) or _span(key)
            second += _1ST[low]
            while second > 59:
                second -= 60
                minute += 1
            return datetime(year, month, day, hour, minute, second, micros, timezone.utc)
    except Exception:  # odd or wrong, which the other reader can tell apart
        pass
    value: datetime = read_any_timestamp(data, depth)
    return value
