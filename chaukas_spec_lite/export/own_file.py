"""The spool file that one exporter has claimed: opened, written, read back, made smaller, replaced when it is lost.

This module does things to the file. ``SpoolWriter`` decides when, and how long anybody may wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from chaukas_spec_lite.export.dead_letters import DeadLetters
from chaukas_spec_lite.export.ledger import Entry
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.dropped import Dropped
from chaukas_spec_lite.spool.file import Spool, SpoolError, SpoolFull, SpoolUnusable

CHECKPOINT_BYTES = 4 << 20
"""After this many bytes of events the log of commits is brought to the disk. The log is some ten times as long, because
SQLite logs whole pages."""

CHUNK_EVENTS, CHUNK_BYTES = 500, 2 << 20
"""What is written in one transaction, so that ``emit`` does not wait long for the disk."""


class OwnFile:
    """The file of one queue. ``disk`` is held around every call but those of ``checkpoint``.

    Args:
        queue: The events that are written to the file, and that what is read back goes to.
        settings: Those of the exporter; ``spool`` has to be set.
        reporter: Is told what is lost.
        claimed: A file to begin with, in place of any that is free.
    """

    def __init__(
        self, queue: EventQueue, settings: ExportSettings, reporter: Reporter, claimed: Spool | None = None
    ) -> None:
        assert settings.spool is not None
        self.disk = threading.Lock()
        self.spool: Spool | None = None
        self.opened = False
        """Whether a file was ever opened, so that what it held is counted."""
        self.directory = SpoolDirectory(Path(settings.spool), settings.synchronous)
        self.letters = DeadLetters(queue.lock, settings.dead_letter_max_bytes, reporter)
        self._claimed = claimed
        self._queue = queue
        self._reporter = reporter
        self._since_checkpoint = 0

    def open(self) -> Spool:
        """Return the file, after claiming one if there is none; raises ``SpoolError``."""
        if self.spool is not None:
            return self.spool
        # Once only: if this file turns out to be unusable, the next call looks for another one.
        claimed, self._claimed = self._claimed, None
        spool = claimed or self.directory.claim()
        try:
            dead_bytes, totals = spool.dead_bytes(), spool.totals()
        except SpoolError as error:
            spool.close()
            # Set aside after ``close``: SQLite deletes the log when it closes a file, and would do so by the old name.
            if isinstance(error, SpoolUnusable):
                self.directory.quarantine(spool.path, error)
            raise
        if spool.damage:
            self._reporter.last_error = f"{spool.path}: {spool.damage}"
        self.letters.begin(dead_bytes)
        # The file belongs to us only once all of it could be read. Counting it earlier would count it again at the next
        # try.
        self._queue.found(*totals)
        self.spool = spool
        self.opened = True
        return spool

    def append(self, spool: Spool, entry: Entry) -> None:
        """Commit one event; raises ``SpoolError``."""
        spool.append(entry.seq, entry.data)
        self._since_checkpoint += len(entry.data)

    def write(self, spool: Spool, events: int = CHUNK_EVENTS) -> int:
        """Write a chunk of events, remove those that were sent, keep dead letters: all in one transaction.

        Args:
            spool: The file.
            events: How many events at most.

        Returns:
            How many events it has written.

        Raises:
            SpoolError: Nothing was done; all of it waits for the next call.
        """
        queue = self._queue
        entries, erased = queue.take_work(events, CHUNK_BYTES)
        letters = self.letters.take()
        try:
            if entries or erased or letters:
                spool.apply([(entry.seq, entry.data) for entry in entries], erased, letters)
        except Exception:  # whatever it is, nothing of what was taken may be forgotten
            queue.put_back_work(entries, erased)
            self.letters.put_back(letters)
            raise
        # After the commit: an event that counts as on disk may be forgotten in memory.
        queue.written(entries)
        self._since_checkpoint += sum(len(entry.data) for entry in entries)
        return len(entries)

    def refill(self, wake: Callable[[], None]) -> bool:
        """Read back a chunk of what is on disk only, if the queue has room for it; say whether there was one."""
        wanted = self._queue.wants_refill()
        if wanted is None or self.spool is None:
            return False
        after, events, size = wanted
        rows = self.spool.read(after, events, size)
        # ``read`` stops at a number or a size. Fewer of both means that it came to the end of the file.
        at_end = len(rows) < events and sum(len(row.data) for row in rows) < size
        missing = self._queue.refill(rows, at_end)
        # Rows vanished although nobody erased them: the file was tampered with or is damaged. Told, because nothing
        # else would.
        if missing:
            self._reporter.lost(missing, f"they are no longer in {self.spool.path}")
        wake()
        return True

    def needs_checkpoint(self) -> bool:
        """Whether so much was committed that the log should be brought to the disk."""
        return self._since_checkpoint > CHECKPOINT_BYTES

    def checkpoint(self) -> None:
        """Bring the log of commits to the disk, and begin it anew; ``disk`` is not held; raises ``SpoolError``.

        Most of the time goes into ``sync_log``, during which others may write.
        """
        spool = self.spool
        if spool is None:
            return
        spool.sync_log()
        with self.disk:
            if self.spool is spool:  # or else it was lost meanwhile
                self._since_checkpoint = 0
                spool.checkpoint()
                # Shrinking copies what is left in the file, so it waits until that is next to nothing.
                if not self._queue.ledger.pending:
                    spool.shrink()

    # When the disk fails

    def make_room(self, spool: Spool) -> None:
        """Make room on a full disk, on which even removing events takes some; raises ``SpoolError``.

        A checkpoint empties the log of commits. Where it does not fit either, a file whose events were all sent gives
        way to a new one.
        """
        try:
            spool.checkpoint()
        except SpoolFull:
            if self._queue.needs_file():
                raise
            self._start_over(spool)

    def _start_over(self, spool: Spool) -> None:
        """Delete a file that is no longer needed but for its dead letters, which move to a new one.

        If there is no room for both files, the letters are for a moment in memory only. There is no other way: after
        a checkpoint that a full disk cut short, neither the file nor its log is of any use without the other.
        """
        # Read before anything is deleted: an error here leaves the file as it is.
        letters = spool.dead_letters(limit=-1)
        self._forget(letters)
        try:
            if letters:
                self.write(self.open(), events=0)
        except SpoolFull:
            pass  # the second attempt has the room of the old file
        finally:
            spool.discard()
        if self.letters:
            self.write(self.open(), events=0)

    def lose(self, spool: Spool, error: SpoolUnusable) -> None:
        """Put a file that cannot be used into quarantine, and count what was only there as lost."""
        # Before the file is closed and moved, so that events which memory still holds are written to the next file
        # whatever happens to this one.
        lost = self._forget()
        spool.close()
        self.directory.quarantine(spool.path, error)
        if lost:
            self._reporter.lost(lost, f"they were only in {spool.path}, which was set aside: {error}")

    def _forget(self, letters: Sequence[Dropped] = ()) -> int:
        self.spool = None
        self.letters.begin(0, letters)
        return self._queue.lost_file()

    def close(self) -> None:
        """Give the file up, with what it still holds; the next exporter finds it."""
        spool, self.spool = self.spool, None
        if spool is not None:
            spool.close()
