"""``Sending``: what a recorder emits to."""

from __future__ import annotations

import asyncio
import functools
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from chaukas_spec_lite import (
    BlockingExporter,
    ChaukasClient,
    Emitted,
    Event,
    EventExporter,
    EventType,
    SettingError,
    SettingTypeError,
)
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.trace.outcomes import Outcome, Outcomes
from chaukas_spec_lite.trace.sending import MAX_DEPTH, RecorderStats, Sending


class Listed:
    """A sink with nothing but ``emit``."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def ids(self) -> list[str]:
        return [event.event_id for event in self.events]


def event(event_id: str = "e", **fields: Any) -> Event:
    return Event(event_id=event_id, type=EventType.SYSTEM, **fields)


def balanced(stats: RecorderStats) -> RecorderStats:
    """Return them, if they add up."""
    assert stats.recorded == stats.sent + stats.filtered + stats.sampled_out + stats.failed + stats.waiting
    return stats


def test_an_event_goes_to_the_sink() -> None:
    sink = Listed()
    sending = Sending(sink)
    first = event()
    assert sending.emit(first)
    assert sink.events == [first]
    assert sending.sink is sink
    assert sending.stats() == RecorderStats(1, 1, 0, 0, 0, 0, 0, None)
    assert sending.flush()
    assert sending.close()


# before_send


def tagged(tag: str) -> Callable[[Event], Event]:
    def add(given: Event) -> Event:
        given.tags.append(tag)
        return given

    return add


def no_debug(given: Event) -> Event | None:
    return None if given.event_id == "debug" else given


def test_functions_run_in_order_and_may_replace_the_event() -> None:
    sink = Listed()
    other, given = event("other"), list[list[str]]()

    def taken(event: Event) -> Event:
        given.append(event.tags)
        return other

    sending = Sending(sink, before_send=[tagged("a"), tagged("b"), taken, tagged("c")])
    first = event()
    assert sending.emit(first)
    assert (first.tags, given) == ([], [["a", "b"]])
    assert sink.events == [other]
    assert other.tags == ["c"]


def test_none_leaves_the_event_out_and_later_functions_do_not_see_it() -> None:
    sink, seen = Listed(), Listed()

    def see(given: Event) -> Event:
        seen.emit(given)
        return given

    sending = Sending(sink, before_send=(no_debug, see))
    assert [sending.emit(event(name)) for name in ("a", "debug", "b")] == [True, False, True]
    assert sink.ids == seen.ids == ["a", "b"]
    assert balanced(sending.stats()) == RecorderStats(3, 2, 1, 0, 0, 0, 0, None)


def failing(given: Event) -> Event:
    raise KeyError(given.event_id)


def test_one_that_raises_keeps_the_event_back_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    sink = Listed()
    sending = Sending(sink, before_send=[tagged("a"), failing])
    assert not sending.emit(event("first"))
    assert not sending.emit(event("second"))
    assert sink.events == []
    stats = balanced(sending.stats())
    assert (stats.failed, stats.before_send_errors) == (2, 2)
    [record] = caplog.records
    assert record.name == "chaukas_spec_lite"
    assert record.levelno == logging.ERROR
    line = failing.__code__.co_firstlineno
    assert record.getMessage() == (
        f"before_send failing ({__file__}:{line}) raised KeyError: 'first' (at {__file__}:{line + 1}); "
        "the event (SYSTEM) was kept back"
    )
    assert stats.last_error is not None
    assert "KeyError: 'second'" in stats.last_error


def test_it_is_told_once_in_a_minute_with_how_many_were_left_out(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    sending = Sending(Listed(), before_send=failing, clock=Clock(now=lambda: now[0]))
    for now[0] in (0.0, 30.0, 59.0, 60.0):
        sending.emit(event())
    assert len(caplog.records) == 2
    assert caplog.messages[1].endswith("(and 2 more like it since the last line)")


def test_each_function_is_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    def other(given: Event) -> Event:
        raise ValueError

    sending = Sending(Listed(), before_send=[failing, other], send_on_error=True)
    sending.emit(event())
    assert [("failing" in line, "other" in line) for line in caplog.messages] == [(True, False), (False, True)]


def test_send_on_error_sends_the_event_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    sink = Listed()
    sending = Sending(sink, before_send=[tagged("a"), failing, tagged("b")], send_on_error=True)
    assert sending.emit(event())
    assert sink.events[0].tags == ["a", "b"]
    assert balanced(sending.stats()).before_send_errors == 1
    assert caplog.messages[0].endswith("was sent all the same (send_on_error=True)")


async def _coroutine() -> None: ...


@pytest.mark.parametrize("result", [True, "text", {}, Event, 0])
def test_a_result_of_another_kind_counts_as_raising(result: object, caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending(Listed(), before_send=lambda _: result)  # type: ignore[arg-type, return-value]  # what is tested
    assert not sending.emit(event())
    assert balanced(sending.stats()).failed == 1
    assert f"returned {type(result).__name__}, and has to return the event, or None" in caplog.messages[0]


def test_a_coroutine_that_comes_back_is_no_event_and_is_not_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending(Listed(), before_send=lambda _: _coroutine())  # type: ignore[arg-type, return-value]  # the same
    assert not sending.emit(event())
    assert "returned coroutine" in caplog.messages[0]


def test_one_that_drops_everything_is_told_after_twenty_in_a_row(caplog: pytest.LogCaptureFixture) -> None:
    def forgets_to_return(given: Event) -> None:
        given.tags = ["x"]

    sending = Sending(Listed(), before_send=forgets_to_return)
    for _ in range(19):
        sending.emit(event())
    assert caplog.records == []
    for _ in range(100):
        sending.emit(event())
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "forgets_to_return" in record.getMessage()
    assert f"{__file__}:{forgets_to_return.__code__.co_firstlineno}" in record.getMessage()
    assert sending.stats().filtered == 119


def test_one_that_drops_most_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending(Listed(), before_send=no_debug)
    for number in range(200):
        sending.emit(event("e" if number % 20 == 0 else "debug"))
    assert caplog.records == []


class Callable_:
    def __call__(self, given: Event) -> Event:
        raise ValueError("no")

    def method(self, given: Event) -> Event:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (Callable_(), "Callable_"),
        (Callable_().method, "Callable_.method"),
        (functools.partial(failing), "failing"),
        (lambda given: given.nothing, "<lambda>"),
    ],
)
def test_every_kind_of_function_is_named_with_its_place(
    function: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    Sending(Listed(), before_send=function).emit(event())
    assert f"before_send {name}" in caplog.messages[0].replace(
        "test_every_kind_of_function_is_named_with_its_place.", ""
    )
    assert f" ({__file__}:" in caplog.messages[0]


def test_ctrl_c_within_a_function_passes_and_the_event_is_counted() -> None:
    def interrupted(given: Event) -> Event:
        raise KeyboardInterrupt

    sending = Sending(Listed(), before_send=interrupted)
    with pytest.raises(KeyboardInterrupt):
        sending.emit(event())
    assert balanced(sending.stats()).failed == 1


def test_a_cancellation_that_a_function_raises_is_its_mistake() -> None:
    def cancelled(given: Event) -> Event:
        raise asyncio.CancelledError

    sending = Sending(Listed(), before_send=cancelled)
    assert not sending.emit(event())


def test_a_function_may_emit_but_not_without_end(caplog: pytest.LogCaptureFixture) -> None:
    sink = Listed()

    def also(given: Event) -> Event:
        sending.emit(event("again"))
        return given

    sending = Sending(sink, before_send=also)
    assert sending.emit(event("first"))
    assert sink.ids == ["again"] * (MAX_DEPTH - 1) + ["first"]
    assert balanced(sending.stats()).failed == 1
    assert "for each event that it is given" in caplog.messages[0]
    assert sending.emit(event("second"))


# Sinks that fail


class Unreadable(Exception):
    def __str__(self) -> str:
        raise self


def test_an_exception_that_cannot_be_read_is_told_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    def unreadable(given: Event) -> None:
        raise Unreadable

    class Sink:
        emit = staticmethod(unreadable)

    for sending in (Sending(Listed(), before_send=unreadable), Sending(Sink())):
        assert not sending.emit(event())
        assert balanced(sending.stats()).failed == 1
    assert ["raised Unreadable: its text cannot be read" in line for line in caplog.messages] == [True, True]


@pytest.mark.parametrize("settings", [{"before_send": failing}, {}])
def test_a_handler_of_the_log_that_raises_harms_nobody(settings: Any) -> None:
    class Raises(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("the log is full")

    logger, handler = logging.getLogger("chaukas_spec_lite"), Raises()
    logger.addHandler(handler)
    try:
        sending = Sending(Broken(), **settings)
        assert not sending.emit(event())
    finally:
        logger.removeHandler(handler)
    assert balanced(sending.stats()).failed == 1


def test_what_was_lost_before_it_came_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending(Listed())
    sending.failed(ValueError("no event of it"))
    assert balanced(sending.stats()).failed == 1
    assert caplog.messages == ["An event was not recorded: ValueError: no event of it"]


class Broken(Listed):
    def emit(self, event: Event) -> None:
        raise OSError("disk full")

    def flush(self) -> None:
        raise OSError("no disk")

    def close(self) -> None:
        raise OSError("gone")


def test_a_sink_that_raises_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending(Broken())
    assert not sending.emit(event())
    assert not sending.emit(event())
    assert not sending.flush()
    assert not sending.close()
    stats = balanced(sending.stats())
    assert (stats.failed, stats.last_error) == (2, "Broken.close raised OSError: gone")
    assert [line.split(";")[0] for line in caplog.messages] == [
        "Broken.emit raised OSError: disk full",
        "Broken.flush raised OSError: no disk",
        "Broken.close raised OSError: gone",
    ]


@pytest.mark.parametrize(
    ("result", "taken"), [(None, True), (True, True), (Emitted.QUEUED, True), (Emitted.DROPPED, False), (False, False)]
)
def test_a_sink_can_say_that_it_did_not_take_an_event(result: object, taken: bool) -> None:
    class Says:
        def emit(self, event: Event) -> object:
            return result

    sending = Sending(Says())
    assert sending.emit(event()) is taken
    assert (sending.stats().sent, sending.stats().failed) == (int(taken), int(not taken))


def test_what_is_no_event_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending(Listed())
    assert not sending.emit("text")  # type: ignore[arg-type]  # what is tested
    assert balanced(sending.stats()).failed == 1
    assert caplog.messages == ["An event was not recorded: it takes an Event, not str"]


def test_a_log_handler_that_emits_does_not_go_on_without_end(caplog: pytest.LogCaptureFixture) -> None:
    class Emits(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            sending.emit(event("of the log"))

    sending = Sending(Listed(), before_send=failing)
    handler = Emits()
    logging.getLogger("chaukas_spec_lite").addHandler(handler)
    try:
        sending.emit(event())
    finally:
        logging.getLogger("chaukas_spec_lite").removeHandler(handler)
    assert balanced(sending.stats()).failed == 2
    assert len(caplog.messages) == 1


# What is refused at once


class Sinkless:
    pass


class AsyncEmit:
    async def emit(self, event: Event) -> None: ...


class TwoArguments:
    def emit(self, event: Event, more: int) -> None: ...


class Sender:
    async def send(self, batch: object) -> None: ...


@pytest.mark.parametrize(
    ("sink", "says"),
    [
        (Listed, "has to be an object, not the class: write Listed(...)"),
        (
            "grpc://secret@host",
            "has to be an object, not text: Recorder.to and sinks.open_sink take addresses",
        ),
        (Sinkless(), "is of type Sinkless, which has no method emit: give it an exporter, or a sink"),
        (None, "is of type NoneType, which has no method emit"),
        ([], "is of type list, which has no method emit"),
        (Sender(), "is of type Sender, which sends, but takes no event: write EventExporter(...)"),
        (AsyncEmit(), "AsyncEmit.emit is asynchronous, and nobody could await it: write `def emit`"),
        (TwoArguments(), "TwoArguments.emit takes (event: 'Event', more: 'int') -> 'None', and has to be"),
    ],
)
def test_a_sink_that_can_take_nothing_is_refused(sink: Any, says: str) -> None:
    with pytest.raises(SettingTypeError) as caught:
        Sending(sink)
    assert str(caught.value).startswith(f"sink: {says}")
    assert "secret" not in str(caught.value)


async def asynchronous(given: Event) -> Event:
    return given


def generator(given: Event) -> Any:
    yield given


class AsyncCallable:
    async def __call__(self, given: Event) -> Event:
        return given


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (Callable_, "has to be a function or an object, not the class: write before_send=Callable_(...)"),
        ([no_debug, Callable_], "has to be a function or an object, not the class: write before_send=Callable_(...)"),
        (asynchronous, "asynchronous is asynchronous, and nobody could await it: write `def`, not `async def`"),
        (AsyncCallable(), "AsyncCallable is asynchronous"),
        (functools.partial(asynchronous), "asynchronous is asynchronous"),
        (generator, "generator is a generator with its `yield`: write `return`"),
        (lambda: None, "test_sending.<lambda> takes ()"),
        ("password", "has to be a function of an event, not str"),
        (["password"], "has to hold functions of an event, not str"),
        (1, "has to be a function of an event, not int"),
    ],
)
def test_what_is_no_function_of_an_event_is_refused(function: Any, says: str) -> None:
    with pytest.raises(SettingTypeError) as caught:
        Sending(Listed(), before_send=function)
    assert str(caught.value).startswith(f"before_send: {says.replace('test_sending.', '')}")


@pytest.mark.parametrize(
    ("settings", "name"), [({"send_on_error": 1}, "send_on_error"), ({"log_interval": "often"}, "log_interval")]
)
def test_settings_are_checked(settings: Any, name: str) -> None:
    with pytest.raises(SettingTypeError, match=name):
        Sending(Listed(), **settings)


def test_a_function_without_a_signature_is_taken() -> None:
    Sending(Listed(), before_send=max)  # type: ignore[arg-type]  # only that it is not refused


# Flushing and ending


class Timed(Listed):
    """A sink with plain methods that take a timeout."""

    def __init__(self, result: object = True) -> None:
        super().__init__()
        self.calls: list[object] = []
        self.result = result

    def flush(self, timeout: float) -> object:
        self.calls.append(("flush", timeout, threading.current_thread() is threading.main_thread()))
        return self.result

    def close(self, timeout: float | None = None) -> object:
        self.calls.append(("close", timeout, threading.current_thread() is threading.main_thread()))
        return self.result


def test_a_plain_sink_gets_the_timeouts() -> None:
    sink = Timed()
    sending = Sending(sink)
    assert sending.flush(7)
    assert sending.flush(-1)
    assert sending.close(3)
    assert sending.close(4)
    assert sink.calls == [("flush", 7.0, True), ("flush", 0.0, True), ("close", 3.0, True)]


def test_a_plain_sink_does_not_hold_up_the_loop() -> None:
    async def main() -> None:
        assert await sending.aflush(7)
        assert await sending.aclose()
        assert await sending.aclose()

    sink = Timed()
    sending = Sending(sink)
    asyncio.run(main())
    assert sink.calls == [("flush", 7.0, False), ("close", None, False)]


@pytest.mark.parametrize(("result", "good"), [(True, True), (None, True), (False, False)])
def test_the_sink_says_whether_all_went_well(result: object, good: bool) -> None:
    sending = Sending(Timed(result))
    assert sending.flush() is good
    assert sending.close() is good
    assert sending.close() is good


@pytest.mark.parametrize("timeout", ["soon", None, float("nan"), True])
def test_a_timeout_that_is_no_number_is_refused(timeout: Any) -> None:
    sending = Sending(Listed())
    with pytest.raises(SettingError, match="timeout"):
        sending.flush(timeout)
    if timeout is not None:
        with pytest.raises(SettingError, match="timeout"):
            sending.close(timeout)


def test_what_comes_after_the_end_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    sink = Timed()
    sending = Sending(sink)
    sending.close()
    assert not sending.emit(event())
    assert sink.events == []
    assert balanced(sending.stats()).failed == 1
    assert caplog.messages == [
        "An event was not recorded: it came after close(), which belongs at the end of the program"
    ]


class Gone:
    """A sender that takes all batches."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []

    async def send(self, encoded_events: Any) -> None:
        self.batches.append(list(encoded_events))

    @property
    def ids(self) -> list[str]:
        return [Event.parse(each).event_id for batch in self.batches for each in batch]


