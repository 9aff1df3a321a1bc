"""What is PostgreSQL's own among the stores: several collectors, transactions, partitions, keys, lost connections."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.stores.asking import Query, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import Addition, Deletion, EventRow, Rejected, Retention
from chaukas_spec_lite.collector.stores.copied import Stage
from chaukas_spec_lite.collector.stores.postgres import connections, finding, sessions, upkeep
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from chaukas_spec_lite.errors import QueryTimeoutError, StoreError
from tests.collector.stores.events import (
    CONFLICT,
    NEW,
    REPEATED,
    ROOM,
    conflicting,
    every_page,
    id_of,
    ids,
    row,
    row_of,
    texts,
)
from tests.collector.stores.postgres_calls import DAY, ODD, PARTITIONS, Hand, on, opened, seen, session
from tests.collector.stores.postgres_server import PostgresServer
from tests.patience import HANG, run

pytestmark = pytest.mark.stores

asyncpg = pytest.importorskip("asyncpg", reason="these tests are left out unless chosen, and then they need it")

ASCENDING = Query(descending=False, size=1000)


@pytest.mark.parametrize("index_text", [False, True])
def test_any_text_is_kept_and_found(database: str, index_text: bool) -> None:
    names = ("tenant_id", "project_id", "session_id", "agent_id", "span_id", "trace_id")
    events = [
        Event(event_id=text, tags=[text, "t"], **dict.fromkeys(names, text))  # type: ignore[arg-type]
        for text in ODD.values()
    ]
    rows = [row_of(event) for event in events]

    async def steps(store: PostgresStore) -> None:
        assert await store.add(rows) == [NEW] * len(rows)
        assert await store.add(rows) == [REPEATED] * len(rows)
        assert (await store.export(Stage.EVENTS, "", 100)).rows == rows
        for each, text in zip(rows, ODD.values(), strict=True):
            tenancy = Tenancy(text, text)
            conditions: list[Query] = [Query(**{name: text}) for name in names[2:]]  # type: ignore[arg-type]
            for query in (*conditions, Query(tags=(text,)), Query(tenancy=tenancy), Query(tenancy=Tenancy(text))):
                assert (await store.find(query, ROOM)).events == [each.data], (text, query)
            assert id_of(each.data) in await ids(store, replace(ASCENDING, text=text.casefold()))
            (summary,) = await store.sessions(tenancy, 5)
            assert (summary.tenant_id, summary.project_id, summary.session_id) == (text, text, text)
            conflict = each._replace(data=each.data + b"\x18\x01")
            assert await store.add([conflict]) == [CONFLICT]
            assert await conflicting(store, tenancy, 5) == [conflict]
            rejected = Rejected(text, text, text, text, b"\0", 1.5)
            await store.keep_rejected([rejected])
            assert (await store.rejected(tenancy, 5)).items == [rejected]
            assert await store.delete(Deletion(tenancy, text, text, text)) == 1
            (record,) = (await store.deletions(tenancy, 5)).items
            assert record.deletion == Deletion(tenancy, text, text, text)
        assert await ids(store) == []
        assert await store.check() == []

    on(database, steps, index_text=index_text)


def test_collectors_that_add_the_same_events_at_once_store_each_once(database: str) -> None:
    """Overlapping batches in different orders: nothing is twice, and no two wait for each other for ever."""
    chance = random.Random(5)
    rows = [row(f"{number}", tenant_id=f"t{number % 3}") for number in range(200)]

    async def steps(*stores: PostgresStore) -> None:
        async def sender(store: PostgresStore) -> list[Addition]:
            outcomes: list[Addition] = []
            for _ in range(15):
                outcomes += await store.add(chance.sample(rows, 60))
            return outcomes

        outcomes = await asyncio.gather(*(sender(store) for store in stores for _ in range(3)))
        new = sum(each is NEW for outcome in outcomes for each in outcome)
        stored = await ids(stores[0])
        assert new == len(stored) == len(set(stored))
        assert CONFLICT not in {each for outcome in outcomes for each in outcome}
        assert await stores[0].check() == []

    on(database, steps, count=3)


def test_an_event_is_stored_once_whatever_day_it_comes_again(database: str) -> None:
    clock = Hand()

    async def steps(store: PostgresStore, other: PostgresStore) -> None:
        for day in range(4):
            outcomes = await store.add([row("same"), row(f"{day}")]) + await other.add([row("same", agent_id="other")])
            assert outcomes == [REPEATED if day else NEW, NEW, CONFLICT]
            clock.now += DAY
        assert await ids(store) == ["same", "0", "1", "2", "3"]
        assert await store.check() == []
        async with session(database) as connection:
            partitions = await connection.fetch(f"{PARTITIONS} AND relispartition ORDER BY 1")
        assert [name for (name,) in partitions] == [f"events_1970011{day}" for day in (2, 3, 4, 5)], "one for each day"

    on(database, steps, count=2, clock=clock)


def test_whole_days_are_dropped_and_an_attempt_that_broke_off_is_finished(database: str) -> None:
    clock = Hand()

    async def steps(store: PostgresStore) -> None:
        for day in range(4):
            await store.add([row(f"{day}-{number}", tenant_id=f"t{number}") for number in range(3)])
            clock.now += DAY
        clock.now -= DAY
        async with session(database) as connection:
            # As if a collector had died between the two: detached, and not dropped; ids not deleted.
            await connection.execute("ALTER TABLE chaukas.events DETACH PARTITION chaukas.events_19700112 CONCURRENTLY")
            assert await store.retain(Retention(max_age=DAY)) == 6
            assert await ids(store) == ["2-0", "2-1", "2-2", "3-0", "3-1", "3-2"]
            left = await connection.fetch(f"{PARTITIONS} ORDER BY 1")
            assert [name for (name,) in left] == ["events_19700114", "events_19700115"]
        assert await store.add([row("0-0", tenant_id="t0")]) == [NEW], "what is gone may come again"
        assert await store.check() == []

    on(database, steps, clock=clock)


def test_a_look_for_what_is_too_old_costs_nothing_for_each_tenant(database: str) -> None:
    clock = Hand()

    async def look(store: PostgresStore) -> int:
        async with seen() as statements:
            assert await store.retain(Retention(max_age=DAY)) == 0
        return len(statements)

    async def steps(store: PostgresStore) -> None:
        await store.add([row("a", tenant_id="t")])
        one = await look(store)
        await store.add([row("a", tenant_id=f"t{number}") for number in range(50)])
        # A statement for each tenant would be 50 more. One or two may come from what runs beside it.
        assert await look(store) < one + 25

    on(database, steps, clock=clock)


def test_a_day_that_another_collector_has_dropped_is_made_anew(database: str) -> None:
    clock, later = Hand(), Hand()
    later.now += 3 * DAY

    async def main() -> None:
        async with opened(database, clock=clock) as (store,), opened(database, clock=later) as (other,):
            for attempt in range(3):
                assert await store.add([row("a"), row("b", session_id="s")]) == [NEW, NEW]
                assert await store.add([row("a")]) == [REPEATED]
                if attempt == 1:  # as if the other one had died between the two
                    async with session(database) as connection:
                        await connection.execute(
                            "ALTER TABLE chaukas.events DETACH PARTITION chaukas.events_19700112 CONCURRENTLY"
                        )
                        await connection.execute("DELETE FROM chaukas.event_ids")
                else:
                    assert await other.retain(Retention(max_age=DAY)) == 2
            assert await other.add([row("a")]) == [NEW]
            assert await store.check() == []

    run(main())


def test_a_day_that_is_made_anew_meanwhile_is_not_dropped(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, later = Hand(), Hand()
    later.now += 3 * DAY

    async def main() -> None:
        async with opened(database, clock=clock) as (store,), opened(database, clock=later) as (other,):
            await store.add([row("a")])
            drop = upkeep.drop_detached

            async def late(connections: Any, name: str) -> None:
                if name.endswith("12"):
                    await store.add([row("b")])
                await drop(connections, name)

            monkeypatch.setattr(upkeep, "drop_detached", late)
            await other.retain(Retention(max_age=DAY))
            assert await ids(store) == ["b"]

    run(main())


def test_a_slow_transaction_does_not_get_into_pages_that_were_begun(database: str) -> None:
    """The numbers of arrivals would let it: it took a lower one than what the first page has shown."""

    async def steps(store: PostgresStore, slow: PostgresStore, monkey: pytest.MonkeyPatch) -> None:
        for each in (store, slow):  # which makes today's partition, too
            await each.add([row(f"{number}", at=number) for number in range(6)])
        held, goes_on = asyncio.Event(), asyncio.Event()
        commit = connections._commit

        async def waiting(connection: Any) -> None:
            held.set()
            await goes_on.wait()
            await commit(connection)

        monkey.setattr(connections, "_commit", waiting)
        adding = asyncio.ensure_future(slow.add([row("slow", at=2.5), row("slow, too", at=3.5)]))
        await held.wait()
        monkey.setattr(connections, "_commit", commit)
        await store.add([row("fast", at=4.5)])
        pages = replace(ASCENDING, size=3)
        first = await store.find(pages, ROOM)
        goes_on.set()
        assert await adding == [NEW, NEW]
        rest = await every_page(store, replace(pages, page_token=first.next_page_token))
        found = [id_of(data) for data in (*first.events, *rest)]
        assert found == ["0", "1", "2", "3", "4", "5"]
        assert await ids(store) == ["0", "1", "2", "slow", "3", "slow, too", "4", "fast", "5"]

    async def main() -> None:
        async with opened(database, 2) as (store, slow):
            with pytest.MonkeyPatch.context() as monkey:
                await steps(store, slow, monkey)

    run(main())


def test_what_was_acknowledged_is_found_whatever_other_programs_do(database: str) -> None:
    """A transaction of somebody else that runs for hours, with a lower number, is no reason to hide anything."""

    async def steps(store: PostgresStore, other: PostgresStore) -> None:
        async with session(database) as connection:
            await connection.execute("CREATE TABLE mine (a integer)")
            await connection.execute("BEGIN; INSERT INTO mine VALUES (1)")
            for number in range(3):
                await store.add([row(f"{number}")])
                assert len(await ids(other)) == number + 1

    on(database, steps, count=2)


def test_queries_find_at_once_what_any_collector_has_acknowledged(database: str) -> None:
    """While others are storing, too: a query waits for those that began before it."""

    async def steps(*stores: PostgresStore) -> None:
        async def sender(number: int) -> None:
            store, other = stores[number % 3], stores[(number + 1) % 3]
            for batch in range(10):
                name = f"{number}-{batch}"
                await store.add([row(f"{name}-{each}", session_id=name) for each in range(30)])
                assert len((await other.find(Query(session_id=name), ROOM)).events) == 30

        await asyncio.gather(*map(sender, range(6)))

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr(finding, "_SETTLE_SECONDS", HANG)  # on a machine that is busy, a transaction takes its time
        on(database, steps, count=3)


def test_a_query_whose_caller_is_gone_stops(database: str) -> None:
    async def steps(store: PostgresStore) -> None:
        async with session(database) as connection:
            await connection.execute("BEGIN; LOCK TABLE chaukas.owners IN ACCESS EXCLUSIVE MODE")
            asking = asyncio.ensure_future(store.find(Query(), ROOM, time_limit=HANG))
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not await connection.fetchval(waits):  # noqa: ASYNC110 (of another process)
                await asyncio.sleep(0.01)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert not await connection.fetchval(waits)
            with pytest.raises(QueryTimeoutError, match=r"took more than 0\.1 seconds"):
                await store.find(Query(), ROOM, time_limit=0.1)
            await connection.execute("ROLLBACK")
            assert (await store.find(Query(), ROOM)).events == []

    on(database, steps)


def test_lost_connections_are_made_anew(database: str, postgres: PostgresServer) -> None:
    lost = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chaukas-lite'"

    async def steps(store: PostgresStore) -> None:
        number = 0
        for _ in range(5):
            adding = asyncio.ensure_future(store.add([row(f"{number}-{each}") for each in range(500)]))
            await asyncio.sleep(0.01)
            await asyncio.to_thread(postgres.run_sql, lost)
            while True:  # as clients do
                try:
                    assert len(await adding) == 500
                    break
                except StoreError:
                    adding = asyncio.ensure_future(store.add([row(f"{number}-{each}") for each in range(500)]))
            number += 1
        while True:  # The connection that it takes may be one that was ended.
            try:
                stored = await ids(store)
                break
            except StoreError:
                continue
        assert len(stored) == len(set(stored)) == 500 * number
        waiting = asyncio.ensure_future(store.changed(HANG))
        await asyncio.sleep(0)
        await store.add([row("last")])
        assert await waiting

    on(database, steps)


def test_the_server_says_nothing_while_it_is_gone() -> None:
    async def main() -> None:
        server = PostgresServer()
        async with opened(server.address()) as (store,):
            await store.add([row("a")])
            server.kill()
            for work in (store.add([row("b")]), store.add([]), store.find(Query(), ROOM), store.stats(Query())):
                with pytest.raises(StoreError, match=re.escape(store.name)):
                    await work
            server.start()
            assert await store.add([]) == []
            assert await store.add([row("a"), row("b")]) == [REPEATED, NEW]
        server.stop()

    run(main())


def test_what_cannot_be_stored_costs_only_its_own_call(database: str) -> None:
    async def steps(store: PostgresStore) -> None:
        bad = row("bad")._replace(type=2**40)
        outcomes = await asyncio.gather(
            *(store.add([each]) for each in (row("a"), bad, row("b"), row("c"))), return_exceptions=True
        )
        assert [outcome for outcome in outcomes if outcome != [NEW]] == [outcomes[1]]
        assert isinstance(outcomes[1], StoreError)
        assert sorted(await ids(store)) == ["a", "b", "c"]

    on(database, steps)


def test_a_restored_database_goes_on(database: str) -> None:
    """Its transactions are numbered anew, and what it brought with it would lie in the future."""

    async def main() -> None:
        async with opened(database) as (store,):
            await store.add([row("a"), row("b")])
            async with session(database) as connection:
                await connection.execute("UPDATE chaukas.events SET xid = xid + 1000000")
            assert await ids(store) == []
            assert "transactions that are yet to come" in (await store.check())[0]
        async with opened(database) as (store,):
            assert await ids(store) == ["a", "b"]
            assert await store.add([row("a"), row("c")]) == [REPEATED, NEW]
            assert await ids(store) == ["a", "b", "c"]
            assert [each.event_id for each in (await store.export(Stage.EVENTS, "", 10)).rows] == ["a", "b", "c"]
            assert await store.check() == []

    run(main())


def test_damage_is_found(database: str) -> None:
    async def steps(store: PostgresStore) -> None:
        await store.add([row("a"), row("b", tenant_id="t")])
        async with session(database) as connection:
            await connection.execute("DELETE FROM chaukas.event_ids WHERE event_id = 'a'")
            await connection.execute("DELETE FROM chaukas.events WHERE event_id = 'b'")
            await connection.execute("DELETE FROM chaukas.owners WHERE tenant_id = ''")
        found = await store.check()
        assert [re.sub(r" (which|that|whose|without).*", "", each) for each in found] == [
            "1 events", "1 entries of events", "1 events",
        ]  # fmt: skip

    on(database, steps)


@pytest.mark.parametrize(
    ("prepare", "match"),
    [
        ("CREATE SCHEMA chaukas; CREATE TABLE chaukas.other (a integer)", "not a collector's"),
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", "read-write"),
    ],
)
def test_a_database_that_cannot_be_used_is_told(
    database: str, postgres: PostgresServer, prepare: str, match: str
) -> None:
    name = database.rpartition("/")[2]
    postgres.run_sql(prepare.format(name=name), name)

    async def main() -> None:
        for _ in range(2):
            with pytest.raises(StoreError, match=match):
                await PostgresStore(database, texts=texts).open()

    run(main())


def test_another_version_index_or_encoding_is_told(database: str, postgres: PostgresServer) -> None:
    async def main() -> None:
        async with opened(database, count=4):
            pass
        with pytest.raises(StoreError, match="made without an index"):
            await PostgresStore(database, texts=texts, index_text=True).open()
        name = database.rpartition("/")[2]
        postgres.run_sql("UPDATE chaukas.store SET version = 99", name)
        with pytest.raises(StoreError, match="newer collector"):
            await PostgresStore(database, texts=texts).open()
        postgres.run_sql(f"CREATE DATABASE {name}_ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
        with pytest.raises(StoreError, match="ENCODING 'UTF8'"):
            await PostgresStore(f"{database}_ascii", texts=texts).open()
        postgres.run_sql(f"DROP DATABASE {name}_ascii WITH (FORCE)")

    run(main())


def test_no_password_is_told() -> None:
    async def main() -> None:
        for address in (
            "postgresql://me:secret@127.0.0.1:1,127.0.0.1:2/events?password=secret",
            "postgresql://me:sec@ret@127.0.0.1:1/events",
            "postgresql://127.0.0.1:1/events?user=me&password=secret",
        ):
            store = PostgresStore(address, texts=texts)
            with pytest.raises(StoreError) as caught:
                await store.open()
            assert "127.0.0.1:1" in store.name
            assert "sec" not in store.name + str(caught.value)

    run(main())


def test_a_missing_extra_is_one_sentence() -> None:
    program = (
        "import sys; sys.modules['asyncpg'] = None\n"
        "from chaukas_spec_lite.__main__ import main\n"
        "sys.argv[1:] = ['serve', '--store', 'postgresql://localhost/x']\n"
        "sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: store: PostgreSQL needs asyncpg: pip install 'chaukas-spec-lite[postgres]'\n"


def test_an_index_of_texts_is_used(database: str) -> None:
    async def steps(store: PostgresStore) -> None:
        assert store.indexes_text
        await store.add([row(f"{number}", agent_id="needle" if number == 7 else "hay") for number in range(3000)])
        await store.vacuum()
        page = await store.find(Query(text="needle", size=5), ROOM)
        assert [id_of(data) for data in page.events] == ["7"]
        assert page.next_page_token == "", "all have been searched, and not as many as are decoded for a page"

    on(database, steps, index_text=True)


def test_many_partitions_are_no_burden(database: str) -> None:
    """A year of days: pages are still in order over all of them."""
    clock = Hand()

    async def steps(store: PostgresStore) -> None:
        rows: list[EventRow] = []
        for day in range(40):
            rows += [row(f"{day}-{number}", at=chance.random() * 1e6, session_id="s") for number in range(5)]
            await store.add(rows[-5:])
            clock.now += 10 * DAY
        expected = [each.event_id for each in sorted(rows, key=lambda each: (each.seconds, each.nanos))]
        assert await ids(store, Query(session_id="s", descending=False, size=7)) == expected
        assert await store.retain(Retention(max_age=100 * DAY)) == 150
        assert sorted(await ids(store)) == sorted(each.event_id for each in itertools.islice(rows, 150, None))

    chance = random.Random(3)
    on(database, steps, clock=clock)


def test_sessions_among_the_latest_events_are_those_that_are_listed_of_all(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(7)
    rows = [
        row(
            f"{number}",
            at=chance.choice((None, -1.0, *(float(n) for n in range(20)))),
            tenant_id=chance.choice(("a", "b")),
            project_id=chance.choice(("", "p")),
            session_id=chance.choice(("", *(f"s{n}" for n in range(8)))),
            agent_id=chance.choice("xyz"),
            type=chance.choice((0, 40)),
        )
        for number in range(300)
    ]
    filters = SessionFilter(), SessionFilter(agent_id="x"), SessionFilter(with_errors=True, start=(12, 0), end=(18, 0))

    async def steps(store: PostgresStore) -> None:
        await store.add(rows)
        for tenancy, only in itertools.product((Tenancy(), Tenancy("a"), Tenancy("b", "p")), filters):
            monkeypatch.setattr(sessions, "_WINDOWS", ())
            every = await store.sessions(tenancy, 100, None, only)
            monkeypatch.setattr(sessions, "_WINDOWS", (5, 20, 200))
            assert await store.sessions(tenancy, 100, None, only) == every
            for after in range(0, len(every) + 1, 2):
                place = every[after - 1].place if after else None
                assert await store.sessions(tenancy, 2, place, only) == every[after : after + 2], (tenancy, only, place)

    on(database, steps)


def test_a_page_of_sessions_sums_up_no_others(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def all_of_them(*args: object) -> None:
        raise AssertionError("all events were summed up")

    async def steps(store: PostgresStore) -> None:
        await store.add([row(f"{n}", at=n, tenant_id="acme", session_id=f"s{n // 50}") for n in range(3000)])
        monkeypatch.setattr(sessions, "_among_all", all_of_them)
        acme = Tenancy("acme")
        page = await store.sessions(acme, 10)
        assert [(each.session_id, each.events) for each in page] == [(f"s{n}", 50) for n in range(59, 49, -1)]
        page = await store.sessions(acme, 10, page[-1].place)
        assert [each.session_id for each in page] == [f"s{n}" for n in range(49, 39, -1)]
        assert await store.sessions(acme, 10, None, SessionFilter(start=(2900, 0), with_errors=True)) == []

    on(database, steps)
