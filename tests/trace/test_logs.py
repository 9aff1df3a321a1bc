"""What a program logs within a span becomes an event of it, and nothing goes round in circles."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventExporter, EventStatus, Severity
from chaukas_spec_lite.trace.logs import RecorderHandler
from chaukas_spec_lite.trace.recorder import Recorder
from tests.patience import HANG, run
from tests.trace.recorders import Kept, recorder


class Logged:
    """A logger of the test's own with a handler, its recorder and its events."""

    def __init__(self, name: str) -> None:
        self.log = logging.getLogger(name)
        self.log.setLevel(logging.DEBUG)
        self.recorder, self.kept = recorder()

    def attach(self, *arguments: Any, recorder: Recorder | None = None, **settings: Any) -> RecorderHandler:
        handler = RecorderHandler(recorder or self.recorder, *arguments, **settings)
        self.log.addHandler(handler)
        return handler


@pytest.fixture
def logged(request: pytest.FixtureRequest) -> Iterator[Logged]:
    found = Logged(f"shop.{request.node.name}")
    yield found
    for handler in [*found.log.handlers]:
        found.log.removeHandler(handler)
        handler.close()
    found.log.setLevel(logging.NOTSET)


def _summary(events: list[Event]) -> list[tuple[str, Severity, object]]:
    return [(event.type.name, event.severity, (event.metadata or {}).get("message")) for event in events]


def test_records_become_events_of_the_current_span(logged: Logged) -> None:
    logged.attach(logging.DEBUG)
    logged.log.info("before")
    with logged.recorder.session(), logged.recorder.tool("search") as tool:
        logged.log.debug("looking at %s", "orders")
        logged.log.info("found %d", 2, extra={"order_id": 48213})
        logged.log.warning("slow")
        logged.log.error("lost")
        logged.log.critical("all lost")
    logged.log.info("after")
    points = [event for event in logged.kept.events if event.parent_span_id == tool.span_id]
    assert _summary(points) == [
        ("SYSTEM", Severity.DEBUG, "looking at orders"),
        ("SYSTEM", Severity.INFO, "found 2"),
        ("SYSTEM", Severity.WARN, "slow"),
        ("ERROR", Severity.ERROR, None),
        ("ERROR", Severity.ERROR, None),
    ]
    assert points[1].metadata == {"message": "found 2", "logger": logged.log.name, "level": "INFO", "order_id": 48213}
    assert [event.error.error_message for event in points if event.error] == ["lost", "all lost"]
    assert (points[4].metadata or {})["level"] == "CRITICAL"
    assert {event.trace_id for event in points} == {tool.trace_id}


def test_exceptions_are_errors_and_recorded_once(logged: Logged) -> None:
    logged.attach()

    @logged.recorder.tool
    def search() -> None:
        try:
            raise KeyError("48213")
        except KeyError:
            logged.log.exception("no such order")
            logged.log.warning("trying another", exc_info=True, stack_info=True)
            raise

    with pytest.raises(KeyError), logged.recorder.session():
        search()
    error = logged.kept.one("ERROR")
    assert error.error is not None
    assert (error.error.error_code, error.error.error_message) == ("KeyError", "'48213'")
    assert "raise KeyError" in error.error.stack_trace
    assert (error.metadata or {})["message"] == "no such order"
    system = logged.kept.one("SYSTEM")
    metadata: Any = system.metadata
    assert metadata["error"]["error_code"] == "KeyError"
    assert "raise KeyError" in metadata["error"]["stack_trace"]
    assert "test_logs.py" in metadata["stack"]
    end = logged.kept.one("TOOL_CALL_END")
    assert end.status == EventStatus.FAILED
    assert (end.metadata or {})["failed_in"] == error.span_id


def test_the_level_is_that_of_handlers(logged: Logged) -> None:
    handler = logged.attach("WARNING")
    with logged.recorder.session():
        logged.log.info("left out")
        logged.log.warning("in")
        handler.setLevel(logging.ERROR)
        logged.log.warning("left out")
    assert _summary(logged.kept.of("SYSTEM")) == [("SYSTEM", Severity.WARN, "in")]
    with pytest.raises(ValueError, match="Unknown level"):
        RecorderHandler(logged.recorder, "LOUD")


def test_filters_of_the_handler_count(logged: Logged) -> None:
    handler = logged.attach()
    handler.addFilter(lambda record: "secret" not in record.getMessage())
    with logged.recorder.session():
        logged.log.info("a secret")
        logged.log.info("no news")
    assert _summary(logged.kept.of("SYSTEM")) == [("SYSTEM", Severity.INFO, "no news")]


