"""A process that is killed at any line of the spool loses nothing that was appended, and repeats nothing that is done.

What a kill leaves is what the directory holds at that moment. So the directory is read before each line that runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

from chaukas_spec_lite.spool import directory as directories
from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.log import Log

ROOM = str(Path(directories.__file__).parent)


class Files(NamedTuple):
    """What a directory holds."""

    folders: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, directory: Path) -> Files:
        paths = [(str(path.relative_to(directory)), path) for path in sorted(directory.rglob("*"))]
        files = [(name, path.read_bytes()) for name, path in paths if not path.is_dir()]
        return cls(tuple(name for name, path in paths if path.is_dir()), tuple(files))

    def write(self, directory: Path) -> None:
        for name in self.folders:
            (directory / name).mkdir(parents=True)
        for name, data in self.files:
            (directory / name).write_bytes(data)


class Moment(NamedTuple):
    files: Files
    must: frozenset[int]
    """The events that have to be there."""
    may: frozenset[int]
    """The events that may be there."""


class Watched:
    """What was appended and is done, from the view of a program that uses the log, at each line."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._appending: list[int] = []
        self._appended: list[int] = []
        self._finishing: set[int] = set()
        self._finished: set[int] = set()
        self.lines = 0
        self.moments: dict[Moment, str] = {}
        """Where in the code each came first."""

    @contextmanager
    def every_line(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self._at)
        try:
            yield
        finally:
            sys.settrace(before)

    def _at(self, frame: FrameType, kind: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(ROOM):
            return None
        if kind == "line":
            self.lines += 1
            must = frozenset(self._appended) - self._finishing
            may = frozenset([*self._appended, *self._appending]) - self._finished
            moment = Moment(Files.of(self._directory), must, may)
            self.moments.setdefault(moment, f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        return self._at

    def append(self, log: Log, *numbers: int) -> None:
        self._appending += numbers
        with self.every_line():
            log.append([content(number) for number in numbers])
        self._appended += numbers

    def done(self, log: Log, skip: int, most: int) -> None:
        with self.every_line():
            records = log.peek(skip, most, 1 << 20)
        numbers = {number_of(record.content) for record in records}
        self._finishing |= numbers
        with self.every_line():
            log.done(records)
        self._finished |= numbers

    def close(self, log: Log) -> None:
        with self.every_line():
            log.close()


def content(number: int) -> bytes:
    return b"%d %s" % (number, b"." * (number * 17 % 80))


def number_of(data: bytes | None) -> int:
    assert data is not None
    number = int(data.split()[0])
    assert data == content(number)
    return number


def found_in(directory: Path) -> list[int]:
    """What the next process finds; it gives up nothing, and sets nothing aside."""
    spool, found = SpoolDirectory(directory), list[int]()
    while (log := spool.claim()) is not None:
        pending = log.tally.pending
        records = log.peek(0, 1000, 1 << 20)
        log.done(records)
        assert (len(records), log.tally.pending, log.tally.lost, log.tally.lost_bytes) == (pending, 0, 0, 0)
        log.close()
        found += [number_of(record.content) for record in records]
    assert [*directory.iterdir()] == []
    return found


def judge(watched: Watched, directory: Path) -> None:
    assert watched.lines > 300
    assert len(watched.moments) > 15
    for number, (moment, where) in enumerate(watched.moments.items()):
        left = directory / str(number)
        left.mkdir(parents=True)
        moment.files.write(left)
        found = found_in(left)
        assert found == sorted(found), where
        assert moment.must <= set(found) <= moment.may, where


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 250)


def test_killed_at_any_line_while_it_appends_and_works_off(tmp_path: Path) -> None:
    directory = tmp_path / "spool"
    directory.mkdir()
    watched = Watched(directory)
    with watched.every_line():
        log = Log.make(directory)
    for number in range(0, 12, 2):
        watched.append(log, number, number + 1)
    watched.done(log, 0, 3)
    watched.done(log, 1, 1)  # a probe
    watched.append(log, 12)
    watched.done(log, 2, 1)
    watched.done(log, 0, 5)
    watched.append(log, 13, 14)
    watched.done(log, 0, 100)
    watched.append(log, 15)
    watched.done(log, 0, 100)
    watched.close(log)
    judge(watched, tmp_path / "moments")


def test_killed_at_any_line_while_it_works_off_what_another_left(tmp_path: Path) -> None:
    directory = tmp_path / "spool"
    watched = Watched(directory)
    log = Log.make(directory)
    for number in range(12):
        log.append([content(number)])
    watched._appended += range(12)
    log.abandon()
    spool = SpoolDirectory(directory)
    with watched.every_line():
        claimed = spool.claim()
    assert claimed is not None
    watched.done(claimed, 0, 2)
    watched.done(claimed, 2, 1)
    watched.close(claimed)
    with watched.every_line():
        claimed = spool.claim()
    assert claimed is not None
    watched.done(claimed, 0, 4)
    watched.done(claimed, 0, 100)
    watched.close(claimed)
    with watched.every_line():
        assert spool.claim() is None
    judge(watched, tmp_path / "moments")
