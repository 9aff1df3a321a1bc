"""The queue against a model: whatever the disk and the sender do, each event is somewhere, once, and in order.

With a real directory, whose files the machine takes away or cuts, and which refuses when it says so.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chaukas_spec_lite.export.batching import Send
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.ledger import Mark
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool import segment
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.log import Log
from tests.profiles import examples

SEGMENT_BYTES = 150
"""A few events, so that a log has several segments."""


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", SEGMENT_BYTES)
    monkeypatch.setattr(segment, "PATH_LOOK", 0.0)


def is_part(some: list[bytes], whole: Iterable[bytes]) -> bool:
    """Whether some of the whole is given, in its order."""
    rest = iter(whole)
    return all(each in rest for each in some)


FATES = st.integers(0, 3)


class AnyDisk(RuleBasedStateMachine):
    """Plays the programs that emit, the sender, the disk, and whoever deletes files."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.settings = ExportSettings(
            spool=self.directory / "spool",
            max_queue_events=16,
            max_queue_bytes=200,
            max_event_bytes=20,
            spool_max_bytes=1000,
            overflow="drop_oldest",
            spool_retry=5.0,
        )
        self.patch = pytest.MonkeyPatch()
        self.time = 0.0
        self.queue = EventQueue(self.settings, lambda: self.time)
        self.number = 0
        self.waiting: dict[bytes, None] = {}
        """What waits, in order, as far as the model knows."""
        self.sent: list[bytes] = []
        self.marks: list[tuple[Mark, set[bytes]]] = []
        self.calls = self.dropped = self.lost = 0
        self.refuses = False
        self.has_lost = False

    def name(self, size: int) -> bytes:
        self.number += 1
        return b"%06d" % self.number + b"x" * size

    def account(self) -> None:
        """Take what was dropped or lost out of the model."""
        for each in self.dropped_news():
            self.dropped += 1
            self.waiting.pop(each.data, None)
        found = self.all_of_it()
        lost = self.queue.ledger.dropped[DropReason.SPOOL_LOST.value] - self.lost
        assert lost == 0 or self.has_lost
        assert lost >= 0
        self.lost += lost
        self.dropped += lost
        for each in [each for each in self.waiting if each not in found][:lost]:
            del self.waiting[each]

    def dropped_news(self, keep: bool = False) -> list[Dropped]:
        news = list(self.queue.ledger.news) if keep else self.queue.take_news()
        return [each for each in news if isinstance(each, Dropped)]

    def all_of_it(self) -> list[bytes]:
        """All that waits, in order, by the queue itself."""
        found = self.queue.take(Send(0, 1 << 20, 1 << 20))
        self.queue.put_back()
        return found

    # Emitting

    @rule(size=st.integers(0, 12))
    def emit(self, size: int) -> None:
        data = self.name(size)
        self.calls += 1
        self.waiting[data] = None
        outcome = self.queue.admit(data, may_block=False)
        unreported = self.dropped_news(keep=True)
        if outcome is Emitted.DROPPED:
            assert unreported[-1] == Dropped(DropReason.SPOOL_FULL, unreported[-1].detail, "", data)
        assert all(each.reason is DropReason.OVERFLOW or each.data == data for each in unreported)
        assert (outcome is Emitted.SPOOLED) <= (not self.refuses)
        assert (outcome is Emitted.SPOOLED) <= (self.queue.memory.pending_bytes == 0), "memory is newer than the disk"
        self.account()

    @rule()
    def emit_what_has_no_chance(self) -> None:
        self.calls += 1
        assert self.queue.admit(Dropped(DropReason.INVALID, "", "", b""), may_block=False) is Emitted.DROPPED
        self.account()

    @rule(size=st.integers(0, 12), invalid=st.booleans())
    def emit_amid_something_else(self, size: int, invalid: bool) -> None:
        """As a signal handler, or a finalizer, may do at any time."""
        data = self.name(size)
        event = Dropped(DropReason.INVALID, "", "", data) if invalid else data

        def interrupted() -> float:
            self.patch.setattr(self.queue, "_now", lambda: self.time)
            outcome = self.queue.admit(event, may_block=False)
            assert outcome is (Emitted.DROPPED if invalid else Emitted.QUEUED)
            self.calls += 1
            return self.time

        first = self.name(0)
        self.waiting[first] = self.waiting[data] = None
        self.patch.setattr(self.queue, "_now", interrupted)
        since, self.queue._since = self.queue._since, None
        self.calls += 1
        self.queue.admit(first, may_block=False)
        if self.queue._now is not interrupted:  # else it was dropped before it had to look at the time
            assert self.queue.totals().numbers["emitted"] == self.calls, "it was taken in as soon as the lock was free"
        else:
            self.patch.setattr(self.queue, "_now", lambda: self.time)
            del self.waiting[data]
        self.queue._since = since if since is not None else self.queue._since
        self.account()

    # The disk

    @precondition(lambda self: not self.refuses)
    @rule(files=st.booleans())
    def the_disk_refuses(self, files: bool) -> None:
        """New bytes, and maybe new files as well."""

        def refuse(*_: Any) -> Any:
            raise OSError(errno.ENOSPC, "No space left on device")

        def open_(path: Any, flags: int, *arguments: Any) -> int:
            return refuse() if files and flags & os.O_CREAT else os.open(path, flags, *arguments)

        self.refuses = True
        self.patch.setattr(segment, "_pwrite", refuse)
        self.patch.setattr(segment, "os", SimpleNamespace(**{**vars(os), "open": open_}))

    @precondition(lambda self: self.refuses)
    @rule()
    def the_disk_takes_again(self) -> None:
        self.refuses = False
        self.patch.undo()
        self.time += 5.0

    @rule(seconds=st.sampled_from([0.5, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.time += seconds

    @precondition(lambda self: list(self.directory.glob("spool/log-*")))
    @rule(way=st.sampled_from(["rmtree", "unlink", "unlink the first", "truncate", "cut", "move", "move the file"]))
    def it_is_taken_away(self, way: str) -> None:
        self.has_lost = True
        spool = self.directory / "spool"
        segments = sorted(spool.glob("log-*/*.segment"))
        if way == "rmtree":
            shutil.rmtree(spool)
        elif way == "move":
            spool.rename(self.directory / f"elsewhere-{self.name(0).decode()}")
        elif segments and way.startswith("unlink"):
            segments[0 if way == "unlink the first" else -1].unlink()
        elif segments and way == "move the file":
            segments[-1].rename(self.directory / self.name(0).decode())
        elif segments:
            os.truncate(segments[-1], 0 if way == "truncate" else segments[-1].stat().st_size // 2)
        self.queue.tend()  # as the sender's next turn
        self.account()

    # The sender

    @precondition(lambda self: self.waiting)
    @rule(
        skip=st.integers(0, 2), events=st.integers(1, 8), size=st.sampled_from([10, 60, 1000]), fate=st.integers(0, 3)
    )
    def attempt(self, skip: int, events: int, size: int, fate: int) -> None:
        self.queue.tend()
        self.account()
        batch = self.queue.take(Send(skip, events, size))
        if self.has_lost:
            assert is_part(batch, self.waiting)
        else:
            expected = list(self.waiting)[skip : skip + events]
            while len(expected) > 1 and sum(map(len, expected)) > size:
                expected.pop()
            assert batch == expected
        if fate == 0:
            self.queue.put_back()
        elif fate == 1 and len(batch) == 1:
            self.queue.drop(DropReason.REJECTED, "")
            self.account()
        else:
            self.queue.acknowledged()
            self.sent += batch
            for each in batch:
                del self.waiting[each]
            self.account()

    @precondition(lambda self: self.waiting)
    @rule(size=st.integers(0, 12), events=st.integers(1, 8), taken_away=st.booleans())
    def something_happens_amid_an_attempt(self, size: int, events: int, taken_away: bool) -> None:
        """What is in flight moves to the disk, or older ones are dropped, or the disk is taken away."""
        self.queue.tend()
        self.account()
        batch = self.queue.take(Send(0, events, 1000))
        taken = list(self.queue._in_flight)
        for number in range(5):
            if number == 3 and taken_away:
                shutil.rmtree(self.directory / "spool", ignore_errors=True)
                self.has_lost = True
            data = self.name(size)
            self.calls += 1
            self.waiting[data] = None
            self.queue.admit(data, may_block=False)
        assert self.queue._in_flight == taken
        assert all(each.data not in batch for each in self.dropped_news(keep=True)), "what is under way is not dropped"
        self.queue.acknowledged()
        self.sent += batch
        for each in batch:
            del self.waiting[each]
        self.account()

    @rule()
    def somebody_flushes(self) -> None:
        self.marks.append((self.queue.mark(), set(self.waiting)))

    # What holds at any time

    @invariant()
    def a_flush_ends_when_all_of_it_is_gone_and_not_before(self) -> None:
        for mark, events in self.marks:
            over = not events & self.waiting.keys()
            # Of events of which nothing is left nobody knows where they stood: then it ends early, and says so.
            assert mark.left == 0 if over else mark.left > 0 or (self.has_lost and mark.dropped)

    @invariant()
    def the_books_balance(self) -> None:
        numbers, dropped = self.queue.totals().numbers, self.queue.totals().dropped
        assert numbers["pending"] == len(self.waiting)
        if not self.has_lost:
            assert numbers["pending_bytes"] == sum(map(len, self.waiting))
        assert (numbers["sent"], sum(dropped.values())) == (len(self.sent), self.dropped)
        assert (numbers["emitted"], numbers["recovered"]) == (self.calls, 0)
        assert numbers["emitted"] + numbers["recovered"] == numbers["sent"] + numbers["pending"] + self.dropped

    @invariant()
    def memory_is_counted_and_bounded(self) -> None:
        queue = self.queue
        assert queue.memory.pending_bytes == sum(len(item.data) for item in queue.memory._items)
        assert all(item.record is None for item in queue.memory._items)

    @invariant()
    def everything_is_there_in_order(self) -> None:
        found = self.all_of_it()
        assert is_part(found, self.waiting) if self.has_lost else found == list(self.waiting)

    def teardown(self) -> None:
        """Given up, it leaves to the next process all that is not in memory only."""
        self.patch.undo()
        self.time += 5.0
        try:
            self.queue.close()
            self.calls += 1
            assert self.queue.admit(b"late", may_block=False) is Emitted.DROPPED
            self.account()
            here = self.all_of_it()
            self.queue.give_up("")
            found: list[bytes] = []
            for folder in SpoolDirectory(self.directory / "spool").logs():
                log = Log.claim(folder)
                found += [record.content or b"" for record in log.peek(0, 1 << 20, 1 << 20)]
                log.abandon()
            if self.has_lost:  # some of it may be there twice, as what is found in pieces is saved into a new log
                self.account()
                assert set(found) >= set(here)
            else:
                assert found == list(self.waiting), "and nothing else"
        finally:
            shutil.rmtree(self.directory)


TestAnyDisk = pytest.mark.searched(AnyDisk.TestCase)
TestAnyDisk.settings = settings(max_examples=examples(200), stateful_step_count=60)


@pytest.mark.parametrize("seen_by", ["tend", "give_up"])
def test_a_file_in_the_middle_is_counted_as_soon_as_it_is_missed(tmp_path: Path, seen_by: str) -> None:
    """Not only when it has its turn to be read, which may never come while the server is down."""
    queue = EventQueue(ExportSettings(spool=tmp_path), lambda: 0.0)
    for number in range(20):
        assert queue.admit(b"event %02d" % number, may_block=False) is Emitted.SPOOLED
    queue.take(Send(0, 1, 100))
    queue.put_back()
    paths = sorted(tmp_path.glob("log-*/*.segment"))
    assert len(paths) > 3
    paths[1].unlink()
    queue.tend() if seen_by == "tend" else queue.give_up("the end")
    numbers, dropped = queue.totals()
    assert dropped["spool_lost"] > 0
    assert numbers["emitted"] == numbers["pending"] + dropped["spool_lost"] == 20
    assert [each.lost for each in queue.take_news() if not isinstance(each, Dropped)] == [dropped["spool_lost"]]
    queue.rest(for_good=True)


def test_what_others_hold_is_seen_although_less_waits_here_than_before(tmp_path: Path) -> None:
    """A queue that has worked off much looks again before as much as then waits there."""
    queue = EventQueue(ExportSettings(spool=tmp_path, spool_max_bytes=8000), lambda: 0.0)

    def emit(events: int) -> int:
        return sum(queue.admit(bytes(100), may_block=False) is Emitted.SPOOLED for _ in range(events))

    assert emit(60) == 60
    queue.take(Send(0, 60, 1 << 20))
    queue.acknowledged()
    other = Log.make(tmp_path)
    other.append([bytes(7000)])
    assert emit(60) <= 20
    queue.give_up("")
    other.close()
