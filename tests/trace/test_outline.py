"""A run as text: a line for each span and moment, the same for the same run."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from chaukas_spec_lite import ErrorInfo, Event, EventStatus, EventType
from chaukas_spec_lite.trace.outline import outline

START = datetime(2026, 11, 29, tzinfo=timezone.utc)


def event(type: EventType, span: str, parent: str = "", at: int = 0, **fields: Any) -> Event:
    settings = {"event_id": f"{span}-{type}", "session_id": "s", "timestamp": START + timedelta(seconds=at)}
    return Event(**settings, type=type, span_id=span, parent_span_id=parent, **fields)


def test_nothing_is_an_empty_text() -> None:
    assert outline([]) == ""


def test_spans_may_lack_an_end_or_a_start() -> None:
    events = [
        event(EventType.AGENT_START, "a", agent_name="begun"),
        event(EventType.AGENT_END, "b", at=1, agent_name="ended", status=EventStatus.FAILED),
    ]
    assert outline(events) == "agent begun [no end]\nagent ended [failed, no start]"


def test_titles_and_errors_are_one_line_each() -> None:
    end = event(
        EventType.AGENT_END,
        "a",
        at=1,
        status=EventStatus.FAILED,
        error=ErrorInfo(error_message="one\ntwo\tthree"),
    )
    assert outline([event(EventType.AGENT_START, "a", agent_name="a\n b"), end]) == "agent a b [failed: one two three]"


def test_the_order_of_events_does_not_matter_nor_do_ids() -> None:
    def run(prefix: str) -> list[Event]:
        return [
            event(EventType.AGENT_START, f"{prefix}a", at=0, agent_name="a"),
            event(EventType.SYSTEM, f"{prefix}b", f"{prefix}a", at=1, metadata={"message": "x"}),
            event(EventType.AGENT_END, f"{prefix}a", at=2, agent_name="a"),
        ]

    assert outline(run("1")) == outline(reversed(run("2"))) == "agent a\n  system x"


def test_a_chain_of_any_length_is_written() -> None:
    chain = [event(EventType.AGENT_START, str(at), str(at - 1), at, agent_name=str(at)) for at in range(1, 3000)]
    lines = outline(chain).splitlines()
    assert len(lines) == 2999
    assert lines[-1] == "  " * 2998 + "agent 2999 [no end]"
