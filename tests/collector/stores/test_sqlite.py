"""What the SQLite store promises beyond every store: one file, other processes on it, and what may befall it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import random
import sqlite3
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.stores.asking import EVERY_SESSION, Query, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, EventRow, Rejected, Retention
from chaukas_spec_lite.collector.stores.copied import Stage
from chaukas_spec_lite.collector.stores.listing import CONFLICTS, PartAsked
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.sqlite import (
    conditions,
    deleting,
    file,
    finding,
    reading,
    text_index,
    unmarking,
    upkeep,
    writer,
)
from chaukas_spec_lite.collector.stores.sqlite.schema import Mark, moment_of, timestamp_of
from chaukas_spec_lite.collector.stores.sqlite.sessions import sessions as listed
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.collector.stores.sqlite.writer import WriterThread
from chaukas_spec_lite.errors import QueryTimeoutError, StoreError
from tests.collector.stores.events import NEW, REPEATED, ROOM, every_page, id_of, ids, row, texts
from tests.collector.stores.test_every_store import opened
from tests.patience import HANG, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


def store_at(path: Path, *, index_text: bool = False) -> SQLiteStore:
    return SQLiteStore(path, texts=texts, index_text=index_text)


@contextlib.contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as another process has it open."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=HANG)
    try:
        yield connection
    finally:
        connection.close()


REFUSED = row("refused")._replace(session_id=None)  # type: ignore[arg-type]  # which the table refuses


# Groups of requests


def test_all_or_nothing(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            with pytest.raises(StoreError, match="NOT NULL"):
                await store.add([row("good", tags=["t"]), REFUSED])
            assert await ids(store) == []
            assert await store.add([row("good")]) == [NEW]
            assert await ids(store, Query(tags=("t",))) == []
            assert await store.check() == []

    run(main())


def test_what_is_added_at_once_shares_transactions_but_not_errors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transactions: list[int] = []
    real = WriterThread._insert

    def insert(self: WriterThread, groups: Sequence[Any], deadline: float) -> Any:
        transactions.append(len(groups))
        return real(self, groups, deadline)

    monkeypatch.setattr(WriterThread, "_insert", insert)

    async def main() -> None:
        async with opened(store_at(path)) as store:

            async def together(*batches: list[EventRow]) -> list[Any]:
                transactions.clear()
                return await asyncio.gather(*map(store.add, batches), return_exceptions=True)

            good = [[row(f"{number:03}")] for number in range(200)]
            assert await together(*good) == [[NEW]] * 200
            assert sum(transactions) == 200
            assert len(transactions) < 10
            outcomes = await together(good[0], [], [REFUSED], good[1])
            assert outcomes[:2] == [[REPEATED], []]
            assert isinstance(outcomes[2], StoreError)
            assert outcomes[3] == [REPEATED]
            assert transactions[-4:] == [1, 1, 1, 1], "after the failure, each by itself"
            leaving = asyncio.ensure_future(store.add([row("left")]))
            await asyncio.sleep(0)
            leaving.cancel()
            assert await store.add([row("stays")]) == [NEW]
            assert (await ids(store))[200:] in (["left", "stays"], ["stays"])

    run(main())


def test_a_lock_that_another_process_holds_is_waited_for_once_and_not_by_each(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    real = WriterThread._insert

    def insert(self: WriterThread, groups: Sequence[Any], deadline: float) -> Any:
        waited.append(max(0.0, deadline - time.monotonic()))
        return real(self, groups, deadline)

    monkeypatch.setattr(WriterThread, "_insert", insert)
    monkeypatch.setattr(writer, "BUSY_SECONDS", 0.3)
    monkeypatch.setattr(writer, "_LEAST_PATIENCE", 0.0)

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row("first")])
            with database(path) as other:
                other.execute("BEGIN IMMEDIATE")
                waited.clear()
                adding = [store.add([row(f"{number}")]) for number in range(5 * writer.MAX_GROUP)]
                outcomes = await asyncio.gather(*adding, return_exceptions=True)
                assert {str(outcome) for outcome in outcomes} == {
                    f"{path}: database is locked: another process holds the write lock"
                }
                assert len(waited) == 5, "not again one by one"
                assert sum(waited) < 0.4, "as long as the first one may wait, for all of them"
                assert await ids(store) == ["first"], "who reads waits for nobody"
                other.execute("ROLLBACK")
            assert await store.add([row("later")]) == [NEW]

    run(main())


def test_a_full_disk(path: Path) -> None:
    def limit(connection: sqlite3.Connection, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row("first")])
            await store._writer.run_outside(lambda connection: limit(connection, 1))  # SQLite takes what there is
            with pytest.raises(StoreError, match="full"):
                await store.add([row("large", agent_id="x" * 1_000_000)])
            assert await ids(store) == ["first"]
            await store._writer.run_outside(lambda connection: limit(connection, 2**30))
            assert await store.add([row("large", agent_id="x" * 1_000_000)]) == [NEW]

    run(main())


@contextlib.contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file of this process grow beyond what the log of commits has."""
    import resource  # here, as there is none on every system

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.stat(f"{path}-wal").st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
@pytest.mark.parametrize("way", ["tenant", "session", "old", "much"])
def test_a_disk_that_is_full_amid_a_deletion(path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is done or not, the collector goes on, and the deletion does once there is room."""
    monkeypatch.setattr(deleting, "STEP", 50)
    whose = Tenancy("acme")

    async def delete(store: SQLiteStore) -> int:
        if way in ("old", "much"):
            return await store.retain(Retention(max_age=-1.0) if way == "old" else Retention(max_bytes=0))
        return await store.delete(Deletion(whose, "s" if way == "session" else ""))

    async def main() -> None:
        async with opened(SQLiteStore(path, texts=texts, worm=True)) as store:
            rows = [row(f"{n}", at=n, tenant_id="acme", session_id="s", tags=[f"t{n}"]) for n in range(500)]
            await store.add(rows)
            with full_disk(path):
                with pytest.raises(StoreError, match=r"events\.db: (database or disk is full|disk I/O error)"):
                    await delete(store)
                with pytest.raises(StoreError):
                    await store.add([row("new")])
                left = await ids(store, Query(tenancy=whose))
            assert (await store.stats(Query(tenancy=whose))).events == len(left) > 0
            assert await store.check() == []
            assert await store.add([row("new")]) == [NEW]
            assert await delete(store) == len(left) + (way in ("old", "much"))
            assert await ids(store) == ([] if way in ("old", "much") else ["new"])
            assert await store.check() == []

    run(main())


@pytest.mark.parametrize("ahead", [1, 3, 5, 20])
def test_whatever_the_clock_was_nothing_stays_for_more_than_twice_as_long(path: Path, ahead: int) -> None:
    """What came while it was ahead stays as much longer, and what came then may wait for it."""
    day, days = 86_400.0, 0

    async def main() -> None:
        nonlocal days
        store = SQLiteStore(path, texts=texts, clock=lambda: 1e6 + days * day)
        async with opened(store):
            days = ahead
            await store.add([row("ahead")])
            for days in range(ahead + 6):
                await store.add([row(f"{days}", at=days)])
                await store.retain(Retention(max_age=3 * day))
                left = {int(each) for each in await ids(store) if each != "ahead"}
                assert left >= set(range(max(0, days - 3), days + 1))
                assert min(left) >= days - 7  # twice as long, and until the next look
            assert "ahead" not in await ids(store)

    run(main())


def test_retention_while_another_process_migrates(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which holds the write lock from its beginning to its end: it is given up in time, and tried again later."""
    monkeypatch.setattr(writer, "BUSY_SECONDS", 0.1)

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row("old")])
            with database(path) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(StoreError, match="another process holds the write lock"):
                    await store.retain(Retention(max_age=-1.0))
                other.execute("COMMIT")
            assert await store.retain(Retention(max_age=-1.0)) == 1

    run(main())


