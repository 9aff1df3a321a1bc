"""What slow and stuck statements on PostgreSQL keep waiting: themselves alone; and what ends them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, Rejected
from chaukas_spec_lite.collector.stores.postgres import connections
from chaukas_spec_lite.collector.stores.postgres.connections import Lane
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from chaukas_spec_lite.errors import QueryTimeoutError
from tests.collector.stores.events import NEW, ROOM, row, texts
from tests.collector.stores.postgres_calls import on, opened, session
from tests.patience import HANG, run, until

pytestmark = pytest.mark.stores

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@asynccontextmanager
async def stuck(
    address: str, table: str, work: Sequence[Coroutine[Any, Any, Any]], least: int
) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Calls that all wait for a table that somebody else has locked, at least so many of them in the server."""
    async with session(address) as connection:
        await connection.execute(f"BEGIN; LOCK TABLE chaukas.{table} IN ACCESS EXCLUSIVE MODE")
        tasks = [asyncio.ensure_future(each) for each in work]
        while await connection.fetchval(WAITING) < least:  # noqa: ASYNC110 (of another process)
            await asyncio.sleep(0.01)
        try:
            yield tasks
        finally:
            await connection.execute("ROLLBACK")
            await asyncio.gather(*tasks, return_exceptions=True)


def test_slow_queries_hold_up_nothing_that_stores_or_signals(database: str) -> None:
    async def steps(store: PostgresStore, other: PostgresStore) -> None:
        await store.add([row("first")])
        slow = [store.stats(Query()) for _ in range(30)]
        async with stuck(database, "rejected", slow, connections._CONNECTIONS[Lane.READ]) as tasks:
            heard = asyncio.ensure_future(other.changed(HANG))
            for number in range(20):
                assert await store.add([row(f"{number}")]) == [NEW]
                assert await store.add([]) == []
            while not heard.done():
                await store.add([row("more")])
                await asyncio.sleep(0.01)
            assert await heard
            assert await store.delete(Deletion(Tenancy("nobody"), "s")) == 0
            assert not any(task.done() for task in tasks)
        assert all(task.exception() is None for task in tasks)

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr(connections, "_CONNECT_SECONDS", HANG)
        on(database, steps, count=2)


def test_rejected_events_that_get_stuck_hold_up_no_others(database: str) -> None:
    async def steps(store: PostgresStore) -> None:
        rejecting = [store.keep_rejected([Rejected(f"{n}", "", "", "why", b"", 1.0)]) for n in range(20)]
        async with stuck(database, "rejected", rejecting, connections._CONNECTIONS[Lane.REJECT]):
            for number in range(20):
                assert await store.add([row(f"{number}")]) == [NEW]
                assert await store.add([]) == []

    on(database, steps)


def test_deletions_at_once_wait_for_each_other_and_not_for_connections(database: str) -> None:
    async def steps(*stores: PostgresStore) -> None:
        await stores[0].add([row(f"{number}", tenant_id=f"t{number}") for number in range(12)])
        deleting = [stores[number % 2].delete(Deletion(Tenancy(f"t{number}"))) for number in range(12)]
        assert await asyncio.gather(*deleting) == [1] * 12

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr(connections, "_CONNECT_SECONDS", HANG)
        on(database, steps, count=2)


@pytest.mark.parametrize(
    "what", ["find", "stats", "sessions", "conflicts", "rejected", "deletions", "follow", "counts"]
)
def test_whatever_is_read_has_a_time_limit_and_ends_with_its_caller(
    database: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chaukas_spec_lite.collector.stores.postgres import finding, listing
    from chaukas_spec_lite.collector.stores.postgres import store as module

    async def main() -> None:
        async with opened(database) as (store,), session(database) as connection:
            everybody = Tenancy()
            work = {
                "find": ("events", lambda: store.find(Query(), ROOM, time_limit=limit)),
                "stats": ("conflicts", lambda: store.stats(Query())),
                "sessions": ("events", lambda: store.sessions(everybody, 5)),
                "conflicts": ("conflicts", lambda: store.conflicts(everybody, 5)),
                "rejected": ("rejected", lambda: store.rejected(everybody, 5)),
                "deletions": ("deletions", lambda: store.deletions(everybody, 5)),
                "follow": ("events", lambda: store.follow(Query(), cursor, ROOM, time_limit=limit)),
                "counts": ("conflicts", lambda: store.counts(everybody)),
            }
            cursor = (await store.follow(Query(), "", ROOM)).cursor
            await store.add([row("a")])
            table, ask = work[what]
            limit = HANG
            await connection.execute(f"BEGIN; LOCK TABLE chaukas.{table} IN ACCESS EXCLUSIVE MODE")
            asking = asyncio.ensure_future(ask())
            while not await connection.fetchval(WAITING):  # noqa: ASYNC110 (of another process)
                await asyncio.sleep(0.01)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert not await connection.fetchval(WAITING)
            limit = 0.2
            monkeypatch.setattr(finding, "STATS_SECONDS", limit)
            monkeypatch.setattr(module, "STATS_SECONDS", limit)
            monkeypatch.setattr(listing, "READ_SECONDS", limit)
            with pytest.raises(QueryTimeoutError, match=r"took more than 0\.2 seconds"):
                await ask()
            await connection.execute("ROLLBACK")

    run(main())


@pytest.mark.parametrize("what", ["find", "stats"])
def test_a_search_for_text_that_finds_nothing_ends_too(database: str, what: str) -> None:
    """It decodes event after event, none of which has the text, in a thread that nobody can cancel."""
    looked: list[bytes] = []
    goes_on = threading.Event()

    def slow(data: bytes) -> str:
        looked.append(data)
        goes_on.wait(HANG)
        return texts(data)

    async def main() -> None:
        store = PostgresStore(database, texts=slow)
        await store.open()
        await store.add([row(f"{number}") for number in range(50)])
        query = Query(text="nothing has this")
        asking = asyncio.ensure_future(store.find(query, ROOM) if what == "find" else store.stats(query))
        await until(lambda: len(looked) == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        goes_on.set()
        await asyncio.get_running_loop().shutdown_default_executor()  # which waits for the thread
        assert len(looked) == 1
        await store.close()

    run(main())
