"""Whether the events of a session stand in the log under a signed checkpoint, in every store."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.audit.merkle import leaf_hash
from chaukas_spec_lite.collector import session_log
from chaukas_spec_lite.collector.audit_log import LogSigning
from chaukas_spec_lite.collector.checkpointing import Checkpointer, CheckpointPace
from chaukas_spec_lite.collector.log_signer import LogSigner
from chaukas_spec_lite.collector.session_log import ALTERED, MISSING, MOVED, UNSIGNED, SessionLog, SessionLogReader
from chaukas_spec_lite.collector.session_state import LogState
from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Query, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, EventRow, Store
from chaukas_spec_lite.collector.stores.event_log import EventLog
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from tests.collector.log_keys import KEYS, NAME, NEW, SIGNER, SIGNING
from tests.collector.stores.conftest import ONE_OF_EACH, place_in
from tests.collector.stores.events import row_of, texts
from tests.collector.stores.places import PLACES, Place
from tests.collector.stores.test_every_store import opened
from tests.patience import run

ACME = Tenancy("acme")


@pytest.fixture(params=ONE_OF_EACH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from place_in(request, tmp_path)


def rows(session: str, numbers: Sequence[int], tenant: str = "acme") -> list[EventRow]:
    return [
        row_of(Event(event_id=f"{session}{number}", tenant_id=tenant, session_id=session, agent_name="a"))
        for number in numbers
    ]


@dataclass
class Setting:
    """A store with a log, and who signs it."""

    store: Store
    log: EventLog
    signing: LogSigning = field(default_factory=lambda: LogSigning(SIGNER))
    passes: int = 0

    async def sign(self, signer: LogSigner = SIGNER) -> None:
        await Checkpointer(self.log, signer, CheckpointPace(1, 1.0), refusals=self.signing.refusals).look()

    async def found(self, session: str = "s", tenancy: Tenancy = ACME) -> SessionLog:
        async def pages(most: int) -> AsyncGenerator[list[bytes], None]:
            self.passes += 1
            token, left = "", most
            while left:
                query = Query(tenancy, session_id=session, descending=False, size=min(left, 100), page_token=token)
                page = await self.store.find(query, 1 << 20)
                yield page.events
                token, left = page.next_page_token, left - len(page.events)
                if not token:
                    return

        async def read(reading: Awaitable[Any]) -> Any:
            return await reading

        return await SessionLogReader(self.log, self.signing, read, asyncio.to_thread).of(session, pages, tenancy)


def with_log(place: Place, steps: Callable[[Setting], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(place.store(log=True)) as store:
            assert store.log is not None
            await steps(Setting(store, store.log))

    run(main())


def kinds(found: SessionLog) -> dict[str, str]:
    return {fault.event_id: fault.kind for fault in found.faults}


def test_events_are_in_the_log_once_a_checkpoint_covers_them(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        assert (await setting.found()).state is LogState.EMPTY
        await setting.store.add(rows("s", range(5)))
        found = await setting.found()
        assert (found.state, found.events, found.covered, found.logs[0].checkpoint) == (LogState.WAITING, 5, 0, None)
        await setting.store.add(rows("t", range(300)))
        await setting.sign()
        await setting.store.add(rows("s", range(5, 8)))
        found = await setting.found()
        assert (found.state, found.events, found.covered, found.faults) == (LogState.WAITING, 8, 5, [])
        (log,) = found.logs
        assert (log.tenant_id, log.origin, log.checkpoint) == ("acme", f"{NAME}/tenant/acme", 305)
        await setting.sign()
        for session, count in (("s", 8), ("t", 300)):
            found = await setting.found(session)
            assert (found.state, found.events, found.covered, found.whole) == (LogState.LOGGED, count, count, True)
        assert setting.passes == 5

    with_log(place, steps)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 700])
def test_each_size_of_a_log_comes_to_its_root(size: int, place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.store.add([each for n in range(size) for each in rows("st"[n % 3 > 0], [n])])
        await setting.sign()
        for session in "st":
            found = await setting.found(session)
            assert found.state is (LogState.EMPTY if (size, session) == (1, "t") else LogState.LOGGED)

    with_log(place, steps)


def test_a_log_of_three_levels_of_tiles() -> None:
    """Each 500th event of 66,000 is one of the session: a tile of level 1 is full."""

    async def main() -> None:
        store = MemoryStore(texts=texts, max_bytes=1 << 30, log=True)
        async with opened(store):
            assert store.log is not None
            setting = Setting(store, store.log)
            await store.add([row for n in range(66_000) for row in rows("t" if n % 500 else "s", [n])])
            await setting.sign()
            found = await setting.found()
            assert (found.state, found.covered) == (LogState.LOGGED, 132)
            tree = store.log._trees["acme"]  # type: ignore[attr-defined]
            # The root that was signed is what counts, whichever hash on the way there is another one.
            for level, at in ((8, 0), (8, -1), (16, 0), (0, -1)):
                tree.levels[level][at] ^= 1
                found = await setting.found()
                assert (found.state, len(found.faults)) == (LogState.CONTRADICTED, 132)
                tree.levels[level][at] ^= 1
            # Of a tile that nothing is looked for in, only its root counts.
            tree.levels[0][32] ^= 1
            found = await setting.found()
            assert (found.state, len(found.faults)) == (LogState.CONTRADICTED, 1)
            tree.levels[0][32] ^= 1
            assert (await setting.found()).state is LogState.LOGGED

    run(main())


def test_of_several_tenants_each_has_its_log(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the same ids, and one of them another content."""

    async def steps(setting: Setting) -> None:
        for tenant in ("acme", "other", ""):
            await setting.store.add(rows("s", range(3), tenant))
        await setting.sign()
        await setting.store.add(rows("s", [3], "other"))
        found = await setting.found(tenancy=EVERYBODY)
        assert (found.state, found.events, found.covered) == (LogState.WAITING, 10, 9)
        assert [(each.tenant_id, each.events, each.covered) for each in found.logs] == [
            ("", 3, 3), ("acme", 3, 3), ("other", 4, 3)
        ]  # fmt: skip
        found = await setting.found()
        assert (found.state, [each.tenant_id for each in found.logs]) == (LogState.LOGGED, ["acme"])
        monkeypatch.setattr(session_log, "MAX_LOGS", 2)
        found = await setting.found(tenancy=EVERYBODY)
        assert (found.whole, len(found.logs)) == (False, 2)

    with_log(place, steps)


