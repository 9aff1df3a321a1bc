"""What ended processes left in the shared directory is sent from the files they left it in, one after the other.

Events never move from one file to another: so those of one process stay in one line, whoever is killed meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from chaukas_spec_lite.export.clock import Clock
from chaukas_spec_lite.export.directory import SpoolDirectory
from chaukas_spec_lite.export.ledger import Totals
from chaukas_spec_lite.export.pipeline import Pipeline, is_over
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.sender import Sender
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.spool import Spool
from chaukas_spec_lite.export.waker import Waker


class Heirs:
    """Runs a pipeline for each file with events that nobody has, one at a time.

    ``search`` is called now and then by the thread of the exporter's own spool; all else happens on the event loop.
    """

    def __init__(self, sender: Sender, settings: ExportSettings, reporter: Reporter, clock: Clock) -> None:
        assert settings.spool is not None
        self._sender = sender
        self._settings = settings
        self._reporter = reporter
        self._clock = clock
        self._directory = SpoolDirectory(Path(settings.spool), settings.synchronous)
        self._task: asyncio.Task[None] | None = None
        self._waker = Waker()
        self._found: Spool | None = None
        self._ended = False
        self._past = Totals()
        self.searching = threading.Lock()
        """Held while files are looked at."""
        self.current: Pipeline | None = None
        self.broken = False
        """Whether an event of a file that was given up was dropped."""

    def search(self) -> None:
        """Claim a file that an ended process left with events, unless there is one already; raises ``SpoolError``.

        While nothing is sent, files are left to processes that can send.
        """
        with self.searching:
            sending = self._task is not None and not (self._task.done() or self._task.get_loop().is_closed())
            if self._ended or not sending or self._found is not None or self.current is not None:
                return
            self._found = self._directory.claim_abandoned()
        if self._found is not None:
            self._waker.wake()

    def start(self, search_again: Callable[[], None]) -> None:
        """Begin to send what is found, on the running loop; does nothing if that has happened."""
        if is_over(self._task):
            self._task = asyncio.create_task(self._run(self._waker.attach(), search_again), name="chaukas-heirs")
            self._task.add_done_callback(self._reporter.task_ended)
            search_again()

    async def _run(self, event: asyncio.Event, search_again: Callable[[], None]) -> None:
        while not self._ended:
            event.clear()
            if self.current is None and self._found is not None:
                claimed, self._found = self._found, None
                self.current = Pipeline(self._sender, self._settings, self._reporter, self._clock, claimed)
            if self.current is None:
                await self._clock.wait(event, None)
                continue
            self.current.start()
            await self.current.emptied()
            await self._bid_farewell(self._clock.now() + self._settings.close_timeout)
            search_again()

    async def _bid_farewell(self, deadline: float) -> None:
        if self.current is not None:
            await self.current.end(deadline)
            past, self.current = self.current, None
            self._past.add(past.totals())
            self.broken = self.broken or past.queue.ledger.broken

    async def flush(self, deadline: float) -> bool:
        """Send at once what was found so far; say whether all of it has been acknowledged, none dropped."""
        return True if self.current is None else await self.current.flush(deadline)

    async def end(self, deadline: float) -> None:
        """Stop, and give up what was claimed."""
        self._ended = True  # before Python 3.12, wait_for may lose a cancellation
        if self._task is not None:
            self._task.cancel()
        await self._bid_farewell(deadline)
        with self.searching:
            found, self._found = self._found, None
        if found is not None:
            found.close()

    def totals(self) -> Totals:
        """Return the numbers of ``Stats`` for all that was found."""
        totals, current = Totals(), self.current
        totals.add(self._past)
        if current is not None:
            totals.add(current.totals())
        return totals
