"""Programs that end without closing what they exported with, in the several ways that there are."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from chaukas_spec_lite import process
from chaukas_spec_lite.export import Emitted, EventExporter
from tests.export.doubles import Recorder, numbered
from tests.export.programs import left_in, run

PRINTER = """
        class Printer:
            async def send(self, events):
                os.write(1, b"sent\\n" * len(events))
"""


def test_what_a_local_variable_exported_is_sent() -> None:
    output = run(
        PRINTER
        + """
        def main():
            exporter = BlockingExporter(Printer())
            for number in range(3):
                exporter.emit(numbered(number))
        main()
        """
    )
    assert output == "sent\n" * 3, "and nothing complains of the tasks"


def test_what_a_local_variable_spooled_is_there(tmp_path: Path) -> None:
    run(
        """
        import gc
        def main():
            exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
            for number in range(3000):
                spooled(exporter, number)
        main()
        gc.collect()
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == [str(number) for number in range(3000)]


def test_what_was_not_sent_stays_on_disk_and_is_told(tmp_path: Path) -> None:
    """At the end of a program that closes nothing, whose server is down."""
    output = run(
        """
        exporter = BlockingExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
        for number in range(10):
            spooled(exporter, number)
        """,
        tmp_path,
    )
    assert f"10 in the spool {tmp_path}" in output
    assert "Dropped" not in output
    assert left_in(tmp_path) == [str(number) for number in range(10)]


def test_what_the_disk_did_not_take_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    output = run(
        """
        exporter = BlockingExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
        for number in range(10):
            assert exporter.emit(numbered(number)) is Emitted.QUEUED
        """,
        tmp_path / "file" / "spool",
    )
    assert "Dropped as closed: 10 events" in output
    assert "10 dropped (closed: 10)" in output
    assert "a spool would have kept it" not in output, "it has one"


def test_the_disk_is_asked_once_more_at_the_end(tmp_path: Path) -> None:
    """It refused a moment ago, and is not asked again with each event."""
    output = run(
        """
        directory = Path(sys.argv[1])
        directory.parent.write_text("in the way")
        exporter = BlockingExporter(Recorder(down), spool=directory, close_timeout=0.3, spool_retry=AGES)
        for number in range(10):
            assert exporter.emit(numbered(number)) is Emitted.QUEUED
        directory.parent.unlink()
        """,
        tmp_path / "way" / "spool",
    )
    assert "Dropped" not in output
    assert left_in(tmp_path / "way" / "spool") == [str(number) for number in range(10)]


