"""How much one step of a deletion deletes, which is what writers wait for: bounded in events and in bytes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, Rejected, Retention, Store
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.sqlite import deleting
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from tests.collector.stores.events import all_rejected, conflicting, ids, row, texts
from tests.patience import run

ACME = Tenancy("acme")
LARGE = 1 << 19
Ways = Callable[[Store], Awaitable[int]]

WAYS: dict[str, Ways] = {
    "a tenant": lambda store: store.delete(Deletion(ACME)),
    "a session": lambda store: store.delete(Deletion(ACME, "s")),
    "too old": lambda store: store.retain(Retention(max_age=50)),
    "too much": lambda store: store.retain(Retention(max_bytes=LARGE // 2)),
}


class Hand:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def fill(store: Store, clock: Hand, *, conflicts: bool = True) -> int:
    """Put in large and small events, conflicts with some of them, and large rejected ones; return how many events."""
    large = [row(f"l{n}", tenant_id="acme", session_id="s", agent_id="x" * LARGE) for n in range(20)]
    small = [row(f"s{n}", tenant_id="acme", session_id="s", tags=["t"]) for n in range(1500)]
    for part in (large[:10], small, large[10:]):
        await store.add(part)
    if conflicts:
        await store.add([row(f"l{n}", tenant_id="acme", session_id="s", agent_id="y" * LARGE) for n in range(20)])
    await store.keep_rejected([Rejected("acme", "", "", "why", b"x" * LARGE, clock.now) for n in range(12)])
    await store.add([row("other", tenant_id="other")])
    clock.now += 100
    await store.add([row("new", tenant_id="other")])
    return len(large) + len(small)


async def after(store: Store, way: str, clock: Hand, count: int) -> None:
    deleted = await WAYS[way](store)
    assert deleted == count + (way == "too old")
    assert await ids(store) == (["new"] if way == "too old" else ["other", "new"])
    assert await conflicting(store, ACME, 5) == []
    assert len(await all_rejected(store, ACME)) == (0 if way in ("a tenant", "too old") else 12)
    assert await store.check() == []
    assert (await store.stats(Query(tenancy=ACME))).events == 0


@pytest.mark.parametrize("index_text", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_sqlite(way: str, index_text: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[int, int]] = []
    remove = deleting.remove

    def spied(connection: sqlite3.Connection, chosen: deleting.Chosen, *args: Any) -> int:
        numbers = ", ".join(map(str, chosen.numbers))
        statement = f"SELECT count(*), sum(length(data)) FROM {chosen.table} WHERE seq IN ({numbers})"
        steps.extend(connection.execute(statement))
        before = connection.total_changes
        try:
            return remove(connection, chosen, *args)
        finally:
            # Nothing that grows with the events goes beside them.
            assert connection.total_changes - before < 5 * len(chosen.numbers) + 10

    monkeypatch.setattr(deleting, "remove", spied)
    monkeypatch.setattr(deleting, "STEP_BYTES", 2 << 20)

    async def main() -> None:
        clock = Hand()
        store = SQLiteStore(tmp_path / "events.db", texts=texts, index_text=index_text, clock=clock)
        await store.open()
        await after(store, way, clock, await fill(store, clock))
        await store.close()

    run(main())
    assert max(count for count, _ in steps) <= deleting.STEP
    assert max(size for _, size in steps) <= deleting.STEP_BYTES
    assert len(steps) >= 10


@pytest.mark.stores
@pytest.mark.parametrize("way", WAYS)
def test_postgres(way: str, database: str) -> None:
    from chaukas_spec_lite.collector.stores.postgres import upkeep
    from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
    from tests.collector.stores.postgres_calls import session

    async def main() -> None:
        clock = Hand()
        store = PostgresStore(database, texts=texts, clock=clock)
        await store.open()
        async with session(database) as connection:
            await connection.execute(
                """
                CREATE TABLE public.steps (count bigint, size bigint);
                CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    INSERT INTO public.steps SELECT count(*), sum(octet_length(data)) FROM gone;
                    RETURN NULL;
                END $$
                """
            )
            for table in ("events", "conflicts", "rejected"):
                await connection.execute(
                    f"CREATE TRIGGER note AFTER DELETE ON chaukas.{table} REFERENCING OLD TABLE AS gone"
                    " FOR EACH STATEMENT EXECUTE FUNCTION public.note()"
                )
            await after(store, way, clock, await fill(store, clock))
            steps = await connection.fetch("SELECT count, size FROM public.steps WHERE count > 0")
        await store.close()
        assert max(count for count, _ in steps) <= upkeep._STEP
        assert max(size for _, size in steps) <= upkeep._STEP_BYTES
        assert len(steps) >= 3

    run(main())


@pytest.mark.parametrize("way", WAYS)
def test_memory_lets_others_in(way: str) -> None:
    """It works on the event loop: others get their turn every so many events."""

    async def main() -> None:
        clock = Hand()
        store = MemoryStore(texts=texts, clock=clock)
        await store.open()
        count = await fill(store, clock)
        turns = 0
        deleting = asyncio.ensure_future(after(store, way, clock, count))
        while not deleting.done():
            turns += 1
            await asyncio.sleep(0)
        await deleting
        assert turns > 3
        await store.close()

    run(main())


def test_a_tenant_with_little_among_much_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found past all that is others', so many events at a time."""
    monkeypatch.setattr(deleting, "_SCAN", 50)

    async def main() -> None:
        store = SQLiteStore(tmp_path / "events.db", texts=texts)
        await store.open()
        for number in range(1000):
            tenant = "acme" if number % 300 == 0 else "other"
            await store.add([row(f"{number}", tenant_id=tenant, project_id=f"p{number % 7}")])
        sizes = [len(row(f"{n}", tenant_id="acme", project_id=f"p{n % 7}").data) for n in (600, 900)]
        await store.delete(Deletion(Tenancy("other"), "nothing"))
        assert await store.retain(Retention(max_bytes=sum(sizes))) > 2
        left = await ids(store, Query(tenancy=ACME, descending=False))
        assert left == ["600", "900"]
        await store.close()

    run(main())
