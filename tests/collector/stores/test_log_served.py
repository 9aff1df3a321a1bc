"""The log of collectors that are killed, or whose database somebody rewrites: what was signed is never contradicted."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest

from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.errors import ProofError
from tests.cli.serving import Served, serving
from tests.collector.log_keys import OLD, read
from tests.collector.log_serving import HTTP, check_grown, covering, event, get, newest, post
from tests.collector.stores.events import row_of, texts
from tests.patience import HANG, run, wait_until

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.stores)]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store."""
    address: str = str(tmp_path / "events.db") if request.param == "sqlite" else request.getfixturevalue("database")
    return address


@pytest.fixture
def key(tmp_path: Path) -> Path:
    OLD.write(tmp_path / "log.key")
    return tmp_path / "log.key"


@dataclass
class Reader:
    """Writes to a collector, and keeps each checkpoint that it sees."""

    served: Served
    first: int
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._writing = threading.Thread(target=self._write)
        self._writing.start()

    def _write(self) -> None:
        with contextlib.suppress(httpx.HTTPError):
            for number in range(self.first, self.first + 100_000, 5):
                post(self.served, *map(event, range(number, number + 5)))

    def has_seen(self, count: int) -> bool:
        if (note := newest(self.served)) not in ("", *self.told[-1:]):
            self.told.append(note)
        return len(self.told) >= count

    def kill(self) -> None:
        self.served.process.kill()
        self._writing.join(HANG)
        assert not self._writing.is_alive()


def test_no_kill_leaves_a_checkpoint_that_a_later_one_contradicts(store: str, tmp_path: Path, key: Path) -> None:
    options = ("--store", store, "--audit-key", key, "--checkpoint-seconds", "10ms", *HTTP)
    seen: list[str] = []
    for turn in range(2):
        with ExitStack() as stack:
            # Several collectors share a database, and each of them signs.
            count = 1 if store.endswith(".db") else 2
            collectors = [stack.enter_context(serving(tmp_path, *options)) for _ in range(count)]
            for old in seen[-1:]:
                check_grown(collectors[0], old)
            readers = [Reader(each, (turn * 2 + place) * 100_000) for place, each in enumerate(collectors)]
            for reader in readers:
                wait_until(partial(reader.has_seen, 4))
                reader.kill()
                seen += reader.told
    with serving(tmp_path, *options) as served:
        post(served, event(-1))
        sizes = [read(old, "acme").size for old in seen]
        covering(served, max(sizes) + 1)
        for old in seen:
            check_grown(served, old)
        status, errors = served.end()
        assert (status, "no further checkpoint" in errors) == (0, False)


# Somebody with the database, and without the key


def altered(rows: list[EventRow]) -> list[EventRow]:
    changed = event(3)
    changed.agent_name = "another"
    return [*rows[:3], row_of(changed), *rows[4:]]


@pytest.mark.parametrize(
    ("rewrite", "forgets", "why"),
    [
        (altered, False, ""),
        (altered, True, "has not grown out of|another tree"),
        (lambda rows: rows[:5], True, "the log has 6 entries, not 8"),
    ],
    ids=["altered", "altered, without checkpoints", "cut off, without checkpoints"],
)
def test_a_database_that_was_rewritten_is_found_by_whoever_has_a_checkpoint(
    rewrite: Callable[[list[EventRow]], list[EventRow]], forgets: bool, why: str, tmp_path: Path, key: Path
) -> None:
    """All of its hashes are made anew, and right; a collector is started on it, with the key."""
    options = ("--store", tmp_path / "events.db", "--audit-key", key, "--checkpoint-seconds", "10ms", *HTTP)
    with serving(tmp_path, *options) as served:
        for number in range(8):
            assert post(served, event(number)).status_code == 202
        seen = covering(served, 8)
        assert served.end()[0] == 0
    rewritten(tmp_path, rewrite([row_of(event(number)) for number in range(8)]), forgets)
    (tmp_path / "log.key.state").unlink()
    with serving(tmp_path, *options) as served:
        if forgets:
            # It cannot know, and signs: the checkpoint that somebody else has says that it lies.
            post(served, event(100))
            covering(served, 6)
            with pytest.raises((ProofError, AssertionError), match=why):
                check_grown(served, seen)
        else:
            wait_until(lambda: "chaukas_refused_checkpoints_total 0\n" not in get(served, "/metrics").text)
            assert get(served, "/audit/checkpoint", tenant_id="acme", size=8).content.decode() == seen
        _, errors = served.end()
        assert ("no further checkpoint is signed" in errors) is not forgets


def rewritten(folder: Path, rows: list[EventRow], forgets: bool) -> None:
    """Put another database in the place of one: other events, a tree over them, and the checkpoints that were there."""
    (folder / "events.db").rename(folder / "before.db")

    async def main() -> None:
        forged = SQLiteStore(folder / "events.db", texts=texts, log=True)
        await forged.open()
        await forged.add(rows)
        await forged.close()

    run(main())
    if not forgets:
        with contextlib.closing(sqlite3.connect(folder / "events.db")) as database:
            database.execute("ATTACH ? AS before", (str(folder / "before.db"),))
            database.execute("INSERT INTO checkpoints SELECT * FROM before.checkpoints")
            database.commit()
