"""Disks that fail, files that break, processes that fork and end: with real files, real processes, real signals."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.export import Dropped, DropReason, Emitted, EventExporter
from chaukas_spec_lite.export.batching import Send
from chaukas_spec_lite.export.dead_letters import MAX_WAITING
from chaukas_spec_lite.export.ledger import Entry
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.spool_writer import SpoolWriter
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.file import Spool, SpoolError, SpoolFull, SpoolUnusable
from tests.export.doubles import FakeClock, Recorder, numbered, unavailable
from tests.export.programs import ROOT, left_in, run, source
from tests.patience import HANG, until

# The disk


def test_a_directory_that_cannot_be_made_costs_nothing_but_the_spool(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Root may write anywhere, so a file in the way stands for a directory without permission."""
    (tmp_path / "spool").write_text("in the way")

    async def main() -> None:
        sender = Recorder()
        settings = {"spool_retry": 0.05}
        async with EventExporter(sender, spool=tmp_path / "spool", **settings) as export:
            start = time.monotonic()
            results = {export.emit(numbered(number)) for number in range(200)}
            assert results == {Emitted.QUEUED}
            assert time.monotonic() - start < HANG, "nobody waits for a spool that is known to fail"
            assert await export.flush()
            assert export.stats().queued == 200
            (tmp_path / "spool").unlink()
            await until(lambda: export.emit(numbered(200)) is Emitted.SPOOLED)
        assert sender.names()[:201] == [str(number) for number in range(201)]

    asyncio.run(main())
    assert "cannot be used" in caplog.text
    assert caplog.text.count("An event is in memory only") == 1


def test_a_read_only_spool(tmp_path: Path) -> None:
    """In a mount namespace of its own, so that it is read-only for root, too."""
    run(
        """
        import subprocess
        directory = sys.argv[1]
        os.mkdir(directory)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", directory], check=True)
        async def main():
            sender = Recorder()
            async with EventExporter(sender, spool=directory, spool_retry=0.05) as export:
                assert export.emit(numbered(1)) is Emitted.QUEUED
                assert await export.flush()
                assert "readonly" in export.stats().last_error or "unable to open" in export.stats().last_error
                subprocess.run(["mount", "-o", "remount,rw", directory], check=True)
                await until(lambda: export.emit(numbered(2)) is Emitted.SPOOLED)
        asyncio.run(main())
        """,
        tmp_path / "read-only",
        prefix=("unshare", "--user", "--map-root-user", "--mount", "--"),
    )


@pytest.mark.parametrize("window", [6000, 500])
def test_a_full_disk_and_one_with_room_again(tmp_path: Path, window: int) -> None:
    """Nothing can be removed from a file on a full disk, not even to make room; and memory may hold all, or not."""
    output = run(
        """
        import subprocess
        directory, window = sys.argv[1], int(sys.argv[2])
        os.mkdir(directory)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", directory], check=True)
        async def main():
            sender = Recorder(down)
            settings = {"max_queue_events": window, "overflow": "drop_newest", "spool_retry": 0.05}
            async with EventExporter(sender, spool=directory, **settings) as export:
                results = [export.emit(numbered(number, 1000)) for number in range(3000)]
                on_disk = results.count(Emitted.SPOOLED)
                assert 250 < on_disk < 2000, on_disk
                kept = [str(number) for number in range(3000) if results[number] is not Emitted.DROPPED]
                assert len(kept) >= min(3000, on_disk + window // 2)
                assert export.stats().pending == len(kept)
                sender._judge = None
                flushed = await export.flush(HANG)
                assert flushed, export.stats()
                assert sender.names() == kept, "in order, wherever they were"
                await until(lambda: export.emit(numbered(3000)) is Emitted.SPOOLED)
                assert await export.flush(HANG)
        asyncio.run(main())
        """,
        tmp_path / "full",
        window,
        prefix=("unshare", "--user", "--map-root-user", "--mount", "--"),
    )
    assert "full" in output


