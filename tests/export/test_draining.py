"""What ended processes left is worked off: by flush, by drain, by programs that share it, and in flat memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import (
    BlockingChaukasClient,
    BlockingExporter,
    Emitted,
    Event,
    EventExporter,
    blocking_drain,
    drain,
)
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.segment import MAGIC
from tests.export.doubles import Recorder, invalid, is_bad, numbered, unavailable
from tests.export.programs import ROOT, left_in, run, source
from tests.patience import AGES, HANG, until
from tests.serving import running_collector


def leave(directory: Path, first: int, count: int, names: str = "{}") -> None:
    """Make the log of a process that was killed."""
    log = Log.make(directory)
    for start in range(first, first + count, 1000):
        numbers = range(start, min(start + 1000, first + count))
        log.append([encoded(names.format(number)) for number in numbers])
    log.abandon()


def encoded(name: str) -> bytes:
    return bytes(Event(event_id=name, agent_name=name))


# Flushing


@pytest.mark.parametrize("events", [20, 2_000, 50_000])
def test_a_flush_right_after_the_start_includes_what_a_killed_process_left(tmp_path: Path, events: int) -> None:
    run(
        """
        exporter = EventExporter(Recorder(down), spool=sys.argv[1])
        for number in range(int(sys.argv[2])):
            spooled(exporter, number)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        tmp_path,
        events,
        status=-9,
    )
    sender = Recorder()
    with BlockingExporter(sender, spool=tmp_path, scan_interval=AGES) as exporter:
        assert exporter.flush(HANG)
        assert sender.names() == [str(number) for number in range(events)]
        assert (exporter.stats().recovered, exporter.stats().pending) == (events, 0)
    assert [*tmp_path.iterdir()] == []


def test_a_flush_includes_all_logs_and_those_that_come_while_it_runs(tmp_path: Path) -> None:
    for number in range(5):
        leave(tmp_path, 100 * number, 100)

    class Slow(Recorder):
        async def send(self, encoded_events: Any, /) -> None:
            if not self.batches:
                leave(tmp_path, 500, 100)
            await super().send(encoded_events)

    sender = Slow()
    with BlockingExporter(sender, spool=tmp_path, scan_interval=AGES) as exporter:
        exporter.emit(numbered("own"))
        assert exporter.flush(HANG)
        names = sender.names()
        names.remove("own")
        assert names == [str(number) for number in range(600)]


@pytest.mark.parametrize("why", ["down", "time", "dropped", "newer"])
def test_a_flush_that_does_not_deliver_what_was_left_says_so(tmp_path: Path, why: str) -> None:
    leave(tmp_path, 0, 2000, "bad {}" if why == "dropped" else "{}")
    segment = tmp_path
    if why == "newer":
        later = Log.make(tmp_path)
        later.append([b"x"])
        later.abandon()
        (segment,) = later.folder.glob("*.segment")
        segment.write_bytes(MAGIC.replace(b"1", b"2") + b"whatever")

    class Slow(Recorder):
        async def send(self, encoded_events: Any, /) -> None:
            if self.batches:
                await asyncio.sleep(AGES)
            await super().send(encoded_events)

    sender = {
        "down": Recorder(lambda _: unavailable()),
        "time": Slow(),
        "dropped": Recorder(lambda batch: invalid() if any(map(is_bad, batch)) else None),
        "newer": Recorder(),
    }[why]
    with BlockingExporter(sender, spool=tmp_path, close_timeout=0.2, max_batch_events=50, batch_size=50) as exporter:
        assert not exporter.flush(HANG if why in ("dropped", "newer") else 0.3)
        stats = exporter.stats()
        assert stats.emitted + stats.recovered == stats.sent + stats.pending + sum(stats.dropped.values())
        assert stats.dropped == ({"invalid": 2000} if why == "dropped" else {})
    if why == "down":
        assert left_in(tmp_path) == [str(number) for number in range(2000)]
    elif why == "time":
        sent = len(sender.received)
        assert sent >= 50
        assert left_in(tmp_path) == [str(number) for number in range(sent, 2000)], "it goes on where it stopped"
    elif why == "newer":
        assert sender.names() == [str(number) for number in range(2000)], "and the rest is sent"
        assert segment.read_bytes().endswith(b"whatever"), "it is left to whoever understands it"


# Programs that end soon, or are killed


SHARING = """
    import glob
    from chaukas_spec_lite import Event
    directory, name, others, killed_after = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    class Writer:
        batches = 0
        async def send(self, events):
            # Nobody sends before everybody has something to send.
            Path(directory, "started." + name).touch()
            await until(lambda: len(glob.glob(str(directory / "started.*"))) >= others)
            with open(directory / f"sent.{name}", "a") as file:
                file.writelines(Event.parse(event).agent_name + "\\n" for event in events)
            self.batches += 1
            if self.batches == killed_after:
                os.kill(os.getpid(), signal.SIGKILL)
    settings = {"scan_interval": AGES, "batch_size": 20, "max_batch_events": 20}
    with BlockingExporter(Writer(), spool=directory / "spool", **settings) as exporter:
        exporter.emit(numbered("own"))
        assert exporter.flush(HANG)
"""


