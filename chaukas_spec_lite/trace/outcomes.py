"""What became of each event that was recorded, in sums that hold at every moment."""

from __future__ import annotations

import enum
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class RecorderStats:
    """What became of the events that were recorded since the recorder was made, in this process.

    ``recorded == sent + filtered + sampled_out + failed + waiting``: every event is in one of these places.
    """

    recorded: int
    """Events of which something is known: all but those that another thread is handing over at this moment."""
    sent: int
    """Events that the sink has taken. What becomes of them there, its own ``stats`` tell."""
    filtered: int
    """Events for which a ``before_send`` returned None."""
    sampled_out: int
    """Events that the sampler has left out."""
    failed: int
    """Events that were kept back because a ``before_send`` raised, or that the sink did not take."""
    waiting: int
    """Events that the sampler holds until it is known whether their session has an error."""
    before_send_errors: int
    """How often a ``before_send`` raised, or returned neither an event nor None. With ``send_on_error=True`` such
    events are sent all the same."""
    last_error: str | None
    """The last failure of a ``before_send`` or of the sink, in words."""


class Outcome(enum.IntEnum):
    """What became of an event; the value is its place among the sums."""

    SENT = 0
    FILTERED = 1
    SAMPLED_OUT = 2
    FAILED = 3
    WAITING = 4


class Outcomes:
    """The sums. Any thread may use them, and signal handlers and finalizers, which may interrupt one that does."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._sums: tuple[int, ...] = (0,) * len(Outcome)
        self.before_send_errors = 0
        self.last_error: str | None = None

    def count(self, outcome: Outcome, events: int = 1, waiting: int = 0) -> None:
        """Count events.

        Args:
            outcome: What became of them.
            events: How many.
            waiting: How many more wait now.
        """
        with self._lock:
            while True:
                before = self._sums
                sums = list(before)
                sums[outcome] += events
                if waiting:
                    sums[Outcome.WAITING] += waiting
                after = tuple(sums)
                # The lock keeps other threads out. A signal handler or a finalizer that has counted since ``before``
                # was read is let in by it; then this is done again. Nothing can come between the next two lines.
                if self._sums is before:
                    self._sums = after
                    return

    def settle(self, outcome: Outcome, events: int = 1) -> None:
        """Count events that have waited, and do so no longer."""
        self.count(outcome, events, -events)

    def stats(self) -> RecorderStats:
        """Return the sums as they are at one moment."""
        sums = self._sums
        sent, filtered, sampled_out, failed, waiting = sums
        return RecorderStats(
            recorded=sum(sums),
            sent=sent,
            filtered=filtered,
            sampled_out=sampled_out,
            failed=failed,
            waiting=waiting,
            before_send_errors=self.before_send_errors,
            last_error=self.last_error,
        )
