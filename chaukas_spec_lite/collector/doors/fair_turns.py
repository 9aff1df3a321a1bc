"""Whose turn it is among callers of whom each may ask for much: whoever does waits for nobody but himself."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from chaukas_spec_lite.errors import ThrottledError


class FairTurns:
    """Lets so many work at a time, and each origin in its turn. For one event loop.

    Args:
        at_once: How many work at a time.
        of_one: How many of one origin.
        waiting: How many wait at most.
        waiting_of_one: How many of one origin.
    """

    def __init__(self, at_once: int, of_one: int, *, waiting: int, waiting_of_one: int) -> None:
        self._at_once = at_once
        self._of_one = of_one
        self._most_waiting = waiting
        self._most_waiting_of_one = waiting_of_one
        self._working: Counter[str] = Counter()
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        """Who waits, by origin; whose turn is next stands first."""

    @property
    def working(self) -> int:
        """How many work."""
        return self._working.total()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def turn(self, origin: str) -> AsyncGenerator[None]:
        """Wait for a turn, which lasts until the block ends.

        Args:
            origin: Who wants it.

        Raises:
            ThrottledError: Too many wait already.
        """
        await self._begin(origin)
        try:
            yield
        finally:
            self._end(origin)

    async def _begin(self, origin: str) -> None:
        # Nobody who waits is passed over: they all wait for their own origin, or nothing is free.
        if self._may(origin):
            self._working[origin] += 1
            return
        queue = self._queues.get(origin, ())
        if len(queue) >= self._most_waiting_of_one or self.waiting >= self._most_waiting:
            raise ThrottledError("too many requests that read many events wait already: try again", 1.0)
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(origin, deque()).append(begun)
        try:
            await begun
        except asyncio.CancelledError:
            if begun.cancelled():
                self._leave(origin, begun)
            else:  # The turn came just now.
                self._end(origin)
            raise

    def _may(self, origin: str) -> bool:
        return self.working < self._at_once and self._working[origin] < self._of_one

    def _leave(self, origin: str, begun: asyncio.Future[None]) -> None:
        queue = self._queues.get(origin, deque[asyncio.Future[None]]())
        if begun in queue:  # or it was passed over already
            queue.remove(begun)
            if not queue:
                del self._queues[origin]

    def _end(self, origin: str) -> None:
        self._working[origin] -= 1
        if not self._working[origin]:
            del self._working[origin]
        while (following := next((each for each in self._queues if self._may(each)), None)) is not None:
            queue = self._queues.pop(following)
            begun = queue.popleft()
            if queue:
                self._queues[following] = queue  # behind all others
            if not begun.cancelled():
                # Counted here, and not by whoever waits, so that nobody else takes the turn in between.
                self._working[following] += 1
                begun.set_result(None)
