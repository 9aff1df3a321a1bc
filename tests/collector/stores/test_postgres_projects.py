"""What a tenant with many projects asks for in PostgreSQL: the same answers, and no look at each of its projects."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from chaukas_spec_lite.collector.stores.asking import Query, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.postgres import connections, finding, statements
from chaukas_spec_lite.collector.stores.postgres.schema import LOCK, VERSION
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.events import NEW, REPEATED, ROOM, ids, row, texts
from tests.collector.stores.postgres_calls import DAY, Hand, on, opened, session
from tests.collector.stores.test_postgres_log import COLUMNS, VERSION_4
from tests.patience import run

pytestmark = pytest.mark.stores

PROJECTS = 2000
ACME = Tenancy("acme")
BUFFERS = 400
"""How many pages of the database a question may look at: far fewer than there are projects, and hardly more than with
one of them."""
INDEXES = """
SELECT indexdef::text FROM pg_indexes
WHERE schemaname = 'chaukas' AND tablename !~ '^events_[0-9]' AND tablename <> 'copies' ORDER BY 1
"""

WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0"

PAGES = {
    "all": Query(ACME),
    "type": Query(ACME, types=(0,)),
    "session": Query(ACME, session_id="s7"),
    "trace": Query(ACME, trace_id="t7"),
    "span": Query(ACME, span_id="x7"),
    "agent": Query(ACME, agent_id="rare"),
    "agent of many projects": Query(ACME, agent_id="common"),
    "agent of none": Query(ACME, agent_id="nobody"),
}
CALLS: dict[str, Callable[[PostgresStore], Awaitable[object]]] = {
    "sessions": lambda store: store.sessions(ACME, 20),
    "sessions since": lambda store: store.sessions(ACME, 20, None, SessionFilter(start=(9_990, 0))),
    "log": lambda store: places(store, *map(str, range(100))),
}


async def places(store: PostgresStore, *event_ids: str) -> object:
    assert store.log is not None
    found = await store.log.places(ACME, *event_ids)
    assert len(found) == len(event_ids)
    return found


@asynccontextmanager
async def buffers(address: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, int]]:
    """How many pages of the database each statement looks at that is sent meanwhile."""
    import asyncpg

    taken: dict[str, int] = {}
    fetch = asyncpg.Connection.fetch
    async with session(address) as other:
        await other.execute("SET search_path = chaukas")

        async def explained(self: Any, query: str, *values: Any, **options: Any) -> Any:
            plan = await fetch(other, f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", *values)
            top = json.loads(plan[0][0])[0]["Plan"]
            taken[query] = top["Shared Hit Blocks"] + top["Shared Read Blocks"]
            return await fetch(self, query, *values, **options)

        with monkeypatch.context() as patch:
            patch.setattr(asyncpg.Connection, "fetch", explained)
            yield taken


def test_nothing_looks_at_each_project(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Hand()

    async def steps(store: PostgresStore) -> None:
        for day in range(3):
            await store.add([event(number) for number in range(day * 2 * PROJECTS, (day + 1) * 2 * PROJECTS)])
            clock.now += DAY
        await store.vacuum()  # plans are made of what PostgreSQL knows about the tables
        for name, query in PAGES.items():
            for descending in (True, False):
                async with buffers(database, monkeypatch) as taken:
                    asked = replace(query, descending=descending)
                    page = await store.find(asked, ROOM)
                    assert bool(page.events) == (name != "agent of none")
                    if page.next_page_token:
                        await store.find(replace(asked, page_token=page.next_page_token), ROOM)
                assert taken
                assert max(taken.values()) < BUFFERS, (name, descending, taken)
        for name, call in CALLS.items():
            async with buffers(database, monkeypatch) as taken:
                assert await call(store)
            assert taken
            assert max(taken.values()) < 2 * BUFFERS, (name, taken)

    on(database, steps, clock=clock, log=True)


def event(number: int) -> Any:
    return row(
        f"{number}",
        at=number,
        tenant_id="acme",
        project_id=f"p{number % PROJECTS}",
        session_id=f"s{number // 20}",
        trace_id=f"t{number // 10}",
        span_id=f"x{number // 2}",
        agent_id="rare" if number % 1000 == 7 else "common",
    )


@pytest.mark.parametrize("most", [0, 2, 64])
def test_projects_that_have_a_value_are_as_good_as_all(
    database: str, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """However many of them there are."""
    for module in (finding, statements):
        monkeypatch.setattr(module, "MAX_PLACES", most)
    chance = random.Random(5)
    rows = [
        row(
            f"{number}",
            at=chance.choice((None, *range(9))),
            tenant_id=chance.choice("ab"),
            project_id=chance.choice(("", "p", "q", "\0")),
            session_id=chance.choice(("", "s", "\0s")),
            agent_id=chance.choice(("", "x", "y")),
            trace_id=chance.choice(("", "t")),
            span_id=chance.choice("uv"),
        )
        for number in range(150)
    ]
    wanted = [
        Query(),
        *(Query(session_id=each) for each in ("s", "\0s", "none")),
        Query(agent_id="x"),
        Query(agent_id="x", session_id="s"),
        Query(trace_id="t", span_id="u"),
        Query(span_id="v", start=(3, 0)),
    ]
    whose = [
        Tenancy(),
        Tenancy("a"),
        Tenancy("b"),
        Tenancy("c"),
        Tenancy("a", "p"),
        Tenancy("a", "\0"),
        Tenancy(None, "q"),
    ]

    async def steps(store: PostgresStore) -> None:
        memory = MemoryStore(texts=texts)
        await memory.open()
        for each in rows:  # one after the other, as they stand in that order in both
            await memory.add([each])
            await store.add([each])
        for query, tenancy, descending in itertools.product(wanted, whose, (True, False)):
            asked = replace(query, tenancy=tenancy, descending=descending, size=7)
            assert await ids(store, asked) == await ids(memory, asked), asked
        await memory.close()

    on(database, steps)


def test_a_database_of_version_4_gets_its_indexes_however_long_that_takes(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(connections, "_WRITE_SECONDS", 0.3)

    async def main() -> None:
        async with opened(database) as (store,), session(database) as connection:
            await store.add([event(number) for number in range(20)])
            before, columns = await connection.fetch(INDEXES), await connection.fetch(COLUMNS)
            await connection.execute(VERSION_4)
            assert await connection.fetch(INDEXES) != before
        async with session(database) as slow, session(database) as connection:
            await slow.execute("BEGIN; LOCK TABLE chaukas.event_ids IN ROW EXCLUSIVE MODE")
            later = asyncio.get_running_loop().call_later(1.0, slow.terminate)
            async with opened(database) as (store,):
                assert await ids(store, Query(ACME, session_id="s0", descending=False)) == [f"{n}" for n in range(20)]
                assert await store.check() == []
            later.cancel()
            assert await connection.fetch(INDEXES) == before
            assert await connection.fetch(COLUMNS) == columns
            assert await connection.fetchval("SELECT version FROM chaukas.store") == VERSION

    run(main())
    (told,) = (each.getMessage() for each in caplog.records if "format" in each.getMessage())
    assert told.endswith(
        f"from format 4 to {VERSION}: nobody can store meanwhile, and it waits for who reads, such as a dump"
    )


def test_a_collector_that_ends_amid_that_leaves_all_as_it_was(database: str) -> None:
    """And whoever reads meanwhile, such as a dump, can read on; what others store waits, and comes in."""

    async def main() -> None:
        async with opened(database) as (other,), session(database) as dump, session(database) as connection:
            await other.add([event(number) for number in range(20)])
            await connection.execute(VERSION_4)
            before = await connection.fetch(INDEXES)
            await dump.execute("BEGIN; LOCK TABLE chaukas.event_ids IN ACCESS SHARE MODE")
            opening = asyncio.ensure_future(store_at(database).open())
            await waits(connection, "ALTER TABLE")
            assert len(await dump.fetch("SELECT FROM chaukas.events")) == 20
            adding = asyncio.ensure_future(other.add([event(20)]))
            await waits(connection, "IN ROW EXCLUSIVE")
            opening.cancel()
            await asyncio.wait({opening})
            assert await adding == [NEW]
            assert await connection.fetch(INDEXES) == before
            assert await connection.fetchval("SELECT version FROM chaukas.store") == 4
            await dump.execute("ROLLBACK")
            async with opened(database) as (store,):
                assert await store.check() == []
                # The other one, which has begun before, goes on.
                assert await other.add([event(20), event(21)]) == [REPEATED, NEW]
                for each in store, other:
                    assert len(await ids(each, Query(ACME))) == 22

    run(main())


def test_a_database_of_a_dump_is_numbered_anew_however_long_that_takes(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_WRITE_SECONDS", 0.3)

    async def main() -> None:
        async with opened(database) as (store,), session(database) as connection:
            await store.add([event(number) for number in range(20)])
            await connection.execute("UPDATE chaukas.events SET xid = xid + (1::bigint << 40)")
        async with session(database) as slow:
            await slow.execute("BEGIN; LOCK TABLE chaukas.events IN SHARE MODE")
            later = asyncio.get_running_loop().call_later(1.0, slow.terminate)
            async with opened(database) as (store,):
                assert len(await ids(store, Query(ACME))) == 20
            later.cancel()

    run(main())


def test_where_there_is_nothing_to_bring_to_another_format_nobody_waits_for_long(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that has frozen never answers, and another host may have taken over."""
    monkeypatch.setattr(connections, "_WRITE_SECONDS", 0.3)

    async def main() -> None:
        async with opened(database), session(database) as frozen:
            await frozen.execute(f"SELECT pg_advisory_lock({LOCK})")
            with pytest.raises(StoreError):
                await store_at(database).open()

    run(main())


async def waits(connection: Any, statement: str) -> None:
    """Wait until a statement with these words waits for a lock."""
    found = 0
    while not found:
        found = await connection.fetchval(WAITS, statement)


def store_at(address: str) -> PostgresStore:
    return PostgresStore(address, texts=texts)