# Other processes, and what they may do to the file


def test_a_file_that_another_collector_is_making(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # SQLite lets nobody wait for this who wants a log of commits
    threading.Timer(0.1, other.execute, ["COMMIT"]).start()

    async def main() -> None:
        async with opened(store_at(path)):
            pass

    run(main())
    other.close()


def test_stores_that_make_a_file_together(path: Path) -> None:
    async def main() -> None:
        stores = [store_at(path, index_text=number % 2 == 0) for number in range(4)]
        await asyncio.gather(*(store.open() for store in stores))
        await asyncio.gather(*(store.add([row(f"{number}")]) for number, store in enumerate(stores)))
        assert sorted(await ids(stores[0])) == ["0", "1", "2", "3"]
        for store in stores:
            await store.close()

    run(main())


@pytest.mark.parametrize("taken", ["file", "log", "both", "replaced"])
def test_a_file_that_is_taken_away_is_noticed(path: Path, taken: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row("lost")])
            assert await ids(store) == ["lost"]
            if taken == "replaced":
                other = path.with_name("other.db")
                async with opened(store_at(other)) as another:
                    await another.add([row("restored")])
                other.replace(path)
            for end, kinds in {"": ("file", "both"), "-wal": ("log", "both")}.items():
                if taken in kinds:
                    os.unlink(f"{path}{end}")
            with pytest.raises(StoreError, match="deleted or replaced while it was open"):
                await store.add([row("not told to be stored")])
            assert "deleted or replaced" in caplog.text
            assert await store.add([row("sent again")]) == [NEW]
            assert "sent again" in await ids(store)
            assert await store.check() == []
            with database(path) as elsewhere:  # it is on the disk, not in a file without a name
                found = elsewhere.execute("SELECT 1 FROM events WHERE event_id = 'sent again'").fetchall()
                assert found == [(1,)]

    run(main())


def test_a_file_that_goes_during_a_transaction_is_not_acknowledged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = writer.Writing.finish

    def finish(self: Any) -> None:
        real(self)
        path.unlink()

    async def main() -> None:
        async with opened(store_at(path)) as store:
            with monkeypatch.context() as patch:
                patch.setattr(writer.Writing, "finish", finish)
                with pytest.raises(StoreError, match="deleted or replaced"):
                    await store.add([row("a")])
            assert await store.add([row("a")]) == [NEW]

    run(main())


def test_who_reads_notices_it_too(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row("a")])
            os.rename(path, path.with_name("elsewhere.db"))
            with pytest.raises(StoreError, match="is gone: it was deleted or moved"):
                await store.find(Query(), ROOM)
            os.rename(path.with_name("elsewhere.db"), path)
            assert await ids(store) == ["a"]

    run(main())


def test_a_directory_that_goes_and_comes_back(path: Path) -> None:
    directory = path.parent / "below"
    directory.mkdir()

    async def main() -> None:
        async with opened(store_at(directory / "events.db")) as store:
            directory.rename(path.parent / "away")
            for problem in ("deleted or replaced", "unable to open", "unable to open"):
                with pytest.raises(StoreError, match=problem):
                    await store.add([row("a")])
            (path.parent / "away").rename(directory)
            assert await store.add([row("a")]) == [NEW]

    run(main())


