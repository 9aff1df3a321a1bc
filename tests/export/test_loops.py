"""Programs that run one event loop after the other, as workers do with ``asyncio.run``, and close nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.export import Emitted, EventExporter, Stats
from chaukas_spec_lite.export.batching import Waiting
from chaukas_spec_lite.export.waker import Waker
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.segment import MAGIC, Start, Writer
from tests.export.doubles import Recorder, numbered, unavailable
from tests.export.programs import left_in, run
from tests.patience import HANG, until


class Server(Recorder):
    """Takes events only while it is up."""

    def __init__(self) -> None:
        super().__init__(lambda _: None if self.up else unavailable())
        self.up = False


def balanced(stats: Stats) -> bool:
    return stats.emitted + stats.recovered == stats.sent + stats.pending + sum(stats.dropped.values())


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


async def begin(exporter: EventExporter, *names: str) -> None:
    """Emit while the server is down, and end without closing."""
    await exporter.start()
    for name in names:
        assert exporter.emit(numbered(name)) is Emitted.SPOOLED
    assert not await exporter.flush(0.01)


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="open files can be counted on Linux and macOS only")
@pytest.mark.parametrize("up", [True, False])
def test_no_file_stays_open_behind_a_loop_that_has_ended(tmp_path: Path, up: bool) -> None:
    server = Server()
    server.up = up

    async def job(name: str) -> None:
        exporter = EventExporter(server, spool=tmp_path)
        exporter.emit(numbered(name))
        await exporter.flush(HANG if up else 0.01)

    asyncio.run(job("first"))
    before = open_files()
    for number in range(5):
        asyncio.run(job(str(number)))
    assert open_files() == before
    assert bool(list(tmp_path.glob("log-*"))) is not up
    server.up = True
    asyncio.run(job("last"))  # for the tests after this one, nothing stays


def test_a_later_exporter_of_the_process_sends_what_is_left(tmp_path: Path) -> None:
    server, names = Server(), [str(number) for number in range(5)]
    exporters = [EventExporter(server, spool=tmp_path) for _ in names]
    for exporter, name in zip(exporters, names, strict=True):
        asyncio.run(begin(exporter, name))
        assert balanced(exporter.stats())

    async def last() -> Stats:
        async with EventExporter(server, spool=tmp_path) as exporter:
            server.up = True
            assert await exporter.flush(HANG)
        return exporter.stats()

    stats = asyncio.run(last())
    assert sorted(server.names()) == names
    assert (stats.recovered, stats.sent, stats.pending) == (5, 5, 0)
    for exporter in exporters:
        assert balanced(exporter.stats())
        assert exporter.stats().pending == 0, "others have it, and count it"


def test_another_process_sends_what_is_left(tmp_path: Path) -> None:
    exporter = EventExporter(Server(), spool=tmp_path)
    asyncio.run(begin(exporter, "1", "2"))
    assert exporter.stats().pending == 2
    output = run(
        """
        sender = Recorder()
        with BlockingExporter(sender, spool=sys.argv[1]) as exporter:
            assert exporter.flush(HANG)
        print(sender.names())
        """,
        tmp_path,
    )
    assert output == "['1', '2']\n"
    assert asyncio.run(exporter.aclose()), "nothing was lost"
    stats = exporter.stats()
    assert balanced(stats)
    assert (stats.emitted, stats.pending, stats.recovered, stats.sent) == (2, 0, -2, 0)


def test_it_is_used_again_in_the_next_loop(tmp_path: Path) -> None:
    """The same exporter keeps its order, and its sums, also with what was emitted in between."""
    server = Server()
    exporter = EventExporter(server, spool=tmp_path)
    asyncio.run(begin(exporter, "1", "2"))
    asyncio.run(begin(exporter, "3"))
    assert exporter.emit(numbered("4")) is Emitted.SPOOLED, "on no loop"
    server.up = True
    asyncio.run(exporter.aclose(HANG))
    assert server.names() == ["1", "2", "3", "4"]
    stats = exporter.stats()
    assert (stats.emitted, stats.recovered, stats.sent, stats.pending) == (4, 0, 4, 0)
    assert not list(tmp_path.glob("log-*"))


def test_what_it_had_taken_over_is_sent_in_the_next_loop(tmp_path: Path) -> None:
    run("EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3).emit(numbered('left'))", tmp_path)
    server = Server()
    exporter = EventExporter(server, spool=tmp_path)

    async def take_over() -> None:
        await exporter.start()
        await until(lambda: server.attempts)

    asyncio.run(take_over())
    assert exporter.stats().recovered == 1
    server.up = True
    assert asyncio.run(exporter.aclose(HANG))
    assert server.names() == ["left"]
    assert (exporter.stats().recovered, exporter.stats().sent) == (1, 1)


def test_one_that_another_uses_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """It was never started, so its order is still its own to keep; and what is in another directory as well."""
    server = Server()
    early = EventExporter(server, spool=tmp_path / "a")
    assert early.emit(numbered("early")) is Emitted.SPOOLED
    elsewhere = EventExporter(server, spool=tmp_path / "b")
    asyncio.run(begin(elsewhere, "elsewhere"))
    other = EventExporter(server, spool=tmp_path / "a")
    asyncio.run(begin(other, "other"))
    for exporter in (early, elsewhere, other):
        assert exporter.stats().pending == 1
    server.up = True
    for exporter in (early, elsewhere, other):
        assert asyncio.run(exporter.aclose(HANG))
    assert sorted(server.names()) == ["early", "elsewhere", "other"]


def test_a_short_program_sends_at_its_end_what_its_loop_left(tmp_path: Path) -> None:
    output = run(
        """
        up = False
        class Printer:
            async def send(self, events):
                if not up:
                    raise unavailable()
                os.write(1, b"sent\\n" * len(events))
        async def main():
            exporter = EventExporter(Printer(), spool=sys.argv[1], close_timeout=HANG)
            await exporter.start()
            spooled(exporter, 1)
            await exporter.flush(0.01)
        asyncio.run(main())
        up = True
        """,
        tmp_path,
    )
    assert output.startswith("sent\n")
    assert left_in(tmp_path) == []


FORK = """
        class Printer:
            async def send(self, events):
                await asyncio.sleep({seconds})
                os.write(1, b"sent\\n" * len(events))
        async def main():
            async with EventExporter(Printer(), spool={spool}, close_timeout=HANG, batch_size=1) as exporter:
                exporter.emit(numbered("parent"))
                await asyncio.sleep(0)
                if not (child := os.fork()):
                    for number in range(3):
                        exporter.emit(numbered(number))
                    {end}
                while not os.waitpid(child, os.WNOHANG)[0]:
                    time.sleep(0.01)
        asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["sys.exit()", "return", "return await exporter.flush()", "os._exit(0)"])
