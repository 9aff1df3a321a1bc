"""Tells whether an encoded event is in its canonical form, without making an event of it: in half the time.

It is right where it says yes. Where it does not, the event may be in that form all the same: what is rare is left to
the exact way, which decodes and encodes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.fields import STRUCT, TIMESTAMP, fields_of
from chaukas_spec_lite.wire.format import LEN, NotCanonical
from chaukas_spec_lite.wire.reading import WIRE_TYPES, read_length

_MAX_DEPTH = 30

_TEXT, _NUMBER, _BOOL, _DOUBLE, _MESSAGE, _STRUCT, _TIME = range(7)


_Field: TypeAlias = "tuple[int, int, bool, bool, str | None, Any]"
"""Number, kind, whether it may be there with its default, whether it is repeated, its oneof, the table of a message. A
plain tuple, which Python takes apart in half the time."""
_Table: TypeAlias = "dict[int, _Field]"
"""The fields of a message by their tags; those that are left to the exact way are not among them."""

_TIMESTAMP = re.compile(
    rb"(?:\x08(?:[\x80-\xff]{0,4}[\x01-\x7f]))?(?:\x10(?:[\x80-\xff]{0,3}[\x01-\x7f]|[\x80-\xff]{4}[\x01-\x03]))?"
).fullmatch
"""In the usual range: seconds since 1970 of five bytes at most, nanoseconds below 2**30."""
_REST = re.compile(rb"[\x80-\xff]{0,2}[\x01-\x7f]").match
"""What follows the first byte of a varint of up to four bytes in its shortest form."""


class Walked(NamedTuple):
    """What there is in an event that verification looks at."""

    texts: dict[int, str]
    """The texts at the top by their numbers."""
    type: int
    seal: tuple[int, int]
    """Where the field ``content_hash`` begins and ends; the same place twice if there is none."""


def walk(data: bytes) -> Walked:
    """Go through an event.

    Raises:
        NotCanonical: It is not in its canonical form, or that cannot be told here. So may ``ValueError``, ``KeyError``
            and ``IndexError``.
    """
    found: dict[int, Any] = {}
    _message(data, 0, len(data), _tables(), 1, found)
    kind, seal = found.pop(_TYPE, 0), found.pop(_SEAL, (0, 0))
    if _PROOF in found:
        raise NotCanonical
    return Walked(found, kind, seal)


def _message(data: bytes, pos: int, end: int, table: _Table, depth: int, found: dict[int, Any] | None = None) -> None:
    """Check a message. Of the event itself, take down texts, type, and where the seal stands."""
    if depth > _MAX_DEPTH:
        raise NotCanonical
    last = 0
    chosen: tuple[str, ...] = ()
    while pos < end:
        start = pos
        tag = data[pos]
        if tag > 127:
            pos += 1
            tag += (data[pos] - 1) << 7
            if not 127 < tag < 1 << 14:
                raise NotCanonical
        field = table[tag]
        number, kind, may_be_default, repeated, oneof, _ = field
        if number <= last and (number < last or not repeated):
            raise NotCanonical
        last = number
        if oneof is not None:
            if oneof in chosen:
                raise NotCanonical
            chosen = (*chosen, oneof)
        pos += 1
        first = data[pos]
        # Most fields are of these two kinds, and not handed on, which would take as long again.
        if kind == _TEXT:
            value, stop = (pos + 1, pos + 1 + first) if first < 128 else _length(data, pos, end)
            if stop > end or (stop == value and not may_be_default):
                raise NotCanonical
            text = data[value:stop].decode()
            pos = stop
            if found is not None:
                found[number] = text
                if number == _CONTENT_HASH:
                    found[_SEAL] = start, stop
        elif kind == _NUMBER and 0 < first < 128:
            pos += 1
            if found is not None and number == _TYPE:
                found[_TYPE] = first
        elif found is not None and number == _TYPE:
            raise NotCanonical
        else:
            pos = _value(data, pos, end, field, depth)
    if pos != end:
        raise NotCanonical


def _value(data: bytes, pos: int, end: int, field: _Field, depth: int) -> int:
    """Check the value of a field that is no text; return where it ends."""
    _, kind, may_be_default, _, _, table = field
    first = data[pos]
    if kind in (_NUMBER, _BOOL):
        if first > 127:
            found = _REST(data, pos + 1)
            if found is None or kind == _BOOL:
                raise NotCanonical
            return found.end()
        if (first == 0 and not may_be_default) or (kind == _BOOL and first > 1):
            raise NotCanonical
        return pos + 1
    if kind == _DOUBLE:
        _number(data[pos : pos + 8], may_be_default)
        return pos + 8
    value = pos + 1
    stop = value + first
    if first > 127:
        value, stop = _length(data, pos, end)
    if stop > end:
        raise NotCanonical
    if kind == _STRUCT:
        _struct(data, value, stop, depth + 1)
    elif kind == _MESSAGE:
        _message(data, value, stop, table, depth + 1)
    elif _TIMESTAMP(data, value, stop) is None:
        raise NotCanonical
    return stop


def _struct(data: bytes, pos: int, end: int, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise NotCanonical
    before: bytes | None = None
    while pos < end:
        if data[pos] != 0x0A:
            raise NotCanonical
        entry, stop = _length(data, pos + 1, end)
        if data[entry] != 0x0A:
            raise NotCanonical
        start, middle = _length(data, entry + 1, stop)
        key = data[start:middle]
        key.decode()
        if before is not None and key <= before:
            raise NotCanonical
        before = key
        if middle >= stop or data[middle] != 0x12:
            raise NotCanonical
        value, after = _length(data, middle + 1, stop)
        if after != stop:
            raise NotCanonical
        _struct_value(data, value, stop, depth + 1)
        pos = stop


def _struct_value(data: bytes, pos: int, end: int, depth: int) -> None:
    if pos >= end or depth > _MAX_DEPTH:
        raise NotCanonical
    tag = data[pos]
    if tag == 0x1A:
        value, stop = _length(data, pos + 1, end)
        data[value:stop].decode()
    elif tag == 0x11:
        stop = pos + 9
        _number(data[pos + 1 : stop], True)
    elif tag == 0x08 or tag == 0x20:
        stop = pos + 2
        if data[pos + 1] > (tag == 0x20):
            raise NotCanonical
    elif tag == 0x2A:
        value, stop = _length(data, pos + 1, end)
        _struct(data, value, stop, depth + 1)
    elif tag == 0x32:
        value, stop = _length(data, pos + 1, end)
        while value < stop:
            if data[value] != 0x0A:
                raise NotCanonical
            value, after = _length(data, value + 1, stop)
            _struct_value(data, value, after, depth + 1)
            value = after
    else:
        raise NotCanonical
    if stop != end:
        raise NotCanonical


def _length(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Read a length in its shortest form; return where the content begins and ends."""
    n = data[pos]
    if n < 128:
        value, stop = pos + 1, pos + 1 + n
    else:
        value, stop = read_length(data, pos, end)
        if data[value - 1] == 0:
            raise NotCanonical
    if stop > end:
        raise NotCanonical
    return value, stop


