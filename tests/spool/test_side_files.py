"""The lock or the progress of a log is deleted: nothing counts as lost that is not, and it has one owner."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool import segment
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolClaimed, SpoolError, SpoolLost
from chaukas_spec_lite.spool.lock import InUse
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.progress import SIZE

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 100)


def event(number: int) -> bytes:
    return b"event %03d" % number


def half_sent(directory: Path) -> Log:
    """A log with twenty events of which the first eleven are done, and the first segments gone."""
    log = Log.make(directory)
    for number in range(20):
        log.append([event(number)])
    log.done(log.peek(0, 11, 1 << 20))
    assert int(min(log.folder.glob("*.segment")).stem.partition("-")[2], 16) in range(8, 12)
    return log


def contents(log: Log) -> list[bytes]:
    return [entry.content or b"" for entry in log.peek(0, 1000, 1 << 20)]


@pytest.mark.parametrize("how", ["deleted", "emptied", "damaged", "of another format"])
def test_without_progress_the_names_tell_what_was_done(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """After the owner has ended: what stands before the first file was done; of what is left some may be sent again."""
    log = half_sent(tmp_path)
    log.abandon()
    path = log.folder / "progress"
    if how == "deleted":
        path.unlink()
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        data = bytearray(path.read_bytes())
        data[8] ^= 255
        if how == "of another format":
            end = 24 + 24 * data[4]
            data[:4] = zlib.crc32(data[4:end]).to_bytes(4, "little")
        path.write_bytes(data)
    log_again = SpoolDirectory(tmp_path).claim()
    assert log_again is not None
    found = contents(log_again)
    assert found[-9:] == [event(number) for number in range(11, 20)]
    assert found == [event(number) for number in range(20 - len(found), 20)]
    assert (log_again.tally.pending, log_again.tally.lost, log_again.tally.lost_bytes) == (len(found), 0, 0)
    assert log_again.tally.pending_bytes == sum(map(len, found))
    (message,) = caplog.messages
    assert str(log.folder) in message
    assert "some is sent again" in message
    log_again.done(log_again.peek(0, 1000, 1 << 20))
    log_again.close()
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_is_gone_is_still_lost_when_the_progress_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = Log.make(tmp_path)
    for number in range(20):
        log.append([event(number)])
    log.abandon()
    first, second, *_ = sorted(log.folder.glob("*.segment"))
    first.unlink()
    log = Log.claim(log.folder)
    assert log.tally.lost == int(second.stem.partition("-")[2], 16) > 0
    assert log.tally.pending == 20 - log.tally.lost == len(contents(log))
    assert caplog.messages == []
    log.close()


def test_its_owner_writes_the_progress_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = half_sent(tmp_path)
    for size in (None, 0, SIZE - 1):
        if size is None:
            (log.folder / "progress").unlink()
        else:
            os.truncate(log.folder / "progress", size)
        log.check()
        assert (log.folder / "progress").stat().st_size == SIZE
    (log.folder / "progress").unlink()
    log.done(log.peek(0, 1, 1 << 20))  # that does it, too
    log.abandon()
    again = SpoolDirectory(tmp_path).claim()
    assert again is not None
    assert (contents(again), again.tally.lost) == ([event(number) for number in range(12, 20)], 0)
    assert caplog.messages == []
    again.close()


def test_damage_that_was_told_is_not_told_by_the_next_process_again(tmp_path: Path) -> None:
    log = half_sent(tmp_path)
    path = sorted(log.folder.glob("*.segment"))[-2]
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    log.peek(0, 1000, 1 << 20)
    assert log.tally.lost == 1
    log.done(log.peek(0, 1, 1 << 20))
    log.abandon()
    log = Log.claim(log.folder)
    assert (log.tally.lost, log.tally.lost_bytes, log.tally.pending) == (0, 0, 7)
    assert len(contents(log)) == 7
    log.close()


# The lock


TRY = """
import sys
import zlib
from pathlib import Path
from chaukas_spec_lite.spool.directory import SpoolDirectory
log = SpoolDirectory(Path(sys.argv[1])).claim()
if log is None:
    sys.exit(3)
entries = log.peek(0, 1000, 1 << 20)
print(len(entries))
if sys.argv[2] == "send":
    log.done(entries)
    log.close()
"""


def other_process(directory: Path, what: str) -> int | None:
    """Let another process claim a log; return how many events it has found, None if it may not."""
    run = subprocess.run(
        [sys.executable, "-c", TRY, str(directory), what], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode in (0, 3), run.stderr
    return None if run.returncode else int(run.stdout)


def test_a_lock_is_not_lost_with_a_look_of_its_own_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its time cannot be set, ``Path.touch`` opens and closes a file; closing it would free it for others."""

    def utime(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "utime", utime)
    log = half_sent(tmp_path)
    with pytest.raises(InUse, match="in use by this process"):
        Log.claim(log.folder)
    assert other_process(tmp_path, "send") is None
    log.close()


