"""Damage to the log of commits, which SQLite does not mention, and what a killed process leaves, which is none."""

from __future__ import annotations

import asyncio
import io
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chaukas_spec_lite.export import EventExporter
from chaukas_spec_lite.spool import wal
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.file import Spool, SpoolError
from chaukas_spec_lite.spool.wal import Order
from tests.export.doubles import Recorder, numbered
from tests.export.programs import ROOT
from tests.patience import HANG, until

FRAME = 24 + 8192


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spool file with its log, as a killed process leaves them: 10 events in the one, 30 in the other."""
    directory = tmp_path_factory.mktemp("left")
    spool = Spool.claim(directory / "spool-1.sqlite3", new=True)
    for number in range(1, 11):
        spool.append(number, bytes(numbered(number, 5000)))
    spool.checkpoint()
    for number in range(11, 41):
        spool.append(number, bytes(numbered(number, 5000)))
    copy = tmp_path_factory.mktemp("copy") / "spool-1.sqlite3"
    for end in ("", "-wal"):
        shutil.copyfile(f"{spool.path}{end}", f"{copy}{end}")
    spool.close()
    return copy


def a_copy(left: Path, directory: Path) -> tuple[Path, bytearray]:
    """A copy to be damaged, and the log's content."""
    for file in left.parent.iterdir():
        shutil.copyfile(file, directory / file.name)
    return directory / left.name, bytearray(Path(f"{left}-wal").read_bytes())


def used(log: bytes) -> int:
    """How many frames at the beginning of a log have its salts."""
    salts = [log[place + 8 : place + 16] for place in range(32, len(log), FRAME)]
    return next((number for number, each in enumerate(salts) if each != log[16:24]), len(salts))


def test_a_log_cut_off_anywhere_is_what_a_killed_process_may_leave(left: Path, tmp_path: Path) -> None:
    path, log = a_copy(left, tmp_path)
    assert wal.damage(path) is None
    for size in {*range(0, len(log), 999), *range(80), *range(32, len(log), FRAME)}:
        Path(f"{path}-wal").write_bytes(log[:size])
        assert wal.damage(path) is None, size
    Path(f"{path}-wal").unlink()
    assert wal.damage(path) is None


def test_a_byte_changed_anywhere_before_the_last_commit_is_noticed(left: Path, tmp_path: Path) -> None:
    path, log = a_copy(left, tmp_path)
    chance, frames = random.Random(1), used(log)
    assert frames > 30
    places = {chance.randrange(32 + (frames - 3) * FRAME) for _ in range(150)} | set(range(0, 60, 3))
    for place in places - {24, 25, 26, 27} - set(range(4, 8)):
        changed = bytearray(log)
        changed[place] ^= 1 << chance.randrange(8)
        Path(f"{path}-wal").write_bytes(changed)
        assert wal.damage(path) is not None, place
    for place in range(32 + (frames - 1) * FRAME, len(log), 499):
        changed = bytearray(log)
        changed[place] ^= 1
        Path(f"{path}-wal").write_bytes(changed)
        assert wal.damage(path) is None, "it looks like what a killed process was writing"


def test_a_power_cut_may_leave_zeros(left: Path, tmp_path: Path) -> None:
    path, log = a_copy(left, tmp_path)
    Path(f"{path}-wal").write_bytes(bytes(len(log)))
    assert wal.damage(path) is None, "no commit is left of which to speak"
    Path(f"{path}-wal").write_bytes(bytes(32) + log[32:])
    assert wal.damage(path) == "the header of its log is damaged"


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("count", [1, 2, 7, 1024, 1025, 2050])
def test_frames_are_compared_as_one_after_the_other_would_be(order: Order, count: int) -> None:
    """Logs written on machines of either kind."""
    chance, sums, log, expected = random.Random(count), (1 << 32 - 1, 7), bytearray(), []
    start = sums
    for number in range(count):
        page = chance.choice([bytes(512), b"\xff" * 512, chance.randbytes(512)])
        head = number.to_bytes(4, "big") + bytes(4)
        right = wal.checksum(head + page, sums, order)
        sums = right if chance.random() < 0.9 else (right[0], right[1] ^ 1 << chance.randrange(32))
        log += head + bytes(8) + b"".join(each.to_bytes(4, "big") for each in sums) + page
        expected.append(sums == right)
    found = list(wal.read_frames(io.BytesIO(log + bytes(100)), count + 9, 512, start, order))
    assert [frame.whole for frame in found] == expected
    assert [frame.page for frame in found] == list(range(count))


