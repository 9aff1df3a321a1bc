"""What the tests of the store in PostgreSQL share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from tests.collector.stores.events import texts
from tests.patience import run


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


def on(address: str, steps: Callable[..., Awaitable[None]], count: int = 1, **options: Any) -> None:
    async def main() -> None:
        async with opened(address, count, **options) as stores:
            await steps(*stores)

    run(main())
