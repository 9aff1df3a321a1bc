"""What became of each event that was recorded, in sums that hold at every moment."""

from __future__ import annotations

import enum
import itertools
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


_ZEROS = (0,) * len(Outcome)
_SENT = Outcome.SENT


class Outcomes:
    """The sums. Any thread may use them, and signal handlers and finalizers, which may interrupt one that does.

    There is no lock: a signal handler or a finalizer that interrupts who holds one may have to wait for another thread,
    which then waits for this lock.
    """

    def __init__(self) -> None:
        self._sums: dict[int, tuple[int, ...]] = {}
        """By thread, so that each changes its own only."""
        self._sent = itertools.count()
        """Counts what was sent without waiting: nearly all. It does so in one step, which nothing can interrupt."""
        self.before_send_errors = 0
        self.last_error: str | None = None
        self.no_room = 0
        """How often the stack was too deep for a ``before_send`` or the sink: further out they may be asked again."""

    def count(self, outcome: Outcome, events: int = 1, waiting: int = 0) -> None:
        """Count events.

        Args:
            outcome: What became of them.
            events: How many.
            waiting: How many more wait now.
        """
        if outcome is _SENT and events == 1 and not waiting:
            next(self._sent)
            return
        here, all_sums = threading.get_ident(), self._sums
        all_sums.setdefault(here, _ZEROS)
        while True:
            before = all_sums[here]
            sums = list(before)
            sums[outcome] += events
            if waiting:
                sums[Outcome.WAITING] += waiting
            after = tuple(sums)
            # A signal handler or a finalizer may have counted since ``before`` was read; then this is done again.
            # Nothing can come between the next two lines.
            if all_sums[here] is before:
                all_sums[here] = after
                return

    def settle(self, outcome: Outcome, events: int = 1) -> None:
        """Count events that have waited, and do so no longer."""
        self.count(outcome, events, -events)

    def stats(self) -> RecorderStats:
        """Return the sums, in which each event counts once."""
        # Listed in one step, whatever other threads do.
        sums = [sum(each) for each in zip(_ZEROS, *list(self._sums.values()), strict=True)]
        sent, filtered, sampled_out, failed, waiting = sums
        at_once = int(repr(self._sent)[len("count(") : -1])  # `next` would count one more.
        sent += at_once
        return RecorderStats(
            recorded=sent + filtered + sampled_out + failed + waiting,
            sent=sent,
            filtered=filtered,
            sampled_out=sampled_out,
            failed=failed,
            waiting=waiting,
            before_send_errors=self.before_send_errors,
            last_error=self.last_error,
        )
