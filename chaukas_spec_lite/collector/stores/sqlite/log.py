"""The log of the SQLite store; what it reads and writes stands in ``log_reading`` and ``log_writing``."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.event_log import KeptCheckpoint, LogEntry, LogHead, LogLeaves, LogPlace, beyond
from chaukas_spec_lite.collector.stores.sqlite import log_reading

T = TypeVar("T")


class Run(Protocol):
    """Runs something on a connection to the file."""

    def __call__(self, work: Callable[[sqlite3.Connection], T], /) -> Awaitable[T]:
        """Return what it returns."""
        ...


class SQLiteLog:
    """See ``EventLog``.

    Args:
        name: The store's.
        read: Runs something on a snapshot of the file.
        write: And in a transaction.
        worm: Whether a record stays of each event that is deleted.
    """

    def __init__(self, name: str, read: Run, write: Run, *, worm: bool) -> None:
        self.worm = worm
        self._name = name
        self._read = read
        self._write = write

    async def heads(self, after_tenant: str | None = None, limit: int = 1000) -> list[LogHead]:
        """List the tenants that have entries; see ``EventLog.heads``."""
        return await self._read(partial(log_reading.heads, after_tenant=after_tenant, limit=limit))

    async def head(self, tenant_id: str) -> LogHead:
        """Return how far the log of a tenant is; see ``EventLog.head``."""
        return await self._read(partial(log_reading.head, tenant=tenant_id))

    async def hashes(self, tenant_id: str, level: int, first: int, count: int) -> list[bytes]:
        """Return the roots of full subtrees; see ``EventLog.hashes``."""
        return await self._read(partial(log_reading.hashes, tenant=tenant_id, level=level, first=first, count=count))

    async def places(self, tenancy: Tenancy, *event_ids: str) -> list[LogPlace]:
        """Find the events of ids; see ``EventLog.places``."""
        return await self._read(partial(log_reading.places, tenancy=tenancy, event_ids=event_ids))

    async def leaves(self, tenant_id: str, first: int, limit: int) -> LogLeaves:
        """Return the hashes of entries side by side; see ``EventLog.leaves``."""
        return await self._read(lambda connection: log_reading.leaves(connection, tenant_id, first, limit))

    async def entries(self, tenant_id: str, first: int, limit: int) -> list[LogEntry]:
        """Return entries side by side; see ``EventLog.entries``."""
        return await self._read(partial(log_reading.entries, tenant=tenant_id, first=first, limit=limit))

    async def keep_checkpoint(self, tenant_id: str, size: int, note: str, former: str = "") -> str:
        """Keep a checkpoint; see ``EventLog.keep_checkpoint``."""
        kept = await self._write(
            partial(log_reading.keep_checkpoint, tenant=tenant_id, size=size, note=note, former=former)
        )
        if isinstance(kept, int):
            raise beyond(self._name, tenant_id, size, kept)
        return kept

    async def checkpoints(self, tenant_id: str, before: int | None = None, limit: int = 1) -> list[KeptCheckpoint]:
        """List what was kept; see ``EventLog.checkpoints``."""
        return await self._read(partial(log_reading.checkpoints, tenant=tenant_id, before=before, limit=limit))
