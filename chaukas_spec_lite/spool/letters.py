"""Dead letters: one file for all processes of a directory, to which each appends what nobody is to send.

Each letter is one frame, appended by one write, so that processes do not mix theirs.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

from chaukas_spec_lite import process
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spool.errors import SpoolError, translated
from chaukas_spec_lite.spool.frames import MARK, entries_in, frame
from chaukas_spec_lite.spool.lock import InUse, Lock

NAME = "dead-letters"
_LOCK = "dead-letters-lock"
"""Held by whoever sends them again, so that nobody else does it at the same time."""
_TAKEN = "-taken-"
"""Behind this stands a UUIDv7, so that names sort by age."""

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


def append(directory: Path, letter: bytes, most: int, owner: int | None = None) -> bool:
    """Keep a letter, unless the file would hold more bytes than it may; say whether it is kept.

    Args:
        directory: The spool's.
        letter: Its bytes.
        most: How large the file may get.
        owner: The process that keeps the letter; by default this one. A signal handler may fork, and the child goes on
            with what it interrupted, as the parent does: it writes nothing.

    Raises:
        SpoolError: It cannot be written.
    """
    path, data, owner = directory / NAME, frame(letter), owner or process.current()
    with translated(path):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            # Opened each time: few events are dropped, and another process may have taken the file to send it again.
            file = os.open(path, _FLAGS, 0o600)
            try:
                status = os.fstat(file)
                if status.st_size + len(data) > most:
                    return False
                # Reading passes over what a full disk took of it.
                if process.current() == owner and (written := os.write(file, data)) < len(data):
                    raise SpoolError(f"{path}: the disk took {written} of {len(data)} bytes")
                # It may have taken it just now, and may have read it already. Rather there twice than not at all.
                if _is_still(path, status.st_ino):
                    return True
            finally:
                os.close(file)


def _is_still(path: Path, inode: int) -> bool:
    with suppress(FileNotFoundError):
        return os.stat(path).st_ino == inode
    return False


def read(directory: Path) -> list[bytes]:
    """Read all letters, oldest first; damage between them is passed over.

    Raises:
        SpoolError: They cannot be read.
    """
    letters: list[bytes] = []
    for path in [*_taken(directory), directory / NAME]:
        with translated(path), suppress(FileNotFoundError):
            letters += [letter for _, letter in _entries(path.read_bytes())]
    return letters


def _entries(data: bytes) -> Iterator[tuple[int, bytes]]:
    for entry in entries_in(data, final=True):
        if entry.content is not None:
            yield entry.start, entry.content


def take(directory: Path) -> Generator[bytes, None, None]:
    """Take all letters away, to send them again, and give one after the other, oldest first.

    Each is struck out when the next one is asked for, and until then stays a letter, whatever happens: if the process
    is killed right before that, this one is taken a second time, and servers know its event by its id. To be closed.

    Raises:
        SpoolError: They cannot be taken, or somebody else is doing that.
    """
    with translated(directory):
        if not (_taken(directory) or (directory / NAME).exists()):
            return
    try:
        lock = Lock(directory / _LOCK)
    except InUse as error:
        text = f"the dead letters in {directory} are being sent again already: try it once more when that has ended"
        raise SpoolError(text) from error
    try:
        with translated(directory):
            with suppress(FileNotFoundError):
                (directory / NAME).rename(directory / f"{NAME}{_TAKEN}{uuid7()}")
            for path in _taken(directory):
                yield from _struck_out(path)
    finally:
        lock.release()


def _struck_out(path: Path) -> Iterator[bytes]:
    with open(path, "r+b", buffering=0) as file:
        for start, letter in _entries(file.read()):
            yield letter
            os.lseek(file.fileno(), start, os.SEEK_SET)
            os.write(file.fileno(), bytes(len(MARK)))  # which makes it damage, and that is passed over
    path.unlink()


def _taken(directory: Path) -> list[Path]:
    return sorted(directory.glob(f"{NAME}{_TAKEN}*"))
