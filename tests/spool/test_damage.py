"""Files that fail or are damaged: what can be read is read, what is lost is counted, and nothing leaks."""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spool import lock as locks
from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool import progress, segment
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolError, SpoolLost
from chaukas_spec_lite.spool.lock import Lock
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.segments import ASIDE


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 500)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither folders, which a full disk would gather, nor descriptors, nor a lock."""
    before = descriptors()
    for where, failing in ((progress, "write"), (locks, "_make"), (locks, "_try_to_lock")):
        with monkeypatch.context() as patch:
            patch.setattr(where, failing, full)
            for _ in range(3):
                with pytest.raises(SpoolError, match="No space left"):
                    Log.make(tmp_path)
    assert [*tmp_path.iterdir()] == []
    assert descriptors() == before


def test_a_log_that_cannot_be_claimed_is_free_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log.make(tmp_path)
    log.append([b"x"])
    log.close()
    before = descriptors()
    for where, failing in ((Log, "_count"), (progress, "read")):
        with monkeypatch.context() as patch:
            patch.setattr(where, failing, full)
            with pytest.raises((SpoolError, OSError), match="No space left"):
                Log.claim(log.folder)
    assert descriptors() == before
    log = Log.claim(log.folder)
    assert log.tally.pending == 1
    log.close()


def left(directory: Path, count: int = 60) -> tuple[Path, list[bytes]]:
    """What an ended process left, in several segments."""
    log = Log.make(directory)
    expected = [b"event %d " % number + b"." * (number * 7 % 60) for number in range(count)]
    for content in expected:
        log.append([content])
    log.close()
    return log.folder, expected


def work_off(log: Log) -> list[bytes]:
    """Read and be done with all that can be read."""
    found = []
    while records := log.peek(0, 7, 1 << 30):
        found += [record.content or b"" for record in records]
        log.done(records)
    assert log.tally.pending == 0
    return found


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.segment"))


@pytest.mark.parametrize("seed", range(60))
def test_damage_in_any_number_of_places(tmp_path: Path, seed: int) -> None:
    """What was whole is read, in order; each file that was damaged is kept; and the sums fit."""
    chance = random.Random(seed)
    folder, expected = left(tmp_path)
    hit: dict[Path, bytes] = {}
    for _ in range(chance.choice([1, 2, 5, 30])):
        path = chance.choice(segments(folder))
        data = bytearray(path.read_bytes())
        place = chance.randrange(16, len(data))
        data[place] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        hit[path] = bytes(data)
    last = segments(folder)[-1]
    before_last = int(last.stem.partition("-")[2], 16)
    log = Log.claim(folder)
    claimed = log.tally.pending
    found = work_off(log)
    log.close()
    whole = iter(expected)
    assert all(content in whole for content in found), "in order"
    assert claimed == len(found) + log.tally.lost, "of the last file, nobody knows how many events it held"
    assert log.tally.lost == before_last - sum(content in expected[:before_last] for content in found)
    assert not folder.exists()
    kept = {path.name: path.read_bytes() for path in tmp_path.glob(f"*{ASIDE}")}
    # Fewer than were hit only where a bit flipped twice, or at the very end, where a killed writer leaves such things.
    assert kept.items() <= {f"{folder.name}-{path.name}{ASIDE}": data for path, data in hit.items()}.items()
    assert bool(kept) == (log.tally.lost_bytes > 0)
    assert log.tally.lost_bytes >= 12 * log.tally.lost


@pytest.mark.parametrize("place", range(16))
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_damaged_head_costs_no_event(tmp_path: Path, place: int, which: int) -> None:
    folder, expected = left(tmp_path)
    path = segments(folder)[which]
    data = bytearray(path.read_bytes())
    data[place] ^= 128
    path.write_bytes(data)
    log = Log.claim(folder)
    assert work_off(log) == expected
    assert log.tally.lost == 0
    log.close()


def test_a_file_that_is_no_segment_is_kept_and_the_others_are_read(tmp_path: Path) -> None:
    folder, expected = left(tmp_path)
    for which in (1, -1):
        segments(folder)[which].write_text("These are my notes. " * 50)
    log = Log.claim(folder)
    found = work_off(log)
    assert set(found) < set(expected)
    assert log.tally.lost > 0
    log.close()
    assert [path.read_text()[:19] for path in tmp_path.glob(f"*{ASIDE}")] == ["These are my notes."] * 2


@pytest.mark.parametrize("links", ["known", "refused", "unknown"])
def test_the_last_file_is_kept_too_if_it_was_damaged(
    tmp_path: Path, links: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a file cannot have a second name, and where nothing but damage is left."""
    if links == "refused":
        monkeypatch.setattr(os, "link", full)
    elif links == "unknown":  # as under Pyodide
        monkeypatch.delattr(os, "link", raising=False)
    log = Log.make(tmp_path)
    log.append([b"first"])
    log.append([b"second"])
    log.done(log.peek(0, 1, 100))
    log.close()
    (path,) = segments(log.folder)
    data = path.read_bytes()[:-1] + b"x"
    path.write_bytes(data)
    log = Log.claim(log.folder)
    assert (log.tally.pending, log.tally.lost, log.tally.lost_bytes) == (0, 0, 18)
    log.close()
    assert not log.folder.exists()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [data]


