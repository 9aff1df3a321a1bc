"""A segment that cannot be read keeps nothing else waiting, and is lost to nobody: it is tried in a log of its own."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool import segment
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolError
from chaukas_spec_lite.spool.log import ATTEMPTS, Log


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 100)


def event(number: int) -> bytes:
    return b"event %03d" % number


def frames_before(path: Path) -> int:
    return int(path.stem.partition("-")[2], 16)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], None]:
    """Lets the disk fail at one file, by whichever name it is read, or at none."""
    bad: list[int] = []
    real = segment._pread

    def pread(file: int, size: int, offset: int) -> bytes:
        if os.fstat(file).st_ino in bad:
            raise OSError(errno.EIO, "Input/output error")
        return real(file, size, offset)

    def choose(path: Path | None) -> None:
        bad[:] = [] if path is None else [path.stat().st_ino]

    monkeypatch.setattr(segment, "_pread", pread)
    return choose


def work_off(log: Log, failures: int) -> list[bytes]:
    found = list[bytes]()
    failed = 0
    while log.tally.pending:
        try:
            entries = log.peek(0, 3, 1 << 20)
        except SpoolError:
            failed += 1
            continue
        if not entries:
            break
        assert log.tally.pending_bytes >= sum(len(entry.content or b"") for entry in entries)
        found += [entry.content or b"" for entry in entries]
        log.done(entries)
    assert failed == failures
    assert log.tally.pending_bytes == 0
    return found


@pytest.mark.parametrize("whose", ["own", "left"])
@pytest.mark.parametrize("which", [0, 1, -2, -1])
def test_the_others_go_on_and_it_is_sent_when_it_can_be_read(
    tmp_path: Path,
    whose: str,
    which: int,
    unreadable: Callable[[Path | None], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = Log.make(tmp_path)
    for number in range(20):
        log.append([event(number)])
    log.done(log.peek(0, 1, 1 << 20))
    log.done(log.peek(1, 1, 1 << 20))  # a probe
    expected = [event(number) for number in range(20) if number not in (0, 2)]
    paths = sorted(log.folder.glob("*.segment"))
    bad = paths[which]
    begin = frames_before(bad)
    end = 20 if which == -1 else frames_before(paths[paths.index(bad) + 1])
    in_it = [each for each in expected if event(begin) <= each < event(end)]
    assert in_it
    unreadable(bad)
    if whose == "left":
        log.close()
        log = Log.claim(log.folder)
    left = whose == "left" and which == -1  # what cannot be claimed as the last file is set apart at once
    found = work_off(log, 0 if left else ATTEMPTS - 1)
    assert found == [each for each in expected if each not in in_it]
    assert (log.tally.pending, log.tally.lost, log.tally.lost_bytes) == (0, 0, 0)
    assert log.tally.elsewhere == (0 if left else len(in_it))
    if whose == "own":
        log.append([event(20)])
        assert work_off(log, 0) == [event(20)]
    log.close()
    directory = SpoolDirectory(tmp_path)
    assert directory.claim() is None
    assert directory.leaves_some()
    (message,) = caplog.messages
    (bad,) = tmp_path.glob("log-*/*.segment")
    assert f"{bad}: Input/output error" in message
    assert "mend the disk, or move the folder away" in message
    assert directory.claim() is None
    unreadable(None)
    again = directory.claim()
    assert again is not None
    assert again.is_certain
    assert (again.tally.pending, again.tally.lost) == (len(in_it), 0)
    assert work_off(again, 0) == in_it
    again.close()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("fails_at", ["a look", "its end"])
def test_what_was_done_in_it_before_the_rest_is_not_sent_again(
    tmp_path: Path, fails_at: str, unreadable: Callable[[Path | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the last one of what an ended process left, and there a probe had gone through."""
    log = Log.make(tmp_path)
    for number in range(20):
        log.append([event(number)])
    log.done(log.peek(18, 1, 1 << 20))
    log.abandon()
    bad = max(log.folder.glob("*.segment"))
    assert frames_before(bad) < 18
    unreadable(bad)
    with monkeypatch.context() as patch:
        if fails_at == "its end":  # read as a whole, and failing behind its head
            patch.setattr(segment.Reader, "claim", lambda self: None)
        log = Log.claim(log.folder)
    assert work_off(log, 0) == [event(number) for number in range(frames_before(bad))]
    assert (log.tally.lost, log.tally.lost_bytes) == (0, 0)
    log.close()
    unreadable(None)
    again = SpoolDirectory(tmp_path).claim()
    assert again is not None
    assert work_off(again, 0) == [event(number) for number in range(frames_before(bad), 20) if number != 18]
    assert (again.tally.lost, again.tally.lost_bytes) == (0, 0)
    again.close()
    assert [*tmp_path.iterdir()] == []


def test_a_process_that_is_killed_before_it_does_without_the_file_loses_nothing(
    tmp_path: Path, unreadable: Callable[[Path | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log.make(tmp_path)
    for number in range(20):
        log.append([event(number)])
    unreadable(sorted(log.folder.glob("*.segment"))[1])
    read = len(log.peek(0, 1000, 1 << 20))
    assert 0 < read < 20

    def killed(self: Log) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Log, "_write_down", killed)
        for _ in range(ATTEMPTS - 1):
            with pytest.raises(SpoolError):
                log.peek(read, 1000, 1 << 20)
        with pytest.raises(KeyboardInterrupt):
            log.peek(read, 1000, 1 << 20)
    log.abandon()
    unreadable(None)
    found, directory = list[bytes](), SpoolDirectory(tmp_path)
    while (left := directory.claim()) is not None:
        assert left.tally.lost == 0
        found += work_off(left, 0)
        left.close()
    assert sorted(set(found)) == [event(number) for number in range(20)], "some of it twice"


@pytest.mark.parametrize("by_whom", ["the file system", "the system"])
def test_where_files_have_no_second_names(
    tmp_path: Path, unreadable: Callable[[Path | None], None], monkeypatch: pytest.MonkeyPatch, by_whom: str
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if by_whom == "the file system":
        monkeypatch.setattr(os, "link", none)
    else:  # as under Pyodide
        monkeypatch.delattr(os, "link", raising=False)
    log = Log.make(tmp_path)
    for number in range(20):
        log.append([event(number)])
    unreadable(sorted(log.folder.glob("*.segment"))[1])
    found = work_off(log, ATTEMPTS - 1)
    assert len(found) + log.tally.elsewhere == 20
    log.close()
    unreadable(None)
    again = SpoolDirectory(tmp_path).claim()
    assert again is not None
    assert sorted(found + work_off(again, 0)) == [event(number) for number in range(20)]
    again.close()


def test_a_failure_that_passes_changes_nothing(tmp_path: Path, unreadable: Callable[[Path | None], None]) -> None:
    log = Log.make(tmp_path)
    for number in range(20):
        log.append([event(number)])
    for _ in range(5):
        unreadable(min(log.folder.glob("*.segment")))
        for _ in range(ATTEMPTS - 1):
            with pytest.raises(SpoolError):
                log.peek(0, 1, 1 << 20)
        unreadable(None)
        log.done(log.peek(0, 1, 1 << 20))
    assert log.tally.elsewhere == 0
    assert work_off(log, 0) == [event(number) for number in range(5, 20)]
    log.close()
