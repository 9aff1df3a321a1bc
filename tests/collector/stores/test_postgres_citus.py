"""What Citus needs to distribute the tables by tenant, as far as that can be told without it.

Each table has a tenant, or is one of those that all nodes have; each key begins with it; and each statement that is for
some tenants, on whatever table, names them there: so it goes to their nodes, and joins nothing across them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaukas_spec_lite.collector.stores.asking import Query, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, Rejected, Retention
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from tests.collector.stores.events import CONFLICT, NEW, ROOM, row
from tests.collector.stores.postgres_calls import on, seen, session

pytestmark = pytest.mark.stores

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "collector-database.md"
REFERENCE = {"store", "copies", "counted", "owners", "logs"}
"""Tables that all nodes have: few rows, and of these some that belong to no tenant, or that a statement locks."""
TABLES = "SELECT relname::text FROM pg_class WHERE relnamespace = 'chaukas'::regnamespace AND relkind IN ('r', 'p')"
KEYS = """
SELECT indrelid::regclass::text, attname::text FROM pg_index
JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = 'chaukas'::regnamespace AND (indisunique OR indisexclusion)
"""
WITH_TENANT = """
SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'chaukas'::regnamespace AND attname = 'tenant_id' AND attnotnull AND relkind IN ('r', 'p')
"""
ACROSS_ROWS = """
SELECT conname::text FROM pg_constraint
WHERE connamespace = 'chaukas'::regnamespace AND contype IN ('f', 't', 'x')
UNION ALL SELECT tgname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = 'chaukas'::regnamespace
"""


def days_left_out(tables: set[str]) -> set[str]:
    return {name for name in tables if not re.fullmatch(r"events_\d{8}", name)}


def test_tables_have_a_tenant_and_keys_begin_with_it(database: str) -> None:
    async def steps(store: PostgresStore) -> None:
        await store.add([row("a")])
        async with session(database) as connection:
            tables = days_left_out({name for (name,) in await connection.fetch(TABLES)})
            keys = await connection.fetch(KEYS)
            with_tenant = {name.removeprefix("chaukas.") for (name,) in await connection.fetch(WITH_TENANT)}
            assert await connection.fetch(ACROSS_ROWS) == [], "no key of one table into another, and nothing hidden"
        assert len(keys) == 11
        assert {first for _, first in keys} == {"tenant_id"}
        assert tables - REFERENCE == days_left_out(with_tenant) - REFERENCE
        guide = GUIDE.read_text("utf-8")
        distributed = set(re.findall(r"create_distributed_table\('chaukas\.(\w+)', 'tenant_id'", guide))
        assert distributed == tables - REFERENCE, "the guide says of each table what becomes of it"
        assert set(re.findall(r"create_reference_table\('chaukas\.(\w+)'", guide)) == REFERENCE

    on(database, steps, log=True)


def unbound(statement: str, distributed: set[str]) -> list[str]:
    """Tables that a statement touches without naming their tenants there."""
    found: list[str] = []
    for table in distributed:
        stored = re.findall(rf"INSERT INTO {table} \(([^)]*)\)", statement)
        found += [table for columns in stored if "tenant_id" not in columns.split(", ")]
        touched = len(re.findall(rf"\b(?:FROM|JOIN|UPDATE|INTO) {table}\b", statement)) - len(stored)
        found += [table] * touched
    conditions = re.findall(r"\btenant_id (?:= |IN )|USING \(tenant_id\b", statement)
    return found[len(conditions) :]


def test_a_statement_without_its_tenant_is_found() -> None:
    tables = {"events", "log_gone"}
    assert unbound("SELECT tenant_id, data FROM events WHERE seq = $1", tables) == ["events"]
    assert unbound("SELECT data FROM events WHERE tenant_id = $1", tables) == []
    assert unbound("SELECT data FROM events JOIN log_gone USING (seq) WHERE tenant_id = $1", tables)
    assert unbound("INSERT INTO events (seq, data) SELECT 1, 2", tables) == ["events"]
    assert unbound("INSERT INTO events (tenant_id, seq) SELECT 1, 2", tables) == []


async def store_events(store: PostgresStore) -> None:
    rows = [row(f"{n}", tenant_id="acme", project_id="p", session_id="s", agent_id="x" * 100) for n in range(5)]
    rows += [row("b", tenant_id="acme"), row("c", tenant_id="other")]
    rows += [row(f"more-{n}", tenant_id="acme", project_id="q") for n in range(250)]  # so that levels are kept
    assert await store.add(rows) == [NEW] * len(rows)
    await store.add(rows)
    assert await store.add([rows[0]._replace(data=rows[0].data + b"\x18\x01")]) == [CONFLICT]
    await store.keep_rejected([Rejected("acme", "p", "e", "why", b"x", 1.0)])


async def read_events(store: PostgresStore) -> None:
    for tenancy in (Tenancy("acme", "p"), Tenancy("acme")):
        for query in (Query(tenancy=tenancy), Query(tenancy=tenancy, session_id="s"), Query(tenancy=tenancy, text="x")):
            await store.find(query, ROOM)
            await store.stats(query)
            await store.follow(query, "", ROOM)
        await store.sessions(tenancy, 5)
        await store.sessions(tenancy, 5, only=SessionFilter(with_errors=True))
        for listed in (store.conflicts, store.rejected, store.deletions):
            await listed(tenancy, 5)
        await store.counts(tenancy)
        assert store.log is not None
        await store.log.places(tenancy, "0")
    await store.log.head("acme")
    await store.log.hashes("acme", 0, 0, 3)
    await store.log.hashes("acme", 8, 0, 1)
    await store.log.entries("acme", 0, 10)
    await store.log.keep_checkpoint("acme", 3, "note")
    await store.log.checkpoints("acme")


async def delete_events(store: PostgresStore) -> None:
    await store.delete(Deletion(Tenancy("acme", "p"), "s"))
    await store.delete(Deletion(Tenancy("acme")))
    assert store.log is not None
    await store.log.entries("acme", 0, 10)  # which tells of what was deleted


def test_statements_for_a_tenant_name_it(database: str) -> None:
    """Of storing, reading and deletion, on all tables that are distributed."""
    distributed: set[str] = set()

    async def steps(store: PostgresStore) -> None:
        async with session(database) as connection:
            distributed.update(days_left_out({name for (name,) in await connection.fetch(TABLES)}) - REFERENCE)
        for work in (store_events, read_events, delete_events):
            async with seen() as statements:
                await work(store)
            about = [each for each in statements if re.search(rf"\b({'|'.join(distributed)})\b", each)]
            assert len(about) > 10, work
            assert [each for each in about if unbound(each, distributed)] == []
            # Citus locks rows of one node's alone.
            locking = [each for each in about if "FOR UPDATE" in each or "FOR SHARE" in each]
            assert locking == [], work

    on(database, steps, log=True, worm=True)


def test_retention_by_size_names_the_tenant_where_it_deletes(database: str) -> None:
    """What it counts goes to all nodes, as the guide says."""

    async def steps(store: PostgresStore) -> None:
        await store_events(store)
        async with seen() as statements:
            assert await store.retain(Retention(max_bytes=50)) > 6
        deleting = [
            each for each in statements if re.search(r"\b(DELETE FROM|UPDATE) (events|conflicts|sizes)\b", each)
        ]
        assert len(deleting) > 3
        assert [each for each in deleting if unbound(each, {"events", "conflicts", "event_ids", "sizes"})] == []

    on(database, steps, worm=True)
