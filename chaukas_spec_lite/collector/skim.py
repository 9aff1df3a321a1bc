"""What queries look at of an event, from its bytes: its fields are walked once, and no event is made of them.

The usual form is read here. Whatever else comes, unknown fields and everything that is not valid among them, is left to
the exact decoder, which takes longer, tells which of the two it is, and says what is wrong.
"""

# _decode is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Tenancy, moment
from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wellknown.readers import read_seconds_and_nanos, read_struct_in
from chaukas_spec_lite.wire.fields import STRUCT, TIMESTAMP, FieldData, fields_of
from chaukas_spec_lite.wire.format import LEN, NotCanonical
from chaukas_spec_lite.wire.reading import WIRE_TYPES, read_length

DEPTH = 2
"""How deep an event stands in the batches and pages that it travels in. What nests so deep that no page could show it
cannot be stored."""


def skim(data: bytes, owner: Tenancy = EVERYBODY, *, depth: int = DEPTH) -> EventRow:
    """Read the columns of an event, but for its text, and check that it is one.

    Args:
        data: The event.
        owner: Its tenant and project where it names none.
        depth: The level below the outermost message that it has to be valid at.

    Raises:
        DecodeError: It is no event, for exactly what ``Event.parse`` refuses, too.
    """
    try:
        columns = _skimmed(data, depth)
    except Exception:  # unusual or wrong, which the exact decoder can tell apart
        columns = _decoded(data, depth)
    if not columns[0]:
        columns[0] = owner.tenant_id or ""
    if not columns[1]:
        columns[1] = owner.project_id or ""
    columns[_DATA] = data
    columns[_SEARCHED] = None
    return EventRow._make(columns)


_FIELDS = EventRow._fields
_TYPE, _TIMED, _TAGS, _DATA, _SEARCHED = map(_FIELDS.index, ("type", "timed", "tags", "data", "text"))
_EMPTY: list[Any] = [*[""] * _TYPE, *[0] * (_TAGS - _TYPE), (), b"", None]
"""The columns of an empty event."""

# What a field is: below ``_NUMBER`` a text, from there to ``_TAG`` a number, with the place of its column. What has no
# column is only checked, and a text of that sort goes where the text of all goes afterwards.
_NUMBER, _TAG, _TIME, _MESSAGE, _VARINT, _DOUBLE = 16, 32, 33, 34, 35, 36

_Check: TypeAlias = Callable[[bytes, int, int, int], object]
"""Raises anything unless a message in its usual form stands there: data, start, end, depth."""
_Table: TypeAlias = "tuple[dict[int, int], dict[int, _Check]]"
"""What the field of each tag is, and how those that are messages are checked."""


def _skimmed(data: bytes, depth: int) -> list[Any]:
    """Read an event in the usual form; raises anything at any other."""
    if depth > DEPTH:  # nothing but a Struct, which sees for itself, is then too deep
        raise NotCanonical
    columns = _EMPTY.copy()
    tags: list[str] = []
    _walk(data, 0, len(data), depth, _event_table(), columns, tags)
    if tags:
        columns[_TAGS] = tuple(dict.fromkeys(tags))
    return columns


def _walk(data: bytes, pos: int, end: int, depth: int, table: _Table, columns: list[Any], tags: list[str]) -> None:
    """Read a message in the usual form, whatever order its fields have."""
    kinds, checks = table
    while pos < end:
        tag = data[pos]
        if tag > 127:
            # Tags of three bytes and more come out larger than any that is known.
            pos += 1
            tag += (data[pos] - 1) << 7
        kind = kinds[tag]
        n = data[pos + 1]
        pos += 2
        if kind < _NUMBER:
            if n < 128:
                stop = pos + n
            else:
                pos, stop = read_length(data, pos - 1, end)
            # Beyond the end of the input there are fewer bytes and no error; the position tells, below.
            columns[kind] = data[pos:stop].decode()
            pos = stop
        elif kind < _TAG:
            if n > 127:
                raise NotCanonical
            columns[kind - _NUMBER] = n
        elif kind == _VARINT:
            if n > 127:
                pos = _rest_of_varint(data, pos)
        elif kind == _DOUBLE:
            pos += 7  # of its eight bytes one has been read
        else:
            if n < 128:
                stop = pos + n
            else:
                pos, stop = read_length(data, pos - 1, end)
            if kind == _MESSAGE:
                # Messages that come twice are merged, and members of a oneof replace each other, but each has to be
                # valid.
                checks[tag](data, pos, stop, depth + 1)
            elif kind == _TAG:
                tags.append(data[pos:stop].decode())
            else:
                if columns[_TIMED]:  # the two have to be merged
                    raise NotCanonical
                columns[_TIMED:_TAGS] = 1, *read_seconds_and_nanos(data[pos:stop])
            pos = stop
    if pos != end:
        raise NotCanonical