def test_a_file_that_cannot_be_opened_just_now_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the process has no descriptors left."""
    folder, expected = left(tmp_path)
    log = Log.claim(folder)
    log.done(log.peek(0, 3, 1 << 30))
    real = os.open

    def none_left(path: Any, *arguments: Any) -> int:
        if str(path).endswith(".segment"):
            raise OSError(errno.EMFILE, "Too many open files")
        return real(path, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", none_left)
        before = log.peek(0, 60, 1 << 30)
        assert [entry.content for entry in before] == expected[3 : 3 + len(before)], "of the file that is open"
        with pytest.raises(SpoolError, match="Too many open files"):
            log.peek(len(before), 60, 1 << 30)
    assert (log.tally.lost, log.tally.lost_bytes, log.tally.pending) == (0, 0, 57)
    assert work_off(log) == expected[3:]
    log.close()


@pytest.mark.parametrize("damaged", range(4))
def test_damage_to_what_is_done_costs_nothing(tmp_path: Path, damaged: int) -> None:
    """Neither before the first event that waits nor behind it."""
    log = Log.make(tmp_path)
    contents = [b"event %d" % number for number in range(6)]
    for content in contents:
        log.append([content])
    log.done(log.peek(0, 2, 100))
    log.done(log.peek(1, 2, 100))  # 0, 1, 3 and 4 are done; 2 and 5 wait
    log.close()
    (path,) = segments(log.folder)
    data = path.read_bytes()
    assert data.count(contents[[0, 1, 3, 4][damaged]]) == 1
    path.write_bytes(data.replace(contents[[0, 1, 3, 4][damaged]], b"EVENT 9"))
    log = Log.claim(log.folder)
    assert log.tally.pending == 2
    assert work_off(log) == [contents[2], contents[5]]
    assert log.tally.lost == 0
    log.close()


def test_a_missing_file_takes_nothing_with_it_that_was_done_ahead(tmp_path: Path) -> None:
    log = Log.make(tmp_path)
    contents = [b"event %2d" % number + b"." * 80 for number in range(20)]  # four to a segment, or five
    for content in contents:
        log.append([content])
    ahead = log.peek(7, 4, 1 << 30)
    log.done(ahead)
    log.close()
    for which in (0, 0):
        segments(log.folder)[which].unlink()
    log = Log.claim(log.folder)
    rest = [content for content in contents if content not in [record.content for record in ahead]]
    assert log.tally.pending + log.tally.lost == len(rest)
    found = work_off(log)
    assert found == rest[-len(found) :]
    assert len(found) + log.tally.lost == len(rest)
    log.close()


def test_a_segment_that_the_disk_did_not_take_is_not_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been this file alone: a limit to its size, or its place on the disk. And it gives its room back."""
    log = Log.make(tmp_path)
    log.append([b"1"])
    (path,) = segments(log.folder)
    with monkeypatch.context() as patch:
        patch.setattr(segment, "_pwrite", full)
        with pytest.raises(SpoolError, match="No space left"):
            log.append([b"2"])
    log.append([b"3"])
    assert len(segments(log.folder)) == 2
    log.done(log.peek(0, 2, 100))
    assert not path.exists()
    with monkeypatch.context() as patch:
        patch.setattr(segment, "_pwrite", full)
        for _ in range(2):
            with pytest.raises(SpoolError, match="No space left"):
                log.append([b"4"])
        assert segments(log.folder) == []
    log.append([b"5"])
    assert work_off(log) == [b"5"]
    log.close()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("written", range(0, 21, 4))
