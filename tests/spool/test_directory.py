"""The directory that processes share: whose a log is, which are found, and how much all of them hold."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolError, SpoolNewer
from chaukas_spec_lite.spool.lock import InUse
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.segments import ASIDE

ROOT = Path(__file__).parent.parent.parent


def left(directory: Path, *contents: bytes) -> Path:
    """The log that an ended process left."""
    log = Log.make(directory)
    log.append(contents)
    log.close()
    return log.folder


def work_off(log: Log) -> list[bytes]:
    records = log.peek(0, 10_000, 1 << 30)
    log.done(records)
    log.close()
    return [record.content or b"" for record in records]


def test_the_oldest_log_is_found_first_and_each_has_its_turn(tmp_path: Path) -> None:
    folders = [left(tmp_path, b"%d" % number) for number in range(4)]
    directory = SpoolDirectory(tmp_path)
    assert directory.logs() == folders
    found = []
    for _ in range(6):
        log = directory.claim()
        assert log is not None
        found.append(log.folder)
        log.close()
    assert found == [*folders, *folders[:2]], "after the newest comes the oldest again"


def test_a_log_at_whose_note_a_search_ends_is_free_again(tmp_path: Path) -> None:
    """Whatever ended it; otherwise nobody could send it until this process ends."""
    folder = left(tmp_path, b"1")

    def read_note(log: Log) -> None:
        raise ValueError(log.folder)

    with pytest.raises(ValueError, match=str(folder)):
        SpoolDirectory(tmp_path, read_note).claim()
    log = SpoolDirectory(tmp_path).claim()
    assert log is not None
    assert work_off(log) == [b"1"]


def test_thousands_of_logs_are_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        left(tmp_path, b"%d" % number)
    directory, lists = SpoolDirectory(tmp_path), []
    real = directory.logs
    monkeypatch.setattr(directory, "logs", lambda: lists.append(real()) or lists[-1])
    found = []
    while (log := directory.claim()) is not None:
        found += work_off(log)
    assert found == [b"%d" % number for number in range(10)]
    assert len(lists) == 2, "and once more, before it says that there are none"


def test_what_is_claimed_or_in_use_is_not_found(tmp_path: Path) -> None:
    folders = [left(tmp_path, b"%d" % number) for number in range(2)]
    own = Log.make(tmp_path)
    own.append([b"own"])
    directory = SpoolDirectory(tmp_path)
    claimed = [log for _ in range(2) if (log := directory.claim()) is not None]
    assert [log.folder for log in claimed] == folders
    assert directory.claim() is None
    with pytest.raises(InUse, match="in use by this process"):
        Log.claim(own.folder)
    assert [work_off(log) for log in claimed] == [[b"0"], [b"1"]]
    assert directory.claim() is None
    assert directory.logs() == [own.folder], "what is worked off goes"
    own.close()


def test_a_log_in_which_nothing_waits_goes_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whether all was sent before its process was killed, or nothing was ever appended."""
    for contents in ([], [b"sent"]):
        log = Log.make(tmp_path)
        if contents:
            log.append(contents)
            log.done(log.peek(0, 1, 100))
        log.abandon()
    directory = SpoolDirectory(tmp_path)
    assert len(directory.logs()) == 2
    assert directory.claim() is None
    assert [*tmp_path.iterdir()] == []
    assert caplog.messages == []


def test_a_log_of_which_only_damage_is_left_is_found(tmp_path: Path) -> None:
    """So that somebody is told of it."""
    folder = left(tmp_path, b"only")
    (segment,) = folder.glob("*.segment")
    segment.write_bytes(segment.read_bytes()[:-1] + b"!")
    log = SpoolDirectory(tmp_path).claim()
    assert log is not None
    assert (log.tally.pending, log.tally.lost_bytes) == (0, 16)
    log.close()
    assert SpoolDirectory(tmp_path).claim() is None
    assert len([*tmp_path.glob(f"*{ASIDE}")]) == 1


def test_a_log_of_a_later_version_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    newer, folder = left(tmp_path, b"newer"), left(tmp_path, b"ours")
    (segment,) = newer.glob("*.segment")
    content = segment.read_bytes().replace(b"spool 1\n", b"spool 2\n")
    segment.write_bytes(content)
    with pytest.raises(SpoolNewer):
        Log.claim(newer)
    assert_only_that_one_is_found(tmp_path, folder)
    (message,) = caplog.messages
    assert message.startswith("A log of the spool is left to a later version of this library: ")
    assert str(segment) in message
    assert segment.read_bytes() == content


