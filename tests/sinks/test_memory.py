"""Events in a list are those that a server would get."""

from __future__ import annotations

import copy
import uuid
from typing import Any

import pytest

from chaukas_spec_lite import Emitted, Event, EventType, SettingError
from chaukas_spec_lite.sinks.memory import BothSinks, MemorySink, NullSink


def test_events_are_copies_as_a_server_would_get_them() -> None:
    given: dict[str, Any] = {"id": uuid.UUID(int=1), "list": [1]}
    event = Event(type=EventType.SYSTEM, metadata=given)
    with MemorySink() as sink:
        assert sink.emit(event) is Emitted.QUEUED
        given["list"].append(2)
        (kept,) = sink.events
        assert kept.metadata == {"id": str(uuid.UUID(int=1)), "list": [1]}
        assert kept.event_id == event.event_id != ""
        assert sink.flush()
        sink.events.clear()
        assert len(sink.events) == 1
        sink.clear()
        assert sink.events == []
        sink.emit(event)
        assert sink.close()
    assert len(sink.events) == 1


def test_a_limit_keeps_the_last() -> None:
    sink = MemorySink(2)
    for name in "abc":
        sink.emit(Event(agent_name=name))
    assert [event.agent_name for event in sink.events] == ["b", "c"]
    assert repr(sink) == "<MemorySink of 2 events>"


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "10"])
def test_other_limits_are_refused(limit: Any) -> None:
    with pytest.raises(SettingError):
        MemorySink(limit)


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError, match="emit expects an Event"):
        MemorySink().emit({"a": 1})  # type: ignore[arg-type]


def test_nowhere() -> None:
    sink = NullSink()
    assert sink.emit(Event()) is None
    assert sink.flush()
    assert sink.close()


def test_two_sinks_get_each_event_and_the_first_counts() -> None:
    memory, shown = MemorySink(), MemorySink()
    sink = BothSinks(memory, shown)
    assert sink.emit(Event(agent_name="a")) is Emitted.QUEUED
    assert sink.events == memory.events == shown.events
    assert sink.flush()
    assert sink.close()
    with pytest.raises(AttributeError):
        _ = sink.nothing
    assert copy.copy(sink).sink is memory
