"""One spool file, and the directory that processes share. All of it on a real disk, with real SQLite."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.export.dropped import Dropped, DropReason, letter_bytes
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.file import Row, Spool, SpoolBusy, SpoolError, SpoolUnusable, runs

ROOT = Path(__file__).parent.parent.parent


def claim(directory: Path) -> Spool:
    return SpoolDirectory(directory).claim()


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if not path.name.endswith(("-wal", "-shm")))


@given(st.sets(st.integers(-5, 60)))
def test_runs_sum_numbers_up(numbers: set[int]) -> None:
    found = runs(numbers)
    assert {number for low, high in found for number in range(low, high + 1)} == numbers
    assert all(low <= high for low, high in found)
    assert all(high + 1 < low for (_, high), (low, _) in itertools.pairwise(found)), "they do not touch"


def test_events_are_read_in_order_and_removed(tmp_path: Path) -> None:
    spool = claim(tmp_path)
    spool.append(2, b"two")
    spool.apply([(7, b"seven"), (5, b"five")])
    assert spool.read(0, 10, 100) == [Row(2, b"two", True), Row(5, b"five", True), Row(7, b"seven", True)]
    assert spool.read(2, 1, 100) == [Row(5, b"five", True)]
    assert spool.read(0, 10, 4) == [Row(2, b"two", True), Row(5, b"five", True)], "until the size is reached"
    assert spool.totals() == (3, 12, 2, 7)
    spool.apply([(9, b"nine")], [2, 5, 6])
    assert [row.seq for row in spool.read(0, 10, 100)] == [7, 9]
    spool.close()


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    spool = claim(tmp_path)
    spool.append(1, b"one")
    with pytest.raises(SpoolError, match="UNIQUE"):
        spool.apply([(2, b"two"), (1, b"again")], [1], [Dropped(DropReason.INVALID, "", "", b"")])
    assert spool.totals() == (1, 3, 1, 1)
    assert spool.dead_letters() == []
    spool.append(2, b"two")
    spool.close()


def test_dead_letters_are_kept(tmp_path: Path) -> None:
    spool = claim(tmp_path)
    letters = [Dropped(DropReason.INVALID, "refused", f"e{number}", b"data") for number in range(3)]
    spool.apply([], dead=letters)
    assert spool.dead_bytes() == sum(map(letter_bytes, letters)) > 3 * len(b"datarefusede0")
    spool.close()
    spool = claim(tmp_path)
    assert [(each.reason, each.detail, each.event_id, each.data) for each in spool.dead_letters(2)] == [
        (DropReason.INVALID, "refused", "e1", b"data"),
        (DropReason.INVALID, "refused", "e2", b"data"),
    ]
    spool.close()


def test_a_dead_letter_of_a_later_version_is_shown(tmp_path: Path) -> None:
    spool = claim(tmp_path)
    spool.apply([], dead=[Dropped(DropReason.INVALID, "refused", f"e{number}", b"data") for number in range(2)])
    spool._execute("UPDATE dead_letter SET reason = 'quota' WHERE event_id = 'e0'")
    assert [(each.reason, each.detail) for each in spool.dead_letters()] == [
        (DropReason.UNKNOWN, "quota: refused"),
        (DropReason.INVALID, "refused"),
    ]
    spool.close()


def test_a_file_belongs_to_one(tmp_path: Path) -> None:
    first = claim(tmp_path)
    with pytest.raises(SpoolBusy):
        Spool.claim(first.path)
    second = claim(tmp_path)
    assert second.path != first.path
    first.close()
    third = claim(tmp_path)
    assert third.path == first.path, "what is free is used again"
    second.close()
    third.close()


CHILD = """
import sys, time
from pathlib import Path
from chaukas_spec_lite.spool.directory import SpoolDirectory
spool = SpoolDirectory(Path(sys.argv[1])).claim()
for number in range(1, 1001):
    spool.append(number, b"%d" % number)