def a_writer(tmp_path: Path, clock: FakeClock, **changes: Any) -> tuple[EventQueue, SpoolWriter]:
    """Without its thread, so that a test decides when it does something; the file is open."""
    search = changes.pop("search", None)
    settings = ExportSettings(spool=tmp_path, **changes)
    reporter, queue = Reporter(60.0, clock.now, None), EventQueue(settings, clock.now)
    writer = SpoolWriter(queue, settings, reporter, clock.now, lambda: None, search=search, threaded=False)
    writer.step()
    return queue, writer


def emit(queue: EventQueue, writer: SpoolWriter, data: bytes = b"x") -> Emitted:
    entry = queue.admit(data, may_block=False)
    return writer.write(entry) if isinstance(entry, Entry) else entry or Emitted.QUEUED


def full(*_: Any) -> None:
    raise SpoolFull("the disk is full")


def test_what_a_full_disk_holds_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However writing and reading fall together: what cannot be removed must not keep from sending what follows."""
    clock = FakeClock()
    queue, writer = a_writer(tmp_path, clock, max_queue_events=8, spool_retry=5.0)
    assert [emit(queue, writer, b"%d" % number) for number in range(10)] == [Emitted.SPOOLED] * 10
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "apply", full)
        patch.setattr(Spool, "checkpoint", full)
        sent: list[bytes] = []
        for _ in range(10):
            entries = queue.take(Send(0, 10, 1 << 20))
            queue.acknowledged(entries)
            sent += [entry.data for entry in entries]
            clock.time += 5.0  # so that each step has to write, too, and fails
            writer.step()
    assert sent == [b"%d" % number for number in range(10)]
    writer.stop(close=True)
    assert left_in(tmp_path) == [], "and what was sent left the disk when that was possible again"


def test_dead_letters_do_not_make_a_full_disk_permanent(tmp_path: Path) -> None:
    """They stand in the way of deleting the file, which is all that can be done: so they move to another one."""
    run(
        """
        import logging, subprocess
        logging.disable(logging.CRITICAL)
        from chaukas_spec_lite import Event
        from chaukas_spec_lite.spool.directory import SpoolDirectory
        directory = sys.argv[1]
        def letters():
            found = []
            for spool in SpoolDirectory(Path(directory)).abandoned():
                found += [(each.event_id, each.detail, each.data, each.dropped_at) for each in spool.dead_letters()]
            return found
        os.mkdir(directory)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", directory], check=True)
        settings = {"spool_retry": 0.05, "flush_interval": 0.05, "close_timeout": 1.0}
        async def begin():
            async with EventExporter(Recorder(), spool=directory, **settings) as export:
                for number in range(3):
                    assert export.emit(Event(event_id=f"bad {number}", agent_name=5)) is Emitted.DROPPED
        async def fill():
            sender = Recorder(down)
            async with EventExporter(sender, spool=directory, **settings) as export:
                await until(lambda: export._pipeline.writer.opened)
                results = [export.emit(numbered(number, 1000)) for number in range(400)]
                assert 50 < results.count(Emitted.SPOOLED) < 400 == len(results), results.count(Emitted.SPOOLED)
                sender._judge = None
                assert await export.flush(HANG)
                await until(lambda: export.emit(numbered(400)) is Emitted.SPOOLED)
                assert await export.flush(HANG)
                assert len(await export.dead_letters()) == 3
        asyncio.run(begin())
        before = letters()
        assert len(before) == 3
        asyncio.run(fill())
        assert letters() == before, "as they were"
        sender = Recorder()
        async def again():
            async with EventExporter(sender, spool=directory, **settings) as export:
                await asyncio.sleep(0.2)
        asyncio.run(again())
        assert sender.names() == [], "and the next process has nothing to send again"
        """,
        tmp_path / "full",
        prefix=("unshare", "--user", "--map-root-user", "--mount", "--"),
    )


def test_all_dead_letters_move_from_a_file_that_may_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than may wait at once, and first where there is room beside the old file."""
    queue, writer = a_writer(tmp_path, FakeClock(), spool_retry=5.0)
    old = writer.spool
    assert old is not None
    many = [Dropped(DropReason.INVALID, "", str(number), b"") for number in range(MAX_WAITING + 1)]
    old.apply([], dead=many)
    real_apply, real_checkpoint = Spool.apply, Spool.checkpoint

    def apply(self: Spool, *arguments: Any, **keywords: Any) -> None:
        (full if self is old else real_apply)(self, *arguments, **keywords)

    monkeypatch.setattr(Spool, "apply", apply)
    monkeypatch.setattr(Spool, "checkpoint", lambda self: (full if self is old else real_checkpoint)(self))
    moved: list[int] = []
    real_discard = Spool.discard

    def discard(self: Spool) -> None:
        assert writer.spool is not None
        moved.append(len(writer.spool.dead_letters(-1)))
        real_discard(self)

    monkeypatch.setattr(Spool, "discard", discard)
    assert emit(queue, writer) is Emitted.SPOOLED
    queue.acknowledged(queue.take(Send(0, 10, 1 << 20)))
    writer.step()
    assert writer.spool is not None
    assert writer.spool is not old
    assert [each.event_id for each in writer.spool.dead_letters(-1)] == [each.event_id for each in many]
    assert moved == [MAX_WAITING + 1], "before the old file went"
    assert not old.path.exists()
    writer.stop(close=True)