def assert_only_that_one_is_found(directory: Path, folder: Path) -> None:
    """However often one directory is searched."""
    spool = SpoolDirectory(directory)
    for _ in range(3):
        log = spool.claim()
        assert log is not None
        assert log.folder == folder
        log.close()


def test_a_log_that_cannot_be_opened_is_said_once_and_others_are_searched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken, folder = left(tmp_path, b"broken"), left(tmp_path, b"ours")
    (broken / "progress").unlink()
    (broken / "progress").mkdir()
    assert_only_that_one_is_found(tmp_path, folder)
    (message,) = caplog.messages
    assert message.startswith("A log of the spool is left alone, as it cannot be opened: ")
    assert str(broken) in message
    assert broken.exists()


def test_other_files_in_the_directory_are_nobodys_business(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("notes.txt", "log-2026.txt", "log-files", f"log-{'a' * 36}.txt", f"log-x-0{ASIDE}"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "logs").mkdir()
    folder = left(tmp_path, b"ours")
    directory = SpoolDirectory(tmp_path)
    assert directory.logs() == [folder]
    log = directory.claim()
    assert log is not None
    assert work_off(log) == [b"ours"]
    assert directory.claim() is None
    assert len([*tmp_path.iterdir()]) == 6
    assert caplog.messages == []


def test_a_file_or_nothing_in_place_of_the_directory(tmp_path: Path) -> None:
    assert SpoolDirectory(tmp_path / "nothing").claim() is None
    (tmp_path / "spool").write_text("mine")
    with pytest.raises(SpoolError, match=str(tmp_path / "spool")):
        SpoolDirectory(tmp_path / "spool").claim()
    with pytest.raises(SpoolError, match=str(tmp_path / "spool")):
        Log.make(tmp_path / "spool")


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    log = Log.make(tmp_path / "a" / "b")
    log.append([b"x"])
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert log.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in log.folder.iterdir()} == {0o600}
    log.close()


@pytest.mark.parametrize("name", ["lock", "progress"])
def test_a_side_file_that_somebody_deleted_costs_no_event(tmp_path: Path, name: str) -> None:
    folder = left(tmp_path, b"1", b"2")
    (folder / name).unlink()
    log = SpoolDirectory(tmp_path).claim()
    assert log is not None
    assert work_off(log) == [b"1", b"2"]
    assert [*tmp_path.iterdir()] == []


CHILD = """
import sys, time
from pathlib import Path
from chaukas_spec_lite.spool.log import Log
log = Log.make(Path(sys.argv[1]))
for number in range(1, 1001):
    log.append([b"%d" % number])
log.done(log.peek(0, 100, 1 << 20))
print(log.folder, flush=True)
time.sleep(1200)
"""


def test_another_process_keeps_its_log_until_it_is_killed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    folder = Path(child.stdout.readline().strip())
    with pytest.raises(InUse, match="in use by another process"):
        Log.claim(folder)
    own = Log.make(tmp_path)
    directory = SpoolDirectory(tmp_path)
    assert directory.claim() is None
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    log = directory.claim()
    assert log is not None
    assert log.folder == folder
    assert work_off(log) == [b"%d" % number for number in range(101, 1001)], "all that was appended and is not done"
    own.close()


def test_how_much_waits_in_the_whole_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 2000)
    directory = SpoolDirectory(tmp_path)
    assert directory.bytes_waiting() == 0
    first, second = Log.make(tmp_path), Log.make(tmp_path)
    for log, count in ((first, 60), (second, 10)):
        for _ in range(count):
            log.append([bytes(100)])
    assert 6000 <= directory.bytes_waiting(besides=second.folder) < 7000
    assert 7000 <= directory.bytes_waiting() < 8200, "with what is around each"
    first.done(first.peek(0, 40, 1 << 20))
    assert 2000 <= directory.bytes_waiting(besides=second.folder) < 2500
    second.done(second.peek(0, 10, 1 << 20))
    assert directory.bytes_waiting(besides=first.folder) < 20
    first.close()
    second.close()
    (tmp_path / f"log-{'0' * 36}").write_text("no folder")
    assert 2000 <= directory.bytes_waiting() < 2500


def test_a_log_named_like_one_that_is_a_file_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / f"log-{'0' * 36}").write_text("no folder")
    caplog.set_level(logging.WARNING)
    directory = SpoolDirectory(tmp_path)
    for _ in range(2):
        assert directory.claim() is None
    assert len(caplog.messages) == 1
