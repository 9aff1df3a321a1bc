"""Those who wait for events to arrive in a store, as far as this process stores them.

Small, because both embedded stores need it, and neither the other.
"""

from __future__ import annotations

import asyncio


class Arrivals:
    """Wakes those who wait; for one event loop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        """Say that something has been stored."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def wait(self, timeout: float) -> bool:
        """Wait for the next announcement, for so many seconds; say whether there was one."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait([waiting], timeout=timeout)
            return waiting.done()
        finally:
            self._waiting.discard(waiting)