def test_a_full_disk_gathers_no_empty_files(tmp_path: Path) -> None:
    run(
        """
        import logging, subprocess
        logging.basicConfig(format="%(message)s")
        directory = sys.argv[1]
        os.mkdir(directory)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", directory], check=True)
        filler = Path(directory, "filler")
        filler.write_bytes(bytes(1 << 20))
        async def main():
            sender = Recorder()
            async with EventExporter(sender, spool=directory, spool_retry=0.01) as export:
                assert export.emit(numbered(1)) is Emitted.QUEUED
                assert await export.flush()
                await asyncio.sleep(0.3)
                assert os.listdir(directory) == ["filler"], os.listdir(directory)
                filler.unlink()
                await until(lambda: export.emit(numbered(2)) is Emitted.SPOOLED)
        asyncio.run(main())
        """,
        tmp_path / "full",
        prefix=("unshare", "--user", "--map-root-user", "--mount", "--"),
    )


def test_a_fault_of_ours_does_not_end_the_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, faults = Spool.apply, [TypeError("a bug")]

    def faulty(self: Spool, *arguments: Any) -> None:
        if faults:
            raise faults.pop()
        real(self, *arguments)

    monkeypatch.setattr(Spool, "apply", faulty)

    async def main() -> None:
        sender = Recorder(lambda _: unavailable())
        async with EventExporter(sender, spool=tmp_path, spool_retry=0.05, close_timeout=0.2) as export:
            assert export.emit(numbered(0)) is Emitted.QUEUED
            await until(lambda: export.emit(numbered(1)) is Emitted.SPOOLED)

    asyncio.run(main())
    assert left_in(tmp_path)[0] == "0"
    assert "TypeError: a bug" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("event_id", ["\ud800", 5, object()])
def test_what_made_an_event_invalid_is_no_trouble_for_the_spool(tmp_path: Path, event_id: Any) -> None:
    async def main() -> None:
        async with EventExporter(Recorder(), spool=tmp_path, spool_retry=0.05) as export:
            assert export.emit(numbered(1)) is Emitted.SPOOLED
            assert export.emit(Event(event_id=event_id)) is Emitted.DROPPED
            (letter,) = await export.dead_letters()
            assert letter.reason is DropReason.INVALID
            assert "Event.event_id" in letter.detail
            assert letter.event_id in ("", "\\ud800")
            assert export.emit(numbered(2)) is Emitted.SPOOLED
            assert export.stats().last_error is None
            assert await export.flush()

    asyncio.run(main())


def test_dead_letters_without_an_event_are_bounded_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with EventExporter(Recorder(), spool=tmp_path, dead_letter_max_bytes=1000) as export:
            for _ in range(50):
                export.emit(Event(agent_name=5))  # type: ignore[arg-type]
            first = await export.dead_letters()
            assert 3 < len(first) < 20
            export.emit(Event(agent_name=5))  # type: ignore[arg-type]
            assert await export.dead_letters() == first

    asyncio.run(main())


