"""Whatever becomes of its files, a log counts each event once, and never more or less than there is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.frames import HEAD, MARK
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.progress import SIZE
from chaukas_spec_lite.spool.segment import MAGIC
from chaukas_spec_lite.spool.segments import ASIDE
from tests.profiles import searched


@pytest.fixture(autouse=True, scope="module")
def small_segments() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "SEGMENT_BYTES", 400)
        yield


def zeros(path: Path, start: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(size))


def damage(chance: Random, folder: Path) -> str:
    """Do something to one of a log's files, and say what."""
    kinds = ["a bit", "cut", "delete", "zeros", "inserted", "a part of progress", "progress", "progress deleted"]
    kind = chance.choice(kinds)
    paths = sorted(folder.glob("*.segment"))
    if kind == "progress deleted":
        (folder / "progress").unlink(missing_ok=True)
    elif kind.endswith("progress"):
        if (folder / "progress").exists():
            zeros(folder / "progress", 0, chance.randrange(60) if kind == "a part of progress" else SIZE)
    elif paths:
        path = chance.choice(paths)
        data = bytearray(path.read_bytes())
        place = chance.randrange(len(data) + 1)
        if kind == "delete":
            path.unlink()
        elif kind == "cut":
            os.truncate(path, place)
        elif kind == "zeros":
            zeros(path, place, chance.randrange(len(data) - place + 1))
        elif place < len(data):
            if kind == "inserted":
                data[place:place] = b"zz" + MARK
            else:
                data[place] ^= 1 << chance.randrange(8)
            if data[: len(MAGIC)] == MAGIC or chance.random() < 0.5:
                path.write_bytes(data)
    return kind


def filled(chance: Random, directory: Path) -> tuple[Log, list[bytes], set[bytes]]:
    """A log, what was appended to it, and what of it is done."""
    log, appended, done = Log.make(directory), list[bytes](), set[bytes]()
    for _ in range(chance.randrange(1, 40)):
        new = [b"%d:" % (len(appended) + each) + chance.randbytes(chance.randrange(120)) for each in range(3)]
        new = new[: chance.choice([1, 1, 1, 3])]
        log.append(new)
        appended += new
        if chance.random() < 0.4:
            entries = log.peek(chance.choice([0, 0, 0, 1, 3]), chance.choice([1, 2, 5]), 10_000)
            if chance.random() < 0.8:
                log.done(entries)
                done |= {entry.content or b"" for entry in entries}
    return log, appended, done


def work_off(chance: Random, log: Log) -> tuple[list[bytes], list[str]]:
    """Read and be done with what is there, or with some of it, while it may be damaged more."""
    sent, kinds = list[bytes](), list[str]()
    recovered = log.tally.pending + log.tally.lost
    while log.tally.pending:
        assert log.tally.pending_bytes >= 0
        entries = log.peek(chance.choice([0, 0, 0, 1, 2]), chance.choice([1, 3, 50]), 5000)
        entries = entries or log.peek(0, 50, 5000)
        sent += [entry.content or b"" for entry in entries]
        log.done(entries)
        assert recovered == len(sent) + log.tally.pending + log.tally.lost
        if chance.random() < 0.1:
            everything = log.peek(0, 1000, 1 << 30)
            sizes = [len(entry.content or b"") for entry in everything]
            assert (log.tally.pending, log.tally.pending_bytes) == (len(sizes), sum(sizes))
        if chance.random() < 0.1:
            kinds.append(damage(chance, log.folder))
        elif chance.random() < 0.1:
            break
    assert log.tally.pending > 0 or (log.tally.pending, log.tally.pending_bytes) == (0, 0)
    assert log.tally.lost_bytes >= HEAD * log.tally.lost
    return sent, kinds


def one_life(chance: Random, directory: Path) -> None:
    log, appended, done = filled(chance, directory)
    log.abandon()  # as a kill does
    kinds = [damage(chance, log.folder) for _ in range(chance.choice([0, 1, 1, 2, 3]))]
    sent, spool = list[bytes](), SpoolDirectory(directory)
    for _ in range(100):
        claimed = spool.claim()
        if claimed is None:
            break
        more, live = work_off(chance, claimed)
        sent, kinds = sent + more, kinds + live
        (claimed.abandon if chance.random() < 0.3 else claimed.close)()
    assert set(sent) <= set(appended)
    if not kinds:
        assert [each for each in appended if each not in done] == sorted(sent, key=appended.index)
    # A digit in the head is all that makes a file one of a later version.
    if not spool.leaves_some():
        assert [path.name for path in directory.iterdir() if not path.name.endswith(ASIDE)] == []


@searched(2000)
@given(chance=st.randoms(use_true_random=False))
def test_any_damage_at_any_time(chance: Random) -> None:
    with tempfile.TemporaryDirectory() as directory:
        one_life(chance, Path(directory))