def test_what_was_deleted_is_not_asked_for_and_what_comes_again_is_another_entry(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.store.add([*rows("s", range(3)), *rows("t", range(3))])
        await setting.store.delete(Deletion(ACME, "s"))
        assert (await setting.found()).state is LogState.EMPTY
        await setting.store.add(rows("s", range(2)))
        await setting.sign()
        found = await setting.found()
        assert (found.state, found.covered, found.logs[0].checkpoint) == (LogState.LOGGED, 2, 8)
        assert (await setting.found("t")).state is LogState.LOGGED

    with_log(place, steps)


def test_of_a_large_session_the_first_events_are_looked_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_log, "MAX_EVENTS", 150)

    async def steps(setting: Setting) -> None:
        await setting.store.add(rows("s", range(150)))
        await setting.sign()
        assert (await setting.found()).whole
        await setting.store.add(rows("s", [150]))
        found = await setting.found()
        assert (found.whole, found.events, found.covered) == (False, 150, 150)

    with_log(place, steps)


def test_a_log_that_is_refused_is_told(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.store.add(rows("s", range(3)))
        await setting.sign()
        setting.signing.refusals.refuse("acme", "it is shorter")
        found = await setting.found()
        assert (found.state, found.logs[0].refused) == (LogState.REFUSED, "it is shorter")

    with_log(place, steps)


def test_a_checkpoint_that_the_log_has_not_signed_is_none(place: Place) -> None:
    async def steps(setting: Setting) -> None:
        await setting.store.add(rows("s", range(3)))
        await setting.sign(LogSigner((NEW,)))
        found = await setting.found()
        assert (found.state, {*kinds(found).values()}) == (LogState.CONTRADICTED, {"not signed"})
        assert NEW.verifier() not in KEYS

    with_log(place, steps)


# Somebody with the database


def changed(path: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        for statement, values in statements:
            assert database.execute(statement, values).rowcount == 1
        database.commit()


def leaf(path: Path, first: int, place: int, to: bytes) -> tuple[str, tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        ((hashes,),) = database.execute("SELECT hashes FROM log_leaves WHERE first = ?", (first,))
    made = hashes[: 32 * place] + to + hashes[32 * place + 32 :]
    return "UPDATE log_leaves SET hashes = ? WHERE first = ?", (made, first)


def test_whatever_somebody_with_the_database_changes_is_told(tmp_path: Path) -> None:
    """300 events of the session, 256 of them in a tile that is full."""
    path = tmp_path / "events.db"
    forged = bytes(Event(event_id="s3", tenant_id="acme", session_id="s", agent_name="another"))
    event = "UPDATE events SET data = ? WHERE event_id = 's3'", (forged,)

    async def steps(setting: Setting) -> None:
        await setting.store.add([*rows("s", range(300)), *rows("t", range(1))])
        await setting.sign()
        assert (await setting.found()).state is LogState.LOGGED

        changed(path, event)
        found = await setting.found()
        assert (found.state, found.covered) == (LogState.CONTRADICTED, 299)
        assert [(each.kind, each.event_id, each.detail) for each in found.faults] == [(ALTERED[0], "s3", ALTERED[1])]

        # And the entry with it: what stands above it is another one then.
        changed(path, leaf(path, 0, 3, leaf_hash(forged)))
        found = await setting.found()
        assert found.state is LogState.CONTRADICTED
        assert {*kinds(found).values()} == {UNSIGNED[0]}
        assert kinds(found).keys() == {f"s{number}" for number in range(256)}
        assert found.covered == 44

        # One of another session.
        changed(path, ("UPDATE events SET session_id = 's' WHERE event_id = 't0'", ()))
        assert kinds(await setting.found())["t0"] == MOVED[0]

        # One that is in no log.
        changed(path, ("UPDATE events SET event_id = 'new' WHERE event_id = 's299'", ()))
        found = await setting.found()
        assert kinds(found)["s299"] == MISSING[0]

    with PLACES["sqlite"](tmp_path) as place:

        async def main() -> None:
            store = place.store(log=True)
            async with opened(store):
                nonlocal path
                path = Path(store.name.removeprefix("sqlite:"))
                assert store.log is not None
                await steps(Setting(store, store.log, SIGNING))

        run(main())
