"""All events of one exporter, or of one log that an ended process left, that wait to be sent.

They stand in one order: first those on disk, then those in memory. What is in memory is always newer than what is on
disk: it is used without a spool, or while the disk refuses, and moves to the disk, in order, before anything else goes
there. So nothing is ever in both, and an event is known by its place.

``emit`` may interrupt any code here, when it is called by a signal handler or a finalizer. The lock lets its own thread
in a second time; such an event is put aside, and admitted when the code that was interrupted is done.
"""

# ``_whole`` is part of the class, although it stands before it:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from chaukas_spec_lite.audit.chain import Sealing, Unsealed
from chaukas_spec_lite.export.batching import Send, Waiting
from chaukas_spec_lite.export.disk import Disk, Refusal
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.ledger import Ledger, Mark, SpoolNews, Totals
from chaukas_spec_lite.export.memory import Item, Memory
from chaukas_spec_lite.export.salvage import Salvage
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool.frames import entries_of
from chaukas_spec_lite.spool.log import Log

_P = ParamSpec("_P")
_T = TypeVar("_T")

_SPOOLED_AT_ONCE = 1 << 18
"""How many bytes move from memory to disk at a time, so that a disk with little room takes a part."""


def _whole(method: Callable[Concatenate[EventQueue, _P], _T]) -> Callable[Concatenate[EventQueue, _P], _T]:
    """Let a method hold the lock, and let nothing in that interrupts it.

    No context manager: Ctrl-C between its entry and the block would leave the lock held.
    """

    @wraps(method)
    def inside(self: EventQueue, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        with self.lock:
            if self._busy:  # a signal handler, or one method within another
                return method(self, *args, **kwargs)
            self._busy = True
            try:
                self._let_in()
                result = method(self, *args, **kwargs)
                self._let_in()
            except BaseException:
                self._repair()
                raise
            finally:
                self._busy = False
        if self._late:  # it came between the last two steps
            self.let_in()
        return result

    return inside


class EventQueue:
    """All events that wait, in order. Any thread may use it.

    Args:
        settings: Those of the exporter.
        now: Tells the time in seconds; monotonic.
    """

    def __init__(self, settings: ExportSettings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self.ledger = Ledger()
        self._sealing = Sealing()
        self.memory = Memory(settings)
        self._in_flight: list[Item] = []
        self._spooling: tuple[list[Item], tuple[Log | None, int] | None] | None = None
        """What is on its way from memory to the disk, and where the disk ended before."""
        self._salvage = Salvage(self.memory, lambda: self._in_flight)
        parts = settings, now, self.ledger, self._salvage.move, self._sealing
        self.disk = None if settings.spool is None else Disk(*parts)
        self.closed = False
        # It lets in the thread that has it already, as that may be a signal handler which interrupted the owner.
        self.lock = threading.RLock()
        self._room = threading.Condition(self.lock)
        self._busy = False
        """Whether the code that holds the lock is in the middle of something."""
        self._late: deque[bytes | Unsealed | Dropped] = deque()
        """What ``admit`` was given while its own thread was busy here."""
        self._since: float | None = None
        """When the first event came that was in no attempt yet."""

    # Coming in

    def admit(self, event: bytes | Unsealed | Dropped, may_block: bool) -> Emitted:
        """Take an event, and say where it is. One that is to be sealed is, as the next one of its session."""
        # As ``_whole`` does it, but that what interrupts it is put aside.
        with self.lock:
            if self._busy:
                self._late.append(event)
                return Emitted.DROPPED if isinstance(event, Dropped) else Emitted.QUEUED
            self._busy = True
            try:
                outcome = self._admit(event, may_block)
                if self._late:
                    self._let_in()
            except BaseException:
                self._repair()
                raise
            finally:
                self._busy = False
        if self._late:  # it came between the last two steps
            self.let_in()
        return outcome

    @_whole
    def let_in(self) -> None:
        """Admit what came while something else was done, as each method does."""

    def _let_in(self) -> None:
        while self._late:
            # Without waiting for room: ``emit`` has answered, and its caller has gone on. Taken from the list behind
            # that: if something is raised amid it, it is rather there twice.
            event = self._late[0]
            if self._admit(event, may_block=False) is Emitted.DROPPED and not isinstance(event, Dropped):
                self.ledger.refused_late()
            self._late.popleft()

    def _repair(self) -> None:
        """Make the sums true after something was cut short, such as by Ctrl-C: events are where they are."""
        if self._spooling is not None and self.disk is not None:
            (items, end), self._spooling = self._spooling, None
            if (start := self.disk.appended_behind(end)) is not None:
                self._spooled(items, start)
        self._salvage.undo()
        self.memory.recount()
        self.ledger.balance(self.pending)

    def _admit(self, event: bytes | Unsealed | Dropped, may_block: bool) -> Emitted:
        # The order of the checks is that of the reasons a user should hear first: what is wrong with the event itself,
        # then that the exporter is closed, then that the disk is full, and memory last.
        if isinstance(event, Dropped):
            return self._refuse(event)
        size = len(event)
        if self.closed:
            return self._turn_away(event, DropReason.CLOSED, "the exporter is closed")
        if self.disk is not None:
            if self.disk.is_full(self.memory.pending_bytes + size):
                return self._turn_away(event, DropReason.SPOOL_FULL, self.disk.why_full)
            for _ in range(2):  # if the log was taken away, there is another one the second time
                # Looked at here first, for the sake of speed.
                refusal = self._to_disk(self.disk) if self.memory.pending else None
                outcome = refusal or self._sealing.write(event, self.disk.append_one, _was_stored)
                if isinstance(outcome, int):  # it may be there and could not be synced
                    return self._came(Emitted.QUEUED if self.disk.why_not else Emitted.SPOOLED)
                if outcome is Refusal.BY_THE_DISK:
                    break
        if not self.memory.has_room(size) and not self._make_room(size, may_block):
            # ``_make_room`` may have waited with the lock released, and the exporter may have been closed meanwhile.
            if self.closed:
                return self._turn_away(event, DropReason.CLOSED, "the exporter is closed")
            return self._turn_away(event, DropReason.OVERFLOW, self.memory.why_full(size))
        self._sealing.write(event, self.memory.append)
        return self._came(Emitted.QUEUED)

    def _came(self, where: Emitted) -> Emitted:
        self.ledger.came(where)
        if self._since is None:
            self._since = self._now()
        return where

    def _refuse(self, dropped: Dropped) -> Emitted:
        self.ledger.emitted += 1
        self.ledger.refused(dropped)
        return Emitted.DROPPED

    def _turn_away(self, event: bytes | Unsealed, reason: DropReason, detail: str) -> Emitted:
        return self._refuse(Dropped(reason, detail, "", event if isinstance(event, bytes) else event.data))

    def _make_room(self, size: int, may_block: bool) -> bool:
        policy = self._settings.overflow
        if policy == "drop_oldest":
            while not self.memory.has_room(size):
                # The first in memory behind those that are being sent: these may have reached the server already, and
                # dropping one would lose it without need.
                place = max(0, self.ledger.place + len(self._in_flight) - self._on_disk)
                if place >= self.memory.pending:
                    return False
                self._drop_from_memory(place, DropReason.OVERFLOW, self.memory.why_full(size))
            return True
        # On the event loop's own thread waiting would be a deadlock: only the loop can send, and so make room.
        if policy == "block" and may_block:
            self._busy = False
            try:
                self._room.wait_for(lambda: self.closed or self.memory.has_room(size), self._settings.block_timeout)
            finally:
                self._busy = True
            return not self.closed and self.memory.has_room(size)
        return False

    def _drop_from_memory(self, place: int, reason: DropReason, detail: str) -> None:
        self.ledger.gave_up(self._on_disk + place, Dropped(reason, detail, "", self.memory.pop(place)))

    # Disk and memory

    @property
    def log(self) -> Log | None:
        """The log that is open."""
        return None if self.disk is None else self.disk.log

    @_whole
    def adopt(self, log: Log) -> None:
        """Go on with a log that an ended process left, and leave the one before to others."""
        assert self.disk is not None
        self.rest(for_good=True)
        self.ledger.adopted(log.tally.pending + log.tally.lost)
        self.disk.adopt(log)
        self._since = None  # they have waited long enough

    @property
    def _on_disk(self) -> int:
        return 0 if self.disk is None else self.disk.pending

    @property
    def pending(self) -> int:
        """How many events wait."""
        return self._on_disk + self.memory.pending

    @property
    def pending_bytes(self) -> int:
        """The size of those."""
        return self.memory.pending_bytes + (0 if self.disk is None else self.disk.pending_bytes)

    def _to_disk(self, disk: Disk) -> Refusal | None:
        """Move what memory holds to the disk, the oldest first; say why some of it is still there, if it is."""
        while items := self.memory.peek(0, None, _SPOOLED_AT_ONCE):
            self._spooling = items, disk.end()
            start = disk.append([item.data for item in items])
            if not isinstance(start, Refusal):
                self._spooled(items, start)
            self._spooling = None
            if isinstance(start, Refusal):
                return start
            self._room.notify_all()
        return None

    def _spooled(self, items: list[Item], start: int) -> None:
        records = [*entries_of(start, [item.data for item in items])]
        self.memory.done(items)
        for item, record in zip(items, records, strict=True):
            item.record = record  # an attempt that is under way goes on with it

    # Going out

    @_whole
    def tend(self) -> None:
        """See whether what is on disk is still there, and move there what memory holds: to be called now and then."""
        if self.disk is not None:
            self.disk.look()
            self._to_disk(self.disk)

    @_whole
    def waiting(self) -> Waiting:
        """Describe what waits, for a decision."""
        since = float("-inf") if self._since is None else self._since  # those that failed have waited long enough
        return Waiting(self.pending, self.pending_bytes, since, bool(self.ledger.marks), self.ledger.first_changes)

    @_whole
    def take(self, wanted: Send) -> list[bytes]:
        """Choose the events of one attempt; they stay where they are until their fate is known."""
        items = list[Item]()
        if self.disk is not None and wanted.skip < self._on_disk:
            found = self.disk.peek(wanted.skip, wanted.events, wanted.bytes)
            items = [Item(record.content or b"", record) for record in found]
        left = wanted.bytes - sum(len(item.data) for item in items)
        # What is in memory comes after all that is on disk. ``peek`` lists one event even if it has no room.
        if wanted.skip + len(items) >= self._on_disk and len(items) < wanted.events:
            behind = self.memory.peek(max(0, wanted.skip - self._on_disk), wanted.events - len(items), left)
            items += behind if not items or left >= sum(len(item.data) for item in behind) else []
        self._in_flight, self.ledger.place = items, wanted.skip
        if wanted.skip + len(items) >= self.pending:
            self._since = None
        return [item.data for item in items]

    @_whole
    def acknowledged(self) -> None:
        """Let go of the events of the attempt, which the server has."""
        size = sum(len(item.data) for item in self._in_flight)
        self.ledger.acknowledged(len(self._in_flight), size)
        self._remove_in_flight()

    @_whole
    def drop(self, reason: DropReason, detail: str) -> None:
        """Let go of the events of the attempt, which cannot be sent."""
        for item in self._in_flight:
            self.ledger.gave_up(self.ledger.place, Dropped(reason, detail, "", item.data))
        self._remove_in_flight()

    @_whole
    def put_back(self) -> None:
        """Take note that the events of the attempt were not sent, or that an answer would come too late to count."""
        self._in_flight, self.ledger.place = [], 0

    def _remove_in_flight(self) -> None:
        items = self._in_flight
        self.put_back()
        if self.disk is not None and (records := [item.record for item in items if item.record is not None]):
            self.disk.done(records)
        self.memory.done(items)
        self._room.notify_all()

    # Flushing, closing, reporting

    @_whole
    def mark(self) -> Mark:
        """Remember the place after all that was emitted so far."""
        return self.ledger.mark(self.pending)

    @_whole
    def unmark(self, mark: Mark, told: bool) -> None:
        """Forget a mark, of which somebody was told or not."""
        self.ledger.unmark(mark, told)

    @_whole
    def close(self) -> None:
        """Admit nothing from now on, but for events that ``emit`` has taken before."""
        self.closed = True
        self._room.notify_all()

    @_whole
    def give_up(self, detail: str) -> None:
        """Leave what is on disk to the next process, and drop what the disk does not take."""
        if self.disk is not None:
            self.disk.look_now()
            if self._to_disk(self.disk) is Refusal.TAKEN_AWAY:
                self._to_disk(self.disk)  # which makes another log
        while self.memory.pending:
            self._drop_from_memory(0, DropReason.CLOSED, detail)
        self.rest(at_end=True)

    @_whole
    def rest(self, for_good: bool = False, at_end: bool = False) -> None:
        """Close the files: whoever needs what is on disk first has it, which may be this queue, if it is used again.

        A log in which nothing waits, but whose chains are open, stays open and locked: others say that they go no
        further if this process is killed, and only then.

        Args:
            for_good: Whether it is no longer this queue's to send and to count.
            at_end: Whether the process ends in order, or the exporter is closed.
        """
        self.put_back()
        if self.disk is not None and (for_good or at_end or self.pending or not self.disk.speaks_for_chains):
            self.disk.close()
            self.ledger.first_may_change()  # others may send a part of it
            if for_good:
                self.disk.hand_over()

    def make_way(self, for_good: bool) -> None:
        """Close the files as well, unless somebody uses them just now, such as what this interrupts."""
        if self.lock.acquire(blocking=False):
            try:
                if not self._busy:
                    self.rest(for_good)
            finally:
                self.lock.release()

    @property
    def has_work(self) -> bool:
        """Whether something would be lost without it: an event, or that its chains are open."""
        return bool(self.pending) or (self.disk is not None and self.disk.speaks_for_chains)

    @_whole
    def take_news(self) -> list[Dropped | SpoolNews]:
        """Hand out what happened since the last call: to the spool, and to events that will not be sent."""
        # From the one deque that there is: what interrupts a method may take news, too, and what that method then put
        # into a list that was exchanged meanwhile would reach nobody.
        news: list[Dropped | SpoolNews] = []
        with suppress(IndexError):
            while True:
                news.append(self.ledger.news.popleft())
        return news

    @_whole
    def totals(self) -> Totals:
        """Return the numbers of ``Stats``, but for attempts, as they are at one moment."""
        sizes = {"pending_bytes": self.pending_bytes, "memory_bytes": self.memory.pending_bytes}
        return self.ledger.totals(pending=self.pending, **sizes)


def _was_stored(outcome: int | Refusal) -> bool:
    return not isinstance(outcome, Refusal)
