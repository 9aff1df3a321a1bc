"""Frames: how the spool's files hold byte strings one after the other, so that damage is found and passed over.

A frame is a mark of four bytes, the length and the CRC-32 of the content as little-endian 32-bit integers, and the
content. The CRC begins from the complement of the length: so it covers that too, and a mark with zeros behind it, as a
power cut may leave one, is no frame. The mark is what reading searches for behind damage: looking for a plausible
length at each byte could take quadratic time.

Pure functions over bytes; ``segment`` reads and writes files.
"""

from __future__ import annotations

from collections.abc import Iterator
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


class Piece(NamedTuple):
    """A part of a file: a frame, or damage where frames should be."""

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


def pieces(data: bytes, start: int = 0, *, final: bool) -> Iterator[Piece]:
    """Take data apart into frames and damage.

    Args:
        data: A part of a file.
        start: Where a frame begins in it.
        final: Whether nothing follows it in the file.

    Yields:
        The pieces, in order and without a gap. If the data is not final, the last piece may end before its end: the
        rest may be the beginning of a frame, and has to be given again with what follows.
    """
    while start < len(data):
        size = _content_size(data, start)
        end = start + HEAD + size
        complete = len(data) - start >= HEAD and end <= len(data)
        if size >= 0 and complete:
            content = data[start + HEAD : end]
            if crc32(content, ~size & 0xFFFFFFFF) == _head.unpack_from(data, start)[2]:
                yield Piece(start, end, content)
                start = end
                continue
        elif size >= 0 and not final:
            return
        # A length that is damaged may point behind the end. So an incomplete frame that nothing completes is damage
        # like any other, and may have whole frames behind its mark.
        end = _resume(data, start, final)
        yield Piece(start, end, None, torn=size >= 0 and not complete and end == len(data))
        start = end


def _content_size(data: bytes, start: int) -> int:
    """Read the length in the head of a frame: 0 if the data ends within the head, -1 if no frame begins there."""
    if len(data) - start < HEAD:
        return 0 if MARK.startswith(data[start : start + len(MARK)]) else -1
    mark, size, _ = _head.unpack_from(data, start)
    return size if mark == MARK and size <= MAX_CONTENT else -1


def _resume(data: bytes, start: int, final: bool) -> int:
    """Find where the next frame may begin, behind damage at ``start``."""
    found = data.find(MARK, start + 1)
    if found >= 0:
        return found
    if not final:  # it may end amid a mark
        for size in range(len(MARK) - 1, 0, -1):
            if len(data) - size > start and data.endswith(MARK[:size]):
                return len(data) - size
    return len(data)
