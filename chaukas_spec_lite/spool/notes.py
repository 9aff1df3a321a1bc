"""A note in a log's folder: what its maker wants whoever has the log next to know, even if nothing waits in it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from chaukas_spec_lite.spool.errors import translated


def write(folder: Path, note: bytes) -> None:
    """Leave a note in the folder of a new log; nothing if it is empty.

    Raises:
        SpoolError: The disk does not take it.
    """
    if note:
        with translated(folder):
            try:
                (folder / "note").write_bytes(note)
            except BaseException:
                remove(folder)  # a part of it would be another one
                raise


def add(folder: Path, more: bytes) -> None:
    """Put something behind a note. It is there whole, or in part on a disk that is full, and what was there stays.

    Raises:
        SpoolError: The disk does not take it.
    """
    with translated(folder), (folder / "note").open("ab", buffering=0) as file:
        file.write(more)


def read(folder: Path) -> bytes:
    """Read the note of a log; empty if there is none, or no more.

    Raises:
        SpoolError: It cannot be read.
    """
    with translated(folder), suppress(FileNotFoundError):
        return (folder / "note").read_bytes()
    return b""


def remove(folder: Path) -> None:
    """Remove the note of a log, as nobody else needs to know."""
    with suppress(OSError):  # then the next process reads it, too
        (folder / "note").unlink(missing_ok=True)
