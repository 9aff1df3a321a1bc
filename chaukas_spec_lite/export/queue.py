"""All events of one exporter, or of one log that an ended process left, that wait to be sent.

They stand in one order: first those on disk, then those in memory. What is in memory is always newer than what is on
disk: it is used without a spool, or while the disk refuses, and moves to the disk, in order, before anything else goes
there. So nothing is ever in both, and an event is known by its place.

``emit`` may interrupt any code here, when it is called by a signal handler or a finalizer. The lock lets its own thread
in a second time; such an event is put aside, and admitted when the code that was interrupted is done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from itertools import islice

from chaukas_spec_lite.export.batching import Send, Waiting
from chaukas_spec_lite.export.ledger import Ledger, Mark, Totals, dropped_for
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.spool.errors import SpoolError
from chaukas_spec_lite.spool.segment import Record


class Item:
    """One event of an attempt."""

    __slots__ = ("data", "record")

    def __init__(self, data: bytes, record: Record | None = None) -> None:
        self.data = data
        self.record = record
        """Where it is on disk; None while it is in memory."""



class EventQueue:
    """All events that wait, in order. Any thread may use it.

    Args:
        settings: Those of the exporter.
        now: Tells the time in seconds; monotonic.
        disk: Where events are kept; None for in memory only.
    """

    def __init__(self, settings: ExportSettings, now: Callable[[], float], disk: Disk | None) -> None:
        self._settings = settings
        self._now = now
        self.disk = disk
        self.ledger = Ledger()
        self.closed = False
        # It lets in the thread that has it already, as that may be a signal handler which interrupted the owner.
        self.lock = threading.RLock()
        self._room = threading.Condition(self.lock)
        self._busy = False
        """Whether the code that holds the lock is in the middle of something."""
        self._late: deque[bytes | Dropped] = deque()
        """What ``admit`` was given while its own thread was busy here."""
        self._memory: deque[Item] = deque()
        self.memory_bytes = 0
        self._in_flight: list[Item] = []
        self._skipped = 0
        """How many events stand before the first of those."""
        self._front = 0
        """Changes whenever another event becomes the first."""
        self._since = self._since_later: float | None = None
        """When the first event came that is not in flight, and the first of all that came after the attempt began."""

    # Coming in

    def admit(self, event: bytes | Dropped, may_block: bool) -> Emitted:
        """Take an event, and say where it is."""
        with self.lock:
            if self._busy:
                self._late.append(event)
                return Emitted.QUEUED if isinstance(event, bytes) else Emitted.DROPPED
            self._busy = True
            try:
                return self._admit(event, may_block)
            finally:
                self._leave()

    def _leave(self) -> None:
        while self._late:
            # Without waiting for room: ``emit`` has answered, and its caller has gone on.
            event = self._late.popleft()
            if self._admit(event, may_block=False) is Emitted.DROPPED and isinstance(event, bytes):
                self.ledger.refused_late()
        self._busy = False

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Hold the lock, and let nothing in that interrupts this."""
        with self.lock:
            outermost, self._busy = not self._busy, True
            try:
                yield
            finally:
                if outermost:
                    self._leave()

    def _admit(self, event: bytes | Dropped, may_block: bool) -> Emitted:
        # The order of the checks is that of the reasons a user should hear first: what is wrong with the event itself,
        # then that the exporter is closed, then that the disk is full, and memory last.
        if not isinstance(event, bytes):
            return self._refuse(event)
        size = len(event)
        if self.closed:
            return self._refuse(dropped_for(DropReason.CLOSED, event))
        if self.disk is not None:
            if self.disk.is_full(self.memory_bytes + size):
                return self._refuse(dropped_for(DropReason.SPOOL_FULL, event))
            if self.to_disk() and self.disk.append([event]):
                self._came()
                self.ledger.spooled += 1
                return Emitted.SPOOLED
        if not self._has_room(size) and not self._make_room(size, may_block):
            # ``_make_room`` may have waited with the lock released, and the exporter may have been closed meanwhile.
            return self._refuse(dropped_for(DropReason.CLOSED if self.closed else DropReason.OVERFLOW, event))
        self._memory.append(Item(event))
        self.memory_bytes += size
        self._came()
        self.ledger.queued += 1
        return Emitted.QUEUED

    def _came(self) -> None:
        self.ledger.emitted += 1
        if self._since_later is None:
            self._since_later = self._now()

    def _refuse(self, dropped: Dropped) -> Emitted:
        self.ledger.emitted += 1
        self.ledger.refused(dropped)
        return Emitted.DROPPED

    def _has_room(self, size: int) -> bool:
        settings = self._settings
        return (
            len(self._memory) < settings.max_queue_events and self.memory_bytes + size <= settings.max_queue_bytes
        )

    def _make_room(self, size: int, may_block: bool) -> bool:
        policy = self._settings.overflow
        if policy == "drop_oldest":
            # One that is being sent may have reached the server already: dropping it would lose it without need.
            flying = {id(item) for item in self._in_flight}
            while not self._has_room(size):
                place = next((place for place, item in enumerate(self._memory) if id(item) not in flying), None)
                if place is None:
                    return False
                self._drop_from_memory(place, DropReason.OVERFLOW)
            return True
        # On the event loop's own thread waiting would be a deadlock: only the loop can send, and so make room.
        if policy == "block" and may_block:
            self._busy = False
            try:
                self._room.wait_for(lambda: self.closed or self._has_room(size), self._settings.block_timeout)
            finally:
                self._busy = True
            return not self.closed and self._has_room(size)
        return False

    def _drop_from_memory(self, place: int, reason: DropReason, detail: str | None = None) -> None:
        item = self._memory[place]
        del self._memory[place]
        self.memory_bytes -= len(item.data)
        dropped = dropped_for(reason, item.data) if detail is None else Dropped(reason, detail, "", item.data)
        self.ledger.gone(self._on_disk + place, dropped)
        self._front += not (self._on_disk or place)

    # Disk and memory

    @property
    def _on_disk(self) -> int:
        return 0 if self.disk is None else self.disk.pending

    @property
    def pending(self) -> int:
        """How many events wait."""
        return self._on_disk + len(self._memory)

    def to_disk(self) -> bool:
        """Move all that memory holds to the disk; say whether it holds nothing now. The lock is held."""
        if self._memory:
            assert self.disk is not None
            records = self.disk.append([item.data for item in self._memory])
            if records is None:
                return False
            for item, record in zip(self._memory, records, strict=True):
                item.record = record  # an attempt that is under way goes on with it
            self._memory.clear()
            self.memory_bytes = 0
            self._room.notify_all()
        return True

    def salvaged(self, records: Sequence[Record], lost: int) -> None:
        """Take back what was on a disk that was taken away; the lock is held.

        Args:
            records: What could still be read.
            lost: How many events could not.
        """
        flying = {item.record.start: item for item in self._in_flight if item.record is not None}
        items = [flying.get(record.start) or Item(record.content or b"") for record in records]
        for item in self._in_flight:
            item.record = None
        self._memory.extendleft(reversed(items))
        self.memory_bytes += sum(len(item.data) for item in items)
        self.ledger.lost(0, lost, DropReason.SPOOL_LOST)
        self._front += 1

    # Going out

    def waiting(self) -> Waiting:
        """Describe what waits, for a decision."""
        with self._inside():
            if self.disk is not None:
                self.to_disk()
            size = self.memory_bytes + (0 if self.disk is None else self.disk.pending_bytes)
            since = self._since if self._since is not None else self._since_later or 0.0
            return Waiting(self.pending, size, since, bool(self.ledger.marks), self._front)

    def take(self, wanted: Send) -> list[bytes]:
        """Choose the events of one attempt; they stay where they are until their fate is known."""
        with self._inside():
            on_disk, items = self._on_disk, list[Item]()
            if self.disk is not None and wanted.skip < on_disk:
                records = self.disk.peek(wanted.skip, wanted.events, wanted.bytes)
                items = [Item(record.content or b"", record) for record in records]
            left = wanted.bytes - sum(len(item.data) for item in items)
            if wanted.skip + len(items) >= on_disk:
                for item in islice(self._memory, max(0, wanted.skip - on_disk), None):
                    left -= len(item.data)
                    if len(items) == wanted.events or (items and left < 0):
                        break
                    items.append(item)
            self._in_flight, self._skipped = items, wanted.skip
            all_of_it = wanted.skip + len(items) >= self.pending
            self._since, self._since_later = (None, None) if all_of_it else (self._since or self._since_later, None)
            return [item.data for item in items]

    def acknowledged(self) -> None:
        """Let go of the events of the attempt, which the server has."""
        with self._inside():
            size = sum(len(item.data) for item in self._in_flight)
            self.ledger.acknowledged(self._skipped, len(self._in_flight), size)
            self._remove_in_flight()

    def drop(self, reason: DropReason, detail: str) -> None:
        """Let go of the events of the attempt, which cannot be sent."""
        with self._inside():
            for item in self._in_flight:
                self.ledger.gone(self._skipped, Dropped(reason, detail, "", item.data))
            self._remove_in_flight()

    def put_back(self) -> None:
        """Take note that the events of the attempt were not sent."""
        with self._inside():
            self._in_flight = []

    def _remove_in_flight(self) -> None:
        items, self._in_flight = self._in_flight, []
        if self.disk is not None and (records := [item.record for item in items if item.record is not None]):
            self.disk.done(records)
        in_memory = {id(item) for item in items if item.record is None}
        if in_memory:
            self._memory = deque(item for item in self._memory if id(item) not in in_memory)
            self.memory_bytes = sum(len(item.data) for item in self._memory)
        self._front += not self._skipped
        self._room.notify_all()

    # Flushing, closing, reporting

    def mark(self) -> Mark:
        """Remember the place after all that was emitted so far."""
        with self._inside():
            return self.ledger.mark(self.pending)

    def unmark(self, mark: Mark, told: bool) -> None:
        """Forget a mark, of which somebody was told or not."""
        with self._inside():
            self.ledger.unmark(mark, told)

    def close(self) -> None:
        """Admit nothing from now on."""
        with self._inside():
            pass  # Events that ``emit`` took before the close are admitted, although their turn comes only now.
        with self._inside():
            self.closed = True
            self._room.notify_all()

    def give_up_memory(self, detail: str) -> None:
        """Drop all that is in memory and that the disk does not take now."""
        with self._inside():
            if self.disk is None or not self.to_disk():
                while self._memory:
                    self._drop_from_memory(0, DropReason.CLOSED, detail)

    def take_unreported(self) -> list[Dropped]:
        """Hand out what was dropped since the last call."""
        with self._inside():
            unreported, self.ledger.unreported = self.ledger.unreported, []
            return unreported

    def totals(self) -> Totals:
        """Return the numbers of ``Stats``, but for attempts, as they are at one moment."""
        with self._inside():
            totals = self.ledger.totals()
            on_disk = 0 if self.disk is None else self.disk.pending_bytes
            totals.numbers.update(
                pending=self.pending, pending_bytes=on_disk + self.memory_bytes, memory_bytes=self.memory_bytes
            )
            return totals