def test_files_that_are_not_ours(tmp_path: Path) -> None:
    def opening(path: Path) -> None:
        async def main() -> None:
            async with opened(store_at(path, index_text=True)):
                pass

        run(main())

    text = tmp_path / "text"
    text.write_text("hello, world " * 100)
    with pytest.raises(
        StoreError, match=r"text: file is not a database: choose another one; events in a file are read"
    ):
        opening(text)
    foreign = tmp_path / "foreign.db"
    with database(foreign) as connection:
        connection.execute("CREATE TABLE mine (a)")
    newer = tmp_path / "newer.db"
    opening(newer)
    with database(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("PRAGMA journal_mode = DELETE")
    kept = {file: file.read_bytes() for file in (text, foreign, newer)}
    with pytest.raises(StoreError, match=r"foreign\.db is a database, but not one of this collector"):
        opening(foreign)
    with pytest.raises(StoreError, match=r"made by a newer collector \(format 99; this one knows 5\)"):
        opening(newer)
    with pytest.raises(StoreError, match=r"nowhere: make it, or choose another file$") as missing:
        opening(tmp_path / "nowhere" / "events.db")
    path = tmp_path / "nowhere" / "events.db"
    assert str(missing.value).startswith(f"{path}: unable to open database file: there is no folder {path.parent}: ")
    with pytest.raises(StoreError, match=r"file: Not a directory: choose another file$"):
        opening(text / "events.db")
    assert {file: file.read_bytes() for file in kept} == kept


def test_a_folder_without_rights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    # Rights hold nobody back who is root, as tests may be: a folder that is not there stands for one without them.
    monkeypatch.setattr(file, "make_file", refused)
    with pytest.raises(StoreError, match=r"Permission denied: let this user write in .*none, or choose another file$"):
        run(store_at(tmp_path / "none" / "events.db").open())
    (tmp_path / "others.db").mkdir()  # which nobody can open, root neither
    with pytest.raises(StoreError, match=r"others\.db: .*: let this user read and write it, or choose another file$"):
        run(store_at(tmp_path / "others.db").open())


def test_a_file_that_may_only_be_read_is_told_of_with_what_to_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(_made(path))

    def refused(*_: object) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(file, "_open", refused)  # as above
    with pytest.raises(StoreError, match=rf"readonly database: let this user write to it and in {path.parent}$"):
        run(store_at(path).open())


async def _made(path: Path) -> None:
    async with opened(store_at(path)) as store:
        await store.add([row("a")])


# Files of format 1

FORMAT_1 = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant_id TEXT NOT NULL, project_id TEXT NOT NULL, event_id TEXT NOT NULL,
    session_id TEXT NOT NULL, agent_id TEXT NOT NULL, span_id TEXT NOT NULL, trace_id TEXT NOT NULL,
    type INTEGER NOT NULL, status INTEGER NOT NULL, severity INTEGER NOT NULL,
    timed INTEGER NOT NULL, seconds INTEGER NOT NULL, nanos INTEGER NOT NULL,
    searched_text TEXT NOT NULL, data BLOB NOT NULL, UNIQUE (tenant_id, project_id, event_id)
);
CREATE TABLE tags (tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tag, seq)) WITHOUT ROWID;
CREATE INDEX events_by_time ON events (timed, seconds, nanos);
CREATE INDEX events_by_session ON events (session_id, timed, seconds, nanos);
CREATE INDEX events_by_trace ON events (trace_id, timed, seconds, nanos);
PRAGMA application_id = 0x43484B53;
PRAGMA user_version = 1;
"""


def make_format_1(path: Path, rows: Sequence[EventRow]) -> None:
    with database(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(FORMAT_1)
        connection.execute("BEGIN")
        for number, each in enumerate(rows, 5):
            connection.execute(
                f"INSERT INTO events VALUES ({', '.join('?' * 16)})",
                (number, *each[:13], "searched", each.data),
            )
            connection.executemany("INSERT INTO tags VALUES (?, ?)", [(tag, number) for tag in each.tags])
        connection.execute("COMMIT")


def old_rows() -> list[EventRow]:
    return [
        row(
            f"{number}",
            at=[None, 3.25, -7, 1e10][number % 4],
            tenant_id=["acme", ""][number % 2],
            session_id=["", "s", "t"][number % 3],
            type=[0, 40][number % 2],
            tags=[[], ["a"], ["a", "b"]][number % 3],
        )
        for number in range(2500)
    ]


@pytest.mark.parametrize("index_text", [False, True])
def test_a_file_of_format_1_is_migrated_in_place(path: Path, index_text: bool) -> None:
    rows = old_rows()
    make_format_1(path, rows)

    async def main() -> None:
        async with opened(store_at(path, index_text=index_text)) as store, opened(store_at(path.with_name("b"))) as new:
            await new.add(rows)
            for query in (Query(size=1000), Query(tags=("a", "b")), Query(session_id="s"), Query(types=(40,))):
                assert await every_page(store, query) == await every_page(new, query)
            assert await store.stats(Query()) == await new.stats(Query())
            assert (await store.export(Stage.EVENTS, "", 10_000)).rows == rows
            assert await store.add([rows[0], row("new")]) == [REPEATED, NEW]
            assert await store.check() == []
            await store.vacuum()
            assert await store.check() == []
            assert await ids(store, Query(session_id="s", size=1000)) == await ids(
                new, Query(session_id="s", size=1000)
            )

    run(main())


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = old_rows()
    make_format_1(path, rows)

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async def main() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(writer.Writing, "finish", fail)
            with pytest.raises(StoreError, match="disk I/O error"):
                await store_at(path).open()
        with database(path) as connection:
            assert connection.execute("SELECT count(*) FROM events WHERE searched_text != ''").fetchall() == [(2500,)]
        async with opened(store_at(path)) as store:
            assert (await store.export(Stage.EVENTS, "", 10_000)).rows == rows

    run(main())


# Files of formats 2 to 4

FORMAT_4 = """
ALTER TABLE deletions DROP COLUMN ordered_by;
DROP INDEX log_gone_by_event;
CREATE INDEX log_gone_by_event ON log_gone (event_id);
PRAGMA user_version = 4;
"""
FORMAT_3 = f"""{FORMAT_4}
DROP TABLE logs;
DROP TABLE log_leaves;
DROP TABLE log_nodes;
DROP TABLE log_gone;
DROP TABLE checkpoints;
PRAGMA user_version = 3;
"""
FORMAT_2 = f"""{FORMAT_3}
DROP INDEX events_by_owner;
DROP TABLE marks;
DROP TABLE stale_marks;
DROP TABLE types;
CREATE INDEX events_by_owner ON events (owner, moment);
CREATE INDEX events_by_agent ON events (agent_id, owner, moment);
CREATE INDEX events_by_type ON events (type, owner, moment);
CREATE INDEX events_by_status ON events (status, owner, moment);
CREATE INDEX events_by_severity ON events (severity, owner, moment);
CREATE TABLE tags (
    tag TEXT NOT NULL, owner INTEGER NOT NULL, moment BLOB NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (tag, owner, moment, seq)
) WITHOUT ROWID;
UPDATE events SET tags = replace(tags, char(10), ' ');
INSERT INTO tags SELECT j.value, e.owner, e.moment, e.seq FROM events e, json_each(e.tags) j WHERE e.tags != '';
PRAGMA user_version = 2;
"""


async def deleted_by(store: SQLiteStore) -> list[str]:
    return [each.deletion.by for each in (await store.deletions(Tenancy(), 9)).items]


@pytest.mark.parametrize("former", [FORMAT_2, FORMAT_3, FORMAT_4], ids=["2", "3", "4"])
def test_a_file_of_format_2_to_4_is_migrated_in_place(path: Path, former: str) -> None:
    rows = old_rows()

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(rows)
            assert await store.delete(Deletion(Tenancy("acme"), "t", by="user:ann")) > 0
        with database(path) as connection:
            connection.executescript(former)
        async with opened(store_at(path)) as store, opened(store_at(path.with_name("b"))) as new:
            await new.add(rows)
            await new.delete(Deletion(Tenancy("acme"), "t"))
            assert await deleted_by(store) == [""]
            await store.delete(Deletion(Tenancy("acme"), "nothing", by="user:ann"))
            assert await deleted_by(store) == ["user:ann", ""]
            for query in (Query(size=1000), Query(tags=("a", "b")), Query(session_id="s"), Query(types=(40,))):
                assert await every_page(store, query) == await every_page(new, query) != []
            assert await store.stats(Query()) == await new.stats(Query())
            assert await store.check() == []
            assert await store.add([rows[0], row("new", tags=["a"])]) == [REPEATED, NEW]
        with database(path) as connection, database(path.with_name("b")) as other:
            tables = "SELECT name, sql FROM sqlite_master WHERE sql != '' ORDER BY name"
            assert connection.execute(tables).fetchall() == other.execute(tables).fetchall()

    run(main())


# Queries


def test_moments_sort_as_timestamps_do() -> None:
    edges = [-(2**63), -(2**63) + 1, -1, 0, 1, 2**31, 2**40, 2**63 - 1]
    moments = list(itertools.product(edges, [0, 1, 999_999_999]))
    assert [timestamp_of(moment_of(*each)) for each in moments] == [(1, *each) for each in moments]
    assert sorted(moment_of(*each) for each in moments) == [moment_of(*each) for each in moments]
    assert min(moment_of(*each) for each in moments) > b""


def many(count: int, per_second: int = 1) -> list[EventRow]:
    """Of one instant in the second half, so that its order hangs on the numbers."""
    return [
        row(
            f"{number}",
            at=min(number, count // 2) / per_second,
            tenant_id=f"tenant-{number % 3}",
            session_id=f"s{number % 5}",
            agent_id="agent",
            span_id=f"{number // 2}",
            trace_id=f"t{number % 5}",
            type=40 if number == 17 else 0,
            status=number % 2,
            severity=number % 3,
            tags=["common"] if number % 2 else ["common", "half"],
        )
        for number in range(count)
    ]


SINGLE = {
    "nothing": Query(),
    "session": Query(session_id="s3"),
    "agent": Query(agent_id="agent"),
    "span": Query(span_id="1000"),
    "trace": Query(trace_id="t3"),
    "type": Query(types=(0,)),
    "rare type": Query(types=(40,)),
    "no type": Query(types=(77,)),
    "types": Query(types=(0, 40)),
    "status": Query(statuses=(1,)),
    "severity": Query(severities=(1,)),
    "tag": Query(tags=("common",)),
    "other tag": Query(tags=("half",)),
    "from": Query(start=(100, 0)),
    "until": Query(end=(1000, 0)),
    "instant": Query(start=(2000, 0), end=(2000, 1)),
}


def test_large_events_are_read_no_further_than_a_page_goes(path: Path) -> None:
    """Small ones are read many at a time, with their places; of large ones that would be as many times their size."""
    size = 1_000_000
    rows = [row(f"event-{n}", n)._replace(data=bytes([n]) * (size if n % 2 else 4096)) for n in range(1, 101)]

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(rows)
        with database(path) as connection:
            tokens = finding.PageTokens(b"secret")
            tracemalloc.start()
            try:
                page = finding.find(connection, Query(size=1000), tokens, 3 * size, texts)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert page.events == [each.data for each in rows[:-6:-1]]
            assert peak < 6 * size

    run(main())


class Steps:
    """Counts what SQLite's machine does, as that depends on no load: once for so many of its steps."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        return 0


