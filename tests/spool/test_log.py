"""A log keeps what is appended, in order, until it is done, whatever becomes of its process or its files."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool import segment as segments_of
from chaukas_spec_lite.spool.errors import SpoolError, SpoolLost
from chaukas_spec_lite.spool.lock import InUse
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.segment import SUFFIX, Start
from chaukas_spec_lite.spool.segments import ASIDE


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 500)


def contents(log: Log, most: int = 1 << 30) -> list[bytes]:
    return [record.content or b"" for record in log.peek(0, most, 1 << 30)]


def waiting(directory: Path) -> list[Path]:
    return sorted(directory.glob("log-*"))


def some(count: int, first: int = 0) -> list[bytes]:
    return [f"event {number} ".encode() + b"." * (number * 7 % 60) for number in range(first, first + count)]


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    log = Log.make(tmp_path / "a" / "b")
    for content in some(100):
        log.append([content])
    assert contents(log) == some(100)
    assert (log.tally.pending, log.tally.pending_bytes) == (100, sum(map(len, some(100))))
    log.done(log.peek(0, 30, 1 << 30))
    assert contents(log, 2) == some(2, 30)
    log.done(log.peek(0, 1000, 1 << 30))
    assert (log.tally.pending, log.tally.pending_bytes, contents(log)) == (0, 0, [])
    folder = log.folder
    log.close()
    assert not folder.exists()


@pytest.mark.parametrize("seed", range(40))
def test_any_order_of_steps(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    log, expected, number = Log.make(tmp_path), list[bytes](), 0
    own = True
    for _ in range(200):
        step = chance.choice(["append", "append", "done", "probe", "reopen"])
        if step == "append" and own:
            new = some(chance.randrange(1, 8), number)
            number += len(new)
            log.append(new)
            expected += new
        elif step == "done":
            records = log.peek(0, chance.randrange(1, 12), chance.choice([1, 300, 1 << 30]))
            assert [record.content for record in records] == expected[: len(records)]
            log.done(records)
            del expected[: len(records)]
        elif step == "probe" and len(expected) > 3:
            skip = chance.randrange(1, 3)
            records = log.peek(skip, 1, 0)
            assert [record.content for record in records] == [expected[skip]]
            log.done(records)
            del expected[skip]
        elif step == "reopen" and chance.random() < 0.2:
            folder = log.folder
            log.close()
            assert folder.exists() == bool(expected)
            log, own = (Log.claim(folder), False) if expected else (Log.make(tmp_path), True)
        assert log.tally.pending == len(expected)
        assert (log.tally.lost, log.tally.lost_bytes) == (0, 0)
    assert contents(log) == expected
    assert log.tally.pending_bytes == sum(map(len, expected))


def test_nobody_claims_what_is_in_use(tmp_path: Path) -> None:
    log = Log.make(tmp_path)
    log.append([b"x"])
    with pytest.raises(InUse):
        Log.claim(log.folder)
    log.close()
    assert contents(Log.claim(log.folder)) == [b"x"]


@pytest.mark.parametrize("seed", range(40))
def test_damage_costs_only_what_it_hits(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    log, expected = Log.make(tmp_path), some(60)
    for content in expected:
        log.append([content])
    log.close()
    (folder,) = waiting(tmp_path)
    segment = chance.choice(sorted(folder.glob(f"*{SUFFIX}")))
    data = bytearray(segment.read_bytes())
    place = chance.randrange(16, len(data))
    data[place] ^= chance.randrange(1, 256)
    segment.write_bytes(data)
    log = Log.claim(folder)
    claimed = log.tally.pending
    found = contents(log)
    assert len(expected) - 1 <= len(found) < len(expected)
    assert set(found) < set(expected)
    log.done(log.peek(0, 1000, 1 << 30))
    assert log.tally.pending == 0
    assert claimed == len(found) + log.tally.lost
    assert log.tally.lost_bytes >= 12
    log.close()
    assert not folder.exists()
    assert [path.read_bytes() for path in tmp_path.glob(f"*{ASIDE}")] == [data]


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_segment_that_is_gone_is_counted(tmp_path: Path, missing: int) -> None:
    log, expected = Log.make(tmp_path), some(60)
    for content in expected:
        log.append([content])
    log.close()
    (folder,) = waiting(tmp_path)
    segments = sorted(folder.glob(f"*{SUFFIX}"))
    assert len(segments) > 4
    segments[missing].unlink()
    log = Log.claim(folder)
    found = contents(log)
    log.done(log.peek(0, 1000, 1 << 30))
    assert log.tally.pending == 0
    assert len(found) + log.tally.lost == 60


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_what_its_writer_could_not_finish_is_no_damage(tmp_path: Path, cut: int) -> None:
    log, expected = Log.make(tmp_path), [b"a" * 20, b"b" * 50]
    log.append(expected)
    log.close()
    (folder,) = waiting(tmp_path)
    (segment,) = folder.glob(f"*{SUFFIX}")
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size - cut)
    log = Log.claim(folder)
    assert contents(log) == expected[:1]
    assert (log.tally.pending, log.tally.lost, log.tally.lost_bytes) == (1, 0, 0)
    assert not list(tmp_path.glob(f"*{ASIDE}"))


@pytest.mark.parametrize("way", ["rmtree", "unlink", "truncate", "move"])
def test_what_is_taken_away_is_noticed_by_the_next_append(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments_of, "PATH_LOOK", 0.0)
    log = Log.make(tmp_path / "spool")
    log.append(some(10))
    (segment,) = log.folder.glob(f"*{SUFFIX}")
    assert contents(log) == some(10)
    if way == "rmtree":
        shutil.rmtree(tmp_path / "spool")
    elif way == "unlink":
        segment.unlink()
    elif way == "truncate":
        segment.write_bytes(b"")
    else:
        log.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(SpoolLost):
        log.append([b"next"])
    assert [record.content for record in log.salvage(0)] == ([] if way == "truncate" else some(10))
    log.abandon()


def test_an_older_segment_that_is_deleted_is_put_back_or_counted_at_once(tmp_path: Path) -> None:
    log = Log.make(tmp_path)
    for content in some(60):
        log.append([content])
    assert contents(log, 1) == some(1), "which keeps the first one open"
    first, second, *_ = Start.all_in(log.folder)
    first.path(log.folder).unlink()
    second.path(log.folder).unlink()
    log.check()
    missing = log.tally.places[1].frames - second.frames
    assert first in log.tally.places
    assert second not in log.tally.places
    assert (log.tally.pending, log.tally.lost) == (60 - missing, missing)
    kept = some(second.frames) + some(60 - second.frames - missing, second.frames + missing)
    assert contents(log) == kept
    folder = log.folder
    log.abandon()  # as a process that is killed
    claimed = Log.claim(folder)
    assert contents(claimed) == kept, "a next process finds all that is pending"
    assert claimed.tally.pending == 60 - missing


def test_the_last_one_left_is_put_back_too(tmp_path: Path) -> None:
    """After the one behind it was lost, nothing is being appended, and only its name says that it is there."""
    log = Log.make(tmp_path)
    for content in some(20):
        log.append([content])
    assert contents(log, 1) == some(1)
    start = log.last_segment_at
    log.lose(start, log.salvage(start))
    first = Start.all_in(log.folder)[0]
    first.path(log.folder).unlink()
    left = log.tally.pending
    log.check()
    folder = log.folder
    assert len(contents(log)) == left > 0
    os.truncate(first.path(folder), 0)
    kept = contents(log)
    assert len(kept) < left
    log.close()
    assert contents(Log.claim(folder)) == kept, "what is read is what a next process finds"


def test_what_was_put_back_is_there_for_the_next_process(tmp_path: Path) -> None:
    log = Log.make(tmp_path)
    for content in some(20):
        log.append([content])
    assert contents(log, 1) == some(1)
    log.lose(log.last_segment_at, log.salvage(log.last_segment_at))
    Start.all_in(log.folder)[0].path(log.folder).unlink()
    log.check()
    left, folder = log.tally.pending, log.folder
    log.close()
    assert len(contents(Log.claim(folder))) == left > 0


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_copy_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    log = Log.make(tmp_path)
    log.append([b"first"])
    (place,) = Start.all_in(log.folder)
    with closing(segments_of.Reader.open(log.folder, place)) as reader:
        taken = tmp_path / "taken"
        taken.write_text("somebody's")
        with pytest.raises(FileExistsError):
            reader.copy(taken)
        assert taken.read_text() == "somebody's"
        reads = iter([b"a part", error])

        def read(*_: object) -> bytes:
            if isinstance(found := next(reads), BaseException):
                raise found
            return found

        with monkeypatch.context() as patch:
            patch.setattr(segments_of, "_pread", read)
            with pytest.raises(type(error)):
                reader.copy(tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
        reader.copy(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == place.path(log.folder).read_bytes()
    log.close()


def test_a_segment_that_was_made_and_not_noted_is_made_again(tmp_path: Path) -> None:
    """Ctrl-C came in between; or a signal handler forked, and the child made it first."""
    log = Log.make(tmp_path)
    Start(0, 0).path(log.folder).write_bytes(b"anything")
    log.append(some(3))
    assert contents(log) == some(3)
    log.close()
    assert contents(Log.claim(log.folder)) == some(3)


@pytest.mark.skipif(sys.platform == "win32", reason="locks are made otherwise there")
def test_a_file_system_that_locks_nothing_is_said_and_gathers_no_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what it says of a file that somebody else has locked."""
    attempts: list[int] = []

    def lockf(file: int, how: int) -> None:
        attempts.append(file)
        assert len(attempts) < 100, "without end"
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("fcntl.lockf", lockf)
    with pytest.raises(SpoolError, match="in use by another process"):
        Log.make(tmp_path)
    assert not list(tmp_path.iterdir())
