"""The part of a queue that is on disk: the log that is open, and what becomes of one that fails or is taken away."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolError, SpoolLost
from chaukas_spec_lite.spool.log import SEGMENT_BYTES, Log
from chaukas_spec_lite.spool.segment import Entry

_LOOK_AGAIN = 1.0
"""For how many seconds a directory that was found full is taken to be so."""


class Note(NamedTuple):
    """Something that people have to be told."""

    kind: str
    what: str
    error: SpoolError | None
    """None where events were lost."""
    lost: int
    """How many."""


class Disk:
    """Appends to a log, and makes one when it is needed; guarded by the queue's lock.

    Args:
        settings: Those of the exporter; ``spool`` has to be set.
        now: Tells the time in seconds; monotonic.
        taken_away: Is given what somebody took away: from where on, and what of it could still be read; returns that
            and what else of it is still known.
        damaged: Is given the number of events that a damaged file has lost.
        handed_over: Is given the number of events that others have now.
        claimed: The log that an ended process left.
    """

    def __init__(
        self,
        settings: ExportSettings,
        now: Callable[[], float],
        taken_away: Callable[[int, Sequence[Entry]], Sequence[Entry]],
        damaged: Callable[[int], object],
        handed_over: Callable[[int], object],
        claimed: Log | None = None,
    ) -> None:
        assert settings.spool is not None
        self._settings = settings
        self._directory = SpoolDirectory(Path(settings.spool))
        self._now = now
        self._taken_away = taken_away
        self._damaged = damaged
        self._handed_over = handed_over
        self._log = claimed
        self._told = 0, 0
        """How many events, and bytes, of the log were told to be lost."""
        self._given_up: Path | None = None
        """The folder of the log that was given up with something in it, to whoever claims it first."""
        self._left = self._left_bytes = 0
        """What waited in that."""
        self._others = 0
        """How many bytes wait in the other logs of the directory, as far as was seen."""
        self._look_from = 0
        """From how many bytes of its own on the others are looked at again."""
        self._look_at = float("-inf")
        self._refuses_until = float("-inf")
        self._sync_at = float("-inf")
        self._is_synced = True
        self.why_not = ""
        """Why the disk does not take events; empty while it does."""
        self.notes: deque[Note] = deque()
        """What to tell when the queue's lock is free: a handler of the log may hold a lock of its own, and emit."""

    @property
    def pending(self) -> int:
        """How many events wait here."""
        return self._left + (0 if self._log is None else self._log.pending)

    @property
    def pending_bytes(self) -> int:
        """The size of those."""
        return self._left_bytes + (0 if self._log is None else self._log.pending_bytes)

    # Appending

    def is_full(self, size: int) -> bool:
        """Whether the directory would hold more than it may, with so many bytes more."""
        most, own = self._settings.spool_max_bytes, self.pending_bytes + size
        # Rarely, as there may be many others. A full directory is looked at again, as others may have made room.
        if own >= self._look_from or (own + self._others > most and self._now() >= self._look_at):
            self._look_from = self.pending_bytes + min(SEGMENT_BYTES, most // 8)
            self._look_at = self._now() + _LOOK_AGAIN
            try:
                own_log = self._given_up if self._log is None else self._log.folder
                self._others = self._directory.bytes_waiting(besides=own_log)
            except SpoolError:  # appending fails as well, and tells
                self._others = 0
        return own + self._others > most

    @property
    def why_full(self) -> str:
        """Say which limit leaves no room."""
        most = self._settings.spool_max_bytes
        return f"the directory holds spool_max_bytes={most} bytes: raise it, or see why they are not sent"

    def append(self, contents: Sequence[bytes]) -> int | None:
        """Append events; return where the first is, or None while the disk refuses, or if the log was taken away."""
        if self.why_not and self._now() < self._refuses_until:
            return None
        try:
            log = self._log or self._claim_again()
            if log is None:
                log, self._told = Log.make(self._directory.path), (0, 0)
            self._log, log.syncs = log, self._settings.synchronous != "never"
            start = log.append(contents)
        except SpoolError as error:
            self._fail(error)
            return None
        self.why_not, self._is_synced = "", False
        if self._settings.synchronous != "never":
            try:
                self.sync()
            except SpoolError as error:  # they are there, but a power cut may cost them
                self._fail(error)
        return start

    def sync(self, at_once: bool = False) -> None:
        """Bring to the disk what was appended, as often as ``synchronous`` says.

        Raises:
            SpoolError: The disk failed at it.
        """
        how, now = self._settings.synchronous, self._now()
        if self._log is None or self._is_synced or how == "never":
            return
        if at_once or how == "always" or now >= self._sync_at:
            self._log.sync()
            self._is_synced, self._sync_at = True, now + self._settings.sync_interval

    def look(self) -> None:
        """See whether the log is still there, and bring to the disk what is due."""
        try:
            if log := self._log or self._claim_again():
                log.check()
            self.sync()
        except SpoolError as error:
            self._fail(error)

    def look_now(self) -> None:
        """Look once more before the end, also at a disk that refused just now."""
        self._refuses_until = float("-inf")
        self.look()

    def _fail(self, error: SpoolError) -> None:
        if isinstance(error, SpoolLost) and self._log is not None:
            (self._lose_segment if os.path.isdir(self._log.folder) else self._give_up)(self._log, error)
            return
        # Not tried again with each event.
        self.why_not = str(error)
        self._refuses_until = self._now() + self._settings.spool_retry
        where = f"The spool in {self._directory.path} does not work, so events are in memory only until it does"
        self._note("spool", where, error)

    def _note(self, kind: str, what: str, error: SpoolError | None = None, lost: int = 0) -> None:
        self.notes.append(Note(kind, what, error, lost))

    def _give_up(self, log: Log, error: SpoolLost) -> None:
        """Save what can be saved of a log that somebody took away; the next event begins another one."""
        self._log = None
        try:
            saved = list(log.salvage())
        except SpoolError:  # the reason has been told already
            saved = []
        lost = log.pending - len(self._taken_away(0, saved))
        log.abandon()
        self._note("taken away", "Events go to a new log of the spool", error)
        if lost > 0:
            self._damaged(lost)
            self._note("lost", str(error), lost=lost)

    def _lose_segment(self, log: Log, error: SpoolLost) -> None:
        """Save what can be saved of the last file of the log; all else stays where it is."""
        log.lose_segment(self._taken_away(log.segment_start, log.salvage_segment()))
        self._note("taken away", "Events go to a new file of the spool", error)
        self.tell_damage()

    # Reading

    def peek(self, skip: int, most: int, size: int) -> list[Entry]:
        """Read events that wait, in order; see ``Log.peek``. Nothing can be read while the disk fails."""
        log = self._log
        if log is None:
            return []
        try:
            return log.peek(skip, most, size)
        except SpoolError as error:
            self._note("read", "The spool cannot be read, which is tried again", error)
            return []
        finally:
            self.tell_damage()

    def done(self, records: Sequence[Entry]) -> None:
        """Take note that events need not be kept. Those of a log that was taken away meanwhile are in memory."""
        log = self._log
        if log is None:
            return
        try:
            log.done(records)
        except SpoolError as error:
            text = "What was sent cannot be noted in the spool; if this process is killed now, it is sent again"
            self._note("note", text, error)
        self.tell_damage()

    def tell_damage(self) -> None:
        """Tell of what the log has found to be lost since the last call."""
        log, (told, told_bytes) = self._log, self._told
        if log is None or (log.lost, log.lost_bytes) == self._told:
            return
        self._told = log.lost, log.lost_bytes
        self._damaged(log.lost - told)
        size = log.lost_bytes - told_bytes
        what = f"{size} bytes in {log.folder} are missing or damaged" if size else f"a file in {log.folder} is gone"
        self._note("lost", what, lost=log.lost - told)

    # The end

    def close(self) -> None:
        """Give the log up: to nobody if nothing waits in it, else to whoever needs it first, which may be this one."""
        log, self._log = self._log, None
        if log is not None:
            try:
                log.sync()
            except SpoolError as error:
                self._note("spool", "What is in the spool may not survive a power cut", error)
            self._given_up, self._left, self._left_bytes = log.folder, log.pending, log.pending_bytes
            log.close()

    def _claim_again(self) -> Log | None:
        """Go on with the log that was given up, unless somebody else was faster."""
        folder, left = self._given_up, self._left
        if folder is None or not left:
            return None
        try:
            log = Log.claim(folder)
        except SpoolError:  # somebody else has it, or has sent it all; if not, a search finds it
            self.hand_over()
            return None
        self._given_up, self._left, self._left_bytes = None, 0, 0
        self._log, self._told = log, (0, 0)
        self._handed_over(left - log.pending - log.lost)
        self.tell_damage()
        return log

    def hand_over(self) -> None:
        """Leave what was given up to others for good: it is theirs to send, and to count."""
        left, self._given_up, self._left, self._left_bytes = self._left, None, 0, 0
        self._handed_over(left)
