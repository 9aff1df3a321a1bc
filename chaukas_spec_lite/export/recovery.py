"""Recovery: sends the events that ended processes left in the shared directory, file by file, from where they are.

Events never move from one file to another, so that those of one process keep their order even if this process is
killed, too. A file that is stuck, because the server fails at what it holds, does not keep the others waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.export.batching import Peers
from chaukas_spec_lite.export.ledger import Totals
from chaukas_spec_lite.export.pipeline import Pipeline, cancelled, is_over
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.sender import Sender
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.waker import Waker
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.file import Spool

MAX_OPEN = 4
"""How many files are kept open while all of them are stuck. With more than these, they take turns."""


@dataclass(frozen=True)
class _Books:
    """Never changed, only replaced as a whole, so that a reader in any thread counts each file exactly once."""

    past: Totals = field(default_factory=Totals)
    """Of files that were given up."""
    open: tuple[Pipeline, ...] = ()
    """Of the files that are being sent, the longest open first."""


class Recovery:
    """Runs a pipeline for one file with events that nobody has, and for the next one when all open ones are stuck.

    ``search`` is called now and then by the thread of the exporter's own spool; all else happens on the event loop.

    Args:
        sender: Takes the batches.
        settings: Those of the exporter; ``spool`` has to be set.
        reporter: Is told of drops and failures.
        clock: The time.
        peers: The exporter's other pipelines.
    """

    def __init__(
        self, sender: Sender, settings: ExportSettings, reporter: Reporter, clock: Clock, peers: Peers
    ) -> None:
        assert settings.spool is not None
        self._sender = sender
        self._settings = settings
        self._reporter = reporter
        self._clock = clock
        self._peers = peers
        self._directory = SpoolDirectory(Path(settings.spool), settings.synchronous)
        self._task: asyncio.Task[None] | None = None
        self._waker = Waker()
        self._found: Spool | None = None
        self._last: Path | None = None
        """The file that was found last."""
        self._ended = False
        self._books = _Books()
        self._untold = False
        """Whether an event of a file that was given up was dropped, and no flush has told of it."""
        self.searching = threading.Lock()
        """Held while files are looked at, so that a fork can wait for the end of that."""
        self.broken = False
        """Whether an event of a file that was given up was dropped."""

    @property
    def open(self) -> tuple[Pipeline, ...]:
        """The pipelines of the files that are being sent, the longest open first."""
        return self._books.open

    def search(self) -> None:
        """Claim a file that an ended process left with events, unless an open one makes progress.

        While nothing is sent here, files are left to processes that can send.

        Raises:
            SpoolError: The directory cannot be read.
        """
        # Held during the claim, so that a fork never copies a file that is half claimed.
        with self.searching:
            sending = self._task is not None and not (self._task.done() or self._task.get_loop().is_closed())
            # In each of these cases a file would only be held here, while another process could be sending it.
            if self._ended or not sending or self._found is not None or not self._wants_more():
                return
            self._found = found = self._directory.claim_abandoned(self._last)
            if found is not None:
                self._last = found.path
        if found is not None:
            self._waker.wake()

    def _wants_more(self) -> bool:
        return all(each.is_stuck for each in self.open)

    def start(self, search_again: Callable[[], None]) -> None:
        """Begin to send what is found, on the running loop; does nothing if a task does so already.

        Args:
            search_again: Lets the spool's thread call ``search`` soon.
        """
        if is_over(self._task):
            self._task = asyncio.create_task(self._run(self._waker.attach(), search_again), name="chaukas-recovery")
            self._task.add_done_callback(self._reporter.task_ended)
            search_again()

    async def _run(self, event: asyncio.Event, search_again: Callable[[], None]) -> None:
        for each in self.open:  # it may be another loop than before
            each.start()
        wanted = True
        while not self._ended:
            event.clear()
            # First take in the new file, then give up others: with ``MAX_OPEN`` stuck ones the new file is what makes
            # one too many.
            self._begin_with_found()
            await self._give_up_some()
            before, wanted = wanted, self._wants_more()
            # The last open file has just become stuck, so look for the next one now. With MAX_OPEN of them the regular
            # search brings the next one, and so sets the pace at which they take turns.
            if wanted and not before and len(self.open) < MAX_OPEN:
                search_again()
            await self._clock.wait(event, None)

    def _begin_with_found(self) -> None:
        claimed, self._found = self._found, None
        if claimed is not None:
            parts = self._sender, self._settings, self._reporter, self._clock, self._peers
            pipeline = Pipeline(*parts, claimed, turned=self._waker.wake)
            self._books = _Books(self._books.past, (*self.open, pipeline))
            pipeline.start()

    async def _give_up_some(self) -> None:
        deadline = self._clock.now() + self._settings.close_timeout
        for each in self.open:
            if each.is_empty:
                await self._give_up(each, deadline)
        stuck = [each for each in self.open if each.is_stuck]
        # The one that has been open longest makes way. It goes back to the directory, and its turn comes again in a
        # later search (``_last``), or another process finds it.
        if len(self.open) > MAX_OPEN and stuck:
            await self._give_up(stuck[0], deadline, to_others=True)

    async def _give_up(self, pipeline: Pipeline, deadline: float, to_others: bool = False) -> None:
        """Close a file.

        Args:
            pipeline: The file's.
            deadline: Until when to wait for that.
            to_others: Whether another process may take over what it still holds, which is then no longer ours to count.
        """
        # The numbers are taken after this: the last step of its thread still changes them.
        await pipeline.end(deadline)
        if pipeline not in self.open:  # ``end`` has given it up while this waited
            return
        past, totals, ledger = Totals(), pipeline.totals(), pipeline.queue.ledger
        if to_others:
            totals.give_back_pending()
        # A new object, not an addition to the old one, which ``totals`` may be reading in another thread.
        past.add(self._books.past)
        past.add(totals)
        self._books = _Books(past, tuple(each for each in self.open if each is not pipeline))
        self.broken = self.broken or ledger.broken
        self._untold = self._untold or ledger.untold

    async def flush(self, deadline: float) -> bool:
        """Send at once what was found so far; say whether all of it has been acknowledged, none dropped."""
        # Taken before the wait, so that of two flushes at a time only one tells; put back if this one is cancelled.
        untold, self._untold = self._untold, False
        told = False
        try:
            clean = all(await asyncio.gather(*(each.flush(deadline) for each in self.open)))
            told = True
        finally:
            self._untold = self._untold or (untold and not told)
        return clean and not untold

    async def end(self, deadline: float) -> None:
        """Stop, and give all files up; wait for that until ``deadline`` at most."""
        self._ended = True  # before Python 3.12, wait_for may lose a cancellation
        await cancelled(self._task, self._clock, deadline)
        await asyncio.gather(*(self._give_up(each, deadline) for each in self.open))
        # A search that is under way may still find a file. Wait for it: a file that nobody closes stays locked until
        # the process ends.
        with self.searching:
            found, self._found = self._found, None
        if found is not None:
            found.close()

    def totals(self) -> Totals:
        """Return the numbers of ``Stats`` for all that was found."""
        totals, books = Totals(), self._books
        totals.add(books.past)
        for each in books.open:
            totals.add(each.totals())
        return totals
