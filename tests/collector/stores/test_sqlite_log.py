"""The log in a SQLite file: what its check finds, what a crash leaves, and how it is filled."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.audit.merkle import root_of
from chaukas_spec_lite.collector.checkpointing import Checkpointer, CheckpointPace
from chaukas_spec_lite.collector.refused_logs import RefusedLogs
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, Retention
from chaukas_spec_lite.collector.stores.event_log import LogHead
from chaukas_spec_lite.collector.stores.sqlite import deleting, log_reading, log_writing
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.log_keys import SIGNER
from tests.collector.stores.events import NEW, row, texts
from tests.collector.stores.test_every_store import opened
from tests.collector.stores.test_log import leaves, many, noted
from tests.collector.stores.test_sqlite import REFUSED, database
from tests.patience import run

store_at = partial(SQLiteStore, texts=texts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


TAMPERED = {
    "UPDATE events SET data = CAST(replace(data, 'p', 'q') AS BLOB) WHERE seq = 3": (
        "log of tenant 'acme': entries that are not the hashes of their events: 2"
    ),
    "DELETE FROM log_leaves WHERE first = 300": (
        "log of tenant 'acme': its head, of 700 entries, is not that of the 600 that there are"
    ),
    "UPDATE log_leaves SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE first = 0": (
        "log of tenant 'acme': entries that are not the hashes of their events: 0\n"
        "log of tenant 'acme': hashes that are not those of the entries below: 0 of level 8\n"
        "log of tenant 'acme': checkpoints that its entries contradict: of 500\n"
        "log of tenant 'acme': its head, of 700 entries, is not that of the 700 that there are"
    ),
    "UPDATE log_nodes SET hash = zeroblob(32) WHERE place = 1": (
        "log of tenant 'acme': hashes that are not those of the entries below: 1 of level 8"
    ),
    "INSERT INTO log_nodes SELECT log, 16, 0, hash FROM log_nodes LIMIT 1": (
        "log of tenant 'acme': hashes that are not those of the entries below: 0 of level 16"
    ),
    "UPDATE log_leaves SET seqs = substr(seqs, 2) WHERE first = 0": (
        "log of tenant 'acme': entries of a log are damaged, from 0 on: 3200 bytes and 799 bytes"
    ),
    "UPDATE log_leaves SET hashes = 7 WHERE first = 0": (
        "log of tenant 'acme': entries of a log are damaged, from 0 on: int in place of bytes and 800 bytes"
    ),
    "UPDATE log_leaves SET seqs = 'seven' WHERE first = 0": (
        "log of tenant 'acme': entries of a log are damaged, from 0 on: 3200 bytes and str in place of bytes"
    ),
    "UPDATE events SET data = 7 WHERE seq = 3": (
        "log of tenant 'acme': entries that are not the hashes of their events: 2"
    ),
    "UPDATE logs SET size = 'seven'": (
        "log of tenant 'acme': its head, of seven entries, is not that of the 700 that there are"
    ),
    "UPDATE logs SET size = 699": (
        "log of tenant 'acme': its head, of 699 entries, is not that of the 700 that there are"
    ),
    "UPDATE checkpoints SET note = replace(note, '500', '501')": (
        "log of tenant 'acme': checkpoints that its entries contradict: of 500"
    ),
    "UPDATE checkpoints SET size = 701": "log of tenant 'acme': checkpoints that its entries contradict: of 701",
    "DELETE FROM logs": "tenant 'acme' has events and no log",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_a_check_names_what_somebody_has_done(path: Path, statement: str) -> None:
    rows = many(700)

    async def main() -> None:
        async with opened(store_at(path, log=True)) as store:
            for start in range(0, 700, 100):
                await store.add(rows[start : start + 100])
            assert store.log is not None
            await store.log.keep_checkpoint("acme", 500, noted(rows, 500))
            assert await store.check() == []
            with database(path) as connection:
                assert connection.execute(statement).rowcount > 0
            found = "\n".join(await store.check())
            assert TAMPERED[statement] in found

    run(main())


def test_damaged_columns_are_errors_of_the_store_for_whoever_reads(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path, log=True)) as store:
            await store.add(many(3))
            log = store.log
            assert log is not None
            with database(path) as connection:
                connection.execute("UPDATE events SET data = 7 WHERE seq = 2")
            assert [each.data for each in await log.entries("acme", 1, 1)] == [b"7"], "which is not what was logged"
            spoilt = "UPDATE log_leaves SET hashes = 'h'", "UPDATE logs SET size = 'seven', roots = 1.5"
            for statement in spoilt:
                with database(path) as connection:
                    connection.execute(statement)
            for reading in (log.entries("acme", 0, 9), log.hashes("acme", 0, 0, 9), log.head("acme")):
                with pytest.raises(StoreError, match="damaged"):
                    await reading
            assert await log.heads() == [LogHead("acme", 0, b"")], "which keeps no other one from being listed"

    run(main())


def test_an_event_that_somebody_adds_or_takes_away_is_noticed(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path, log=True)) as store, opened(store_at(path.with_name("b"))) as without:
            await store.add(many(3))
            await without.add(many(1))
            with database(path) as connection:
                connection.execute("UPDATE settings SET value = 0 WHERE name = 'log'")  # so that it is not put in
                await store.add([row("3", tenant_id="acme", project_id="p")])
                connection.execute("UPDATE settings SET value = 'kept' WHERE name = 'log'")
            assert await store.check() == [
                "log of tenant 'acme': 3 of its entries have their events, and there are 4 events"
            ]

    run(main())


def test_what_fails_leaves_nothing_in_the_log(path: Path) -> None:
    async def main() -> None:
        async with opened(store_at(path, log=True)) as store:
            good = many(2)
            await store.add(good[:1])
            with pytest.raises(StoreError, match="NOT NULL"):
                await store.add([row("x", tenant_id="acme"), REFUSED])
            outcomes: list[Any] = await asyncio.gather(
                store.add([row("y", tenant_id="acme"), REFUSED]), store.add(good[1:]), return_exceptions=True
            )
            assert outcomes[1] == [NEW]
            assert store.log is not None
            assert (await store.log.head("acme")).root == root_of(leaves(good))
            assert await store.check() == []

    run(main())


def test_filling_goes_on_where_it_was_and_others_store_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = many(1300)
    real = log_writing.append
    calls: list[int] = []

    def append(connection: sqlite3.Connection, tenant: str, entries: Any) -> None:
        calls.append(len(entries))
        if len(calls) == 2:
            raise sqlite3.OperationalError("killed")
        real(connection, tenant, entries)

    async def main() -> None:
        async with opened(store_at(path)) as store:
            await store.add(rows[:1100])
            with monkeypatch.context() as patch:
                patch.setattr(log_writing, "append", append)
                with pytest.raises(StoreError, match="killed"):
                    await store_at(path, log=True).open()
            assert calls == [500, 500]
            await store.add(rows[1100:1200])  # not into the log, which has not come so far
            with database(path) as connection:
                assert connection.execute("SELECT size FROM logs").fetchall() == [(500,)]
        async with opened(store_at(path)) as store:  # who was asked once goes on
            assert store.log is not None
            assert (await store.log.head("acme")).root == root_of(leaves(rows[:1200]))
            await store.add(rows[1200:])
            assert (await store.log.head("acme")).root == root_of(leaves(rows))
            assert await store.check() == []

    run(main())


def test_what_is_too_much_leaves_its_hashes(path: Path) -> None:
    rows = many(600)

    async def main() -> None:
        async with opened(store_at(path, worm=True)) as store:
            await store.add(rows)
            assert await store.retain(Retention(max_bytes=sum(len(each.data) for each in rows[550:]))) == 550
            assert store.log is not None
            assert (await store.log.head("acme")).root == root_of(leaves(rows))
            assert [entry.event_id for entry in await store.log.entries("acme", 548, 4)] == ["548", "549", "550", "551"]
            await store.delete(Deletion(Tenancy("acme")))
            await store.vacuum()
            assert (await store.log.head("acme")).root == root_of(leaves(rows))
            assert await store.check() == []

    run(main())


def steps_to_find(path: Path) -> int:
    """How many of its own SQLite takes to find the event "a" of acme, which no load of the machine changes."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    with database(path) as connection:
        connection.set_progress_handler(count, 1)
        places = log_reading.places(connection, Tenancy("acme"), "a")
        connection.set_progress_handler(None, 0)
    assert {(each.tenant_id, each.project_id) for each in places} == {("acme", "p")}
    return counted


