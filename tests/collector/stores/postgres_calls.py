"""What the tests of the store in PostgreSQL share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chaukas_spec_lite.collector.stores.postgres.rows import MAX_KEY_BYTES
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from tests.collector.stores.events import texts
from tests.patience import run

DAY = 86_400.0
PARTITIONS = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname ~ '^events_[0-9]+$'"


class Hand:
    """A clock that is moved by hand."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


ODD = {
    "nul": "a\0b",
    "escape": "\x01\x02\x03\x04",
    "long": "x" * (MAX_KEY_BYTES + 1),
    "other long": "x" * MAX_KEY_BYTES + "y",
    "wide": "\U0001f600" * MAX_KEY_BYTES,
    "like": "%_\\%",
    "looks hashed": "\x01\x04" + "0" * 64,
}


@asynccontextmanager
async def opened(address: str, count: int = 1, **options: Any) -> AsyncIterator[list[PostgresStore]]:
    """Several stores on one database, opened at once."""
    stores = [PostgresStore(address, texts=texts, **options) for _ in range(count)]
    await asyncio.gather(*(store.open() for store in stores))
    try:
        yield stores
    finally:
        await asyncio.gather(*(store.close() for store in stores))


@asynccontextmanager
async def session(address: str) -> AsyncIterator[Any]:
    """A connection of somebody else."""
    import asyncpg  # here, as only those tests need it that are left out unless chosen

    connection = await asyncpg.connect(address)
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def seen() -> AsyncIterator[list[str]]:
    """All statements that are sent meanwhile."""
    import asyncpg

    statements: list[str] = []
    with pytest.MonkeyPatch.context() as monkey:
        for name in ("execute", "fetch", "fetchrow", "fetchval"):
            original = getattr(asyncpg.Connection, name)

            async def spied(self: Any, query: str, *args: Any, _original: Any = original, **options: Any) -> Any:
                statements.append(" ".join(query.split()))
                return await _original(self, query, *args, **options)

            monkey.setattr(asyncpg.Connection, name, spied)
        copy = asyncpg.Connection.copy_records_to_table

        async def copied(self: Any, table: str, **options: Any) -> Any:
            statements.append(f"INSERT INTO {table} ({', '.join(options['columns'])})")
            return await copy(self, table, **options)

        monkey.setattr(asyncpg.Connection, "copy_records_to_table", copied)
        yield statements


def on(address: str, steps: Callable[..., Awaitable[None]], count: int = 1, **options: Any) -> None:
    async def main() -> None:
        async with opened(address, count, **options) as stores:
            await steps(*stores)

    run(main())
