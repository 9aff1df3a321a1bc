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
    """Make a reader that tries the one for the ordinary form first."""
    slow = READERS[kind]

    def read(data: bytes, depth: int) -> Any:
        try:
            return ordinary(data, depth)
        except Exception:  # unusual or invalid: the exact reader finds out which, and raises the error
            return slow(data, [(0, len(data))], depth)

    return read


def _slow_reader(kind: str) -> Callable[[bytes, int], Any]:
    """Make a reader without a fast way, for types that are seldom met."""
    read = READERS[kind]
    return lambda data, depth: read(data, [(0, len(data))], depth)


_slow_struct = READERS[STRUCT]


def read_struct(read: Any, n: int, depth: int) -> dict[str, Any]:
    """Read a Struct where it stands in the input; cutting it out first would copy what most of an event is.

    Args:
        read: The bound method ``read`` of a buffer, or of a window on one: then the Struct has to end within it.
        n: The length of the Struct in bytes.
        depth: Its level below the outermost message.

    Raises:
        NotCanonical: The input, or the window, ends before the Struct does.
    """
    buffer = read.__self__
    if isinstance(buffer, Window):
        read = buffer.within(n)
        buffer = buffer.buffer
    start = buffer.tell()
    try:
        fields = structure(read, n, depth)
        # A read beyond the end of the input gives fewer bytes and no error, so the position tells.
        if buffer.tell() == start + n:  # else the input ended inside the last value
            return fields
    except Exception:  # unusual or invalid, as above
        pass
    # The exact reader gets the whole Struct: what was read so far is no message that it could go on with.
    buffer.seek(start)
    data = read(n)
    if len(data) != n:
        raise NotCanonical
    value: dict[str, Any] = _slow_struct(data, [(0, n)], depth)
    return value


read_struct_in = _reader(STRUCT, decode_struct)
"""Reads a Struct in a list or a map."""
read_list = _reader(LIST, decode_list)
read_item = _reader(VALUE, decode_value)
"""Reads a Value in a list or a map, where null is ``None``."""


def read_value(data: bytes, depth: int) -> Any:
    """Read the content of a Value in a singular field, where null is ``NULL``, because ``None`` means not set."""
    value = read_item(data, depth)
    return NULL if value is None else value


read_wrapped_double = _slow_reader("google.protobuf.DoubleValue")
read_wrapped_float = _slow_reader("google.protobuf.FloatValue")
read_wrapped_int64 = _slow_reader("google.protobuf.Int64Value")
read_wrapped_uint64 = _slow_reader("google.protobuf.UInt64Value")
read_wrapped_int32 = _slow_reader("google.protobuf.Int32Value")
read_wrapped_uint32 = _slow_reader("google.protobuf.UInt32Value")
read_wrapped_bool = _slow_reader("google.protobuf.BoolValue")
read_wrapped_string = _slow_reader("google.protobuf.StringValue")
read_wrapped_bytes = _slow_reader("google.protobuf.BytesValue")


def read_seconds_and_nanos(data: bytes) -> tuple[int, int]:
    """Read the two fields of a Timestamp or Duration in order, each once at most and positive, or raise."""
    end = len(data)
    seconds = nanos = pos = 0
    if end and data[0] == 0x08:
        seconds, pos = _read_varint(data, 1)
    if pos < end and data[pos] == 0x10:
        nanos, pos = _read_varint(data, pos + 1)
    # Anything left over is an unknown field, a field out of order or a repeated one.
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
    # Longer ones, among them all negative numbers, which take ten bytes.
    raise NotCanonical


def _ordinary_timestamp(data: bytes, depth: int) -> datetime:
    """Read the content of a Timestamp."""
    # Checked in each reader, since a Timestamp is a message, too, and the reference counts it as a level.
    if depth > MAX_DEPTH:
        raise NotCanonical
    return datetime_from_wire(*read_seconds_and_nanos(data))