def test_what_was_taken_back_is_no_damage(tmp_path: Path) -> None:
    """A transaction that does not fit into SQLite's memory is in the log before it is committed, and stays there."""
    spool = Spool.claim(tmp_path / "spool-1.sqlite3", new=True)
    spool._execute("PRAGMA cache_size = 5")
    spool.append(1, b"x" * 3000)
    many = [(number, os.urandom(5000)) for number in range(2, 60)]
    for number in range(2, 6):
        before = Path(f"{spool.path}-wal").stat().st_size
        with pytest.raises(SpoolError, match="UNIQUE"):
            spool.apply([*many, many[0]])
        assert Path(f"{spool.path}-wal").stat().st_size > before or number > 2
        spool.append(number, b"y" * 3000)
        assert wal.damage(spool.path) is None
        many = [(each + 1, data) for each, data in many]
    spool.close()


@pytest.mark.parametrize(
    ("how", "arrived", "said"),
    [
        ("nothing", range(1, 41), None),
        ("middle", range(1, 21), "before some"),
        ("header", range(1, 11), "the header of its log"),
        ("empty", [], "it is empty"),
    ],
)
def test_what_can_be_read_is_sent_and_the_rest_is_kept(
    left: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str, arrived: range, said: str | None
) -> None:
    path, log = a_copy(left, tmp_path)
    if how == "middle":
        place = log.index(bytes(numbered(21, 5000))) + 2000
        log[place : place + 100] = os.urandom(100)
    elif how == "header":
        log[10:12] = b"\xff\xff"
    elif how == "empty":
        os.truncate(path, 0)
    Path(f"{path}-wal").write_bytes(log)
    before = path.read_bytes()

    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path, scan_interval=0.05, flush_interval=0.01) as export:
            await until(lambda: export.stats().recovered == len(arrived))
            assert await export.flush(HANG)
            await until(lambda: export._pipeline.writer is not None and export._pipeline.writer.opened)
            assert (said or "") in (export.stats().last_error or "")
        assert sender.names() == [str(number) for number in arrived]

    asyncio.run(main())
    kept = sorted(file for file in tmp_path.iterdir() if ".corrupt-" in file.name)
    if said is None:
        assert not kept
        assert not caplog.messages
    else:
        assert [file.read_bytes() for file in kept] == [before, bytes(log)], "as they were, and once"
        (message,) = [each for each in caplog.messages if "damaged" in each]
        assert said in message
        assert kept[0].name in message


def test_a_damaged_file_that_cannot_be_copied_is_set_aside(
    left: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, log = a_copy(left, tmp_path)
    log[10:12] = b"\xff\xff"
    Path(f"{path}-wal").write_bytes(log)

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(shutil, "copyfile", full)
    SpoolDirectory(tmp_path, "normal").claim().close()
    kept = sorted(file for file in tmp_path.iterdir() if ".corrupt-" in file.name)
    assert [file.read_bytes() for file in kept] == [left.read_bytes(), bytes(log)]
    assert "no copy could be made" in caplog.text
    assert not path.exists()


def kill_again_and_again(path: Path, rounds: int, seed: int) -> None:
    chance, reports = random.Random(seed), 0
    for turn in range(rounds):
        command = [sys.executable, "-m", "tests.export.wal_child", str(path), str(seed + turn)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        timer = threading.Timer(chance.uniform(0.0, 0.15), child.kill)
        timer.start()
        lines += child.stdout.readlines()
        timer.join()
        child.wait()
        child.stdout.close()
        reported = [int(line) for line in lines if line.endswith(b"\n")]
        assert reported[0] == 0, "it could go on with what the one before left"
        assert wal.damage(path) is None, (seed, turn)
        if turn % 3 == 2:  # the next one does so elsewhere, by writing on
            spool = Spool.claim(path)
            assert spool.damage is None
            highest = spool.totals()[3]
            assert highest >= max(reported) or not highest, "all that was committed is there, or was removed"
            spool.close()
        reports += len(reported)
    assert reports > 10 * rounds, "enough happened for this to mean something"
    assert [file.name for file in path.parent.iterdir() if ".corrupt-" in file.name] == []


def test_what_killed_processes_leave_is_no_damage(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path / "spool-1.sqlite3", 12, int(time.time()))


@pytest.mark.thorough
def test_what_many_killed_processes_leave_is_no_damage(tmp_path: Path) -> None:
    for seed in range(0, 100_000, 10_000):
        kill_again_and_again(tmp_path / f"spool-{seed}.sqlite3", 40, seed)
