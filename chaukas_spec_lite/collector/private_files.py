"""New files and folders that their owner alone can read: events and keys are nobody else's business.

What is there already stays as it is: who has opened it for others meant to.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_FILE = 0o600
_FOLDER = 0o700
_CAREFULLY = getattr(os, "O_CLOEXEC", 0)
"""Not handed to children."""


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are missing; raises ``OSError``."""
    if path.is_dir():
        return
    # One by one: `parents=True` would make those above with the permissions that everything has.
    if path.parent != path:
        make_folder(path.parent)
    path.mkdir(_FOLDER, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file where there is none; raises ``OSError``, also if one is there that cannot be read.

    SQLite gives its log, and what else it puts beside a file, the permissions of that file.
    """
    # One that is there is not opened: closing it would take from this process all locks that SQLite has on it.
    try:
        os.close(os.open(os.path.realpath(path), os.O_CREAT | os.O_EXCL | os.O_RDONLY | _CAREFULLY, _FILE))
    except FileExistsError as error:
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)) from error


def write_whole(path: Path, text: str, prepare: Callable[[int], None] = lambda _: None) -> os.stat_result:
    """Write a file so that it holds all of the old text or all of the new one, whatever happens; raises ``OSError``.

    Args:
        path: The file.
        text: What it is to hold.
        prepare: Gets the new file, open, before it takes the old one's place.

    Returns:
        What there is to know of the new file, even if another process has replaced it already.
    """
    descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            prepare(descriptor)
            os.fsync(descriptor)
            written = os.fstat(descriptor)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    if os.name == "posix":
        _put_on_disk(path.absolute().parent)
    return written


def _put_on_disk(folder: Path) -> None:
    """Put the names in a folder on the disk, where that can be had; raises ``OSError`` if the disk fails."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | _CAREFULLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        # Some file systems put names there by themselves and know no other way, and some folders may not be read.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
            raise
