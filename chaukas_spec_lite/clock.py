"""Time and chance, as clients and exporters see them: something that tests can replace."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """Monotonic time, in seconds: no decision depends on a wall clock, which jumps.

    Args:
        now: Returns the time in seconds. Only differences count.
        sleep: Waits for a number of seconds.
        random: Chooses a number from 0 to 1.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random

    async def wait(self, event: asyncio.Event, until: float | None) -> None:
        """Wait for an event, up to a moment in time.

        Args:
            event: The event.
            until: The moment, by ``now``. If None, the event alone ends the wait.
        """
        if until is None:
            await event.wait()
            return
        await _wait(event, max(0.0, until - self.now()))


# Not by `wait_for`: before Python 3.12, it loses a cancellation that comes together with its result
# (https://github.com/python/cpython/issues/86296). `blocking.Loop.close` cancels all tasks and waits for them, so it
# would wait for ever for a task that goes on. Python 3.10 has no `asyncio.timeout`.
if sys.version_info >= (3, 11):

    async def _wait(event: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    async def within(seconds: float, work: Awaitable[T]) -> T:
        """Await something, for at most so long; TimeoutError after that."""
        async with asyncio.timeout(seconds):
            return await work

else:

    async def _wait(event: asyncio.Event, seconds: float) -> None:
        # `wait` raises no TimeoutError, and a cancellation of this coroutine always arrives.
        waiting = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            waiting.cancel()

    async def within(seconds: float, work: Awaitable[T]) -> T:
        """Await something, for at most so long; TimeoutError after that."""
        working = asyncio.ensure_future(work)
        try:
            await asyncio.wait([working], timeout=seconds)
            in_time = working.done()
        finally:
            working.cancel()
            await asyncio.wait([working])
            failed = working.cancelled() or working.exception() is not None  # looked at, or asyncio would log it
        if failed and not in_time:
            raise asyncio.TimeoutError
        return working.result()
