"""Where the last whole record of a file ends: pure, on whatever reads bytes at a place.

A writer that is killed, or whose disk is full, may leave the beginning of a record behind the others. Who writes next
has to find that out, or its first record would be read as the end of the torn one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from chaukas_spec_lite import gzipped

Read: TypeAlias = Callable[[int, int], bytes]
"""Reads a number of bytes at a place, fewer only at the end of the file: ``read(size, place)``."""

_CHUNK = 1 << 16
_LONGEST = 64 << 20
"""The largest record that is looked for; ``files.MAX_EVENT`` is the same."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What is at the end of a file."""

    end: int
    """Where its last whole record ends; what follows is torn."""
    missing: bytes = b""
    """What has to be written before the next record, where nothing is torn, or what is torn cannot be removed."""


class NotRecords(Exception):
    """A file holds something else than records of its kind."""


Find: TypeAlias = Callable[[Read, int, int], Tail]
"""Finds the last whole record between a place where one begins and the end of the file: ``find(read, start, stop)``.

Raises ``NotRecords``.
"""


def of_lines(read: Read, start: int, stop: int) -> Tail:
    """Find the end of the last line."""
    if start == stop or read(1, stop - 1) == b"\n":
        return Tail(stop)
    place, found = stop, b""
    while place > start:
        size = min(_CHUNK, place - start)
        place -= size
        found = read(size, place) + found
        if (line_end := found.rfind(b"\n")) >= 0:
            place, found = place + line_end + 1, found[line_end + 1 :]
            break
        if len(found) > _LONGEST:
            raise NotRecords(f"its last line has more than {_LONGEST:,} bytes")
    return Tail(stop if _is_json(found) else place, b"\n")


def of_frames(read: Read, start: int, stop: int) -> Tail:
    """Find the end of the last frame: an event behind its length as a varint."""
    place, data, at = start, b"", 0
    while place < stop:
        # At least ten bytes of what is to come, where there are so many: a varint has no more.
        if len(data) - at < 10:
            data, at = read(_CHUNK, place), 0
        head, length = _length(data, at)
        if head is None:
            break
        if length > _LONGEST:
            raise NotRecords(f"the length of the event at byte {place:,} would be {length:,} bytes")
        if place + head + length > stop:
            break
        place += head + length
        at += head + length
        if at > len(data):
            data, at = b"", 0
    return Tail(place)


def of_members(read: Read, start: int, stop: int) -> Tail:
    """Find the end of the last gzip member."""
    try:
        return Tail(gzipped.last_end(read, start, stop))
    except zlib.error as error:
        raise NotRecords(f"it is not gzip from byte {start:,} on, or damaged: {error}") from error


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _length(data: bytes, at: int) -> tuple[int | None, int]:
    """How many bytes a varint takes, None if it is not whole, and what it says."""
    value = 0
    for index in range(at, min(at + 10, len(data))):
        value |= (data[index] & 0x7F) << 7 * (index - at)
        if data[index] < 0x80:
            return index - at + 1, value
    if len(data) - at >= 10:
        raise NotRecords("a length in it has more than ten bytes")
    return None, 0
