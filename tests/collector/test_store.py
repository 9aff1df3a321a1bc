"""The store: what is kept, what is refused, and that nothing is half done."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event, QueryRequest, SortOrder
from chaukas_spec_lite.collector import store as store_module
from chaukas_spec_lite.collector.plan import plan
from chaukas_spec_lite.collector.record import EventRecord
from chaukas_spec_lite.collector.store import Page, Store
from chaukas_spec_lite.errors import StoreError
from tests.patience import HANG, run

ROOM = 2**30


def record(event_id: str, **fields: str) -> EventRecord:
    event = Event(event_id=event_id, **fields)  # type: ignore[arg-type]  # all texts
    return EventRecord(event, bytes(event))


async def page(store: Store, size: int = 1000, token: str = "", room: int = ROOM) -> Page:
    request = QueryRequest(page_size=size, page_token=token, order_by_time=SortOrder.ASC)
    return await store.find(plan(request), room)


async def ids(store: Store) -> list[str]:
    return [Event.parse(data).event_id for data in (await page(store)).events]


def run_with(path: Path | None, *steps: object) -> None:
    async def main() -> None:
        store = Store(path)
        await store.open()
        try:
            for step in steps:
                assert callable(step)
                await step(store)
        finally:
            await store.close()

    asyncio.run(main())


@pytest.fixture(params=["memory", "file"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "events.db" if request.param == "file" else None


def test_an_id_is_stored_once_for_a_tenant_and_project(path: Path | None) -> None:
    async def steps(store: Store) -> None:
        assert await store.add(lambda: [record("a"), record("b"), record("a", session_id="again")]) == 2
        assert await store.add(lambda: [record("a", session_id="later"), record("c")]) == 1
        assert await store.add(lambda: [record("a", tenant_id="t"), record("a", project_id="p")]) == 2
        assert await store.add(lambda: [record("a", tenant_id="t", project_id="p")] * 2) == 1
        assert await ids(store) == ["a", "b", "c", "a", "a", "a"]
        assert (await page(store)).events[0] == bytes(Event(event_id="a"))

    run_with(path, steps)


def test_all_or_nothing(path: Path | None) -> None:
    async def steps(store: Store) -> None:
        good = record("good")
        with pytest.raises(StoreError, match="NOT NULL"):
            await store.add(lambda: [good, Refused(good.event, good.data)])
        with pytest.raises(LookupError):
            await store.add(lambda: {}["nothing"])  # type: ignore[index]  # raises before it matters
        assert await ids(store) == []
        assert await store.add(lambda: [good]) == 1

    run_with(path, steps)


def test_what_was_stored_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "events.db"

    async def first(store: Store) -> None:
        await store.add(lambda: [record("a"), record("b")])

    async def second(store: Store) -> None:
        assert await store.add(lambda: [record("a")]) == 0
        assert await ids(store) == ["a", "b"]

    run_with(path, first)
    assert [file.name for file in tmp_path.iterdir()] == ["events.db"]
    run_with(path, second)


def test_pages_stay_the_same_while_events_arrive(path: Path | None) -> None:
    async def steps(store: Store) -> None:
        await store.add(lambda: [record(f"{number}") for number in range(10)])
        first = await page(store, 4)
        await store.add(lambda: [record("new")])
        second = await page(store, 4, first.next_page_token)
        await store.add(lambda: [record("newer")])
        third = await page(store, 4, second.next_page_token)
        found = [Event.parse(data).event_id for part in (first, second, third) for data in part.events]
        assert found == [f"{number}" for number in range(10)]
        assert third.next_page_token == ""
        assert await page(store, 4, first.next_page_token) == second
        assert (await ids(store))[-2:] == ["new", "newer"]

    run_with(path, steps)


def test_a_page_ends_before_it_gets_too_large(path: Path | None) -> None:
    async def steps(store: Store) -> None:
        await store.add(lambda: [record(f"{number}", session_id="x" * 1000) for number in range(5)])
        await store.add(lambda: [record("large", session_id="x" * 10_000), record("last")])
        sizes, token = [], ""
        while True:
            part = await page(store, 1000, token, room=2500)
            sizes.append(len(part.events))
            token = part.next_page_token
            if not token:
                break
        assert sizes == [2, 2, 1, 1, 1]

    run_with(path, steps)


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    async def main() -> None:
        store = Store(tmp_path / "events.db")
        await store.open()
        await store.add(lambda: [record("a")])
        loop, entered, may_leave = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        def slow() -> list[EventRecord]:
            loop.call_soon_threadsafe(entered.set)
            asyncio.run_coroutine_threadsafe(may_leave.wait(), loop).result(HANG)
            return [record("b")]

        adding = asyncio.ensure_future(store.add(slow))
        await entered.wait()
        with sqlite3.connect(tmp_path / "events.db", isolation_level=None) as other:  # another process, in effect
            other.execute("BEGIN IMMEDIATE")
            assert await asyncio.wait_for(ids(store), HANG) == ["a"]
            other.execute("ROLLBACK")
        other.close()
        may_leave.set()
        assert await adding == 1
        assert await ids(store) == ["a", "b"]
        await store.close()

    asyncio.run(main())


def test_two_collectors_may_share_a_file(tmp_path: Path) -> None:
    async def main() -> None:
        stores = [Store(tmp_path / "events.db") for _ in range(2)]
        await asyncio.gather(*(store.open() for store in stores))
        numbers = [f"{number}" for number in range(20)]
        adding = [
            store.add(partial(lambda event_id: [record(event_id)], number)) for number in numbers for store in stores
        ]
        assert sum(await asyncio.gather(*adding)) == 20
        assert sorted(await ids(stores[0])) == sorted(await ids(stores[1])) == sorted(numbers)
        for store in stores:
            await store.close()

    asyncio.run(main())


def test_a_file_that_another_collector_is_making(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "events.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # SQLite lets nobody wait for this who wants a log of commits
    threading.Timer(0.1, other.execute, ["COMMIT"]).start()

    async def main() -> None:
        store = Store(tmp_path / "events.db")
        await store.open()
        await store.close()

    asyncio.run(main())
    other.close()


class Refused(EventRecord):
    @property
    def columns(self) -> tuple[str | int | bytes, ...]:
        return (*super().columns[:-1], None)  # type: ignore[return-value]  # which the table refuses


def test_what_is_added_at_once_shares_transactions_but_not_errors(
    path: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions: list[int] = []

    def insert(connection: sqlite3.Connection, groups: Any) -> list[int]:
        transactions.append(len(groups))
        return real(connection, groups)

    real = store_module._insert
    monkeypatch.setattr(store_module, "_insert", insert)

    async def together(store: Store, *adding: Any) -> list[Any]:
        transactions.clear()
        return await asyncio.gather(*map(store.add, adding), return_exceptions=True)

    async def steps(store: Store) -> None:
        good = [partial(lambda event_id: [record(event_id)], f"{number:03}") for number in range(200)]
        assert await together(store, *good) == [1] * 200
        assert sum(transactions) == 200
        assert len(transactions) < 10
        wrong = record("wrong")
        outcomes = await together(store, good[0], list, fail, lambda: [Refused(wrong.event, b"")], good[0])
        assert outcomes[:2] == [0, 0]
        assert str(outcomes[2]) == "broken"
        assert isinstance(outcomes[3], StoreError)
        assert outcomes[4] == 0
        assert transactions[-5:] == [1, 1, 0, 1, 1], "after the failure, each by itself"
        leaving = asyncio.ensure_future(store.add(lambda: [record("left")]))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await store.add(lambda: [record("stays")]) == 1
        assert (await ids(store))[200:] in (["left", "stays"], ["stays"])

    def fail() -> list[EventRecord]:
        raise ValueError("broken")

    run_with(path, steps)


def opening(path: Path) -> None:
    run_with(path)


def test_files_that_are_not_ours(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello, world " * 100)
    with pytest.raises(StoreError, match=r"text: file is not a database$"):
        opening(text)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(StoreError, match=r"foreign\.db is a database, but not one of this collector"):
        opening(foreign)
    newer = tmp_path / "newer.db"
    opening(newer)
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"made by a newer collector \(format 99; this one knows 1\)"):
        opening(newer)
    with pytest.raises(StoreError, match=r"events\.db: unable to open database file"):
        opening(tmp_path / "nowhere" / "events.db")
    assert text.read_text() == "hello, world " * 100


def test_a_store_that_is_not_open_says_so(path: Path | None) -> None:
    async def main() -> None:
        store = Store(path)
        for _ in range(2):  # before it is opened, and after it was closed
            with pytest.raises(StoreError, match="is not open"):
                await store.add(lambda: [record("a")])
            with pytest.raises(StoreError, match="is not open"):
                await page(store)
            await store.open()
            await store.close()

    run(main())