def _number(data: bytes, may_be_default: bool) -> None:
    # What is no number has several encodings, which decoders need not keep apart.
    if len(data) != 8 or (data[7] & 0x7F == 0x7F and data[6] >= 0xF0) or (not may_be_default and not any(data)):
        raise NotCanonical


@cache
def _tables() -> _Table:
    return _table(Event)


_KINDS = {"string": _TEXT, "enum": _NUMBER, "bool": _BOOL, "int32": _NUMBER, "double": _DOUBLE, "message": _MESSAGE}
_KINDS.update({STRUCT: _STRUCT, TIMESTAMP: _TIME})


def _table(cls: type[Any]) -> _Table:
    found: _Table = {}
    for field in fields_of(cls):
        kind = _KINDS.get(field.kind)
        # Numbers that repeat are packed, and what is in a map has an order of its own.
        if kind is None or field.label == "map" or (field.label == "repeated" and kind not in (_TEXT, _MESSAGE)):
            continue
        tag = field.number << 3 | WIRE_TYPES.get(field.kind, LEN)
        inner = _table(field.cls) if kind == _MESSAGE else None
        repeated = field.label == "repeated"
        found[tag] = (field.number, kind, field.has_presence or repeated, repeated, field.oneof, inner)
    return found


_TYPE, _CONTENT_HASH, _PROOF = (
    next(field.number for field in fields_of(Event) if field.name == name)
    for name in ("type", "content_hash", "worm_proof_id")
)
_SEAL = 0
"""Where the place of the seal is taken down: no field has this number."""