@pytest.mark.parametrize("per_second", [1, 500])
@pytest.mark.parametrize("name", SINGLE)
def test_a_page_of_a_single_filter_costs_the_same_wherever_it_is(path: Path, name: str, per_second: int) -> None:
    """Counted in tens of steps of SQLite's machine, which depend on no load."""
    size, count = 50, 4000
    query = replace(SINGLE[name], size=size)
    steps = Steps()

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(many(count, per_second))
        with database(path) as connection:
            tokens = finding.PageTokens(b"secret")
            for tenant, descending in itertools.product((None, "tenant-1"), (True, False)):
                asked = replace(query, tenancy=Tenancy(tenant), descending=descending)
                while True:
                    steps.count = 0
                    connection.set_progress_handler(steps, 10)
                    page = finding.find(connection, asked, tokens, ROOM, texts)
                    connection.set_progress_handler(None, 0)
                    # Three keys are read for three tenants, and twice as much as a page has of each; and where a second
                    # has many events, those of it that have other values are passed by.
                    most = (11 if per_second == 1 else 22) * size
                    assert steps.count < most, f"{tenant} {descending} {len(page.events)}"
                    if not page.next_page_token:
                        break
                    asked = replace(asked, page_token=page.next_page_token)

    run(main())


@pytest.mark.parametrize("most", [1, 2])
def test_more_keys_than_are_read_side_by_side(path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    rows = many(400)
    monkeypatch.setattr(conditions, "MAX_STREAMS", most)

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(rows)
            await store.add([row("p", at=3.5, tenant_id="tenant-1", project_id="p", agent_id="agent", tags=["half"])])
            assert len(await every_page(store, Query(agent_id="agent", size=7))) == 401
            own = [each.event_id for each in rows if each.tenant_id == "tenant-1"]
            found = await ids(store, Query(tenancy=Tenancy("tenant-1"), size=7, descending=False))
            assert found == [own[0], "p", *own[1:]]
            half = await ids(store, Query(tenancy=Tenancy("tenant-1"), tags=("half",), size=7, descending=False))
            assert half == [each for each in found if each == "p" or int(each) % 2 == 0]

    run(main())


PROJECTS = 3000
OF_A_TENANT = {
    "everything": Query(),
    "session": Query(session_id="s7"),
    "trace": Query(trace_id="t7"),
    "span": Query(span_id="7"),
    "agent": Query(agent_id="rare"),
    "agent of many": Query(agent_id="common"),
    "type": Query(types=(0,)),
    "tag": Query(tags=("rare",)),
}


def test_no_page_of_a_tenant_looks_at_each_of_its_projects_again_and_again(path: Path) -> None:
    """Counted in hundreds of steps of SQLite's machine: some ten for a project, where each has to be looked at."""
    steps = Steps()

    async def main() -> None:
        async with opened(store_at(path)) as store:
            for start in range(0, 3 * PROJECTS, PROJECTS):
                await store.add([spread(number) for number in range(start, start + PROJECTS)])
        with database(path) as connection:
            connection.set_progress_handler(steps, 100)
            for name, query in OF_A_TENANT.items():
                steps.count = 0
                asked = replace(query, tenancy=Tenancy("acme"), size=20)
                assert finding.find(connection, asked, finding.PageTokens(b"secret"), ROOM, texts).events
                assert steps.count < PROJECTS * 0.5, name
            for only in (EVERY_SESSION, SessionFilter(start=(PROJECTS, 0))):
                steps.count = 0
                found = listed(connection, Tenancy("acme"), 20, None, only)
                assert len(listed(connection, Tenancy("acme"), 20, found[-1].place, only)) == 20
                assert steps.count < 2 * PROJECTS * 0.5

    run(main())


def spread(number: int) -> EventRow:
    """An event of one of many projects."""
    return row(
        f"{number}",
        at=number,
        tenant_id="acme",
        project_id=f"p{number % PROJECTS}",
        session_id=f"s{number // 10}",
        trace_id=f"t{number // 10}",
        span_id=f"{number // 2}",
        agent_id="rare" if number % 1000 == 7 else "common",
        tags=["rare"] if number % 1000 == 7 else [],
    )


@pytest.mark.parametrize("most", [1, 3, 200])
def test_many_owners_of_a_value_are_found_as_few_are(path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(conditions, "MAX_STREAMS", most)
    monkeypatch.setattr(conditions, "_MOST_OWNERS", 2 * most)
    chance = random.Random(most)
    rows = [
        row(
            f"{number}",
            at=chance.choice((None, *range(6))),
            tenant_id=chance.choice("ab"),
            project_id=chance.choice("pqrs"),
            session_id=chance.choice(("", "s", "t", "u")),
            agent_id=chance.choice("xy"),
            type=chance.choice((0, 40)),
        )
        for number in range(200)
    ]
    wanted = (
        Query(),
        Query(session_id="s"),
        Query(agent_id="x"),
        Query(types=(0, 40)),
        Query(session_id="s", types=(40,)),
    )
    whose = Tenancy(), Tenancy("a"), Tenancy("a", "p"), Tenancy(None, "q"), Tenancy("c")
    filters = (
        EVERY_SESSION,
        SessionFilter(with_errors=True),
        SessionFilter(start=(3, 0), end=(4, 0)),
        SessionFilter("x"),
    )

    async def main() -> None:
        memory = MemoryStore(texts=texts)
        async with opened(store_at(path)) as store, opened(memory):
            await memory.add(rows)
            await store.add(rows)
            for query, tenancy in itertools.product(wanted, whose):
                asked = replace(query, tenancy=tenancy, size=9)
                assert await ids(store, asked) == await ids(memory, asked), asked
                assert await store.stats(asked) == await memory.stats(asked), asked
            for tenancy, only, limit in itertools.product(whose, filters, (1, 2, 5)):
                every = await memory.sessions(tenancy, 100, None, only)
                assert await store.sessions(tenancy, 100, None, only) == every
                for after in range(len(every) + 1):
                    place = every[after - 1].place if after else None
                    assert await store.sessions(tenancy, limit, place, only) == every[after : after + limit]

    run(main())


def test_a_page_looks_at_so_many_events_and_no_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding.Allowance, "__init__", _small(finding.Allowance.__init__))

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(many(3000))
            query = Query(agent_id="agent", types=(40,), severities=(1,))
            pages = 0
            while True:
                page = await store.find(query, ROOM)
                pages += 1
                assert page.events == []
                if not page.next_page_token:
                    break
                query = replace(query, page_token=page.next_page_token)
            assert 25 < pages < 40
            both = Query(agent_id="agent", statuses=(1,), severities=(1,), size=3)
            assert len(await every_page(store, both)) == 500

    run(main())


def _small(real: Any) -> Any:
    def init(self: Any, events: int = 100, texts: int = 100, text_bytes: int = ROOM) -> None:
        real(self, events, texts, text_bytes)

    return init


def test_a_query_ends_with_its_caller(path: Path) -> None:
    looked = 0

    async def main() -> None:
        loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def slow(data: bytes) -> str:
            nonlocal looked
            looked += 1
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(HANG)
            return ""

        store = SQLiteStore(path, texts=slow)
        await store.open()
        await store.add(many(50))
        asking = asyncio.ensure_future(store.find(Query(text="x"), ROOM))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        go_on.set()
        await store.close()  # which waits for what runs
        assert looked == 1

    run(main())


def test_sqlite_itself_is_stopped(path: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

    async def main() -> None:
        async with opened(store_at(path)) as store:
            with pytest.raises(QueryTimeoutError, match=r"took more than 0\.1 seconds"):
                await store._read(lambda connection: connection.execute(endless).fetchall(), 0.1)
            begun = asyncio.Event()
            loop = asyncio.get_running_loop()

            def work(connection: sqlite3.Connection) -> None:
                loop.call_soon_threadsafe(begun.set)
                connection.execute(endless).fetchall()

            running = [asyncio.ensure_future(store._read(work, HANG)) for _ in range(3)]
            await begun.wait()
            assert await ids(store) == [], "queries run beside each other"
            for each in running:
                each.cancel()
            assert await store.add([row("a")]) == [NEW]

    run(main())


# Texts


def test_an_index_of_texts_is_made_for_what_is_there_and_kept_up_by_all(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as plain:
            await plain.add([row(f"{number}", agent_id="needle" if number == 3 else "hay") for number in range(1200)])
            async with opened(store_at(path, index_text=True)) as indexed:
                await plain.add([row("late", agent_id="NEEDLE")])
                await indexed.add([row("later", agent_id="two\0needles")])
                assert await ids(indexed, Query(text="needle")) == ["later", "late", "3"]
                assert await ids(plain, Query(text="needle")) == ["later", "late", "3"]
                assert await ids(indexed, Query(text="o\0n")) == ["later"]
                assert await ids(indexed, Query(text='"')) == await ids(indexed, Query(text='hay" OR "needle')) == []
                assert len(await ids(indexed, Query(text="hay", size=1000))) == 1199
                assert await plain.delete(Deletion(Tenancy(""))) == 1202
                assert await ids(indexed, Query(text="needle")) == []
                with database(path) as connection:
                    named = connection.execute("SELECT count(*) FROM texts WHERE texts MATCH 'nee OR hay'").fetchone()
                    assert named == (0,), "what was deleted is out of the index, too"
                assert await indexed.check() == []

    run(main())


def test_an_index_that_is_not_complete_answers_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row(f"{number}", agent_id="hay") for number in range(1200)])
        calls = itertools.count()

        def fail_later(connection: sqlite3.Connection, texts_: Any) -> None:
            if next(calls):
                raise sqlite3.OperationalError("disk I/O error")
            real(connection, texts_)

        real = text_index._fill
        with monkeypatch.context() as patch:
            patch.setattr(text_index, "_fill", fail_later)
            with pytest.raises(StoreError, match="disk I/O"):
                await store_at(path, index_text=True).open()
        async with opened(store_at(path)) as store:
            assert len(await ids(store, Query(text="hay", size=1000))) == 1200
            assert await store.check() == [
                "the index of texts is not complete: open the store with it once, and it will be"
            ]
        async with opened(store_at(path, index_text=True)) as store:
            assert await store.check() == []

    run(main())


def test_a_search_with_the_index_decodes_few_events(path: Path) -> None:
    decoded = 0

    def counted(data: bytes) -> str:
        nonlocal decoded
        decoded += 1
        return texts(data)

    async def main() -> None:
        nonlocal decoded
        async with opened(SQLiteStore(path, texts=counted, index_text=True)) as store:
            common = ["common", "rare thing"]
            rows = [row(f"{n}", at=n, agent_id=common[n in (7, 5000)]) for n in range(6000)]
            await store.add(rows)
            decoded = 0
            assert await ids(store, Query(text="rare thing")) == ["5000", "7"]
            assert decoded < 10
            decoded = 0
            page = await store.find(Query(text="common", size=10), ROOM)
            assert [id_of(data) for data in page.events] == [f"{n}" for n in range(5999, 5989, -1)]
            assert decoded < 20
            decoded = 0
            assert await ids(store, Query(text="mmo", start=(5000, 0), end=(5010, 0))) == [
                f"{n}" for n in range(5009, 5000, -1)
            ]
            assert decoded < 20

    run(main())


# Upkeep


def test_marks_go_with_the_last_of_their_events(path: Path) -> None:
    def left(field: str) -> list[tuple[Any, ...]]:
        with database(path) as connection:
            return connection.execute(
                "SELECT value, since FROM marks WHERE field = ? ORDER BY 1, 2", (field,)
            ).fetchall()

    async def main() -> None:
        async with opened(store_at(path)) as store:
            for session, at, tags in (("a", 1.1, ["x"]), ("b", 1.9, ["x", "y"]), ("c", 2, ["y"]), ("d", None, ["x"])):
                await store.add([row(session, at=at, tenant_id="t", session_id=session, agent_id=session, tags=tags)])
            untimed, first, second = b"", moment_of(1, 0)[:8], moment_of(2, 0)[:8]
            assert left("tag") == [("x", untimed), ("x", first), ("y", first), ("y", second)]
            await store.delete(Deletion(Tenancy("t"), "b"))
            assert left("tag") == [("x", untimed), ("x", first), ("y", second)]
            assert await store.check() == []
            await store.delete(Deletion(Tenancy("t"), "d"))
            assert left("tag") == [("x", first), ("y", second)]
            assert left("agent_id") == [("a", first), ("c", second)]
            assert await ids(store, Query(tags=("x",))) == ["a"]
            await store.delete(Deletion(Tenancy("t")))
            with database(path) as connection:
                assert connection.execute(
                    "SELECT (SELECT count(*) FROM marks) + (SELECT count(*) FROM types)"
                ).fetchone() == (0,)
            await store.add([row("again", at=1.1, tenant_id="t", tags=["x"])])
            assert await ids(store, Query(tags=("x",))) == ["again"]

    run(main())


@pytest.mark.parametrize("at", [None, 1.5])
def test_a_step_looks_for_marks_in_few_events_and_leaves_none_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch, at: float | None
) -> None:
    """Events of one second, each with a tag of its own; counted in tens of steps of SQLite's machine."""
    count = 4 * unmarking._CROWD
    rows = [row(f"{number}", at=at, tenant_id="t", agent_id="a", tags=[f"tag-{number}"]) for number in range(count)]
    rows += [
        row(f"{number}", at=at, tenant_id="t", session_id="s", tags=["kept"]) for number in range(count, count + 9)
    ]
    steps = [0]
    settled = unmarking._settled

    def counted(connection: sqlite3.Connection, marks: list[Mark]) -> tuple[list[Mark], list[Mark]]:
        def step() -> int:
            steps[-1] += 1
            return 0

        steps.append(0)
        connection.set_progress_handler(step, 10)
        try:
            return settled(connection, marks)
        finally:
            connection.set_progress_handler(None, 0)

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(rows)
            with monkeypatch.context() as patch:
                patch.setattr(unmarking, "_settled", counted)
                await store.retain(Retention(max_bytes=sum(len(each.data) for each in rows[count:])))
            assert max(steps) < 10 * unmarking._CROWD, "of some 10,000 for each mark"
            with database(path) as connection:
                fields = connection.execute("SELECT field, value FROM marks ORDER BY 1, 2").fetchall()
                assert fields == [("severity", 0), ("status", 0), ("tag", "kept"), ("type", 0)]
                assert connection.execute("SELECT count(*) FROM stale_marks").fetchall() == [(0,)]
            assert await store.check() == []
            assert len(await ids(store, Query(tags=("kept",)))) == 9

    run(main())


