"""The store in memory: its cap, and what it says of its size."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import pytest

from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.collector.stores.memory import OVERHEAD, MemoryStore
from tests.collector.stores.events import CONFLICT, NEW, conflicting, ids, row, texts
from tests.collector.stores.test_every_store import opened
from tests.patience import run


def test_the_oldest_arrivals_make_room_and_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        size = OVERHEAD + len(row("00", at=1).data)
        async with opened(MemoryStore(texts=texts, max_bytes=10 * size)) as store:
            assert await store.add([row(f"{number:02}", at=100 - number) for number in range(10)]) == [NEW] * 10
            assert (store.dropped, caplog.text) == (0, "")
            assert await store.add([row("10", at=50), row("11", at=500)]) == [NEW, NEW]
            assert await ids(store) == ["10", "09", "08", "07", "06", "05", "04", "03", "02", "11"]
            assert store.dropped == 2
            assert "its oldest events make room" in caplog.text
            assert await store.size() <= 10 * size
            assert await store.add([row("00", at=1)]) == [NEW], "it is not known any more"
            assert await store.add([row("11", agent_id="x")]) == [CONFLICT]
            assert len(await ids(store)) + len(await conflicting(store, Query().tenancy, 5)) <= 10

    run(main())


def test_an_event_larger_than_the_store_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with opened(MemoryStore(texts=texts, max_bytes=10_000)) as store:
            await store.add([row("a"), row("large", agent_id="x" * 20_000)])
            assert await ids(store) == []
            assert await store.size() == 0
            assert await store.add([row("b")]) == [NEW]
            assert await ids(store) == ["b"]

    run(main())


def test_its_size_is_about_what_python_allocates() -> None:
    def rows() -> list[EventRow]:
        return [
            row(
                f"{n:036}",
                at=n,
                tenant_id="acme",
                session_id=f"{n % 50:036}",
                trace_id=f"{n:032}",
                agent_id="agent",
                tags=["t"],
                agent_name="x" * 500,
            )
            for n in range(5000)
        ]

    async def main() -> None:
        async with opened(MemoryStore(texts=texts)) as store:
            gc.collect()
            tracemalloc.start()
            try:
                await store.add(rows())
                gc.collect()
                allocated, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert 0.6 < allocated / await store.size() < 1.2

    asyncio.run(main())
