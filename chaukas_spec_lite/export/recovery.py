"""Recovery: sends the events that ended processes left in the shared directory, log by log, from where they are.

Events never move from one log to another, so that those of one process keep their order even if this process is
killed, too. A log that is stuck, because the server fails at what it holds, does not keep the others waiting.
"""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, field
from pathlib import Path

from chaukas_spec_lite import process
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.export.batching import Server
from chaukas_spec_lite.export.ledger import Totals
from chaukas_spec_lite.export.pipeline import Pipeline, cancelled, is_over
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.sender import Sender
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.waker import Waker
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolError
from chaukas_spec_lite.spool.frames import HEAD

LEAST_INTERVAL = 0.01
"""How long, in seconds, a search is at least after the one before; ``scan_interval`` may be 0."""

MAX_OPEN = 4
"""How many logs are kept open while all of them are stuck. With more than these, they take turns."""


@dataclass(frozen=True)
class _Books:
    """Never changed, only replaced as a whole, so that a reader in any thread counts each log exactly once."""

    past: Totals = field(default_factory=Totals)
    """Of logs that were given up."""
    open: tuple[Pipeline, ...] = ()
    """Of the logs that are being sent, the longest open first."""


class Recovery:
    """Runs a pipeline for one log with events that nobody has, and for the next one when all open ones are stuck.

    All of it happens on the event loop.

    Args:
        sender: Takes the batches.
        settings: Those of the exporter; ``spool`` has to be set.
        reporter: Is told of drops and failures.
        clock: The time.
        server: What the exporter's pipelines know of the server.
    """

    def __init__(
        self, sender: Sender, settings: ExportSettings, reporter: Reporter, clock: Clock, server: Server
    ) -> None:
        assert settings.spool is not None
        self._parts = sender, settings, reporter, clock, server
        self._settings = settings
        self._reporter = reporter
        self._clock = clock
        self._directory = SpoolDirectory(Path(settings.spool))
        self._task: asyncio.Task[None] | None = None
        self._waker = Waker()
        self._progress = asyncio.Event()
        self._search_at = float("-inf")
        self._searched = 0
        """How often the whole directory was looked at and nothing was found."""
        self._is_readable = True
        """Whether the last search could look at it."""
        self._ended = False
        self._books = _Books()
        self._untold = False
        """Whether an event of a log that was given up was dropped, and no flush has told of it."""
        self.broken = False
        """Whether an event of a log that was given up was dropped."""

    @property
    def open(self) -> tuple[Pipeline, ...]:
        """The pipelines of the logs that are being sent, the longest open first."""
        return self._books.open

    def start(self) -> None:
        """Begin to send what is found, on the running loop; does nothing if a task does so already."""
        if is_over(self._task):
            self._progress = asyncio.Event()
            work = self._run(self._waker.attach(), process.current())
            # In a context of its own, as in ``Pipeline``.
            self._task = contextvars.Context().run(asyncio.create_task, work, name="chaukas-recovery")
            self._task.add_done_callback(self._reporter.task_ended)

    async def _run(self, event: asyncio.Event, owner: int) -> None:
        for each in self.open:  # it may be another loop than before
            each.start()
        searched_with = -1
        while not self._ended and owner == process.current():  # as in ``Pipeline``
            event.clear()
            await self._give_up_some()
            # At once if one is finished, or the last one has become stuck. But with MAX_OPEN of them all stuck the
            # regular search brings the next one, and sets the pace of their turns.
            regular, number = self._clock.now() >= self._search_at, len(self.open)
            if all(each.is_stuck for each in self.open) and (regular or number not in (searched_with, MAX_OPEN)):
                searched_with = -1 if self._search() else number
            self._progress.set()
            # Open logs that are no longer stuck, or not yet, wake this task themselves.
            await self._clock.wait(event, self._search_at if all(each.is_stuck for each in self.open) else None)

    def _search(self) -> bool:
        """Claim a log that an ended process left with events, and begin to send it; say whether there was one."""
        self._search_at = self._clock.now() + max(self._settings.scan_interval, LEAST_INTERVAL)
        try:
            claimed = self._directory.claim()
            self._is_readable = True
        except SpoolError as error:
            self._reporter.failure("search", "What ended processes left cannot be looked for", error)
            claimed, self._is_readable = None, False
        if claimed is None:
            self._searched += 1
            return False
        pipeline = Pipeline(*self._parts, claimed, turned=self._waker.wake)
        self._books = _Books(self._books.past, (*self.open, pipeline))
        pipeline.start()
        return True

    async def _give_up_some(self) -> None:
        deadline = self._clock.now() + self._settings.close_timeout
        for each in self.open:
            if not each.queue.pending:
                await self._give_up(each, deadline)
        stuck = [each for each in self.open if each.is_stuck]
        # The one that has been open longest makes way. It goes back to the directory, and its turn comes again in a
        # later search, or another process finds it.
        if len(self.open) > MAX_OPEN and stuck:
            await self._give_up(stuck[0], deadline, to_others=True)

    async def _give_up(self, pipeline: Pipeline, deadline: float, to_others: bool = False) -> None:
        """Close a log.

        Args:
            pipeline: The log's.
            deadline: Until when to wait for that.
            to_others: Whether another process may take over what it still holds, which is then no longer ours to count.
        """
        await pipeline.end(deadline)
        if pipeline not in self.open:  # ``end`` has given it up while this waited
            return
        if to_others:
            pipeline.queue.rest(for_good=True)
        past, totals, ledger = Totals(), pipeline.queue.totals(), pipeline.queue.ledger
        # A new object, not an addition to the old one, which ``totals`` may be reading in another thread.
        past.add(self._books.past)
        past.add(totals)
        self._books = _Books(past, tuple(each for each in self.open if each is not pipeline))
        self.broken = self.broken or ledger.broken
        self._untold = self._untold or ledger.untold

    def backlog(self, pending: int, pending_bytes: int) -> int:
        """Tell how many bytes wait in the whole directory; 0 if that is no more than these events."""
        try:
            held = self._directory.bytes_waiting()
        except SpoolError:
            return 0
        return held if held > pending_bytes + HEAD * pending else 0

    async def flush(self, deadline: float) -> bool:
        """Send at once what ended processes have left; say whether all was acknowledged, and none dropped."""
        # Taken before the wait, so that of two flushes at a time only one tells; put back if this one is cancelled.
        untold, self._untold = self._untold, False
        told = False
        try:
            clean = await self._flush(deadline)
            told = True
        finally:
            self._untold = self._untold or (untold and not told)
        return clean and not untold

    async def _flush(self, deadline: float) -> bool:
        clean, searched = True, self._searched
        # Until a search that began after this finds nothing. What it finds before is flushed in its turn.
        while self.open or self._searched == searched:
            clean = all(await asyncio.gather(*(each.flush(deadline) for each in self.open))) and clean
            self._search_at = float("-inf")
            self._progress.clear()
            self._waker.wake()
            if self._task is None or self._task.done() or self._clock.now() >= deadline:
                return False
            await self._clock.wait(self._progress, deadline)
        return clean and self._is_readable and not self._directory.leaves_some()

    async def end(self, deadline: float) -> None:
        """Stop, and give all logs up; wait for that until ``deadline`` at most."""
        self._ended = True  # before Python 3.12, wait_for may lose a cancellation
        await cancelled(self._task, self._clock, deadline)
        await asyncio.gather(*(self._give_up(each, deadline) for each in self.open))

    def totals(self) -> Totals:
        """Return the numbers of ``Stats`` for all that was found."""
        totals, books = Totals(), self._books
        totals.add(books.past)
        for each in books.open:
            totals.add(each.queue.totals())
        return totals
