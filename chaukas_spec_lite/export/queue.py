"""The events that wait, under one lock: which are admitted, what the disk has to do, what is sent, what became of all.

``Lines`` knows where each event stands, ``Ledger`` counts. Everything here is bookkeeping, done within microseconds:
nothing waits for a disk while it holds the lock.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from chaukas_spec_lite.export.batching import Send, Waiting
from chaukas_spec_lite.export.ledger import GONE, MEMORY, SENT, Entry, Ledger, Mark, Totals, dropped_for
from chaukas_spec_lite.export.lines import Lines
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool.dropped import Dropped, DropReason
from chaukas_spec_lite.spool.file import Row
from chaukas_spec_lite.wire.envelopes import batches

LOCK_WAIT = 0.05
"""How many seconds ``admit`` waits for the lock. The wait is bounded because ``emit`` may be called by a signal handler
or a finalizer that has interrupted, on the same thread, the code that holds the lock: it would never get it."""


class EventQueue:
    """Holds what waits. ``lock`` guards everything; ``changed`` tells those who wait for a commit or for room."""

    def __init__(self, settings: ExportSettings, now: Callable[[], float]) -> None:
        self.spooling = settings.spool is not None
        self._settings = settings
        self._now = now
        # With a spool, half of the memory is for events that are on disk as well, and half is kept for events that the
        # disk does not take. So a full memory of spooled events never makes ``emit`` drop one while the disk is slow.
        share = 2 if self.spooling else 1
        self.lines = Lines(settings.max_queue_events // share, settings.max_queue_bytes // share, self.spooling)
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.unwritten: deque[Entry] = deque()
        """What the spool's thread is to write; some may have been sent meanwhile."""
        self.erased: list[int] = []
        """Numbers of events that the spool is to remove."""
        self.ledger = Ledger()
        self._late: deque[bytes | Dropped] = deque()
        """What ``admit`` was given while it could not have the lock."""
        self._next_seq = 1
        self._in_flight = 0
        self.closed = False

    # Coming in

    def admit(self, event: bytes | Dropped, may_block: bool) -> Entry | Emitted | None:
        """Give an event its place in the order; return it, for the spool to write, or what became of it.

        None means that it gets its place later: the lock cannot be had.
        """
        if not self.lock.acquire(True, LOCK_WAIT):
            # deque.append is atomic, so this needs no lock. The event is counted and ordered by the next ``_let_in``.
            self._late.append(event)
            return None
        try:
            self._let_in()
            return self._admit(event, may_block)
        finally:
            self.lock.release()

    def _let_in(self) -> None:
        """Admit what was emitted while the lock could not be had; the lock is held.

        Every method that looks at all that waits does this first, so that no event is forgotten.
        """
        while self._late:
            # Without blocking: the caller of that ``emit`` has gone on, and this may be the loop's thread, which makes
            # the room.
            event = self._late.popleft()
            outcome = self._admit(event, may_block=False)
            if isinstance(outcome, Entry):
                self.ledger.queued += 1
                self.hand_over(outcome)
            elif outcome is Emitted.DROPPED and isinstance(event, bytes):
                self.ledger.refused_late()  # ``emit`` has answered QUEUED, so the next flush has to tell

    def _admit(self, event: bytes | Dropped, may_block: bool) -> Entry | Emitted:
        ledger = self.ledger
        # The order of the checks is that of the reasons a user should hear first: what is wrong with the event itself,
        # then that the exporter is closed, then that the disk is full, and memory last.
        if not isinstance(event, bytes):
            return self._refuse(event)
        size = len(event)
        if self.closed:
            return self._refuse(dropped_for(DropReason.CLOSED, event))
        if self.spooling and ledger.pending_bytes + size > self._settings.spool_max_bytes:
            return self._refuse(dropped_for(DropReason.SPOOL_FULL, event))
        if not self.lines.has_room(size) and not self._make_room(size, may_block):
            # ``_make_room`` may have waited with the lock released, and the exporter may have been closed meanwhile.
            return self._refuse(dropped_for(DropReason.CLOSED if self.closed else DropReason.OVERFLOW, event))
        entry = Entry(self._next_seq, event, self._now())
        self._next_seq += 1
        self.lines.add(entry)
        ledger.emitted += 1
        ledger.pending += 1
        ledger.pending_bytes += size
        if self.spooling:  # ``settle`` counts it as spooled or queued, when it is known which
            return entry
        ledger.queued += 1
        return Emitted.QUEUED

    def _refuse(self, dropped: Dropped) -> Emitted:
        self.ledger.emitted += 1
        self.ledger.refused(dropped)
        return Emitted.DROPPED

    def _make_room(self, size: int, may_block: bool) -> bool:
        policy, lines = self._settings.overflow, self.lines
        if policy == "drop_oldest":
            while not lines.has_room(size):
                # An event on disk takes none of this room, and one that is being sent may have reached the server
                # already: dropping either would lose it without need.
                oldest = lines.oldest_in_memory_only(self._in_flight)
                if oldest is None:
                    return False
                self._drop(oldest, dropped_for(DropReason.OVERFLOW, oldest.data))
            return True
        # On the event loop's own thread waiting would be a deadlock: only the loop can send, and so make room.
        if policy == "block" and may_block:
            self.changed.wait_for(lambda: self.closed or lines.has_room(size), self._settings.block_timeout)
            return not self.closed and lines.has_room(size)
        return False

    # The spool

    def settle(self, entry: Entry, on_disk: bool) -> Emitted:
        """Say what became of an event, for ``emit``, which may have brought it to the disk."""
        with self.lock:
            if on_disk:
                self._written(entry)
            # While the disk took it, the event may have been sent from memory (SENT counts as spooled: it is safe) or
            # displaced by a newer one (GONE).
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
            # Wakes an ``emit`` that waits for its event's commit, and those that wait for room.
            self.changed.notify_all()

    def _written(self, entry: Entry) -> None:
        if entry.state == MEMORY:
            self.lines.written(entry)
        else:  # it was sent, or dropped, while the disk took it
            self.erased.append(entry.seq)

    def hand_over(self, entry: Entry) -> None:
        """Leave an event to the spool's thread; the lock is held."""
        if entry.unwritten:  # the file was lost meanwhile, and ``lost_file`` has handed over all events in memory
            return
        entry.unwritten = True
        self.unwritten.append(entry)
        # While the disk fails, nothing takes these out, and most of them are sent from memory. Forget those once they
        # are the greater part: rarely enough that the cost per event stays constant.
        if len(self.unwritten) > 2 * self.lines.only_in_memory + 64:
            self.unwritten = deque(each for each in self.unwritten if each.state == MEMORY)

    def take_work(self, events: int, size: int) -> tuple[list[Entry], list[int]]:
        """Hand out events for the spool to write, up to a number and a size, and the numbers of those to remove."""
        with self.lock:
            self._let_in()
            entries: list[Entry] = []
            # An event that was sent or dropped since it was handed over is passed over: writing it would only mean to
            # erase it.
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
            # If the file was lost during the attempt, ``lost_file`` has put these back already: twice would break the
            # key.
            again = [entry for entry in entries if not entry.unwritten]
            for entry in again:
                entry.unwritten = True
            self.unwritten.extendleft(reversed(again))
            self.erased[:0] = erased

    def found(self, events: int, size: int, low: int, high: int) -> None:
        """Take note of what a freshly claimed file holds: events that stand before all that memory holds.

        Args:
            events: How many events it holds.
            size: Their bytes.
            low: The lowest of their numbers.
            high: The highest of their numbers.
        """
        with self.lock:
            shift = self.lines.found(events, low, high, self._next_seq)
            # Flushes that are waiting must go on to mean the same events, whose numbers have just grown.
            for mark in self.ledger.marks:
                mark.seq += shift
            self._next_seq += shift
            self.ledger.pending += events
            self.ledger.pending_bytes += size
            self.ledger.recovered += events

    def wants_refill(self) -> tuple[int, int, int] | None:
        """Say after which number to read, how many events and bytes, if there is anything to read and room for it."""
        with self.lock:
            return self.lines.wants_refill()

    def refill(self, rows: Sequence[Row], at_end: bool) -> int:
        """Take in what was read from the disk, but for what is damaged.

        Args:
            rows: What was read.
            at_end: Whether nothing stands after it on disk.

        Returns:
            How many events should be on disk and are not.
        """
        with self.lock:
            for row in self.lines.refill(rows, at_end, self.erased):
                # A damaged row is dropped here and now. If it stayed in the file, every refill would find it again.
                self.erased.append(row.seq)
                self.ledger.gone(row.seq, dropped_for(DropReason.CORRUPT, row.data))
            return self._lose_spilled() if at_end else 0

    def needs_file(self) -> bool:
        """Whether there are events on disk that have not been sent."""
        with self.lock:
            # What is pending and not in memory alone is on disk: some of it may be there only.
            return self.ledger.pending > self.lines.only_in_memory

    def lost_file(self) -> int:
        """Take note that the spool file is no more: what memory holds is unwritten again; return how many are lost."""
        with self.lock:
            # These numbers belong to rows of the lost file. In the next file they would erase other events.
            self.erased.clear()
            self.unwritten = deque(self.lines.lose_file())
            for entry in self.unwritten:
                entry.unwritten = True
            return self._lose_spilled()

    def _lose_spilled(self) -> int:
        lost = self.lines.lose_spilled()
        self.ledger.lost(lost, self.lines.memory_bytes)
        return lost

    # Going out

    def waiting(self) -> Waiting:
        """Describe what is ready, for a decision."""
        with self.lock:
            self._let_in()
            # Before the decision, not after a success: the disk may have caught up since, and then the next batch can
            # be larger.
            self.lines.bring_up()
            ready = self.lines.ready
            since, first = (ready[0].since, ready[0].seq) if ready else (0.0, 0)
            return Waiting(len(ready), self.lines.memory_bytes, since, bool(self.ledger.marks), first)

    def take(self, wanted: Send) -> list[Entry]:
        """Choose the events of one attempt; they stay where they are until their fate is known."""
        with self.lock:
            candidates = islice(self.lines.ready, wanted.skip, wanted.skip + wanted.events)
            chosen = next(batches(candidates, Entry.size, wanted.events, wanted.bytes), list[Entry]())
            # A probe sends one event from further back. The events before it count as in flight too, as
            # ``oldest_in_memory_only`` skips from the front.
            self._in_flight = wanted.skip + len(chosen)
            return chosen

    def acknowledged(self, entries: Sequence[Entry]) -> None:
        """Let go of events that were sent."""
        with self.lock:
            self._in_flight = 0
            for entry in entries:
                # Its state tells the spool's thread, which may be writing it right now, that it can be erased again.
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
        if self.lines.remove(entry, state):
            self.erased.append(entry.seq)

    # Flushing, closing, reporting

    def mark(self) -> Mark:
        """Remember the place after all that was emitted so far."""
        with self.lock:
            self._let_in()
            return self.ledger.mark(self._next_seq - 1)

    def reached(self, mark: Mark) -> bool:
        """Whether nothing up to the mark waits any more."""
        with self.lock:
            return self.lines.reached(mark.seq)

    def unmark(self, mark: Mark, told: bool) -> None:
        """Forget a mark, of which somebody was told or not."""
        with self.lock:
            self.ledger.unmark(mark, told)

    def close(self) -> None:
        """Admit nothing from now on."""
        with self.lock:
            # Events that ``emit`` took before the close are admitted, although their turn comes only now.
            self._let_in()
            self.closed = True
            self.changed.notify_all()

    def give_up_memory(self, detail: str) -> None:
        """Drop all that is in memory only."""
        with self.lock:
            self._let_in()
            # A copy, because ``_drop`` removes from the lines. What is on disk as well stays there for the next
            # exporter.
            for entry in [each for each in self.lines if each.state == MEMORY]:
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
            totals.numbers["memory_bytes"] = self.lines.memory_bytes
            return totals