def test_what_the_disk_took_a_part_of_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    log = Log.make(tmp_path)
    log.append([b"before"])
    real, left_over = os.pwrite, [written]

    def write(file: int, data: bytes, offset: int) -> int:
        if not left_over:
            full()
        return real(file, data[: left_over.pop()], offset)

    with monkeypatch.context() as patch:
        patch.setattr(segment, "_pwrite", write)
        with pytest.raises(SpoolError, match="No space left"):
            log.append([b"amid this"])
    log.append([b"behind"])
    log.close()
    log = Log.claim(log.folder)
    assert work_off(log) == [b"before", b"behind"]
    assert (log.tally.lost, log.tally.lost_bytes) == (0, 0)
    log.close()


def test_what_is_not_ours_in_the_folder_stays(tmp_path: Path) -> None:
    log = Log.make(tmp_path)
    log.append([b"x"])
    (log.folder / "notes.txt").write_text("mine")
    work_off(log)
    log.close()
    assert (log.folder / "notes.txt").read_text() == "mine"


def test_a_process_that_is_killed_before_it_wrote_down_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are still there then: the next process sends some again, and takes none for lost."""
    folder, expected = left(tmp_path)
    log = Log.claim(folder)
    files = segments(folder)

    def killed(*_: Any) -> None:
        assert segments(folder) == files
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(progress, "write", killed)
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            log.done(log.peek(0, 40, 1 << 30))
    log.abandon()
    log = Log.claim(folder)
    assert (log.tally.pending, log.tally.lost) == (60, 0)
    assert work_off(log) == expected
    log.close()


def test_a_folder_that_goes_while_the_disk_is_full_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when somebody makes room."""
    log = Log.make(tmp_path)
    log.append([b"1"])
    with monkeypatch.context() as patch:
        patch.setattr(segment, "_pwrite", full)
        for _ in range(2):
            with pytest.raises(SpoolError, match="No space left"):
                log.append([b"2"])
    shutil.rmtree(log.folder)
    with pytest.raises(SpoolLost):
        log.append([b"3"])
    assert [record.content for record in log.salvage(0)] == [b"1"]
    log.abandon()


def test_the_other_files_of_a_log_that_lost_one_are_not_lost(tmp_path: Path) -> None:
    log, expected = Log.make(tmp_path), [b"event %2d" % number + b"." * 80 for number in range(30)]
    for content in expected:
        log.append([content])
    log.done(log.peek(0, 1, 100) + log.peek(2, 1, 100))
    del expected[2], expected[0]
    segments(log.folder)[-1].unlink()
    with pytest.raises(SpoolLost):
        log.append([b"next"])
    assert [record.content for record in log.salvage(0)] == expected
    log.abandon()


