"""Writes the spool: commits for ``emit`` within a bound, and a thread for all that may take longer.

``disk`` is the lock on the file. ``emit`` waits for it with a timeout and commits by itself; the thread opens
files, writes what ``emit`` could not, removes what was sent, reads back, makes checkpoints.

The disk is in one of three states:

- quick (``_inline``): ``emit`` commits by itself;
- slow (neither): a commit took longer than ``spool_wait``. ``emit`` leaves commits to the thread, and waits for them;
- down (``_down``): a commit failed. ``emit`` waits for nothing, and the thread tries again after ``spool_retry``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from chaukas_spec_lite.export.dead_letters import abandoned_letters
from chaukas_spec_lite.export.ledger import MEMORY, Entry
from chaukas_spec_lite.export.own_file import OwnFile
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool.dropped import DeadLetter, Dropped
from chaukas_spec_lite.spool.file import Spool, SpoolError, SpoolFull, SpoolUnusable

SHORTEST_SLEEP = 0.01
"""How many seconds the thread sleeps at least, whatever times are set."""


class SpoolWriter:
    """Writes the spool of one queue.

    Args:
        queue: What is written, and what is read back into.
        settings: Those of the exporter; ``spool`` has to be set.
        reporter: Is told of failures.
        now: Tells the time in seconds; monotonic.
        wake: Called when there may be more to send.
        claimed: A file to begin with, in place of any that is free.
        search: Called by the thread every ``scan_interval``.
        threaded: Whether there is a thread. Without one nothing happens in the background: tests call ``step``.
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
        self._file = OwnFile(queue, settings, reporter, claimed)
        self.disk = self._file.disk
        self.stopped = threading.Event()
        self._search = search
        self._queue = queue
        self._settings = settings
        self._reporter = reporter
        self._now = now
        self._wake = wake
        self._threaded = threaded
        self._work = threading.Condition(queue.lock)
        self._thread: threading.Thread | None = None
        self._asked = False
        self._stopping = False
        self._closing = False
        self._then: list[Callable[[], None]] = []
        self._inline = False
        self._down = False
        self._retry_at = float("-inf")
        self._scan_at = float("-inf")
        self._careful_until = float("-inf")

    @property
    def spool(self) -> Spool | None:
        """The file, if it is open."""
        return self._file.spool

    @property
    def opened(self) -> bool:
        """Whether a file was ever opened, so that what it held is counted."""
        return self._file.opened

    # For emit

    def write(self, entry: Entry) -> Emitted:
        """Bring an event to the disk, waiting for ``spool_wait`` at most; say what became of it."""
        start, wait = self._now(), self._settings.spool_wait
        # The short way: no hand-over to the thread, which costs more than the commit itself.
        if self._inline and self.disk.acquire(timeout=wait):
            try:
                if self._append(entry, start):
                    return self._queue.settle(entry, on_disk=True)
            finally:
                self.disk.release()
        # The disk is slow, down, or in use for longer than ``spool_wait``. The thread writes the event as soon as it
        # can.
        with self._queue.lock:
            self._queue.hand_over(entry)
            # While the disk is down, ``emit`` neither wakes the thread nor waits: the thread looks again at
            # ``_retry_at``.
            idle = self._down and not self.stopped.is_set()
            served = idle or self._ask()
            if served and not idle:
                left = start + wait - self._now()
                self._queue.changed.wait_for(lambda: self._down or entry.state != MEMORY, max(0.0, left))
        if not served:  # the interpreter is ending: nobody will do it later
            self.step(wait)
        # The thread may have written it all the same; its state tells.
        return self._queue.settle(entry, on_disk=False)

    def _append(self, entry: Entry, start: float) -> bool:
        """Commit here and now, with the disk lock held. If that fails, the thread tries again and reports why."""
        spool = self._file.spool
        # While this waited for the lock, the disk may have failed, the file been lost, or the event been written.
        if not self._inline or spool is None or entry.state != MEMORY:
            return False
        try:
            self._file.append(spool, entry)
        except SpoolError:
            self._inline = False
            return False
        if self._now() - start > self._settings.spool_wait:
            self._be_careful()
        if self._file.needs_checkpoint():  # which takes long, so it is for the thread
            with self._queue.lock:
                self._ask()
        return True

    def _be_careful(self) -> None:
        """Leave commits to the thread for a while: the disk made somebody wait longer than allowed."""
        # Nothing is reported as failed: the thread commits as before, only ``emit`` no longer does so by itself.
        self._inline = False
        self._careful_until = self._now() + self._settings.spool_retry
        self._reporter.log("slow", logging.WARNING, "The spool in %s is slow for the moment", self._file.directory.path)

    def keep_dead_letters(self, dropped: Sequence[Dropped]) -> None:
        """Keep dead letters, as far as there is room."""
        self._file.letters.add(dropped)
        self.ask()

    # The thread

    def ask(self) -> None:
        """Let the thread look what there is to do; where there can be none, at the end of the interpreter, do it."""
        with self._queue.lock:
            served = self._ask()
        # The interpreter is shutting down and starts no more threads, so this thread does the work, within the bound
        # that ``emit`` has.
        if not served:
            self.step(self._settings.spool_wait)

    def _ask(self) -> bool:
        """Wake the thread, which may have to be started; say whether there is one. The queue's lock is held."""
        # Started at the first use, not in the constructor: an exporter may be made before a fork, and threads do not
        # survive one.
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
                # While the disk is down, the directory is not searched either, so only the retry counts.
                due = self._retry_at if self._down else self._scan_at
                left = max(SHORTEST_SLEEP, min(due - self._now(), threading.TIMEOUT_MAX))
                self._work.wait_for(lambda: self._asked or self._stopping, left)
                # Before the step, with the lock held: what is asked for during the step gets a step of its own.
                self._asked = False
                # Read now, so that the step below is the last one and sees all that was left to it.
                stopping = self._stopping
            self.step()
        self._end()

    def step(self, wait: float = -1.0) -> None:
        """Do all there is to do. Failures of the disk are noted, and what could not be done is done later.

        Args:
            wait: How many seconds others may keep the disk, negative for any number. Outside the thread it is bounded,
                because a signal handler may have interrupted the code that keeps it.
        """
        if (self._closing and self.stopped.is_set()) or not self.disk.acquire(timeout=wait):
            return
        self.disk.release()  # it was free, so no code that this call has interrupted holds it: the waits below end
        try:
            while self._round():
                time.sleep(0)  # between two rounds, those who wait for the disk have their turn
            self._look_around()
        except Exception as error:  # whatever it is must not end the thread: nobody else brings events to the disk
            with self.disk:
                self._fail(error)
        with self._queue.lock:
            self._queue.changed.notify_all()
        # Events that have just been read back are ready to be sent, and the task may be asleep.
        self._wake()

    def _round(self) -> bool:
        """Write, remove, keep dead letters, read back: one chunk of each; say whether there is more.

        A disk that takes nothing more is still read: a full one still has what it holds.
        """
        with self.disk:
            # Writing comes first: it also erases what was sent, which reading back would otherwise meet again.
            more = not self._is_resting() and self._try_to_write()
            more = self._file.refill(self._wake) or more
        # After ``disk`` was released: most of a checkpoint is an fsync, during which ``emit`` may go on committing.
        if self._file.needs_checkpoint() and not self._down:
            self._file.checkpoint()
        return more

    def _is_resting(self) -> bool:
        """Whether the disk failed and is left alone; at the end it is tried once more, as there is no later."""
        return self._down and self._now() < self._retry_at and not self._stopping

    def _try_to_write(self) -> bool:
        try:
            spool = self._file.open()
            start = self._now()
            written = self._file.write(spool)
        except SpoolError as error:
            self._fail(error)
            return False
        if written and self._now() - start > self._settings.spool_wait:
            self._be_careful()
        # Only now, after a commit went through: that the file can be opened does not prove that the disk takes
        # anything.
        self._down = False
        self._inline = self._may_commit_inline()
        return bool(self._queue.unwritten)

    def _may_commit_inline(self) -> bool:
        # With ``synchronous="full"`` each commit waits for the disk, which is far longer than a hand-over to the
        # thread.
        settings = self._settings
        return settings.inline_commits and settings.synchronous == "normal" and self._now() >= self._careful_until

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

    def _fail(self, error: Exception) -> None:
        """Note that the disk does not work, so that nobody waits for it until it is tried again; its lock is held."""
        if not self._is_resting():  # or else only reading failed, which does not put off the next attempt to write
            self._retry_at = self._now() + self._settings.spool_retry
        self._inline = False
        self._down = True
        where = f"The spool in {self._file.directory.path} does not work; events stay in memory until it does"
        self._reporter.failure("spool", where, error, expected=isinstance(error, SpoolError))
        spool = self._file.spool
        if isinstance(error, SpoolUnusable) and spool is not None:
            self._retry_at = self._now()  # at once: it will be another file
            self._file.lose(spool, error)
        elif isinstance(error, SpoolFull) and spool is not None:
            try:
                self._file.make_room(spool)
            except SpoolError as again:
                self._reporter.failure("make room", "The spool could not make room on the disk", again)

    # The end

    def stop(self, close: bool, then: Callable[[], None] | None = None) -> None:
        """Let the thread do what there is to do a last time, and end. Returns at once.

        Args:
            close: Whether the file is given up, too.
            then: Called when all is done, after ``stopped`` was set.
        """
        with self._queue.lock:
            self._closing = close
            self._stopping = True
            if then is not None:
                # A list, because ``aclose`` may be called again, or at exit, while a first call still waits.
                self._then.append(then)
            ended = self._thread is None or self.stopped.is_set()
            self._work.notify()
        if ended:  # no thread will do it
            # Without a thread ``step`` would make a file just to find nothing to write: an exporter that was never used
            # leaves none.
            if self._queue.totals().numbers["pending"] or self._file.letters:
                self.step()
            self._end()

    def _end(self) -> None:
        if self._closing:
            self.close()
        with self._queue.lock:
            self.stopped.set()
            # Called without the lock, as they wake event loops; taken with it, so that each is called once.
            then, self._then = self._then, []
        for each in then:
            each()

    def close(self) -> None:
        """Give the file up."""
        with self.disk:
            self._inline = False
            self._file.close()

    # Dead letters

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """Read the latest dead letters of the own file, unless it was given up; raises ``SpoolError``."""
        with self.disk:
            # Letters that still wait for the disk are written first, so that a caller finds those of a moment ago.
            if not self._closing:
                self._file.open()
                self._try_to_write()
            spool = self._file.spool
            return [] if spool is None else spool.dead_letters(limit)

    def abandoned_letters(self, limit: int) -> list[DeadLetter]:
        """Read the latest dead letters of each file that nobody has."""
        return abandoned_letters(self._file.directory, limit, self._reporter)
