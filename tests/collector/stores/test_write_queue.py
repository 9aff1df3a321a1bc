"""Calls that wait for a store that is stuck: cancelled ones leave nothing, none waits for ever, and there is an end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from chaukas_spec_lite.collector.stores import write_queue
from chaukas_spec_lite.collector.stores.base import Rejected, Store
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.collector.stores.write_queue import WriteQueue
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.events import NEW, ids, row, texts
from tests.patience import HANG, run

Stuck = AbstractAsyncContextManager[None]
Opened = Callable[[], AbstractAsyncContextManager[tuple[Store, Callable[[], Stuck]]]]


@asynccontextmanager
async def sqlite(path: Path) -> AsyncIterator[tuple[Store, Callable[[], Stuck]]]:
    store = SQLiteStore(path, texts=texts)
    await store.open()

    @asynccontextmanager
    async def stuck() -> AsyncIterator[None]:
        """Its thread is busy, as with a disk that does not answer."""
        goes_on = threading.Event()
        blocking = asyncio.ensure_future(store._writer.run_outside(lambda _: goes_on.wait(HANG)))
        await asyncio.sleep(0)
        try:
            yield
        finally:
            goes_on.set()
            await blocking

    yield store, stuck
    await store.close()


@asynccontextmanager
async def postgres(address: str) -> AsyncIterator[tuple[Store, Callable[[], Stuck]]]:
    from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
    from tests.collector.stores.postgres_calls import session

    store = PostgresStore(address, texts=texts)
    await store.open()

    @asynccontextmanager
    async def stuck() -> AsyncIterator[None]:
        async with session(address) as connection:
            await connection.execute(
                "BEGIN; LOCK TABLE chaukas.event_ids IN ACCESS EXCLUSIVE MODE;"
                "LOCK TABLE chaukas.rejected IN ACCESS EXCLUSIVE MODE"
            )
            try:
                yield
            finally:
                await connection.execute("ROLLBACK")

    yield store, stuck
    await store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stores)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    if request.param == "sqlite":
        return lambda: sqlite(tmp_path / "events.db")
    address: str = request.getfixturevalue("database")
    return lambda: postgres(address)


async def begun(store: Store, events: range) -> list[asyncio.Future[object]]:
    """Calls that add an event each, all of which have got to wait."""
    adding: list[asyncio.Future[object]] = []
    for number in events:
        adding.append(asyncio.ensure_future(store.add([row(f"{number}")])))
        # Whoever writes takes what it finds: each of the first calls by itself.
        await asyncio.sleep(0.01)
    return adding


def test_what_was_cancelled_before_it_was_begun_is_not_stored(opened: Opened) -> None:
    async def main() -> None:
        async with opened() as (store, stuck):
            async with stuck():
                adding = await begun(store, range(10))
                for each in adding[5:]:
                    each.cancel()
                await asyncio.sleep(0)
                assert await asyncio.gather(*adding[5:], return_exceptions=True)
            assert await asyncio.gather(*adding[:5]) == [[NEW]] * 5
            assert sorted(await ids(store)) == ["0", "1", "2", "3", "4"]
            assert await store.add([row("7")]) == [NEW]

    run(main())


def test_no_call_waits_longer_than_it_may(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with opened() as (store, stuck):
            async with stuck():
                monkeypatch.setattr(write_queue, "ADD_SECONDS", 0.5)
                adding = await begun(store, range(10))
                for outcome in await asyncio.gather(*adding, return_exceptions=True):
                    assert isinstance(outcome, StoreError)
                    assert "were not stored within 0.5 seconds" in str(outcome)
                with pytest.raises(StoreError, match="nothing could be written within"):
                    await store.keep_rejected([Rejected("t", "", "", "why", b"", 1.0)])
                monkeypatch.setattr(write_queue, "ADD_SECONDS", HANG)
            assert await store.add([row("last")]) == [NEW]
            stored = await ids(store)
            assert "9" not in stored, "it had not been begun"
            assert "last" in stored

    run(main())


@pytest.mark.parametrize(("limit", "most"), [("MAX_CALLS", 3), ("MAX_BYTES", 3500)])
def test_no_more_may_wait_than_so_much(opened: Opened, limit: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with opened() as (store, stuck):
            async with stuck():
                monkeypatch.setattr(write_queue, limit, most)
                adding = await begun(store, range(20))
                full = [each for each in adding if each.done()]
                assert 13 < len(full) < 18, "those that are being written, and three that wait, are not among them"
                for each in full:
                    assert "too many events wait to be stored" in str(each.exception())
            accepted = await asyncio.gather(*(each for each in adding if each not in full))
            assert accepted == [[NEW]] * (20 - len(full))
            assert await store.add([row("last")]) == [NEW]

    run(main())


def test_a_call_larger_than_all_that_may_wait_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(write_queue, "MAX_BYTES", 100)
        queue = WriteQueue("store")
        waiting = queue.put([row("a"), row("b")])
        with pytest.raises(StoreError, match="store: too many"):
            queue.put([row("c")])
        assert queue.take(5) == [waiting]
        assert queue.put([row("c")])

    run(main())


def test_groups_are_as_large_as_they_may_be() -> None:
    async def main() -> None:
        queue = WriteQueue("store")
        waiting = [queue.put([row("a")] * count) for count in (5, 3, 3, 1, 1)]
        assert queue.take(5, 4) == waiting[:1], "at least one"
        assert queue.take(5, 4) == waiting[1:2]
        assert queue.take(5, 4) == waiting[2:4]
        assert queue.take(5, 4) == waiting[4:]
        assert queue.take(5, 4) == []
        waiting = [queue.put([row("a")]) for _ in range(5)]
        assert queue.take(3) == waiting[:3]
        assert len(queue) == 2

    run(main())