def test_a_kill_between_writing_down_and_removing_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaukas_spec_lite.spool.log.SEGMENT_BYTES", 60)
    log = Log.make(tmp_path)
    for number in range(20):
        log.append([b"event %d" % number])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        log.done(log.peek(0, 10, 1000))
    log.abandon()  # as a kill does
    log = Log.claim(log.folder)
    assert (log.tally.pending, log.tally.lost, log.tally.lost_bytes) == (10, 0, 0)
    assert work_off(log) == [b"event %d" % number for number in range(10, 20)]
    assert (log.tally.lost, log.tally.lost_bytes) == (0, 0)
    log.close()
    assert [*tmp_path.iterdir()] == []


def test_segments_stay_as_long_as_it_cannot_be_written_down_that_they_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaukas_spec_lite.spool.log.SEGMENT_BYTES", 60)
    log = Log.make(tmp_path)
    for number in range(20):
        log.append([b"event %d" % number])
    before = segments(log.folder)
    with monkeypatch.context() as patch:
        patch.setattr(progress, "write", full)
        with pytest.raises(SpoolError, match="No space left"):
            log.done(log.peek(0, 10, 1000))
    assert segments(log.folder) == before
    log.abandon()
    log = Log.claim(log.folder)
    assert (log.tally.pending, log.tally.lost) == (20, 0)
    log.close()


def test_what_a_killed_maker_left_is_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number, files in enumerate([(), ("lock",), ("lock", "progress")]):
        folder = tmp_path / f"log-{uuid7()}"
        folder.mkdir()
        for name in files:
            (folder / name).write_bytes(b"")
        assert len([*tmp_path.iterdir()]) == 1, number
        assert SpoolDirectory(tmp_path).claim() is None
        assert [*tmp_path.iterdir()] == []
    assert caplog.messages == []


@pytest.mark.parametrize("step", ["touch", "lock", "locked"])
def test_a_search_that_finds_a_log_while_it_is_made_costs_nothing(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It removes what holds nothing, and then another one is made."""
    searched: list[Log | None] = []

    def search() -> None:
        if not searched:
            searched.append(None)
            searched[0] = SpoolDirectory(tmp_path).claim()

    where, name = {"touch": (locks, "_make"), "lock": (Lock, "__init__"), "locked": (locks, "_try_to_lock")}[step]
    real = getattr(where, name)

    def instead(*arguments: Any, **options: Any) -> Any:
        if step != "locked":
            search()
        result = real(*arguments, **options)
        search()
        return result

    with monkeypatch.context() as patch:
        patch.setattr(where, name, instead)
        log = Log.make(tmp_path)
    assert searched == [None]
    log.append([b"event"])
    assert [*tmp_path.iterdir()] == [log.folder]
    assert work_off(log) == [b"event"]
    log.close()
    assert [*tmp_path.iterdir()] == []


def test_a_damaged_length_in_front_of_what_is_done_ends_no_log(tmp_path: Path) -> None:
    """It looks like a frame that a killed writer has begun, but only what stands at the end of the log can be one."""
    log = Log.make(tmp_path)
    contents = [b"%d" % number * 20 for number in range(6)]
    log.append(contents)
    (ahead,) = log.peek(2, 1, 1000)
    log.done([ahead])
    damaged = log.peek(1, 1, 1000)[0].start
    log.abandon()
    (path,) = segments(log.folder)
    data = bytearray(path.read_bytes())
    data[len(segment.MAGIC) + damaged + 5] ^= 1  # its length, which points behind the next frame now
    path.write_bytes(data)
    claimed = Log.claim(log.folder)
    found = claimed.peek(0, 100, 10_000)
    assert [entry.content for entry in found] == [contents[0], *contents[3:]]
    assert (claimed.tally.pending, claimed.tally.pending_bytes) == (4, 80)
    assert (claimed.tally.lost_bytes, claimed.tally.end) == (32, 6 * 32)
    claimed.done(found)
    assert claimed.tally.pending == 0
    claimed.close()
