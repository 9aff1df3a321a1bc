"""Waits for what arrives, for those who follow it: one look-out for all of them, and a bounded number of them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chaukas_spec_lite.errors import StoreError, ThrottledError

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.following import Followed

log = logging.getLogger(__name__)

MAX_WAIT = 30.0
"""How many seconds somebody waits at most, to ask again then."""
MAX_FOLLOWERS = 256
"""How many wait at a time, ..."""
MAX_FOLLOWERS_PER_KEY = 32
"""... and with one key."""
_LOOK_EVERY = 1.0
"""After how many seconds it is looked what has arrived, whether or not the store has said so."""
_GATHER = 0.1
"""How many seconds after an arrival those who wait look, so that what comes together is told together."""


class Tailing:
    """Lets callers wait. For one event loop.

    Args:
        changed: ``Store.changed``.
    """

    def __init__(self, changed: Callable[[float], Awaitable[bool]]) -> None:
        self._changed = changed
        self._waiting: Counter[str] = Counter()
        self._arrived = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._ended = False

    async def follow(self, key: str, wait: float, look: Callable[[], Awaitable[Followed]]) -> Followed:
        """Look what has arrived, and again as more does, until there is something, or the time is over.

        Args:
            key: The name of the caller's key.
            wait: How many seconds.
            look: Looks from the same place on.

        Raises:
            ThrottledError: Too many wait already.
        """
        with self._counted(key):
            end = asyncio.get_running_loop().time() + min(wait, MAX_WAIT)
            while True:
                # Before looking, so that what arrives meanwhile is not missed.
                arrived = self._arrived
                found = await look()
                left = end - asyncio.get_running_loop().time()
                if found.events or found.more or left <= 0 or self._ended:
                    return found
                self._watch()
                try:
                    await asyncio.wait_for(arrived.wait(), left)
                except asyncio.TimeoutError:
                    return found
                await asyncio.sleep(min(_GATHER, left))

    async def end(self) -> None:
        """Have nobody wait any more."""
        self._ended = True
        self._arrived.set()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})

    @contextmanager
    def _counted(self, key: str) -> Generator[None, None, None]:
        if self._waiting[key] >= MAX_FOLLOWERS_PER_KEY or self._waiting.total() >= MAX_FOLLOWERS:
            raise ThrottledError("too many requests wait for events already: try again when one has ended", 1.0)
        self._waiting[key] += 1
        try:
            yield
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]

    def _watch(self) -> None:
        if self._watching is None or self._watching.done():
            self._watching = asyncio.ensure_future(self._look_out())

    async def _look_out(self) -> None:
        while self._waiting:
            try:
                await self._changed(_LOOK_EVERY)
            except StoreError as error:
                # Those who wait look, and are told themselves.
                log.debug("%s", error)
                await asyncio.sleep(_LOOK_EVERY)
            arrived, self._arrived = self._arrived, asyncio.Event()
            arrived.set()
