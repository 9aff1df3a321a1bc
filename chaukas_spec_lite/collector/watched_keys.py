"""The keys of a file that may change at any time: read again whenever it has, and not good for ever if it cannot be.

Somebody may be writing to it by hand just now, so one that cannot be read leaves the keys good for a moment. After that
nobody is let in, as a key may have been revoked. Callers are told to come again: a producer that were told that its key
is wrong would throw events away.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.key_entries import KeyEntry
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.rationed_log import RationedLog

log = logging.getLogger(__name__)

TRUST_SECONDS = 5.0
"""How long keys stay good after their file was last seen to hold them."""
READ_AGAIN = 1.0
"""How many seconds lie between two attempts to read a file that could not be read, unless it has changed."""
_LOG_INTERVAL = 60.0

_Stamp: TypeAlias = "tuple[int, int, int, int]"
"""When a file and its permissions were changed, how large it is, and which one it is."""


class WatchedKeys:
    """The keys of a file as it is now.

    Args:
        path: The file, made by ``keys_file.add``.
        now: Tells the time in seconds; monotonic.

    Raises:
        SettingError: The file cannot be read, or is no file of keys.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now = now
        self._log = RationedLog(log, _LOG_INTERVAL, now)
        self._stamp: _Stamp | None = _stamp_of(path)
        self.entries = keys_file.read(path)
        """By their ids."""
        self.certificates = _by_certificate(self.entries)
        self._seen = now()
        """When the file was last seen to hold these keys."""
        self._failed: tuple[_Stamp | None, float, str] | None = None
        """The file that could not be read, when it is tried again, and what was wrong."""
        self.trusted = True
        """Whether the keys are good."""

    def refresh(self) -> bool:
        """Look at the file, and read it if it has changed: one system call, mostly. Return whether the keys are new."""
        now, stamp = self._now(), _stamp_of(self._path)
        if stamp is not None and stamp == self._stamp:
            self._is_good(now)
            return False
        if self._failed is not None and self._failed[0] == stamp and now < self._failed[1]:
            self._is_bad(now, self._failed[2])
            return False
        try:
            entries = keys_file.read(self._path)
        except SettingError as error:
            self._failed = stamp, now + READ_AGAIN, error.message
            self._is_bad(now, error.message)
            return False
        self._stamp, self.entries, self.certificates = stamp, entries, _by_certificate(entries)
        self._is_good(now)
        log.info("%s was read again: %d keys", self._path, len(entries))
        return True

    def _is_good(self, now: float) -> None:
        if not self.trusted:
            log.info("%s can be read again: whoever has a key is let in", self._path)
        self._seen, self._failed, self.trusted = now, None, True

    def _is_bad(self, now: float, problem: str) -> None:
        self.trusted = now - self._seen < TRUST_SECONDS
        if self.trusted:
            text = "%s; the keys that were in it stay good for at most %g seconds"
            self._log.log("doubted", logging.WARNING, text, problem, TRUST_SECONDS)
        else:
            text = "%s; nobody is let in until it can be read, as a key may have been revoked"
            self._log.log("distrusted", logging.ERROR, text, problem)


def _by_certificate(entries: dict[str, KeyEntry]) -> dict[str, KeyEntry]:
    return {entry.certificate: entry for entry in entries.values() if entry.certificate}


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    # The time of the last change of permissions, too: a file may become unreadable and stay the same otherwise.
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
