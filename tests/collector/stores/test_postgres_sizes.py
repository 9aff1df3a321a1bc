"""The sums of sizes in PostgreSQL: they are those of what is there, whatever is deleted, and cost what is new."""

from __future__ import annotations

import asyncio
import random

import pytest

from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, Retention
from chaukas_spec_lite.collector.stores.postgres import sizes, upkeep
from chaukas_spec_lite.collector.stores.postgres.schema import UPKEEP_LOCK
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.events import conflicting, every_page, ids, row
from tests.collector.stores.postgres_calls import DAY, Hand, on, opened, session
from tests.collector.stores.test_postgres_log import VERSION_3
from tests.patience import run

pytestmark = pytest.mark.stores

ACME, OTHER = Tenancy("acme"), Tenancy("other")
UNBOUNDED = 10**15

KEPT = "SELECT tenant_id, day, source, bytes FROM chaukas.sizes WHERE bytes <> 0 ORDER BY 1, 2, 3"
THERE = """
SELECT tenant_id, day, 'conflicts' AS source, sum(octet_length(data))::bigint AS bytes FROM (
    SELECT tenant_id, (received AT TIME ZONE 'UTC')::date AS day, data FROM chaukas.conflicts
) AS each GROUP BY 1, 2
UNION ALL SELECT tenant_id, day, 'events', sum(octet_length(data))::bigint FROM chaukas.events GROUP BY 1, 2
ORDER BY 1, 2, 3
"""
READ = """
SELECT coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_all_tables
WHERE schemaname = 'chaukas' AND relname ~ '^events_[0-9]|^conflicts'
"""
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


async def are_right(database: str) -> None:
    async with session(database) as connection:
        assert list(map(tuple, await connection.fetch(KEPT))) == list(map(tuple, await connection.fetch(THERE)))


def test_sums_are_those_of_what_is_there_whatever_is_stored_and_deleted(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "_STEP", 7)
    monkeypatch.setattr(upkeep, "_STEP", 5)
    chance = random.Random(11)
    clock = Hand()

    async def steps(*stores: PostgresStore) -> None:
        for number in range(30):
            for store in stores:
                rows = [
                    row(
                        f"{chance.randrange(300)}",
                        tenant_id=chance.choice(("acme", "other")),
                        session_id=chance.choice("st"),
                        agent_id="x" * chance.randrange(200),
                    )
                    for _ in range(chance.randrange(20))
                ]
                await store.add(rows)
            store = chance.choice(stores)
            for what in chance.sample(range(4), 2):
                if what == 0:
                    await store.delete(Deletion(ACME, "s"))
                if what == 1 and not number % 5:
                    await store.delete(Deletion(OTHER))
                if what == 2:
                    await store.retain(Retention(max_age=2 * DAY))
                if what == 3:
                    await store.retain(Retention(max_bytes=chance.randrange(10_000)))
            await store.retain(Retention(max_bytes=UNBOUNDED))
            await are_right(database)
            assert await store.check() == []
            clock.now += chance.choice((0, DAY / 3, DAY))

    on(database, steps, count=2, clock=clock)


WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
HOLDERS = """
SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest.mark.parametrize("deletes", [False, True], ids=["both count", "one deletes"])
def test_who_has_lost_the_turn_to_delete_counts_nothing_twice(deletes: bool, database: str) -> None:
    """The connection that holds the turn is ended, as an idle one, while the work goes on: so another has it, too."""

    async def steps(one: PostgresStore, two: PostgresStore) -> None:
        await one.add([row(f"old {number}", tenant_id="acme", session_id="old") for number in range(10)])
        await one.retain(Retention(max_bytes=UNBOUNDED))
        await one.add([row(f"new {number}", tenant_id="acme", session_id="new") for number in range(10)])
        async with session(database) as connection, session(database) as holder:
            transaction = holder.transaction()
            await transaction.start()
            await holder.execute("SELECT FROM chaukas.sizes FOR UPDATE")
            first = asyncio.ensure_future(one.retain(Retention(max_bytes=UNBOUNDED)))
            while not await connection.fetchval(WAITING):  # noqa: ASYNC110 (of other processes)
                await asyncio.sleep(0.01)
            assert await connection.fetchval(HOLDERS, UPKEEP_LOCK)
            again = two.delete(Deletion(ACME, "new")) if deletes else two.retain(Retention(max_bytes=UNBOUNDED))
            second = asyncio.ensure_future(again)
            while await connection.fetchval(WAITING) < 2 and not second.done():  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.01)
            await transaction.commit()
            with pytest.raises(StoreError):
                await first
            await second
        await two.retain(Retention(max_bytes=UNBOUNDED))
        await are_right(database)
        assert await two.check() == []

    on(database, steps, count=2)


def test_who_has_lost_the_turn_to_delete_deletes_nothing_twice(database: str) -> None:
    async def steps(one: PostgresStore, two: PostgresStore) -> None:
        rows = [row(f"{number:02}", tenant_id="acme") for number in range(20)]
        await one.add(rows)
        await one.retain(Retention(max_bytes=UNBOUNDED))
        retention = Retention(max_bytes=sum(len(each.data) for each in rows[12:]))
        async with session(database) as connection, session(database) as holder:
            transaction = holder.transaction()
            await transaction.start()
            await holder.execute("SELECT FROM chaukas.sizes FOR UPDATE")
            first = asyncio.ensure_future(one.retain(retention))
            while not await connection.fetchval(WAITING):  # noqa: ASYNC110 (of other processes)
                await asyncio.sleep(0.01)
            assert await connection.fetchval(HOLDERS, UPKEEP_LOCK)
            second = asyncio.ensure_future(two.retain(retention))
            while await connection.fetchval(WAITING) < 2:  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.01)
            await transaction.commit()
            with pytest.raises(StoreError):
                await first
            assert await second == 0
        assert sorted(await ids(two)) == [each.event_id for each in rows[12:]]
        await are_right(database)

    on(database, steps, count=2)


def test_conflicts_go_with_the_events_of_their_day(database: str) -> None:
    clock = Hand()

    async def steps(store: PostgresStore) -> None:
        for day in "abc":
            await store.add([row(day, tenant_id="acme", agent_id="x" * 1000)])
            await store.add([row(day, tenant_id="acme", agent_id="y" * 1000)])
            clock.now += DAY
        size = len(row("a", tenant_id="acme", agent_id="x" * 1000).data)
        assert await store.retain(Retention(max_bytes=3 * size)) == 2, "and a conflict"
        assert await ids(store) == ["c"]
        assert [each.event_id for each in await conflicting(store, ACME, 5)] == ["c", "b"]
        assert await store.retain(Retention(max_bytes=2 * size)) == 0, "but another conflict"
        assert [each.event_id for each in await conflicting(store, ACME, 5)] == ["c"]
        await are_right(database)

    on(database, steps, clock=clock)


async def read(database: str, retention: Retention, expected: int) -> int:
    """How many rows of events and conflicts PostgreSQL reads to delete so many."""
    async with session(database) as connection:
        before = await connection.fetchval(READ)
        async with opened(database) as (store,):
            assert await store.retain(retention) == expected
        # What a connection has read is known when it has ended.
        while await connection.fetchval(OTHERS):  # noqa: ASYNC110 (of other processes)
            await asyncio.sleep(0.01)
        return int(await connection.fetchval(READ)) - before


def test_what_has_been_counted_and_what_others_have_is_not_read_again(database: str) -> None:
    """Rows that PostgreSQL has read, as it counts them itself: independent of time, and of how busy anything is."""

    async def main() -> None:
        large = [row(f"{number}", tenant_id="acme", agent_id="x" * 1000) for number in range(300)]
        async with session(database) as connection:
            # As with so many events that none can be sorted: they are gone through in the order of their arrival.
            await connection.execute(f"ALTER DATABASE {database.rpartition('/')[2]} SET enable_sort = off")
        async with opened(database) as (store,):
            await store.add([row(f"other-{number}", tenant_id="other") for number in range(2000)])
            await store.add(large)
            await store.vacuum()
        most = sum(len(each.data) for each in large[200:])
        assert await read(database, Retention(max_bytes=most), 200) > 2000, "what is there is counted once"
        assert await read(database, Retention(max_bytes=most), 0) < 50, "and never again"
        async with opened(database) as (store,):
            await store.add([row(f"more-{number}", tenant_id="acme", agent_id="x" * 1000) for number in range(10)])
        assert await read(database, Retention(max_bytes=most), 11) < 200, "of 2,110 rows that are there"
        async with opened(database) as (store,):
            assert len(await every_page(store, Query(tenancy=OTHER, size=1000))) == 2000
            assert len(await every_page(store, Query(tenancy=ACME, size=1000))) == 99
            assert await store.check() == []

    run(main())


def test_a_look_for_what_is_too_old_reads_nothing_of_what_is_not(database: str) -> None:
    async def main() -> None:
        rows = [row(f"{number}", tenant_id="t") for number in range(2000)]
        async with session(database) as connection:
            # As with so many rows that they are never gone through without an index.
            await connection.execute(f"ALTER DATABASE {database.rpartition('/')[2]} SET enable_seqscan = off")
        async with opened(database) as (store,):
            await store.add(rows)
            await store.add([each._replace(data=each.data + b"\x18\x01") for each in rows])
            await store.vacuum()
        assert await read(database, Retention(max_age=1e6), 0) < 500, "of 4,000"

    run(main())


def test_what_a_dump_brought_back_is_counted_anew(database: str) -> None:
    async def main() -> None:
        async with opened(database) as (store,):
            await store.add([row("a", tenant_id="acme"), row("b", tenant_id="acme")])
            await store.retain(Retention(max_bytes=UNBOUNDED))
        async with session(database) as connection:
            # As in a new server, which has not come that far yet.
            await connection.execute("UPDATE chaukas.counted SET xid = xid + 1000000 WHERE source = 'events'")
        async with opened(database) as (store,):
            await store.add([row("c", tenant_id="acme")])
            await store.retain(Retention(max_bytes=UNBOUNDED))
            await are_right(database)
            async with session(database) as connection:
                await connection.execute("UPDATE chaukas.events SET xid = xid + 1000000 WHERE event_id = 'c'")
        async with opened(database) as (store,):
            await store.retain(Retention(max_bytes=UNBOUNDED))
            await are_right(database)

    run(main())


def test_a_sum_that_is_too_large_is_told_and_ends_with_its_day(database: str) -> None:
    """Whoever deletes events by hand leaves the sum as it was."""
    clock = Hand()

    async def steps(store: PostgresStore) -> None:
        await store.add([row(f"{number}", tenant_id="acme", agent_id="x" * 1000) for number in range(5)])
        clock.now += DAY
        await store.add([row("new", tenant_id="acme", agent_id="x" * 1000)])
        await store.retain(Retention(max_bytes=UNBOUNDED))
        async with session(database) as connection:
            await connection.execute("DELETE FROM chaukas.events WHERE day < '1970-01-13'")
            await connection.execute("DELETE FROM chaukas.event_ids WHERE day < '1970-01-13'")
        assert await store.check() == ["1 days of tenants of which less is there than was counted"]
        assert await store.retain(Retention(max_bytes=2000)) == 0
        assert await ids(store) == ["new"]
        assert await store.check() == []

    on(database, steps, clock=clock)


def test_a_database_of_version_3_gets_sums(database: str) -> None:
    async def main() -> None:
        async with opened(database) as (store,), session(database) as connection:
            await store.add([row("a", tenant_id="acme")])
            await connection.execute(VERSION_3)
        async with opened(database, 2) as (store, _):
            await store.retain(Retention(max_bytes=UNBOUNDED))
            await are_right(database)
            assert await store.check() == []

    run(main())
