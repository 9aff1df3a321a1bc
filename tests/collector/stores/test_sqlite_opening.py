"""Opening a SQLite file, which may take long: whose it is to be, what is taken away meanwhile, who stops waiting."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.collector.stores.copied import Stage
from chaukas_spec_lite.collector.stores.sqlite import file, migrating
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.events import NEW, ids, row, texts
from tests.collector.stores.test_every_store import opened
from tests.collector.stores.test_sqlite import FORMAT_2, database, make_format_1, old_rows, store_at
from tests.patience import HANG, run, until

ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="files there inherit what their folder has")
def test_a_new_file_is_its_owners_alone_and_one_that_is_there_stays_as_it_is(path: Path) -> None:
    async def modes() -> set[int]:
        async with opened(store_at(path, index_text=True)) as store:
            await store.add([row("a")])
            return {mode(f"{path}{end}") for end in ("", "-wal", "-shm")}

    async def main() -> None:
        assert await modes() == {0o600}
        path.chmod(0o640)  # noqa: ASYNC240 - nothing else runs on this loop
        assert await modes() == {0o640}

    before = os.umask(0o022)
    try:
        run(main())
    finally:
        os.umask(before)


def once(do: Callable[[], object]) -> Callable[[], None]:
    done: list[object] = []

    def first() -> None:
        if not done:
            done.append(do())

    return first


@pytest.mark.parametrize("taken", ["", "-wal"])
def test_a_file_that_is_taken_away_during_a_migration_is_noticed(
    taken: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = old_rows()
    make_format_1(path, rows)
    away = once(lambda: os.rename(f"{path}{taken}", f"{path}.away{taken}"))
    real = migrating.Writing.finish

    def finish(self: Any) -> None:
        away()
        real(self)

    monkeypatch.setattr(migrating.Writing, "finish", finish)

    async def main() -> None:
        with pytest.raises(StoreError, match="was deleted or replaced while it was being opened"):
            await store_at(path).open()

    run(main())


def test_a_file_that_is_replaced_while_it_is_indexed_is_noticed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"

    async def main() -> None:
        for each in (path, other):
            async with opened(store_at(each)) as store:
                await store.add([row("a")])
        replace = once(lambda: os.replace(other, path))

        def replacing(data: bytes) -> str:
            replace()
            return texts(data)

        with pytest.raises(StoreError, match="was deleted or replaced while it was being opened"):
            await SQLiteStore(path, texts=replacing, index_text=True).open()
        async with opened(store_at(path)) as store:
            assert await store.add([row("b")]) == [NEW]
            assert await ids(store) == ["a", "b"]

    run(main())


async def stopped(store: SQLiteStore, begun: threading.Event, go_on: Callable[[], object] = lambda: None) -> None:
    """Open a store, stop that once it has begun, and see that it ends."""
    opening = asyncio.ensure_future(store.open())
    await until(begun.is_set)
    opening.cancel()
    await asyncio.sleep(0)
    go_on()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await until(lambda: not any(thread.name.startswith("chaukas-store-write") for thread in threading.enumerate()))


def test_a_migration_that_is_stopped_is_undone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = old_rows()
    make_format_1(path, rows)
    begun, free = threading.Event(), threading.Event()
    steps: list[int] = []
    real = migrating.Writing.finish

    def finish(self: Any) -> None:
        steps.append(1)
        begun.set()
        assert free.wait(HANG)
        real(self)

    async def main() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(migrating.Writing, "finish", finish)
            await stopped(store_at(path), begun, free.set)
        assert len(steps) == 1, "there are three"
        with database(path) as connection:
            assert connection.execute("PRAGMA user_version").fetchall() == [(1,)]
            assert connection.execute("SELECT count(*) FROM events WHERE searched_text != ''").fetchall() == [(2500,)]
        async with opened(store_at(path)) as store:
            assert (await store.export(Stage.EVENTS, "", 10_000)).rows == rows

    run(main())


def test_a_migration_from_format_2_that_is_stopped_is_undone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = old_rows()
    begun, free = threading.Event(), threading.Event()
    steps: list[int] = []
    real = migrating.mark

    def mark(*args: Any) -> None:
        steps.append(1)
        begun.set()
        assert free.wait(HANG)
        real(*args)

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(rows)
        with database(path) as connection:
            connection.executescript(FORMAT_2)
            before = list(connection.iterdump())
        with monkeypatch.context() as patch:
            patch.setattr(migrating, "mark", mark)
            await stopped(store_at(path), begun, free.set)
        assert len(steps) == 1, "there are three"
        with database(path) as connection:
            assert connection.execute("PRAGMA user_version").fetchall() == [(2,)]
            assert list(connection.iterdump()) == before
        async with opened(store_at(path)) as store:
            assert (await store.export(Stage.EVENTS, "", 10_000)).rows == rows
            assert await store.check() == []

    run(main())


def test_a_statement_that_never_ends_is_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As making an index over many events is one statement."""
    make_format_1(path, old_rows())
    begun = threading.Event()

    def migrate(connection: sqlite3.Connection, version: int, check: Callable[[], None]) -> None:
        begun.set()
        connection.execute(ENDLESS).fetchall()

    async def main() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(file, "migrate", migrate)
            await stopped(store_at(path), begun)
        async with opened(store_at(path)) as store:
            assert await store.check() == []

    run(main())


def test_an_index_that_is_stopped_goes_on_next_time(path: Path) -> None:
    begun, free = threading.Event(), threading.Event()
    looked_at: list[bytes] = []

    def waiting(data: bytes) -> str:
        looked_at.append(data)
        if len(looked_at) > 600:  # in its second step
            begun.set()
            assert free.wait(HANG)
        return texts(data)

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row(f"{number}") for number in range(2000)])
        await stopped(SQLiteStore(path, texts=waiting, index_text=True), begun, free.set)
        first = len(looked_at)
        assert first < 2000
        async with opened(SQLiteStore(path, texts=waiting, index_text=True)) as store:
            assert len(looked_at) < first + 2000, "what was indexed is not indexed again"
            assert await store.check() == []

    run(main())


def test_who_is_stopped_after_it_was_opened_leaves_nothing_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, free = threading.Event(), threading.Event()
    real = file.identity_of

    def slow(each: Path) -> Any:
        begun.set()
        assert free.wait(HANG)
        return real(each)

    async def main() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(file, "identity_of", slow)
            await stopped(store_at(path), begun, free.set)
        # The last one that closes it takes the log away.
        assert sorted(each.name for each in path.parent.iterdir()) == ["events.db"]

    run(main())