def noted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Note the table of each call of a look for what may go."""
    looks: list[str] = []
    look = getattr(deleting, name)

    def noting(connection: sqlite3.Connection, table: str, **others: Any) -> Any:
        looks.append(table)
        return look(connection, table, **others)

    monkeypatch.setattr(deleting, name, noting)
    return looks


def test_what_is_too_much_is_looked_for_behind_what_was_looked_at_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deleting, "_SCAN", 10)
    looks = noted(monkeypatch, "too_much")

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row(f"other-{number}", tenant_id="other") for number in range(300)])
            size = 0
            for number in range(12):
                each = row(f"{number:02}", tenant_id="acme", agent_id="x" * 100_000)
                size = len(each.data)
                await store.add([each])
                looks.clear()
                assert await store.retain(Retention(max_bytes=3 * size)) == (number >= 3)
                if number > 3:
                    assert looks == ["events"], "and not past the 300 events before them, in tens"
            assert await store.retain(Retention(max_bytes=3 * size)) == 0
            assert sorted(await ids(store, Query(tenancy=Tenancy("acme")))) == ["09", "10", "11"]
            assert len(await every_page(store, Query(tenancy=Tenancy("other"), size=100))) == 300
            # Where the tenant has had its turn, and what there is was added to an older file: from the beginning again.
            store._begins["acme", "events"] = 10**9
            assert await store.retain(Retention(max_bytes=size)) == 0
            assert await store.retain(Retention(max_bytes=size)) == 2
            assert await store.check() == []

    run(main())


def test_processes_that_delete_what_is_too_much_at_once_delete_it_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deleting, "STEP", 10)
    rows = [row(f"{number:03}", tenant_id="acme") for number in range(200)]
    retention = Retention(max_bytes=sum(len(each.data) for each in rows[150:]))

    async def main() -> None:
        async with opened(store_at(path)) as one, opened(store_at(path)) as two:
            await one.add(rows)
            counts = await asyncio.gather(one.retain(retention), two.retain(retention))
            assert sum(counts) == 150
            assert sorted(await ids(one, Query(size=100))) == [each.event_id for each in rows[150:]]
            assert await one.check() == []

    run(main())


def test_what_another_process_deletes_is_no_longer_too_much(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does after the events were chosen, and before they are deleted."""
    rows = [row(f"{number}", tenant_id="acme", session_id=f"{number}") for number in range(9)]
    too_much = deleting.too_much

    def chosen(*args: Any, **given: Any) -> Any:
        found = too_much(*args, **given)
        monkeypatch.setattr(deleting, "too_much", too_much)
        with database(path) as other:
            other.execute("BEGIN IMMEDIATE")
            deleting.remove(other, deleting.Chosen("events", (9, 8)), texts, 0.0)
            other.execute("COMMIT")
        return found

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(rows)
            monkeypatch.setattr(deleting, "too_much", chosen)
            assert await store.retain(Retention(max_bytes=sum(len(each.data) for each in rows[3:]))) == 1
            assert sorted(await ids(store)) == ["1", "2", "3", "4", "5", "6"]
            assert await store.check() == []

    run(main())


