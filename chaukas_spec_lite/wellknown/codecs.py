"""Reading and writing Timestamp, Duration and the wrappers as the plain values they are in a field.

Writers return the content of the message, without its length, as latin-1 text. Readers take the ordinary form and
raise ``NotCanonical``, or fail with an ``IndexError``, on anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from chaukas_spec_lite.wellknown.struct_encode import encode_list, encode_struct, encode_value
from chaukas_spec_lite.wellknown.times import (
    EPOCH,
    datetime_from_wire,
    timedelta_from_wire,
    wire_from_datetime,
    wire_from_timedelta,
)
from chaukas_spec_lite.wellknown.values import plain_of, unknown_of
from chaukas_spec_lite.wire import fields as kinds
from chaukas_spec_lite.wire.format import MAX_DEPTH, TOO_DEEP, VARINTS, NotCanonical, varint
from chaukas_spec_lite.wire.rope import Text
from chaukas_spec_lite.wire.scalars import WRITERS, named, unless_zero

_MASK = 0xFFFFFFFFFFFFFFFF
_UTC = timezone.utc

# The varint of a Timestamp's seconds behind its tag: events that are written together share their second.
_SECONDS: dict[int, str] = {}
_SECONDS_MAX = 4096


def _second(seconds: int) -> str:
    out = f"\x08{varint(seconds & _MASK)}" if seconds else ""
    if len(_SECONDS) >= _SECONDS_MAX:
        _SECONDS.clear()
    _SECONDS[seconds] = out
    return out


def _seconds_and_nanos(seconds: int, nanos: int, unknown: bytes) -> str:
    out = _SECONDS.get(seconds)
    if out is None:
        out = _second(seconds)
    if nanos:
        out += f"\x10{varint(nanos & _MASK)}"
    if unknown:
        out += unknown.decode("latin-1")
    return out


def check_depth(depth: int) -> None:
    """Refuse to write a message deeper than any parser would read it."""
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)


# The bytes of a varint that others follow, by their seven bits.
_MORE = [chr(bits | 128) for bits in range(128)]


def timestamp(value: Any, depth: int) -> str:
    """Write an aware datetime as a Timestamp."""
    if value.__class__ is datetime and value.tzinfo is _UTC and depth <= MAX_DEPTH:
        since = value - EPOCH
        seconds = since.days * 86400 + since.seconds
        out = _SECONDS.get(seconds)
        if out is None:
            out = _second(seconds)
        n: int = since.microseconds * 1000
        if n >> 21:
            a, b, c = _MORE[n & 127], _MORE[n >> 7 & 127], _MORE[n >> 14 & 127]
            if n >> 28:
                return f"{out}\x10{a}{b}{c}{_MORE[n >> 21 & 127]}{VARINTS[n >> 28]}"
            return f"{out}\x10{a}{b}{c}{VARINTS[n >> 21]}"
        return f"{out}\x10{varint(n)}" if n else out
    if not isinstance(value, datetime):
        raise TypeError(f"expected datetime, got {named(value)}")
    check_depth(depth)
    return _seconds_and_nanos(*wire_from_datetime(value))


def duration(value: Any, depth: int) -> str:
    """Write a timedelta as a Duration."""
    if not isinstance(value, timedelta):
        raise TypeError(f"expected timedelta, got {named(value)}")
    check_depth(depth)
    return _seconds_and_nanos(*wire_from_timedelta(value))


def _read_seconds_and_nanos(data: bytes) -> tuple[int, int]:
    """Read the two fields in order; each at most once, positive and in its shortest form."""
    end = len(data)
    seconds = nanos = pos = 0
    if end and data[0] == 0x08:
        seconds, pos = _varint(data, 1)
    if pos < end and data[pos] == 0x10:
        nanos, pos = _varint(data, pos + 1)
    if pos != end or nanos > 999_999_999:
        raise NotCanonical
    return seconds, nanos


def _varint(data: bytes, pos: int) -> tuple[int, int]:
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


def read_timestamp(data: bytes, depth: int) -> datetime:
    """Read the content of a Timestamp."""
    if depth > MAX_DEPTH:
        raise NotCanonical
    return datetime_from_wire(*_read_seconds_and_nanos(data))


def read_duration(data: bytes, depth: int) -> timedelta:
    """Read the content of a Duration."""
    if depth > MAX_DEPTH:
        raise NotCanonical
    return timedelta_from_wire(*_read_seconds_and_nanos(data))


_WRAPPED_TAGS = {
    "double": "\x09",
    "float": "\x0d",
    "string": "\x0a",
    "bytes": "\x0a",
    **dict.fromkeys(["int64", "uint64", "int32", "uint32", "bool"], "\x08"),
}


def wrapper_writer(kind: str) -> Callable[[Any, int], str]:
    """Make the writer of the wrapper of a scalar type."""
    tag, write = _WRAPPED_TAGS[kind], WRITERS[kind]

    def wrapped(value: Any, depth: int) -> str:
        check_depth(depth)
        return unless_zero(tag, write(plain_of(value))) + unknown_of(value).decode("latin-1")

    return wrapped


wrapped_double = wrapper_writer("double")
wrapped_float = wrapper_writer("float")
wrapped_int64 = wrapper_writer("int64")
wrapped_uint64 = wrapper_writer("uint64")
wrapped_int32 = wrapper_writer("int32")
wrapped_uint32 = wrapper_writer("uint32")
wrapped_bool = wrapper_writer("bool")
wrapped_string = wrapper_writer("string")
wrapped_bytes = wrapper_writer("bytes")


CONTENT: dict[str, Callable[[Any, int], Text]] = {
    kinds.STRUCT: encode_struct,
    kinds.LIST: encode_list,
    kinds.VALUE: encode_value,
    kinds.TIMESTAMP: timestamp,
    kinds.DURATION: duration,
    "google.protobuf.DoubleValue": wrapped_double,
    "google.protobuf.FloatValue": wrapped_float,
    "google.protobuf.Int64Value": wrapped_int64,
    "google.protobuf.UInt64Value": wrapped_uint64,
    "google.protobuf.Int32Value": wrapped_int32,
    "google.protobuf.UInt32Value": wrapped_uint32,
    "google.protobuf.BoolValue": wrapped_bool,
    "google.protobuf.StringValue": wrapped_string,
    "google.protobuf.BytesValue": wrapped_bytes,
}
"""The writer of each well-known type that is a plain value: ``(value, depth) -> content``."""
