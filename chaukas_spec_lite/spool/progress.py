"""How far a log was worked off: a small file that is written in place, as that has to be possible on a full disk.

All that is mostly in it fits into the first 512 bytes, which a disk takes whole or not at all. If the system stops
amid a longer one, or somebody damages it, it is not known what is done, and some events are sent a second time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from struct import Struct
from types import MappingProxyType
from typing import NamedTuple
from zlib import crc32

SIZE = 4096
_head = Struct("<IIQQ")
"""CRC-32 of what follows, the number of stretches behind the head, ``before`` and ``frames``."""
_stretch = Struct("<QQQ")
MOST_SETTLED = (SIZE - _head.size) // _stretch.size
"""How many stretches behind ``before`` there is room for."""
_SEED = 2
"""What the CRC begins from: the second format of this file. The first one counts as damaged."""

_FLAGS = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)


class Done(NamedTuple):
    """In which part of a log nothing waits."""

    before: int = 0
    """All before this position."""
    frames: int = 0
    """How many frames that is."""
    settled: Mapping[int, tuple[int, int]] = MappingProxyType({})
    """Stretches behind it: where each begins, where it ends, and how many frames were in it."""

    def between(self, start: int, end: float) -> Done:
        """Leave out the stretches that do not begin between two positions."""
        return self._replace(settled={at: each for at, each in self.settled.items() if start <= at < end})


def read(path: Path) -> Done | None:
    """Read what is done; None if that is not known. Raises ``OSError`` if there is a file that cannot be read."""
    data = b""
    with suppress(FileNotFoundError):
        data = path.read_bytes()
    if len(data) < SIZE:
        return None
    check, count, before, frames = _head.unpack_from(data)
    end = _head.size + count * _stretch.size
    if count > MOST_SETTLED or crc32(data[4:end], _SEED) != check:
        return None
    stretches = _stretch.iter_unpack(data[_head.size : end])
    return Done(before, frames, {start: (to, inside) for start, to, inside in stretches})


def write(path: Path, done: Done, is_ours: Callable[[], bool]) -> None:
    """Write down what is done; the file is opened anew each time, as somebody may have deleted it.

    Args:
        path: The file, which need not exist.
        done: What is done. Of its stretches, those beyond ``MOST_SETTLED`` are left out: after the end of this
            process, the next one sends them again.
        is_ours: Tells whether this is the log's own process; nothing is written by any other.

    Raises:
        OSError: It cannot be written.
    """
    stretches = sorted(done.settled.items())[:MOST_SETTLED]
    body = _head.pack(0, len(stretches), done.before, done.frames)[4:]
    body += b"".join(_stretch.pack(start, end, frames) for start, (end, frames) in stretches)
    data = crc32(body, _SEED).to_bytes(4, "little") + body
    file = os.open(path, _FLAGS, 0o600)
    try:
        if os.fstat(file).st_size < SIZE:  # all the room that it will ever need
            data = data.ljust(SIZE, b"\0")
        # Asked last of all: a signal handler may fork before it, and what the child wrote would be out of date by then.
        if is_ours() and os.write(file, data) < len(data):
            raise OSError("the disk took only a part")
    finally:
        os.close(file)


def is_there(path: Path) -> bool:
    """Whether the file is still there, as it was made."""
    with suppress(FileNotFoundError):
        return os.stat(path).st_size >= SIZE
    return False
