"""Whose turn it is to have something read or written in a thread, where Python runs one at a time anyway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Steps: TypeAlias = "Generator[None, None, T]"
"""Work in steps, after each of which it can be given up."""

_SMALL = 64 << 10
"""Up to this size a body takes its turns among the small ones, between the steps of a large one."""


class Turns:
    """Lets one small body, one large one and one query be worked on at a time.

    So none of the three waits for the others, and only one large body has been taken apart at any time: that takes many
    times its size.
    """

    def __init__(self) -> None:
        self._small = asyncio.Semaphore(1)
        self._large = asyncio.Semaphore(1)
        self._query = asyncio.Semaphore(1)

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
            return await asyncio.to_thread(work)


async def _done(steps: Steps[T]) -> T:
    while True:
        step = asyncio.ensure_future(asyncio.to_thread(_step, steps))
        try:
            # A thread cannot be stopped: whoever leaves waits for its step, so that no two have the same turn.
            found = await asyncio.shield(step)
        except asyncio.CancelledError:
            await asyncio.gather(step, return_exceptions=True)
            raise
        if found is not None:
            return found[0]


def _step(steps: Steps[T]) -> tuple[T] | None:
    """Go one step on; return the result, or None if there is more to do."""
    try:
        next(steps)
    except StopIteration as end:
        return (end.value,)
    return None