def share(directory: Path, names: list[str], killed_after: int = 0) -> None:
    """Let programs work off what is in a spool, all at once; each has begun before any of them sends."""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", source(SHARING), str(directory), name, str(len(names)), str(killed_after)], cwd=ROOT
        )
        for name in names
    ]
    for program in programs:
        assert program.wait(2 * HANG) == (-9 if killed_after else 0)


def test_programs_that_run_at_once_share_the_work(tmp_path: Path) -> None:
    for number in range(6):
        leave(tmp_path / "spool", 100 * number, 100)
    share(tmp_path, ["a", "b", "c"])
    sent = {name: (tmp_path / f"sent.{name}").read_text().split() for name in "abc"}
    found = [name for names in sent.values() for name in names]
    assert found.count("own") == 3
    assert sorted(int(name) for name in found if name != "own") == [*range(600)]
    assert min(map(len, sent.values())) >= 20, "each had a part of it"
    for names in sent.values():
        for log in range(6):
            mine = [int(name) for name in names if name != "own" and int(name) // 100 == log]
            assert mine in ([], [*range(100 * log, 100 * log + 100)]), "a log is sent by one of them, in order"
    assert left_in(tmp_path / "spool") == []


def test_programs_that_are_killed_amid_the_work_lose_none_of_it(tmp_path: Path) -> None:
    """Each goes on where the one before stopped: only the batch that was under way is sent again."""
    leave(tmp_path / "spool", 0, 200)
    for name in "abcde":
        share(tmp_path, [name], killed_after=3)
    share(tmp_path, ["last"])
    sent = [(tmp_path / f"sent.{name}").read_text().split() for name in ("a", "b", "c", "d", "e", "last")]
    found = Counter(name for names in sent for name in names if name != "own")
    assert set(found) == {str(number) for number in range(200)}
    assert sum(found.values()) <= 200 + 5 * 20, "a batch for each that was killed"
    assert left_in(tmp_path / "spool") == []


def test_short_programs_work_off_a_backlog_one_after_the_other(tmp_path: Path) -> None:
    """Each gives it ``close_timeout``, whether or not it closes the exporter; the last one finds nothing more."""
    leave(tmp_path, 0, 100)
    output = [
        run(
            """
            from chaukas_spec_lite import Event
            class Slow:
                sent = 0
                async def send(self, events):
                    if self.sent:  # a batch, and no more
                        await asyncio.sleep(AGES)
                    self.sent += len(events)
                    os.write(1, "".join(Event.parse(event).agent_name + "\\n" for event in events).encode())
            settings = {"close_timeout": 0.5, "batch_size": 25, "max_batch_events": 25}
            exporter = BlockingExporter(Slow(), spool=sys.argv[1], **settings)
            if sys.argv[2] == "close":
                exporter.close()
            """,
            tmp_path,
            how,
        )
        for how in ("close", "exit", "close", "exit")
    ]
    assert [line for lines in output for line in lines.split("\n") if line.isdigit()] == list(map(str, range(100)))
    assert left_in(tmp_path) == []


# Draining


def test_drain_sends_what_was_left_and_says_so(tmp_path: Path) -> None:
    for number in range(3):
        leave(tmp_path, 10 * number, 10)
    sender = Recorder()
    drained = asyncio.run(drain(tmp_path, sender, scan_interval=AGES))
    assert sender.names() == [str(number) for number in range(30)]
    assert (drained.all_sent, drained.waiting_bytes) == (True, 0)
    assert (drained.stats.recovered, drained.stats.sent, drained.stats.emitted) == (30, 30, 0)
    assert [*tmp_path.iterdir()] == []
    assert asyncio.run(drain(tmp_path, sender)).all_sent, "nothing was left"


def test_drain_says_what_it_could_not_send(tmp_path: Path) -> None:
    leave(tmp_path, 0, 10)
    before = time.monotonic()
    drained = asyncio.run(drain(tmp_path, Recorder(lambda _: unavailable()), 0.1))
    assert time.monotonic() - before < HANG
    assert not drained.all_sent
    assert drained.waiting_bytes > sum(len(encoded(str(number))) for number in range(10))
    assert (drained.stats.recovered, drained.stats.sent, drained.stats.pending) == (10, 0, 10)
    assert drained.stats.last_error == "RpcError: UNAVAILABLE: down for a while"
    assert left_in(tmp_path) == [str(number) for number in range(10)]
    (tmp_path / "refused").mkdir()
    leave(tmp_path / "refused", 0, 3, "bad {}")
    drained = asyncio.run(drain(tmp_path / "refused", Recorder(lambda _: invalid())))
    assert (drained.all_sent, drained.waiting_bytes, drained.stats.dropped) == (False, 0, {"invalid": 3})


def test_drain_leaves_to_living_processes_what_they_have(tmp_path: Path) -> None:
    living = EventExporter(Recorder(), spool=tmp_path)
    assert living.emit(numbered("living")) is Emitted.SPOOLED
    leave(tmp_path, 0, 1)
    sender = Recorder()
    drained = asyncio.run(drain(tmp_path, sender))
    assert sender.names() == ["0"]
    assert drained.all_sent
    assert drained.waiting_bytes > 0
    asyncio.run(living.aclose())
    assert asyncio.run(drain(tmp_path, sender)).waiting_bytes == 0


def test_an_idle_process_counts_for_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with EventExporter(Recorder(), spool=tmp_path) as living:
            living.emit(numbered("living"))
            assert await living.flush(HANG)
            assert SpoolDirectory(tmp_path).logs() != []
            assert (await drain(tmp_path, Recorder())).waiting_bytes == 0

    asyncio.run(main())


def test_drain_says_what_is_wrong_with_its_arguments(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"spool: there is no directory '.*/mispelt'"):
        asyncio.run(drain(tmp_path / "mispelt", Recorder()))
    assert not (tmp_path / "mispelt").exists()
    with pytest.raises(SettingError, match="spool: is the directory, which drain takes as its first argument"):
        asyncio.run(drain(tmp_path, Recorder(), spool=tmp_path))
    with pytest.raises(SettingError, match="timeout"):
        asyncio.run(drain(tmp_path, Recorder(), float("nan")))
    sender: Any = "localhost:50051"
    with pytest.raises(TypeError, match=r"write ChaukasClient\(...\)"):
        asyncio.run(drain(tmp_path, sender))
    with pytest.raises(TypeError, match=r"write BlockingChaukasClient\(...\)"):
        blocking_drain(tmp_path, sender)
    with pytest.raises(TypeError, match="there is no setting 'batchsize'; did you mean 'batch_size'"):
        asyncio.run(drain(tmp_path, Recorder(), batchsize=3))  # type: ignore[call-arg]  # that is the mistake


@pytest.mark.parametrize("shared", [True, False])
def test_blocking_drain(tmp_path: Path, shared: bool) -> None:
    leave(tmp_path, 0, 50)
    if not shared:
        sender = Recorder()
        assert blocking_drain(tmp_path, sender, HANG).all_sent
        assert sender.names() == [str(number) for number in range(50)]
        return
    with running_collector() as collector, BlockingChaukasClient(f"127.0.0.1:{collector.port}") as client:
        assert blocking_drain(tmp_path, client, HANG).all_sent
        assert {event.agent_name for event in collector.events()} == {str(number) for number in range(50)}
        client.healthz()  # its loop goes on


def test_a_drain_that_is_cancelled_leaves_the_rest(tmp_path: Path) -> None:
    leave(tmp_path, 0, 10)

    async def main() -> None:
        sender = Recorder()
        sender.gate = asyncio.Event()
        draining = asyncio.create_task(drain(tmp_path, sender))
        await until(lambda: bool(sender.attempts))
        draining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await draining

    asyncio.run(main())
    assert left_in(tmp_path) == [str(number) for number in range(10)]


# A large backlog

BACKLOG = """
    import resource
    from chaukas_spec_lite import drain
    from chaukas_spec_lite.spool.log import Log
    directory, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    class Counting:
        events = 0
        async def send(self, events):
            self.events += len(events)
            await asyncio.sleep(0)
    def work_off(megabytes, directory):
        pid = os.fork()
        if not pid:
            log = Log.make(directory)
            thousand = [bytes(numbered(number, 1000)) for number in range(1000)]
            for _ in range(megabytes):
                log.append(thousand)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        counting = Counting()
        drained = asyncio.run(drain(directory, counting, AGES))
        assert drained.all_sent and counting.events == megabytes * 1000, drained
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 << 10)
    first = work_off(4, directory / "small")
    print(work_off(megabytes, directory / "large") - first)
"""


def growth(directory: Path, megabytes: int) -> int:
    """How many MiB more a process needs at its peak for a backlog of so many megabytes than for one of 4."""
    return int(run(BACKLOG, directory, megabytes))


def test_a_backlog_of_64_megabytes_is_worked_off_in_flat_memory(tmp_path: Path) -> None:
    assert growth(tmp_path, 64) <= 3


@pytest.mark.thorough
def test_a_backlog_of_1_gigabyte_is_worked_off_in_flat_memory(tmp_path: Path) -> None:
    assert growth(tmp_path, 1024) <= 4