def test_a_folder_that_a_search_removes_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whichever of its steps the search is just then."""
    folders = []

    def stat(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("lock") and len(folders) < 2:
            folders.append(Path(path).parent)
            os.unlink(path)
            if len(folders) == 1:
                folders[0].rmdir()
        return real(path, *arguments, **options)

    real = os.stat
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", stat)
        log = Log.make(tmp_path)
    assert log.folder not in folders
    assert len(folders) == 2
    log.append([event(0)])
    found = SpoolDirectory(tmp_path)
    assert found.claim() is None
    assert found.logs() == [log.folder], "what was not removed then is removed by the next search"
    log.close()
    assert other_process(tmp_path, "send") == 1


@pytest.mark.parametrize("amid", ["deleted", "claimed"])
def test_a_folder_that_is_deleted_while_it_is_locked_anew_is_nobodys(
    tmp_path: Path, amid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits in it is saved then; where another process has it, it is that one's."""
    log, real, others = half_sent(tmp_path), os.open, list[Log]()
    (log.folder / "lock").unlink()

    def open_(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if str(path).endswith("lock") and not flags & os.O_CREAT and not others:
            if amid == "deleted":
                shutil.rmtree(log.folder)
            else:
                path.unlink()
                others.append(Log.claim(log.folder))
        return real(path, flags, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", open_)
        with pytest.raises(SpoolClaimed if amid == "claimed" else SpoolLost) as caught:
            log.check()
    assert isinstance(caught.value, SpoolClaimed) == (amid == "claimed")
    if amid == "deleted":
        assert [entry.content for entry in log.salvage(0)][-1] == event(19)
    log.abandon()
    for other in others:
        other.close()


def test_its_owner_locks_it_anew(tmp_path: Path) -> None:
    log = half_sent(tmp_path)
    (log.folder / "lock").unlink()
    log.check()
    with pytest.raises(InUse, match="in use by this process"):
        Log.claim(log.folder)
    assert other_process(tmp_path, "send") is None
    log.append([event(20)])
    assert contents(log) == [event(number) for number in range(11, 21)]
    log.close()
    assert other_process(tmp_path, "send") == 10


@pytest.mark.parametrize("what", ["look", "send"])
@pytest.mark.parametrize("noticed_by", ["append", "check"])
def test_what_another_process_has_claimed_is_its_own(tmp_path: Path, what: str, noticed_by: str) -> None:
    """At once with the next append, even if the look at the path is not due, and all of it was sent and removed."""
    log = half_sent(tmp_path)
    log.append([event(20)])
    (log.folder / "lock").unlink()
    assert other_process(tmp_path, what) == 10
    with pytest.raises(SpoolClaimed, match="was claimed, as somebody had deleted its lock"):
        log.append([event(21)]) if noticed_by == "append" else log.check()
    log.lose(0, [], elsewhere=True)
    assert (log.tally.pending, log.tally.pending_bytes, log.tally.lost, log.tally.elsewhere) == (0, 0, 0, 10)
    log.abandon()
    assert other_process(tmp_path, "send") == (10 if what == "look" else None)


def test_what_a_living_one_has_claimed_is_its_own(tmp_path: Path) -> None:
    """Also where the files have no modes, so that only the lock tells."""
    log = half_sent(tmp_path)
    (log.folder / "lock").unlink()
    other = Log.claim(log.folder)
    for path in log.folder.glob("*.segment"):
        path.chmod(0o600)
    with pytest.raises(SpoolClaimed):
        log.check()
    log.lose(0, [], elsewhere=True)
    log.abandon()
    assert contents(other) == [event(number) for number in range(11, 20)]
    other.append([event(20)])
    other.done(other.peek(0, 1000, 1 << 20))
    other.close()
    assert [*tmp_path.iterdir()] == []


def test_a_lock_that_cannot_be_seen_just_now_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, real = half_sent(tmp_path), os.stat
    failures = [OSError(errno.EIO, "Input/output error")]

    def stat(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if failures and str(path).endswith("lock"):
            raise failures.pop()
        return real(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", stat)
        with pytest.raises(SpoolError, match="lock: Input/output error") as caught:
            log.check()
    assert not isinstance(caught.value, SpoolLost)
    log.check()
    assert log.tally.pending == 9
    log.close()


def test_without_a_folder_there_is_no_lock_to_get_back(tmp_path: Path) -> None:
    log = half_sent(tmp_path)
    log.done(log.peek(0, 1000, 1 << 20))
    log.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(SpoolLost) as caught:
        log.check()
    assert not isinstance(caught.value, SpoolClaimed)
    log.abandon()


@pytest.mark.parametrize("mode", [0o640, 0o700, 0o600])
def test_a_mode_that_somebody_changes_means_nothing(tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the bit that says that a log was claimed, as long as it is locked: vfat shows it of every file."""
    log = half_sent(tmp_path)
    for path in log.folder.glob("*.segment"):
        path.chmod(mode)
    log.append([event(20)])
    monkeypatch.setattr(segment, "PATH_LOOK", 0.0)
    log.append([event(21)])
    log.check()
    assert contents(log) == [event(number) for number in range(11, 22)]
    (log.folder / "lock").unlink()
    assert other_process(tmp_path, "look") == 11
    with pytest.raises(SpoolClaimed):
        log.append([event(22)])
    log.abandon()


def test_what_was_claimed_and_given_up_before_it_was_locked_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, real, found = half_sent(tmp_path), logs.Lock, list[int | None]()
    (log.folder / "lock").unlink()

    def lock(path: Path) -> logs.Lock:
        if not found:
            found.append(None)
            found[0] = other_process(tmp_path, "look")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(logs, "Lock", lock)
        with pytest.raises(SpoolClaimed):
            log.check()
    assert found == [9]
    log.abandon()
    assert other_process(tmp_path, "send") == 9
