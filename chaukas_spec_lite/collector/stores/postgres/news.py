"""Tells those who wait, in this collector and in others, that events have been stored: LISTEN and NOTIFY.

A notification stands in no transaction that stores events: PostgreSQL commits those that notify one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.stores.arrivals import Arrivals
from chaukas_spec_lite.collector.stores.postgres.connections import Database, Lane
from chaukas_spec_lite.errors import StoreError
from chaukas_spec_lite.rationed_log import RationedLog, in_words

if TYPE_CHECKING:
    from asyncpg import Connection

_CHANNEL = "chaukas"
_PAUSE = 0.05
"""Seconds between two notifications of one collector at least."""
_TOLD_EVERY = 60.0

log = logging.getLogger(__name__)


class News:
    """Announces what this collector stores, and hears what others do, as soon as somebody has asked.

    Args:
        connections: The database.
    """

    def __init__(self, connections: Database) -> None:
        self._connections = connections
        self._arrivals = Arrivals()
        self._own = secrets.token_hex(8)
        self._untold = False
        self._telling: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._log = RationedLog(log, _TOLD_EVERY, time.monotonic)

    async def close(self) -> None:
        """Stop."""
        for task in (self._telling, self._hearing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._telling = self._hearing = None

    def announce(self) -> None:
        """Say that something has been stored."""
        self._arrivals.announce()
        self._untold = True
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell())

    async def wait(self, timeout: float) -> bool:
        """Wait until something has been stored, for so many seconds; say whether it has."""
        if self._hearing is None or self._hearing.done():
            self._hearing = asyncio.ensure_future(self._hear())
        return await self._arrivals.wait(timeout)

    async def _tell(self) -> None:
        while self._untold:
            self._untold = False
            try:
                async with self._connections.connection(Lane.SIGNAL) as connection:
                    await connection.execute(f"SELECT pg_notify('{_CHANNEL}', $1)", self._own)
            except Exception as error:  # the next one who stores something begins it anew
                self._failed(error)
                return
            await asyncio.sleep(_PAUSE)

    async def _hear(self) -> None:
        """Listen, until the connection is lost; then the next one who waits begins it anew."""
        lost = asyncio.Event()

        def heard(_: Connection, __: int, ___: str, payload: object) -> None:
            if payload != self._own:  # which has been announced here
                self._arrivals.announce()

        try:
            connection = await self._connections.another()
            try:
                connection.add_termination_listener(lambda _: lost.set())
                await connection.add_listener(_CHANNEL, heard)
                await lost.wait()
            finally:
                connection.terminate()
        except Exception as error:  # or else everybody who waits would wait in vain, and nobody knew
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        ours = None if isinstance(error, StoreError) else error
        text = error if ours is None else in_words(error)
        self._log.log("failed", logging.WARNING, "news of events are late: %s", text, error=ours)
