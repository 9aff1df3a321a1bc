"""The part of a queue that is in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal

from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.spool.frames import Entry


class Item:
    """One event that waits in memory, or that an attempt is about."""

    __slots__ = ("data", "record")

    def __init__(self, data: bytes, record: Entry | None = None) -> None:
        self.data = data
        self.record = record
        """Where it is on disk; None while it is in memory."""


class Memory:
    """Events in the order in which they came; guarded by the queue's lock.

    Args:
        settings: Those of the exporter, which bound it.
    """

    def __init__(self, settings: ExportSettings) -> None:
        self._most = settings.max_queue_events
        self._most_bytes = settings.max_queue_bytes
        self._items: deque[Item] = deque()
        self.pending_bytes = 0
        """The size of the events."""

    @property
    def pending(self) -> int:
        """How many events wait here."""
        return len(self._items)

    def has_room(self, size: int) -> bool:
        """Whether one more event of a size fits in."""
        return len(self._items) < self._most and self.pending_bytes + size <= self._most_bytes

    def why_full(self, size: int) -> str:
        """Say which limit leaves no room for one more event of a size."""
        if len(self._items) >= self._most:
            return f"memory holds max_queue_events={self._most} events: raise it, or see why they are not sent"
        held = f"memory holds {self.pending_bytes} bytes, and with {size} more"
        return f"{held} it exceeds max_queue_bytes={self._most_bytes}: raise it, or see why they are not sent"

    def append(self, event: bytes) -> Literal[True]:
        """Take an event, the newest; there has to be room."""
        self._items.append(Item(event))
        self.pending_bytes += len(event)
        return True

    def put_in_front(self, items: Sequence[Item]) -> None:
        """Take events that are older than all that is here."""
        self._items.extendleft(reversed(items))
        self.pending_bytes += sum(len(item.data) for item in items)

    def peek(self, skip: int, most: int | None, size: int) -> list[Item]:
        """List events in order, but do not remove them.

        Args:
            skip: How many to pass over.
            most: How many to list at most; None for any number.
            size: How many bytes they may have together; one is listed whatever its size.
        """
        found: list[Item] = []
        for item in islice(self._items, skip, None):
            size -= len(item.data)
            if found and (size < 0 or len(found) == most):
                break
            found.append(item)
        return found

    def done(self, items: Iterable[Item]) -> None:
        """Remove events, which mostly are the first ones, but for those that are on disk."""
        gone = {id(item) for item in items if item.record is None}
        while self._items and id(self._items[0]) in gone:
            gone.discard(id(self._items[0]))
            self.pending_bytes -= len(self._items.popleft().data)
        if gone:
            self._items = deque(item for item in self._items if id(item) not in gone)
            self.recount()

    def pop(self, place: int) -> bytes:
        """Remove the event at a place, and return it."""
        item = self._items[place]
        del self._items[place]
        self.pending_bytes -= len(item.data)
        return item.data

    def recount(self) -> None:
        """Make the sum true."""
        self.pending_bytes = sum(len(item.data) for item in self._items)
