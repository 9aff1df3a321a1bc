"""gzip files to whose end members are written one by one, so that a process that is killed loses the last at most.

A member of ours says in its header how many bytes it has (an extra field, RFC 1952, section 2.3.1.1), so that the end
of the last whole one is found without decompressing anything. Any gzip reads such files, and those of others are read
here.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAGIC = b"\x1f\x8b"

_HEAD = struct.Struct("<4sIBBHccHI")
"""Magic, method and flags; time; two bytes that say nothing; then one extra field of two letters, length and number."""
_BEGIN = MAGIC + b"\x08\x04"  # deflate, with extra fields
_LETTERS = b"C", b"L"
_END = struct.Struct("<II")
_CHUNK = 1 << 14
_ANY_GZIP = 31
"""The ``wbits`` of zlib for data with gzip's header."""


def member(data: bytes) -> bytes:
    """Compress data into one member, whose header says how long it is."""
    deflate = zlib.compressobj(wbits=-15)
    body = deflate.compress(data) + deflate.flush()
    size = _HEAD.size + len(body) + _END.size
    head = _HEAD.pack(_BEGIN, 0, 0, 255, 8, *_LETTERS, 4, size)
    return head + body + _END.pack(zlib.crc32(data), len(data) & 0xFFFFFFFF)


def last_end(read: Callable[[int, int], bytes], start: int, stop: int) -> int:
    """Find where the last whole member ends.

    Args:
        read: Reads a number of bytes at a place in the file: ``read(size, place)``.
        start: Where a member begins.
        stop: Where the file ends.

    Returns:
        A place from ``start`` to ``stop``. Before ``stop`` if a member begins there that is not whole.

    Raises:
        zlib.error: There is something else than gzip.
    """
    while start < stop:
        head = read(_HEAD.size, start)
        if len(head) == _HEAD.size and head.startswith(_BEGIN):
            *_, first, second, _, size = _HEAD.unpack(head)
            end = start + size if (first, second) == _LETTERS and size > _HEAD.size else _decompressed(read, start)
        else:
            end = _decompressed(read, start)
        if end is None or end > stop:
            break
        start = end
    return start


def _decompressed(read: Callable[[int, int], bytes], start: int) -> int | None:
    """Where a member of others ends; None if it is not whole."""
    inflate, place = zlib.decompressobj(_ANY_GZIP), start
    while not inflate.eof:
        data = read(_CHUNK, place)
        if not data:
            return None
        place += len(data)
        inflate.decompress(data)
    return place - len(inflate.unused_data)


class Gunzip(io.RawIOBase):
    """Reads what all members of a gzip file hold, one behind the other.

    Args:
        file: The file; a pipe will do.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(_ANY_GZIP)
        self._input = b""
        self._begun = False
        self.position = 0
        """Bytes of the file that were read."""
        self.torn = False
        """Whether the file has ended within a member; known when it has ended."""

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read some bytes; none at the end, also where a member is not whole. Raises ``zlib.error`` for no gzip."""
        view = memoryview(buffer).cast("B")
        data = b""
        # What is left of an earlier input comes out without any more of it.
        while not data and (self._fill() or self._begun):
            data = self._inflate.decompress(self._input, len(view))
            if self._inflate.eof:
                # Zeros between and behind members are padding, as gzip's own reader has it.
                self._input = self._inflate.unused_data.lstrip(b"\0")
                self._inflate, self._begun = zlib.decompressobj(_ANY_GZIP), False
                continue
            if not data and not self._input:  # the file has ended
                self.torn = self._begun
                break
            self._begun = self._begun or bool(self._input)
            self._input = self._inflate.unconsumed_tail
        view[: len(data)] = data
        return len(data)

    def _fill(self) -> bool:
        """Have some input, if there is any left."""
        while not self._input:
            data = self._file.read1(_CHUNK)
            if not data:
                return False
            self.position += len(data)
            self._input = data if self._begun else data.lstrip(b"\0")
        return True
