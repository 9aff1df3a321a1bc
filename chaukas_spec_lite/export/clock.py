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
        # Before Python 3.11 the two are different classes.
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            await asyncio.wait_for(event.wait(), max(0.0, until - time.monotonic()))


if sys.version_info >= (3, 11):

    async def within(seconds: float, work: Awaitable[None]) -> None:
        """Await something, for at most so long; TimeoutError after that."""
        async with asyncio.timeout(seconds):
            await work

else:

    async def within(seconds: float, work: Awaitable[None]) -> None:
        """Await something, for at most so long; TimeoutError after that."""
        await asyncio.wait_for(work, seconds)
