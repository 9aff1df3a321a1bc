"""What people are told while events do not arrive: at once, not too often, and at the end."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chaukas_spec_lite import ChaukasClient, Event
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.export import Dropped, DropReason, Emitted, EventExporter
from chaukas_spec_lite.export.dead_letters import DeadLetters
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.spool.directory import SpoolDirectory
from tests.export.doubles import FakeClock, Recorder, internal, invalid, is_bad, numbered, settle, unavailable
from tests.patience import HANG, run, until
from tests.sockets import free_port

ROOT = Path(__file__).parent.parent.parent


def lines(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if words in record.getMessage()]


@pytest.mark.parametrize("spooled", [True, False])
def test_a_server_that_is_down_is_told_at_the_first_attempt_and_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spooled: bool
) -> None:
    async def main() -> None:
        port = free_port()
        quick = RetryPolicy(initial=0.01, maximum=0.01)
        async with (
            ChaukasClient(f"127.0.0.1:{port}", tenant_id="t", project_id="p") as client,
            EventExporter(
                client, spool=tmp_path / "spool" if spooled else None, flush_interval=0.0, retry=quick
            ) as exporter,
        ):
            exporter.emit(numbered(1))
            # No clock: the very first attempt that fails is told, and stays the only one that is.
            await until(lambda: exporter.stats().retried >= 1)
            (line,) = lines(caplog, "not sent")
            assert f"127.0.0.1:{port}" in line
            assert "refused: is a collector running there?" in line
            assert "refused" in (exporter.stats().last_error or "")
            await until(lambda: exporter.stats().retried >= 10)
            assert len(lines(caplog, "not sent")) == 1
            async with Collector(tmp_path / "events.db", port=port):
                assert await exporter.flush(HANG)
                (back,) = lines(caplog, "takes events again")
                assert "attempts failed" in back

    run(main())
    assert all(record.levelno == logging.WARNING for record in caplog.records if "chaukas" in record.name)


def test_an_outage_is_told_once_a_minute_and_each_end_of_one_that_was(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        clock, sender = FakeClock(), Recorder()
        never = RetryPolicy(initial=1.0, maximum=1.0)
        async with EventExporter(sender, clock=clock, retry=never, flush_interval=0.0) as exporter:  # type: ignore[arg-type]
            for _ in range(3):
                sender._judge = lambda _: unavailable()
                exporter.emit(numbered(1))
                await settle()
                sender._judge = None
                await clock.advance(2.0)
            assert exporter.stats().sent == 3
            assert len(lines(caplog, "not sent")) == len(lines(caplog, "takes events again")) == 1
            await clock.advance(60.0)
            sender._judge = lambda _: unavailable()
            exporter.emit(numbered(1))
            await settle()
            (_, line) = lines(caplog, "not sent")
            assert "and 2 more like it since the last line" in line
            sender._judge = None
            await clock.advance(2.0)

    run(main())


def test_the_first_mistake_at_each_path_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    exporter = EventExporter(Recorder(), strict=True)
    for _ in range(3):
        exporter.emit(Event(agent_name=5))  # type: ignore[arg-type]
        exporter.emit(Event(session_id=5))  # type: ignore[arg-type]
    told = lines(caplog, "Dropped as invalid")
    assert len(told) == 2
    assert "Event.agent_name" in told[0]
    assert "Event.session_id" in told[1]
    asyncio.run(exporter.aclose())


def test_each_failure_is_given_to_on_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        seen: list[BaseException] = []
        sender = Recorder()
        sender.answers = [unavailable(), internal(), unavailable()]

        def on_error(error: BaseException) -> None:
            seen.append(error)
            exporter.emit(numbered(99))
            raise ValueError("my mistake")

        exporter = EventExporter(sender, on_error=on_error, retry=RetryPolicy(initial=0.001, maximum=0.001))
        expected = list(sender.answers)
        async with exporter:
            exporter.emit(numbered(1))
            assert await exporter.flush(HANG)
        assert seen == expected
        assert "my mistake" in caplog.text
        # A spool that fails is told as well, and from within it no second failure.
        (tmp_path / "spool").write_text("in the way")
        exporter = EventExporter(sender, on_error=on_error, spool=tmp_path / "spool", spool_retry=0.0)
        assert exporter.emit(numbered(1)) is Emitted.QUEUED
        assert len(seen) == 4
        await exporter.aclose()

    run(main())


def test_a_callback_that_is_none_is_refused_by_name() -> None:
    for name in ("on_drop", "on_error"):
        with pytest.raises(TypeError, match=f"{name}: has to be a function of"):
            EventExporter(Recorder(), **{name: 5})  # type: ignore[arg-type]


def test_an_event_in_memory_only_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "spool").write_text("in the way")
    exporter = EventExporter(Recorder(), spool=tmp_path / "spool")
    assert exporter.emit(numbered(1)) is Emitted.QUEUED
    (line,) = lines(caplog, "in memory only")
    assert str(tmp_path / "spool") in line
    asyncio.run(exporter.aclose())


def test_closing_says_what_stays_and_what_was_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        def judge(batch: Any) -> Exception:
            return invalid() if any(map(is_bad, batch)) else unavailable()

        settings: dict[str, Any] = {"close_timeout": 0.3, "retry": RetryPolicy(initial=0.001, maximum=0.001)}
        exporter = EventExporter(Recorder(judge), spool=tmp_path, batch_size=1, **settings)
        async with exporter:
            exporter.emit(Event(agent_name="bad"))
            await until(lambda: bool(exporter.stats().dropped))
            for number in range(3):
                exporter.emit(numbered(number))
        (line,) = lines(caplog, "Not sent when the exporter ended")
        assert f"3 in the spool {tmp_path}" in line
        assert "1 dropped (invalid: 1)" in line

    run(main())


_SHORT = """
import sys
from chaukas_spec_lite import Event
from chaukas_spec_lite.blocking import BlockingChaukasClient, BlockingExporter
client = BlockingChaukasClient(sys.argv[1], tenant_id="t", project_id="p")
exporter = BlockingExporter(client, spool=sys.argv[2] or None, close_timeout=0.5)
for number in range(3):
    exporter.emit(Event(agent_name=str(number)))
