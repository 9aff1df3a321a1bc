"""Disks that fail, files that are taken away or break, processes that end: with real files, processes and signals."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.export import DropReason, Emitted, EventExporter, Stats, drain
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool import segment
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.log import Log
from tests.export.doubles import Recorder, internal, numbered, unavailable
from tests.export.programs import ROOT, left_in, run, source
from tests.patience import HANG, until

NUMBERS = [str(number) for number in range(600)]


def down(_: Any) -> Exception:
    return unavailable()


# The disk


def test_a_directory_that_cannot_be_made_costs_nothing_but_the_spool(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Root may write anywhere, so a file in the way stands for a directory without permission."""
    (tmp_path / "spool").write_text("in the way")

    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path / "spool", spool_retry=0.05) as export:
            assert {export.emit(numbered(number)) for number in range(200)} == {Emitted.QUEUED}
            assert await export.flush() is False, "what ended processes left cannot be looked for"
            assert export.stats().queued == export.stats().sent == 200
            (tmp_path / "spool").unlink()
            await until(lambda: export.emit(numbered(200)) is Emitted.SPOOLED)
        assert sender.names()[:201] == [str(number) for number in range(201)]

    asyncio.run(main())
    assert str(tmp_path / "spool") in caplog.text
    assert caplog.text.count("events are in memory only until it does") == 1


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
                assert "Read-only" in export.stats().last_error, export.stats().last_error
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
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", directory], check=True)
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


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fails_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Events stay in memory, move to the disk in order as soon as it takes them, and are then as safe as any."""

    async def main() -> None:
        sender = Recorder(down)
        settings = {"spool_retry": 0.02, "close_timeout": 0.2}
        async with EventExporter(sender, spool=tmp_path, **settings) as export:
            results = [export.emit(numbered(number)) for number in range(100)]
            with monkeypatch.context() as patch:
                patch.setattr(segment, "_pwrite", failing(code))
                results += [export.emit(numbered(number)) for number in range(100, 200)]
                assert os.strerror(code) in (export.stats().last_error or "")
                stats = export.stats()
                assert stats.memory_bytes > 0
                assert stats.pending == 200
            await until(lambda: export.emit(numbered(200)) is Emitted.SPOOLED)
            assert export.stats().memory_bytes == 0
        assert results == [Emitted.SPOOLED] * 100 + [Emitted.QUEUED] * 100

    asyncio.run(main())
    names = left_in(tmp_path)
    assert names[:200] == [str(number) for number in range(200)]
    assert set(names[200:]) == {"200"}


def failing(code: int) -> Any:
    def fail(*_: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return fail


def test_an_exporter_that_closes_asks_a_disk_once_more_that_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with EventExporter(Recorder(down), spool=tmp_path, spool_retry=1e6, close_timeout=0.2) as export:
            with monkeypatch.context() as patch:
                patch.setattr(segment, "_pwrite", failing(errno.EIO))
                assert export.emit(numbered(0)) is Emitted.QUEUED
            assert export.emit(numbered(1)) is Emitted.QUEUED
        assert export.stats().dropped == {}

    asyncio.run(main())
    assert left_in(tmp_path) == ["0", "1"]


@pytest.mark.parametrize("how", ["always", "interval"])
def test_an_event_that_could_not_be_synced_is_there_once_and_not_called_spooled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    async def main() -> None:
        settings = {"synchronous": how, "sync_interval": 0.0, "spool_retry": 0.02, "close_timeout": 0.2}
        async with EventExporter(Recorder(down), spool=tmp_path, **settings) as export:
            assert export.emit(numbered(0)) is Emitted.SPOOLED
            with monkeypatch.context() as patch:
                patch.setattr(os, "fsync", failing(errno.EIO))
                assert export.emit(numbered(1)) is Emitted.QUEUED
                stats = export.stats()
                assert (stats.emitted, stats.pending, stats.memory_bytes) == (2, 2, 0)
            await until(lambda: export.emit(numbered(2)) is Emitted.SPOOLED)

    asyncio.run(main())
    names = left_in(tmp_path)
    assert names[:2] == ["0", "1"]
    assert set(names[2:]) == {"2"}


def test_that_the_disk_refuses_does_not_hide_what_a_power_cut_may_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of each kind of news one line a minute is logged, and these are two."""

    async def main() -> None:
        async with EventExporter(Recorder(down), spool=tmp_path, synchronous="always", close_timeout=0.2) as export:
            export.emit(numbered(0))
            monkeypatch.setattr(os, "fsync", failing(errno.EIO))
            export.emit(numbered(1))

    asyncio.run(main())
    assert "events are in memory only until it does" in caplog.text
    assert "may not survive a power cut" in caplog.text


