"""A lock on an open file that keeps others out until it is given up, or the process ends.

Not a POSIX record lock, as the spool has: of a file that users read, too, some other code of the process may close a
descriptor, and such a lock would be gone. ``flock`` belongs to what was opened: two threads that opened the file each
for itself exclude one another. A forked child has to open it anew.
"""

from __future__ import annotations

import errno
import sys

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP}
"""What file systems without locks answer."""

if sys.platform == "win32":
    import msvcrt
    import os

    _PLACE = 1 << 40
    """Far behind all that is written: there a lock keeps nobody from reading and writing, but from locking."""

    def try_to_lock(file: int) -> bool | None:
        """Take the lock, without waiting.

        Returns:
            Whether it was taken; None if this file cannot be locked at all.
        """
        os.lseek(file, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return None if error.errno in _NO_LOCKS else False
        return True

    def unlock(file: int) -> None:
        """Give up the lock."""
        os.lseek(file, _PLACE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    try:
        import fcntl
    except ImportError:  # Pyodide may have none, where no other process is
        fcntl = None  # type: ignore[assignment]  # asked for below

    def try_to_lock(file: int) -> bool | None:
        """Take the lock, without waiting.

        Returns:
            Whether it was taken; None if this file cannot be locked at all.
        """
        if fcntl is None:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return None if error.errno in _NO_LOCKS else False
        return True

    def unlock(file: int) -> None:
        """Give up the lock."""
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_UN)