def test_a_blocking_exporter_is_a_sink() -> None:
    sender = Gone()
    sending = Sending(BlockingExporter(sender), before_send=no_debug)
    assert [sending.emit(event(name)) for name in ("a", "debug", "b")] == [True, False, True]
    assert sending.flush()
    assert sender.ids == ["a", "b"]
    assert sending.close()
    assert not sending.emit(event())


def test_a_blocking_exporter_within_a_loop() -> None:
    async def main() -> None:
        sending = Sending(BlockingExporter(sender))
        sending.emit(event("a"))
        assert await sending.aflush()
        assert sender.ids == ["a"]
        sending.emit(event("b"))
        assert await sending.aclose()

    sender = Gone()
    asyncio.run(main())
    assert sender.ids == ["a", "b"]


def test_an_exporter_within_its_loop(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with EventExporter(sender) as exporter:
            sending = Sending(exporter)
            assert sending.emit(event("a"))
            assert await sending.aflush()
            assert sender.ids == ["a"]
            assert sending.emit(event("b"))
            # Without ``await`` nobody can wait for it here: it says so, and goes on.
            assert not sending.flush()
            assert not sending.close()
            assert sending.emit(event("c"))
            assert await sending.aclose()
            assert not sending.emit(event("d"))

    sender = Gone()
    asyncio.run(main())
    assert sender.ids == ["a", "b", "c"]
    assert "write await recorder.aflush()" in caplog.messages[0]
    assert "write await recorder.aclose()" in caplog.messages[1]


def test_an_exporter_without_a_loop_is_flushed_by_one_of_its_own(tmp_path: Path) -> None:
    sender = Gone()
    sending = Sending(EventExporter(sender, spool=tmp_path))
    sending.emit(event("a"))
    assert sending.flush()
    assert sender.ids == ["a"]
    sending.emit(event("b"))
    assert sending.close()
    assert sender.ids == ["a", "b"]


def test_a_client_is_no_sink() -> None:
    with pytest.raises(SettingTypeError, match=r"ChaukasClient, which sends, but takes no event: write EventExporter"):
        Sending(ChaukasClient("127.0.0.1:1"))  # type: ignore[arg-type]  # what is tested


def test_who_is_interrupted_while_counting_holds_up_no_other_thread() -> None:
    """A signal handler or finalizer there may wait for a thread, as for the sampler's lock, which may want to count."""
    outcomes, stuck, seen = Outcomes(), list[int](), set[int]()

    def interrupt(frame: FrameType, what: str, _: object) -> Any:
        if frame.f_code is not Outcomes.count.__code__:
            return None
        if what == "line" and frame.f_lineno not in seen:
            seen.add(frame.f_lineno)  # Again and again, it would be counted anew without end.
            other = threading.Thread(target=outcomes.count, args=(Outcome.SENT,), daemon=True)
            other.start()
            other.join(10)
            if other.is_alive():
                stuck.append(frame.f_lineno)
                sys.settrace(before)
            outcomes.count(Outcome.FILTERED)
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        outcomes.count(Outcome.SAMPLED_OUT)
    finally:
        sys.settrace(before)
    stats = balanced(outcomes.stats())
    assert not stuck
    assert (stats.sampled_out, stats.sent) == (1, len(seen))
    assert len(seen) > 5
