"""Copies of stores: whole, in any number of attempts, into stores that hold something or have lost something."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chaukas_spec_lite.collector import copying
from chaukas_spec_lite.collector.copying import Copied, CopyNotes, copy
from chaukas_spec_lite.collector.query import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import Addition, EventRow, Rejected
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.events import conflicting, ids, row, texts
from tests.patience import run

EVERYTHING = Tenancy()


class Failing(MemoryStore):
    """A store that fails after so many calls of ``add``."""

    def __init__(self, after: int) -> None:
        super().__init__(texts=texts)
        self.left = after

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        self.left -= 1
        if self.left < 0:
            raise StoreError("the disk is full")
        return await super().add(rows)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "PART", 10)


@asynccontextmanager
async def source() -> AsyncIterator[MemoryStore]:
    """A store with 57 events of two tenants, two conflicts and one rejected event."""
    store = MemoryStore(texts=texts)
    await store.open()
    await store.add([row(f"e{number:02}", tenant_id="ab"[number % 2]) for number in range(57)])
    await store.add([row("e00", tenant_id="a", session_id="other"), row("e51", tenant_id="b", session_id="other")])
    await store.keep_rejected([Rejected("a", "", "", "no id", b"data", 5.0)])
    yield store
    await store.close()


def attempt(target: MemoryStore, notes: CopyNotes, first: MemoryStore) -> Awaitable[Copied]:
    return copy(first, target, notes, lambda done: None)


async def complete(target: MemoryStore) -> None:
    assert sorted(await ids(target)) == [f"e{number:02}" for number in range(57)]
    assert sorted(each.event_id for each in await conflicting(target, EVERYTHING, 10)) == ["e00", "e51"]
    assert [each.reason for each in (await target.rejected(EVERYTHING, 10)).items] == ["no id"]


def test_everything_is_copied_with_what_it_was_told(tmp_path: Path) -> None:
    async def main() -> None:
        target, notes = MemoryStore(texts=texts), CopyNotes(tmp_path, "a", "b")
        await target.open()
        seen: list[int] = []
        async with source() as first:
            done = await copy(first, target, notes, lambda done: seen.append(done.seen))
            assert (done.total, done.seen, done.new, done.resumed) == (57, 57, 57, False)
            assert seen == sorted(seen)
            assert len(seen) > 5
            await complete(target)
            again = await attempt(target, notes, first)
            assert (again.seen, again.new, again.resumed) == (57, 0, False)
            assert await ids(target) == await ids(first)

    run(main())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("calls", range(1, 7))
def test_what_was_interrupted_goes_on_and_nothing_is_missing(calls: int, tmp_path: Path) -> None:
    async def main() -> None:
        target, notes = Failing(calls), CopyNotes(tmp_path, "a", "b")
        await target.open()
        async with source() as first:
            with pytest.raises(StoreError):
                await attempt(target, notes, first)
            target.left = 1000
            done = await attempt(target, notes, first)
            assert done.resumed is (calls > 1)  # before, there was nothing to go on from
            assert done.seen < 57 or not done.resumed
            await complete(target)

    run(main())


def test_a_target_that_has_lost_something_is_filled_from_the_beginning(tmp_path: Path) -> None:
    async def main() -> None:
        target, notes = Failing(4), CopyNotes(tmp_path, "a", "b")
        await target.open()
        async with source() as first:
            with pytest.raises(StoreError):
                await attempt(target, notes, first)
            fresh = MemoryStore(texts=texts)
            await fresh.open()
            done = await attempt(fresh, notes, first)
            assert not done.resumed
            await complete(fresh)

    run(main())


def test_what_the_target_holds_stays(tmp_path: Path) -> None:
    async def main() -> None:
        target, notes = MemoryStore(texts=texts), CopyNotes(tmp_path, "a", "b")
        await target.open()
        await target.add([row("mine", tenant_id="a"), row("e01", tenant_id="b")])
        async with source() as first:
            done = await attempt(target, notes, first)
            assert done.new == 56
            assert (await target.stats(Query())).events == 58

    run(main())


@pytest.mark.parametrize("text", ["{", "[]", '{"cursor": 7}'])
def test_notes_that_cannot_be_read_are_none(text: str, tmp_path: Path) -> None:
    notes = CopyNotes(tmp_path, "a", "b")
    assert notes.read() == ""
    notes.write("7-0")
    assert notes.read() == "7-0"
    assert CopyNotes(tmp_path, "a", "c").read() == ""
    notes.path.write_text(text)
    assert notes.read() == ""
    notes.forget()
    notes.forget()
