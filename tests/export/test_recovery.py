"""What several ended processes left: each log has its turn, whatever the server makes of what others hold."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.export import EventExporter, Stats
from chaukas_spec_lite.export.batching import STUCK
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.spool.errors import SpoolError
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.segment import Writer
from tests.export.doubles import Recorder, exhausted, internal, is_bad, numbered, unavailable
from tests.patience import AGES, HANG, until

QUICK = RetryPolicy(initial=0.005, maximum=0.01)


def leave(directory: Path, names: Sequence[str]) -> Path:
    """Make the log of a process that ended; what was made first is found first."""
    log = Log.make(directory)
    log.append([bytes(Event(agent_name=name)) for name in names])
    log.close()
    return log.folder


def failing_at_bad(error: Any) -> Recorder:
    return Recorder(lambda batch: error() if any(map(is_bad, batch)) else None)


def exporter(sender: Recorder, directory: Path, **settings: Any) -> EventExporter:
    defaults = {"retry": QUICK, "flush_interval": 0.01, "scan_interval": 0.05, "close_timeout": 0.5}
    return EventExporter(sender, spool=directory, **{**defaults, **settings})


def balanced(stats: Stats) -> bool:
    return stats.emitted + stats.recovered == stats.sent + stats.pending + sum(stats.dropped.values())


@pytest.mark.parametrize("error", [internal, exhausted])
def test_one_stuck_log_does_not_keep_the_others_waiting(tmp_path: Path, error: Any) -> None:
    for names in (["a1", "a2"], ["bad"], ["c1", "c2"], ["d1"]):
        leave(tmp_path, names)

    async def main() -> None:
        sender = failing_at_bad(error)
        async with exporter(sender, tmp_path, scan_interval=AGES) as export:
            await until(lambda: set(sender.names()) == {"a1", "a2", "c1", "c2", "d1"} and export.stats().pending == 1)
            assert sender.names() == ["a1", "a2", "c1", "c2", "d1"]
            assert export.stats().dropped == {}, "nothing went through while it failed for long"
            sender._judge = None
            assert await export.flush(HANG)
            assert sender.names()[-1] == "bad"

    asyncio.run(main())


def test_a_server_that_is_down_makes_nobody_open_more_logs(tmp_path: Path) -> None:
    for number in range(1, 4):
        leave(tmp_path, [str(number)])

    async def main() -> None:
        sender = Recorder(lambda _: unavailable())
        async with exporter(sender, tmp_path) as export:
            await until(lambda: len(sender.attempts) > 20)
            assert export.stats().recovered == 1
            sender._judge = None
            await until(lambda: sender.names() == ["1", "2", "3"])

    asyncio.run(main())


def test_stuck_logs_take_turns(tmp_path: Path) -> None:
    stuck = 7
    for number in range(1, stuck + 1):
        leave(tmp_path, [f"bad {number}"])
    leave(tmp_path, ["good"])

    async def main() -> None:
        sender = failing_at_bad(internal)
        async with exporter(sender, tmp_path) as export:
            tried: Counter[bytes] = Counter()

            def all_had_turns() -> bool:
                assert balanced(export.stats())
                assert export.stats().pending <= 1, "one is open at a time"
                tried.clear()
                tried.update(event for batch in sender.attempts for event in batch)
                return len(tried) == stuck + 1 and min(each for each in tried.values() if each > 1) >= 2 * STUCK

            await until(all_had_turns)
            assert sender.names() == ["good"]
            leave(tmp_path, ["new"])
            await until(lambda: sender.names() == ["good", "new"])
            sender._judge = None
            await until(lambda: len(sender.received) == stuck + 2)
            await until(lambda: export.stats().pending == 0)
            assert export.stats().recovered == export.stats().sent == stuck + 2
        assert len(set(sender.names())) == stuck + 2

    asyncio.run(main())


def test_what_was_saved_of_a_log_into_memory_gets_into_no_other_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is newer than what is left of its log, which would be sent behind it; so that makes way only afterwards."""
    ended = Log.make(tmp_path, note=b"writer")
    ended.append([bytes(Event(agent_name="bad"))])
    ended.close()
    sender = failing_at_bad(exhausted)  # nothing ever overtakes an event for that

    def refuse(self: Writer, data: bytes) -> None:
        raise SpoolError("No space left on device")

    async def main() -> None:
        other = Log.make(tmp_path)  # in use until it is closed
        other.append([bytes(Event(agent_name="other"))])
        async with exporter(sender, tmp_path, spool_retry=0.01) as export:
            await until(lambda: export.stats().recovered == 2)
            with monkeypatch.context() as patch:
                patch.setattr(Writer, "append", refuse)
                max(ended.folder.glob("*.segment")).unlink()  # in which it says that its writer was interrupted
                await until(lambda: export.stats().memory_bytes > 0)
                other.close()
                before = len(sender.attempts)
                await until(lambda: len(sender.attempts) > before + 2 * STUCK)
                assert sender.received == []
            await until(lambda: sender.names() == ["other"])
            assert balanced(export.stats())
            sender._judge = None
            assert await export.flush(HANG)
            assert sender.names() == ["other", "bad", ""]
            assert balanced(export.stats())

    asyncio.run(main())