def _ordinary_duration(data: bytes, depth: int) -> timedelta:
    """Read the content of a Duration."""
    if depth > MAX_DEPTH:
        raise NotCanonical
    return timedelta_from_wire(*read_seconds_and_nanos(data))


read_any_timestamp = _reader(TIMESTAMP, _ordinary_timestamp)
"""Reads a Timestamp of any form; ``read_timestamp`` is quicker at the usual ones."""
read_duration = _reader(DURATION, _ordinary_duration)

_unpack_11 = Struct("<BB5sBBBB").unpack
_unpack_12 = Struct("<BB5sBBBBB").unpack
"""Tag and first byte of the seconds; their other four bytes with the tag of the nanoseconds; those byte by byte."""

_NOT_ORDINARY = -(1 << 40)
"""What a byte that the ordinary form does not have counts: it makes the sum that it goes into negative."""


def _counting(shift: int, ordinary: range) -> Table[int]:
    """What each byte at one place of a varint counts: its seven bits, shifted to that place."""
    return [(byte & 127) << shift if byte in ordinary else _NOT_ORDINARY for byte in range(256)]


_1ST, _2ND, _3RD, _4TH = (_counting(shift, range(128, 256)) for shift in (0, 7, 14, 21))
_LAST_OF_4, _LAST_OF_5 = _counting(21, range(1, 128)), _counting(28, range(1, 4))

# The first byte of a varint has the lowest seven bits, so 128 seconds in a row share its other four bytes. Those, with
# the tag behind them, lead here to year, month, day, hour, minute and second of the first of the 128. Timestamps that
# are decoded together lie close together.
_SPANS: dict[bytes, tuple[int, int, int, int, int, int]] = {}
_SPANS_MAX = 4096


def _span(key: bytes) -> tuple[int, int, int, int, int, int]:
    b, c, d, e, tag = key
    # All but the last byte of a varint have the highest bit set. Only keys that hold a whole varint may enter the
    # table.
    if b < 128 or c < 128 or d < 128 or e > 127 or tag != 0x10:
        raise NotCanonical
    start = EPOCH + timedelta(0, (b & 127 | (c & 127) << 7 | (d & 127) << 14 | e << 21) << 7)
    if len(_SPANS) >= _SPANS_MAX:
        _SPANS.clear()
    found = start.year, start.month, start.day, start.hour, start.minute, start.second
    _SPANS[key] = found
    return found


def read_timestamp(data: bytes, depth: int) -> datetime:
    """Read the content of a Timestamp.

    Nearly every event has some, nearly all in two forms, which are read at once: five bytes of seconds, which is every
    time from 1978 to 3058, and four or five bytes of nanoseconds that are whole microseconds.
    """
    try:
        if len(data) == 12:
            tag, low, key, f, g, h, i, j = _unpack_12(data)
            # Five tables instead of five tests: a wrong byte makes the sum negative, and one comparison below finds it.
            nanos = _1ST[f] + _2ND[g] + _3RD[h] + _4TH[i] + _LAST_OF_5[j]
        else:
            tag, low, key, f, g, h, i = _unpack_11(data)
            nanos = _1ST[f] + _2ND[g] + _3RD[h] + _LAST_OF_4[i]
        micros = nanos // 1000
        # A negative sum, if a byte was not ordinary, makes ``micros`` negative, which ``datetime`` refuses.
        if tag == 8 and depth <= MAX_DEPTH and micros * 1000 == nanos:
            year, month, day, hour, minute, second = _SPANS.get(key) or _span(key)
            second += _1ST[low]
            # Up to 127 seconds on top of up to 59: three turns at most. Minutes beyond 59 are left to the other reader,
            # as they are rare.
            while second > 59:
                second -= 60
                minute += 1
            return datetime(year, month, day, hour, minute, second, micros, timezone.utc)
    except Exception:  # another form, or invalid: among them a minute above 59, which datetime refuses
        pass
    value: datetime = read_any_timestamp(data, depth)
    return value
