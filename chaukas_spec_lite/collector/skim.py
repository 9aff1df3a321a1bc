"""What queries look at of an event, from its bytes: its fields are walked once, and no event is made of them.

The usual form is read here. Whatever else comes, unknown fields and everything that is not valid among them, is left to
the exact decoder, which takes longer, tells which of the two it is, and says what is wrong.
"""

# What generated decoders are called is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeAlias

from chaukas_spec_lite.collector.query import EVERYBODY, Tenancy, moment
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wellknown.readers import read_seconds_and_nanos, read_struct_in
from chaukas_spec_lite.wire.fields import STRUCT, TIMESTAMP, fields_of
from chaukas_spec_lite.wire.format import LEN, MAX_DEPTH, VARINT, NotCanonical
from chaukas_spec_lite.wire.reading import read_length

DEPTH = 2
"""How deep an event stands in the batches and pages that it travels in. What nests so deep that no page could show it
cannot be stored."""

Check: TypeAlias = Callable[[bytes, int], Any]
"""Decodes a message in an event to see whether it is valid; raises if it is not, or if it is in no usual form."""


def skim(data: bytes, owner: Tenancy = EVERYBODY, *, with_text: bool = False, depth: int = DEPTH) -> EventRow:
    """Read the columns of an event, and check that it is one.

    Args:
        data: The event.
        owner: Its tenant and project where it names none.
        with_text: Whether the row gets the event's text.
        depth: The level below the outermost message that it has to be valid at.

    Raises:
        DecodeError: It is no event, for exactly what ``Event.parse`` refuses, too.
    """
    try:
        values, tags, timed, seconds, nanos = _skimmed(data, depth)
    except Exception:  # unusual or wrong, which the exact decoder can tell apart
        values, tags, timed, seconds, nanos = _decoded(data, depth)
    return EventRow(
        values[2] or owner.tenant_id or "",
        values[3] or owner.project_id or "",
        values[1],
        values[4],
        values[12],
        values[5],
        values[23],
        values[7],
        values[9],
        values[8],
        timed,
        seconds,
        nanos,
        tuple(dict.fromkeys(tags)) if tags else (),
        data,
        searched_text(data) if with_text else None,
    )


_Columns: TypeAlias = "tuple[list[Any], list[str], int, int, int]"
"""The scalars of an event by the numbers of their fields, its tags, and the three columns of its timestamp."""

_TEXT, _NUMBER, _TAG, _TIME = "text", "number", "tag", "time"


def _skimmed(data: bytes, depth: int) -> _Columns:
    """Read an event in the usual form, whatever order its fields have; raises anything at any other."""
    kinds, values = _kinds(), _EMPTY.copy()
    tags: list[str] = []
    timed = seconds = nanos = 0
    pos, size = 0, len(data)
    if depth > MAX_DEPTH:
        raise NotCanonical
    while pos < size:
        tag = data[pos]
        if tag > 127:
            # Tags of three bytes and more come out larger than any that is known.
            pos += 1
            tag += (data[pos] - 1) << 7
        kind = kinds[tag]
        n = data[pos + 1]
        pos += 2
        if kind is _NUMBER:
            if n > 127:
                raise NotCanonical
            values[tag >> 3] = n
            continue
        if n > 127:
            if data[pos] < 128:
                n += (data[pos] - 1) << 7
                pos += 1
            else:
                pos, stop = read_length(data, pos - 1, size)
                n = stop - pos
        # Beyond the end there are fewer bytes and no error: the position tells, at the end.
        content = data[pos : pos + n]
        pos += n
        if kind is _TEXT:
            values[tag >> 3] = content.decode()
        elif kind is _TAG:
            tags.append(content.decode())
        elif kind is _TIME:
            if timed:  # the two have to be merged
                raise NotCanonical
            timed = 1
            seconds, nanos = read_seconds_and_nanos(content)
        else:
            # Messages that come twice are merged, and members of a oneof replace each other, but each has to be valid.
            kind(content, depth + 1)
    if pos != size or depth == MAX_DEPTH:
        raise NotCanonical
    return values, tags, timed, seconds, nanos


_EMPTY: list[Any] = [0 if number in (7, 8, 9) else "" for number in range(100)]


@cache
def _kinds() -> dict[int, Any]:
    """What stands behind each tag of an event."""
    return dict(_tags())


def _tags() -> Iterator[tuple[int, str | Check]]:
    for field in fields_of(Event):
        if field.kind in ("enum", "bool"):
            yield field.number << 3 | VARINT, _NUMBER
            continue
        if field.kind == "string":
            kind: str | Check = _TAG if field.name == "tags" else _TEXT
        elif field.kind == TIMESTAMP:
            kind = _TIME
        else:
            kind = read_struct_in if field.kind == STRUCT else field.cls._decode
        yield field.number << 3 | LEN, kind


def _decoded(data: bytes, depth: int) -> _Columns:
    """Read an event in any form, exactly."""
    event = Event()
    try:
        slow_decode.merge(event, data, depth)
    except DecodeError as error:
        error.path = f"{Event.__name__}{error.path}"
        raise
    values = _EMPTY.copy()
    for field in fields_of(Event):
        if field.kind in ("string", "enum") and field.label != "repeated":
            value = getattr(event, field.name)
            values[field.number] = value if field.kind == "string" else int(value)
    return values, event.tags, *moment(event.timestamp)
