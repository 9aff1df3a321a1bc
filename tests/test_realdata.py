"""The recorded data is all there, and what its README says about it is so."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from chaukas.spec.client.v1 import client_pb2
from chaukas.spec.common.v1 import events_pb2

from tests import realdata

EVENTS = {
    "head-langchain-async1": 116,
    "pypi-builder-large": 62,
    "pypi-builder-matrix": 380,
    "pypi-builder-sessions": 416,
    "pypi-crewai-sync": 180,
    "pypi-openai024-async": 266,
    "pypi-openai024-mcp": 121,
}

REQUESTS = {
    "chaukas.spec.client.v1.IngestEventRequest": client_pb2.IngestEventRequest,
    "chaukas.spec.client.v1.IngestEventBatchRequest": client_pb2.IngestEventBatchRequest,
}


def events_of(body: realdata.Body) -> list[events_pb2.Event]:
    request = REQUESTS[body.message_type].FromString(body.data)
    if isinstance(request, client_pb2.IngestEventRequest):
        return [request.event]
    return list(request.event_batch.events)


def test_every_capture_holds_its_events() -> None:
    assert {name: len(realdata.events(name)) for name in realdata.CAPTURES} == EVENTS
    assert len(realdata.events()) == 1541


@pytest.mark.parametrize("name", EVENTS)
def test_the_official_package_parses_every_event_and_writes_it_again_with_the_same_meaning(name: str) -> None:
    for data in realdata.events(name):
        event = events_pb2.Event.FromString(data)
        again = event.SerializeToString()
        assert len(again) == len(data)
        assert events_pb2.Event.FromString(again) == event
        assert event.type in events_pb2.EventType.values()
        assert event.event_id
        assert event.timestamp.nanos % 1000 == 0


def test_sizes_are_those_the_readme_names() -> None:
    sizes = sorted(len(data) for data in realdata.events())
    assert [sizes[len(sizes) * percent // 100] for percent in (50, 90, 99)] == [410, 1569, 17245]
    assert sizes[-1] == 45315


def test_event_ids_are_unique_and_every_type_occurs() -> None:
    events = [events_pb2.Event.FromString(data) for data in realdata.events()]
    assert len({event.event_id for event in events}) == 1541
    assert {event.type for event in events} == set(events_pb2.EventType.values()) - {0}


def test_every_body_holds_what_the_manifest_says() -> None:
    bodies = realdata.bodies()
    assert len(bodies) == len({body.file for body in bodies}) == 112
    assert {body.file for body in bodies} == {f"wire/{path.name}" for path in (realdata.DATA / "wire").glob("*.bin")}
    assert Counter((body.path, body.message_type.rpartition(".")[2]) for body in bodies) == {
        ("/events", "IngestEventRequest"): 41,
        ("/events/batch", "IngestEventBatchRequest"): 71,
    }
    for body in bodies:
        assert len(events_of(body)) == body.events, body.file


def test_bodies_carry_events_of_the_captures() -> None:
    captured = {events_pb2.Event.FromString(data).event_id for data in realdata.events()}
    posted = Counter(event.event_id for body in realdata.bodies() for event in events_of(body))
    assert set(posted) <= captured
    assert len(posted) == posted.total() == 1403


def test_json_lines_are_events_with_a_naive_timestamp_and_names_for_enums() -> None:
    counts = {name: len(realdata.jsonl(name)) for name in realdata.JSONL_CAPTURES}
    assert counts == {
        "pypi-builder-large": 11,
        "pypi-builder-matrix": 133,
        "pypi-builder-sessions": 104,
        "pypi-crewai-sync": 180,
        "pypi-openai024-async": 135,
    }
    fields = set(events_pb2.Event.DESCRIPTOR.fields_by_name)
    types = set(events_pb2.EventType.keys())
    for line in realdata.jsonl():
        row = json.loads(line)
        assert set(row) <= fields
        assert row["type"] in types
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?", row["timestamp"])


@pytest.mark.parametrize("data", [b"\x03ab", b"\x01a\x80", b"\xff\xff\x03"])
def test_a_delimited_file_that_is_cut_off_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"short\.delim: the message at byte \d+ is cut off"):
        list(realdata.split_delimited(data, "short.delim"))
