"""What is odd in events is found, and nothing in those that are not."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.trace.oddities import KIND_TEXTS, Oddities
from tests import realdata
from tests.cli.recordings import recorded

NOW = datetime(2026, 11, 29, tzinfo=timezone.utc)


def event(event_id: str, type_: EventType = EventType.TOOL_CALL_START, **more: Any) -> Event:
    given: dict[str, Any] = {"session_id": "s", "span_id": "t", "timestamp": NOW} | more
    return Event(event_id=event_id, type=type_, **given)


END = EventType.TOOL_CALL_END


def odd(*events: Event) -> list[str]:
    looking = Oddities(NOW)
    found = [each.kind for one in events for each in looking.add(one, bytes(one))]
    found += [each.kind for each in looking.rest()]
    assert looking.counts.total() == len(found)
    assert set(found) <= set(KIND_TEXTS)
    return sorted(found)


GOOD = event("a"), event("b", END)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (GOOD, []),
        (GOOD[::-1], []),
        ((GOOD[0],), ["START without END"]),
        ((GOOD[1],), ["END without START"]),
        ((*GOOD, GOOD[0], GOOD[1]), ["same id twice", "same id twice"]),
        ((*GOOD, event("c"), event("c", END)), ["id of another event"]),
        ((*GOOD, event("", EventType.ERROR)), ["no event id"]),
        ((*GOOD, event("c", EventType.ERROR, session_id="")), ["no session id"]),
        ((event("c", span_id=""),), ["no span id"]),
        ((*GOOD, event("c", EventType.UNSPECIFIED)), ["no type"]),
        ((*GOOD, event("c", EventType(999))), ["unknown type"]),
        ((*GOOD, event("c", EventType.ERROR, timestamp=None)), ["no timestamp"]),
        ((*GOOD, event("c", EventType.ERROR, timestamp=NOW + timedelta(days=2))), ["time in the future"]),
        ((*GOOD, event("c", EventType.ERROR, timestamp=datetime(1970, 1, 1, tzinfo=timezone.utc))), ["time long ago"]),
        ((event("a"), event("b", END, timestamp=NOW - timedelta(seconds=1))), ["END before START"]),
        ((event("a", parent_span_id="x"), event("b", END, parent_span_id="x")), ["parent not recorded"]),
        ((*GOOD, event("c", EventType.ERROR, span_id="e", parent_span_id="x")), ["parent not recorded"]),
        ((*GOOD, event("c", EventType.ERROR, span_id="e", parent_span_id="t")), []),
        ((event("a", parent_span_id="t"), event("b", END)), ["own parent"]),
        (
            (
                *GOOD,
                event("c", span_id="u", parent_span_id="t", timestamp=NOW - timedelta(seconds=1)),
                event("d", END, span_id="u", parent_span_id="t"),
            ),
            ["begins before its parent"],
        ),
        ((*GOOD, event("c", tenant_id="other"), event("d", END, tenant_id="other")), []),
    ],
)
def test_what_is_odd_is_found(events: tuple[Event, ...], expected: list[str]) -> None:
    assert odd(*events) == expected


def test_nothing_is_odd_in_a_recording_of_the_recorder() -> None:
    assert odd(*recorded()) == []


def test_real_captures_are_looked_at() -> None:
    for name in realdata.CAPTURES:
        odd(*map(Event.parse, realdata.events(name)))