def test_dead_letters_wait_for_a_full_disk(tmp_path: Path) -> None:
    run(
        """
        import logging, subprocess
        from chaukas_spec_lite import Event
        logging.disable(logging.CRITICAL)
        directory = sys.argv[1]
        os.mkdir(directory)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", directory], check=True)
        filler = Path(directory, "filler")
        async def main():
            sender = Recorder()
            settings = {"spool_retry": 0.01, "max_event_bytes": 5000, "strict": True}
            async with EventExporter(sender, spool=directory, **settings) as export:
                assert export.emit(numbered(0, 6000)) is Emitted.DROPPED
                filler.write_bytes(bytes((1 << 20) - 40_000))
                while len(filler.read_bytes()) < os.stat(filler).st_size: pass
                for number in range(1, 20):
                    assert export.emit(numbered(number, 6000)) is Emitted.DROPPED
                kept = [Event.parse(each.data).agent_name for each in await export.dead_letters()]
                assert 1 < len(kept) < 20, kept
                assert "No space left" in export.stats().last_error
                filler.unlink()
                assert export.emit(numbered(20, 6000)) is Emitted.DROPPED
                kept = [Event.parse(each.data).agent_name for each in await export.dead_letters()]
                assert kept == [str(number) for number in range(21)], kept
        asyncio.run(main())
        """,
        tmp_path / "full",
        prefix=("unshare", "--user", "--map-root-user", "--mount", "--"),
    )


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


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """Then the next one takes what comes: events are in memory only for a moment."""
    run(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
        async def main():
            sender = Recorder(down)
            async with EventExporter(sender, spool=sys.argv[1], spool_retry=0.0) as export:
                results = [export.emit(numbered(number, 1000)) for number in range(2000)]
                assert 1900 < results.count(Emitted.SPOOLED) < 2000, results.count(Emitted.SPOOLED)
                assert results.count(Emitted.DROPPED) == 0
                assert export.stats().memory_bytes == 0
                sender._judge = None
                assert await export.flush(HANG)
                assert sender.names() == [str(number) for number in range(2000)]
        asyncio.run(main())
        """,
        tmp_path,
    )


@pytest.mark.parametrize("event_id", ["\ud800", 5, object()])
def test_what_made_an_event_invalid_is_no_trouble_for_the_spool(tmp_path: Path, event_id: Any) -> None:
    async def main() -> None:
        async with EventExporter(Recorder(), spool=tmp_path, strict=True) as export:
            assert export.emit(numbered(1)) is Emitted.SPOOLED
            assert export.emit(Event(event_id=event_id)) is Emitted.DROPPED
            (letter,) = await export.dead_letters()
            assert letter.reason is DropReason.INVALID
            assert "Event.event_id" in letter.detail
            assert letter.event_id == Event.parse(letter.data).event_id != ""
            assert export.emit(numbered(2)) is Emitted.SPOOLED
            assert export.stats().last_error is None
            assert await export.flush()

    asyncio.run(main())


def test_dead_letters_of_events_that_cannot_be_encoded_are_bounded_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with EventExporter(Recorder(), spool=tmp_path, dead_letter_max_bytes=2000, strict=True) as export:
            for _ in range(50):
                export.emit(Event(agent_name=5))  # type: ignore[arg-type]
            first = await export.dead_letters()
            assert 3 < len(first) < 20
            export.emit(Event(agent_name=5))  # type: ignore[arg-type]
            assert await export.dead_letters() == first

    asyncio.run(main())


# What is taken away


def segments(spool: Path) -> list[Path]:
    return sorted(spool.glob("log-*/*.segment"))


def take_away(spool: Path, way: str) -> None:
    (path,) = segments(spool)
    if way == "rmtree":
        shutil.rmtree(spool)
    elif way == "unlink":
        path.unlink()
    elif way == "truncate":
        os.truncate(path, 0)
    elif way == "cut":
        os.truncate(path, path.stat().st_size // 2)
    else:
        spool.rename(spool.with_name("elsewhere"))


@pytest.mark.parametrize("noticed_by", ["emit", "the sender", "the end"])
@pytest.mark.parametrize("way", ["rmtree", "unlink", "truncate", "cut", "move"])
def test_what_is_taken_away_is_saved_or_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, way: str, noticed_by: str
) -> None:
    """Of 600 events that were SPOOLED each is sent, or found by the next process, or counted as lost."""
    monkeypatch.setattr(segment, "PATH_LOOK", 0.0)
    spool = tmp_path / "spool"

    async def main() -> int:
        sender = Recorder(down)
        settings = {"close_timeout": 0.2, "flush_interval": 0.02}
        async with EventExporter(sender, spool=spool, **settings) as export:
            assert {export.emit(numbered(number)) for number in range(600)} == {Emitted.SPOOLED}
            take_away(spool, way)
            if noticed_by == "emit":
                assert export.emit(numbered(600)) is Emitted.SPOOLED
            elif noticed_by == "the sender":
                await until(lambda: "Events go to a new" in caplog.text)
        stats = export.stats()
        assert stats.emitted + stats.recovered == stats.sent + stats.pending + sum(stats.dropped.values())
        assert {*stats.dropped} <= {"spool_lost"}
        return stats.dropped.get("spool_lost", 0)

    lost = asyncio.run(main())
    more = ["600"] if noticed_by == "emit" else []
    # What an open file still holds is saved. Of a file that was emptied that is nothing, but for what was under way.
    if way in ("truncate", "cut"):
        assert 0 < lost <= 600
        found = left_again(spool)
        rest = iter([*NUMBERS, *more])
        assert all(name in rest for name in found), "in order"
        assert len(found) == 600 - lost + len(more)
        assert found[-1:] == more or not more
        assert f"{lost} events" in caplog.text
        assert "was cut" in caplog.text
    else:
        assert lost == 0
        assert left_again(spool) == [*NUMBERS, *more]
        assert "was deleted or moved" in caplog.text


def left_again(spool: Path) -> list[str]:
    """As the next process finds it; what two logs hold, both of which this one left, counts once."""
    names: list[str] = []
    for folder in SpoolDirectory(spool).logs():
        log = Log.claim(folder)
        names += [Event.parse(record.content or b"").agent_name for record in log.peek(0, 1 << 30, 1 << 40)]
        log.close()
    return [*dict.fromkeys(names)]


def test_what_is_taken_away_while_much_waits(tmp_path: Path) -> None:
    """Many segments, of which most are open nowhere."""

    async def main() -> None:
        sender = Recorder(down)
        settings: Any = {"close_timeout": 0.2, "spool_retry": 0.02}
        async with EventExporter(sender, spool=tmp_path / "spool", **settings) as export:
            for number in range(3000):
                assert export.emit(numbered(number, 4000)) is Emitted.SPOOLED
            assert len(segments(tmp_path / "spool")) >= 3
            shutil.rmtree(tmp_path / "spool")
            assert export.emit(numbered(3000)) is Emitted.SPOOLED
            stats = export.stats()
            assert 0 < stats.dropped["spool_lost"] < 3000
            assert stats.pending + stats.dropped["spool_lost"] == 3001
            sender._judge = None
            assert not await export.flush(HANG)
            names = [int(name) for name in sender.names()]
            assert names == sorted(names)
            assert len(names) == 3001 - stats.dropped["spool_lost"]
            assert export.stats().pending == 0

    asyncio.run(main())


def test_a_folder_taken_from_a_recovery_is_noticed_too(tmp_path: Path) -> None:
    log = Log.make(tmp_path / "spool")
    for number in range(600):
        log.append([bytes(numbered(number))])
    log.close()

    async def main() -> None:
        sender = Recorder(down)
        settings: Any = {"close_timeout": 0.2, "flush_interval": 0.02}
        async with EventExporter(sender, spool=tmp_path / "spool", **settings) as export:
            await until(lambda: export.stats().recovered == 600 and export.stats().retried > 0)
            shutil.rmtree(tmp_path / "spool")
            await until(lambda: len(SpoolDirectory(tmp_path / "spool").logs()) == 1)
        assert export.stats().dropped == {}

    asyncio.run(main())
    assert left_again(tmp_path / "spool") == NUMBERS


# What is damaged


@pytest.mark.parametrize("places", [1, 3, 20])
def test_a_damaged_file_costs_what_was_hit_and_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, places: int
) -> None:
    chance = random.Random(places)
    log = Log.make(tmp_path)
    for number in range(600):
        log.append([bytes(numbered(number, 300))])
    log.close()
    (path,) = log.folder.glob("*.segment")
    data = bytearray(path.read_bytes())
    for _ in range(places):
        data[chance.randrange(16, len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)

    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path) as export:
            await until(lambda: export.stats().recovered > 0)
            await export.flush(HANG)
            stats = export.stats()
            assert stats.pending == 0
            assert 600 - places <= stats.sent == stats.recovered - sum(stats.dropped.values()) < 600
        rest = iter(NUMBERS)
        assert all(name in rest for name in sender.names()), "in order"

    asyncio.run(main())
    assert "are missing or damaged" in caplog.text
    (kept,) = tmp_path.glob("*.corrupt")
    assert kept.read_bytes() == data
    assert SpoolDirectory(tmp_path).logs() == []


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(100_000)
        file.write(os.urandom(100_000))


@pytest.mark.parametrize("whose", ["own", "left"])
def test_a_file_that_breaks_while_it_is_used(tmp_path: Path, whose: str) -> None:
    """Another process scribbles into it."""
    if whose == "left":
        log = Log.make(tmp_path)
        for number in range(400):
            log.append([bytes(numbered(number, 1000))])
        log.close()

    async def main() -> None:
        sender = Recorder(down)
        async with EventExporter(sender, spool=tmp_path, spool_retry=0.05) as export:
            if whose == "own":
                assert {export.emit(numbered(number, 1000)) for number in range(400)} == {Emitted.SPOOLED}
            await until(lambda: export.stats().retried > 0)
            scribble(*segments(tmp_path))
            sender._judge = None
            assert not await export.flush(HANG), "some of it is lost, and that is said"
            stats = export.stats()
            assert stats.pending == 0
            assert stats.sent + stats.dropped["spool_lost"] == 400
            assert 200 < stats.sent < 350
            assert export.emit(numbered(999)) is Emitted.SPOOLED
            assert await export.flush(HANG)
        names = [int(name) for name in dict.fromkeys(sender.names())]
        assert names == sorted(names)

    asyncio.run(main())
    assert len([*tmp_path.glob("*.corrupt")]) == 1, "it was kept"


def test_damage_behind_an_event_that_the_server_fails_at_does_not_end_the_attempts(tmp_path: Path) -> None:
    """The next event is to tell whether it is this one's fault, and cannot be read: then this one is tried on."""
    log = Log.make(tmp_path)
    log.append([bytes(numbered(1))])
    log.append([bytes(numbered(2))])
    (path,) = segments(tmp_path)

    async def main() -> None:
        sender = Recorder(lambda _: internal())
        quick = RetryPolicy(initial=0.001, maximum=0.002)
        times: Any = {"flush_interval": 0.05, "spool_retry": 0.01, "close_timeout": 0.1}
        async with EventExporter(sender, spool=tmp_path, retry=quick, **times) as export:
            assert [export.emit(numbered(number)) for number in (1, 2)] == [Emitted.SPOOLED] * 2
            (own,) = [each for each in segments(tmp_path) if each != path]
            damage_last_byte(own)
            await until(lambda: len(sender.attempts) > 30)

    asyncio.run(main())
    log.close()


def damage_last_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def test_the_directory_holds_no_more_than_it_may_from_all_processes_together(tmp_path: Path) -> None:
    run(
        """
        first = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
        for number in range(100):
            spooled(first, number)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        tmp_path,
        status=-9,
    )
    waiting = SpoolDirectory(tmp_path).bytes_waiting()

    async def main() -> None:
        async with EventExporter(Recorder(down), spool=tmp_path, spool_max_bytes=waiting + 2000) as export:
            results = [export.emit(numbered(number)) for number in range(100)]
            kept = results.count(Emitted.SPOOLED)
            assert 20 < kept < 50
            assert results == [Emitted.SPOOLED] * kept + [Emitted.DROPPED] * (100 - kept)
            assert export.stats().dropped == {"spool_full": 100 - kept}
            await export.aclose(0.2)

    asyncio.run(main())


# What other processes do with it


@pytest.mark.parametrize("other", ["sends all", "has it", "nobody"])
def test_a_log_whose_lock_was_deleted_has_one_owner(
    tmp_path: Path, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever has claimed it sends it; its old owner goes on with another log, and the books of both are true."""

    async def main() -> None:
        sender, second = Recorder(down), Recorder()
        async with EventExporter(sender, spool=tmp_path, scan_interval=3600.0) as export:
            for number in range(20):
                assert export.emit(numbered(number)) is Emitted.SPOOLED
            await until(lambda: len(sender.attempts) > 0 and not export._pipeline.queue._in_flight)
            (folder,) = SpoolDirectory(tmp_path).logs()
            (folder / "lock").unlink()
            # At once, as the owner would have its lock back at its next look.
            claimed = Log.claim(folder) if other != "nobody" else None
            if claimed is not None and other == "sends all":
                entries = claimed.peek(0, 100, 1 << 20)
                assert len(entries) == 20
                claimed.done(entries)
                claimed.close()
            assert export.emit(numbered(20)) is Emitted.SPOOLED
            stats = export.stats()
            taken = other != "nobody"
            assert (stats.emitted, stats.recovered, stats.pending) == (21, -20 if taken else 0, 1 if taken else 21)
            assert stats.dropped == {}
            sender._judge = None
            assert await export.flush(HANG) is not taken, "what became of those it does not know"
            assert sender.names() == ["20"] if taken else NUMBERS[:21]
            assert await export.flush(HANG)
            assert_balanced(export.stats())
            if claimed is not None and other == "has it":
                assert claimed.tally.pending == 20
                claimed.close()
                assert (await drain(tmp_path, second, HANG)).stats.sent == 20
                assert second.names() == NUMBERS[:20]

    asyncio.run(main())
    assert ("was claimed, as somebody had deleted its lock" in caplog.text) == (other != "nobody")
    assert SpoolDirectory(tmp_path).logs() == []


def assert_balanced(stats: Stats) -> None:
    assert stats.emitted + stats.recovered == stats.sent + stats.pending + sum(stats.dropped.values())


@pytest.mark.parametrize("whose", ["own", "left"])
def test_a_file_that_cannot_be_read_keeps_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, whose: str
) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 2000)
    bad = list[int]()
    real = segment._pread

    def pread(file: int, size: int, offset: int) -> bytes:
        if os.fstat(file).st_ino in bad:
            raise OSError(errno.EIO, "Input/output error")
        return real(file, size, offset)

    monkeypatch.setattr(segment, "_pread", pread)

    async def main() -> None:
        sender = Recorder(down)
        left: list[Log] = [Log.make(tmp_path) for _ in range(2)] if whose == "left" else []
        for log in left:
            for number in range(60):
                log.append([bytes(numbered(f"{log is left[1]}{number}", 50))])
            log.close()
        settings: Any = {"spool_retry": 0.01, "scan_interval": 0.05, "flush_interval": 0.01}
        if left:
            bad.append(sorted(left[0].folder.glob("*.segment"))[1].stat().st_ino)
        async with EventExporter(sender, spool=tmp_path, **settings) as export:
            if not left:
                for number in range(120):
                    assert export.emit(numbered(number, 50)) is Emitted.SPOOLED
                (folder,) = SpoolDirectory(tmp_path).logs()
                bad.append(sorted(folder.glob("*.segment"))[1].stat().st_ino)
            sender._judge = None
            assert export.emit(numbered("new")) is Emitted.SPOOLED
            await until(lambda: export.stats().pending == 0 and len(sender.received) > 90)
            assert not await export.flush(HANG), "some of it waits in the directory"
            assert 90 < len(sender.received) < 121
            assert_balanced(export.stats())
            assert export.stats().dropped == {}
            (path,) = [path for path in segments(tmp_path) if path.stat().st_ino in bad]
            assert f"left alone, as it cannot be opened: {path}: Input/output error" in caplog.text
            assert "move the folder away" in caplog.text
            bad.clear()
            await until(lambda: len(sender.received) == 121)
            assert len({*sender.names()}) == 121
            await until(lambda: export.stats().pending == 0)
            assert_balanced(export.stats())
            assert export.stats().recovered == (0 if whose == "own" else 120)

    asyncio.run(main())
    assert SpoolDirectory(tmp_path).logs() == []


