"""What a sink of this machine counts, and tells in the log: files and consoles do it alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chaukas_spec_lite import process
from chaukas_spec_lite.export.dropped import Dropped
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.lenient.notes import Conversion

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class SinkStats:
    """Sums of a sink since it was made, in this process."""

    emitted: int
    """Calls of ``emit``."""
    written: int
    """Events that are where they were to go."""
    dropped: int
    """Events that are not; the log says why."""
    converted: int
    """Events of which a value could not be encoded, and was converted or cut; the log says which."""
    last_error: str | None
    """The last failure."""


class Counting:
    """Counts what becomes of events, and tells of drops and failures, of each kind once in a minute.

    Safe to use from any thread and from what interrupts one. A forked child begins to count anew.
    """

    def __init__(self) -> None:
        self.begin()
        process.after_fork_in_child(self.begin)

    def begin(self) -> None:
        """Count from nothing, with locks that nobody holds."""
        # Reentrant, as a signal handler may emit while this counts.
        self._lock = threading.RLock()
        self._reporter = Reporter(ExportSettings().log_interval, time.monotonic)
        self._written = self._dropped = 0
        self._told = 0
        """How many drops a flush has told of."""

    def written(self) -> None:
        """Count an event that is where it was to go."""
        with self._lock:
            self._written += 1

    def drop(self, dropped: Dropped) -> Literal[Emitted.DROPPED]:
        """Count an event that will never be where it was to go, and tell why."""
        with self._lock:
            self._dropped += 1
        self._reporter.drop([dropped])
        return Emitted.DROPPED

    def failed(self, kind: str, what: str, error: BaseException) -> Literal[Emitted.DROPPED]:
        """Count an event that could not be written, and tell why.

        Args:
            kind: Of each kind one line is logged in a minute.
            what: What failed, in words.
            error: Why.
        """
        with self._lock:
            self._dropped += 1
        self._reporter.failure(kind, what, error)
        return Emitted.DROPPED

    def converted(self, conversions: Sequence[Conversion]) -> None:
        """Count an event that was changed so that it can be encoded, and tell where."""
        self._reporter.converted(conversions)

    def lost_none(self) -> bool:
        """Whether every event is where it was to go."""
        return not self._dropped

    def lost_none_since(self) -> bool:
        """Whether every event since the last call is where it was to go."""
        with self._lock:
            told, self._told = self._told, self._dropped
            return told == self._told

    def stats(self) -> SinkStats:
        """Return the sums so far."""
        with self._lock:
            written, dropped = self._written, self._dropped
        reporter = self._reporter
        return SinkStats(written + dropped, written, dropped, reporter.events_converted, reporter.last_error)


class CountedSink:
    """What sinks have in common that write each event at once."""

    _counting: Counting

    def flush(self, timeout: float = 30.0) -> bool:
        """Say whether all events since the last call were written. None waits, so neither does this.

        Args:
            timeout: Counts for nothing here; other sinks wait so long.
        """
        return self._counting.lost_none_since()

    def close(self, timeout: float | None = None) -> bool:
        """Do nothing, as there is nothing to close. Returns whether every event was written.

        Args:
            timeout: Counts for nothing here.
        """
        return self._counting.lost_none()

    def stats(self) -> SinkStats:
        """Return the sums so far."""
        return self._counting.stats()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
