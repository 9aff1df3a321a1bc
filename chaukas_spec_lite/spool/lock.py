"""Whose a log is: a lock on a file in its folder, which ends with its process, however that ends.

POSIX record locks are not inherited by a forked child, unlike those of ``flock``. In return a process never locks
itself out, and loses all its locks on a file as soon as it closes any descriptor of it. So what this process holds is
noted besides, and no file that is held is ever opened a second time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from chaukas_spec_lite import process
from chaukas_spec_lite.spool.errors import SpoolError, translated

_Key = tuple[int, int, int]
"""A process and a file: process id, device, inode. With the process, so that a forked child holds nothing."""

_held: dict[_Key, Lock] = {}
"""No lock guards it, as a signal handler may interrupt anything here: ``setdefault`` decides."""


class InUse(SpoolError):
    """A living process has the log, or is about to have it."""


class Lock:
    """A lock that this process holds until ``release``.

    Args:
        path: A file, which is made if it is not there.

    Raises:
        InUse: Another process holds it, or this one does; or somebody removes it just now, with its folder or without.
        SpoolError: It cannot be made, or locked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1
        with _opened(path):
            _make(path)
            self._key = _key_of(os.stat(path))
            try:
                # One step that looks and takes: between a look and a later step another thread could come.
                if _held.setdefault(self._key, self) is not self:
                    raise InUse(f"{path} is in use by this process")
                self._file = os.open(path, os.O_RDWR)
                if not _try_to_lock(self._file):
                    raise InUse(f"{path} is in use by another process")
                # Its owner may have deleted it, or put another one in its place, while it was opened here.
                if not self._key == _key_of(os.fstat(self._file)) == _key_of(os.stat(path)):
                    raise InUse(f"{path} was given up just now")
            except BaseException:
                self.release()
                raise

    def is_ours(self) -> bool:
        """Whether this is the process that took it: a forked child has the object, and not the lock."""
        return self._key[0] == process.current()

    def is_there(self) -> bool:
        """Whether others find its file, and so find it locked; raises ``SpoolError`` if that cannot be seen."""
        with translated(self.path), suppress(FileNotFoundError, NotADirectoryError):
            return _key_of(os.stat(self.path))[1:] == self._key[1:]
        return False

    def release(self) -> None:
        """Let others have it."""
        # Closed before it is forgotten: closing it would take the lock away from another thread that had just got it.
        try:
            if self._file >= 0:
                os.close(self._file)
        finally:  # without a call, in which a signal could be handled: another file may get the number of this one
            if self._key in _held and _held[self._key] is self:
                del _held[self._key]


def _make(path: Path) -> None:
    """Make a file unless it is there; ``Path.touch`` may open one that is, and closing that would free its lock."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


@contextmanager
def _opened(path: Path) -> Generator[None, None, None]:
    with translated(path):
        try:
            yield
        except FileNotFoundError as error:
            raise InUse(f"{path} was given up just now") from error


def _key_of(status: os.stat_result) -> _Key:
    return process.current(), status.st_dev, status.st_ino


if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_to_lock(file: int) -> bool:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, by system: fcntl(2)
            return False
        return True