# The log of the program


def test_a_log_handler_with_a_lock_of_its_own_may_emit(tmp_path: Path) -> None:
    """Nothing is logged under the queue's lock: one thread that logs and one that emits would wait for each other."""
    exporter = EventExporter(Recorder(), spool=tmp_path / "spool", spool_retry=0.0, log_interval=0.0)
    emitted = [0]

    class Emits(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # under the handler's lock
            emitted[0] += 1
            exporter.emit(numbered(emitted[0]))

    logger, handler = logging.getLogger("chaukas_spec_lite"), Emits()
    other = logging.getLogger("of the program")
    logger.addHandler(handler)
    other.addHandler(handler)
    ended = threading.Event()

    def log() -> None:
        while not ended.is_set():
            other.warning("something")

    def break_it() -> None:
        for number in range(100):
            if number % 3 == 0:
                shutil.rmtree(tmp_path / "spool", ignore_errors=True)
            exporter.emit(numbered(number))

    threads = [threading.Thread(target=log, daemon=True), threading.Thread(target=break_it, daemon=True)]
    try:
        for thread in threads:
            thread.start()
        threads[1].join(HANG)
        assert not threads[1].is_alive(), "they wait for each other"
        ended.set()
        threads[0].join(HANG)
        assert not threads[0].is_alive()
    finally:
        ended.set()
        logger.removeHandler(handler)
        other.removeHandler(handler)
    stats = exporter.stats()
    assert stats.emitted == stats.pending + sum(stats.dropped.values()) == emitted[0] + 100
    asyncio.run(closed(exporter))


async def closed(exporter: EventExporter) -> None:
    await exporter.aclose(HANG)


# Processes


def test_what_killed_processes_left_is_taken_over_by_a_living_one(tmp_path: Path) -> None:
    for number in range(3):
        run(
            """
            exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
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
    exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
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
        exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
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
        exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
        atexit.register(lambda: spooled(exporter, 1))
        blocking = BlockingExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.2)
        atexit.register(lambda: spooled(blocking, 1))
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == ["1", "1"]


def test_an_exit_without_a_spool_says_what_is_lost() -> None:
    made = "exporter = EventExporter(Recorder(down), close_timeout=0.3)"
    output = run(f"{made}\nfor n in range(3): exporter.emit(numbered(n))")
    assert output.count("Dropped as closed") == 1
    assert "3 events, the first of them" in output
    assert "never started" in output


def test_a_loop_that_ends_with_the_program_amid_sending_spools(tmp_path: Path) -> None:
    run(
        """
        async def main():
            sender = Recorder()
            sender.gate = asyncio.Event()
            exporter = EventExporter(sender, spool=sys.argv[1], batch_size=2, close_timeout=0.3)
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
        exporter = EventExporter(Recorder(down), spool=directory, close_timeout=0.3)
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
        exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
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
        exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
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
        exporter = EventExporter(Recorder(down), spool=sys.argv[1] or None, max_queue_events=500, close_timeout=0.3)
        handled, late = [0], [0]
        def handler(*_):
            handled[0] += 1
            exporter.emit(Event(event_id=f"h{handled[0]}"))
            late[0] += len(exporter._pipeline.queue._late)
        from chaukas_spec_lite import Event
        signal.signal(signal.SIGALRM, handler)
        emitted = 0
        end = time.monotonic() + HANG
        while late[0] < 20 and time.monotonic() < end:  # so often amid the lock
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1e-4))
            for _ in range(3):
                emitted += 1
                exporter.emit(Event(event_id=f"e{emitted}"))
                assert not exporter._pipeline.queue._late, "they are let in at once"
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert late[0] >= 20
        stats = exporter.stats()
        assert stats.emitted == emitted + handled[0]
        assert stats.emitted == stats.sent + stats.pending + sum(stats.dropped.values())
        assert not sys.argv[1] or stats.pending == stats.emitted
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