def test_what_was_found_out_about_a_log_is_not_forgotten_between_its_turns(tmp_path: Path) -> None:
    """So each of two logs that hold nothing but an event at which the server fails comes to an end."""
    for number in (1, 2):
        leave(tmp_path, [f"bad {number}"])

    async def main() -> None:
        sender = failing_at_bad(internal)
        async with exporter(sender, tmp_path) as export:
            number = 0

            def emit_until_dropped() -> bool:
                nonlocal number
                number += 1
                export.emit(numbered(number))
                return export.stats().dropped == {"rejected": 2}

            await until(emit_until_dropped)
            await until(lambda: export.stats().pending == 0)
            assert balanced(export.stats())
            assert sorted(Event.parse(each.data).agent_name for each in await export.dead_letters()) == [
                "bad 1",
                "bad 2",
            ]

    asyncio.run(main())


def test_a_flush_waits_for_no_retry_of_a_log_that_has_its_turn_again(tmp_path: Path) -> None:
    """Each of them waits for ages after it has become stuck, but not if somebody flushes when the server is mended."""
    for number in (1, 2, 3):
        leave(tmp_path, [f"bad {number}"])
    tries: Counter[bytes] = Counter()
    last = [0]

    def judge(batch: Sequence[bytes]) -> Exception:
        tries.update(batch)
        last[0] = tries[batch[0]]
        return internal()

    clock = Clock(random=lambda: float(last[0] >= STUCK))

    async def main() -> None:
        sender = Recorder(judge)
        retry = RetryPolicy(initial=AGES, maximum=AGES)
        async with exporter(sender, tmp_path, retry=retry, clock=clock) as export:
            await until(lambda: list(tries.values()) == [STUCK] * 3)
            sender._judge = None
            assert await export.flush(HANG)
            assert sorted(sender.names()) == ["bad 1", "bad 2", "bad 3"]

    asyncio.run(main())


def test_an_event_alone_in_its_log_is_given_up_when_others_go_through(tmp_path: Path) -> None:
    leave(tmp_path, ["bad"])

    async def main() -> None:
        sender = failing_at_bad(internal)
        async with exporter(sender, tmp_path) as export:
            number = 0

            def emit_until_dropped() -> bool:
                nonlocal number
                number += 1
                export.emit(numbered(number))
                return bool(export.stats().dropped)

            await until(emit_until_dropped)
            assert export.stats().dropped == {"rejected": 1}
            await until(lambda: export.stats().pending == 0)
            (letter,) = await export.dead_letters()
            assert Event.parse(letter.data).agent_name == "bad"
            assert not await export.flush(), "it tells of the drop, though the log is gone since"
            assert await export.flush()
        assert sender.names() == [str(each) for each in range(1, number + 1)]

    asyncio.run(main())


def test_sums_never_go_back_when_a_log_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whatever moment somebody asks: here, in the midst of its being added to what was before."""
    for number in range(1, 6):
        leave(tmp_path, [f"{number}-{each}" for each in range(3)])
    seen: list[int] = []
    real, asking = EventQueue.totals, False

    def totals(self: EventQueue) -> Any:
        nonlocal asking
        if not asking:
            asking = True
            seen.append(export.stats().sent)
            asking = False
        return real(self)

    sender = Recorder()
    export = exporter(sender, tmp_path)

    async def main() -> None:
        async with export:
            monkeypatch.setattr(EventQueue, "totals", totals)
            await until(lambda: export.stats().sent == 15)
            await until(lambda: not [*tmp_path.glob("log-*")])

    asyncio.run(main())
    assert seen == sorted(seen)


def test_two_ends_of_one_log_are_one(tmp_path: Path) -> None:
    """The exporter may be closed in the moment in which a log is done."""
    leave(tmp_path, ["1"])

    async def main() -> None:
        sender = Recorder()
        export = exporter(sender, tmp_path)
        real = EventQueue.rest
        closing: list[asyncio.Task[bool]] = []

        def rest(self: EventQueue, for_good: bool = False, at_end: bool = False) -> None:
            if self.ledger.recovered and not closing:
                closing.append(asyncio.create_task(export.aclose()))
            real(self, for_good, at_end)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(EventQueue, "rest", rest)
            await export.start()
            await until(lambda: bool(closing))
            assert await closing[0]
        assert (export.stats().sent, export.stats().recovered, export.stats().last_error) == (1, 1, None)

    asyncio.run(main())


def test_no_processor_time_is_spent_on_waiting_for_a_server(tmp_path: Path) -> None:
    """While a left-over log waits, longer than from one search to the next; and after a flush that ran out of time."""
    leave(tmp_path, ["0", "1", "2", "3", "4"])

    async def main() -> None:
        class Counting(Clock):
            waits = 0

            async def wait(self, event: asyncio.Event, until: float | None) -> None:
                self.waits += 1
                await super().wait(event, until)

        clock = Counting()
        slow = RetryPolicy(initial=1000.0, maximum=1000.0)
        sender = Recorder(lambda _: unavailable())
        exporter = EventExporter(sender, spool=tmp_path, scan_interval=0.01, retry=slow, clock=clock, close_timeout=0.1)
        async with exporter:
            assert not await exporter.flush(0.1)
            before = clock.waits
            for _ in range(50):
                await asyncio.sleep(0.001)
            assert clock.waits - before < 25, "fewer than the turns of the loop"

    asyncio.run(main())


def test_damage_makes_a_flush_say_no_although_nobody_knows_how_many_events_it_was(tmp_path: Path) -> None:
    leave(tmp_path, ["0", "1", "2", "3", "4"])
    (segment,) = tmp_path.glob("log-*/*.segment")
    data = bytearray(segment.read_bytes())
    data[40] ^= 0xFF
    segment.write_bytes(data)

    async def main() -> None:
        async with EventExporter(Recorder(), spool=tmp_path) as exporter:
            assert not await exporter.flush(HANG)
            assert await exporter.flush(HANG), "told once"
            assert "of the spool are lost" in (exporter.stats().last_error or "")

    asyncio.run(main())
