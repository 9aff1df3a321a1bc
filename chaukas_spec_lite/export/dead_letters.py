"""Dead letters on their way to the spool and back: events that will not be sent, kept for people to look at."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.dropped import DeadLetter, Dropped, letter_bytes
from chaukas_spec_lite.spool.file import SpoolError

MAX_WAITING = 1000
"""How many dead letters wait for the disk, at most; while it fails, they would fill memory."""


class DeadLetters:
    """Holds dead letters until they are written, as far as there is room for them beside those that were.

    Args:
        lock: Guards it; the queue's.
        max_bytes: How many bytes of dead letters there may be, written or not.
        reporter: Is told of those for which there is no room.
    """

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
        with self._lock:
            refused = self._take_in(dropped, MAX_WAITING)
        for each in refused:
            self._reporter.not_kept(each)

    def _take_in(self, letters: Sequence[Dropped], most: int) -> list[Dropped]:
        refused: list[Dropped] = []
        for each in letters:
            size = letter_bytes(each)
            if self._bytes + size > self._max_bytes or len(self._waiting) >= most:
                refused.append(each)
                continue
            self._waiting.append(each)
            self._bytes += size
        return refused

    def begin(self, size: int, others: Sequence[Dropped] = ()) -> None:
        """Begin with another file.

        Args:
            size: How many bytes of dead letters it has already.
            others: Those of the file before it, which move to this one.
        """
        with self._lock:
            waiting, self._waiting, self._bytes = self._waiting, [], size
            # No limit of number here: all of these were accepted once. Only the bytes of the new file may leave no
            # room.
            refused = self._take_in([*others, *waiting], len(others) + len(waiting))
        for each in refused:
            self._reporter.not_kept(each)

    def take(self) -> list[Dropped]:
        """Hand out what is to be written."""
        with self._lock:
            # ``_bytes`` stays: they take the same room on disk.
            waiting, self._waiting = self._waiting, []
            return waiting

    def put_back(self, letters: Sequence[Dropped]) -> None:
        """Take back what could not be written."""
        with self._lock:
            # In front, so that they keep the order in which they were dropped.
            self._waiting[:0] = letters


def abandoned_letters(directory: SpoolDirectory, limit: int, reporter: Reporter) -> list[DeadLetter]:
    """Read the latest dead letters of each file that nobody has, at most ``limit`` of each.

    Files that cannot be read are left out, and reported.
    """
    letters: list[DeadLetter] = []
    for spool in directory.abandoned():
        try:
            letters += spool.dead_letters(limit)
        except SpoolError as error:
            reporter.failure("others' letters", "The dead letters of an ended process are left out", error)
    return letters
