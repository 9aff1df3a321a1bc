"""Frames: how the spool's files hold byte strings one after the other, so that damage is found and passed over.

A frame is a mark of four bytes, the length and the CRC-32 of the content as little-endian 32-bit integers, and the
content. The CRC begins from the complement of the length: so it covers that too, and a mark with zeros behind it, as a
power cut may leave one, is no frame. The mark is what reading searches for behind damage: looking for a plausible
length at each byte could take quadratic time.

Pure functions over bytes; ``segment`` reads and writes files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple
from zlib import crc32

MARK = b"\xf5ck\xfa"
"""No UTF-8 text holds its first byte or its last one, so it is rare within events."""

HEAD = 12
"""The number of bytes before the content."""

MAX_CONTENT = 1 << 30
"""The longest content that a frame may have; a length above this is damage."""

_head = Struct("<4sII")


class Entry(NamedTuple):
    """A frame, or damage where frames should be."""

    start: int
    end: int
    content: bytes | None
    """What the frame holds; None for damage."""
    torn: bool = False
    """Whether it may be the beginning of a frame whose writer was killed."""


def frame(content: bytes) -> bytes:
    """Put a frame around some content."""
    size = len(content)
    return _head.pack(MARK, size, crc32(content, ~size & 0xFFFFFFFF)) + content


def entries_of(start: int, contents: Iterable[bytes]) -> Iterator[Entry]:
    """Tell where each of the byte strings stands that were appended together."""
    for content in contents:
        end = start + HEAD + len(content)
        yield Entry(start, end, content)
        start = end


def entries_in(data: bytes, start: int = 0, *, final: bool) -> Iterator[Entry]:
    """Take data apart into frames and damage.

    Args:
        data: A part of a file, at whose beginning a frame should begin.
        start: The position of that.
        final: Whether nothing follows it in the file.

    Yields:
        The entries, in order and without a gap. If the data is not final, what is left behind the last one may be the
        beginning of a frame, or of damage, and has to be given again with what follows.
    """
    at, size = 0, len(data)
    damaged: int | None = None
    """Where damage begins that has not ended yet."""
    torn = False
    while at < size:
        length = _content_size(data, at)
        end = at + HEAD + length
        complete = length >= 0 and size - at >= HEAD and end <= size
        if complete:
            content = data[at + HEAD : end]
            if crc32(content, ~length & 0xFFFFFFFF) == _head.unpack_from(data, at)[2]:
                if damaged is not None:
                    yield Entry(start + damaged, start + at, None)
                    damaged = None
                yield Entry(start + at, start + end, content)
                at = end
                continue
        elif length >= 0 and not final:
            return
        # A length that is damaged may point behind the end. So an incomplete frame that nothing completes is damage
        # like any other, and may have whole frames behind its mark.
        found = data.find(MARK, at + 1)
        if damaged is None:
            damaged, torn = at, length >= 0 and not complete and found < 0
        at = found if found >= 0 else size
    if damaged is not None and final:
        yield Entry(start + damaged, start + size, None, torn)


def _content_size(data: bytes, start: int) -> int:
    """Read the length in the head of a frame: 0 if the data ends within the head, -1 if no frame begins there."""
    if len(data) - start < HEAD:
        return 0 if MARK.startswith(data[start : start + len(MARK)]) else -1
    mark, size, _ = _head.unpack_from(data, start)
    return size if mark == MARK and size <= MAX_CONTENT else -1