"""


def test_a_short_program_does_not_end_in_silence(tmp_path: Path) -> None:
    """Without any set-up of logging: warnings go to stderr (Python's last resort)."""
    address = f"127.0.0.1:{free_port()}"
    spool = tmp_path / "spool"
    for directory, words in ((str(spool), f"3 in the spool {spool}"), ("", "3 dropped (closed: 3)")):
        command = [sys.executable, "-c", _SHORT, address, directory]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG, cwd=ROOT)
        assert ended.returncode == 0, ended.stderr
        assert "refused: is a collector running there?" in ended.stderr
        assert words in ended.stderr.splitlines()[-1]
        assert "Traceback" not in ended.stderr


class _Using(logging.Handler):
    """Uses the exporter from another thread while a line is being handled."""

    def __init__(self, use: Callable[[], object]) -> None:
        super().__init__()
        self.lock = None  # its own lock is the user's affair
        self.use, self.within, self.lines, self.waited = use, False, 0, False

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1
        if not (self.within or self.waited):
            self.within = True
            user = threading.Thread(target=self.use, daemon=True)
            user.start()
            user.join(HANG)
            self.waited = self.waited or user.is_alive()
            self.within = False


@pytest.mark.parametrize("spool", [True, False])
def test_no_lock_is_held_while_a_handler_of_the_log_or_a_callback_runs(tmp_path: Path, spool: bool) -> None:
    async def main() -> None:
        path = tmp_path / "spool"

        def use() -> None:
            exporter.emit(numbered("x"))
            exporter.stats()
            exporter.has_work()

        handler = _Using(use)
        logger = logging.getLogger("chaukas_spec_lite.export")
        logger.addHandler(handler)
        try:
            limits: dict[str, Any] = {"max_queue_events": 2, "spool_max_bytes": 2000, "max_event_bytes": 1000}
            exporter = EventExporter(
                Recorder(lambda _: internal()),
                spool=path if spool else None,
                log_interval=0.0,
                on_drop=lambda _: logger.warning("dropped"),
                on_error=lambda _: logger.warning("failed"),
                retry=RetryPolicy(initial=0.001, maximum=0.001),
                **limits,
            )
            await exporter.start()
            for number in range(10):
                exporter.emit(numbered(number, 500))
                exporter.emit(Event(metadata={"odd": object()}))
            if spool:
                shutil.rmtree(path)
                path.write_text("in the way")
            for number in range(4):
                exporter.emit(numbered(number))
            await exporter.aclose(0.3)
        finally:
            logger.removeHandler(handler)
        assert handler.lines > 10
        assert not handler.waited

    run(main())