def test_what_is_logged_outside_of_spans_is_recorded_on_request_only(logged: Logged) -> None:
    logged.attach(outside=True)
    other, _ = recorder()
    with other.session():
        logged.log.info("in a span of another recorder")
    logged.log.info("outside")
    one, two = logged.kept.events
    assert not one.parent_span_id
    assert one.trace_id != two.trace_id


def test_spans_of_another_recorder_do_not_count(logged: Logged) -> None:
    other, kept = recorder()
    logged.attach()
    logged.attach(recorder=other)
    with other.session():
        logged.log.info("theirs")
    assert logged.kept.events == []
    assert len(kept.of("SYSTEM")) == 1


def test_a_span_of_another_process_counts(logged: Logged) -> None:
    logged.attach()
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with logged.recorder.continue_from({"traceparent": parent}):
        logged.log.info("here")
    assert logged.kept.events[0].parent_span_id == "00f067aa0ba902b7"


def test_what_recording_logs_is_not_recorded(logged: Logged) -> None:
    """Neither by the package itself, nor by what it calls: either would go on for ever."""

    class Sink(Kept):
        def emit(self, event: Event) -> None:
            logged.log.info("emitting %s", event.type.name)
            super().emit(event)

    def before_send(event: Event) -> Event:
        logged.log.error("changing %s", event.type.name)
        return event

    kept = Sink()
    here = Recorder(kept, before_send=before_send)
    logged.attach(recorder=here)
    ours = RecorderHandler(here)
    package = logging.getLogger("chaukas_spec_lite")
    package.addHandler(ours)
    try:
        with here.session():
            logged.log.info("hello")
            package.error("ours")
            package.getChild("export").error("ours, too")
    finally:
        package.removeHandler(ours)
    names = [event.type.name for event in kept.events]
    # What the program's own functions log while a span begins is of that span or the one around, and has an end.
    assert _summary(kept.of("SYSTEM")).count(("SYSTEM", Severity.INFO, "hello")) == 1
    assert len(names) < 12, names
    assert not [event for event in kept.events if event.error and event.error.error_message.startswith("ours")]


class _Mute:
    """A message of the program's own kind."""

    def __str__(self) -> str:
        raise RuntimeError("no text today")


def test_a_record_that_cannot_be_written_costs_the_program_nothing(
    logged: Logged, capsys: pytest.CaptureFixture[str]
) -> None:
    logged.log.propagate = False  # pytest's own handler raises
    logged.attach()
    with logged.recorder.session():
        logged.log.info("%d orders", "some")
        logged.log.info("%(count)d orders", {"number": 1})
        logged.log.info(_Mute())
    assert [message for _, _, message in _summary(logged.kept.of("SYSTEM"))] == [
        "%d orders ('some',)",
        "%(count)d orders {'number': 1}",
    ]
    assert "no text today" in capsys.readouterr().err


def test_who_logs_with_a_lock_held_waits_for_nobody(logged: Logged) -> None:
    """A lock of the handler's own would make two threads wait for each other here."""
    lock, inside = threading.Lock(), threading.Event()

    class Sink(Kept):
        def emit(self, event: Event) -> None:
            if event.type.name == "SYSTEM" and (event.metadata or {})["message"] == "first":
                inside.set()
                assert lock.acquire(timeout=HANG)  # the other thread has it while it logs
                lock.release()
            super().emit(event)

    kept = Sink()
    here = Recorder(kept)
    logged.attach(recorder=here, outside=True)

    def second() -> None:
        with lock:
            first.start()
            assert inside.wait(HANG)
            logged.log.info("second")

    first = threading.Thread(target=logged.log.info, args=("first",), daemon=True)
    other = threading.Thread(target=second, daemon=True)
    other.start()
    other.join(HANG)
    first.join(HANG)
    assert sorted(str((event.metadata or {})["message"]) for event in kept.events) == ["first", "second"]


def test_what_is_logged_while_events_are_sent_is_no_part_of_the_span_that_emitted_them(logged: Logged) -> None:
    """HTTP clients log each request: recorded, each of those would make another request."""
    sent: list[bytes] = []

    class Client:
        async def send(self, encoded_events: Sequence[bytes]) -> None:
            logged.log.info("sending %d", len(encoded_events))
            sent.extend(encoded_events)

    async def main() -> None:
        exporter = EventExporter(Client())
        here = Recorder(exporter)
        logged.attach(recorder=here)
        async with here.session():
            async with here.tool("search"):
                logged.log.info("looking")
            assert await exporter.flush()
        await exporter.aclose()

    run(main())
    names = [Event.parse(data).type.name for data in sent]
    assert names == ["SESSION_START", "TOOL_CALL_START", "SYSTEM", "TOOL_CALL_END", "SESSION_END"]
