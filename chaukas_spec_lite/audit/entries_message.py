"""Entries of a log as one encoded message, in columns: to read one by one takes longer than to check them.

Its schema stands in ``docs/reference/audit-log.md``. Nothing is believed of it but its form.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from chaukas_spec_lite.audit.merkle import HASH_SIZE
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.wire.format import LEN, VARINT, varint
from chaukas_spec_lite.wire.reading import fields, read_varint

_ORIGIN, _SIZE, _FIRST, _NEXT, _LEAVES, _LENGTHS, _EVENTS, _ABSENT = range(1, 9)
_PLACE, _PROJECT, _EVENT, _HIDDEN, _AT, _BY, _REASON, _SESSION = range(1, 9)


class AbsentEntry(NamedTuple):
    """An entry whose event is not there, or not to be seen."""

    place: int
    """Which one of the part it is, counted from 0."""
    project_id: str = ""
    event_id: str = ""
    hidden: bool = False
    """Whether whoever asked may not see it; else its event was deleted."""
    at: str = ""
    """When it was deleted; empty if that is not known, as the others are."""
    by: str = ""
    reason: str = ""
    session_id: str = ""


class EntriesMessage(NamedTuple):
    """Entries side by side."""

    origin: str
    """The name of the log."""
    size: int
    """How many entries it has."""
    first: int
    """The place of the first of these, counted from 0."""
    next: int | None
    """The place of the next part; None at the end of the log."""
    leaves: Sequence[bytes]
    events: Sequence[bytes | None]
    absent: Sequence[AbsentEntry]

    def encoded(self) -> bytes:
        """Write it. Takes time."""
        given = [each or b"" for each in self.events]
        parts = [
            _text(_ORIGIN, self.origin),
            _number(_SIZE, self.size),
            _number(_FIRST, self.first),
            b"" if self.next is None else _number(_NEXT, self.next),
            _content(_LEAVES, b"".join(self.leaves)),
            _content(_LENGTHS, struct.pack(f"<{len(given)}I", *map(len, given))),
            _content(_EVENTS, b"".join(given)),
            *(_content(_ABSENT, _absent(each)) for each in self.absent),
        ]
        return b"".join(parts)

    @classmethod
    def parse(cls, data: bytes) -> EntriesMessage:
        """Read it; raises ``DecodeError``."""
        numbers: dict[int, int] = {}
        contents: dict[int, bytes] = {}
        absent: list[AbsentEntry] = []
        for number, value in _fields(data):
            if isinstance(value, int):
                numbers[number] = value
            elif number == _ABSENT:
                absent.append(_parsed_absent(value))
            else:
                contents[number] = value
        leaves, events = _columns(contents, {each.place for each in absent})
        if any(each.place >= len(leaves) for each in absent):
            raise DecodeError("an entry without its event is none of these")
        origin = _decoded(contents.get(_ORIGIN, b""))
        return cls(origin, numbers.get(_SIZE, 0), numbers.get(_FIRST, 0), numbers.get(_NEXT), leaves, events, absent)


def _columns(contents: dict[int, bytes], absent: set[int]) -> tuple[list[bytes], list[bytes | None]]:
    hashes, lengths, events = (contents.get(each, b"") for each in (_LEAVES, _LENGTHS, _EVENTS))
    count = len(lengths) // 4
    if len(lengths) != 4 * count or len(hashes) != HASH_SIZE * count:
        raise DecodeError(f"hashes of {len(hashes)} bytes do not fit lengths of {len(lengths)}")
    ends = list(accumulate(struct.unpack(f"<{count}I", lengths)))
    if (ends[-1] if ends else 0) != len(events):
        raise DecodeError(f"events of {len(events)} bytes do not fit their lengths")
    found: list[bytes | None] = [events[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    for place in absent:
        if place < count:
            if found[place]:
                raise DecodeError("an entry has its event, and is said to be without it")
            found[place] = None
    return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)], found


def _absent(given: AbsentEntry) -> bytes:
    texts = {_PROJECT: given.project_id, _EVENT: given.event_id, _AT: given.at, _BY: given.by}
    texts |= {_REASON: given.reason, _SESSION: given.session_id}
    numbers = _number(_PLACE, given.place) + _number(_HIDDEN, int(given.hidden))
    return numbers + b"".join(_text(number, text) for number, text in texts.items() if text)


def _parsed_absent(data: bytes) -> AbsentEntry:
    numbers: dict[int, int] = {}
    texts: dict[int, str] = {}
    for number, value in _fields(data):
        if isinstance(value, int):
            numbers[number] = value
        else:
            texts[number] = _decoded(value)
    project, event, at, by = (texts.get(each, "") for each in (_PROJECT, _EVENT, _AT, _BY))
    hidden = numbers.get(_HIDDEN, 0) != 0
    why = texts.get(_REASON, ""), texts.get(_SESSION, "")
    return AbsentEntry(numbers.get(_PLACE, 0), project, event, hidden, at, by, *why)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and contents of fields; what has another form is passed by, as a later version may write it."""
    for _, tag, start, stop in fields(data, 0, len(data), 0):
        if tag & 7 == LEN:
            yield tag >> 3, data[start:stop]
        elif tag & 7 == VARINT:
            yield tag >> 3, read_varint(data, start, stop)[0]


def _number(number: int, value: int) -> bytes:
    return f"{varint(number << 3 | VARINT)}{varint(value)}".encode("latin-1")


def _text(number: int, text: str) -> bytes:
    return _content(number, text.encode(errors="replace"))


def _content(number: int, content: bytes) -> bytes:
    return f"{varint(number << 3 | LEN)}{varint(len(content))}".encode("latin-1") + content


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("a text is no UTF-8") from error