print(spool.path, flush=True)
time.sleep(1200)
"""


def test_another_process_keeps_its_file_until_it_is_killed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    path = Path(child.stdout.readline().strip())
    with pytest.raises(SpoolBusy):
        Spool.claim(path)
    own = claim(tmp_path)
    assert own.path != path
    assert [spool.path for spool in SpoolDirectory(tmp_path).abandoned()] == []
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    found = [(spool.path, spool.totals()) for spool in SpoolDirectory(tmp_path).abandoned()]
    assert found == [(path, (1000, 2893, 1, 1000))], "all that was committed, and nothing else"
    own.close()


def test_what_a_checkpoint_and_a_shrinking_do(tmp_path: Path) -> None:
    spool = claim(tmp_path)
    log = Path(f"{spool.path}-wal")
    for number in range(200):
        spool.apply([(1000 * number + each, os.urandom(1400)) for each in range(100)])
    spool.sync_log()
    spool.checkpoint()
    before = log.stat().st_size
    spool.append(10**9, b"x")
    assert log.stat().st_size == before, "the log is written from its beginning again"
    size = spool.path.stat().st_size
    spool.apply([], range(200_000))
    spool.shrink()
    assert spool.path.stat().st_size < size / 20
    assert spool.totals() == (1, 1, 10**9, 10**9)
    spool.close()


def test_a_new_file_that_nobody_finished_is_used(tmp_path: Path) -> None:
    (tmp_path / "spool-0.sqlite3").touch()
    spool = claim(tmp_path)
    assert spool.path.name == "spool-0.sqlite3"
    spool.append(1, b"one")
    spool.close()


def broken(path: Path, how: str) -> None:
    """Make a file that is no usable spool."""
    if how == "text":
        path.write_text("These are my notes, and not a database. " * 50)
    elif how == "database":
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE accounts (name TEXT)")
        database.execute("INSERT INTO accounts VALUES ('precious')")
        database.commit()
        database.close()
    else:
        spool = Spool.claim(path, new=True)
        spool.apply([(number, os.urandom(1400)) for number in range(200)])
        spool.close()
        data = bytearray(path.read_bytes())
        if how == "header":
            data[:100] = os.urandom(100)
        elif how == "pages":
            data[8192:] = os.urandom(len(data) - 8192)
        elif how == "schema":
            data[100:8192] = bytes(8092)
        elif how == "cut":
            del data[10_000:]
        path.write_bytes(data)


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("text", "foreign"),
        ("database", "foreign"),
        ("header", "foreign"),
        ("pages", "corrupt"),
        ("schema", "corrupt"),
        ("cut", "corrupt"),
    ],
)
def test_a_file_that_is_no_spool_is_quarantine(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str, kind: str
) -> None:
    path = tmp_path / "spool-1.sqlite3"
    broken(path, how)
    content = path.read_bytes()
    directory = SpoolDirectory(tmp_path)
    with caplog.at_level(logging.ERROR):
        spool = directory.claim()
        try:
            spool.totals()
            spool.dead_bytes()
        except SpoolUnusable as error:  # damage within shows when it is read
            spool.close()
            directory.quarantine(spool.path, error)
    spool.close()
    (aside,) = [name for name in files(tmp_path) if name.startswith(f"spool-1.sqlite3.{kind}-")]
    assert (tmp_path / aside).read_bytes() == content, "nothing in it has changed"
    (message,) = [record.getMessage() for record in caplog.records]
    assert str(path) in message
    assert aside in message
    assert not path.exists()


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = claim(tmp_path)
    path = spool.path
    spool.append(1, b"one")
    spool.close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    directory = SpoolDirectory(tmp_path)
    other = directory.claim()
    assert other.path != path
    assert list(directory.abandoned()) == []
    assert [record.getMessage() for record in caplog.records] == [
        f"A spool file is left to a later version of this library: {path} has version 99; "
        "this library knows those up to 1."
    ]
    other.close()
    assert path.exists()


def test_a_damaged_event_shows(tmp_path: Path) -> None:
    spool = claim(tmp_path)
    spool.apply([(1, b"first"), (2, b"second"), (3, b"third")])
    spool.close()
    data = spool.path.read_bytes()
    assert data.count(b"second") == 1
    spool.path.write_bytes(data.replace(b"second", b"sEcond"))
    spool = claim(tmp_path)
    assert [row.intact for row in spool.read(0, 9, 99)] == [True, False, True]
    spool.close()


@pytest.mark.parametrize("value", ["'text'", "x'' || CAST(x'ff' AS TEXT)", "5", "''"])
def test_an_event_that_is_no_longer_bytes_does_not_hide_the_others(tmp_path: Path, value: str) -> None:
    """One bit makes a text of a BLOB."""
    spool = claim(tmp_path)
    spool.apply([(1, b"first"), (2, b"second"), (3, b"third")])
    spool._execute(f"UPDATE event SET data = {value} WHERE seq = 2")
    assert spool.totals()[0] == 3
    rows = spool.read(0, 9, 99)
    assert [(row.seq, row.intact) for row in rows] == [(1, True), (2, False), (3, True)]
    assert all(isinstance(row.data, bytes) for row in rows)
    spool.close()


@pytest.mark.parametrize("number", [-1, (1 << 63) - 1])
def test_numbers_that_no_exporter_gave_are_damage(tmp_path: Path, number: int) -> None:
    """Above the highest there is none for the next event, which must not be ``emit``'s trouble."""
    spool = claim(tmp_path)
    spool.append(number, b"x")
    with pytest.raises(SpoolUnusable, match="its events are numbered from"):
        spool.totals()
    spool.close()


def test_letters_are_stored_whatever_their_text(tmp_path: Path) -> None:
    spool = claim(tmp_path)
    spool.apply([], dead=[Dropped(DropReason.INVALID, "\udc80 in it", "\ud800", b"")])
    (letter,) = spool.dead_letters()
    assert (letter.detail, letter.event_id) == ("\\udc80 in it", "\\ud800")
    spool.close()


def test_a_file_that_cannot_be_opened_is_said_once_and_others_are_searched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "spool-0.sqlite3").mkdir()
    spool = claim(tmp_path)
    spool.append(1, b"x")
    spool.close()
    directory = SpoolDirectory(tmp_path)
    for _ in range(3):
        found = directory.claim_abandoned()
        assert found is not None
        assert found.path == spool.path
        found.close()
    assert [line for line in caplog.messages if "spool-0.sqlite3" in line and "left alone" in line][2:] == []


def test_other_files_in_the_directory_are_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "other.sqlite3").write_text("mine too")
    claim(tmp_path).close()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "other.sqlite3").read_text() == "mine too"


def test_a_file_in_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("mine")
    with pytest.raises(SpoolError, match=r"the directory .* cannot be used"):
        claim(tmp_path / "spool")


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    claim(tmp_path / "a" / "b").close()
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
