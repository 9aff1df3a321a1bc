"""Time and chance, as clients and exporters see them: something that tests can replace."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Monotonic time, in seconds: no decision depends on a wall clock, which jumps.

    Args:
        now: Tells the time, from any beginning.
        sleep: Waits for so many seconds.
        random: Chooses a number from 0 to 1.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random

    async def wait(self, event: asyncio.Event, until: float | None) -> None:
        """Return when the event is set, or the time ``until`` has come; None for the event alone."""
        if until is None:
            await event.wait()
            return
        await _wait(event, max(0.0, until - self.now()))


# Before Python 3.12, wait_for loses a cancellation that comes together with what it waits for: whoever ends a loop by
# cancelling what runs in it would then wait for ever.
if sys.version_info >= (3, 11):

    async def _wait(event: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    async def within(seconds: float, work: Awaitable[None]) -> None:
        """Await something, for at most so long; TimeoutError after that."""
        async with asyncio.timeout(seconds):
            await work

else:

    async def _wait(event: asyncio.Event, seconds: float) -> None:
        waiting = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            waiting.cancel()

    async def within(seconds: float, work: Awaitable[None]) -> None:
        """Await something, for at most so long; TimeoutError after that."""
        await asyncio.wait_for(work, seconds)
