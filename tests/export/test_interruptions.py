"""What comes in the middle of anything: timer signals whose handler emits, and Ctrl-C."""

from __future__ import annotations

import dis
import errno
import itertools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from chaukas_spec_lite.export import Emitted
from chaukas_spec_lite.export.batching import Send
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool import segment
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.log import Log
from tests.export.programs import left_in, run

ROOMS = tuple(str(Path(logs.__file__).parent.parent / room) for room in ("export", "spool"))
"""Where the interruptions come."""


@pytest.mark.parametrize("spool", [True, False])
def test_a_timer_whose_handler_emits_every_two_milliseconds(tmp_path: Path, spool: bool) -> None:
    """Handlers do not wait for what they interrupt, so they do not pile up; and each event is there once."""
    run(
        """
        import itertools
        sent = []
        class Slow:
            async def send(self, events):
                sent.extend(events)
        numbers = itertools.count()
        emitted = []
        with BlockingExporter(Slow(), spool=sys.argv[1] or None, batch_size=10, flush_interval=0.01) as exporter:
            def emit():
                number = next(numbers)
                assert exporter.emit(numbered(number)) in (Emitted.SPOOLED, Emitted.QUEUED)
                emitted.append(number)
            signal.signal(signal.SIGALRM, lambda *_: emit())
            signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
            end = time.monotonic() + 4.0
            while time.monotonic() < end:
                emit()
                exporter.stats()
                time.sleep(0.0005)
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert exporter.flush(HANG)
        from chaukas_spec_lite import Event
        names = [int(Event.parse(each).agent_name) for each in sent]
        assert len(names) == len(set(names)), "each once"
        assert sorted(names) == sorted(emitted) == list(range(len(names)))
        assert len(names) > 500
        """,
        tmp_path if spool else "",
    )
    assert left_in(tmp_path) == []


class Interruption(BaseException):
    """Like KeyboardInterrupt, but nobody else's."""


