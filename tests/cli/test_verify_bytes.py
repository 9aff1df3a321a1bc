"""``chaukas-lite verify`` on a small database of which bytes were changed: it finds it, or nothing is different."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from chaukas_spec_lite.audit.merkle import leaf_hash
from chaukas_spec_lite.cli.verify import verify
from tests.cli.logged import TENANT, add, key, sealed_events
from tests.cli.recordings import here

STORED = ("verify", "--store", "events.db", "--tenant", TENANT, "--key", "log.pub")
EVENTS = sealed_events(["s0"])
STEP = 199
"""Of the other bytes of the file one in so many is changed, by a number that no length divides."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A database of three events with a checkpoint of them."""
    (tmp_path / "checkpoint").write_text(add(tmp_path / "events.db", EVENTS, key(tmp_path)))
    return tmp_path


def verified() -> tuple[int, str]:
    """What the command says, in this process, as it is asked hundreds of times."""
    done = CliRunner().invoke(verify, STORED[1:])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


def test_no_byte_of_what_was_signed_can_be_changed_unseen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte of it is found; of all others in the file, none changes what is said of the events."""
    monkeypatch.chdir(home)
    path = home / "events.db"
    good = path.read_bytes()
    events = [bytes(each) for each in EVENTS]
    signed = [*events, b"".join(map(leaf_hash, events)), (home / "checkpoint").read_bytes()]
    assert [good.count(what) for what in signed] == [1] * len(signed)
    places = {at for what in signed for at in range(good.index(what), good.index(what) + len(what))}
    right = verified()
    assert right[0] == 0
    for at in sorted({*places, *range(0, len(good), STEP)}):
        for rest in home.glob("events.db-*"):
            rest.unlink()
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        found = verified()
        assert found[0] == 1 or (at not in places and found == right), at


def test_a_checkpoint_that_is_kept_as_bytes_is_the_same(home: Path) -> None:
    with sqlite3.connect(home / "events.db") as database:
        assert database.execute("UPDATE checkpoints SET note = CAST(note AS BLOB)").rowcount == 1
    database.close()
    done = here(home, *STORED)
    assert (done.returncode, done.stderr) == (0, "")
    assert here(home, "store", "check", "--store", "events.db").returncode == 0


def without_its_secret(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE settings SET name = 'another' WHERE name = 'secret'")
    database.close()


def of_no_text(path: Path) -> None:
    good = path.read_bytes()
    assert good.count(b"CREATE TABLE events (") == 1
    path.write_bytes(good.replace(b"CREATE TABLE events (", b"CREATE TABL\xc5 events ("))


def with_an_index_of_what_is_gone(path: Path) -> None:
    indexes = "FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema = ON")
        kept = database.execute(f"SELECT * {indexes}").fetchall()
        database.execute(f"DELETE {indexes}")
    database.close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema = ON")
        assert database.execute("DELETE FROM events WHERE event_id = 's0-1'").rowcount == 1
        database.executemany("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", kept)
    database.close()


@pytest.mark.parametrize("damage", [without_its_secret, of_no_text, with_an_index_of_what_is_gone])
def test_a_database_that_is_damaged_is_one_sentence(home: Path, damage: Callable[[Path], None]) -> None:
    damage(home / "events.db")
    done = here(home, *STORED)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    # Of an index that does not fit, SQLite itself says so.
    assert "events.db: it is damaged: " in done.stderr or "events.db: database disk image is malformed" in done.stderr
    assert len(done.stderr.splitlines()) == 1
