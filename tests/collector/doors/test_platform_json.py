"""The platform's JSON: what its published document says, and that nothing is lost on the way there and back."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import betterproto2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event, EventStatus, EventType, JSONError, MessageContent, Severity
from chaukas_spec_lite.collector.doors.platform_json import (
    KINDS,
    REQUIRED,
    read_event,
    read_message,
    write_event,
    write_message,
)
from chaukas_spec_lite.protojson.text import parse
from chaukas_spec_lite.spec.common.v1.query import QueryRequest, SortOrder
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyOfGoogle
from chaukas_spec_lite.wire.fields import fields_of
from tests import realdata
from tests.profiles import searched
from tests.strategies import messages

# Facts of the published document (public.yaml of chaukas-spec 1.0.5), typed in here by hand.
PUBLISHED = {
    "type": (
        "SESSION_START SESSION_END AGENT_START AGENT_END AGENT_HANDOFF MODEL_INVOCATION_START MODEL_INVOCATION_END "
        "TOOL_CALL_START TOOL_CALL_END MCP_CALL_START MCP_CALL_END INPUT_RECEIVED OUTPUT_EMITTED ERROR RETRY "
        "POLICY_DECISION DATA_ACCESS STATE_UPDATE SYSTEM"
    ),
    "status": "STARTED IN_PROGRESS COMPLETED FAILED CANCELLED",
    "severity": "DEBUG INFO WARN ERROR",
    "author": "USER AGENT TOOL SYSTEM LLM",
}
PUBLISHED_KINDS = (
    "message tool_call tool_response llm_invocation policy_decision data_access error_info agent_handoff mcp_call"
)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_name_of_an_enum_is_read_and_written(name: str) -> None:
    for bare in PUBLISHED[name].split():
        event = read_event({"event_id": "1", name: bare})
        assert getattr(event, name).name == bare
        assert int(getattr(event, name)) > 0
        assert write_event(event)[name] == bare


def test_the_kinds_are_the_published_ones_and_one_more() -> None:
    assert {*KINDS} == {*PUBLISHED_KINDS.split(), "state_update"}
    assert {*REQUIRED} == {*PUBLISHED_KINDS.split()}


def test_an_event_as_the_document_has_it() -> None:
    document = {
        "event_id": "1",
        "type": "INPUT_RECEIVED",
        "status": "COMPLETED",
        "severity": "INFO",
        "timestamp": "2026-11-29T12:00:00.000000001Z",
        "session_id": "s",
        "tags": ["env:prod"],
        "content": {"kind": "message", "role": "user", "text": "Hi", "metadata": {"n": 1.0}},
        "retry": {"attempt": 2, "backoff_ms": 50},
        "cost": {"input_tokens": 7, "total_cost": 0.5},
    }
    event = read_event(document)
    assert event.type is EventType.INPUT_RECEIVED
    assert event.status is EventStatus.COMPLETED
    assert event.message == MessageContent(role="user", text="Hi", metadata={"n": 1.0})
    assert event.cost is not None
    assert event.cost.input_tokens == 7
    assert write_event(event) == document


def test_a_query_as_the_document_has_it() -> None:
    document = {
        "filter": {
            "tenant_id": "acme",
            "types": ["ERROR", "RETRY"],
            "severities": ["WARN"],
            "statuses": ["FAILED"],
            "time": {"start": "2026-11-29T12:00:00Z"},
        },
        "page_size": 10,
        "order_by_time": "ASC",
    }
    query = read_message(QueryRequest, document)
    assert query.filter is not None
    assert query.filter.types == [EventType.ERROR, EventType.RETRY]
    assert query.filter.severities == [Severity.WARN]
    assert query.order_by_time is SortOrder.ASC
    assert write_message(query) == document


@searched(3_000)
@given(messages(Event))
def test_every_event_survives(event: Event) -> None:
    """Through text, as it travels; a cross-check with ProtoJSON, which knows the same values."""
    written = json.loads(json.dumps(write_event(event), allow_nan=False))
    omitted = written.pop("omitted", {})
    back = read_event(written)
    for field in fields_of(Event):
        name = "content" if field.oneof else field.proto_name
        if name not in omitted:
            assert form(getattr(back, field.name), field.name) == form(getattr(event, field.name), field.name)
    if not omitted and not event.extensions:
        assert Event.from_dict(event.to_dict()).to_dict() == back.to_dict()


@searched(1_000)
@given(messages(QueryRequest))
def test_every_query_survives(query: QueryRequest) -> None:
    try:
        expected = query.to_dict()
    except JSONError:  # times beyond the year 9999
        with pytest.raises(JSONError):
            write_message(query)
        return
    back = read_message(QueryRequest, json.loads(json.dumps(write_message(query), allow_nan=False)))
    assert back.to_dict() == expected


def form(value: Any, name: str) -> Any:
    """What JSON can know of a field: without what is unknown on the wire; NaN is NaN."""
    if name == "extensions":
        return [(each.type_url, each.value) for each in value]
    if isinstance(value, betterproto2.Enum):
        return int(value)
    return Event(**{name: value}).to_json()


def test_all_that_the_sdk_has_sent_survives() -> None:
    for data in realdata.events():
        event = Event.parse(data)
        written = write_event(event)
        assert "omitted" not in written
        assert read_event(json.loads(json.dumps(written))) == event


def test_what_has_no_json_does_not_keep_the_rest_away() -> None:
    event = Event(event_id="1", metadata={"n": float("nan")}, branch="main")
    written = write_event(event)
    assert written["branch"] == "main"
    assert "metadata" not in written
    assert "NaN" in written["omitted"]["metadata"] or "nan" in written["omitted"]["metadata"]


def test_what_the_document_does_not_know_has_a_form() -> None:
    event = Event(
        event_id="1",
        state_update={"model": {"new": "gpt-4o"}},
        extensions=[AnyOfGoogle("type.example/of.Others", b"\xff\x00")],
    )
    written = write_event(event)
    assert written["content"] == {"kind": "state_update", "state": {"model": {"new": "gpt-4o"}}}
    assert written["extensions"] == [{"type_url": "type.example/of.Others", "value": "/wA="}]
    assert read_event(written) == event


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("[]", "$", "expected an object, got an array"),
        ('{"event_id": 3}', "$.event_id", "expected a string"),
        ('{"eventId": "1"}', "$", "did you mean 'event_id'"),
        ('{"sesion_id": "1"}', "$", "did you mean 'session_id'"),
        ('{"tool_call": {"name": "x"}}', "$", "no field"),
        ('{"type": "EVENT_TYPE_ERROR"}', "$.type", "EventType has no value"),
        ('{"type": "EROR"}', "$.type", "did you mean 'ERROR'"),
        ('{"type": true}', "$.type", "expected the name or number"),
        ('{"content": []}', "$.content", "expected an object"),
        ('{"content": {}}', "$.content.kind", "is missing; expected one of agent_handoff"),
        ('{"content": {"kind": "massage"}}', "$.content.kind", 'is "massage"; expected one of'),
        ('{"content": {"kind": ["message"]}}', "$.content.kind", "expected one of"),
        ('{"content": {"kind": "policy_decision", "outcome": 3}}', "$.content.outcome", "expected a string"),
        ('{"content": {"kind": "state_update"}}', "$.content.state", "is missing"),
        ('{"content": {"kind": "state_update", "new": {}}}', "$.content", 'only, not "new"'),
        ('{"extensions": {}}', "$.extensions", "expected an array"),
        ('{"extensions": [{"@type": "x"}]}', "$.extensions[0]", "type_url and value"),
        ('{"extensions": [{"value": "?"}]}', "$.extensions[0]", "no base64"),
        ('{"extensions": [{"type_url": "\\ud800"}]}', "$.extensions[0]", "surrogate"),
        ('{"timestamp": "yesterday"}', "$.timestamp", "no timestamp"),
    ],
)
def test_mistakes_are_named(text: str, path: str, said: str) -> None:
    with pytest.raises(JSONError) as caught:
        read_event(parse(text))
    assert caught.value.path == path
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("3", "$"),
        ('{"filter": []}', "$.filter"),
        ('{"filter": {"types": ["EROR"]}}', "$.filter.types[0]"),
        ('{"filter": {"types": "ERROR"}}', "$.filter.types"),
        ('{"filters": {}}', "$"),
        ('{"order_by_time": "UP"}', "$.order_by_time"),
    ],
)
def test_mistakes_in_queries_are_named(text: str, path: str) -> None:
    with pytest.raises(JSONError) as caught:
        read_message(QueryRequest, parse(text))
    assert caught.value.path == path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["event_id", "type", "content", "kind", "message", "state", "extensions", "value", "filter"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@searched(2_000)
@given(JSON)
def test_nothing_but_a_json_error_comes_of_any_json(value: Any) -> None:
    with contextlib.suppress(JSONError):
        assert isinstance(read_event(value), Event)
    with contextlib.suppress(JSONError):
        assert isinstance(read_message(QueryRequest, value), QueryRequest)
