"""The one who writes the spool: commits for ``emit`` within a bound, and a thread for all that may take longer.

``disk`` is held by whoever uses the file. ``emit`` waits for it with a timeout and commits by itself; the thread opens
files, writes what ``emit`` could not, removes what was sent, reads back, makes checkpoints.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from chaukas_spec_lite.export.dead_letters import DeadLetters, abandoned_letters
from chaukas_spec_lite.export.ledger import MEMORY, Entry
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.dropped import DeadLetter, Dropped
from chaukas_spec_lite.spool.file import Spool, SpoolError, SpoolFull, SpoolUnusable

CHECKPOINT_BYTES = 4 << 20
"""After so many bytes of events the log of commits, some ten times as long, is brought to the disk."""

CHUNK_EVENTS, CHUNK_BYTES = 500, 2 << 20
"""What is written or taken over in one transaction, so that ``emit`` does not wait long for the disk."""

SHORTEST_SLEEP = 0.01


class SpoolWriter:
    """Keeps the spool of one exporter. ``now`` is monotonic; ``wake`` is called when there may be more to send.

    ``claimed`` is a file to begin with, in place of any that is free; ``search`` is called every ``scan_interval``.
    With ``threaded=False`` nothing happens in the background: tests call ``step``.
    """

    def __init__(
        self,
        queue: EventQueue,
        settings: ExportSettings,
        reporter: Reporter,
        now: Callable[[], float],
        wake: Callable[[], None],
        claimed: Spool | None = None,
        search: Callable[[], None] | None = None,
        threaded: bool = True,
    ) -> None:
        assert settings.spool is not None
        self.disk = threading.Lock()
        self.spool: Spool | None = None
        self.opened = False
        self.stopped = threading.Event()
        self._claimed = claimed
        self._search = search
        self._queue = queue
        self._settings = settings
        self._reporter = reporter
        self._now = now
        self._wake = wake
        self._threaded = threaded
        self._directory = SpoolDirectory(Path(settings.spool), settings.synchronous)
        self._work = threading.Condition(queue.lock)
        self._thread: threading.Thread | None = None
        self._asked = False
        self._stopping = False
        self._closing = False
        self._then: list[Callable[[], None]] = []
        self._down = False
        """Whether the disk failed last time, so that nobody should wait for it."""
        self._retry_at = float("-inf")
        self._scan_at = float("-inf")
        self._careful_until = float("-inf")
        self._inline = False
        self._since_checkpoint = 0
        self._letters = DeadLetters(queue.lock, settings.dead_letter_max_bytes, reporter)

    # For emit

    def write(self, entry: Entry) -> Emitted:
        """Bring an event to the disk, waiting for ``spool_wait`` at most; say what became of it."""
        start, wait = self._now(), self._settings.spool_wait
        if self._inline and self.disk.acquire(timeout=wait):
            try:
                if self._append(entry, start):
                    return self._queue.settle(entry, on_disk=True)
            finally:
                self.disk.release()
        with self._queue.lock:
            self._queue.hand_over(entry)
            idle = self._down and not self.stopped.is_set()
            served = idle or self._ask()
            if served and not idle:
                left = start + wait - self._now()
                self._queue.changed.wait_for(lambda: self._down or entry.state != MEMORY, max(0.0, left))
        if not served:
            self.step(wait)
        return self._queue.settle(entry, on_disk=False)

    def _append(self, entry: Entry, start: float) -> bool:
        """Commit here and now, with the disk lock held; where that fails, the thread tries it, and finds out why."""
        spool = self.spool
        if not self._inline or spool is None or entry.state != MEMORY:
            return False
        try:
            spool.append(entry.seq, entry.data)
        except SpoolError:
            self._inline = False
            return False
        self._since_checkpoint += len(entry.data)
        if self._now() - start > self._settings.spool_wait:
            self._be_careful()
        if self._since_checkpoint > CHECKPOINT_BYTES:
            with self._queue.lock:
                self._ask()
        return True

    def _be_careful(self) -> None:
        """Leave commits to the thread for a while: the disk made somebody wait longer than allowed."""
        self._inline = False
        self._careful_until = self._now() + self._settings.spool_retry
        self._reporter.log("slow", logging.WARNING, "The spool in %s is slow for the moment", self._directory.path)

    def keep_dead_letters(self, dropped: Sequence[Dropped]) -> None:
        """Keep dead letters, as far as there is room."""
        self._letters.add(dropped)
        self.ask()

    # The thread

    def ask(self) -> None:
        """Let the thread look what there is to do; where there can be none, at the end of the interpreter, do it."""
        with self._queue.lock:
            served = self._ask()
        if not served:
            self.step(self._settings.spool_wait)

    def _ask(self) -> bool:
        """Wake the thread, which may have to be started; say whether there is one. The queue's lock is held."""
        if self._threaded and self._thread is None and not self._stopping:
            thread = threading.Thread(target=self._run, name="chaukas-spool", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down, or the system allows no more threads
                return False
            self._thread = thread
        self._asked = True
        self._work.notify()
        return not self.stopped.is_set()

    def look_at_unwritten(self) -> None:
        """Ask for what was left to the thread without asking it, see ``EventQueue.admit``."""
        if self._queue.unwritten and not self._down:
            self.ask()

    def search_soon(self) -> None:
        """Let the thread look for abandoned files without waiting for ``scan_interval``."""
        self._scan_at = float("-inf")
        self.ask()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            with self._queue.lock:
                due = self._retry_at if self._down else self._scan_at
                left = max(SHORTEST_SLEEP, min(due - self._now(), threading.TIMEOUT_MAX))
                self._work.wait_for(lambda: self._asked or self._stopping, left)
                self._asked = False
                stopping = self._stopping  # then what follows is the last step, and sees all that was left to it
            self.step()
        self._end()

    def step(self, wait: float = -1.0) -> None:
        """Do all there is to do; failures of the disk are noted, and what could not be done is done later.

        Outside the thread ``wait`` bounds how long others may keep the disk: a signal handler may have interrupted one.
        """
        if (self._closing and self.stopped.is_set()) or not self.disk.acquire(timeout=wait):
            return
        self.disk.release()  # it was free, so nobody further up this stack holds it
        try:
            while self._round():
                time.sleep(0)  # whoever waits for the disk is first
            self._look_around()
        except Exception as error:  # whatever it is must not end the thread: nobody else brings events to the disk
            with self.disk:
                self._fail(error)
        with self._queue.lock:
            self._queue.changed.notify_all()
        self._wake()

    def _round(self) -> bool:
        """Write, remove, bury, read back: one chunk of each; say whether there is more.

        What cannot be written does not keep from reading: a full disk still has what it holds.
        """
        with self.disk:
            more = not self._is_resting() and self._try_to_write()
            more = (self.spool is not None and self._refill(self.spool)) or more
        if self._since_checkpoint > CHECKPOINT_BYTES and not self._down:
            self._checkpoint()
        return more

    def _is_resting(self) -> bool:
        return self._down and self._now() < self._retry_at and not self._stopping

    def _try_to_write(self) -> bool:
        try:
            more = self._write(self.spool or self._open())
        except SpoolError as error:
            self._fail(error)
            return False
        self._down = False
        self._inline = self._may_commit_inline()
        return more

    def _look_around(self) -> None:
        """Search the directory, when it is time; without the disk lock, as it opens files."""
        now = self._now()
        if now >= self._scan_at and not (self._down or self._stopping):
            self._scan_at = now + self._settings.scan_interval
            if self._search is not None:
                try:
                    self._search()
                except SpoolError as error:
                    self._reporter.failure("search", "What ended processes left cannot be looked for", error)

    def _may_commit_inline(self) -> bool:
        settings = self._settings
        return settings.inline_commits and settings.synchronous == "normal" and self._now() >= self._careful_until

    def _open(self) -> Spool:
        claimed, self._claimed = self._claimed, None
        spool = claimed or self._directory.claim()
        try:
            dead_bytes, totals = spool.dead_bytes(), spool.totals()
        except SpoolError as error:
            spool.close()
            if isinstance(error, SpoolUnusable):
                self._directory.set_aside(spool.path, error)
            raise
        if spool.damage:
            self._reporter.last_error = f"{spool.path}: {spool.damage}"
        self._letters.begin(dead_bytes)
        self._queue.found(*totals)
        self.spool = spool
        self.opened = True
        return spool

    def _write(self, spool: Spool, events: int = CHUNK_EVENTS) -> bool:
        queue = self._queue
        entries, erased = queue.take_work(events, CHUNK_BYTES)
        letters = self._letters.take()
        start = self._now()
        try:
            if entries or erased or letters:
                spool.apply([(entry.seq, entry.data) for entry in entries], erased, letters)
        except Exception:
            queue.put_back_work(entries, erased)
            self._letters.put_back(letters)
            raise
        queue.written(entries)
        if entries and self._now() - start > self._settings.spool_wait:
            self._be_careful()
        self._since_checkpoint += sum(len(entry.data) for entry in entries)
        return bool(queue.unwritten)

    def _checkpoint(self) -> None:
        spool = self.spool
        if spool is None:
            return
        spool.sync_log()
        with self.disk:
            if self.spool is spool:
                self._since_checkpoint = 0
                spool.checkpoint()
                if not self._queue.ledger.pending:
                    spool.shrink()

    def _refill(self, spool: Spool) -> bool:
        wanted = self._queue.wants_refill()
        if wanted is None:
            return False
        after, events, size = wanted
        rows = spool.read(after, events, size)
        at_end = len(rows) < events and sum(len(row.data) for row in rows) < size
        missing = self._queue.refill(rows, at_end)
        if missing:
            self._reporter.lost(missing, f"they are no longer in {spool.path}")
        self._wake()
        return True

    # Failures; the disk lock is held

    def _fail(self, error: Exception) -> None:
        """Note that the disk does not work, so that nobody waits for it until it is tried again."""
        if not self._is_resting():  # or else reading failed, which does not put the next attempt to write off
            self._retry_at = self._now() + self._settings.spool_retry
        self._inline = False
        self._down = True
        where = f"The spool in {self._directory.path} does not work; events stay in memory until it does"
        self._reporter.failure("spool", where, error, expected=isinstance(error, SpoolError))
        if isinstance(error, SpoolUnusable) and self.spool is not None:
            self._lose_file(self.spool, error)
        elif isinstance(error, SpoolFull) and self.spool is not None:
            try:
                self._make_room(self.spool)
            except SpoolError as again:
                self._reporter.failure("make room", "The spool could not make room on the disk", again)

    def _make_room(self, spool: Spool) -> None:
        """Removing events takes room in the log of commits, or a new file if all of this one's events were sent."""
        try:
            spool.checkpoint()
        except SpoolFull:
            if self._queue.needs_file():
                raise
            self._start_over(spool)

    def _start_over(self, spool: Spool) -> None:
        """Delete a file that is no longer needed but for its dead letters, which move to a new one.

        Where there is no room for both they are in memory only for a moment. Nothing else can be done there: after a
        checkpoint that a full disk cut short, neither the file nor its log is of any use without the other.
        """
        letters = spool.dead_letters(limit=-1)
        self._forget_file(letters)
        try:
            if letters:
                self._write(self._open(), events=0)
        except SpoolFull:
            pass  # the second attempt has the room of the old file
        finally:
            spool.discard()
        if self._letters:
            self._write(self.spool or self._open(), events=0)

    def _lose_file(self, spool: Spool, error: SpoolUnusable) -> None:
        self._retry_at = self._now()
        lost = self._forget_file()
        spool.close()
        self._directory.set_aside(spool.path, error)
        if lost:
            self._reporter.lost(lost, f"they were only in {spool.path}, which was set aside: {error}")

    def _forget_file(self, letters: Sequence[Dropped] = ()) -> int:
        self.spool = None
        self._letters.begin(0, letters)
        return self._queue.lost_file()

    # The end

    def stop(self, close: bool, then: Callable[[], None] | None = None) -> None:
        """Let the thread do what there is to do a last time, close the file if told to, and end.

        Returns at once; when all is done, ``stopped`` is set and ``then`` called.
        """
        with self._queue.lock:
            self._closing = close
            self._stopping = True
            if then is not None:
                self._then.append(then)
            ended = self._thread is None or self.stopped.is_set()
            self._work.notify()
        if ended:
            if self._queue.totals().numbers["pending"] or self._letters:
                self.step()
            self._end()

    def _end(self) -> None:
        if self._closing:
            self.close()
        with self._queue.lock:
            self.stopped.set()
            then, self._then = self._then, []
        for each in then:
            each()

    def close(self) -> None:
        """Give the file up."""
        with self.disk:
            spool, self.spool, self._inline = self.spool, None, False
            if spool is not None:
                spool.close()

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """Read the latest dead letters of the own file, unless it was given up; raises ``SpoolError``."""
        with self.disk:
            if not self._closing:
                if self.spool is None:
                    self._open()
                self._try_to_write()
            return [] if self.spool is None else self.spool.dead_letters(limit)

    def abandoned_letters(self, limit: int) -> list[DeadLetter]:
        """Read the latest dead letters of each file that nobody has."""
        return abandoned_letters(self._directory, limit, self._reporter)
