"""New files and folders that their owner alone can read: events and keys are nobody else's business.

What is there already stays as it is: who has opened it for others meant to.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

_FILE = 0o600
_FOLDER = 0o700
_CAREFULLY = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
"""Not handed to children; and a pipe of that name is not waited for."""


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are missing; raises ``OSError``."""
    if path.is_dir():
        return
    # One by one: `parents=True` would make those above with the permissions that everything has.
    if path.parent != path:
        make_folder(path.parent)
    path.mkdir(_FOLDER, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file where there is none; raises ``OSError``.

    SQLite gives its log, and what else it puts beside a file, the permissions of that file.
    """
    # For reading, which suffices to make it, and takes no right to write to one that is there.
    os.close(os.open(path, os.O_CREAT | os.O_RDONLY | _CAREFULLY, _FILE))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it holds all of the old text or all of the new one, whatever happens; raises ``OSError``."""
    descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    if os.name == "posix":
        # The new name, too, has to be on the disk.
        folder = os.open(path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