class Interrupter:
    """Raises at the n-th of the places where Python lets a signal handler run: after calls, and at their beginning.

    A handler also runs before a loop goes round again, which is always after a call here, too.
    """

    def __init__(self, at: int, rooms: tuple[str, ...] = ROOMS) -> None:
        self.left = at
        self._rooms = rooms
        self._after_call: dict[int, bool] = {}

    def __call__(self, frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(self._rooms):
            return None
        frame.f_trace_opcodes = True
        if event == "call" and not frame.f_code.co_flags & 0x20:  # not each time that a generator goes on
            self._hit()
        elif event == "opcode":
            here = id(frame)
            if self._after_call.get(here):
                self._after_call[here] = False
                self._hit()
            name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            self._after_call[here] = name.startswith("CALL")
        elif event in ("return", "exception"):
            self._after_call.pop(id(frame), None)
        return self

    def _hit(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.interrupt()

    def interrupt(self) -> None:
        raise Interruption

    def run(self, work: Callable[[], object]) -> bool:
        """Do something, and say whether it was interrupted."""
        sys.settrace(self)
        try:
            work()
        except Interruption:
            pass
        finally:
            sys.settrace(None)
        return self.left <= 0


STEPS = [
    "emit",
    "emit with a new segment",
    "emit to memory",
    "move to the disk",
    "taken away",
    "take",
    "acknowledged",
    "drop",
    "mark",
]


def prepared(tmp_path: Path, step: str) -> tuple[EventQueue, list[float], Callable[[], object]]:
    """A queue with ten events, and what is to be interrupted."""
    time = [0.0]
    options: Any = {"spool": tmp_path, "spool_retry": 5.0, "max_queue_events": 100}
    if step == "emit to memory":
        options["spool"] = None
    queue = EventQueue(ExportSettings(**options), lambda: time[0])
    for number in range(10):
        queue.admit(b"%d" % number, may_block=False)
    if step == "emit with a new segment":
        logs.SEGMENT_BYTES = 1
    if step == "move to the disk":
        assert queue.disk is not None
        queue.disk.why_not, queue.disk._refuses_until = "it is full", 5.0
        for number in range(10, 13):
            assert queue.admit(b"%d" % number, may_block=False) is Emitted.QUEUED
        time[0] = 5.0
        return queue, time, queue.tend
    if step == "taken away":
        shutil.rmtree(tmp_path)
        return queue, time, queue.tend
    if step in ("acknowledged", "drop"):
        queue.take(Send(0, 3, 1000))
        return queue, time, queue.acknowledged if step == "acknowledged" else lambda: queue.drop(DropReason.INVALID, "")
    if step == "take":
        return queue, time, lambda: queue.take(Send(0, 3, 1000))
    if step == "mark":
        return queue, time, queue.mark
    return queue, time, lambda: queue.admit(b"interrupted", may_block=False)


# What comes while a generator is closed, Python reports and drops.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(sys.version_info < (3, 11), reason="the names of instructions are others")
@pytest.mark.parametrize("step", STEPS)
def test_an_interruption_anywhere_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """The queue goes on as if nothing had been, its sums are true, and the next process finds what was SPOOLED."""
    monkeypatch.setattr(logs, "SEGMENT_BYTES", logs.SEGMENT_BYTES)  # is put back
    for at in itertools.count(1):
        directory = tmp_path / str(at)
        queue, time, work = prepared(directory, step)
        if not Interrupter(at).run(work):
            break
        spooled = [b"%d" % number for number in range(13 if step == "move to the disk" else 10)]
        time[0] += 10.0
        assert queue.lock.acquire(blocking=False)
        queue.lock.release()
        assert not queue._busy
        # Sums that are true, with whatever became of what was interrupted.
        check(queue)
        outcome = queue.admit(b"next", may_block=False)
        assert outcome is (Emitted.QUEUED if step == "emit to memory" else Emitted.SPOOLED), at
        check(queue)
        found = queue.take(Send(0, 100, 10_000))
        queue.put_back()
        expected = [*spooled, b"next"]
        if step in ("acknowledged", "drop"):
            assert found in [expected[gone:] for gone in range(4)], at
        else:
            rest = [each for each in found if each != b"interrupted"]
            once = [*dict.fromkeys(rest)]
            # What is saved later comes before what was saved until it was interrupted.
            assert (sorted(once) if step == "taken away" else once) == expected, (at, found)
            assert len(rest) == len(once), (at, found)
        if step == "emit to memory":
            continue
        queue.give_up("")
        left = []
        for folder in SpoolDirectory(directory).logs():
            if not any(folder.glob("*.segment")):  # it was interrupted right after it had made an empty one
                continue
            log = Log.claim(folder)
            left += [record.content for record in log.peek(0, 100, 10_000)]
            assert (log.tally.lost, log.tally.lost_bytes) == (0, 0), at
            log.close()
        assert left == found, at
    assert at > 5, "there were places for it"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the names of instructions are others")
@pytest.mark.parametrize("how", ["refused event", "disk that fails", "taken away"])
def test_what_people_have_to_be_told_reaches_them_whatever_interrupts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A signal handler that emits tells what there is to tell; what it interrupted was about to add to that."""
    for at in itertools.count(1):
        queue, _, work = prepared(tmp_path / str(at), "taken away" if how == "taken away" else "emit")
        told: list[object] = []

        class Handler(Interrupter):
            def interrupt(self, queue: EventQueue = queue, told: list[object] = told) -> None:
                queue.admit(b"late", may_block=False)
                told += queue.take_news()

        if how == "refused event":
            dropped = Dropped(DropReason.INVALID, "", "", b"")
            work = lambda queue=queue, dropped=dropped: queue.admit(dropped, may_block=False)  # noqa: E731 - one of three
        with monkeypatch.context() as patch:
            if how == "disk that fails":
                patch.setattr(segment, "_pwrite", no_room)
            handler = Handler(at)
            handler.run(work)
        told += queue.take_news()
        assert len(told) == 1, (at, told)
        if handler.left > 0:
            break
    assert at > 10, "there were places for it"


def no_room(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def check(queue: EventQueue) -> None:
    totals = queue.totals()
    numbers = totals.numbers
    assert numbers["emitted"] == numbers["sent"] + numbers["pending"] + sum(totals.dropped.values())
    assert queue.memory.pending_bytes == sum(len(item.data) for item in queue.memory._items)
    found = queue.take(Send(0, 100, 10_000))
    queue.put_back()
    assert len(found) == numbers["pending"]
    assert sum(map(len, found)) == numbers["pending_bytes"]