def test_what_is_emitted_at_the_very_end_is_spooled(tmp_path: Path) -> None:
    """By a function registered with ``atexit`` before the exporter was made, which so runs after the exporter's end."""
    run(
        """
        import atexit
        atexit.register(lambda: spooled(exporter, "late"))
        exporter = BlockingExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
        spooled(exporter, "early")
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == ["early", "late"]


def test_what_ended_processes_left_is_left_again_at_the_end(tmp_path: Path) -> None:
    """The end amid their recovery neither loses nor repeats anything."""
    run("EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3).emit(numbered('left'))", tmp_path)
    output = run(
        """
        sender = Recorder(down)
        exporter = BlockingExporter(sender, spool=sys.argv[1], close_timeout=0.3, scan_interval=AGES)
        wait_until(lambda: sender.attempts)
        spooled(exporter, "own")
        """,
        tmp_path,
    )
    assert f"2 in the spool {tmp_path}" in output
    assert left_in(tmp_path) == ["left", "own"]


def test_a_client_that_only_the_exporter_has_lives_as_long_as_something_waits(tmp_path: Path) -> None:
    output = run(
        """
        import gc
        from chaukas_spec_lite import BlockingChaukasClient
        from tests.serving import running_collector
        with running_collector() as collector:
            def main():
                client = BlockingChaukasClient(f"127.0.0.1:{collector.port}")
                exporter = BlockingExporter(client, batch_size=100, flush_interval=0.3)
                for number in range(3):
                    exporter.emit(numbered(number))
            main()
            gc.collect()
            wait_until(lambda: len(collector.events()) == 3)
        """
    )
    assert not output


def test_an_exporter_without_work_is_not_kept() -> None:
    """Neither closed ones, nor, from the next one on, those that sent all and whose loop has ended."""

    async def begin(closed: bool) -> weakref.ref[EventExporter]:
        export = EventExporter(Recorder(), batch_size=1)
        await export.start()
        assert export.emit(numbered(1)) is Emitted.QUEUED
        assert await export.flush()
        if closed:
            await export.aclose()
        return weakref.ref(export)

    closed = asyncio.run(begin(closed=True))
    gc.collect()
    assert closed() is None
    idle = asyncio.run(begin(closed=False))
    gc.collect()
    assert idle() is not None, "nobody has looked"
    asyncio.run(begin(closed=True))
    gc.collect()
    assert idle() is None


def test_an_exporter_that_gets_work_while_it_is_looked_at_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    export = EventExporter(Recorder())
    process.keep(export)
    answers = [False, True]
    monkeypatch.setattr(export, "has_work", lambda: answers.pop(0))
    other = EventExporter(Recorder())
    process.keep(other)
    assert process.is_kept(export)
    process.let_go(export)
    process.let_go(other)


def test_closing_that_was_interrupted_does_not_lose_what_waits(tmp_path: Path) -> None:
    run(
        """
        async def main():
            exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
            await exporter.start()
            for number in range(3000):
                spooled(exporter, number)
            closing = asyncio.create_task(exporter.aclose())
            await asyncio.sleep(0)
            closing.cancel()
        asyncio.run(main())
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == [str(number) for number in range(3000)]


WORKER = """
        import multiprocessing
        settings = {"spool": sys.argv[1], "close_timeout": 0.3}
        early = BlockingExporter(Recorder(down), **settings)
        def child(own):
            exporter = BlockingExporter(Recorder(down), **settings) if own else early
            for number in range(3000):
                exporter.emit(numbered(number))
        process = multiprocessing.get_context("fork").Process(target=child, args=(sys.argv[2] == "own",))
        process.start()
        process.join()
        assert process.exitcode == 0
"""


@pytest.mark.parametrize("whose", ["own", "inherited"])
def test_a_worker_of_multiprocessing_spools_at_its_end(tmp_path: Path, whose: str) -> None:
    """They end by ``os._exit``, which knows nothing of ``atexit``."""
    run(WORKER, tmp_path, whose)
    assert left_in(tmp_path) == [str(number) for number in range(3000)]


def test_a_worker_of_multiprocessing_sends_at_its_end() -> None:
    output = run(
        PRINTER
        + """
        import multiprocessing
        def child():
            exporter = BlockingExporter(Printer())
            for number in range(3):
                exporter.emit(numbered(number))
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join()
        assert process.exitcode == 0
        """
    )
    assert output == "sent\n" * 3


def test_an_interruption_of_the_last_wait_does_not_keep_the_end_from_its_work(tmp_path: Path) -> None:
    """Ctrl-C, as somebody presses it who does not want to wait for a server: what is lost is still said."""
    output = run(
        PRINTER
        + """
        class Slow:
            async def send(self, events):
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(AGES)
        first = BlockingExporter(Slow(), flush_interval=AGES, close_timeout=AGES)
        second = BlockingExporter(Printer(), flush_interval=AGES, close_timeout=HANG)
        for exporter in (first, second):
            exporter.emit(numbered(1))
        """
    )
    assert "Dropped as closed: an event" in output
    assert "before it could be sent; a spool would have kept it: spool=..., or CHAUKAS_SPOOL" in output
    assert "sent\n" in output
    assert "KeyboardInterrupt" not in output, "nobody wants a traceback of the end"