def test_without_threads_events_are_spooled_by_whoever_emits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of the system, unlike the end of the interpreter, may pass."""

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        sender = Recorder(lambda _: unavailable())
        async with EventExporter(sender, spool=tmp_path, max_queue_events=10) as export:
            for number in range(100):
                assert export.emit(numbered(number)) is Emitted.SPOOLED
            sender._judge = None
            assert await export.flush(), "also what has to be read back"
            patch.undo()
            export.emit(numbered(100))
            writer = export._pipeline.writer
            assert writer is not None
            writer.ask()
            assert [thread.name for thread in threading.enumerate()].count("chaukas-spool") == 1
        assert sender.names() == [str(number) for number in range(101)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        asyncio.run(main())


def test_without_threads_nobody_waits_for_oneself_at_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a signal handler would that emits amid another commit on the same thread."""

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    export = EventExporter(Recorder(), spool=tmp_path)
    assert export.emit(numbered(1)) is Emitted.SPOOLED
    writer = export._pipeline.writer
    assert writer is not None
    with writer.disk:
        start = time.monotonic()
        assert export.emit(numbered(2)) is Emitted.QUEUED
        assert time.monotonic() - start < HANG
    assert export.emit(numbered(3)) is Emitted.SPOOLED
    writer.stop(close=True)
    assert left_in(tmp_path) == ["1", "2", "3"]


def test_searching_all_the_time_is_not_searching_without_end(tmp_path: Path) -> None:
    searches: list[None] = []
    _, writer = a_writer(tmp_path, FakeClock(), scan_interval=0.0, search=lambda: searches.append(None))
    writer.step()
    assert len(searches) == 2
    writer.stop(close=True)


def test_a_search_that_fails_does_not_stop_spooling(tmp_path: Path) -> None:
    def search() -> None:
        raise SpoolError("some other file cannot be read")

    queue, writer = a_writer(tmp_path, FakeClock(), search=search)
    assert emit(queue, writer) is Emitted.SPOOLED
    writer.stop(close=True)


def test_rows_that_are_no_longer_there_are_counted(tmp_path: Path) -> None:
    queue, writer = a_writer(tmp_path, FakeClock(), max_queue_events=4)
    for number in range(10):
        emit(queue, writer, b"%d" % number)
    assert writer.spool is not None
    writer.spool._execute("DELETE FROM event WHERE seq > 7")
    sent: list[bytes] = []
    mark = queue.mark()
    while entries := queue.take(Send(0, 10, 1 << 20)):
        queue.acknowledged(entries)
        sent += [entry.data for entry in entries]
        writer.step()
    assert sent == [b"%d" % number for number in range(7)]
    assert queue.reached(mark)
    assert mark.dropped
    totals = queue.totals()
    assert (totals.numbers["pending"], totals.numbers["pending_bytes"], totals.dropped) == (0, 0, {"corrupt": 3})
    writer.stop(close=True)


def test_an_event_dropped_while_it_was_written_is_not_called_spooled(tmp_path: Path) -> None:
    queue, writer = a_writer(tmp_path, FakeClock(), max_queue_events=2)
    real, results = Spool.append, [Emitted.QUEUED]

    def another_comes(self: Spool, seq: int, data: bytes) -> None:
        if data == b"first":
            queue.admit(b"second", may_block=False)
        real(self, seq, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "append", another_comes)
        results = [emit(queue, writer, b"first")]
    assert results == [Emitted.DROPPED]
    assert [each.data for each in queue.take_unreported()] == [b"first"]
    writer.step()
    assert writer.spool is not None
    assert writer.spool.totals()[0] == 0
    writer.stop(close=True)


