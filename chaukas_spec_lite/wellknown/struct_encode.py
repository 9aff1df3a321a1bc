"""Writing ``dict`` as ``google.protobuf.Struct``, ``list`` as ``ListValue``, any JSON-like value as ``Value``.

Output is latin-1 text without the outermost length. Struct payloads are most of what real events carry, so each kind
of value is written where it is met; only what is unusual leaves the loop.
"""

from __future__ import annotations

from typing import Any

from chaukas_spec_lite.wellknown.values import NO_KIND, NULL, UnknownNull, inner_unknown_of, plain_of, unknown_of
from chaukas_spec_lite.wire.format import LONG, MAX_DEPTH, SMALL, TOO_DEEP, VARINTS, Table, pack_double, size, varint
from chaukas_spec_lite.wire.rope import Text, long
from chaukas_spec_lite.wire.scalars import double, is_array, is_dict, named, text

# A map entry's key with its tag and length, and the tag of the value that follows: "\n" length key "\x12". And how long
# the entry is if the value is the empty string: three bytes more.
_KEYS: dict[str, tuple[str, int]] = {}
_KEYS_MAX = 4096
_KEY_LENGTH_MAX = 128
_LONG_KEY = 1024
"""From here on, a key needs more care than the tables give."""

_SHORT = 124
_TEXTS = [f"{VARINTS[n + 2]}\x1a{VARINTS[n]}" for n in range(_SHORT)]
"""What stands before a short string in a Value, by its length."""

_FEW = 256
_DOUBLES: Table[str] = [pack_double(number).decode("latin-1") for number in range(_FEW)]
"""The first integers, as a Struct has them."""


def _key(key: str) -> tuple[str, int]:
    if key.__class__ is str and key.isascii():
        content = key
    elif isinstance(key, str):
        content = text(key)
    else:
        raise TypeError(f"a key is {key!r}, not a str")
    n = len(content)
    entry = f"\n{VARINTS[n] if n < SMALL else varint(n)}{content}\x12"
    found = entry, len(entry) + 3
    if n <= _KEY_LENGTH_MAX:
        if len(_KEYS) >= _KEYS_MAX:
            _KEYS.clear()
        _KEYS[key] = found
    return found


def encode_struct(fields: dict[str, Any], depth: int) -> Text:
    """Write the content of a Struct that stands ``depth`` levels below the outermost message."""
    if depth > MAX_DEPTH - 2 and (fields or depth > MAX_DEPTH):
        raise ValueError(TOO_DEEP)
    if fields.__class__ is not dict and not isinstance(fields, dict):
        raise TypeError(f"expected dict, got {named(fields)}")
    out: Text = ""
    cached = _KEYS.get
    for name, value in fields.items():
        key, k = cached(name) or _key(name)
        kind = value.__class__
        if k > _LONG_KEY:
            out += _behind(key, value, depth)
            continue
        if kind is str:
            if not value.isascii():
                value = value.encode().decode("latin-1")
            n = len(value)
            if n < _SHORT:
                out += f"\n{VARINTS[k + n]}{key}{_TEXTS[n]}{value}"
                continue
            mark = "\x1a"
        elif kind is float or kind is int:
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
        out += value if n < LONG else long(value)
    return out if fields.__class__ is dict else out + inner_unknown_of(fields).decode("latin-1")


def _behind(key: str, value: Any, depth: int) -> Text:
    """Write an entry whose key is unusually long."""
    content = encode_value(value, depth + 2)
    content = size(len(content)) + content
    return f"\n{size(len(key) + len(content))}{key}" + content


def encode_list(values: list[Any] | tuple[Any, ...], depth: int) -> Text:
    """Write the content of a ListValue that stands ``depth`` levels below the outermost message."""
    if depth > MAX_DEPTH - 1 and (values or depth > MAX_DEPTH):
        raise ValueError(TOO_DEEP)
    if values.__class__ is not list and not isinstance(values, (list, tuple)):
        raise TypeError(f"expected list, got {named(values)}")
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
    value = plain_of(value)
    if value is NO_KIND:
        return unknown
    if value is None or value is NULL:
        return f"\x08\x00{unknown}"
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
    raise TypeError(f"{named(value)} is no JSON value; use None, bool, int, float, str, list or dict")
