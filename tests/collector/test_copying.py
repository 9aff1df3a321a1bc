"""Copies of stores: row for row, between all kinds, in any number of attempts, whatever ends them."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from chaukas_spec_lite.collector import copying
from chaukas_spec_lite.collector.copying import Copied, copy
from chaukas_spec_lite.collector.query import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import Addition, Deletion, DeletionRecord, Rejected, Retention, Store
from chaukas_spec_lite.collector.stores.copied import Arrived, CopyNote, Exported, Stage
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.opening import store_for
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.conftest import database, postgres  # noqa: F401 (fixtures)
from tests.collector.stores.events import conflicting, ids, row, texts
from tests.collector.stores.postgres_server import PostgresServer
from tests.patience import run

EVERYTHING = Tenancy()


class Hand:
    """A clock that goes on with each look, by days now and then."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 0.25 if round(self.now * 4) % 5 else 50_000.0
        return self.now


class Content(NamedTuple):
    """All that a copy takes."""

    events: list[Arrived]
    conflicts: list[Arrived]
    rejected: list[Rejected]
    deletions: list[DeletionRecord]


async def content(store: Store) -> Content:
    found = Content([], [], [], [])
    for stage in Stage:
        after = ""
        while (part := await store.export(stage, after, 1000)).size:
            for mine, its in zip(found, (part.events, part.conflicts, part.rejected, part.deletions), strict=True):
                mine.extend(its)  # type: ignore[arg-type]
            after = part.after
    return found


async def fill(store: Store) -> None:
    """Put 57 events of two tenants into a store, three conflicts, rejected events of which two are alike, deletions."""
    for number in range(57):
        await store.add([row(f"e{number:02}", at=7, tenant_id="ab"[number % 2], tags=["x", str(number)])])
    await store.add([row("gone", tenant_id="c"), row("e00", tenant_id="a", session_id="other")])
    await store.add([row("gone", tenant_id="c", session_id="s"), row("e51", tenant_id="b", session_id="other")])
    alike = Rejected("a", "p", "", "no id", b"data", 5.25)
    await store.keep_rejected([alike, alike, *(Rejected("b", "", f"{n}", "why", b"\0", 6.5 + n) for n in range(23))])
    await store.delete(Deletion(Tenancy("c", ""), "", "asked for", "key:support\0"))
    await store.delete(Deletion(Tenancy("a"), "nothing"))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "PART", 10)


KINDS = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.stores)]


def made(kind: str, name: str, request: pytest.FixtureRequest, folder: Path) -> Store:
    clock = Hand()
    if kind == "memory":
        return MemoryStore(texts=texts, clock=clock)
    if kind == "sqlite":
        return SQLiteStore(folder / name, texts=texts, clock=clock)
    from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore

    server: PostgresServer = request.getfixturevalue("postgres")
    return PostgresStore(server.address(server.create_database()), texts=texts, clock=clock)


class Opened:
    """Several stores, open."""

    def __init__(self, *stores: Store) -> None:
        self.stores = stores

    async def __aenter__(self) -> Sequence[Store]:
        for store in self.stores:
            await store.open()
        return self.stores

    async def __aexit__(self, *_: object) -> None:
        for store in self.stores:
            await store.close()