def test_what_is_too_old_is_looked_for_up_to_the_first_that_is_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleting, "_SCAN", 10)
    looks = noted(monkeypatch, "too_old")

    async def main() -> None:
        async with opened(store_at(path)) as store:
            rows = [row(f"{number}", tenant_id="t") for number in range(100)]
            await store.add(rows)
            await store.add([each._replace(data=each.data + b"\x18\x01") for each in rows])
            await store.keep_rejected([Rejected("t", "", "e", "why", b"", time.time()) for _ in range(100)])
            assert await store.retain(Retention(max_age=1e6)) == 0
            assert sorted(looks) == ["conflicts", "events", "rejected"]

    run(main())


def test_a_second_with_many_events_keeps_its_marks_waiting(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmarking, "_CROWD", 10)
    monkeypatch.setattr(unmarking, "_LOOKED_AT", 12)
    monkeypatch.setattr(unmarking, "_SWEPT", 7)
    tags = ["1a", "1b", "2a", "2b", "3a", "3b"]

    def left() -> list[tuple[Any, ...]]:
        with database(path) as connection:
            return connection.execute("SELECT value FROM marks WHERE field = 'tag' ORDER BY 1").fetchall()

    async def main() -> None:
        async with opened(store_at(path)) as store:
            for tag in tags:
                about: dict[str, Any] = {"at": int(tag[0]), "tenant_id": "t", "session_id": tag[1], "tags": [tag]}
                await store.add([row(f"{tag}{number}", **about) for number in range(20)])
            await store.delete(Deletion(Tenancy("t"), "a"))
            assert left() == [(f"{second}{session}",) for second in (1, 2, 3) for session in "ab"], (
                "there are 20 others"
            )
            assert await ids(store, Query(tags=("2a",))) == []
            await store.add([row("new", at=2, tenant_id="t", session_id="c", tags=["2a"])])
            await store.delete(Deletion(Tenancy("t"), "b"))
            assert left() == [("2a",)]
            assert await ids(store, Query(tags=("2a",))) == ["new"]
            assert await store.check() == []

    run(main())


