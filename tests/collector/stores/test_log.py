"""The log of a store: what every one promises of it. Runs on all of them: see places.py."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from chaukas_spec_lite.audit.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from chaukas_spec_lite.audit.notes import Checkpoint, NoteSignature
from chaukas_spec_lite.collector.copying import copy
from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, EventRow, Retention, Store
from chaukas_spec_lite.collector.stores.event_log import (
    EventLog,
    Gone,
    KeptCheckpoint,
    LogEntry,
    LogHead,
    LogPlace,
    hashes_for,
)
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.events import CONFLICT, NEW, REPEATED, row, texts
from tests.collector.stores.places import Place
from tests.collector.stores.test_every_store import Hand, opened
from tests.patience import run


def with_log(place: Place, steps: Callable[[Store, EventLog], Awaitable[None]], *, worm: bool = False) -> None:
    async def main() -> None:
        async with opened(place.store(log=True, worm=worm)) as store:
            assert store.log is not None
            await steps(store, store.log)
            assert await store.check() == []

    run(main())


def many(count: int, tenant: str = "acme") -> list[EventRow]:
    return [row(f"{number}", tenant_id=tenant, project_id="p") for number in range(count)]


def leaves(rows: list[EventRow]) -> list[bytes]:
    return [leaf_hash(each.data) for each in rows]


def entry_of(index: int, stored: EventRow) -> LogEntry:
    return LogEntry(index, leaf_hash(stored.data), stored.project_id, stored.event_id, stored.data)


def noted(rows: list[EventRow], size: int, signer: str = "log") -> str:
    """A checkpoint; who has signed it matters to no store."""
    note = Checkpoint("log/acme", size, root_of(leaves(rows[:size]))).note()
    return str(replace(note, signatures=(NoteSignature(signer, b"1234", b"signature"),)))


def test_a_store_keeps_no_log_unless_it_is_told_to(place: Place) -> None:
    async def main() -> None:
        store = place.store()
        with pytest.raises(StoreError, match="is not open"):
            _ = store.log
        async with opened(store):
            assert store.log is None

    run(main())


def test_each_event_of_a_tenant_is_an_entry_in_the_order_of_arrival(place: Place) -> None:
    async def steps(store: Store, log: EventLog) -> None:
        assert await log.heads() == []
        assert await log.head("acme") == LogHead("acme", 0, EMPTY_ROOT)
        a, b, c, d = (row(each, tenant_id="acme") for each in "abcd")
        other, none = row("a", tenant_id="other"), row("a")
        assert await store.add([b, other, a, b]) == [NEW, NEW, NEW, REPEATED]
        assert await store.add([row("a", tenant_id="acme", agent_id="conflict"), none]) == [CONFLICT, NEW]
        assert await store.add([a, d, c]) == [REPEATED, NEW, NEW]
        acme = LogHead("acme", 4, root_of(leaves([b, a, d, c])))
        theirs = [LogHead("", 1, leaf_hash(none.data)), acme, LogHead("other", 1, leaf_hash(other.data))]
        assert await log.heads() == theirs
        assert await log.heads("", 1) == [acme]
        assert await log.heads("acme") == theirs[2:]
        assert await log.head("acme") == acme
        assert await log.hashes("acme", 0, 0, 9) == leaves([b, a, d, c])
        assert await log.entries("acme", 1, 2) == [entry_of(1, a), entry_of(2, d)]
        assert await log.entries("acme", 4, 2) == await log.entries("nobody", 0, 2) == []

    with_log(place, steps)


def test_pages_of_events_and_entries_know_an_arrival_by_the_same_number(place: Place) -> None:
    """In whatever order pages come, and with events of others in between."""
    rows, others = many(600), many(600, "other")

    async def steps(store: Store, log: EventLog) -> None:
        for begin in range(0, 600, 150):
            await store.add([*others[begin : begin + 100], *rows[begin : begin + 150]])
        found: dict[int, bytes] = {}
        query = Query(tenancy=Tenancy("acme"), size=90)
        while True:
            page = await store.find(query, 1 << 20)
            assert len(page.numbers) == len(page.events)
            found.update(zip(page.numbers, map(leaf_hash, page.events), strict=True))
            if not page.next_page_token:
                break
            query = replace(query, page_token=page.next_page_token)
        hashes, numbers = await log.leaves("acme", 0, 600)
        assert hashes == leaves(rows)
        assert [found[number] for number in numbers] == hashes
        part = await log.leaves("acme", 149, 302)
        assert part == (hashes[149:451], numbers[149:451])
        assert await log.leaves("acme", 599, 9) == (hashes[599:], numbers[599:])
        assert await log.leaves("acme", 600, 9) == await log.leaves("nobody", 0, 9) == ([], [])
        await store.delete(Deletion(Tenancy("acme", "p"), reason="asked for"))
        assert await log.leaves("acme", 0, 600) == (hashes, numbers)

    with_log(place, steps)


def test_hashes_of_every_level_are_those_of_full_subtrees(place: Place) -> None:
    rows = many(1100)

    async def steps(store: Store, log: EventLog) -> None:
        for begin, end in ((0, 1), (1, 255), (255, 256), (256, 260), (260, 900), (900, 1100)):
            await store.add(rows[begin:end])
        for level in range(12):
            expected = [
                root_of(leaves(rows[start : start + (1 << level)]))
                for start in range(0, len(rows), 1 << level)
                if start + (1 << level) <= len(rows)
            ]
            assert await log.hashes("acme", level, 0, 5000) == expected
            assert await log.hashes("acme", level, 1, 2) == expected[1:3]
            assert await log.hashes("acme", level, len(expected), 2) == []

    with_log(place, steps)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="pymerkle 7 needs Python 3.11")
def test_roots_and_proofs_are_those_of_another_implementation(place: Place) -> None:
    import pymerkle

    rows = many(300)
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    for each in rows:
        theirs.append_entry(each.data)

    async def steps(store: Store, log: EventLog) -> None:
        await store.add(rows[:7])
        await store.add(rows[7:])
        head = await log.head("acme")
        assert head.root == theirs.get_root(300)
        for index in (0, 6, 255, 256, 299):
            made = theirs.prove_inclusion(index + 1, 300)
            ours = await hashes_for(log, "acme", partial(prove_inclusion, index=index, size=300))
            assert set(ours) <= {bytes.fromhex(each) for each in made.serialize()["path"]}
            verify_inclusion(leaf_hash(rows[index].data), index, 300, ours, head.root)
        for size in (1, 7, 256, 299, 300):
            old = await hashes_for(log, "acme", partial(tree_root, size=size))
            assert old == theirs.get_root(size)
            proof = await hashes_for(log, "acme", partial(prove_consistency, old_size=size, size=300))
            verify_consistency(size, 300, old, head.root, proof)
        with pytest.raises(StoreError, match="has no hash 300 of level 0"):
            await hashes_for(log, "acme", partial(prove_inclusion, index=299, size=301))

    with_log(place, steps)


def test_an_event_is_found_in_the_log_by_its_id(place: Place) -> None:
    async def steps(store: Store, log: EventLog) -> None:
        p, q, other = (
            row("a", tenant_id=tenant, project_id=project)
            for tenant, project in (("acme", "p"), ("acme", "q"), ("other", "p"))
        )
        await store.add([row("b", tenant_id="acme"), p, q, other])
        places = [
            LogPlace(index, each.tenant_id, each.project_id, "a", leaf_hash(each.data))
            for index, each in ((1, p), (2, q), (0, other))
        ]
        assert await log.places(Tenancy(), "a") == places
        assert await log.places(Tenancy("acme"), "a") == places[:2]
        assert await log.places(Tenancy("acme", "q"), "a") == places[1:2]
        assert await log.places(Tenancy(None, "p"), "a") == [places[0], places[2]]
        assert await log.places(Tenancy("acme", "q"), "b") == await log.places(Tenancy(), "c") == []

    with_log(place, steps)


def test_a_deleted_event_leaves_its_hash(place: Place) -> None:
    async def steps(store: Store, log: EventLog) -> None:
        rows = many(6)
        await store.add(rows)
        head = await log.head("acme")
        await store.delete(Deletion(Tenancy("acme", "p"), reason="asked for"))
        gone = [LogEntry(index, each, "", "", None, Gone()) for index, each in enumerate(leaves(rows))]
        assert await log.entries("acme", 0, 9) == gone
        assert await log.head("acme") == head
        assert await log.places(Tenancy(), "1") == []
        assert await store.add(rows[1:2]) == [NEW], "the same event once more, as another entry"
        assert await log.entries("acme", 0, 9) == [*gone, entry_of(6, rows[1])]
        assert [each.index for each in await log.places(Tenancy(), "1")] == [6]
        assert (await log.head("acme")).root == root_of([*leaves(rows), leaf_hash(rows[1].data)])

    with_log(place, steps)


def test_a_record_tells_which_event_went_and_when_and_by_whose_order(place: Place) -> None:
    clock = Hand()

    async def main() -> None:
        async with opened(place.store(clock, worm=True)) as store:
            log = store.log
            assert log is not None
            assert log.worm
            rows = [row(each, tenant_id="acme", project_id="p", session_id=each) for each in "abcd"]
            await store.add(rows[:3])
            clock.now += 100
            deletion = Deletion(Tenancy("acme"), "b", "asked for by the customer", "key:support")
            assert await store.delete(deletion) == 1
            deleted = Gone(clock.now, deletion)
            clock.now += 1000
            await store.add(rows[3:])
            assert await store.retain(Retention(max_age=500)) == 2
            too_old = Gone(clock.now)
            went = [too_old, deleted, too_old]
            expected = [
                LogEntry(index, leaf_hash(each.data), "p", each.event_id, None, gone)
                for index, (each, gone) in enumerate(zip(rows, went, strict=False))
            ]
            assert await log.entries("acme", 0, 9) == [*expected, entry_of(3, rows[3])]
            assert [each.by for each in went] == ["retention", "key:support", "retention"]
            assert await log.places(Tenancy("acme"), "b") == [LogPlace(1, "acme", "p", "b", leaf_hash(rows[1].data))]
            assert await log.places(Tenancy("acme", "q"), "b") == []
            assert await store.add(rows[1:2]) == [NEW]
            assert [each.index for each in await log.places(Tenancy("acme"), "b")] == [1, 4]

    run(main())


def test_checkpoints_are_kept_and_those_of_larger_logs_refused(place: Place) -> None:
    async def steps(store: Store, log: EventLog) -> None:
        with pytest.raises(StoreError, match="of 1 entries for tenant 'acme', whose log has 0"):
            await log.keep_checkpoint("acme", 1, "early")
        rows = many(5)
        await store.add(rows)
        assert await log.checkpoints("acme") == []
        of = [KeptCheckpoint(size, noted(rows, size)) for size in (5, 3, 1)]
        for each in (of[1], of[2], of[0]):
            assert await log.keep_checkpoint("acme", each.size, each.note) == each.note
        with pytest.raises(StoreError, match="of 6 entries for tenant 'acme', whose log has 5"):
            await log.keep_checkpoint("acme", 6, "early")
        assert await log.checkpoints("acme") == of[:1]
        assert [(await log.head(each)).checkpoint for each in ("acme", "other")] == [5, None]
        assert [(each.tenant_id, each.checkpoint) for each in await log.heads()] == [("acme", 5)]
        assert await log.checkpoints("acme", limit=9) == of
        assert await log.checkpoints("acme", before=5) == of[1:2]
        assert await log.checkpoints("acme", before=3, limit=9) == of[2:]
        assert await log.checkpoints("other") == await log.checkpoints("acme", before=1) == []
        assert await log.keep_checkpoint("acme", 5, "another") == of[0].note, "somebody else came first"
        with_witness = noted(rows, 5, "witness")
        assert await log.keep_checkpoint("acme", 5, with_witness, former=of[0].note) == with_witness
        assert await log.keep_checkpoint("acme", 4, "lost", former="never kept") == ""
        assert await log.checkpoints("acme", limit=2) == [KeptCheckpoint(5, with_witness), of[1]]

    with_log(place, steps)


def test_one_that_is_kept_is_kept_by_whoever_opens_it_and_begins_with_what_was_there(place: Place) -> None:
    async def main() -> None:
        if not place.shared:
            return
        rows = many(1203)
        theirs = many(3, "other")
        async with opened(place.store()) as store:
            await store.add(rows[:600])
            await store.add(theirs)
            await store.add(rows[600:1200])
            await store.delete(Deletion(Tenancy("other"), reason="before there was a log"))
        async with opened(place.store(log=True)) as store:
            assert store.log is not None
            assert (await store.log.head("acme")).root == root_of(leaves(rows[:1200]))
            assert (await store.log.head("other")).size == 0
            assert not store.log.worm
            await store.add(rows[1200:1201])
        async with opened(place.store()) as store, opened(place.store(worm=True)) as other:
            assert store.log is not None
            assert other.log is not None
            await store.add(rows[1201:1202])
            await other.add(rows[1202:])
            assert (await store.log.head("acme")).root == root_of(leaves(rows))
            assert other.log.worm
            await store.delete(Deletion(Tenancy("acme"), reason="all"))
            entry = (await other.log.entries("acme", 1202, 9))[0]
            assert entry.gone is not None
            assert entry.gone.deletion == Deletion(Tenancy("acme"), reason="all")
            assert await store.check() == []
        async with opened(place.store()) as store:
            assert store.log is not None
            assert store.log.worm

    run(main())


def test_a_copy_begins_a_log_of_its_own_in_the_order_of_arrival(place: Place) -> None:
    async def main() -> None:
        rows = many(20)
        async with opened(MemoryStore(texts=texts)) as source, opened(place.store(log=True)) as target:
            await source.add(rows)
            await copy(source, target, lambda _: None)
            assert target.log is not None
            assert (await target.log.head("acme")).root == root_of(leaves(rows))
            assert await target.check() == []

    run(main())


def test_stores_on_the_same_events_append_to_one_log(place: Place) -> None:
    async def main() -> None:
        if not place.shared:
            return
        rows = [each for tenant in ("a", "b", "c") for each in many(40, tenant)]
        async with opened(place.store(log=True)) as one, opened(place.store()) as two:
            parts = [rows[start::10] for start in range(10)]
            await asyncio.gather(*(store.add(part) for part in parts for store in (one, two)))
            assert one.log is not None
            assert two.log is not None
            heads = await one.log.heads()
            assert heads == await two.log.heads()
            assert [(each.tenant_id, each.size) for each in heads] == [("a", 40), ("b", 40), ("c", 40)]
            for each in heads:
                entries = await two.log.entries(each.tenant_id, 0, 99)
                assert root_of(entry.leaf for entry in entries) == each.root
                assert {entry.data for entry in entries} == {
                    row.data for row in rows if row.tenant_id == each.tenant_id
                }
            assert await one.check() == []

    run(main())
