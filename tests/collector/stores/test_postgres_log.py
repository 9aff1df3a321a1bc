"""The log in PostgreSQL: its tables, days that go, odd names, and what a check finds."""

from __future__ import annotations

import asyncio

import pytest

from chaukas_spec_lite.audit.merkle import root_of
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Addition, Deletion, Retention
from chaukas_spec_lite.collector.stores.copied import Arrived, CopyNote, Exported
from chaukas_spec_lite.collector.stores.event_log import Gone, LogEntry, LogPlace
from chaukas_spec_lite.collector.stores.postgres import log_writing
from chaukas_spec_lite.collector.stores.postgres.log_writing import LogWriter
from chaukas_spec_lite.collector.stores.postgres.schema import VERSION
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.events import ids, row
from tests.collector.stores.postgres_calls import DAY, ODD, PARTITIONS, Hand, on, opened, session
from tests.collector.stores.test_log import leaves, many, noted
from tests.patience import run

pytestmark = pytest.mark.stores

VERSION_4 = """
ALTER TABLE chaukas.event_ids DROP CONSTRAINT event_ids_pkey, ADD PRIMARY KEY (tenant_id, project_id, event_id);
CREATE INDEX events_by_session ON chaukas.events (tenant_id, project_id, session_id, seconds, nanos, seq);
CREATE INDEX events_by_trace ON chaukas.events (tenant_id, project_id, trace_id, seconds, nanos, seq);
CREATE INDEX events_by_agent ON chaukas.events (tenant_id, project_id, agent_id, seconds, nanos, seq);
CREATE INDEX events_by_span ON chaukas.events (tenant_id, project_id, span_id, seconds, nanos, seq);
CREATE INDEX log_gone_by_event ON chaukas.log_gone (tenant_id, project_id, event_id);
DROP INDEX chaukas.log_gone_of_event, chaukas.events_of_tenant, chaukas.events_of_session, chaukas.events_of_trace,
    chaukas.events_of_agent, chaukas.events_of_span;
UPDATE chaukas.store SET version = 4;
"""
VERSION_3 = f"""{VERSION_4}
DROP TABLE chaukas.sizes, chaukas.counted;
DROP INDEX chaukas.conflicts_by_arrival, chaukas.conflicts_by_age;
UPDATE chaukas.store SET version = 3;
"""
VERSION_2 = f"""{VERSION_3}
ALTER TABLE chaukas.deletions DROP COLUMN ordered_by;
UPDATE chaukas.store SET version = 2;
"""
VERSION_1 = f"""{VERSION_2}
DROP TABLE chaukas.logs, chaukas.log_leaves, chaukas.log_nodes, chaukas.log_gone, chaukas.checkpoints;
ALTER TABLE chaukas.store DROP COLUMN log, DROP COLUMN worm;
UPDATE chaukas.store SET version = 1;
"""
COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = 'chaukas' AND table_name !~ '^events_[0-9]' ORDER BY 1, 2
"""


def test_a_database_of_version_1_gets_the_tables_of_logs(database: str) -> None:
    rows = many(20)

    async def main() -> None:
        async with opened(database) as (store,), session(database) as connection:
            await store.add(rows)
            before = await connection.fetch(COLUMNS)
            await connection.execute(VERSION_1)
        async with opened(database) as (store,), session(database) as connection:
            assert store.log is None
            assert await connection.fetch(COLUMNS) == before
            assert await connection.fetchval("SELECT version FROM chaukas.store") == VERSION
        async with opened(database, 2, log=True) as (store, other):
            assert store.log is not None
            assert other.log is not None
            assert (await store.log.head("acme")).root == root_of(leaves(rows))
            assert await other.check() == []

    run(main())


def test_a_database_of_version_2_is_told_from_now_on_who_wants_a_deletion(database: str) -> None:
    async def main() -> None:
        async with opened(database, log=True) as (store,), session(database) as connection:
            await store.delete(Deletion(Tenancy("acme"), "before", by="user:ann"))
            columns = await connection.fetch(COLUMNS)
            await connection.execute(VERSION_2)
        async with opened(database) as (store,), session(database) as connection:
            await store.delete(Deletion(Tenancy("acme"), "after", by="user:ann"))
            assert [each.deletion.by for each in (await store.deletions(Tenancy(), 9)).items] == ["user:ann", ""]
            assert await connection.fetch(COLUMNS) == columns
            assert await connection.fetchval("SELECT version FROM chaukas.store") == VERSION

    run(main())


def test_a_log_is_filled_while_others_store_and_misses_none(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stores events without a log when it is turned on stores them with one from the very next."""
    monkeypatch.setattr(log_writing, "_STEP", 5)
    monkeypatch.setattr(log_writing, "_LAST_STEP", 3)
    rows = many(300)

    async def main() -> None:
        async with opened(database) as (store,):
            await store.add(rows[:50])
            storing = asyncio.ensure_future(_store(store))
            async with opened(database, log=True) as (other,):
                assert other.log is not None
                await storing
                assert (await other.log.head("acme")).size == len(rows)
                assert await other.check() == []

    async def _store(store: PostgresStore) -> None:
        for each in rows[50:]:
            assert await store.add([each]) == [Addition.NEW]

    run(main())