def test_a_tag_is_found_whole_and_as_nothing_else(path: Path) -> None:
    tags = ["a", "ab", ", ", ",", '"', '", "', "a\\", "\\", "a\n", '\n"a"', "a\0", "\ud7ff", "%", ""]

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row(f"{number}", at=1, tags=[tag]) for number, tag in enumerate(tags)])
            await store.add([row("all", at=2, tags=tags), row("two", at=2, tags=["x ", " y"])])
            for number, tag in enumerate(tags):
                assert await ids(store, Query(tags=(tag,), descending=False)) == [f"{number}", "all"], repr(tag)

    run(main())


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE owners SET events = events + 1", "owners whose counts are not those of their events: acme/"),
        ("UPDATE owners SET bytes = bytes - 1", "owners whose counts"),
        ("UPDATE sessions SET events = 7", "sessions whose summary is not that of their events: s"),
        ("UPDATE sessions SET last = x'00'", "sessions whose summary"),
        ("DELETE FROM sessions", "events whose session is not listed: 1, 2"),
        ("DELETE FROM events WHERE seq = 1", "owners whose events of a type are miscounted: acme/"),
        ("DELETE FROM marks WHERE field = 'tag'", "events with values that are not marked: 1"),
        ("DELETE FROM owners", "events of no owner: 1, 2"),
    ],
)
def test_damage_is_found(path: Path, damage: str, problem: str) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row("a", at=1, tenant_id="acme", session_id="s", tags=["t"])])
            await store.add([row("b", at=2, tenant_id="acme", session_id="s")])
            assert await store.check() == []
            with database(path) as connection:
                connection.execute(damage)
            assert any(each.startswith(problem) for each in await store.check()), await store.check()

    run(main())


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(20_000)
        file.write(b"\xff" * 40_000)


