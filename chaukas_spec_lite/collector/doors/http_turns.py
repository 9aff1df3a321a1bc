"""Whose turn it is to have something read or written in a thread, where Python runs one at a time anyway."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeAlias, TypeVar

from chaukas_spec_lite.collector.doors.fair_turns import FairTurns

T = TypeVar("T")

Steps: TypeAlias = "Generator[None, None, T]"
"""Work in steps, after each of which it can be given up."""

_SMALL = 64 << 10
"""Up to this size a body takes its turns among the small ones, between the steps of a large one."""


_GATHERING, _GATHERING_OF_ONE = 4, 2
"""How many answers of many events are made at a time, and for one caller. Each may hold some hundred megabytes."""
_MAX_WAITING, _MAX_WAITING_OF_ONE = 256, 32
"""How many wait for that."""
_NEVER = 2**31 - 1
"""After how many searches of younger objects Python looks for circles among all, if it is not to."""
_OVERLAPPING = 100
"""After how many answers it looks all the same, while there are always some that are being made."""


class Turns:
    """Lets one small body, one large one, one query and one answer of many events be worked on at a time.

    So none of the four waits for the others, and only one large body has been taken apart at any time: that takes many
    times its size.
    """

    def __init__(self) -> None:
        self._small = asyncio.Semaphore(1)
        self._large = asyncio.Semaphore(1)
        self._query = asyncio.Semaphore(1)
        self._gathered = asyncio.Semaphore(1)
        self._gathering = FairTurns(
            _GATHERING, _GATHERING_OF_ONE, waiting=_MAX_WAITING, waiting_of_one=_MAX_WAITING_OF_ONE
        )
        self._search_after: int | None = None
        """What stood in place of ``_NEVER``."""
        self._under_way = self._made = 0
        """How many answers of many events are being made, and have been since the search was put off."""

    async def read(self, size: int, steps: Steps[T]) -> T:
        """Read the body of an ingestion, of a size, in steps; when it is cancelled, no further one is begun."""
        if size <= _SMALL:
            async with self._small:
                return await _done(steps)
        async with self._large:
            return await _done(steps)

    async def answer(self, work: Callable[[], T]) -> T:
        """Do something for a query."""
        async with self._query:
            return await _in_thread(work)

    @asynccontextmanager
    async def gathering(self, origin: str) -> AsyncGenerator[None]:
        """Wait for a turn to read many events for an answer, which lasts until that is made; see ``FairTurns.turn``."""
        async with self._gathering.turn(origin):
            self._under_way += 1
            try:
                yield
            finally:
                self._under_way -= 1
                self._made += 1
                if not self._under_way or self._made >= _OVERLAPPING:
                    self._search_again()

    async def gathered(self, work: Callable[[], T]) -> T:
        """Do something for an answer of many events, in a turn of ``gathering``."""
        async with self._gathered:
            self._put_off_search()
            return await _in_thread(work)

    def _put_off_search(self) -> None:
        """Have Python look for circles among new objects alone.

        What is kept of events are hundreds of thousands of objects, in no circles. Python would look for circles among
        all of them, again and again, and nothing else would go on meanwhile. ``gc.freeze`` spares that, too, but begins
        to count anew each time, so that what is a circle and not quite new would stay in memory for good.
        """
        young, middle, after = gc.get_threshold()
        if after != _NEVER:
            self._search_after = after
            gc.set_threshold(young, middle, _NEVER)

    def _search_again(self) -> None:
        self._made = 0
        if self._search_after is not None:
            gc.set_threshold(*gc.get_threshold()[:2], self._search_after)
            self._search_after = None


async def _done(steps: Steps[T]) -> T:
    while True:
        found = await _in_thread(partial(_step, steps))
        if found is not None:
            return found[0]


async def _in_thread(work: Callable[[], T]) -> T:
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        # A thread cannot be stopped: whoever leaves waits for its work, so that no two have the same turn.
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise


def _step(steps: Steps[T]) -> tuple[T] | None:
    """Go one step on; return the result, or None if there is more to do."""
    try:
        next(steps)
    except StopIteration as end:
        return (end.value,)
    return None
