"""Calls that wait for their events to be written: in their order, within bounds, each no longer than it may take.

Who leaves, or has waited too long, takes along what has not been begun: nobody was told that it is stored.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chaukas_spec_lite.clock import within
from chaukas_spec_lite.errors import StoreError

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.base import Addition, EventRow

_T = TypeVar("_T")

ADD_SECONDS = 30.0
"""How long a call waits until its events are stored, whatever keeps the store: a frozen disk, server or replica."""
MAX_CALLS = 10_000
MAX_BYTES = 128 << 20
"""How many calls may wait, and how many bytes of events; one call alone may have more."""
_OVERHEAD = 1000
"""How many bytes an event takes beside its own, about."""


@dataclass(slots=True, eq=False)
class QueuedCall:
    """A call that waits."""

    rows: Sequence[EventRow]
    size: int
    since: float
    result: asyncio.Future[list[Addition]]


class WriteQueue:
    """Calls that wait; for one event loop, so that no lock is needed.

    Args:
        name: The store's, for errors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        # From whose beginning, unlike a dict's, one is taken at once, however many have gone before.
        self._waiting: OrderedDict[QueuedCall, None] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, rows: Sequence[EventRow]) -> QueuedCall:
        """Have events wait; raises ``StoreError`` if too much waits already."""
        size = sum(len(row.data) + len(row.text or "") + _OVERHEAD for row in rows)
        if len(self._waiting) >= MAX_CALLS or (self._waiting and self._size + size > MAX_BYTES):
            raise StoreError(f"{self._name}: too many events wait to be stored ({self._size} bytes); send them again")
        waiting = QueuedCall(rows, size, time.monotonic(), asyncio.get_running_loop().create_future())
        self._waiting[waiting] = None
        self._size += size
        return waiting

    def take(self, most: int, most_rows: int | None = None) -> list[QueuedCall]:
        """Take the calls that are next, which are thereby begun: so many, with about so many events, at least one."""
        taken: list[QueuedCall] = []
        events = 0
        while self._waiting and len(taken) < most:
            first = next(iter(self._waiting))
            events += len(first.rows)
            if taken and most_rows is not None and events > most_rows:
                break
            self._remove(first)
            taken.append(first)
        return taken

    async def outcome(self, waiting: QueuedCall) -> list[Addition]:
        """Wait for what becomes of a call; raises ``StoreError`` if that takes too long."""
        # A timer costs a fifth of what `asyncio.wait` does, and this is done for each call.
        overdue = asyncio.get_running_loop().call_later(ADD_SECONDS, self._give_up, waiting)
        try:
            return await waiting.result
        except asyncio.CancelledError:
            self._leave(waiting)
            raise
        finally:
            overdue.cancel()

    def _give_up(self, waiting: QueuedCall) -> None:
        self._leave(waiting)
        if not waiting.result.done():
            waiting.result.set_exception(
                StoreError(
                    f"{self._name}: events were not stored within {ADD_SECONDS:g} seconds; send them again: those that "
                    "are stored after all are known by their ids"
                )
            )

    def _leave(self, waiting: QueuedCall) -> None:
        if waiting in self._waiting:
            self._remove(waiting)

    def _remove(self, waiting: QueuedCall) -> None:
        del self._waiting[waiting]
        self._size -= waiting.size


async def in_time(name: str, writing: Awaitable[_T]) -> _T:
    """Wait for anything else that a store of this name writes, as long; raises ``StoreError`` if it takes longer."""
    try:
        return await within(ADD_SECONDS, writing)
    except asyncio.TimeoutError as error:
        raise StoreError(f"{name}: nothing could be written within {ADD_SECONDS:g} seconds") from error


def settle(group: Sequence[QueuedCall], outcomes: Sequence[list[Addition] | Exception]) -> None:
    """Tell callers what became of their events, unless they have left."""
    for waiting, outcome in zip(group, outcomes, strict=True):
        if waiting.result.done():
            continue
        if isinstance(outcome, Exception):
            waiting.result.set_exception(outcome)
        else:
            waiting.result.set_result(outcome)