def test_an_event_emitted_while_the_file_breaks_is_written_once(tmp_path: Path) -> None:
    """The loss of a file leaves all of memory to the thread, also the event of an ``emit`` that is under way."""
    queue, writer = a_writer(tmp_path, FakeClock())
    entry = queue.admit(b"x", may_block=False)
    assert isinstance(entry, Entry)
    with writer.disk:
        writer._fail(SpoolUnusable("corrupt", "it is scribbled over"))
    assert writer.write(entry) is Emitted.QUEUED
    writer.step()
    assert writer.spool is not None
    assert [row.data for row in writer.spool.read(0, 10, 100)] == [b"x"]
    assert emit(queue, writer) is Emitted.QUEUED
    writer.step()
    assert writer.spool.totals()[0] == 2
    writer.stop(close=True)


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    run(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
        async def main():
            sender = Recorder(down)
            async with EventExporter(sender, spool=sys.argv[1], spool_retry=0.05) as export:
                results = [export.emit(numbered(number, 1000)) for number in range(300)]
                assert 20 < results.count(Emitted.SPOOLED) < 300, results.count(Emitted.SPOOLED)
                assert results.count(Emitted.DROPPED) == 0
                sender._judge = None
                assert await export.flush(HANG)
                assert sender.names() == [str(number) for number in range(300)]
        asyncio.run(main())
        """,
        tmp_path,
    )


def test_emit_waits_for_a_slow_disk_no_longer_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, disk_goes_on = Spool.apply, threading.Event()

    def slow(self: Spool, *arguments: Any, **keywords: Any) -> None:
        disk_goes_on.wait(HANG)
        real(self, *arguments, **keywords)

    monkeypatch.setattr(Spool, "apply", slow)

    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path, close_timeout=HANG) as export:
            for number in range(3):
                assert export.emit(numbered(number)) is Emitted.QUEUED
            assert await export.flush(), "what the disk has not taken yet can be sent all the same"
            disk_goes_on.set()
        assert sender.names() == ["0", "1", "2"]

    asyncio.run(main())
    assert left_in(tmp_path) == []


def test_emit_waits_for_others_at_the_disk_no_longer_than_it_may(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        sender = Recorder(lambda _: unavailable())
        async with EventExporter(sender, spool=tmp_path) as export:
            await until(lambda: export.emit(numbered(0)) is Emitted.SPOOLED)
            writer = export._pipeline.writer
            assert writer is not None
            before = export.stats()
            with writer.disk:
                start = time.monotonic()
                assert export.emit(numbered(1)) is Emitted.QUEUED
                assert 0.04 < time.monotonic() - start < HANG
            assert export.stats().queued == before.queued + 1
            assert "An event is in memory only" in caplog.text
            writer.ask()
            await until(lambda: not export._pipeline.queue.unwritten)
            await until(lambda: export.emit(numbered(2)) is Emitted.SPOOLED)
            await export.aclose(0.2)

    asyncio.run(main())
    names = left_in(tmp_path)
    assert names.index("1") < names.index("2"), "it was written as soon as that was possible"


def test_after_one_slow_commit_the_thread_makes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    queue, writer = a_writer(tmp_path, clock, spool_retry=5.0)
    real = Spool.append
    commits: list[int] = []

    def slow(self: Spool, seq: int, data: bytes) -> None:
        commits.append(seq)
        clock.time += 0.2
        real(self, seq, data)

    monkeypatch.setattr(Spool, "append", slow)

    def write() -> bool:
        return emit(queue, writer) is Emitted.SPOOLED

    assert write(), "a write under way cannot be interrupted, and it is on disk"
    assert not write(), "this one is left to the thread, which a test has to play"
    assert len(commits) == 1
    writer.step()
    assert not write()
    clock.time += 5.0
    writer.step()
    assert write(), "the disk is trusted again"
    assert len(commits) == 2
    writer.close()


@pytest.mark.parametrize("how", ["pages", "cut"])
def test_a_spool_that_breaks_while_it_is_used(tmp_path: Path, how: str) -> None:
    """Another process scribbles into the file; this one would lose its lock on it by opening it itself."""
    scribble = "import os, sys; f = open(sys.argv[1], 'r+b'); f.seek(0, 2); n = f.tell()\n"
    scribble += {"pages": "f.seek(8192); f.write(os.urandom(n - 8192))", "cut": "f.truncate(9000)"}[how]

    async def main() -> None:
        sender = Recorder(lambda _: unavailable())
        settings = {"max_queue_events": 100, "spool_retry": 0.05}
        async with EventExporter(sender, spool=tmp_path, **settings) as export:
            for number in range(400):
                assert export.emit(numbered(number, 1000)) is Emitted.SPOOLED
            writer = export._pipeline.writer
            assert writer is not None
            with writer.disk:
                spool = writer.spool
                assert spool is not None
                spool.checkpoint()
                await asyncio.to_thread(subprocess.run, [sys.executable, "-c", scribble, str(spool.path)], check=True)
                spool._execute("PRAGMA shrink_memory").fetchall()  # so that pages are read from the file again
            sender._judge = None
            assert not await export.flush(HANG), "what was only on disk is lost, and that is said"
            stats = export.stats()
            assert stats.pending == 0
            assert stats.sent + stats.dropped["corrupt"] == 400
            assert stats.sent >= 40, "what was in memory too was sent"
            await until(lambda: export.emit(numbered(999)) is Emitted.SPOOLED)
            assert await export.flush(HANG)
        names = [int(name) for name in dict.fromkeys(sender.names())]
        assert names == sorted(names)

    asyncio.run(main())
    assert [path.name for path in tmp_path.iterdir() if ".corrupt-" in path.name], "it was kept"


def test_an_event_damaged_on_disk_becomes_the_only_dead_letter(tmp_path: Path) -> None:
    spool = SpoolDirectory(tmp_path).claim()
    spool.apply([(number, bytes(numbered(number, 500))) for number in range(1, 101)])
    spool.close()
    data = spool.path.read_bytes()
    victim = bytes(numbered(50, 500))
    assert data.count(victim) == 1
    spool.path.write_bytes(data.replace(victim, victim[:-5] + b"yyyyy"))

    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path) as export:
            await until(lambda: export.stats().recovered == 100)
            await export.flush()
            (letter,) = await export.dead_letters()
            assert letter.data == victim[:-5] + b"yyyyy"
            assert export.stats().dropped == {"corrupt": 1}
        assert sender.names() == [str(number) for number in range(1, 101) if number != 50]

    asyncio.run(main())


# Processes


def test_what_killed_processes_left_is_taken_over_by_a_living_one(tmp_path: Path) -> None:
    for number in range(3):
        run(
            """
            exporter = EventExporter(Recorder(down), spool=sys.argv[1])
            for number in range(100):
                spooled(exporter, int(sys.argv[2]) * 1000 + number)
            os.kill(os.getpid(), signal.SIGKILL)
            """,
            tmp_path / str(number),
            number,
            status=-9,
        )
        for file in (tmp_path / str(number)).iterdir():
            file.rename(tmp_path / file.name)
        (tmp_path / str(number)).rmdir()

    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path) as export:
            await until(lambda: export.stats().recovered == 300)
            assert await export.flush()
        names = [int(name) for name in sender.names()]
        assert sorted(names) == [thousand * 1000 + number for thousand in range(3) for number in range(100)]
        for thousand in range(3):
            mine = [name for name in names if name // 1000 == thousand]
            assert mine == sorted(mine)

    asyncio.run(main())
    assert left_in(tmp_path) == []


def test_what_a_living_process_has_is_left_to_it(tmp_path: Path) -> None:
    program = """
    exporter = EventExporter(Recorder(down), spool=sys.argv[1])
    for number in range(10):
        spooled(exporter, number)
    print("ready", flush=True)
    sys.stdin.read()
    """
    child = subprocess.Popen(
        [sys.executable, "-c", source(program), str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"

    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path, scan_interval=0.02) as export:
            export.emit(numbered(10))
            assert await export.flush()
            await asyncio.sleep(0.2)
            assert sender.names() == ["10"]
            child.kill()
            child.wait()
            await until(lambda: export.stats().recovered == 10)
            assert await export.flush()
            assert sender.names() == ["10", *map(str, range(10))]

    asyncio.run(main())
    child.communicate()


def test_an_interpreter_that_exits_without_closing_spools(tmp_path: Path) -> None:
    run(
        """
        import atexit
        late = []
        atexit.register(lambda: spooled(late[0], 12))  # runs after the exporter's own handler
        exporter = EventExporter(Recorder(down), spool=sys.argv[1])
        late.append(exporter)
        for number in range(12):
            exporter.emit(numbered(number))
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == [str(number) for number in range(13)]


def test_the_first_event_may_come_when_the_interpreter_ends(tmp_path: Path) -> None:
    """From Python 3.12 on no thread can be started then."""
    run(
        """
        import atexit
        exporter = EventExporter(Recorder(down), spool=sys.argv[1])
        atexit.register(lambda: spooled(exporter, 1))
        blocking = BlockingExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.2)
        atexit.register(lambda: spooled(blocking, 1))
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == ["1", "1"]


def test_an_exit_without_a_spool_says_what_is_lost() -> None:
    output = run("exporter = EventExporter(Recorder(down))\nfor n in range(3): exporter.emit(numbered(n))")
    assert output.count("Dropped as closed") == 1
    assert "3 events, the first of them" in output
    assert "the interpreter ended" in output


def test_a_loop_that_ends_with_the_program_amid_sending_spools(tmp_path: Path) -> None:
    run(
        """
        async def main():
            sender = Recorder()
            sender.gate = asyncio.Event()
            exporter = EventExporter(sender, spool=sys.argv[1], batch_size=2)
            await exporter.start()
            for number in range(5):
                spooled(exporter, number)
            await asyncio.sleep(0.05)
            return exporter
        exporter = asyncio.run(main())
        spooled(exporter, 5)
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == [str(number) for number in range(6)]


@pytest.mark.parametrize("way", ["fork", "busy fork"])
def test_a_forked_child_starts_clean(tmp_path: Path, way: str) -> None:
    run(
        """
        directory, way = sys.argv[1:]
        exporter = EventExporter(Recorder(down), spool=directory)
        for number in range(10):
            spooled(exporter, number)
        ended = threading.Event()
        def emit_on():
            number = 1000
            while not ended.is_set():
                exporter.emit(numbered(number))
                number += 1
        if way == "busy fork":
            threading.Thread(target=emit_on, daemon=True).start()
        children = []
        for child in range(4):
            pid = os.fork()
            if not pid:
                assert exporter.stats().pending == exporter.stats().emitted == 0
                for number in range(5):
                    spooled(exporter, 100 * (child + 1) + number)
                stats = exporter.stats()  # it may have taken over what an earlier child left
                os._exit(0 if stats.emitted == stats.spooled == stats.pending - stats.recovered == 5 else 1)
            children.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
        ended.set()
        spooled(exporter, 10)
        """,
        tmp_path,
        way,
    )
    names = [int(name) for name in left_in(tmp_path)]
    assert len(set(names)) == len(names)
    assert {name for name in names if name < 1000} == {
        *range(11),
        *(100 * (child + 1) + number for child in range(4) for number in range(5)),
    }


@pytest.mark.parametrize("threads", [True, False])
def test_a_forked_child_that_ends_takes_nothing_from_its_parent(tmp_path: Path, threads: bool) -> None:
    """Its interpreter finalizes all that it has, and so might delete the parent's log; a thread may hide that."""
    run(
        """
        def none_left(_):
            raise RuntimeError("can't start new thread")
        if sys.argv[2] == "False":
            threading.Thread.start = none_left
        exporter = EventExporter(Recorder(down), spool=sys.argv[1])
        for number in range(10):
            spooled(exporter, number)
        pid = os.fork()
        if not pid:
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        for number in range(10, 20):
            spooled(exporter, number)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        tmp_path,
        threads,
        status=-9,
    )
    assert left_in(tmp_path) == [str(number) for number in range(20)]


def test_a_fork_amid_an_emit_on_the_same_thread(tmp_path: Path) -> None:
    """As a signal handler that forks may bring about."""
    run(
        """
        exporter = EventExporter(Recorder(down), spool=sys.argv[1])
        spooled(exporter, 1)
        with exporter._pipeline.queue.lock:
            pid = os.fork()
            if not pid:
                spooled(exporter, 2)
                os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        spooled(exporter, 3)
        """,
        tmp_path,
    )
    assert sorted(left_in(tmp_path)) == ["1", "2", "3"]


@pytest.mark.parametrize("spool", [True, False])
def test_a_signal_handler_may_emit_whatever_it_interrupts(tmp_path: Path, spool: bool) -> None:
    """Another ``emit`` on the same thread above all: nobody may wait for oneself, and every event counts."""
    run(
        """
        import random
        logging = __import__("logging")
        logging.disable(logging.CRITICAL)
        exporter = EventExporter(Recorder(down), spool=sys.argv[1] or None, max_queue_events=500)
        handled = [0]
        def handler(*_):
            handled[0] += 1
            exporter.emit(Event(event_id=f"h{handled[0]}"))
        from chaukas_spec_lite import Event
        signal.signal(signal.SIGALRM, handler)
        emitted, late = 0, 0
        end = time.monotonic() + HANG
        while late < 5 and time.monotonic() < end:  # five times amid the lock
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1e-4))
            for _ in range(3):
                emitted += 1
                exporter.emit(Event(event_id=f"e{emitted}"))
                late += len(exporter._pipeline.queue._late)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert late >= 5
        stats = exporter.stats()
        assert stats.emitted == emitted + handled[0]
        assert stats.emitted == stats.sent + stats.pending + sum(stats.dropped.values())
        """,
        tmp_path if spool else "",
    )


def test_a_signal_handler_wakes_the_sender_on_its_own_thread() -> None:
    run(
        """
        async def main():
            sender = Recorder()
            async with EventExporter(sender, batch_size=1, flush_interval=AGES) as exporter:
                signal.signal(signal.SIGALRM, lambda *_: exporter.emit(numbered(1)))
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                sent = asyncio.Event()
                real = sender.send
                async def send(events):
                    sent.set()
                    await real(events)
                sender.send = send
                await asyncio.wait_for(sent.wait(), HANG)  # a signal does not cut the loop's sleep short
        asyncio.run(main())
        """
    )


# The synchronous face


def test_blocking_exporters_in_a_parent_and_forked_workers_all_send(tmp_path: Path) -> None:
    """As under a server that forks its workers after loading the program."""
    run(
        """
        class Writer:
            async def send(self, events):
                with open(f"{sys.argv[2]}/{os.getpid()}", "ab") as file:
                    for event in events:
                        file.write(len(event).to_bytes(4, "big") + event)
        os.mkdir(sys.argv[2])
        exporter = BlockingExporter(Writer(), spool=sys.argv[1], scan_interval=60.0)
        spooled(exporter, 0)
        workers = []
        for worker in range(3):
            pid = os.fork()
            if not pid:
                for number in range(50):
                    spooled(exporter, 100 * (worker + 1) + number)
                os._exit(0 if exporter.close(HANG) else 1)
            workers.append(pid)
        spooled(exporter, 1)
        assert [os.waitpid(pid, 0)[1] for pid in workers] == [0] * 3
        assert exporter.close(HANG)
        assert exporter.close(HANG), "again"
        """,
        tmp_path / "spool",
        tmp_path / "sent",
    )
    sent: list[str] = []
    for file in (tmp_path / "sent").iterdir():
        data = file.read_bytes()
        while data:
            size = 4 + int.from_bytes(data[:4], "big")
            sent.append(Event.parse(data[4:size]).agent_name)
            data = data[size:]
    expected = ["0", "1", *(str(100 * (worker + 1) + number) for worker in range(3) for number in range(50))]
    assert sorted(sent) == sorted(expected), "each once"
    assert left_in(tmp_path / "spool") == []


def test_a_blocking_exporter_that_nobody_closes_sends_at_exit_what_it_can(tmp_path: Path) -> None:
    output = run(
        """
        class Printer:
            async def send(self, events):
                for event in events:
                    os.write(1, b"sent\\n")
        exporter = BlockingExporter(Printer())
        for number in range(7):
            exporter.emit(numbered(number))
        """
    )
    assert output.count("sent") == 7
    output = run(
        """
        exporter = BlockingExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.2)
        for number in range(7):
            spooled(exporter, number)
        """,
        tmp_path,
    )
    assert "Dropped" not in output
    assert left_in(tmp_path) == [str(number) for number in range(7)]


def test_a_blocking_exporter_shares_a_clients_thread_and_outlives_it(tmp_path: Path) -> None:
    run(
        """
        from chaukas_spec_lite import BlockingChaukasClient
        client = BlockingChaukasClient("127.0.0.1:1", timeout=0.2)
        exporter = BlockingExporter(client, spool=sys.argv[1])
        assert exporter.loop is client.loop
        spooled(exporter, 1)
        client.close()
        spooled(exporter, 2)
        assert not exporter.close(0.3)
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == ["1", "2"]
