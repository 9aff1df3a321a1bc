"""The part of a queue that is on disk: the log that is open, and what becomes of one that fails or is taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.spool.errors import SpoolError, SpoolLost
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.segment import Record


class Disk:
    """Appends to a log, and makes one when it is needed; guarded by the queue's lock.

    Args:
        settings: Those of the exporter; ``spool`` has to be set.
        reporter: Is told of failures.
        now: Tells the time in seconds; monotonic.
        taken_away: Is given what could be read of a log that somebody took away, and the number of events that could
            not.
        damaged: Is given the number of events that a damaged file has lost.
        claimed: The log that an ended process left, to which nothing is appended.
    """

    def __init__(
        self,
        settings: ExportSettings,
        reporter: Reporter,
        now: Callable[[], float],
        taken_away: Callable[[Sequence[Record], int], None],
        damaged: Callable[[int], None],
        claimed: Log | None = None,
    ) -> None:
        assert settings.spool is not None
        self._settings = settings
        self._directory = Path(settings.spool)
        self._reporter = reporter
        self._now = now
        self._taken_away = taken_away
        self._damaged = damaged
        self._log = claimed
        self._others = 0
        """How many bytes the other logs in the directory hold, as far as was seen."""
        self._refuses_until = float("-inf")
        self._synced_at = now()

    @property
    def pending(self) -> int:
        """How many events wait here."""
        return 0 if self._log is None else self._log.pending

    @property
    def pending_bytes(self) -> int:
        """The size of those."""
        return 0 if self._log is None else self._log.pending_bytes

    def is_full(self, size: int) -> bool:
        """Whether the directory would hold more than it may, with so many bytes more."""
        return self.pending_bytes + self._others + size > self._settings.spool_max_bytes

    # Appending

    def append(self, contents: Sequence[bytes]) -> list[Record] | None:
        """Append events; return where they are, or None while the disk refuses."""
        if self._now() < self._refuses_until:
            return None
        try:
            records = self._append(contents)
            self._sync()
        except SpoolError as error:
            self._fail(error)
            return None
        return records

    def _append(self, contents: Sequence[bytes]) -> list[Record]:
        if self._log is None:
            self._log = Log.make(self._directory)
        try:
            return self._log.append(contents)
        except SpoolLost as error:
            self._give_up(self._log, error)
            raise

    def _give_up(self, log: Log, error: SpoolLost) -> None:
        """Save what can be saved of a log that somebody took away; the next event begins another one."""
        saved, pending = list(log.salvage()), log.pending
        self._log = None
        log.abandon()
        self._taken_away(saved, pending - len(saved))
        self._reporter.failure("taken away", f"{pending - len(saved)} events of the spool are lost", error)

    def _fail(self, error: SpoolError) -> None:
        """Note that the disk does not work, so that it is not tried again with each event."""
        if not isinstance(error, SpoolLost):
            self._refuses_until = self._now() + self._settings.spool_retry
        where = f"The spool in {self._directory} does not work; events stay in memory until it does"
        self._reporter.failure("spool", where, error)

    def _sync(self) -> None:
        """Bring to the disk what was appended, as often as ``synchronous`` says."""
        settings, now = self._settings, self._now()
        each = settings.synchronous == "always"
        if self._log is not None and (each or (settings.synchronous == "interval" and now >= self._sync_at)):
            self._log.sync()
            self._sync_at = now + settings.sync_interval

    # Reading

    def peek(self, skip: int, most: int, size: int) -> list[Record]:
        """Read events that wait, in order; see ``Log.peek``. Nothing can be read while the disk fails."""
        log = self._log
        if log is None:
            return []
        lost, lost_bytes = log.lost, log.lost_bytes
        try:
            return log.peek(skip, most, size)
        except SpoolError as error:
            self._reporter.failure("read", "The spool cannot be read, which is tried again", error)
            return []
        finally:
            self._tell_damage(log, lost, lost_bytes)

    def done(self, records: Sequence[Record]) -> None:
        """Take note that events need not be kept. Those of a log that was taken away meanwhile are in memory."""
        log = self._log
        if log is not None:
            lost, lost_bytes = log.lost, log.lost_bytes
            try:
                log.done(records)
            except SpoolError as error:
                text = "What was sent cannot be noted in the spool; if this process is killed now, it is sent again"
                self._reporter.failure("note", text, error)
            self._tell_damage(log, lost, lost_bytes)

    def _tell_damage(self, log: Log, lost: int, lost_bytes: int) -> None:
        if log.lost_bytes > lost_bytes:
            self._reporter.damage(log.folder, log.lost_bytes - lost_bytes)
        if log.lost > lost:
            self._damaged(log.lost - lost)
