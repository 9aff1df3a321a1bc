"""How far a log was worked off: a file of two pages that are written in turn, in place.

In place, because recording that something is done has to be possible on a full disk. In turn, because a page may be
half written when the system stops; then the other one counts, and some events are sent a second time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from struct import Struct
from types import MappingProxyType
from typing import NamedTuple
from zlib import crc32

PAGE = 4096
_head = Struct("<IIQQQ")
"""CRC-32 of what follows, the number of stretches behind the head, the page's generation, ``before`` and ``frames``."""
_stretch = Struct("<QQQ")
MOST_SETTLED = (PAGE - _head.size) // _stretch.size
"""How many stretches behind ``before`` a page has room for."""

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Done(NamedTuple):
    """In which part of a log nothing waits."""

    before: int = 0
    """All before this position."""
    frames: int = 0
    """How many frames that is."""
    settled: Mapping[int, tuple[int, int]] = MappingProxyType({})
    """Stretches behind it: where each begins, where it ends, and how many frames were in it."""


class ProgressFile:
    """The file that holds what is done. It is opened anew each time, as somebody may have deleted it.

    Raises:
        OSError: There is a file, and it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        pages = _pages(data)
        self.is_certain = len(pages) == 2
        """Whether nothing newer than ``done`` may have stood there."""
        self._generation, self.done = max(pages, default=(0, Done()), key=lambda page: page[0])
        self._is_whole = self.is_certain

    def record(self, done: Done) -> None:
        """Write down what is done.

        Args:
            done: What is done. Of its stretches, those beyond ``MOST_SETTLED`` are left out: after the end of this
                process, the next one sends them again.

        Raises:
            OSError: It cannot be written.
        """
        generation = self._generation + 1
        file = os.open(self.path, _FLAGS, 0o600)
        try:
            if not self._is_whole or os.fstat(file).st_size < 2 * PAGE:
                _write(file, generation - 1, done)
            _write(file, generation, done)
        finally:
            os.close(file)
        self._generation, self._is_whole = generation, True

    def is_there(self) -> bool:
        """Whether the file is still there, as it was made."""
        with suppress(FileNotFoundError):
            return os.stat(self.path).st_size >= 2 * PAGE
        return False


def _write(file: int, generation: int, done: Done) -> None:
    stretches = sorted(done.settled.items())[:MOST_SETTLED]
    body = _head.pack(0, len(stretches), generation, done.before, done.frames)[4:]
    body += b"".join(_stretch.pack(start, end, frames) for start, (end, frames) in stretches)
    page = (crc32(body).to_bytes(4, "little") + body).ljust(PAGE, b"\0")
    os.lseek(file, generation % 2 * PAGE, os.SEEK_SET)
    if os.write(file, page) < PAGE:
        raise OSError("the disk took only a part")


def _pages(data: bytes) -> list[tuple[int, Done]]:
    """Read the pages that are whole: the generation of each, and what is done."""
    found: list[tuple[int, Done]] = []
    for page in (data[:PAGE], data[PAGE : 2 * PAGE]):
        if len(page) == PAGE:
            check, count, generation, before, frames = _head.unpack_from(page)
            end = _head.size + count * _stretch.size
            if count <= MOST_SETTLED and crc32(page[4:end]) == check:
                stretches = _stretch.iter_unpack(page[_head.size : end])
                found.append((generation, Done(before, frames, {start: (to, n) for start, to, n in stretches})))
    return found