def test_a_server_that_is_silent_is_named_at_the_end(tmp_path: Path) -> None:
    """It accepts connections, and says nothing; the program does not wait for the timeout of an attempt."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        for directory in (str(tmp_path), ""):
            command = [sys.executable, "-c", _SHORT, address, directory]
            ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG, cwd=ROOT)
            assert ended.returncode == 0, ended.stderr
            last = ended.stderr.splitlines()[-1]
            assert re.search(rf"no answer came within [0-9.]+ s from {address}$", last), last


def test_a_silent_server_is_the_last_error(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder()
        sender.gate = asyncio.Event()
        exporter = EventExporter(sender, spool=tmp_path, batch_size=1)
        async with exporter:
            exporter.emit(numbered(1))
            await until(lambda: sender.attempts)
            await exporter.aclose(0.01)
        assert "no answer came within" in (exporter.stats().last_error or "")
        assert "Recorder" in (exporter.stats().last_error or "")

    run(main())


def test_the_backlog_of_the_whole_directory_is_told_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        other = EventExporter(Recorder(), spool=tmp_path)
        mine = EventExporter(Recorder(lambda _: unavailable()), spool=tmp_path, close_timeout=0.1)
        await mine.start()
        mine.emit(numbered(1))
        await mine.aclose()
        (line,) = lines(caplog, "Not sent when the exporter ended")
        assert "bytes wait in all" not in line
        caplog.clear()
        for number in range(100):
            other.emit(numbered(number, 1000))
        mine = EventExporter(Recorder(lambda _: unavailable()), spool=tmp_path, close_timeout=0.1)
        await mine.start()
        mine.emit(numbered(1))
        await mine.aclose()
        (line,) = lines(caplog, "Not sent when the exporter ended")
        found = re.search(r"2 in the spool .*, where ([0-9]+) bytes wait in all, for the next exporter", line)
        assert found, line
        assert int(found[1]) == SpoolDirectory(tmp_path).bytes_waiting() > 100_000
        assert await other.aclose(HANG)

    run(main())


def test_a_dead_letter_that_is_refused_again_counts_once_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        sender = Recorder(lambda batch: invalid() if any(map(is_bad, batch)) else None)
        async with EventExporter(sender, spool=tmp_path) as exporter:
            for number in range(3):
                exporter.emit(Event(event_id=str(number), agent_name="bad"))
            assert not await exporter.flush(HANG)
            for _ in range(2):
                assert await exporter.resend_dead_letters() == 3
                assert not await exporter.flush(HANG)
            assert exporter.stats().dropped == {"invalid": 9}
        (line,) = lines(caplog, "Not sent when the exporter ended")
        assert "3 dropped (invalid: 3)" in line
        caplog.clear()
        async with EventExporter(sender, spool=tmp_path) as exporter:
            assert await exporter.resend_dead_letters() == 3
            assert not await exporter.flush(HANG)
            (line,) = lines(caplog, "Dropped as invalid")
            sender._judge = None
            assert await exporter.resend_dead_letters() == 3
            assert await exporter.flush(HANG)
        assert not lines(caplog, "Not sent when the exporter ended"), "all of them were sent in the end"

    run(main())


@pytest.mark.parametrize(
    ("settings", "reason", "words"),
    [
        ({"max_queue_events": 2}, "overflow", "memory holds max_queue_events=2 events: raise it"),
        ({"max_queue_events": 2, "overflow": "drop_newest"}, "overflow", "memory holds max_queue_events=2 events"),
        (
            {"max_queue_bytes": 300, "max_event_bytes": 300},
            "overflow",
            r"memory holds [0-9]+ bytes, and with [0-9]+ more it exceeds max_queue_bytes=300: raise it",
        ),
        ({"spool": True, "spool_max_bytes": 300}, "spool_full", "holds spool_max_bytes=300 bytes: raise it"),
    ],
)
def test_a_limit_is_named_with_its_value(tmp_path: Path, settings: dict[str, Any], reason: str, words: str) -> None:
    dropped: list[Dropped] = []
    if settings.get("spool"):
        settings = {**settings, "spool": tmp_path}
    exporter = EventExporter(Recorder(), on_drop=dropped.append, **settings)
    for number in range(4):
        exporter.emit(numbered(number, 80))
    assert dropped
    for each in dropped:
        assert each.reason == reason
        assert re.search(words, each.detail), each.detail
    asyncio.run(exporter.aclose())


_NEVER_STARTED = """
import sys
from chaukas_spec_lite import Event, EventExporter, ChaukasClient
exporter = EventExporter(ChaukasClient("127.0.0.1:1"), close_timeout=0.3)
exporter.emit(Event(agent_name="1"))
"""


def test_an_exporter_that_was_never_started_says_so() -> None:
    command = [sys.executable, "-c", _NEVER_STARTED]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
    assert "never started" in ended.stderr
    assert "the interpreter ended" not in ended.stderr


# Dead letters that are sent again


def test_dead_letters_are_sent_again_once_the_server_is_mended(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder(lambda batch: invalid() if any(map(is_bad, batch)) else None)
        async with EventExporter(sender, spool=tmp_path, strict=True) as exporter:
            for number in range(6):
                exporter.emit(Event(event_id=f"e{number}", agent_name="bad" if number % 2 else "good"))
            exporter.emit(Event(agent_name=5))  # type: ignore[arg-type]
            assert not await exporter.flush(HANG)
            assert len(await exporter.dead_letters()) == 4
            assert await exporter.resend_dead_letters() == 3
            assert not await exporter.flush(HANG), "refused again"
            assert len(await exporter.dead_letters()) == 4
            sender._judge = None
        async with EventExporter(sender, spool=tmp_path, strict=True) as exporter:
            assert await exporter.resend_dead_letters() == 3
            assert await exporter.flush(HANG)
            (letter,) = await exporter.dead_letters()
            assert letter.path == "Event.agent_name"
            assert await exporter.resend_dead_letters() == 0
        ids = [Event.parse(data).event_id for data in sender.received]
        assert sorted(ids) == [f"e{number}" for number in range(6)]

    run(main())


def test_the_letter_of_an_event_that_cannot_be_encoded_holds_it_and_only_a_lenient_exporter_sends_it(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        dropped: list[Dropped] = []
        sender = Recorder()
        odd: Any = {"order": UUID(int=7), "loop": 2**60}
        async with EventExporter(sender, spool=tmp_path, strict=True, on_drop=dropped.append) as exporter:
            exporter.emit(Event(event_id="odd", agent_name="a", metadata=odd))
            (letter,) = await exporter.dead_letters()
            assert (letter.reason, letter.event_id, letter.path) == (
                DropReason.INVALID,
                "odd",
                "Event.metadata['order']",
            )
            assert letter.converted
            assert (dropped[0].data, dropped[0].converted) == (letter.data, True)
            event = Event.parse(letter.data)
            assert (event.event_id, event.agent_name) == ("odd", "a")
            assert event.metadata == {"order": str(UUID(int=7)), "loop": str(2**60)}
            assert await exporter.resend_dead_letters() == 0, "a strict exporter sends nothing that was converted"
            assert await exporter.dead_letters() == [letter]
            assert await exporter.flush(HANG) is True
        assert sender.received == []
        async with EventExporter(sender, spool=tmp_path) as exporter:
            assert await exporter.resend_dead_letters() == 1
            assert await exporter.flush(HANG)
            assert await exporter.dead_letters() == []
        assert sender.received == [letter.data]

    run(main())


def test_a_letter_without_data_stays(tmp_path: Path) -> None:
    """As no version writes any more, but a file may still hold."""

    async def main() -> None:
        DeadLetters(tmp_path, 1 << 20, time.time).keep([Dropped(DropReason.INVALID, "", "e", b"")], print)
        async with EventExporter(Recorder(), spool=tmp_path) as exporter:
            assert await exporter.resend_dead_letters() == 0
            assert len(await exporter.dead_letters()) == 1

    run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_dead_letters_survive_a_kill_while_they_are_sent_again(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from chaukas_spec_lite.export.dead_letters import DeadLetters
        from chaukas_spec_lite.export.dropped import Dropped, DropReason
        from chaukas_spec_lite.export.stats import Emitted
        from pathlib import Path
        letters = DeadLetters(Path(sys.argv[1]), 1 << 20, lambda: 0.0)
        letters.keep([Dropped(DropReason.REJECTED, "", str(n), b"event %d" % n) for n in range(5)], print)
        def emit(data):
            if data == b"event 3":
                os.kill(os.getpid(), signal.SIGKILL)
            return Emitted.SPOOLED
        letters.resend(emit, True)
    """
    import textwrap

    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    assert subprocess.run(command, check=False, timeout=HANG, cwd=ROOT).returncode == -signal.SIGKILL
    letters = DeadLetters(tmp_path, 1 << 20, lambda: 0.0)
    assert [letter.event_id for letter in letters.read(100)] == list("34"), "those before are sent"
    again: list[bytes] = []

    def emit(data: bytes) -> Emitted:
        again.append(data)
        return Emitted.SPOOLED

    assert letters.resend(emit, True) == 2
    assert again == [b"event 3", b"event 4"]
    assert letters.read(100) == []


def test_dead_letters_stay_where_the_spool_takes_no_events(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder(lambda batch: invalid() if any(map(is_bad, batch)) else None)
        async with EventExporter(sender, spool=tmp_path, close_timeout=0.1) as exporter:
            exporter.emit(Event(agent_name="bad"))
            assert not await exporter.flush(HANG)
            pipeline = exporter._pipeline
            pipeline.queue.disk = None  # as it is while the disk fails
            with pytest.raises(Exception, match=r"dead letters in .* are kept"):
                await exporter.resend_dead_letters()
            assert len(await exporter.dead_letters()) == 1

    run(main())
