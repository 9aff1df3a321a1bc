"""Writing the well-known types that are plain Python values: Struct, ListValue, Value, Timestamp, Duration, wrappers.

Writers take ``(value, depth)``, where ``depth`` is how many levels the message stands below the outermost one. They
return its content, without tag and length, as latin-1 text (``wire.format`` says why).

Struct payloads are most of what real events carry, so ``encode_struct`` and ``encode_list`` write each ordinary kind of
value where it is met; only what is unusual leaves the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from chaukas_spec_lite.wellknown.number_lists import SEVERAL, encode_numbers
from chaukas_spec_lite.wellknown.times import EPOCH, wire_from_datetime, wire_from_timedelta
from chaukas_spec_lite.wellknown.values import NO_KIND, NULL, UnknownNull, inner_unknown_of, plain_of, unknown_of
from chaukas_spec_lite.wire.fields import DURATION, LIST, STRUCT, TIMESTAMP, VALUE
from chaukas_spec_lite.wire.format import LONG, MAX_DEPTH, SMALL, TOO_DEEP, VARINTS, Table, pack_double, size, varint
from chaukas_spec_lite.wire.memo import Memo
from chaukas_spec_lite.wire.refusals import no_json, no_key, refused
from chaukas_spec_lite.wire.rope import Text, long
from chaukas_spec_lite.wire.scalars import WRITERS, double, fields_in, is_array, is_dict, text, unless_zero, values_in

# For each key: "\n" length key "\x12", which is the key's field and the tag of the value; and how long the entry is if
# the value is the empty string, whose Value takes three bytes more: length "\x1a" "\0".
_KEYS: Memo[str, tuple[str, int]] = Memo(4096)
_KEY_LENGTH_MAX = 128
_LONG_KEY = 1024
"""Entries of more than this go to ``_encode_entry``: the quick way looks lengths up in ``VARINTS``, up to ``SMALL``."""

_SHORT = 124
"""Below this length of a string, the length of the Value around it, ``n + 2``, takes one byte."""
_TEXTS = [f"{VARINTS[n + 2]}\x1a{VARINTS[n]}" for n in range(_SHORT)]
"""What stands before a short string in a Value, by its length."""

_entries = dict[str, Any].items
"""In which order the entries of a Struct are written. An encoder that has to be canonical has another one here."""

_FEW = 256
_DOUBLES: Table[str] = [pack_double(number).decode("latin-1") for number in range(_FEW)]
"""The first integers, as a Struct has them."""


def _encode_key(key: str) -> tuple[str, int]:
    if key.__class__ is str and key.isascii():
        content = key
    elif isinstance(key, str):
        content = text(key)
    else:
        raise TypeError(no_key(key, repr(key)))
    n = len(content)
    entry = f"\n{VARINTS[n] if n < SMALL else varint(n)}{content}\x12"
    found = entry, len(entry) + 3
    # Long keys are likely to be data that never comes again, and would fill memory.
    # One of a subclass may call itself equal to others.
    if n <= _KEY_LENGTH_MAX and key.__class__ is str:
        _KEYS.remember(key, found)
    return found


def encode_struct(fields: dict[str, Any], depth: int) -> Text:
    """Write the content of a Struct that stands ``depth`` levels below the outermost message."""
    if depth > MAX_DEPTH - 2 and (fields or depth > MAX_DEPTH):
        raise ValueError(TOO_DEEP)
    if fields.__class__ is not dict:
        fields = fields_in(fields)
    out: Text = ""
    cached = _KEYS.get
    for name, value in _entries(fields):
        key, k = cached(name) or _encode_key(name)
        kind = value.__class__
        if k > _LONG_KEY:
            out += _encode_entry(key, value, depth)
            continue
        # The kinds in the order of how often events hold them.
        if kind is str:
            if not value.isascii():
                value = value.encode().decode("latin-1")
            n = len(value)
            if n < _SHORT:  # one look-up gives both inner lengths
                out += f"\n{VARINTS[k + n]}{key}{_TEXTS[n]}{value}"
                continue
            mark = "\x1a"
        elif kind is float or kind is int:  # 9 bytes in a Value of one length, so 7 more than an empty string's entry
            few = kind is int and 0 <= value < _FEW
            packed = _DOUBLES[value] if few else pack_double(value).decode("latin-1")
            out += f"\n{VARINTS[k + 7]}{key}\t\x11{packed}"
            continue
        elif kind is dict:
            value = encode_struct(value, depth + 3)
            mark = "*"
        elif kind is list:
            value = encode_list(value, depth + 3)
            mark = "2"
        else:
            if kind is bool:
                value = "\x02\x20\x01" if value else "\x02\x20\x00"
            elif value is None:
                value = "\x02\x08\x00"
            else:
                value = encode_value(value, depth + 2)
                value = size(len(value)) + value
            n = len(key) + len(value)
            out += f"\n{VARINTS[n] if n < SMALL else varint(n)}{key}{value}"
            continue
        n = len(value)
        inner = VARINTS[n] if n < SMALL else varint(n)
        n += len(inner) + 1
        outer = VARINTS[n] if n < SMALL else varint(n)
        n += len(outer) + len(key)
        out += f"\n{VARINTS[n] if n < SMALL else varint(n)}{key}{outer}{mark}{inner}"
        # Appended apart from its head, so that long content becomes a piece of a rope and is not copied again.
        out += value if n < LONG else long(value)
    return out if fields.__class__ is dict else out + inner_unknown_of(fields).decode("latin-1")


def _encode_entry(key: str, value: Any, depth: int) -> Text:
    """Write an entry whose key is unusually long."""
    content = encode_value(value, depth + 2)
    content = size(len(content)) + content
    return f"\n{size(len(key) + len(content))}{key}" + content


def encode_list(values: list[Any] | tuple[Any, ...], depth: int) -> Text:
    """Write the content of a ListValue that stands ``depth`` levels below the outermost message."""
    if depth > MAX_DEPTH - 1 and (values or depth > MAX_DEPTH):
        raise ValueError(TOO_DEEP)
    if values.__class__ is not list:
        values = values_in(values)
    elif len(values) >= SEVERAL and (numbers := encode_numbers(values)) is not None:
        return numbers
    out: Text = ""
    for value in values:
        kind = value.__class__
        if kind is str:
            if not value.isascii():
                value = value.encode().decode("latin-1")
            n = len(value)
            if n < _SHORT:
                out += f"\n{_TEXTS[n]}{value}"
                continue
            mark = "\x1a"
        elif kind is float or kind is int:
            out += f"\n\t\x11{pack_double(value).decode('latin-1')}"
            continue
        elif kind is dict:
            value = encode_struct(value, depth + 2)
            mark = "*"
        elif kind is list:
            value = encode_list(value, depth + 2)
            mark = "2"
        else:
            if kind is bool:
                out += "\n\x02\x20\x01" if value else "\n\x02\x20\x00"
            elif value is None:
                out += "\n\x02\x08\x00"
            else:
                value = encode_value(value, depth + 1)
                out += f"\n{size(len(value))}{value}"
            continue
        n = len(value)
        inner = VARINTS[n] if n < SMALL else varint(n)
        n += len(inner) + 1
        out += f"\n{VARINTS[n] if n < SMALL else varint(n)}{mark}{inner}"
        out += value if n < LONG else long(value)
    return out if values.__class__ is list else out + inner_unknown_of(values).decode("latin-1")


def encode_value(value: Any, depth: int) -> Text:
    """Write the content of a Value that stands ``depth`` levels below the outermost message."""
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    unknown = unknown_of(value).decode("latin-1")
    if isinstance(value, UnknownNull):
        return f"\x08{varint(value.number & 0xFFFFFFFFFFFFFFFF)}{unknown}"
    # From here on the kind decides; the unknown fields go behind it, where the exact reader keeps them.
    value = plain_of(value)
    if value is NO_KIND:
        return unknown
    if value is None or value is NULL:
        return f"\x08\x00{unknown}"
    # Before numbers, because a bool is an int.
    if isinstance(value, bool):
        return f"\x20{chr(value)}{unknown}"
    if isinstance(value, str):
        string = text(value)
        return f"\x1a{size(len(string))}" + long(string) + unknown
    if isinstance(value, (int, float)):
        return f"\x11{double(value)}{unknown}"
    if is_dict(value):
        content = encode_struct(value, depth + 1)
        return f"*{size(len(content))}" + content + unknown
    if is_array(value):
        content = encode_list(value, depth + 1)
        return f"2{size(len(content))}" + content + unknown
    raise TypeError(no_json(value))


_MASK = 0xFFFFFFFFFFFFFFFF
_UTC = timezone.utc

# The varint of a Timestamp's seconds behind its tag: events that are written together share their second. No ``Memo``:
# the newest seconds count.
_SECONDS: dict[int, str] = {}
_SECONDS_MAX = 4096


def _second(seconds: int) -> str:
    # Zero seconds are the default, and not written, as in any proto3 field without presence.
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
    """Refuse a message that stands deeper than the reference parses."""
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)


# All bytes of a varint but the last have the highest bit set: by the seven bits that they carry.
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
        # Nanoseconds of a time with microseconds mostly take four or five bytes: unrolled, as every event has some.
        # What is above the first three, up to 476, is a varint of its own.
        if n >> 21:
            return f"{out}\x10{_MORE[n & 127]}{_MORE[n >> 7 & 127]}{_MORE[n >> 14 & 127]}{VARINTS[n >> 21]}"
        return f"{out}\x10{varint(n)}" if n else out
    if not isinstance(value, datetime):
        raise TypeError(refused(value, "datetime"))
    check_depth(depth)
    return _seconds_and_nanos(*wire_from_datetime(value))


def duration(value: Any, depth: int) -> str:
    """Write a timedelta as a Duration."""
    if not isinstance(value, timedelta):
        raise TypeError(refused(value, "timedelta"))
    check_depth(depth)
    return _seconds_and_nanos(*wire_from_timedelta(value))


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
    STRUCT: encode_struct,
    LIST: encode_list,
    VALUE: encode_value,
    TIMESTAMP: timestamp,
    DURATION: duration,
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
