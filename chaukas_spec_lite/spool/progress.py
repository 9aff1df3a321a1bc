"""How far a log was worked off: a file of two pages that are written in turn, in place.

In place, because recording that something is done has to be possible on a full disk. In turn, because a page may be
half written when the system stops; then the other one counts, and some events are sent a second time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from zlib import crc32

PAGE = 4096
_head = Struct("<IIQQQ")
"""CRC-32 of what follows, the number of positions behind the head, the page's generation, ``before`` and ``frames``."""
_position = Struct("<Q")
MOST_AHEAD = (PAGE - _head.size) // _position.size
"""How many positions ahead of ``done`` a page has room for."""


@dataclass(frozen=True)
class Done:
    """What of a log is done."""

    before: int = 0
    """Everything that begins before this position."""
    frames: int = 0
    """How many frames that is."""
    ahead: frozenset[int] = frozenset()
    """The positions of single frames behind it."""


class ProgressFile:
    """The file that holds what is done; opened, or made with nothing done.

    Raises:
        OSError: The file cannot be read or made.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            data = os.read(self._file, 2 * PAGE)
            if len(data) < 2 * PAGE:  # It is new, or its maker was killed before this.
                self._write(0, bytes(2 * PAGE))
        except BaseException:
            os.close(self._file)
            raise
        self._generation, self.done = _latest(data)

    def record(self, before: int, frames: int, ahead: Iterable[int]) -> None:
        """Write down what is done.

        Args:
            before: Everything that begins before this position.
            frames: How many frames that is.
            ahead: Single frames behind it. Beyond ``MOST_AHEAD`` the last ones are left out: after the end of this
                process, the next one sends those again.

        Raises:
            OSError: It cannot be written.
        """
        positions = sorted(ahead)[:MOST_AHEAD]
        generation = self._generation + 1
        body = _head.pack(0, len(positions), generation, before, frames)[4:] + b"".join(map(_position.pack, positions))
        page = crc32(body).to_bytes(4, "little") + body
        self._write(generation % 2 * PAGE, page)
        self._generation, self.done = generation, Done(before, frames, frozenset(positions))

    def _write(self, offset: int, data: bytes) -> None:
        os.lseek(self._file, offset, os.SEEK_SET)
        if os.write(self._file, data) < len(data):
            raise OSError("the disk took only a part")

    def sync(self) -> None:
        """Bring the file to the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read(path: Path) -> Done:
    """Read what the owner of another log has written down; it may be writing just now.

    Raises:
        OSError: The file cannot be read.
    """
    return _latest(path.read_bytes())[1]


def _latest(data: bytes) -> tuple[int, Done]:
    return max((_read(data[:PAGE]), _read(data[PAGE : 2 * PAGE])), key=lambda found: found[0])


def _read(page: bytes) -> tuple[int, Done]:
    """Read a page: its generation, and what is done. One that was never written, or cut, has generation 0."""
    if len(page) >= _head.size:
        check, count, generation, before, frames = _head.unpack_from(page)
        end = _head.size + count * _position.size
        if count <= MOST_AHEAD and end <= len(page) and crc32(page[4:end]) == check:
            ahead = (_position.unpack_from(page, at)[0] for at in range(_head.size, end, _position.size))
            return generation, Done(before, frames, frozenset(ahead))
    return 0, Done()
