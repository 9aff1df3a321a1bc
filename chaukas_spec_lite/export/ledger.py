"""What a queue knows of its events: each one that waits, the sums, and the drops that nobody was told of yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from chaukas_spec_lite.spool.dropped import Dropped, DropReason

MEMORY, ON_DISK, SENT, GONE = range(4)
"""Where an event is: in memory only, in the spool, with the server, dropped."""

_WHY = {
    DropReason.SPOOL_FULL: "the spool holds spool_max_bytes",
    DropReason.OVERFLOW: "memory holds max_queue_events or max_queue_bytes",
    DropReason.CLOSED: "the exporter is closed",
    DropReason.CORRUPT: "its bytes in the spool are not those that were written",
}


class Entry:
    """One event that waits."""

    __slots__ = ("behind", "data", "seq", "since", "state", "unwritten")

    def __init__(self, seq: int, data: bytes, since: float, state: int = MEMORY) -> None:
        self.seq = seq
        self.data = data
        self.since = since
        self.state = state
        self.behind = False
        self.unwritten = False
        """Whether it stands in ``Lines.behind``, and in ``EventQueue.unwritten``."""

    def size(self) -> int:
        """Tell the bytes of the encoded event."""
        return len(self.data)


def dropped_for(reason: DropReason, data: bytes) -> Dropped:
    """Describe an event that was dropped for a reason that says it all."""
    return Dropped(reason, _WHY[reason], "", data)


@dataclass
class Totals:
    """The numbers of ``Stats``, by name, for one or several queues."""

    numbers: Counter[str] = field(default_factory=Counter[str])
    dropped: Counter[str] = field(default_factory=Counter[str])
    """By reason."""

    def add(self, other: Totals) -> None:
        """Add those of another queue."""
        self.numbers.update(other.numbers)
        self.dropped.update(other.dropped)

    def give_back_pending(self) -> None:
        """Leave out what waits: another process takes it over, and counts it."""
        # Less recovered and nothing pending keeps the books balanced: emitted + recovered == sent + pending + dropped.
        self.numbers["recovered"] -= self.numbers["pending"]
        for name in ("pending", "pending_bytes", "memory_bytes"):
            self.numbers[name] = 0


class Mark:
    """A place in the order of events: a flush waits for all events up to it."""

    def __init__(self, seq: int, dropped: bool) -> None:
        self.seq = seq
        self.dropped = dropped
        """Whether an event up to this place was dropped, and no earlier flush has told of it."""


class Ledger:
    """Counts events, and remembers which drops have to be told; guarded by the queue's lock.

    At any moment ``emitted + recovered == sent + pending + sum(dropped.values())``.
    """

    def __init__(self) -> None:
        self.emitted = self.spooled = self.queued = 0
        self.sent = self.sent_bytes = self.recovered = 0
        self.pending = self.pending_bytes = 0
        self.dropped: Counter[str] = Counter()
        self.unreported: list[Dropped] = []
        """What was dropped and is not in the log yet; without ``event_id`` where that takes parsing."""
        self.marks: list[Mark] = []
        self.untold = False
        """Whether an event that ``emit`` had taken was dropped, and no mark covers it: the next flush tells."""
        self.broken = False
        """Whether any event that ``emit`` had taken was ever dropped."""

    def refused(self, dropped: Dropped) -> None:
        """Count an event that does not become pending."""
        self.dropped[dropped.reason.value] += 1
        self.unreported.append(dropped)

    def refused_late(self) -> None:
        """Note that ``emit`` could not know that its event was refused."""
        self.untold = self.broken = True

    def acknowledged(self, size: int) -> None:
        """Count an event that the server has acknowledged."""
        self.pending -= 1
        self.pending_bytes -= size
        self.sent += 1
        self.sent_bytes += size

    def gone(self, seq: int, dropped: Dropped) -> None:
        """Count a pending event that will not be sent."""
        self.pending -= 1
        self.pending_bytes -= len(dropped.data)
        self.refused(dropped)
        self._tell_flushes(seq)

    def lost(self, events: int, left: int) -> None:
        """Count pending events of which not even the bytes are left.

        Args:
            events: How many they are.
            left: The bytes of all other pending events.
        """
        if events:
            self.pending -= events
            self.dropped[DropReason.CORRUPT.value] += events
            # Number 0 concerns every mark: which events are lost is not known, so no flush may claim that all its
            # events arrived.
            self._tell_flushes(0)
        # Set, not reduced: nobody knows the sizes of what is lost.
        self.pending_bytes = left

    def _tell_flushes(self, seq: int) -> None:
        # The flushes that wait for this event now tell of its drop. If there are none, the next flush does.
        concerned = [mark for mark in self.marks if seq <= mark.seq]
        for mark in concerned:
            mark.dropped = True
        self.untold = self.untold or not concerned
        self.broken = True

    def mark(self, seq: int) -> Mark:
        """Begin to watch the events up to a number, for a flush."""
        mark = Mark(seq, self.untold)
        self.untold = False
        self.marks.append(mark)
        return mark

    def unmark(self, mark: Mark, told: bool) -> None:
        """Stop watching. If a drop was seen, and the flush ended without telling of it, the next flush tells."""
        self.marks.remove(mark)
        self.untold = self.untold or (mark.dropped and not told)

    def totals(self) -> Totals:
        """Return the numbers of ``Stats`` that are known here."""
        names = "emitted", "spooled", "queued", "sent", "recovered", "pending", "sent_bytes", "pending_bytes"
        return Totals(Counter({name: getattr(self, name) for name in names}), Counter(self.dropped))
