"""Dead letters: one file for all processes of a directory, to which each appends what nobody is to send.

Each letter is one frame, appended by one write, so that processes do not mix theirs.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spool.errors import SpoolError, translated
from chaukas_spec_lite.spool.frames import entries_in, frame

NAME = "dead-letters"
_TAKEN = "-taken-"
"""Behind this stands a UUIDv7, so that names sort by age."""

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def append(directory: Path, letter: bytes, most: int) -> bool:
    """Keep a letter, unless the file would hold more bytes than it may; say whether it is kept.

    Raises:
        SpoolError: It cannot be written.
    """
    path, data = directory / NAME, frame(letter)
    with translated(path):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            # Opened each time: few events are dropped, and another process may have taken the file to send it again.
            file = os.open(path, _FLAGS, 0o600)
            try:
                status = os.fstat(file)
                if status.st_size + len(data) > most:
                    return False
                if (written := os.write(file, data)) < len(data):  # reading passes over what a full disk took of it
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
    with translated(directory):
        return [letter for path in [*_taken(directory), directory / NAME] for letter in read_file(path)]


def read_file(path: Path) -> list[bytes]:
    """Read the letters of one file, none if there is no such file; raises ``SpoolError`` if it cannot be read."""
    data = b""
    with translated(path), suppress(FileNotFoundError):
        data = path.read_bytes()
    return [entry.content for entry in entries_in(data, final=True) if entry.content is not None]


def take(directory: Path) -> list[Path]:
    """Take the letters away, to send them again; return the files that hold them, oldest first.

    Who has sent those of a file again deletes it. If the process ends before that, they are taken a second time, and
    servers know the events by their ids.

    Raises:
        SpoolError: They cannot be taken.
    """
    with translated(directory):
        with suppress(FileNotFoundError):
            (directory / NAME).rename(directory / f"{NAME}{_TAKEN}{uuid7()}")
        return _taken(directory)


def _taken(directory: Path) -> list[Path]:
    return sorted(directory.glob(f"{NAME}{_TAKEN}*"))