def test_a_record_stays_of_each_event_of_days_that_are_dropped(database: str) -> None:
    clock = Hand()

    async def steps(store: PostgresStore) -> None:
        rows = [row(f"{number}", tenant_id="acme", project_id="p") for number in range(8)]
        for day in range(4):
            await store.add(rows[2 * day : 2 * day + 2])
            clock.now += DAY
        clock.now -= DAY
        assert await store.retain(Retention(max_age=DAY)) == 4
        assert await ids(store) == ["4", "5", "6", "7"]
        async with session(database) as connection:
            assert len(await connection.fetch(PARTITIONS)) == 2
        log = store.log
        assert log is not None
        gone = [
            LogEntry(index, each, "p", f"{index}", None, Gone(clock.now)) for index, each in enumerate(leaves(rows[:4]))
        ]
        assert await log.entries("acme", 0, 4) == gone
        assert (await log.head("acme")).root == root_of(leaves(rows))
        assert await store.retain(Retention(max_bytes=0)) == 4
        assert [each.gone for each in await log.entries("acme", 4, 9)] == [Gone(clock.now)] * 4
        assert await store.check() == []

    on(database, steps, clock=clock, worm=True)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_names_of_any_kind_are_in_the_log_as_they_are(database: str, text: str) -> None:
    stored = row(text, tenant_id=text, project_id=text)

    async def steps(store: PostgresStore) -> None:
        await store.add([stored, row("a", tenant_id="acme")])
        log = store.log
        assert log is not None
        (leaf,) = leaves([stored])
        assert {each.tenant_id for each in await log.heads()} == {"acme", text}
        assert (await log.head(text)).root == leaf
        place = LogPlace(0, text, text, text, leaf)
        assert await log.places(Tenancy(text, text), text) == [place]
        assert (await log.entries(text, 0, 2)) == [LogEntry(0, leaf, text, text, stored.data)]
        await log.keep_checkpoint(text, 1, "note")
        assert (await log.checkpoints(text))[0].note == "note"
        deletion = Deletion(Tenancy(text, text), reason=text)
        await store.delete(deletion)
        (entry,) = await log.entries(text, 0, 2)
        assert (entry.project_id, entry.event_id) == (text, text)
        assert entry.gone is not None
        assert entry.gone.deletion == deletion
        assert await log.places(Tenancy(text, text), text) == [place]

    on(database, steps, worm=True)


def test_one_part_of_a_copy_may_be_of_several_days(database: str) -> None:
    rows = many(9)

    async def steps(store: PostgresStore) -> None:
        part = Exported(events=[Arrived(each, number % 3 * DAY) for number, each in enumerate(rows)])
        await store.restore(part, CopyNote("source", "", "begun"))
        assert store.log is not None
        assert [each.data for each in await store.log.entries("acme", 0, 9)] == [each.data for each in rows]
        assert (await store.log.head("acme")).root == root_of(leaves(rows))
        assert await store.check() == []

    on(database, steps, log=True)


def test_collectors_that_share_tenants_in_any_order_do_not_wait_for_each_other_for_ever(database: str) -> None:
    async def steps(*stores: PostgresStore) -> None:
        def part(number: int) -> list[int]:
            return list(range(10) if number % 2 else reversed(range(10)))

        adding = [
            store.add([row(f"{which}-{number}", tenant_id=f"t{tenant}") for tenant in part(number)])
            for number in range(10)
            for which, store in enumerate(stores)
        ]
        await asyncio.gather(*adding)
        log = stores[0].log
        assert log is not None
        assert [each.size for each in await log.heads()] == [30] * 10
        assert await stores[0].check() == []

    on(database, steps, 3, log=True)


def test_a_head_that_was_known_and_is_gone_is_made_anew(database: str) -> None:
    async def steps(store: PostgresStore) -> None:
        await store.add(many(1))
        async with session(database) as connection:
            await connection.execute("DELETE FROM chaukas.logs; DELETE FROM chaukas.log_leaves")
        await store.add([row("x", tenant_id="acme")])
        assert store.log is not None
        assert (await store.log.head("acme")).size == 1
        assert await store.check() == [
            "log of tenant 'acme': 1 of its entries have their events, and there are 2 events"
        ]

    on(database, steps, log=True)


def test_what_fails_leaves_nothing_in_the_log(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = LogWriter.append

    async def append(*args: object) -> set[str]:
        await real(*args)  # type: ignore[arg-type]
        raise StoreError("killed")

    async def steps(store: PostgresStore) -> None:
        await store.add(many(2))
        with monkeypatch.context() as patch:
            patch.setattr(LogWriter, "append", append)
            with pytest.raises(StoreError, match="killed"):
                await store.add([row("x", tenant_id="acme"), row("y", tenant_id="new")])
        assert store.log is not None
        assert (await store.log.head("acme")).root == root_of(leaves(many(2)))
        await store.add([row("y", tenant_id="new")])
        assert [each.tenant_id for each in await store.log.heads()] == ["acme", "new"]
        assert await store.check() == []

    on(database, steps, log=True)


TAMPERED = {
    "UPDATE chaukas.events SET data = 'x' WHERE event_id = '2'": "entries that are not the hashes of their events: 2",
    "UPDATE chaukas.log_nodes SET hash = 'x'": "hashes that are not those of the entries below: 0 of level 8",
    "UPDATE chaukas.logs SET size = size - 1": "its head, of 299 entries, is not that of the 300 that there are",
    "UPDATE chaukas.log_leaves SET hashes = 'x' WHERE first = 0": "entries of a log are damaged, from 0 on",
    "UPDATE chaukas.checkpoints SET size = 2": "checkpoints that its entries contradict: of 2",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_a_check_names_what_somebody_has_done(database: str, statement: str) -> None:
    rows = many(300)

    async def steps(store: PostgresStore) -> None:
        await store.add(rows)
        assert store.log is not None
        await store.log.keep_checkpoint("acme", 3, noted(rows, 3))
        assert await store.check() == []
        async with session(database) as connection:
            await connection.execute(statement)
        assert f"log of tenant 'acme': {TAMPERED[statement]}" in "\n".join(await store.check())

    on(database, steps, log=True)
