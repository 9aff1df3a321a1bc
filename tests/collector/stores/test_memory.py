"""The store in memory: its cap, and what it says of its size."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from collections.abc import Callable

import pytest

from chaukas_spec_lite.audit.merkle import leaf_hash, root_of
from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Query, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, EventRow, Rejected
from chaukas_spec_lite.collector.stores.event_log import Gone
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.memory_contents import OVERHEAD, Contents, record_size
from tests.collector.stores.events import CONFLICT, NEW, all_rejected, conflicting, ids, row, texts
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


@pytest.mark.parametrize("unknown", [0, 100], ids=["by the owners", "by a look at all"])
def test_events_of_an_id_are_found_whoevers_they_are(unknown: int) -> None:
    """Also where some have gone: by keys where that is less than all events, and past all of them where it is not."""
    owners = [(tenant, project) for tenant in ("", "acme", "other") for project in ("", "p", "q")]
    contents = Contents(10**9)
    there: dict[tuple[str, str, str], int] = {}
    for tenant, project in owners:
        for event_id in (*"abc", *map(str, range(10))):
            contents.add(row(event_id, tenant_id=tenant, project_id=project), 0.0)
            there[tenant, project, event_id] = contents.number
    for key in (("acme", "p", "a"), ("acme", "q", "a")):
        contents.drop(there.pop(key), Gone())
    contents.add(row("b", tenant_id="acme", agent_id="x"), 0.0)  # a conflict, which is none of the events
    contents.drop(contents.number, Gone())
    for key in [key for key in there if key[:2] == ("other", "q")]:
        contents.drop(there.pop(key), Gone())
    contents.add(row("a", tenant_id="acme", project_id="p"), 0.0)
    there["acme", "p", "a"] = contents.number
    assert {**contents._owners} == {**Counter(key[:2] for key in there)}, "owners without events are forgotten"
    wanted = {"a", "b", "none", *(f"none {number}" for number in range(unknown))}
    for tenant in (None, "", "acme", "other", "nobody"):
        for project in (None, "", "p", "q"):
            assert sorted(contents.find(Tenancy(tenant, project), wanted)) == sorted(
                ((whose, project_, event_id), number)
                for (whose, project_, event_id), number in there.items()
                if event_id in wanted and tenant in (None, whose) and project in (None, project_)
            )


def test_an_event_larger_than_the_store_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with opened(MemoryStore(texts=texts, max_bytes=10_000)) as store:
            await store.add([row("a"), row("large", agent_id="x" * 20_000)])
            assert await ids(store) == []
            assert await store.size() == 0
            assert await store.add([row("b")]) == [NEW]
            assert await ids(store) == ["b"]

    run(main())


def test_whatever_it_keeps_counts_and_makes_room() -> None:
    """A flood of rejected events, conflicts or deletions: the store stays as small, and none costs others."""

    async def main() -> None:
        async with opened(MemoryStore(texts=texts, max_bytes=1_000_000)) as store:
            good = [row(f"{number}", at=number) for number in range(100)]
            await store.add(good)
            dropped = 0
            for number in range(2000):
                rejected = Rejected(f"t{number}", "", "", "why", b"x" * 1000, float(number))
                dropped += await store.keep_rejected([rejected])
            left = await all_rejected(store, EVERYBODY)
            assert 30 < len(left) < 130, "an eighth of the store"
            assert [each.received for each in left] == [1999.0 - place for place in range(len(left))], "the newest"
            assert dropped == store.dropped_aside == 2000 - len(left)
            assert len(await ids(store)) == 100
            for number in range(500):
                await store.delete(Deletion(Tenancy("nobody"), f"{number}", "r" * 1000))
            assert 0 < len((await store.deletions(EVERYBODY, 5000)).items) < 130
            assert len(await ids(store)) == 100
            assert (store.dropped, await store.size() < 500_000) == (0, True)
            for number in range(2000):
                await store.add([row("0", at=0, agent_id=f"{number:0500}")])
            assert await store.size() <= 1_000_000
            assert store.dropped > 1000

    run(main())


def test_what_was_rejected_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with opened(MemoryStore(texts=texts)) as store:
            for number in range(3):
                await store.keep_rejected([Rejected(f"t{number % 2}", "", "", "why", b"x", 1.0)] * 1500)
            for tenant in ("t0", "t1"):
                await store.delete(Deletion(Tenancy(tenant)))
            records = (await store.deletions(EVERYBODY, 5)).items
            assert await store.size() == sum(map(record_size, records))

    run(main())


@pytest.mark.parametrize(
    "made",
    [
        lambda number: row(f"{number}", agent_id="x" * 50_000 + chr(0x1F600) + f"{number}"),
        lambda number: row(f"{number}", tags=[f"\u0424{number}.{each}" for each in range(2000)]),
    ],
    ids=["one odd character", "many tags"],
)
def test_texts_that_take_many_times_their_bytes_count(made: Callable[[int], EventRow]) -> None:
    async def main() -> None:
        async with opened(MemoryStore(texts=texts)) as store:
            await store.add([made(-1)])
            before = await store.size()
            gc.collect()
            tracemalloc.start()
            try:
                await store.add([made(number) for number in range(20)])
                gc.collect()
                allocated, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert 0.6 < allocated / (await store.size() - before) < 1.3

    asyncio.run(main())


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


def test_the_log_counts_and_stays_when_events_make_room() -> None:
    async def main() -> None:
        store = MemoryStore(texts=texts, max_bytes=20 * OVERHEAD, worm=True)
        await store.open()
        assert store.log is not None
        rows = [row(f"{number}") for number in range(200)]
        for each in rows:
            await store.add([each])
        await store.log.keep_checkpoint("", 200, "note")
        assert (await store.log.head("")).root == root_of(leaf_hash(each.data) for each in rows)
        assert store.dropped > 190
        assert (await store.log.entries("", 0, 1))[0].event_id == "0"
        assert await store.size() > 200 * 2 * 32 + store.dropped * 400

    run(main())