def _rest_of_varint(data: bytes, pos: int) -> int:
    found = _REST(data, pos)
    if found is None:
        raise NotCanonical
    return found.end()


_REST = re.compile(rb"[\x80-\xff]{0,8}[\x00-\x7f]").match
_TIMESTAMP = re.compile(rb"(?:\x08[\x80-\xff]{0,9}[\x00-\x7f])?(?:\x10[\x80-\xff]{0,9}[\x00-\x7f])?").fullmatch


@cache
def _event_table() -> _Table:
    kinds, checks = _table(Event)
    for field in fields_of(Event):
        tag = field.number << 3 | WIRE_TYPES.get(field.kind, LEN)
        if field.name in _FIELDS:
            kinds[tag] = _FIELDS.index(field.name) + (_NUMBER if field.kind == "enum" else 0)
    kinds[_tag("tags")], kinds[_tag("timestamp")] = _TAG, _TIME
    return kinds, checks


def _tag(name: str) -> int:
    return next(field.number << 3 | LEN for field in fields_of(Event) if field.name == name)


_SCALARS = {"string": _SEARCHED, "enum": _VARINT, "bool": _VARINT, "int32": _VARINT, "double": _DOUBLE}


def _table(cls: type[Message]) -> _Table:
    """What the fields of a class are, as long as nobody asks for their values."""
    kinds: dict[int, int] = {}
    checks: dict[int, _Check] = {}
    for field in fields_of(cls):
        tag = field.number << 3 | WIRE_TYPES.get(field.kind, LEN)
        kinds[tag] = _SCALARS.get(field.kind, _MESSAGE)
        if kinds[tag] == _MESSAGE:
            checks[tag] = _check(field)
    return kinds, checks


def _check(field: FieldData) -> _Check:
    if field.kind == STRUCT:
        return lambda data, pos, end, depth: read_struct_in(data[pos:end], depth)
    if field.kind == TIMESTAMP:
        return _check_timestamp
    known = {"string", "enum", "bool", "int32", "double", "message", STRUCT, TIMESTAMP}
    if not all(each.kind in known and each.label != "map" for each in fields_of(field.cls)):
        decode = field.cls._decode
        return lambda data, pos, end, depth: decode(data[pos:end], depth)
    table = _table(field.cls)
    return lambda data, pos, end, depth: _walk(data, pos, end, depth, table, _EMPTY.copy(), [])


def _check_timestamp(data: bytes, pos: int, end: int, depth: int) -> None:
    if _TIMESTAMP(data, pos, end) is None:
        raise NotCanonical


def _decoded(data: bytes, depth: int) -> list[Any]:
    """Read an event in any form, exactly."""
    try:
        event = Event._decode(data, depth)
    except Exception:  # invalid, or far from the usual, as for ``Event.parse``, which knows no depth but 0
        event = Event()
        try:
            slow_decode.merge(event, data, depth)
        except DecodeError as error:
            error.path = f"{Event.__name__}{error.path}"
            raise
    columns = [getattr(event, name) for name in _FIELDS[:_TYPE]]
    columns += [int(event.type), int(event.status), int(event.severity), *moment(event.timestamp)]
    return [*columns, tuple(dict.fromkeys(event.tags)), data, None]
