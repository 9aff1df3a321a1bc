"""Time, as the exporter sees it: something that tests can replace."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable
from typing import Protocol


class Clock(Protocol):
    """Monotonic time: a wall clock that jumps is nobody's concern here."""

    def now(self) -> float:
        """Tell the time in seconds, from any beginning."""
        ...

    async def wait(self, event: asyncio.Event, until: float | None) -> None:
        """Return when the event is set, or the time has come; None for the event alone."""
        ...


class MonotonicClock:
    """The real one."""

    now = staticmethod(time.monotonic)

    async def wait(self, event: asyncio.Event, until: float | None) -> None:
        """Return when the event is set, or the time has come; None for the event alone."""
        if until is None:
            await event.wait()
            return
        await _wait(event, max(0.0, until - time.monotonic()))


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
