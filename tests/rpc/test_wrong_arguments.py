"""Calls that are given the wrong shape say which call takes it. Nothing connects: the arguments are checked before."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from chaukas.spec.client.v1 import client_pb2
from chaukas.spec.common.v1 import events_pb2

from chaukas_spec_lite import BlockingChaukasClient, ChaukasClient, Event, EventBatch, EventType

WRONG: list[tuple[str, Any, str]] = [
    ("ingest_event", [Event()], "got list; use ingest_events for several events"),
    ("ingest_event", {}, "got dict; make an event of it"),
    ("ingest_event", None, r"got None; make an event with Event\(...\)"),
    ("ingest_event", Event, r"got the class Event; make an event with Event\(...\)"),
    ("ingest_events", Event(), "got Event; use ingest_event for one event"),
    ("ingest_event", EventBatch(), r"got EventBatch; use ingest_events\(batch\)"),
    ("ingest_events", b"", "got bytes; use ingest_event for one encoded event"),
    ("ingest_events", events_pb2.Event(), "got chaukas.spec.common.v1.Event; use ingest_event for one event"),
    (
        "ingest_events",
        [events_pb2.EventBatch()],
        r"as events\[0\], expects chaukas.spec.common.v1.Event, got chaukas.spec.common.v1.EventBatch; "
        r"use ingest_events\(batch\)",
    ),
    (
        "ingest_event",
        client_pb2.IngestEventRequest(),
        "expects chaukas.spec.common.v1.Event, got chaukas.spec.client.v1.IngestEventRequest; "
        r"use ingest_event\(request.event\)",
    ),
    (
        "ingest_events",
        client_pb2.IngestEventBatchRequest(),
        r"got chaukas.spec.client.v1.IngestEventBatchRequest; use ingest_events\(request.event_batch\)",
    ),
    ("ingest_events", [3], r"ingest_events expects an Event as events\[0\], got int"),
    ("ingest_encoded", b"a", r"got bytes; write \[data\]"),
    ("ingest_encoded", [Event()], "got Event; use ingest_event"),
]


@pytest.mark.parametrize(("method", "given", "said"), WRONG)
def test_a_wrong_shape_is_answered_with_the_right_call(method: str, given: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        asyncio.run(getattr(ChaukasClient("localhost:1"), method)(given))
    with BlockingChaukasClient("localhost:1") as client, pytest.raises(TypeError, match=said):
        getattr(client, method)(given)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("tags", "prod", r"tags: query_events expects a list, got str; write tags=\['prod'\]"),
        ("types", EventType.ERROR, r"write types=\[EventType.ERROR\]"),
    ],
)
def test_one_value_is_no_list_of_conditions(name: str, given: Any, said: str) -> None:
    wrong: Any = {name: given}
    with pytest.raises(TypeError, match=said):
        ChaukasClient("localhost:1").query_events(**wrong)