def quietly(done: Copied) -> None:
    """Do without a progress bar."""


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("of", KINDS)
def test_a_copy_is_the_same_row_for_row(of: str, to: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    async def main() -> None:
        async with Opened(made(of, "a", request, tmp_path), made(to, "b", request, tmp_path)) as (source, target):
            await fill(source)
            seen: list[int] = []
            done = await copy(source, target, lambda done: seen.append(done.seen))
            assert (done.total, done.seen, done.new, done.resumed, done.deleted) == (57, 57, 57, False, 0)
            assert (done.conflicts, done.rejected, done.deletions) == (2, 25, 2)
            assert seen == sorted(seen)
            assert len(seen) > 8
            theirs = await content(source)
            assert len({each.received for each in theirs.events}) > 50, "or nothing is shown of times"
            assert await content(target) == theirs
            assert await ids(target) == await ids(source), "their timestamps are equal: this is the order of arrival"
            assert await target.check() == []
            again = await copy(source, target, quietly)
            assert (again.seen, again.new, again.resumed, again.rejected, again.deletions) == (57, 0, False, 0, 0)
            await source.keep_rejected([Rejected("b", "", "late", "why", b"", 99.0)])
            await copy(source, target, quietly)
            assert await content(target) == await content(source)

    run(main())


class Ending(MemoryStore):
    """A store whose transactions fail after so many: before they are done, or after, when nobody hears of it."""

    def __init__(self, after: int, *, done: bool) -> None:
        super().__init__(texts=texts)
        self.left = after
        self.done = done

    async def restore(self, part: Exported, note: CopyNote) -> list[Addition]:
        self.left -= 1
        if self.left == 0 and self.done:
            await super().restore(part, note)
        if self.left <= 0:
            raise StoreError("the disk is full")
        return await super().restore(part, note)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("steps", range(1, 14))
def test_what_was_interrupted_goes_on_at_any_step(steps: int, done: bool, tmp_path: Path) -> None:
    async def main() -> None:
        async with Opened(SQLiteStore(tmp_path / "a", texts=texts), Ending(steps, done=done)) as (source, target):
            assert isinstance(target, Ending)
            await fill(source)
            with pytest.raises(StoreError, match="disk is full"):
                await copy(source, target, quietly)
            target.left = 1000
            resumed = await copy(source, target, quietly)
            assert resumed.seen < 57 or not resumed.resumed
            assert await content(target) == await content(source)

    run(main())


PROGRAM = """
import asyncio, sys
from chaukas_spec_lite.collector import copying
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.opening import open_store

async def main():
    source, target = [await open_store(address, texts=searched_text) for address in sys.argv[1:]]
    copying.PART = 10
    await copying.copy(source, target, lambda done: print(done.seen, flush=True) or sys.stdin.readline())
    await source.close()
    await target.close()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("of", "to"),
    [
        ("sqlite", "sqlite"),
        *(pytest.param(*pair, marks=pytest.mark.stores) for pair in [("sqlite", "postgres"), ("postgres", "sqlite")]),
    ],
)
def test_a_copy_that_is_killed_again_and_again_is_complete(
    of: str, to: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source, target = (made(kind, name, request, tmp_path) for kind, name in ((of, "a"), (to, "b")))
    addresses = [source.name, target.name]
    chance = random.Random(7)

    async def prepare() -> None:
        async with Opened(source):
            await fill(source)

    async def compare() -> None:
        async with Opened(source, target):
            assert await content(target) == await content(source)
            assert await target.check() == []

    run(prepare())
    for _ in range(5):  # It has 12 parts, of which each attempt gets one to three done, and maybe another one.
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *addresses], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin
            assert process.stdout
            for _ in range(chance.randint(1, 3)):
                if process.stdout.readline():  # it has done a part, and waits
                    process.stdin.write(b"go on\n")
                    process.stdin.flush()
            time.sleep(chance.random() * 0.01)  # in which it comes to wherever it comes
            process.kill()
    subprocess.run(
        [sys.executable, "-c", PROGRAM, *addresses], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    run(compare())


def test_a_store_is_not_copied_into_itself(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "folder").mkdir()
        async with Opened(SQLiteStore(tmp_path / "a", texts=texts)) as (source,):
            await fill(source)
            before = await content(source)
            (tmp_path / "link").symlink_to(tmp_path / "a")
            for path in (tmp_path / "a", tmp_path / "folder" / ".." / "a", tmp_path / "link"):
                async with Opened(store_for(path, texts=texts)) as (itself,):
                    for _ in range(2):
                        with pytest.raises(StoreError, match="itself"):
                            await copy(source, itself, quietly)
                        assert await content(source) == before
            async with Opened(SQLiteStore(tmp_path / "b", texts=texts)) as (target,):
                await copy(source, target, quietly)
                back = await copy(target, source, quietly)
                assert (back.seen, back.new) == (57, 0)

    run(main())


@pytest.mark.stores
def test_a_database_is_not_copied_into_itself_whatever_it_is_called(request: pytest.FixtureRequest) -> None:
    address: str = request.getfixturevalue("database")

    async def main() -> None:
        async with Opened(store_for(address, texts=texts)) as (source,):
            await fill(source)
            for other in (address, address.replace("127.0.0.1", "localhost"), f"{address}?application_name=x"):
                async with Opened(store_for(other, texts=texts)) as (itself,):
                    with pytest.raises(StoreError, match="itself"):
                        await copy(source, itself, quietly)

    run(main())


def test_a_copy_of_the_file_is_another_store(tmp_path: Path) -> None:
    """It has the same secret, and may have gone another way since."""

    async def main() -> None:
        async with Opened(SQLiteStore(tmp_path / "a", texts=texts)) as (source,):
            await fill(source)
        (tmp_path / "cp").write_bytes((tmp_path / "a").read_bytes())
        async with Opened(*(SQLiteStore(tmp_path / name, texts=texts) for name in ("a", "cp", "b"))) as (
            one,
            two,
            target,
        ):
            await two.add([row("only here")])
            await copy(one, target, quietly)
            assert (await copy(two, target, quietly)).new == 1
            assert (await copy(two, one, quietly)).new == 1

    run(main())


@pytest.mark.parametrize("of", KINDS)
def test_what_is_deleted_meanwhile_is_told(of: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    async def main() -> None:
        async with Opened(made(of, "a", request, tmp_path), MemoryStore(texts=texts)) as (source, target):
            await fill(source)
            deleting: list[asyncio.Task[int]] = []

            def delete(done: Copied) -> None:
                if done.seen == 50 and not deleting:
                    deleting.append(asyncio.ensure_future(source.delete(Deletion(Tenancy("a")))))

            export = source.export

            async def slow(stage: Stage, after: str, limit: int) -> Exported:
                await asyncio.gather(*deleting)
                return await export(stage, after, limit)

            source.export = slow  # type: ignore[method-assign]
            done = await copy(source, target, delete)
            assert done.deleted == 25, "of the 50 that had been copied"
            assert done.seen == 53
            assert (await target.stats(Query())).events == 53
            records = (await target.deletions(Tenancy("a"), 5)).items
            assert [each.events for each in records] == [29, 0], "the record of it is copied"

    run(main())


@pytest.mark.parametrize("to", KINDS)
def test_what_is_too_old_goes_from_a_copy_too(to: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Although it stands behind what came later, in a store that goes on collecting while the copy is made."""

    async def main() -> None:
        target = made(to, "b", request, tmp_path)
        async with Opened(SQLiteStore(tmp_path / "a", texts=texts, clock=lambda: 1e9), target) as (source, _):
            await source.add([row(f"old{number}", tenant_id="t") for number in range(30)])
            await target.add([row("before", tenant_id="t")])
            for store, name, at in ((source, "old0", 1e9), (target, "before", time.time())):
                await store.add([row(name, tenant_id="t", agent_id="another")])
                await store.keep_rejected([Rejected("t", "", name, "why", b"", at)])
            adding: list[asyncio.Task[list[Addition]]] = []

            def add(done: Copied) -> None:
                adding.append(asyncio.ensure_future(target.add([row(f"new{done.seen}", tenant_id="t")])))

            await copy(source, target, add)
            await asyncio.gather(*adding)
            assert (await target.stats(Query())).events == 34
            assert await target.retain(Retention(max_age=1e8)) == 30
            assert sorted(await ids(target)) == ["before", "new10", "new20", "new30"]
            assert [each.row.event_id for each in (await target.conflicts(Tenancy("t"), 5)).items] == ["before"]
            assert [each.event_id for each in (await target.rejected(Tenancy("t"), 5)).items] == ["before"]
            assert await target.check() == []

    run(main())


def test_two_copies_of_one_store_at_once_do_not_mix(tmp_path: Path) -> None:
    async def main() -> None:
        async with Opened(SQLiteStore(tmp_path / "a", texts=texts), SQLiteStore(tmp_path / "b", texts=texts)) as stores:
            source, target = stores
            await fill(source)
            outcomes = await asyncio.gather(*(copy(source, target, quietly) for _ in range(2)), return_exceptions=True)
            assert [each for each in outcomes if isinstance(each, StoreError)]
            await copy(source, target, quietly)
            assert await content(target) == await content(source)

    run(main())


def test_what_the_target_holds_stays(tmp_path: Path) -> None:
    async def main() -> None:
        async with Opened(SQLiteStore(tmp_path / "a", texts=texts), MemoryStore(texts=texts)) as (source, target):
            await fill(source)
            mine = row("e02", tenant_id="a", session_id="mine")
            await target.add([row("mine", tenant_id="a"), row("e01", tenant_id="b"), mine])
            done = await copy(source, target, quietly)
            assert done.new == 55
            assert (await target.stats(Query())).events == 58
            conflicts = await conflicting(target, EVERYTHING, 10)
            assert sorted(each.event_id for each in conflicts) == ["e00", "e01", "e02", "e51"]

    run(main())