def test_an_event_is_found_past_all_that_others_call_the_same(path: Path) -> None:
    """An id is anybody's choice: who chooses the one of an event for thousands of theirs must not slow it down."""
    others = [f"other-{number}" for number in range(500)]

    async def main() -> None:
        async with opened(store_at(path, worm=True)) as store:
            for gone in (False, True):
                await store.add([row("a", tenant_id="acme", project_id="p")])
                await store.add([row("a", tenant_id=other) for other in others[:100]])
                some = steps_to_find(path)
                await store.add([row("a", tenant_id=other) for other in others[100:]])
                assert steps_to_find(path) <= some * 1.2
                if not gone:
                    with database(path) as connection:
                        connection.execute("BEGIN")
                        for tenant in ("acme", *others):
                            deleted(connection, tenant)
                        connection.execute("COMMIT")

    def deleted(connection: sqlite3.Connection, tenant: str) -> None:
        chosen = deleting.choose(connection, Deletion(Tenancy(tenant)), (2**62, 0, 0))
        assert chosen is not None
        deleting.remove(connection, chosen, texts, 1.0)

    run(main())


def test_an_event_is_found_past_all_projects_of_its_tenant(path: Path) -> None:
    """Each event of a session is looked for, and a key for a whole tenant may name as many projects as it likes."""

    async def main() -> None:
        async with opened(store_at(path, worm=True)) as store:
            await store.add([row("a", tenant_id="acme", project_id="p")])
            alone = steps_to_find(path)
            await store.add([row("b", tenant_id="acme", project_id=f"{number}") for number in range(200)])
            assert steps_to_find(path) <= alone * 1.2

    run(main())


