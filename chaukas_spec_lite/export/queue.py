"""The events that wait, in order: those in memory, and how many more are only on disk.

``ready`` holds the next ones to send. When it holds enough, or while some are on disk only ("spilled"), newer ones
stay on disk, and ``refill`` brings them back in order. One that the disk has not taken yet waits in ``behind``.
Everything here is bookkeeping under one lock, held for microseconds; nothing here waits for a disk.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice

from chaukas_spec_lite.export.batching import Send, Waiting
from chaukas_spec_lite.export.ledger import GONE, MEMORY, ON_DISK, SENT, Entry, Ledger, Mark, Totals, dropped_for
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool.dropped import Dropped, DropReason
from chaukas_spec_lite.spool.file import Row
from chaukas_spec_lite.wire.envelopes import batches

LOCK_WAIT = 0.05
"""How long ``admit`` waits for the lock. It may have interrupted, on one thread, whoever holds it: as part of a signal
handler or a finalizer."""

REFILL_EVENTS, REFILL_BYTES = 1000, 2 << 20
"""What is read back at once, so that ``emit`` does not wait long for the disk."""


class EventQueue:
    """Holds what waits. ``lock`` guards everything; ``changed`` tells those who wait for a commit or for room."""

    def __init__(self, settings: ExportSettings, now: Callable[[], float]) -> None:
        self.spooling = settings.spool is not None
        self._settings = settings
        self._now = now
        # With a spool, half of the memory is for the window, half for what the disk does not take.
        share = 2 if self.spooling else 1
        self._max_events = settings.max_queue_events // share
        self._max_bytes = settings.max_queue_bytes // share
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.ready: deque[Entry] = deque()
        self.behind: deque[Entry] = deque()
        self.unwritten: deque[Entry] = deque()
        """What the spool's thread is to write; some may have been sent meanwhile."""
        self.erased: list[int] = []
        """Numbers of events that the spool is to remove."""
        self.ledger = Ledger()
        self._late: deque[bytes | Dropped] = deque()
        """What ``admit`` was given while it could not have the lock."""
        self.spilled = 0
        self._spilled_after = 0
        self._next_seq = 1
        self._in_flight = 0
        self.closed = False
        self.in_memory = self.memory_bytes = 0
        self._only_in_memory = self._only_in_memory_bytes = 0

    # Coming in

    def admit(self, event: bytes | Dropped, may_block: bool) -> Entry | Emitted | None:
        """Give an event its place in the order; return it, for the spool to write, or what became of it.

        None means that it gets its place later: the lock cannot be had.
        """
        if not self.lock.acquire(True, LOCK_WAIT):
            self._late.append(event)
            return None
        try:
            self._let_in()
            return self._admit(event, may_block)
        finally:
            self.lock.release()

    def _let_in(self) -> None:
        """Admit those who came while the lock could not be had; the lock is held."""
        while self._late:
            event = self._late.popleft()
            outcome = self._admit(event, may_block=False)
            if isinstance(outcome, Entry):
                self.ledger.queued += 1
                self.hand_over(outcome)
            elif outcome is Emitted.DROPPED and isinstance(event, bytes):
                self.ledger.refused_late()

    def _admit(self, event: bytes | Dropped, may_block: bool) -> Entry | Emitted:
        ledger = self.ledger
        if not isinstance(event, bytes):
            return self._refuse(event)
        size = len(event)
        if self.closed:
            return self._refuse(dropped_for(DropReason.CLOSED, event))
        if self.spooling and ledger.pending_bytes + size > self._settings.spool_max_bytes:
            return self._refuse(dropped_for(DropReason.SPOOL_FULL, event))
        if not self._has_room(size) and not self._make_room(size, may_block):
            return self._refuse(dropped_for(DropReason.CLOSED if self.closed else DropReason.OVERFLOW, event))
        entry = Entry(self._next_seq, event, self._now())
        self._next_seq += 1
        self._only_in_memory += 1
        self._only_in_memory_bytes += size
        self.in_memory += 1
        self.memory_bytes += size
        ledger.emitted += 1
        ledger.pending += 1
        ledger.pending_bytes += size
        if not self.spooling:
            self.ready.append(entry)
            ledger.queued += 1
            return Emitted.QUEUED
        if self.spilled or self.behind or self.in_memory > self._max_events or self.memory_bytes > self._max_bytes:
            entry.behind = True
            self.behind.append(entry)
        else:
            self.ready.append(entry)
        return entry

    def _refuse(self, dropped: Dropped) -> Emitted:
        self.ledger.emitted += 1
        self.ledger.refused(dropped)
        return Emitted.DROPPED

    def _has_room(self, size: int) -> bool:
        return self._only_in_memory < self._max_events and self._only_in_memory_bytes + size <= self._max_bytes

    def _make_room(self, size: int, may_block: bool) -> bool:
        policy = self._settings.overflow
        if policy == "drop_oldest":
            while not self._has_room(size):
                oldest = self._oldest()
                if oldest is None:
                    return False
                self._drop(oldest, dropped_for(DropReason.OVERFLOW, oldest.data))
            return True
        if policy == "block" and may_block:
            self.changed.wait_for(lambda: self.closed or self._has_room(size), self._settings.block_timeout)
            return not self.closed and self._has_room(size)
        return False

    def _oldest(self) -> Entry | None:
        waiting = chain(islice(self.ready, self._in_flight, None), self.behind)
        return next((entry for entry in waiting if entry.state == MEMORY), None)

    # The spool

    def settle(self, entry: Entry, on_disk: bool) -> Emitted:
        """Say what became of an event, for ``emit``, which may have brought it to the disk."""
        with self.lock:
            if on_disk:
                self._written(entry)
            if entry.state == GONE:
                return Emitted.DROPPED
            if entry.state == MEMORY:
                self.ledger.queued += 1
                return Emitted.QUEUED
            self.ledger.spooled += 1
            return Emitted.SPOOLED

    def written(self, entries: Iterable[Entry]) -> None:
        """Take note that events are on disk."""
        with self.lock:
            for entry in entries:
                self._written(entry)
            self.changed.notify_all()

    def _written(self, entry: Entry) -> None:
        if entry.state != MEMORY:  # sent, or dropped, while the disk took it
            self.erased.append(entry.seq)
            return
        entry.state = ON_DISK
        self._only_in_memory -= 1
        self._only_in_memory_bytes -= len(entry.data)
        if entry.behind:
            self.behind.remove(entry)
            self.in_memory -= 1
            self.memory_bytes -= len(entry.data)
            self._spill(1, entry.seq)

    def hand_over(self, entry: Entry) -> None:
        """Leave an event to the spool's thread; the lock is held."""
        if entry.unwritten:  # the file was lost meanwhile, which handed over all of them
            return
        entry.unwritten = True
        self.unwritten.append(entry)
        if len(self.unwritten) > 2 * self._only_in_memory + 64:  # most of them were sent while the disk failed
            self.unwritten = deque(each for each in self.unwritten if each.state == MEMORY)

    def take_work(self, events: int, size: int) -> tuple[list[Entry], list[int]]:
        """Hand out what the spool has to write, so many events or bytes, and the numbers of those to remove."""
        with self.lock:
            self._let_in()
            entries: list[Entry] = []
            while self.unwritten and len(entries) < events and size > 0:
                entry = self.unwritten.popleft()
                entry.unwritten = False
                if entry.state == MEMORY:
                    entries.append(entry)
                    size -= len(entry.data)
            erased, self.erased = self.erased, []
            return entries, erased

    def put_back_work(self, entries: Sequence[Entry], erased: Sequence[int]) -> None:
        """Take back what the spool could not do."""
        with self.lock:
            again = [entry for entry in entries if not entry.unwritten]
            for entry in again:
                entry.unwritten = True
            self.unwritten.extendleft(reversed(again))
            self.erased[:0] = erased

    def _spill(self, events: int, first: int) -> None:
        self._spilled_after = min(self._spilled_after, first - 1) if self.spilled else first - 1
        self.spilled += events

    def found(self, events: int, size: int, low: int, high: int) -> None:
        """Take note of what a freshly claimed file holds: events that stand before all that memory holds."""
        with self.lock:
            shift = max(0, high + 1 - min((each.seq for each in (*self.ready, *self.behind)), default=self._next_seq))
            for each in (*self.ready, *self.behind):
                each.seq += shift
            for mark in self.ledger.marks:
                mark.seq += shift
            self._next_seq += shift
            if events:
                self._spill(events, low)
                self.ledger.pending += events
                self.ledger.pending_bytes += size
                self.ledger.recovered += events

    def wants_refill(self) -> tuple[int, int, int] | None:
        """Say after which number to read, how many events and bytes, if there is anything to read and room for it."""
        with self.lock:
            if not self.spilled or 2 * len(self.ready) > self._max_events or 2 * self.memory_bytes > self._max_bytes:
                return None
            return (
                self._spilled_after,
                min(REFILL_EVENTS, (self._max_events + 1) // 2),
                min(REFILL_BYTES, (self._max_bytes + 1) // 2),
            )

    def refill(self, rows: Sequence[Row], at_end: bool) -> int:
        """Take in what was read, but for what is damaged, and what belongs between; return how many are missing."""
        with self.lock:
            known = {entry.seq for entry in self.ready}.union(self.erased)
            new = [row for row in rows if row.seq not in known]
            loaded = [Entry(row.seq, row.data, float("-inf"), ON_DISK) for row in new if row.intact]
            upto = float("inf") if at_end else rows[-1].seq
            between = [entry for entry in self.behind if entry.seq <= upto]
            self.behind = deque(entry for entry in self.behind if entry.seq > upto)
            for entry in between:
                entry.behind = False
            self.ready.extend(sorted([*loaded, *between], key=lambda entry: entry.seq))
            self.in_memory += len(loaded)
            self.memory_bytes += sum(len(entry.data) for entry in loaded)
            for row in new:
                if not row.intact:
                    self.erased.append(row.seq)
                    self.ledger.gone(row.seq, dropped_for(DropReason.CORRUPT, row.data))
            self.spilled -= len(new)
            self._spilled_after = rows[-1].seq if rows else self._spilled_after
            return self._lose_spilled() if at_end else 0

    def needs_file(self) -> bool:
        """Whether there are events on disk that have not been sent."""
        with self.lock:
            return self.ledger.pending > self._only_in_memory

    def lost_file(self) -> int:
        """Take note that the spool file is no more: what memory holds is unwritten again; return how many are lost."""
        with self.lock:
            self.erased.clear()
            self.unwritten.clear()
            for entry in (*self.ready, *self.behind):
                if entry.state == ON_DISK:
                    entry.state = MEMORY
                    self._only_in_memory += 1
                    self._only_in_memory_bytes += len(entry.data)
                entry.behind = False
                entry.unwritten = True
                self.unwritten.append(entry)
            self.ready.extend(self.behind)
            self.behind.clear()
            return self._lose_spilled()

    def _lose_spilled(self) -> int:
        """Count what should be on disk and is not; return how many there are."""
        lost, self.spilled = self.spilled, 0
        self.ledger.lost(lost, self.memory_bytes)
        return lost

    # Going out

    def waiting(self) -> Waiting:
        """Describe what is ready, for a decision; bring up what stands behind if nothing is on disk only."""
        with self.lock:
            self._let_in()
            if self.behind and not self.spilled and 2 * len(self.ready) <= self._max_events:
                for entry in self.behind:
                    entry.behind = False
                self.ready.extend(self.behind)
                self.behind.clear()
            since, first = (self.ready[0].since, self.ready[0].seq) if self.ready else (0.0, 0)
            return Waiting(len(self.ready), self.memory_bytes, since, bool(self.ledger.marks), first)

    def take(self, wanted: Send) -> list[Entry]:
        """Choose the events of one attempt; they stay where they are until their fate is known."""
        with self.lock:
            candidates = islice(self.ready, wanted.skip, wanted.skip + wanted.events)
            chosen = next(batches(candidates, Entry.size, wanted.events, wanted.bytes), [])
            self._in_flight = wanted.skip + len(chosen)
            return chosen

    def acknowledged(self, entries: Sequence[Entry]) -> None:
        """Let go of events that were sent."""
        with self.lock:
            self._in_flight = 0
            for entry in entries:
                self._remove(entry, SENT)
                self.ledger.acknowledged(len(entry.data))
            self.changed.notify_all()

    def drop(self, entries: Sequence[Entry], reason: DropReason, detail: str) -> None:
        """Let go of events that cannot be sent."""
        with self.lock:
            self._in_flight = 0
            for entry in entries:
                self._drop(entry, Dropped(reason, detail, "", entry.data))
            self.changed.notify_all()

    def put_back(self) -> None:
        """Take note that the events of an attempt were not sent."""
        with self.lock:
            self._in_flight = 0

    def _drop(self, entry: Entry, dropped: Dropped) -> None:
        self._remove(entry, GONE)
        self.ledger.gone(entry.seq, dropped)

    def _remove(self, entry: Entry, state: int) -> None:
        line = self.behind if entry.behind else self.ready
        if line and line[0] is entry:
            line.popleft()
        else:
            line.remove(entry)
        if entry.state == ON_DISK:
            self.erased.append(entry.seq)
        else:
            self._only_in_memory -= 1
            self._only_in_memory_bytes -= len(entry.data)
        entry.state = state
        self.in_memory -= 1
        self.memory_bytes -= len(entry.data)

    # Flushing, closing, reporting

    def mark(self) -> Mark:
        """Remember the place after all that was emitted so far."""
        with self.lock:
            self._let_in()
            return self.ledger.mark(self._next_seq - 1)

    def reached(self, mark: Mark) -> bool:
        """Whether nothing up to the mark waits any more."""
        with self.lock:
            if self.spilled and self._spilled_after < mark.seq:
                return False
            return all(entry.seq > mark.seq for entry in chain(self.ready, self.behind))

    def unmark(self, mark: Mark, told: bool) -> None:
        """Forget a mark, of which somebody was told or not."""
        with self.lock:
            self.ledger.unmark(mark, told)

    def close(self) -> None:
        """Admit nothing from now on."""
        with self.lock:
            self._let_in()
            self.closed = True
            self.changed.notify_all()

    def give_up_memory(self, detail: str) -> None:
        """Drop all that is in memory only."""
        with self.lock:
            self._let_in()
            for entry in [each for each in (*self.ready, *self.behind) if each.state == MEMORY]:
                self._drop(entry, Dropped(DropReason.CLOSED, detail, "", entry.data))

    def take_unreported(self) -> list[Dropped]:
        """Hand out what was dropped since the last call."""
        with self.lock:
            unreported, self.ledger.unreported = self.ledger.unreported, []
            return unreported

    def totals(self) -> Totals:
        """Return the numbers of ``Stats``, but for attempts, as they are at one moment."""
        with self.lock:
            self._let_in()
            totals = self.ledger.totals()
            totals.numbers["memory_bytes"] = self.memory_bytes
            return totals
