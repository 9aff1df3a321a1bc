"""A file to whose end any number of threads and processes write whole records. It knows bytes only.

Each record is one ``write`` under ``O_APPEND``, within a lock on the file, which ends with its process, however that
ends. So no two records mix, and what a killed process leaves is a torn one at the end at most, which who writes next
sets aside.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from chaukas_spec_lite import process
from chaukas_spec_lite.sinks.locking import try_to_lock, unlock
from chaukas_spec_lite.sinks.tails import Find

PATIENCE = 5.0
"""For how many seconds others may hold the lock. A process that is stopped while it holds it must not stop all."""

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_MODE = 0o600
"""What events hold is for nobody else, as in the spool; a file that exists keeps its mode."""


class AppendingFile:
    """A file that is written to at its end, and made if it does not exist, or no more.

    It is opened when it is made, and again in a forked child, and where its path leads to another file than before, as
    after ``logrotate``.

    Args:
        path: Its path, absolute. Its folder has to exist.
        find: Finds the last whole record.
        torn: Is called with how many bytes were torn, and the path of the file that they were moved to.
        patience: For how many seconds others may hold the lock.

    Raises:
        OSError: It cannot be opened.
        NotRecords: It holds something else.
    """

    def __init__(
        self, path: str, find: Find, torn: Callable[[int, str], object], *, patience: float = PATIENCE
    ) -> None:
        self.path = path
        self._find = find
        self._torn = torn
        self._patience = patience
        self._file: int | None = None
        self._inode = (0, 0)
        self._closed = False
        self._depth = 0
        """How many calls of ``append`` are under way: a signal handler may interrupt one, and write, too."""
        # Reentrant for the same reason.
        self._lock = threading.RLock()
        self._whole = 0
        """A place where a record ends, as far as is known."""
        process.after_fork_in_child(self.forget)
        self.append(b"")  # Whatever is wrong with the file is found now.

    def append(self, record: bytes) -> None:
        """Write one record.

        Raises:
            OSError: It is not written, such as for want of room, and nothing of it is in the file; or that is closed.
            NotRecords: The file holds something else by now.
        """
        process.notice_fork()
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, "it is closed")
            file, locked = self._opened(), False
            self._depth += 1  # first: what a signal handler writes from here on leaves the lock alone
            try:
                locked = self._lock_file(file)
                size = os.fstat(file).st_size
                if size != self._whole:
                    record = self._mend(file, size, locked) + record
                if record:
                    self._write(file, record, locked)
            finally:
                self._depth -= 1
                if locked and not self._depth:
                    unlock(file)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._closed = True
            self._close()

    def forget(self) -> None:
        """Start again in a forked child: the lock of the parent's open file is the parent's, too."""
        self._lock = threading.RLock()
        self._depth = 0
        self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                os.close(file)

    def _opened(self) -> int:
        if self._file is not None:
            try:
                status = os.stat(self.path)
            except FileNotFoundError:
                status = None
            if status is not None and (status.st_dev, status.st_ino) == self._inode:
                return self._file
            self._close()
        file = os.open(self.path, _FLAGS, _MODE)
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            os.close(file)
            raise OSError(f"{self.path} is no file that can be written to at its end")
        self._file, self._inode, self._whole = file, (status.st_dev, status.st_ino), 0
        return file

    def _lock_file(self, file: int) -> bool:
        """Take the lock; return whether it was taken. Without it, a record still is one ``write``."""
        until, wait = time.monotonic() + self._patience, 0.0005
        while not (taken := try_to_lock(file)):
            if taken is None or time.monotonic() >= until:
                return False
            time.sleep(wait)
            wait = min(2 * wait, 0.01)
        return True

    def _mend(self, file: int, size: int, locked: bool) -> bytes:
        """Set aside what is torn at the end; return what has to be written before the next record."""

        def read(count: int, place: int) -> bytes:
            return _read(file, count, place)

        tail = self._find(read, self._whole if self._whole <= size else 0, size)
        self._whole = tail.end
        if tail.end == size or not locked:
            # What is torn stays without the lock: its writer may be about to write the rest.
            return tail.missing
        self._set_aside(_read(file, size - tail.end, tail.end))
        os.ftruncate(file, tail.end)
        return b""

    def _set_aside(self, torn: bytes) -> None:
        path = f"{self.path}.torn"
        aside = os.open(path, _FLAGS, _MODE)
        try:
            # No newline of ours: these are bytes of which nobody knows what they were to become.
            _write_all(aside, torn)
        finally:
            os.close(aside)
        self._torn(len(torn), path)

    def _write(self, file: int, record: bytes, locked: bool) -> None:
        start = os.fstat(file).st_size
        written = 0
        try:
            while written < len(record):
                written += os.write(file, memoryview(record)[written:])
        except OSError:
            # A disk that is full takes a part. Only where nobody else can have written behind it.
            if written and locked and os.fstat(file).st_size == start + written:
                os.ftruncate(file, start)
            raise
        # Where this write ended. Not a sum: a signal handler may have written since ``start``.
        self._whole = os.lseek(file, 0, os.SEEK_CUR)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


if hasattr(os, "pread"):

    def _read(file: int, count: int, place: int) -> bytes:
        """Read bytes at a place, fewer only at the end of the file."""
        data = b""
        while len(data) < count and (more := os.pread(file, count - len(data), place + len(data))):
            data += more
        return data

else:  # Windows

    def _read(file: int, count: int, place: int) -> bytes:
        """Read bytes at a place, fewer only at the end of the file."""
        os.lseek(file, place, os.SEEK_SET)
        data = b""
        while len(data) < count and (more := os.read(file, count - len(data))):
            data += more
        return data
