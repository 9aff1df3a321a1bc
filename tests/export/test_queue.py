"""The queue against a model: whatever the disk and the sender do, each event is somewhere, once, and in order."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chaukas_spec_lite.export.batching import Send
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.ledger import GONE, MEMORY, ON_DISK, Entry, Mark
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool.file import Row
from tests.profiles import examples

SETTINGS = ExportSettings(
    spool="never opened",
    max_queue_events=16,
    max_queue_bytes=200,
    max_event_bytes=20,
    spool_max_bytes=400,
    overflow="drop_oldest",
)
WINDOW = SETTINGS.max_queue_events // 2


@pytest.fixture(autouse=True)
def no_wait_for_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaukas_spec_lite.export.queue.LOCK_WAIT", 0.0)


class AnyDisk(RuleBasedStateMachine):
    """Plays the spool's thread and the sender, with a dict for a disk that works or does not."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = EventQueue(SETTINGS, lambda: 0.0)
        self.disk: dict[int, bytes] = {}
        self.next = 0
        self.waiting: dict[bytes, None] = {}
        self.sent: list[bytes] = []
        self.emitted_here: set[bytes] = set()
        self.claimed = False
        self.marks: list[tuple[Mark, set[bytes]]] = []
        self.emits: list[Entry] = []
        """Emits under way, which have not written their event yet."""
        self.damaged: set[int] = set()
        self.calls = self.dropped = self.recovered = 0

    def name(self, size: int) -> bytes:
        self.next += 1
        return b"%06d" % self.next + b"x" * size

    @precondition(lambda self: not self.claimed)
    @rule(left=st.integers(0, 30))
    def claim(self, left: int) -> None:
        """The file may hold what an ended process left, and memory what was emitted before the file was open."""
        self.claimed = True
        self.recovered += left
        for seq in range(5, 5 + left):
            self.disk[seq] = self.name(0)
            self.waiting[self.disk[seq]] = None
        low, high = (min(self.disk), max(self.disk)) if self.disk else (0, 0)
        self.queue.found(left, sum(map(len, self.disk.values())), low, high)

    def account_for_drops(self) -> None:
        for each in self.queue.take_unreported():
            self.dropped += 1
            self.waiting.pop(each.data, None)

    def admit(self, size: int) -> Entry | None:
        data = self.name(size)
        self.calls += 1
        self.waiting[data] = None
        entry = self.queue.admit(data, may_block=False)
        unreported = self.queue.ledger.unreported
        if entry is Emitted.DROPPED:
            assert unreported[-1] == Dropped(DropReason.SPOOL_FULL, "the spool holds spool_max_bytes", "", data)
            assert sum(map(len, self.waiting)) > SETTINGS.spool_max_bytes
        assert all(each.reason is DropReason.OVERFLOW or each.data == data for each in unreported)
        self.account_for_drops()
        if isinstance(entry, Emitted):
            return None
        assert entry is not None
        self.emitted_here.add(data)
        return entry

    @rule()
    def emit_what_has_no_chance(self) -> None:
        self.calls += 1
        assert self.queue.admit(Dropped(DropReason.INVALID, "", "", b""), may_block=False) is Emitted.DROPPED
        self.account_for_drops()

    @rule(size=st.integers(0, 10))
    def emit_amid_something_else(self, size: int) -> None:
        """As a signal handler, or a finalizer, may do at any time."""
        data = self.name(size)
        self.calls += 1
        with self.queue.lock:
            assert self.queue.admit(data, may_block=False) is None
        assert self.queue.totals().numbers["emitted"] == self.calls, "it was taken in as soon as the lock was free"
        self.waiting[data] = None
        self.emitted_here.add(data)
        self.account_for_drops()

    @rule(size=st.integers(0, 10))
    def begin_to_emit(self, size: int) -> None:
        entry = self.admit(size)
        if entry:
            self.emits.append(entry)

    @precondition(lambda self: self.claimed and self.emits)
    @rule()
    def commit(self) -> None:
        entry = self.emits.pop(0)
        if entry.state == MEMORY:  # or else it was sent, or written by the thread
            assert entry.seq not in self.disk
            self.disk[entry.seq] = entry.data
            assert self.queue.settle(entry, on_disk=True) is Emitted.SPOOLED
        else:
            expected = Emitted.DROPPED if entry.state == GONE else Emitted.SPOOLED
            assert self.queue.settle(entry, on_disk=False) is expected

    @precondition(lambda self: self.emits)
    @rule()
    def leave_it_to_the_thread(self) -> None:
        entry = self.emits.pop(0)
        with self.queue.lock:
            self.queue.hand_over(entry)
        expected = {MEMORY: Emitted.QUEUED, GONE: Emitted.DROPPED}.get(entry.state, Emitted.SPOOLED)
        assert self.queue.settle(entry, on_disk=False) is expected

    @precondition(lambda self: self.claimed)
    @rule(events=st.integers(1, 9), works=st.booleans(), meanwhile=st.booleans())
    def the_thread_writes(self, events: int, works: bool, meanwhile: bool = False) -> None:
        entries, erased = self.queue.take_work(events, 1 << 20)
        assert len({entry.seq for entry in entries}) == len(entries)
        if meanwhile and self.emits:
            self.leave_it_to_the_thread()
        if not works:
            self.queue.put_back_work(entries, erased)
            return
        for entry in entries:
            assert entry.seq not in self.disk
            self.disk[entry.seq] = entry.data
        for seq in erased:
            del self.disk[seq]  # it is there, and only once
        self.queue.written(entries)

    @precondition(lambda self: self.claimed)
    @rule()
    def the_thread_reads(self) -> None:
        wanted = self.queue.wants_refill()
        if wanted:
            after, events, size = wanted
            rows = []
            for seq in sorted(each for each in self.disk if each > after)[:events]:
                rows.append(Row(seq, self.disk[seq], seq not in self.damaged))
                size -= len(self.disk[seq])
                if size <= 0:
                    break
            missing = self.queue.refill(rows, len(rows) < events and size > 0)
            gone = [data for data in self.waiting if data not in self.everywhere()]
            assert missing == len([data for data in gone if data not in self.corrupt_ones()])
            for data in gone:
                del self.waiting[data]
            self.dropped += missing
            self.account_for_drops()

    def corrupt_ones(self) -> list[bytes]:
        return [each.data for each in self.queue.ledger.unreported if each.reason is DropReason.SPOOL_LOST]

    def everywhere(self) -> set[bytes]:
        held = {entry.data for entry in (*self.queue.lines.ready, *self.queue.lines.behind)}
        return held.union(data for seq, data in self.disk.items() if seq not in self.queue.erased)

    def only_on_disk(self) -> list[int]:
        held = {entry.seq for entry in (*self.queue.lines.ready, *self.queue.lines.behind)}
        return [seq for seq in self.disk if seq not in held and seq not in self.queue.erased]

    @precondition(lambda self: self.only_on_disk())
    @rule(choice=st.integers(0, 100))
    def an_event_is_damaged(self, choice: int) -> None:
        seqs = self.only_on_disk()
        self.damaged.add(seqs[choice % len(seqs)])

    @precondition(lambda self: self.queue.lines.ready)
    @rule(skip=st.integers(0, 2), events=st.integers(1, 8), taken=st.booleans())
    def attempt(self, skip: int, events: int, taken: bool) -> None:
        self.queue.waiting()
        entries = self.queue.take(Send(skip, events, 100))
        if not taken:
            self.queue.put_back()
            return
        self.queue.acknowledged(entries)
        for entry in entries:
            del self.waiting[entry.data]
            self.sent.append(entry.data)

    @rule()
    def the_file_is_lost(self) -> None:
        self.damaged.clear()
        in_memory = [entry.data for entry in (*self.queue.lines.ready, *self.queue.lines.behind)]
        self.disk.clear()
        lost = self.queue.lost_file()
        assert lost == len(self.waiting) - len(in_memory)
        self.dropped += lost
        self.waiting = dict.fromkeys(in_memory)
        self.claimed = False

    @rule()
    def somebody_flushes(self) -> None:
        self.marks.append((self.queue.mark(), set(self.waiting)))

    @invariant()
    def a_flush_ends_when_all_of_it_is_gone_and_not_before(self) -> None:
        for mark, events in self.marks:
            if self.queue.reached(mark):
                assert not events & self.waiting.keys()
            if not self.waiting and not self.queue.lines.spilled:
                assert self.queue.reached(mark)

    @invariant()
    def counters_agree_with_what_is_there(self) -> None:
        queue, ledger = self.queue, self.queue.ledger
        held = [*queue.lines.ready, *queue.lines.behind]
        assert ledger.pending == len(self.waiting)
        assert ledger.pending_bytes == sum(map(len, self.waiting))
        assert ledger.sent == len(self.sent)
        assert sum(ledger.dropped.values()) == self.dropped
        assert (ledger.emitted, ledger.recovered) == (self.calls, self.recovered)
        assert ledger.emitted + ledger.recovered == ledger.sent + ledger.pending + self.dropped
        assert queue.lines.in_memory == len(held)
        assert queue.lines.memory_bytes == sum(len(entry.data) for entry in held)
        assert queue.lines.only_in_memory == sum(entry.state == MEMORY for entry in held)

    @invariant()
    def every_event_is_in_one_place(self) -> None:
        queue = self.queue
        held = {entry.seq: entry for entry in (*queue.lines.ready, *queue.lines.behind)}
        assert len(held) == len(queue.lines.ready) + len(queue.lines.behind)
        on_disk_only = {seq: data for seq, data in self.disk.items() if seq not in held and seq not in queue.erased}
        assert len(on_disk_only) == queue.lines.spilled
        assert sorted([*on_disk_only.values(), *(entry.data for entry in held.values())]) == sorted(self.waiting)
        for entry in held.values():
            assert entry.state in (MEMORY, ON_DISK)
            assert (entry.seq in self.disk) == (entry.state == ON_DISK)

    @invariant()
    def memory_is_bounded(self) -> None:
        assert self.queue.lines.in_memory <= 2 * WINDOW + 1 + WINDOW // 2
        assert len(self.queue.unwritten) <= 2 * WINDOW + 64

    def teardown(self) -> None:
        """With a disk and a server that work, all that waits goes out, and the disk is empty."""
        if not self.claimed:
            self.claim(0)
        while self.emits:
            self.leave_it_to_the_thread()
        rounds = 0
        while self.waiting and rounds < 500:
            rounds += 1
            self.the_thread_writes(100, True)
            self.the_thread_reads()
            self.queue.waiting()
            if self.queue.lines.ready:
                self.attempt(0, 8, True)
        assert self.waiting == {}
        self.the_thread_writes(100, True)
        assert self.disk == {}
        assert self.queue.ledger.pending == 0
        assert len(set(self.sent)) == len(self.sent)


