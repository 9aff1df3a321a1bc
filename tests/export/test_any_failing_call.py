"""Each call to the operating system fails at each of its turns: the books balance at every moment, and nothing is lost.

What is acknowledged may be found by the next process all the same, where that could not be written down.
"""

from __future__ import annotations

import errno
import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.export.batching import Send
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool import segment
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolError
from chaukas_spec_lite.spool.log import Log

CALLS = {
    "pwrite": (segment, "_pwrite"),
    "pread": (segment, "_pread"),
    **{name: (os, name) for name in ("open", "write", "fsync", "ftruncate", "fstat", "stat", "listdir")},
    **{name: (os, name) for name in ("mkdir", "unlink", "rmdir", "rename", "link")},
}


class Books:
    """A queue that is used, and what became of its events, from the view of its user."""

    def __init__(self, directory: Path) -> None:
        options: Any = {"spool": directory, "spool_retry": 1.0, "synchronous": "always"}
        self.time = 0.0
        self.queue = EventQueue(ExportSettings(**options), lambda: self.time)
        self.recovered = 0
        self.taken: list[bytes] = []
        self.spooled: list[bytes] = []
        self.sent: list[bytes] = []
        self.dropped: list[bytes] = []

    def check(self) -> None:
        totals = self.queue.totals()
        numbers, dropped = totals.numbers, sum(totals.dropped.values())
        for each in self.queue.take_news():
            if isinstance(each, Dropped):
                self.dropped.append(each.data)
        assert numbers["emitted"] == len(self.taken)
        assert numbers["sent"] == len(self.sent)
        assert dropped == len(self.dropped)
        assert numbers["emitted"] + numbers["recovered"] == numbers["sent"] + numbers["pending"] + dropped

    def emit(self, *numbers: int) -> None:
        for number in numbers:
            data = b"event %2d" % number
            self.taken.append(data)
            if self.queue.admit(data, may_block=False) is Emitted.SPOOLED:
                self.spooled.append(data)
            self.check()

    def send(self, events: int, ends: str = "acknowledged", skip: int = 0) -> None:
        self.time += 2.0  # a disk that refused is asked again
        self.queue.tend()
        self.check()
        batch = self.queue.take(Send(skip, events, 1000))
        self.check()
        if ends == "acknowledged":
            self.queue.acknowledged()
            self.sent += batch
        elif ends == "dropped":
            self.queue.drop(DropReason.INVALID, "")
        else:
            self.queue.put_back()
        self.check()


def use(books: Books) -> Iterator[None]:
    """All that a queue does, step by step."""
    books.emit(*range(9))
    yield
    books.send(2)
    yield
    books.send(1, skip=2)  # a probe
    yield
    books.send(1, "dropped")
    books.send(3, "put back")
    yield
    books.emit(*range(9, 15))
    books.send(5)
    yield
    books.queue.rest()
    books.check()
    yield
    books.emit(15, 16)  # claims it again
    books.send(2)


def left_in(directory: Path) -> list[bytes]:
    left: list[bytes] = []
    while (log := SpoolDirectory(directory).claim()) is not None:
        records = log.peek(0, 1000, 1 << 20)
        assert len(records) == log.tally.pending
        assert (log.tally.lost, log.tally.lost_bytes) == (0, 0)
        left += [record.content or b"" for record in records]
        log.done(records)
        log.close()
    return left


@pytest.mark.skipif(sys.version_info < (3, 11), reason="pathlib has its own references to these functions")
@pytest.mark.parametrize(("lasts", "code"), [(1, errno.ENOSPC), (3, errno.EIO)])
@pytest.mark.parametrize("call", CALLS)
def test_each_turn_of_it(tmp_path: Path, call: str, lasts: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 80)
    monkeypatch.setattr(segment, "PATH_LOOK", 0.0)
    where, name = CALLS[call]
    real, turn = getattr(where, name), [0]
    fails = range(0)

    def fail(*arguments: Any, **named: Any) -> Any:
        turn[0] += 1
        if turn[0] in fails:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **named)

    for first in itertools.count(1):
        directory = tmp_path / str(first)
        books, turn[0], fails = Books(directory), 0, range(first, first + lasts)
        with monkeypatch.context() as patch:
            patch.setattr(where, name, fail)
            for _ in use(books):
                pass
            books.queue.give_up("")
            books.check()
        assert books.queue.totals().dropped.get(DropReason.SPOOL_LOST.value, 0) == 0
        left = left_in(directory)
        waited = [each for each in books.taken if each not in books.sent and each not in books.dropped]
        assert set(waited) <= set(left), (first, "nothing is lost")
        assert set(books.spooled) - set(books.sent) <= {*left, *books.dropped}, first
        assert len(left) == len(set(left)), first
        again = [each for each in left if each not in waited]
        assert not again or call in ("open", "write", "fstat"), (first, "only what could not be written down")
        if turn[0] < first:  # it was not called so often
            break
    assert call in ("ftruncate", "rmdir", "rename", "link") or first > 1, "it was called"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="pathlib has its own references to these functions")
def test_a_segment_that_gets_a_log_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While each call of that fails at each of its turns, the segment stays where it was, and is tried again."""
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 80)
    reads, pread = True, segment._pread

    def read(*arguments: Any) -> bytes:
        if not reads:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return bytes(pread(*arguments))

    monkeypatch.setattr(segment, "_pread", read)
    for call in ("mkdir", "open", "write", "link"):
        real, turn = getattr(os, call), [0]
        for first in itertools.count(1):
            directory = tmp_path / f"{call}{first}"
            log = Log.make(directory)
            for number in range(9):
                log.append([b"event %2d" % number])
            log._segments.close()
            reads, turn[0] = False, 0

            def fail(
                *arguments: Any, real: Any = real, first: int = first, turn: list[int] = turn, **named: Any
            ) -> Any:
                turn[0] += 1
                if turn[0] == first:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                return real(*arguments, **named)

            with monkeypatch.context() as patch:
                patch.setattr(os, call, fail)
                for _ in range(logs.ATTEMPTS + 1):
                    with suppress(SpoolError):
                        log.peek(0, 100, 1000)
            reads = True
            log.close()
            assert sorted(left_in(directory)) == [b"event %2d" % number for number in range(9)]
            if turn[0] < first:
                break