def test_a_corrupt_file_is_told_of(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row(f"{number}", agent_id="x" * 500) for number in range(500)])
        overwrite(path)
        async with opened(store_at(path)) as store:
            problems: list[str] = []
            try:
                problems += await store.check()
            except StoreError as error:  # where SQLite cannot even begin to look
                problems.append(str(error))
            assert problems

    run(main())


def test_deleted_space_is_given_back(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row(f"{n}", tenant_id="acme", agent_id="x" * 5000) for n in range(2000)])
            await store.add([row("stays", tenant_id="other")])
            large = await store.size()
            assert await store.delete(Deletion(Tenancy("acme"))) == 2000
            with database(path) as connection:
                assert not upkeep.needs_rebuilding(connection)
            await store.vacuum()
            assert await store.size() < large / 10
            assert await ids(store) == ["stays"]

    run(main())


def test_writers_get_in_between_the_steps_of_a_deletion(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add([row(f"{n}", tenant_id="acme") for n in range(5000)])
            deleting = asyncio.ensure_future(store.delete(Deletion(Tenancy("acme"))))
            added = 0
            with database(path) as other:
                while not deleting.done():
                    await store.add([row(f"own-{added}", tenant_id="acme")])
                    other.execute("BEGIN IMMEDIATE")
                    other.execute("COMMIT")
                    added += 1
            assert await deleting == 5000 + added - len(await ids(store)), "no event that came later goes, or few"
            assert added > 3

    run(main())


def test_events_say_what_they_said(path: Path) -> None:
    """Texts that databases may trip over: NUL, quotes, all planes of Unicode."""
    odd = ["", "\0", "a\0b", "'\";--", "\U0010ffff", "é", "%", "\x1f"]

    async def main() -> None:
        async with opened(store_at(path)) as store:
            rows = [
                row(f"x{value}", tenant_id=value, project_id=value, session_id=value, agent_id=value, tags=[value])
                for value in odd
            ]
            await store.add(rows)
            assert (await store.export(Stage.EVENTS, "", 100)).rows == rows
            for value, each in zip(odd, rows, strict=True):
                found = await every_page(store, Query(tenancy=Tenancy(value, value), tags=(value,)))
                assert found == [each.data]
            assert Event.parse(rows[1].data).tenant_id == "\0"

    run(main())


@pytest.mark.parametrize("after", ["events", "-1", "x", "0; DROP TABLE events"])
def test_what_is_no_place_of_a_copy(path: Path, after: str) -> None:
    async def main() -> None:
        async with opened(store_at(path)) as store:
            with pytest.raises(StoreError, match="is no place"):
                await store.export(Stage.EVENTS, after, 1)

    run(main())


def test_conflicts_of_one_are_found_among_those_of_others(path: Path) -> None:
    """Counted in tens of steps of SQLite's machine."""
    steps = Steps()

    def conflicts(tenant: str, count: int) -> list[EventRow]:
        return [row("one", tenant_id=tenant, session_id=f"s-{number}") for number in range(count + 1)]

    async def main() -> None:
        few, many_ = conflicts("few", 3), conflicts("many", 2000)
        async with opened(store_at(path)) as store:
            await store.add([*few, *many_])
        with database(path) as connection:  # as one of before
            connection.execute("DROP INDEX conflicts_by_owner")
        async with opened(store_at(path)) as store:
            assert [each.row for each in (await store.conflicts(Tenancy("few"), 2)).items] == [few[3], few[2]]
            assert [each.row for each in (await store.conflicts(Tenancy(), 2)).items] == [many_[2000], many_[1999]]
        with database(path) as connection:
            connection.set_progress_handler(steps, 10)
            asked = PartAsked(finding.PageTokens(b"secret"), CONFLICTS, Tenancy("few"), 2, "")
            assert len(reading.conflicts(connection, asked).items) == 2
            assert reading.counts(connection, Tenancy("few")).conflicts == 3
            chosen = deleting.choose(connection, Deletion(Tenancy("few"), "s-2"), (0, 2**62, 0))
            assert chosen is not None
            assert len(chosen.numbers) == 1
            assert steps.count < 100, "those of others are passed by"

    run(main())