TestAnyDisk = pytest.mark.searched(AnyDisk.TestCase)
TestAnyDisk.settings = settings(max_examples=examples(200), stateful_step_count=60)


class InOrder(AnyDisk):
    """As long as the first in line is always taken first, and no file is lost, events go out in the order of emit."""

    @precondition(lambda self: self.queue.lines.ready)
    @rule(skip=st.just(0), events=st.integers(1, 8), taken=st.booleans())
    def attempt(self, skip: int, events: int, taken: bool) -> None:
        AnyDisk.attempt(self, skip, events, taken)

    @rule()
    def the_file_is_lost(self) -> None:
        """Not here."""

    @invariant()
    def in_order(self) -> None:
        mine = [data for data in self.sent if data in self.emitted_here]
        assert mine == sorted(mine)
        others = [data for data in self.sent if data not in self.emitted_here]
        assert others == sorted(others)


TestInOrder = pytest.mark.searched(InOrder.TestCase)
TestInOrder.settings = settings(max_examples=examples(200), stateful_step_count=60)


def test_an_event_that_emit_and_the_thread_give_back_is_written_once() -> None:
    queue = EventQueue(SETTINGS, lambda: 0.0)
    entry = queue.admit(b"x", may_block=False)
    assert isinstance(entry, Entry)
    queue.lost_file()  # which leaves all that is in memory to the thread
    taken, _ = queue.take_work(10, 100)
    with queue.lock:
        queue.hand_over(entry)
    queue.put_back_work(taken, [])
    assert queue.take_work(10, 100) == ([entry], [])
    assert queue.take_work(10, 100) == ([], [])
