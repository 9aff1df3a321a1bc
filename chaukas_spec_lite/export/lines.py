"""Where the events that wait stand: in which line, in memory or on disk, and how much of the memory they take.

``ready`` holds the next ones to send. When it holds enough, or while some are on disk only ("spilled"), newer ones
stay on disk, and ``refill`` brings them back in order. One that the disk has not taken yet waits in ``behind``. So the
order is always: all of ``ready``, then what is on disk only, with those of ``behind`` among and after it.

Bookkeeping only: no lock, no clock, no disk. ``EventQueue`` holds its lock around every call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from chaukas_spec_lite.export.ledger import MEMORY, ON_DISK, Entry
from chaukas_spec_lite.spool.file import Row

REFILL_EVENTS, REFILL_BYTES = 1000, 2 << 20
"""What is read back at once, so that ``emit`` does not wait long for the disk."""


class Lines:
    """The lines of one queue.

    Args:
        max_events: How many events memory may hold before newer ones stay on disk, and how many that are nowhere else.
        max_bytes: The same limit for their bytes.
        spooling: Whether there is a disk.
    """

    def __init__(self, max_events: int, max_bytes: int, spooling: bool) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._spooling = spooling
        self.ready: deque[Entry] = deque()
        self.behind: deque[Entry] = deque()
        self.spilled = 0
        """How many events are on disk only."""
        self._spilled_after = 0
        """All of them have numbers above this."""
        self.in_memory = self.memory_bytes = 0
        """Events whose bytes are in memory, on disk as well or not."""
        self.only_in_memory = self._only_in_memory_bytes = 0

    def __iter__(self) -> chain[Entry]:
        """Go through all events in memory, those of ``ready`` first."""
        return chain(self.ready, self.behind)

    # Coming in

    def has_room(self, size: int) -> bool:
        """Whether memory takes one more event that the disk may not take."""
        return self.only_in_memory < self._max_events and self._only_in_memory_bytes + size <= self._max_bytes

    def add(self, entry: Entry) -> None:
        """Let a new event stand last."""
        size = len(entry.data)
        self.only_in_memory += 1
        self._only_in_memory_bytes += size
        self.in_memory += 1
        self.memory_bytes += size
        # What is on disk only, or waits behind that, came earlier and has to be sent earlier; and memory may be full.
        if self._spooling and (
            self.spilled or self.behind or self.in_memory > self._max_events or self.memory_bytes > self._max_bytes
        ):
            entry.behind = True
            self.behind.append(entry)
        else:
            self.ready.append(entry)

    def oldest_in_memory_only(self, after: int) -> Entry | None:
        """Find the oldest event that is not on disk; the first ``after`` ones are being sent and do not count."""
        waiting = chain(islice(self.ready, after, None), self.behind)
        return next((entry for entry in waiting if entry.state == MEMORY), None)

    # The disk

    def written(self, entry: Entry) -> None:
        """Take note that an event is on disk; if it stood behind, it is now there only."""
        size = len(entry.data)
        entry.state = ON_DISK
        self.only_in_memory -= 1
        self._only_in_memory_bytes -= size
        if entry.behind:
            # The disk has caught up, so the bytes leave memory. They come back through ``refill``, in order, when there
            # is room.
            self.behind.remove(entry)
            self.in_memory -= 1
            self.memory_bytes -= size
            self._spill(1, entry.seq)

    def _spill(self, events: int, first: int) -> None:
        # Commits may finish out of order, as ``emit`` and the thread both write: reading has to begin before the
        # earliest.
        self._spilled_after = min(self._spilled_after, first - 1) if self.spilled else first - 1
        self.spilled += events

    def found(self, events: int, low: int, high: int, next_seq: int) -> int:
        """Take note of events in a freshly claimed file, which came before all in memory.

        Returns:
            By how much the numbers of those in memory had to grow, so that they stand after ``high``.
        """
        # Numbers stand for the order. The file's events are older than all that was emitted here before it was opened.
        shift = max(0, high + 1 - min((entry.seq for entry in self), default=next_seq))
        for entry in self:
            entry.seq += shift
        if events:
            self._spill(events, low)
        return shift

    def wants_refill(self) -> tuple[int, int, int] | None:
        """Say after which number to read, how many events and bytes; None if there is nothing to read, or no room.

        Room means half of the memory, so that what is read back is worth a look at the disk.
        """
        if not self.spilled or 2 * len(self.ready) > self._max_events or 2 * self.memory_bytes > self._max_bytes:
            return None
        return (
            self._spilled_after,
            min(REFILL_EVENTS, (self._max_events + 1) // 2),
            min(REFILL_BYTES, (self._max_bytes + 1) // 2),
        )

    def refill(self, rows: Sequence[Row], at_end: bool, erased: Iterable[int]) -> list[Row]:
        """Take in what was read, and those of ``behind`` whose place is among it.

        Args:
            rows: What was read, in order.
            at_end: Whether nothing stands after it on disk.
            erased: Numbers that are still on disk, but done with.

        Returns:
            The rows that were damaged; they count as no longer spilled.
        """
        # A row may be in memory as well, because ``ready`` also takes events that are on disk, or it may be
        # sent and not erased yet. Either would be sent twice.
        known = {entry.seq for entry in self.ready}.union(erased)
        new = [row for row in rows if row.seq not in known]
        loaded = [Entry(row.seq, row.data, float("-inf"), ON_DISK) for row in new if row.intact]
        # Events of ``behind`` with higher numbers may still have earlier ones before them on disk, so they go on
        # waiting.
        upto = float("inf") if at_end else rows[-1].seq
        between = [entry for entry in self.behind if entry.seq <= upto]
        self.behind = deque(entry for entry in self.behind if entry.seq > upto)
        for entry in between:
            entry.behind = False
        self.ready.extend(sorted([*loaded, *between], key=lambda entry: entry.seq))
        self.in_memory += len(loaded)
        self.memory_bytes += sum(len(entry.data) for entry in loaded)
        self.spilled -= len(new)
        self._spilled_after = rows[-1].seq if rows else self._spilled_after
        return [row for row in new if not row.intact]

    def lose_spilled(self) -> int:
        """Take note that nothing more is on disk only; return how many events are lost."""
        lost, self.spilled = self.spilled, 0
        return lost

    def lose_file(self) -> list[Entry]:
        """Take note that nothing is on disk any more; return the events in memory, which stand in one line again."""
        for entry in self:
            if entry.state == ON_DISK:
                entry.state = MEMORY
                self.only_in_memory += 1
                self._only_in_memory_bytes += len(entry.data)
        # With nothing on disk, nothing stands between ``ready`` and ``behind`` any more.
        self._close_up()
        return list(self.ready)

    # Going out

    def bring_up(self) -> None:
        """Let those behind stand in ``ready`` as soon as nothing on disk comes before them and there is room."""
        if self.behind and not self.spilled and 2 * len(self.ready) <= self._max_events:
            self._close_up()

    def _close_up(self) -> None:
        for entry in self.behind:
            entry.behind = False
        self.ready.extend(self.behind)
        self.behind.clear()

    def remove(self, entry: Entry, state: int) -> bool:
        """Let an event go, and give it a new state; say whether it is on disk, where it has to be erased."""
        line = self.behind if entry.behind else self.ready
        if line and line[0] is entry:  # nearly always: events are sent in order
            line.popleft()
        else:
            # A probe's event, or one in the middle that ``drop_oldest`` chose: rare enough for a search.
            line.remove(entry)
        size, on_disk = len(entry.data), entry.state == ON_DISK
        if not on_disk:
            self.only_in_memory -= 1
            self._only_in_memory_bytes -= size
        entry.state = state
        self.in_memory -= 1
        self.memory_bytes -= size
        return on_disk

    def reached(self, seq: int) -> bool:
        """Whether nothing up to a number waits any more, neither in memory nor on disk."""
        if self.spilled and self._spilled_after < seq:
            return False
        return all(entry.seq > seq for entry in self)
