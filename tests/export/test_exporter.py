"""The exporter as a program meets it, with a fake clock and a sender in memory; the spool is on a real disk."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventBatch, EventType
from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.errors import ClientClosedError, SettingError
from chaukas_spec_lite.export import Dropped, DropReason, Emitted, EventExporter, ExportSettings
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.spool.directory import SpoolDirectory
from tests.export.doubles import (
    FakeClock,
    Recorder,
    exhausted,
    internal,
    invalid,
    is_bad,
    numbered,
    settle,
    too_large,
    unavailable,
)
from tests.patience import HANG, until

NO_WAITS = RetryPolicy(initial=0.001, maximum=0.001)


def exporter(sender: Recorder, **settings: Any) -> EventExporter:
    return EventExporter(sender, **{"retry": NO_WAITS, **settings})


# Emitting


def test_emit_fills_in_id_and_time_and_keeps_what_is_there() -> None:
    async def main() -> None:
        sender = Recorder()
        async with exporter(sender) as export:
            before = datetime.now(timezone.utc)
            bare, full = (
                Event(type=EventType.SYSTEM),
                Event(event_id="mine", timestamp=datetime(2026, 1, 1, tzinfo=timezone.utc)),
            )
            assert export.emit(bare) is Emitted.QUEUED
            export.emit(full)
        assert bare.timestamp is not None
        assert before <= bare.timestamp <= datetime.now(timezone.utc)
        assert bare.event_id[14] == "7"
        assert sender.received == [bytes(bare), bytes(full)]
        assert (full.event_id, full.timestamp) == ("mine", datetime(2026, 1, 1, tzinfo=timezone.utc))

    asyncio.run(main())


def test_the_clients_settings_stand_in_for_what_is_missing() -> None:
    sender: Any = Recorder()
    sender.settings = Settings.load(
        "localhost:1", tenant_id="acme", branch="main", tags=["a"], batch_size=7, environ={}
    )
    export = EventExporter(sender)
    event = Event(branch="mine")
    export.emit(event)
    assert (event.tenant_id, event.branch, event.tags) == ("acme", "mine", ["a"])
    assert export._settings.batch_size == 7
    assert EventExporter(sender, ExportSettings(batch_size=3))._settings.batch_size == 3
    asyncio.run(export.aclose())


def test_settings_are_checked() -> None:
    with pytest.raises(SettingError, match="batch_size: has to be at least 1, not 0"):
        ExportSettings(batch_size=0)
    with pytest.raises(SettingError, match="overflow: has to be one of drop_oldest, drop_newest, block, not 'drop'"):
        ExportSettings(overflow="drop")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"spool_retry: has to be at least 0.0, and finite, not nan"):
        ExportSettings(spool_retry=float("nan"))
    with pytest.raises(TypeError, match="there is no setting 'spol'; did you mean 'spool'"):
        EventExporter(Recorder(), spol="x")


def test_a_relative_spool_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that becomes a daemon changes its directory after it was set up."""
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    monkeypatch.chdir(tmp_path / "before")
    export = EventExporter(Recorder(), spool="spool")
    monkeypatch.chdir(tmp_path / "after")
    assert export.emit(numbered(1)) is Emitted.SPOOLED
    asyncio.run(export.aclose())
    assert [path.name for path in tmp_path.rglob("spool")] == ["spool"]
    assert (tmp_path / "before" / "spool").is_dir()
    (tmp_path / "after").rmdir()
    with pytest.raises(SettingError, match="spool: 'spool' is relative to a directory that is no more"):
        ExportSettings(spool="spool")


def test_only_an_argument_that_is_no_event_raises(caplog: pytest.LogCaptureFixture) -> None:
    offered: list[Dropped] = []
    export = EventExporter(Recorder(), strict=True, on_drop=offered.append)
    given: Any
    for given, said in [
        ({}, r"dict; write Event.from_dict\(...\)"),
        ([Event()], "list; call it once for each event"),
        (EventBatch(), "EventBatch; call it once for each of batch.events"),
        ("e1", r"str; make one with Event\(...\)"),
        (None, r"None; make one with Event\(...\)"),
        (Event, r"the class Event; make one with Event\(...\)"),
    ]:
        with pytest.raises(TypeError, match=f"emit expects an Event, got {said}"):
            export.emit(given)
    assert export.emit(Event(agent_name=5)) is Emitted.DROPPED  # type: ignore[arg-type]
    assert "Event.agent_name" in caplog.text
    assert [(each.reason, each.converted) for each in offered] == [(DropReason.INVALID, True)]
    assert Event.parse(offered[0].data).agent_name == "5"
    assert export.stats().dropped == {"invalid": 1}
    asyncio.run(export.aclose())


