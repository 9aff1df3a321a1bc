"""Recovery: sends the events that ended processes left in the shared directory, log by log, from where they are.

Events never move from one log to another, so that those of one process keep their order even if this process is
killed, too. A log that is stuck, because the server fails at what it holds, makes way for others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chaukas_spec_lite.audit.chain import Owner
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.export import chain_notes
from chaukas_spec_lite.export.batching import Batching, Server
from chaukas_spec_lite.export.pipeline import Pipeline
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.sender import Sender
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.spool import notes
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolError
from chaukas_spec_lite.spool.frames import HEAD
from chaukas_spec_lite.spool.log import Log

_INTERRUPTED = (
    "The process of audit writer %s ended before it closed its chains; an event says so, and they are not complete"
)

LEAST_INTERVAL = 0.01
"""How long, in seconds, a search is at least after the one before; ``scan_interval`` may be 0."""


class Recovery(Pipeline):
    """A pipeline whose queue adopts one log after the other: the next when one is done, or when it is stuck.

    Args:
        sender: Takes the batches.
        settings: Those of the exporter; ``spool`` has to be set.
        reporter: Is told of drops and failures.
        clock: The time.
        server: What the exporter's pipelines know of the server.
        interruption: Makes the event which says to an owner of chains that their writer was interrupted, whose id it is
            given.
    """

    def __init__(
        self,
        sender: Sender,
        settings: ExportSettings,
        reporter: Reporter,
        clock: Clock,
        server: Server,
        interruption: Callable[[str, Owner], bytes],
    ) -> None:
        # What it sends was sealed by others: a log that it makes has no chains of its own to speak for.
        super().__init__(sender, replace(settings, audit=False), reporter, clock, server)
        assert settings.spool is not None
        self._directory = SpoolDirectory(Path(settings.spool), self._read_note)
        self._interruption = interruption
        self._stuck: dict[Path, tuple[int, Batching]] = {}
        """Logs that made way, the longest ago first: where the first event stood, and what was found out about it."""
        self._search_at = float("-inf")
        """When to look for another log, if this one is done or stuck."""
        self._empty_searches = 0
        """How often the whole directory was looked at and nothing was found."""
        self._is_readable = True
        """Whether the last search could look at it, and at the notes in it."""

    def _look_around(self) -> float | None:
        """Go on with another log if this one is done, or stuck; say when to come again."""
        if not self.queue.pending and self.queue.log is not None:
            self.queue.rest(for_good=True)
            self._search()
        elif self._may_go_on and self._clock.now() >= self._search_at:
            self._search()
        return self._search_at if self._may_go_on else None

    @property
    def _may_go_on(self) -> bool:
        """Whether another log may have its turn."""
        # What was saved of a log into memory goes back to disk first: behind another log's events, it would be sent
        # before what is older than it.
        return not self.queue.pending or (self._batching.stuck and not self.queue.memory.pending)

    def _search(self) -> None:
        self._is_readable = True
        try:
            log = self._directory.claim(last=self._stuck)
        except SpoolError as error:
            self._reporter.failure("search", "What ended processes left cannot be looked for", error)
            log, self._is_readable = None, False
        # The next search is at once if this log is done, or becomes stuck. Those that were stuck before have their
        # turns: otherwise they would take turns without end.
        known = None if log is None else self._stuck.pop(log.folder, None)
        self._search_at = float("-inf")
        if log is None or known is not None:
            self._search_at = self._clock.now() + max(self._settings.scan_interval, LEAST_INTERVAL)
        if log is None:
            self._empty_searches += 1
            return
        if (old := self.queue.log) is not None:  # it goes back to the directory, and another process may take it
            self._stuck = {folder: found for folder, found in self._stuck.items() if folder.exists()}
            self._stuck[old.folder] = old.tally.before, self._batching
        self.queue.adopt(log)
        self._batching = self._new_batching()
        if known is not None and known[0] == log.tally.before:  # it begins with the event that it was stuck at
            self._batching = known[1]
            self.queue.ledger.first_changes = self._batching.first_changes
            if self.queue.ledger.marks:  # a flush that has begun before it came back
                self._batching.hurry()

    def _read_note(self, log: Log) -> None:
        """Say behind all that waits in a log whose chains go no further, if its note tells.

        It goes on disk before the note is removed, and into that log: what this process emits may be refused just now.
        """
        try:
            if note := notes.read(log.folder):
                writer, owners = chain_notes.parsed(note)
                if writer:  # or somebody has told it already, and its maker has put more behind what was gone
                    log.append([self._interruption(writer, each) for each in owners])
                    self._reporter.log("interrupted", logging.WARNING, _INTERRUPTED, writer, topic=writer)
                notes.remove(log.folder)
        except SpoolError as error:  # the next search tries it again: until then the log is kept, even if it is empty
            self._is_readable = False
            self._reporter.failure("chains", "It cannot be told yet whose chains end with a log", error)

    def backlog(self, pending: int, pending_bytes: int) -> int:
        """Tell how many bytes wait in the whole directory; 0 if that is no more than these events."""
        try:
            held = self._directory.bytes_waiting()
        except SpoolError:
            return 0
        return held if held > pending_bytes + HEAD * pending else 0

    async def flush(self, deadline: float) -> bool:
        """Send at once what ended processes have left; say whether all was acknowledged, and none dropped."""
        searched, self._search_at = self._empty_searches, float("-inf")
        # A search that begins after this has to find nothing. What it finds before is flushed in its turn.
        clean = await self._flush(deadline, lambda: self._empty_searches > searched)
        return clean and self._is_readable and not self._directory.leaves_some()
