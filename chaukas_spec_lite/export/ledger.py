"""The sums of a queue, which flushes wait for which events, and the drops that nobody was told of yet."""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool.errors import SpoolError


class Totals(NamedTuple):
    """The numbers of ``Stats`` of one queue, by name, all as they are at one moment."""

    numbers: Counter[str]
    dropped: Counter[str]
    """By reason."""


class SpoolNews(NamedTuple):
    """Something that happened to the spool, and that people have to be told."""

    kind: str
    what: str
    error: SpoolError | None
    """None where events were lost."""
    lost: int
    """How many."""


class Mark:
    """A place in the order of events: a flush waits for all events before it."""

    def __init__(self, left: int, dropped: bool) -> None:
        self.left = left
        """How many of them still wait."""
        self.dropped = dropped
        """Whether one of them was dropped, and no earlier flush has told of it."""


class Ledger:
    """Counts events, and remembers which drops have to be told; guarded by the queue's lock.

    Events are known by their place among those that wait, 0 for the first. At any moment
    ``emitted + recovered == sent + pending + sum(dropped.values())``.
    """

    def __init__(self) -> None:
        self.emitted = self.spooled = self.queued = 0
        self.sent = self.sent_bytes = self.recovered = self.retried = 0
        self.dropped: Counter[str] = Counter()
        self.news: deque[Dropped | SpoolNews] = deque()
        """What people were not told yet: a handler of the log may hold a lock of its own, and emit, so it has to wait
        until the queue's lock is free. What was dropped is without ``event_id`` where that takes parsing."""
        self.first_changes = 0
        """How often another event became the first: as long as it is the same, so is the first event."""
        self.place = 0
        """How many events stand before those of the attempt that is under way."""
        self.marks: list[Mark] = []
        self.untold = False
        """Whether an event that ``emit`` had taken was dropped, and no mark covers it: the next flush tells."""
        self.broken = False
        """Whether any event that ``emit`` had taken was ever dropped."""

    def came(self, where: Emitted) -> None:
        """Count an event that waits now."""
        self.emitted += 1
        if where is Emitted.SPOOLED:
            self.spooled += 1
        else:
            self.queued += 1

    def refused(self, dropped: Dropped) -> None:
        """Count an event that does not wait."""
        self.dropped[dropped.reason.value] += 1
        self.news.append(dropped)

    def refused_late(self) -> None:
        """Take note that ``emit`` could not know that its event was refused."""
        self.untold = self.broken = True

    def balance(self, pending: int) -> None:
        """Count as emitted what is here: of a call that was cut short, nobody knows how far it came."""
        self.emitted = self.sent + pending + sum(self.dropped.values()) - self.recovered

    def acknowledged(self, events: int, size: int) -> None:
        """Count the events of the attempt, which the server has acknowledged."""
        self.sent += events
        self.sent_bytes += size
        self.first_changes += not self.place
        for mark in self.marks:
            mark.left -= max(0, min(events, mark.left - self.place))

    def gave_up(self, place: int, dropped: Dropped) -> None:
        """Count an event that waited and will not be sent."""
        self.refused(dropped)
        self.first_changes += not place
        self._tell_flushes(place, 1)

    def lost(self, events: int) -> None:
        """Count events that waited and of which not even the bytes are left, as if they were the first."""
        if events:
            self.dropped[DropReason.SPOOL_LOST.value] += events
        self._tell_flushes(0, events)
        self._went(events)

    def adopted(self, events: int) -> None:
        """Count the events of a log that was taken over; flushes wait for them, too."""
        self.recovered += events
        for mark in self.marks:
            mark.left += events

    def elsewhere(self, events: int) -> None:
        """Count the first that waited as gone without loss: somebody else has them, and counts them as recovered."""
        self.recovered -= events  # less of that keeps the books balanced
        for mark in self.marks:
            mark.left -= min(events, mark.left)
        self._went(events)

    def _went(self, events: int) -> None:
        self.place = max(0, self.place - events)
        self.first_may_change()

    def first_may_change(self) -> None:
        """Take note that another event may be the first: so nothing that was found out about it counts any more."""
        self.first_changes += 1

    def _tell_flushes(self, place: int, events: int) -> None:
        # The flushes that wait for this event now tell of its drop. If there are none, the next flush does.
        concerned = [mark for mark in self.marks if place < mark.left]
        for mark in concerned:
            mark.left -= min(events, mark.left - place)
            mark.dropped = True
        self.untold = self.untold or not concerned
        self.broken = True

    def mark(self, pending: int) -> Mark:
        """Begin to watch the events that wait, for a flush."""
        mark = Mark(pending, self.untold)
        self.untold = False
        self.marks.append(mark)
        return mark

    def unmark(self, mark: Mark, told: bool) -> None:
        """Stop watching. If a drop was seen, and the flush ended without telling of it, the next flush tells."""
        self.marks.remove(mark)
        self.untold = self.untold or (mark.dropped and not told)

    def totals(self, **others: int) -> Totals:
        """Return the numbers of ``Stats`` that are known here, and others."""
        names = "emitted", "spooled", "queued", "sent", "recovered", "retried", "sent_bytes"
        return Totals(Counter({name: getattr(self, name) for name in names}, **others), Counter(self.dropped))
