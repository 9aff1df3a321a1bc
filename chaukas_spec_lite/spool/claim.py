"""Which spool files this process may open, where SQLite's locks alone do not tell.

SQLite notes in memory what it has locked. A forked child inherits these notes, so SQLite would take its parent's files
for locked as long as the child lives. The child therefore locks such a file itself, on the same bytes as SQLite would,
and has SQLite open it without locking. POSIX gives up all locks of a process on a file when any descriptor of it is
closed, so no file is opened twice at a time.
"""

from __future__ import annotations

import os
from pathlib import Path

from chaukas_spec_lite import process

try:
    import fcntl
except ImportError:  # Windows, which has no forks either
    fcntl = None  # type: ignore[assignment]  # Windows has no such module

_LOCKS, _LOCKED_BYTES = 0x40000000, 512
"""Where SQLite locks a file (https://www.sqlite.org/src/file/src/os.h, PENDING_BYTE). An owner has locked all of it."""

_CHUNK = 1 << 20


class InUse(Exception):
    """Another process has the file, or this process has it or is about to open it."""


class Claim:
    """The right of this process to open a file, until ``release``; the constructor raises ``InUse``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # By real path: two names of one file are one file to POSIX locks.
        self._key = os.path.realpath(path)
        self.database: object = None
        """The connection that has it open."""
        # One atomic step that looks and takes. Between a look and a later step another thread could come.
        if _held.setdefault(self._key, self) is not self:
            raise InUse
        self.inherited = self._key in _inherited
        """Whether SQLite's notes of the file are the parent's, so that we have to lock it as long as it is open."""
        self._file: int | None = None

    def lock(self) -> bool:
        """Lock the file against other processes. For use while SQLite has not opened it, or opens it without locking.

        Returns:
            Whether that can be done: there has to be a file that may be written, on a system with such locks.

        Raises:
            InUse: Another process has locked it.
        """
        if fcntl is None:
            return False
        try:
            # O_NONBLOCK, because opening a pipe of that name would otherwise wait for a writer.
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED_BYTES, _LOCKS)
        except (BlockingIOError, PermissionError):
            # PermissionError comes from ``open`` (not ours to write) and, on some systems, from ``lockf`` (EACCES:
            # locked, see fcntl(2)).
            found = self._file is not None
            self.unlock()
            if found:
                raise InUse from None
            return False
        except OSError:  # it is no file, or one for reading only
            self.unlock()
            return False
        return True

    def unlock(self) -> None:
        """Let other processes lock the file again, if it was locked."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def copy(self, to: Path) -> None:
        """Copy the locked file, without another descriptor."""
        assert self._file is not None
        offset = 0
        with to.open("xb") as copy:
            # Read from the locked descriptor: closing a second one would give up the lock, as said above.
            while chunk := os.pread(self._file, _CHUNK, offset):
                offset += copy.write(chunk)

    def release(self) -> None:
        """Give the right back, when SQLite has closed the file. Doing so again does nothing."""
        self.unlock()
        # In a forked child ``_held`` was cleared, and may have a claim of the child's own by now.
        if _held.get(self._key) is self:
            del _held[self._key]


_held: dict[str, Claim] = {}
"""What this process has. No lock guards it, as a signal handler may interrupt anything here: ``setdefault`` decides."""

_inherited: set[str] = set()
"""What its ancestors had when it was forked."""


def _leave_to_the_parent() -> None:
    """Keep a forked child from ever finalizing a connection that its parent has open, not even when the child ends.

    SQLite would close the file as its only owner: it would delete the log of commits, and the parent would go on
    writing into a file without a name.
    """
    for claim in _held.values():
        process.never_finalize(claim.database)
    _inherited.update(_held)
    _held.clear()


process.after_fork_in_child(_leave_to_the_parent)
