"""Dead letters on their way to the spool."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.spool import letter_bytes
from chaukas_spec_lite.export.stats import Dropped

MAX_BURIALS = 1000
"""How many wait for the disk, at most."""


class Burials:
    """Holds dead letters until they are written, as far as there is room for them beside those that were."""

    def __init__(self, lock: threading.Lock, max_bytes: int, reporter: Reporter) -> None:
        self._lock = lock
        self._max_bytes = max_bytes
        self._reporter = reporter
        self._waiting: list[Dropped] = []
        self._bytes = 0
        """The size of all of them, written or not."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, dropped: Sequence[Dropped]) -> None:
        """Take dead letters in; those for which there is no room are logged."""
        refused: list[Dropped] = []
        with self._lock:
            for each in dropped:
                size = letter_bytes(each)
                if self._bytes + size > self._max_bytes or len(self._waiting) >= MAX_BURIALS:
                    refused.append(each)
                    continue
                self._waiting.append(each)
                self._bytes += size
        for each in refused:
            self._reporter.not_kept(each)

    def file_holds(self, size: int) -> None:
        """Begin with a file that has so many bytes of them already."""
        with self._lock:
            waiting, self._waiting, self._bytes = self._waiting, [], size
        self.add(waiting)

    def take(self) -> list[Dropped]:
        """Hand out what is to be written."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            return waiting

    def put_back(self, letters: Sequence[Dropped]) -> None:
        """Take back what could not be written."""
        with self._lock:
            self._waiting[:0] = letters
