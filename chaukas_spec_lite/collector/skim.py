"""What queries look at of an event, from its bytes: its fields are walked once, and no event is made of them.

The usual form is read here. Whatever else comes, unknown fields and everything that is not valid among them, is left to
the exact decoder, which takes longer, tells which of the two it is, and says what is wrong.
"""

# _decode is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Tenancy, moment
from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wellknown.readers import read_seconds_and_nanos, read_struct_in
from chaukas_spec_lite.wire.fields import STRUCT, fields_of
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

# What a field is: below ``_NUMBER`` a text, from there to ``_TAG`` a number, with the place of its column.
# Those without a column go where something else goes afterwards: so they need no question of their own.
_NUMBER, _TAG, _TIME, _MESSAGE = 16, 32, 33, 34


def _skimmed(data: bytes, depth: int) -> list[Any]:
    """Read an event in the usual form, whatever order its fields have; raises anything at any other."""
    if depth > DEPTH:  # nothing but a Struct, which sees for itself, is then too deep
        raise NotCanonical
    kinds, decoders = _kinds()
    columns = _EMPTY.copy()
    tags: list[str] = []
    pos, size = 0, len(data)
    while pos < size:
        tag = data[pos]
        if tag > 127:
            # Tags of three bytes and more come out larger than any that is known.
            pos += 1
            tag += (data[pos] - 1) << 7
        kind = kinds[tag]
        n = data[pos + 1]
        pos += 2
        if n < 128:
            stop = pos + n
        elif kind & _NUMBER:
            raise NotCanonical
        else:
            pos, stop = read_length(data, pos - 1, size)
        # Beyond the end there are fewer bytes and no error: the position tells, at the end.
        if kind < _NUMBER:
            columns[kind] = data[pos:stop].decode()
        elif kind < _TAG:
            columns[kind - _NUMBER] = n
            continue
        elif kind == _MESSAGE:
            # Messages that come twice are merged, and members of a oneof replace each other, but each has to be valid.
            decoders[tag](data[pos:stop], depth + 1)
        elif kind == _TAG:
            tags.append(data[pos:stop].decode())
        else:
            if columns[_TIMED]:  # the two have to be merged
                raise NotCanonical
            columns[_TIMED:_TAGS] = 1, *read_seconds_and_nanos(data[pos:stop])
        pos = stop
    if pos != size:
        raise NotCanonical
    if tags:
        columns[_TAGS] = tuple(dict.fromkeys(tags))
    return columns


@cache
def _kinds() -> tuple[dict[int, int], dict[int, Callable[[bytes, int], Any]]]:
    """What the field of each tag of an event is, and how those that are messages are decoded."""
    kinds: dict[int, int] = {}
    decoders: dict[int, Callable[[bytes, int], Any]] = {}
    for field in fields_of(Event):
        tag = field.number << 3 | WIRE_TYPES.get(field.kind, LEN)
        column = _FIELDS.index(field.name) if field.name in _FIELDS else None
        if field.kind in ("enum", "bool"):
            kinds[tag] = _NUMBER + (_DATA if column is None else column)
        elif field.kind == "string":
            kinds[tag] = _TAG if column == _TAGS else _SEARCHED if column is None else column
        elif field.name == "timestamp":
            kinds[tag] = _TIME
        else:
            kinds[tag] = _MESSAGE
            decoders[tag] = read_struct_in if field.kind == STRUCT else field.cls._decode
    return kinds, decoders


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