def test_an_event_above_the_limit_is_dropped_alone(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder()
        async with exporter(sender, strict=True, spool=tmp_path, max_event_bytes=1000) as export:
            export.emit(numbered(1))
            before = time.time()
            assert export.emit(numbered(2, 1000)) is Emitted.DROPPED
            export.emit(numbered(3))
            assert await export.flush()
            (letter,) = await export.dead_letters()
            assert Event.parse(letter.data).agent_name == "2"
            assert letter.event_id == Event.parse(letter.data).event_id
            assert letter.reason is DropReason.TOO_LARGE
            assert before <= letter.dropped_at <= time.time()
        assert sender.names() == ["1", "3"]

    asyncio.run(main())


def test_events_from_many_threads_arrive_once_and_in_each_threads_order(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder()
        async with exporter(sender, spool=tmp_path, max_queue_events=100) as export:

            def work(thread: int) -> None:
                for number in range(200):
                    assert export.emit(numbered(thread * 1000 + number)) is Emitted.SPOOLED

            threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
            for thread in threads:
                thread.start()
            await until(lambda: not any(thread.is_alive() for thread in threads))
            assert await export.flush()
            assert export.stats().pending == 0
        names = [int(name) for name in sender.names()]
        assert len(names) == 800
        for thread in range(4):
            mine = [name for name in names if name // 1000 == thread]
            assert mine == [thread * 1000 + number for number in range(200)]

    asyncio.run(main())


# Batching, in fake time


def test_a_few_events_wait_for_the_interval_and_a_full_batch_does_not() -> None:
    async def main() -> None:
        sender, clock = Recorder(), FakeClock()
        async with EventExporter(sender, clock=clock, batch_size=3, flush_interval=5.0) as export:
            await settle()
            export.emit(numbered(1))
            await settle()
            await clock.advance(4.9)
            assert sender.batches == []
            await clock.advance(0.2)
            assert sender.names() == ["1"]
            for number in (2, 3, 4):
                export.emit(numbered(number))
            await settle()
            assert sender.names() == ["1", "2", "3", "4"]

    asyncio.run(main())


def test_a_failed_batch_is_sent_again_as_it_was_after_a_wait() -> None:
    async def main() -> None:
        sender, clock = Recorder(), FakeClock()
        sender.answers = [unavailable(), unavailable()]
        export = EventExporter(sender, clock=clock, batch_size=2, retry=RetryPolicy(initial=10.0, maximum=10.0))
        await export.start()
        export.emit(numbered(1))
        export.emit(numbered(2))
        await settle()
        assert len(sender.attempts) == 1
        export.emit(numbered(3))
        await settle()
        assert len(sender.attempts) == 1, "new events do not shorten the wait"
        await clock.advance(10.0)
        await clock.advance(10.0)
        assert [len(attempt) for attempt in sender.attempts] == [2, 3, 3]
        assert sender.attempts[0] == sender.attempts[2][:2], "the same bytes, so the same event_id"
        assert sender.names() == ["1", "2", "3"]
        stats = export.stats()
        assert (stats.retried, stats.sent, stats.last_error) == (2, 3, "RpcError: UNAVAILABLE: down for a while")
        await export.aclose()

    asyncio.run(main())


def test_a_clock_that_jumps_back_is_harmless() -> None:
    """Decisions use the monotonic clock; only timestamps show the other one."""

    async def main() -> None:
        sender, clock = Recorder(), FakeClock()
        with pytest.MonkeyPatch.context() as patch:
            async with EventExporter(sender, clock=clock, flush_interval=5.0) as export:
                export.emit(numbered(1))
                patch.setattr(time, "time", lambda: 0.0)
                patch.setattr(time, "time_ns", lambda: 0)
                export.emit(numbered(2))
                await settle()
                await clock.advance(5.0)
                assert sender.names() == ["1", "2"]
                ids = [Event.parse(event).event_id for event in sender.received]
                assert ids == sorted(ids), "ids grow although the clock does not"

    asyncio.run(main())


# Bad events


@pytest.mark.parametrize(("error", "reason"), [(invalid, "invalid"), (too_large, "too_large")])
def test_refused_events_take_no_other_along(tmp_path: Path, error: Any, reason: str) -> None:
    bad = {"0", "17", "18", "99"}

    async def main() -> None:
        offered: list[Dropped] = []
        sender = Recorder(lambda batch: error() if bad & {Event.parse(each).agent_name for each in batch} else None)
        export = EventExporter(sender, spool=tmp_path, on_drop=offered.append, retry=NO_WAITS)
        async with export:
            for number in range(100):
                export.emit(numbered(number))
            assert not await export.flush(), "not all of them went out"
            assert {
                each.agent_name for each in (Event.parse(letter.data) for letter in await export.dead_letters())
            } == bad
            stats = export.stats()
            assert (stats.sent, stats.pending, stats.dropped) == (96, 0, {reason: 4})
            export.emit(numbered(100))
            assert await export.flush(), "and that is over"
        assert sender.names() == [str(number) for number in range(101) if str(number) not in bad]
        assert [Event.parse(each.data).agent_name for each in offered] == sorted(bad, key=int)

    asyncio.run(main())


def test_an_event_that_breaks_the_server_does_not_block_the_others() -> None:
    async def main() -> None:
        sender = Recorder(lambda batch: internal() if "3" in {Event.parse(each).agent_name for each in batch} else None)
        async with exporter(sender) as export:
            for number in range(20):
                export.emit(numbered(number))
            assert not await export.flush()
            assert export.stats().dropped == {"rejected": 1}
        assert sorted(map(int, sender.names())) == [number for number in range(20) if number != 3]

    asyncio.run(main())


def test_a_limit_of_size_in_unknown_words_does_not_block_what_fits_alone() -> None:
    async def main() -> None:
        sender = Recorder(lambda batch: exhausted() if sum(map(len, batch)) > 1000 else None)
        async with exporter(sender) as export:
            for number in range(40):
                export.emit(numbered(number, 300))
            assert await export.flush()
        assert sender.names() == [str(number) for number in range(40)], "in order"

    asyncio.run(main())


@pytest.mark.parametrize("error", [unavailable, exhausted, internal, lambda: RuntimeError("a bug in the sender")])
def test_nothing_is_dropped_while_the_server_takes_nothing(error: Any) -> None:
    async def main() -> None:
        sender = Recorder(lambda _: error())
        async with exporter(sender) as export:
            for number in range(30):
                export.emit(numbered(number))
            assert not await export.flush(0.3)
            assert export.stats().dropped == {}
            assert export.stats().pending == 30
            sender._judge = None
            assert await export.flush()
        assert sorted(map(int, sender.names())) == list(range(30))

    asyncio.run(main())


@pytest.mark.parametrize("error", [unavailable, internal, lambda: RuntimeError("a bug in the sender")])
def test_order_is_kept_when_the_server_fails_for_a_while(error: Any) -> None:
    async def main() -> None:
        sender = Recorder()
        sender.answers = [error() for _ in range(9)]
        async with exporter(sender) as export:
            for number in range(30):
                export.emit(numbered(number))
            assert await export.flush()
            assert export.stats().retried == 9
        assert sender.names() == [str(number) for number in range(30)]

    asyncio.run(main())


def test_a_sender_that_hangs_is_given_up_and_asked_again() -> None:
    async def main() -> None:
        sender = Recorder()
        sender.gate = asyncio.Event()
        async with exporter(sender, send_timeout=0.05) as export:
            export.emit(numbered(1))
            assert not await export.flush(0.3)
            assert len(sender.attempts) > 1
            sender.gate.set()
            assert await export.flush()
        assert sender.names() == ["1"]

    asyncio.run(main())


def test_a_sender_whose_own_work_was_cancelled_is_asked_again() -> None:
    async def main() -> None:
        sender: Any = Recorder()
        sender.answers = [asyncio.CancelledError()]
        async with exporter(sender) as export:
            export.emit(numbered(1))
            # Before Python 3.11 a task cannot tell who was cancelled: it ends, and a flush begins a new one.
            assert [await export.flush(), await export.flush()] == [sys.version_info >= (3, 11), True]
        assert sender.names() == ["1"]

    asyncio.run(main())


# Bounds


def test_drop_oldest_keeps_the_newest() -> None:
    export = exporter(Recorder(), max_queue_events=3)
    assert [export.emit(numbered(number)) for number in range(5)] == [Emitted.QUEUED] * 5
    assert export.stats().dropped == {"overflow": 2}
    sender: Any = export._sender
    asyncio.run(export.aclose())
    assert sender.names() == ["2", "3", "4"]


def test_drop_newest_keeps_the_oldest() -> None:
    export = exporter(Recorder(), max_queue_events=3, overflow="drop_newest")
    results = [export.emit(numbered(number)) for number in range(5)]
    assert results == [Emitted.QUEUED] * 3 + [Emitted.DROPPED] * 2
    sender: Any = export._sender
    asyncio.run(export.aclose())
    assert sender.names() == ["0", "1", "2"]


def test_what_is_under_way_is_not_dropped_for_being_old() -> None:
    async def main() -> None:
        sender = Recorder()
        sender.gate = asyncio.Event()
        async with exporter(sender, max_queue_events=4, batch_size=2) as export:
            export.emit(numbered(0))
            export.emit(numbered(1))
            await settle()
            assert len(sender.attempts) == 1
            for number in range(2, 6):
                export.emit(numbered(number))
            sender.gate.set()
            await settle()
        assert sender.names() == ["0", "1", "4", "5"]
        assert export.stats().dropped == {"overflow": 2}

    asyncio.run(main())


def test_bytes_are_bounded_too() -> None:
    export = exporter(Recorder(), max_queue_bytes=10_000, max_event_bytes=2000, overflow="drop_newest")
    results = [export.emit(numbered(number, 1500)) for number in range(8)]
    assert results.count(Emitted.QUEUED) == 6
    assert export.stats().memory_bytes <= 10_000
    asyncio.run(export.aclose())


def test_block_waits_for_room_in_other_threads_and_not_in_the_loops_own() -> None:
    async def main() -> None:
        sender = Recorder()
        sender.gate = asyncio.Event()
        async with exporter(sender, max_queue_events=2, overflow="block", batch_size=2) as export:
            assert [export.emit(numbered(number)) for number in range(3)] == [
                Emitted.QUEUED,
                Emitted.QUEUED,
                Emitted.DROPPED,
            ], "the loop would wait for itself"
            result: list[Emitted] = []
            thread = threading.Thread(target=lambda: result.append(export.emit(numbered(3))))
            thread.start()
            await asyncio.sleep(0.05)
            assert thread.is_alive()
            sender.gate.set()
            await until(lambda: not thread.is_alive())
            assert result == [Emitted.QUEUED]
        assert sender.names() == ["0", "1", "3"]

    asyncio.run(main())


def test_block_ends_after_its_timeout_and_when_the_exporter_closes() -> None:
    export = exporter(Recorder(), max_queue_events=2, overflow="block", block_timeout=0.05)
    results = [export.emit(numbered(number)) for number in range(3)]
    assert results == [Emitted.QUEUED, Emitted.QUEUED, Emitted.DROPPED]
    asyncio.run(export.aclose())


def test_memory_stays_bounded_with_a_spool_however_much_waits(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder(lambda _: unavailable())
        export = exporter(sender, spool=tmp_path, max_queue_events=100, max_queue_bytes=1 << 20, max_event_bytes=9999)
        async with export:
            results = {export.emit(numbered(number, 100)) for number in range(1000)}
            assert results == {Emitted.SPOOLED}
            stats = export.stats()
            assert stats.pending == 1000
            assert stats.memory_bytes < stats.pending_bytes / 5
            sender._judge = None
            assert await export.flush()
        assert sender.names() == [str(number) for number in range(1000)], "all of them, in order"

    asyncio.run(main())


def test_a_full_spool_drops_and_keeps_dead_letters(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        sender = Recorder(lambda _: unavailable())
        async with exporter(sender, spool=tmp_path, spool_max_bytes=10_000) as export:
            results = [export.emit(numbered(number, 1000)) for number in range(15)]
            assert results == [Emitted.SPOOLED] * 9 + [Emitted.DROPPED] * 6
            assert export.stats().dropped == {"spool_full": 6}
            assert [Event.parse(each.data).agent_name for each in await export.dead_letters()] == [
                str(number) for number in range(9, 15)
            ]
            sender._judge = None
            assert await export.flush()
            assert export.emit(numbered(99)) is Emitted.SPOOLED, "there is room again"
        assert [line for line in caplog.text.splitlines() if "Dropped as spool_full" in line][1:] == [], "logged once"

    asyncio.run(main())


def test_each_reason_is_logged_once_in_a_while() -> None:
    clock = FakeClock()
    export = EventExporter(
        Recorder(), strict=True, clock=clock, max_event_bytes=10, max_queue_bytes=100, log_interval=60.0
    )
    seen: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: seen.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("chaukas_spec_lite.export").addHandler(handler)
    try:
        for seconds in (0, 1, 58, 2):
            clock.time += seconds
            export.emit(numbered(1))
        export.emit(Event(agent_name=5))  # type: ignore[arg-type]
    finally:
        logging.getLogger("chaukas_spec_lite.export").removeHandler(handler)
    assert [line.split(":")[0] for line in seen] == ["Dropped as too_large"] * 2 + ["Dropped as invalid"]
    assert seen[1].endswith("(and 2 more like it since the last line)")
    asyncio.run(export.aclose())


def test_a_log_handler_may_emit_even_if_that_is_logged_each_time(tmp_path: Path) -> None:
    """The spool is used again when that is possible."""
    (tmp_path / "spool").write_text("in the way")

    async def main() -> None:
        sender, seen = Recorder(lambda _: unavailable()), set[str]()
        export = exporter(sender, spool=tmp_path / "spool", log_interval=0.0, spool_retry=0.01, close_timeout=0.2)
        handler = logging.Handler()

        def emit(record: logging.LogRecord) -> None:
            seen.add(threading.current_thread().name)
            export.emit(numbered(1))
            export.emit(Event(agent_name=5))  # type: ignore[arg-type]

        handler.emit = emit  # type: ignore[method-assign]
        logging.getLogger("chaukas_spec_lite.export").addHandler(handler)
        try:
            async with export:
                assert export.emit(numbered(0)) is Emitted.QUEUED
                assert seen
                (tmp_path / "spool").unlink()
                await until(lambda: export.emit(numbered(2)) is Emitted.SPOOLED)
        finally:
            logging.getLogger("chaukas_spec_lite.export").removeHandler(handler)

    asyncio.run(main())


def test_a_callback_that_fails_is_logged_and_emit_does_not_raise(caplog: pytest.LogCaptureFixture) -> None:
    def callback(_: Dropped) -> None:
        raise ValueError("my mistake")

    export = EventExporter(Recorder(), strict=True, on_drop=callback, max_event_bytes=10, max_queue_bytes=100)
    assert export.emit(numbered(1)) is Emitted.DROPPED
    assert "my mistake" in caplog.text
    asyncio.run(export.aclose())


def test_a_callback_that_raises_cancelled_does_not_end_sending(caplog: pytest.LogCaptureFixture) -> None:
    """As one would that asks for the result of a future that somebody has cancelled."""

    def callback(_: Dropped) -> None:
        raise asyncio.CancelledError

    async def main() -> None:
        sender = Recorder(lambda batch: invalid() if is_bad(batch[0]) else None)
        async with exporter(sender, on_drop=callback, batch_size=1, max_batch_events=1) as export:
            for name in ("bad", "1", "bad", "2"):
                export.emit(Event(agent_name=name))
            assert not await export.flush(HANG)
            assert await export.flush(HANG)
        assert sender.names() == ["1", "2"]

    asyncio.run(main())
    assert "The callback for dropped events failed" in caplog.text


def test_a_callback_may_emit_even_if_there_is_no_room(caplog: pytest.LogCaptureFixture) -> None:
    offered: list[Dropped] = []

    def callback(dropped: Dropped) -> None:
        offered.append(dropped)
        assert export.emit(numbered(len(offered))) is Emitted.DROPPED

    export = EventExporter(Recorder(), on_drop=callback, max_event_bytes=10, max_queue_bytes=100)
    for _ in range(3):
        assert export.emit(numbered(1)) is Emitted.DROPPED
    assert len(offered) == 3
    assert export.stats().dropped == {"too_large": 6}
    assert "callback" not in caplog.text
    asyncio.run(export.aclose())


def test_what_a_callback_displaces_is_offered_to_it_and_what_it_emits_is_not() -> None:
    offered: list[str] = []

    def callback(dropped: Dropped) -> None:
        offered.append(dropped.event_id)
        export.emit(Event(event_id=f"meta {len(offered)}"))
        assert export.emit(Event(event_id="bad meta", agent_name=5)) is Emitted.DROPPED  # type: ignore[arg-type]

    export = EventExporter(Recorder(), strict=True, on_drop=callback, max_queue_events=3)
    for number in range(3):
        export.emit(Event(event_id=f"mine {number}"))
    assert export.emit(Event(event_id="bad", agent_name=5)) is Emitted.DROPPED  # type: ignore[arg-type]
    assert offered == ["bad", "mine 0", "mine 1", "mine 2"], "each once, one after the other"
    assert export.stats().dropped == {"invalid": 5, "overflow": 4}, "all are counted"
    asyncio.run(export.aclose())


def test_drops_of_other_threads_that_a_callback_finds_are_offered() -> None:
    """Two threads are dropped of at once, and one emits from the callback: it may find what the other has to tell."""
    offered: list[str] = []

    def callback(dropped: Dropped) -> None:
        offered.append(dropped.event_id)
        if dropped.event_id == "0":
            ledger = export._pipeline.queue.ledger
            ledger.refused(Dropped(DropReason.INVALID, "", "of another thread", b""))
            export.emit(numbered(1))

    export = EventExporter(Recorder(), strict=True, on_drop=callback)
    export.emit(Event(event_id="0", agent_name=5))  # type: ignore[arg-type]
    assert offered == ["0", "of another thread"]
    asyncio.run(export.aclose())


# Flushing, closing


def test_flush_speaks_of_what_was_emitted_before() -> None:
    async def main() -> None:
        sender = Recorder()
        sender.gate = asyncio.Event()
        async with exporter(sender) as export:
            export.emit(numbered(1))
            flushing = asyncio.create_task(export.flush())
            await settle()
            export.emit(numbered(2))
            sender.gate.set()
            assert await flushing

    asyncio.run(main())


def test_each_drop_makes_one_flush_say_no() -> None:
    """Whether it came before the flush or amid it: who flushes must not depend on that."""

    async def main() -> None:
        sender = Recorder(lambda batch: invalid() if is_bad(batch[0]) else None)
        async with exporter(sender, strict=True, batch_size=1, max_batch_events=1) as export:
            assert export.emit(Event(agent_name="bad")) is Emitted.QUEUED
            await until(lambda: export.stats().dropped == {"invalid": 1})
            export.emit(numbered(1))
            assert not await export.flush()
            assert await export.flush(), "that was said"
            export.emit(Event(agent_name="bad"))
            assert not await export.flush()
            assert await export.flush()
            assert export.emit(Event(agent_name=5)) is Emitted.DROPPED  # type: ignore[arg-type]
            assert await export.flush(), "emit said that itself"

            sender.gate = asyncio.Event()
            export.emit(Event(agent_name="bad"))
            export.emit(numbered(2))
            flushing = asyncio.create_task(export.flush())
            await settle()
            sender.gate.set()
            sender.gate = asyncio.Event()  # for the other one
            await until(lambda: export.stats().dropped["invalid"] == 4)
            flushing.cancel()
            await asyncio.gather(flushing, return_exceptions=True)
            sender.gate.set()
            assert not await export.flush(), "nobody was told by the flush that was cancelled"

    asyncio.run(main())


@pytest.mark.parametrize("flushes", [0, 1, 2])
def test_closing_tells_of_the_whole_life(flushes: int) -> None:
    async def main() -> None:
        sender = Recorder(lambda batch: invalid() if is_bad(batch[0]) else None)
        export = exporter(sender, strict=True, batch_size=1, max_batch_events=1)
        assert export.emit(Event(agent_name="bad")) is Emitted.QUEUED
        assert export.emit(numbered(1)) is Emitted.QUEUED
        assert [await export.flush() for _ in range(flushes)] == [False, True][:flushes]
        assert not await export.aclose(), "whether a flush told of it or not"

        export = exporter(sender, strict=True)
        assert export.emit(Event(agent_name=5)) is Emitted.DROPPED  # type: ignore[arg-type]
        assert await export.aclose(), "emit told of it, and never took it"

    asyncio.run(main())


@pytest.mark.parametrize("name", ["bad", "good"])
def test_closing_tells_of_what_an_ended_process_left_too(tmp_path: Path, name: str) -> None:
    async def main() -> None:
        first = exporter(Recorder(lambda _: unavailable()), spool=tmp_path)
        assert first.emit(Event(agent_name=name)) is Emitted.SPOOLED
        assert not await first.aclose(0.1), "it is still there"
        sender = Recorder(lambda batch: invalid() if is_bad(batch[0]) else None)
        keep = SpoolDirectory(tmp_path).claim()  # so that the exporter begins with a file of its own
        export = exporter(sender, spool=tmp_path, scan_interval=0.02)
        await export.start()
        keep.close()
        await until(lambda: export.stats().recovered == 1 and export.stats().pending == 0)
        assert await export.aclose() == (name == "good")

    asyncio.run(main())


def test_a_flush_does_not_sit_out_a_long_wait_that_an_outage_led_to() -> None:
    async def main() -> None:
        clock, sender = FakeClock(), Recorder(lambda _: unavailable())
        export = EventExporter(sender, clock=clock, batch_size=1, retry=RetryPolicy(initial=1.0, maximum=1000.0))
        await export.start()
        export.emit(numbered(1))
        await settle()
        for _ in range(12):
            await clock.advance(1000.0)
        flushing = asyncio.create_task(export.flush(10.0))
        await settle()
        sender._judge = None
        await clock.advance(1.0)
        assert await flushing
        await export.aclose()

    asyncio.run(main())


def test_closing_twice_or_again_after_it_was_interrupted(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder(lambda batch: invalid() if is_bad(batch[0]) else None)
        export = exporter(sender, spool=tmp_path, batch_size=1)
        export.emit(Event(agent_name="bad"))
        first, second = await asyncio.gather(export.aclose(), export.aclose())
        assert (first, second) == (False, False)
        assert not await export.aclose(), "it says the same again"

        sender = Recorder()
        sender.gate = asyncio.Event()
        export = exporter(sender, spool=tmp_path)
        assert export.emit(numbered(1)) is Emitted.SPOOLED
        closing = asyncio.create_task(export.aclose())
        await settle()
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        sender.gate.set()
        assert await export.aclose()
        assert sender.names() == ["1"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_closing_while_others_emit_counts_every_event(tmp_path: Path) -> None:
    async def main() -> None:
        sender, results = Recorder(), []
        export = exporter(sender, spool=tmp_path)
        await export.start()

        def work() -> None:
            mine: list[Emitted] = []
            while mine.count(Emitted.DROPPED) < 20:  # which begins when the exporter is closed
                mine.append(export.emit(numbered(len(mine))))
                results.append(mine[-1])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        await until(lambda: len(results) > 500)
        assert await export.aclose(HANG)
        await until(lambda: not any(thread.is_alive() for thread in threads))
        stats = export.stats()
        assert stats.emitted == len(results)
        assert stats.emitted == stats.sent + stats.pending + sum(stats.dropped.values())
        assert stats.sent == results.count(Emitted.SPOOLED) + results.count(Emitted.QUEUED)
        assert stats.dropped == {"closed": 80}
        assert results.count(Emitted.DROPPED) == 80

    asyncio.run(main())


def test_dead_letters_of_a_closed_exporter_leave_its_sums_alone(tmp_path: Path) -> None:
    async def main() -> None:
        export = exporter(Recorder(lambda _: unavailable()), strict=True, spool=tmp_path)
        for number in range(5):
            assert export.emit(numbered(number)) is Emitted.SPOOLED
        export.emit(Event(agent_name=5))  # type: ignore[arg-type]
        assert not await export.aclose(0.2)
        before = export.stats()
        assert [letter.reason for letter in await export.dead_letters()] == [DropReason.INVALID]
        assert export.stats() == before
        assert (before.pending, before.recovered) == (5, 0)

    asyncio.run(main())


def test_a_loop_closed_with_the_task_in_it_is_left_behind() -> None:
    sender = Recorder()
    export = exporter(sender)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(export.start())
    left_behind = asyncio.all_tasks(loop)
    loop.close()
    export.emit(numbered(1))
    assert asyncio.run(export.aclose())
    assert sender.names() == ["1"]
    for task in left_behind:
        task._log_destroy_pending = False  # type: ignore[attr-defined]


def test_a_loop_that_is_still_open_keeps_the_exporter() -> None:
    export = exporter(Recorder())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(export.start())
    with pytest.raises(ClientClosedError, match="another event loop, still open"):
        asyncio.run(export.flush())
    loop.run_until_complete(export.aclose())
    loop.close()


def test_many_wakes_of_a_loop_that_does_not_run_are_one() -> None:
    export = exporter(Recorder(), batch_size=1)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(export.start())
    before = len(loop._ready)  # type: ignore[attr-defined]
    thread = threading.Thread(target=lambda: [export.emit(numbered(number)) for number in range(100)])
    thread.start()
    thread.join()
    assert len(loop._ready) <= before + 1  # type: ignore[attr-defined]
    assert loop.run_until_complete(export.aclose())
    loop.close()


@pytest.mark.parametrize("spooled", [True, False])
@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest", "block"])
def test_the_books_balance_at_every_moment(tmp_path: Path, spooled: bool, policy: str) -> None:
    """Emitted is sent, pending or dropped: with little room, a server that fails in every way, and many threads."""
    chance = random.Random(7)

    def judge(batch: Sequence[bytes]) -> Exception | None:
        if any(map(is_bad, batch)):
            return invalid()
        return chance.choice([None, None, unavailable(), internal(), too_large() if len(batch) > 3 else None])

    async def main() -> None:
        export = exporter(
            Recorder(judge),
            spool=tmp_path if spooled else None,
            overflow=policy,
            max_queue_events=20,
            max_event_bytes=500,
            spool_max_bytes=20_000,
            block_timeout=0.01,
        )
        await export.start()

        def check() -> None:
            stats = export.stats()
            assert stats.emitted + stats.recovered == stats.sent + stats.pending + sum(stats.dropped.values())

        def work(thread: int) -> None:
            sizes = random.Random(thread)
            for number in range(150):
                name = "bad" if number % 40 == 0 else "good"
                event = Event(agent_name=name, branch="x" * sizes.choice([0, 100, 600]))
                export.emit(event if number % 25 else Event(agent_name=5))  # type: ignore[arg-type]

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(3)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            check()
            await asyncio.sleep(0.001)
        await export.flush(HANG)
        check()
        await export.aclose()
        check()
        assert export.stats().emitted == 450

    asyncio.run(main())


def test_flush_and_aclose_keep_their_timeouts(tmp_path: Path) -> None:
    async def main() -> None:
        sender, clock = Recorder(), FakeClock()
        sender.gate = asyncio.Event()
        export = EventExporter(sender, spool=tmp_path, clock=clock)
        await export.start()
        assert export.emit(numbered(1)) is Emitted.SPOOLED
        for ending in (export.flush, export.aclose):
            waiting = asyncio.create_task(ending(20.0))
            await settle()
            await clock.advance(17.0)
            assert not waiting.done(), "most of the time is for sending"
            await clock.advance(3.0)
            assert not await asyncio.wait_for(waiting, HANG)
        assert export.emit(numbered(2)) is Emitted.DROPPED
        assert export.stats().dropped == {"closed": 1}
        with pytest.raises(ClientClosedError):
            await export.start()
        assert not await export.aclose(), "closing again changes nothing"

    asyncio.run(main())


def test_what_could_not_be_sent_is_sent_by_the_next_one(tmp_path: Path) -> None:
    async def main() -> None:
        first = Recorder(lambda _: unavailable())
        export = exporter(first, spool=tmp_path)
        for number in range(50):
            assert export.emit(numbered(number)) is Emitted.SPOOLED
        assert not await export.aclose(0.3)
        sent = sorted({event for attempt in first.attempts for event in attempt})
        second = Recorder()
        async with exporter(second, spool=tmp_path) as export:
            await until(lambda: export.stats().recovered == 50)
            assert export.emit(numbered(50)) is Emitted.SPOOLED
            assert await export.flush()
            assert export.stats().sent == 51
        assert second.names() == [str(number) for number in range(51)]
        assert set(sent) <= set(second.received), "under the same ids"
        third = Recorder()
        async with exporter(third, spool=tmp_path) as export:
            assert await export.flush()
        assert third.received == []

    asyncio.run(main())


def test_without_a_spool_what_is_left_is_reported() -> None:
    async def main() -> None:
        offered: list[Dropped] = []
        export = EventExporter(Recorder(lambda _: unavailable()), on_drop=offered.append)
        export.emit(numbered(1))
        assert not await export.aclose(0.1)
        assert [each.reason for each in offered] == [DropReason.CLOSED]
        assert export.stats().pending == 0

    asyncio.run(main())


def test_it_goes_on_in_a_new_event_loop(tmp_path: Path) -> None:
    sender = Recorder()
    export = exporter(sender, spool=tmp_path)

    async def one(number: int) -> None:
        await export.start()
        assert export.emit(numbered(number)) is Emitted.SPOOLED
        assert await export.flush()

    asyncio.run(one(1))
    assert export.emit(numbered(2)) is Emitted.SPOOLED, "between two loops"
    asyncio.run(one(3))
    asyncio.run(export.aclose())
    assert sender.names() == ["1", "2", "3"]


@pytest.mark.parametrize("turns", range(5))
def test_a_wait_that_is_cancelled_when_it_would_end_is_cancelled(turns: int) -> None:
    """Or else the task goes on, and whoever closes the loop, having cancelled all that runs in it, waits for ever."""

    async def main() -> None:
        event = asyncio.Event()
        waiting = asyncio.create_task(Clock().wait(event, time.monotonic() + 60.0))
        await settle()
        event.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        in_time = waiting.cancel()
        await settle()
        assert waiting.done()
        assert waiting.cancelled() == in_time

    asyncio.run(main())


def test_an_exporter_that_is_let_go_leaves_no_task_behind() -> None:
    async def main() -> None:
        async with exporter(Recorder()):
            pass
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    gc.collect()


def test_two_exporters_share_a_directory(tmp_path: Path) -> None:
    async def main() -> None:
        senders = [Recorder(), Recorder()]
        exporters = [exporter(sender, spool=tmp_path, scan_interval=0.02) for sender in senders]
        for export in exporters:
            await export.start()
        for number in range(300):
            exporters[number % 2].emit(numbered(number))
            await asyncio.sleep(0)
        for export in exporters:
            assert await export.aclose()
        assert senders[0].names() == [str(number) for number in range(0, 300, 2)]
        assert senders[1].names() == [str(number) for number in range(1, 300, 2)]

    asyncio.run(main())


# Senders that are wrong


@pytest.mark.parametrize("returned", [None, 3])
def test_what_a_sender_took_without_being_asynchronous_is_not_sent_again(
    returned: object, caplog: pytest.LogCaptureFixture
) -> None:
    class Plain:
        taken = 0

        def send(self, encoded_events: Sequence[bytes], /) -> Any:
            self.taken += len(encoded_events)
            return returned

    async def main() -> None:
        dropped: list[Dropped] = []
        sender = Plain()
        async with EventExporter(sender, retry=NO_WAITS, on_drop=dropped.append) as export:
            for number in range(3):
                export.emit(numbered(number))
            assert not await export.flush(HANG)
            assert sender.taken == 3
            assert export.stats().dropped == {DropReason.REJECTED: 3}
            words = "sender: Plain.send has to be `async def send(self, encoded_events)`; it returned "
            assert export.stats().last_error == words + type(returned).__name__
            assert [each.detail for each in dropped] == [words + type(returned).__name__] * 3

    asyncio.run(main())
    assert caplog.text.count("Plain.send has to be") == 1


class Strange(Exception):
    """Fails where it is looked at."""

    @property
    def retryable(self) -> bool:
        raise ValueError("on purpose")


class Impatient(Exception):
    """Has something else by this name."""

    retryable = True
    pushback = "soon"


@pytest.mark.parametrize("error", [Strange(), Impatient()])
def test_whatever_a_sender_raises_sending_goes_on(error: Exception) -> None:
    async def main() -> None:
        sender = Recorder()
        sender.answers = [error]
        async with exporter(sender) as export:
            export.emit(numbered(1))
            assert await export.flush(HANG)
        assert sender.names() == ["1"]

    asyncio.run(main())


def test_growth_beyond_all_floats_does_not_end_sending() -> None:
    async def main() -> None:
        sender = Recorder()
        sender.answers = [unavailable() for _ in range(100)]
        retry = RetryPolicy(initial=0.001, maximum=0.001, multiplier=1e300)
        async with exporter(sender, retry=retry, batch_size=1) as export:
            export.emit(numbered(1))
            await until(lambda: sender.names() == ["1"])

    asyncio.run(main())


@pytest.mark.parametrize(
    ("events", "words"), [(1, "1 event was not sent; it is kept"), (2, "2 events were not sent; they are")]
)
def test_the_log_counts_what_is_sent_again(events: int, words: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        sender = Recorder()
        sender.answers = [unavailable()]
        async with exporter(sender) as export:
            for number in range(events):
                export.emit(numbered(number))
            assert await export.flush(HANG)

    asyncio.run(main())
    assert words in caplog.text


# Times that cannot be


def test_waits_longer_than_the_system_s_longest(tmp_path: Path) -> None:
    async def main() -> None:
        async with exporter(Recorder(), spool=tmp_path, close_timeout=1e308) as export:
            assert export.emit(numbered(1)) is Emitted.SPOOLED
            assert await export.flush(float("inf"))

    asyncio.run(main())


@pytest.mark.parametrize("timeout", ["5", None, float("nan"), True])
def test_a_timeout_that_is_none_is_refused_by_name(timeout: Any) -> None:
    async def main() -> None:
        async with exporter(Recorder()) as export:
            with pytest.raises(SettingError, match=r"^timeout: has to be ") as caught:
                await export.flush(timeout)
            assert isinstance(caught.value, TypeError) == (not isinstance(timeout, float))
            if timeout is not None:
                with pytest.raises(SettingError, match=r"^timeout: has to be "):
                    await export.aclose(timeout)
            assert await export.flush(-1.0), "the time to a deadline that has passed is no time"

    asyncio.run(main())