@pytest.mark.parametrize("value", [None, "text", b"short", 7])
@pytest.mark.parametrize("what", ["log_nodes SET hash = ? WHERE log = 1", "checkpoints SET note = ? WHERE log = 1"])
def test_a_damaged_row_keeps_no_other_log_from_being_looked_at(path: Path, what: str, value: object) -> None:
    async def main() -> None:
        async with opened(store_at(path, log=True)) as store:
            assert store.log is not None
            checkpointer = Checkpointer(store.log, SIGNER, CheckpointPace(1, 60.0))
            await store.add(many(300))
            await store.add([row("a", tenant_id="other")])
            await checkpointer.look()
            with database(path) as connection:
                # As in a file that is damaged: SQLite itself would let no NULL in.
                connection.execute("PRAGMA writable_schema = ON")
                connection.execute("UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'")
            with database(path) as connection:
                assert connection.execute(f"UPDATE {what}", (value,)).rowcount == 1
            await store.add(many(310)[300:])
            await store.add([row("b", tenant_id="other")])
            with pytest.raises(StoreError, match="damaged"):
                await checkpointer.look()
            assert [each.size for each in await store.log.checkpoints("other")] == [2]
            assert await store.check() != []

    run(main())


@pytest.mark.parametrize(("column", "value"), [("roots", b"x"), ("roots", "text"), ("size", "y"), ("size", 7)])
@pytest.mark.parametrize("seen", [False, True])
def test_a_damaged_head_keeps_no_other_log_from_being_signed(
    path: Path, column: str, value: object, seen: bool
) -> None:
    async def main() -> None:
        async with opened(store_at(path, log=True)) as store:
            assert store.log is not None
            refusals = RefusedLogs()
            checkpointer = Checkpointer(store.log, SIGNER, CheckpointPace(1, 60.0), refusals=refusals)
            for tenant in ("acme", "other"):
                await store.add([row("a", tenant_id=tenant)])
            if seen:
                await checkpointer.look()
            await store.add([row("b", tenant_id="other")])
            with database(path) as connection:
                connection.execute(f"UPDATE logs SET {column} = ? WHERE tenant_id = 'acme'", (value,))
            with suppress(StoreError):
                await checkpointer.look()
            assert [each.size for each in await store.log.checkpoints("other")] == [2]
            assert bool(refusals.why("acme")) == (seen and column == "roots")

    run(main())