@pytest.mark.parametrize("seconds", [0, 0.1])
@pytest.mark.parametrize("spool", ["sys.argv[1]", "None"])
def test_a_child_forked_within_a_coroutine(tmp_path: Path, end: str, seconds: float, spool: str) -> None:
    """It goes on with a copy of the loop, on which nothing can be awaited, and of the tasks of the exporter."""
    output = run(FORK.format(end=end, seconds=seconds, spool=spool), tmp_path)
    unseen = spool == "None" and end.startswith("os._exit")  # nothing of Python's runs at such an end
    assert output == "sent\n" * (1 if unseen else 4)
    assert left_in(tmp_path) == []


def test_a_log_that_is_used_again_may_end_with_an_empty_file(tmp_path: Path) -> None:
    """As after a write that the disk refused: the next file is put in its place, and stays as long as it is needed."""
    log = Log.make(tmp_path)
    log.append([b"first"])
    (segment,) = log.folder.glob("*.segment")
    end = segment.stat().st_size - len(MAGIC)
    Writer(log.folder, Start(end, 1), lambda: True, lambda: True).close()
    log.abandon()
    for _ in range(2):
        log = Log.claim(log.folder)
        log.append([b"more"])
        log.done(log.peek(0, 1, 100))
        log.close()
    log = Log.claim(log.folder)
    assert [each.content for each in log.peek(0, 10, 100)] == [b"more"]
    assert log.tally.lost == log.tally.lost_bytes == 0
    log.close()


def test_the_search_goes_on_behind_a_log_that_others_took_meanwhile(tmp_path: Path) -> None:
    run("EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3).emit(numbered('left'))", tmp_path)
    server = Server()
    exporter = EventExporter(server, spool=tmp_path, scan_interval=0.01)

    async def take_over() -> None:
        await exporter.start()
        await until(lambda: server.attempts)

    asyncio.run(take_over())
    log = Log.claim(next(tmp_path.glob("log-*")))
    log.done(log.peek(0, 10, 1000))
    log.close()
    assert exporter.stats().pending == 1, "it does not know yet"
    server.up = True

    async def go_on() -> None:
        await exporter.start()
        await until(lambda: not exporter.stats().pending)
        log = Log.make(tmp_path)
        log.append([bytes(Event(agent_name="later"))])
        log.close()
        await until(lambda: server.names() == ["later"])
        await exporter.aclose()

    asyncio.run(go_on())


def test_a_loop_that_ends_while_it_waits_after_a_mistake_leaves_its_events_to_others(tmp_path: Path) -> None:
    exporter = EventExporter(Server(), spool=tmp_path)
    told: list[BaseException] = []

    def mistake() -> Waiting:
        told.append(ValueError("a mistake of ours"))
        raise told[-1]

    async def main() -> None:
        exporter.emit(numbered("1"))
        exporter._pipeline.queue.waiting = mistake  # type: ignore[method-assign]  # none of ours is known
        await exporter.start()
        await until(lambda: bool(told))

    asyncio.run(main())
    assert left_in(tmp_path) == ["1"], "nobody has it"
    del exporter._pipeline.queue.waiting
    asyncio.run(exporter.aclose(0))


def test_a_thread_that_wakes_a_loop_that_has_ended_keeps_no_later_one_asleep() -> None:
    """It may have looked up the old loop right before another one is attached."""
    waker = Waker()
    attached: list[asyncio.Event] = []

    class Ended(asyncio.SelectorEventLoop):
        def call_soon_threadsafe(self, *arguments: Any, **options: Any) -> Any:
            if self.is_closed():
                attached.append(waker.attach())
            return super().call_soon_threadsafe(*arguments, **options)

    async def attach() -> None:
        waker.attach()

    async def main() -> None:
        waker.wake()
        waker.wake()
        await asyncio.wait_for(attached[0].wait(), HANG)

    old = Ended()
    old.run_until_complete(attach())
    old.close()
    asyncio.run(main())
