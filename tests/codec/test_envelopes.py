"""Events travel as the bytes they are: cut into batches, put into requests and responses, cut out of them again."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event, EventBatch
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, IngestEventRequest, QueryEventsResponse
from chaukas_spec_lite.wire.envelopes import (
    MAX_FRAME_BYTES,
    OVERHEAD,
    batch_request,
    batches,
    event_id_of,
    event_of,
    event_request,
    events_of,
    framed_size,
    page_response,
)
from chaukas_spec_lite.wire.format import varint
from tests import realdata

# Encodings of events that no encoder of ours would write: reversed fields, overlong tags, unknown fields, fields twice.
ODD = [
    b"\x12\x01t\x0a\x01e",
    b"\x8a\x00\x01e",
    b"\x0a\x01x\xf8\x7f\x05\x0a\x01e",
    b"\x0a\x01e\xf2\x01\x04\x12\x02hi\xf2\x01\x03\x0a\x01r",
    b"\x0a\x01e\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
]
EVENTS = st.sampled_from([*ODD, *realdata.events()[:20]])
UNKNOWN = [b"\xf8\x7f\x05", b"\xfa\x7f\x01x", b"\x08\x01", b"\x18\x01", b"\x12\x00", b"\x93\x01\x94\x01"]
EVENT_TAGS = st.sampled_from([b"\x0a", b"\x8a\x00", b"\x8a\x80\x80\x80\x00"])
EVENTS_TAGS = st.sampled_from([b"\x1a", b"\x9a\x00"])
NOISE = st.sampled_from([b"", *UNKNOWN])


def part(tag: bytes, data: bytes) -> bytes:
    return tag + varint(len(data)).encode("latin-1") + data


@given(
    st.lists(
        st.tuples(NOISE, st.sampled_from([b"\x0a", b"\x8a\x00", b"\x8a\x80\x80\x80\x00"]), EVENTS),
        min_size=1,
        max_size=5,
    )
)
def test_an_event_in_a_request(parts: list[tuple[bytes, bytes, bytes]]) -> None:
    request = b"".join(noise + part(tag, event) for noise, tag, event in parts)
    assert event_of(request) == b"".join(event for _, _, event in parts)
    assert Event.parse(event_of(request)) == IngestEventRequest.parse(request).event


@given(
    st.lists(
        st.lists(st.tuples(NOISE, st.sampled_from([b"\x1a", b"\x9a\x00"]), EVENTS), max_size=5), min_size=1, max_size=3
    )
)
def test_the_events_of_a_batch(sent: list[list[tuple[bytes, bytes, bytes]]]) -> None:
    encoded = [b"".join(noise + part(tag, event) for noise, tag, event in batch) for batch in sent]
    request = b"".join(part(b"\x0a", batch) for batch in encoded)
    events = [event for batch in sent for _, _, event in batch]
    assert events_of(request) == events
    parsed = IngestEventBatchRequest.parse(request).event_batch
    assert parsed is not None
    assert parsed.events == [Event.parse(event) for event in events]


def test_every_recorded_request() -> None:
    kinds = {
        IngestEventRequest._full_name: lambda data: [event_of(data)],
        IngestEventBatchRequest._full_name: events_of,
    }
    count = 0
    for body in realdata.bodies():
        events = kinds[body.message_type](body.data)
        assert len(events) == body.events
        assert all(Event.parse(event).event_id for event in events)
        count += len(events)
    assert count > 1000


@given(st.lists(EVENTS), st.sampled_from(["", "token", "x" * 200]))
def test_a_page(events: list[bytes], token: str) -> None:
    encoded = page_response(events, token)
    page = QueryEventsResponse.parse(encoded).response
    assert page is not None
    assert page.events == [Event.parse(event) for event in events]
    assert page.next_page_token == token
    assert len(encoded) <= sum(map(len, events)) + len(token) + (len(events) + 2) * MAX_FRAME_BYTES


def test_a_batch_of_our_own() -> None:
    events = [Event(event_id=f"{number}") for number in range(3)]
    request = bytes(IngestEventBatchRequest(event_batch=EventBatch(events=events)))
    assert events_of(request) == [bytes(event) for event in events]


@given(st.lists(st.integers(0, 300)), st.integers(1, 10), st.integers(1, 1000))
def test_batches_keep_order_and_limits(sizes: list[int], max_events: int, max_bytes: int) -> None:
    parts = list(batches(sizes, lambda size: size, max_events, max_bytes))
    assert [size for part in parts for size in part] == sizes
    for index, part in enumerate(parts):
        total = sum(map(framed_size, part))
        assert 1 <= len(part) <= max_events
        assert total <= max_bytes or len(part) == 1
        for after in parts[index + 1 : index + 2]:  # and none is split without need
            assert len(part) == max_events or total + framed_size(after[0]) > max_bytes


@given(st.lists(st.text(max_size=200)))
def test_spliced_requests_are_what_encoding_makes(branches: list[str]) -> None:
    now = datetime.now(timezone.utc)
    events = [Event(branch=branch) for branch in branches]
    request = batch_request(bytes(EventBatch(batch_id="id" * 18, timestamp=now)), [bytes(event) for event in events])
    batch = IngestEventBatchRequest.parse(request).event_batch
    assert batch is not None
    assert (batch.batch_id, batch.timestamp, batch.events) == ("id" * 18, now, events)
    assert bytes(IngestEventBatchRequest(event_batch=batch)) == request
    assert len(request) <= OVERHEAD + sum(framed_size(len(bytes(event))) for event in events)
    for event in events:
        assert event_request(bytes(event)) == bytes(IngestEventRequest(event=event))


def test_a_parsedleaves_as_soon_as_the_next_event_does_not_fit() -> None:
    """What is read from a file or a pipe is not gathered any longer than that."""
    taken: list[int] = []
    source = (taken.append(size) or size for size in [10] * 5)
    assert next(batches(source, lambda size: size, 2, 1000)) == [10, 10]
    assert len(taken) == 3


@pytest.mark.parametrize(
    ("data", "event_id"),
    [
        (b"", ""),
        (b"\x12\x01t", ""),
        (b"\x12\x01t\x0a\x02\xc3\xa9", "é"),
        (b"\x0a\x01a\x0a\x01b", "b"),
        (b"\x08\x05", ""),
        (b"\x0a\x01\xff", ""),
        (b"\x0a\x05ab", ""),
        (b"nonsense", ""),
    ],
)
def test_the_id_of_an_event_is_read_from_its_bytes(data: bytes, event_id: str) -> None:
    assert event_id_of(data) == event_id


def test_the_ids_of_recorded_events() -> None:
    for data in realdata.events():
        assert event_id_of(data) == Event.parse(data).event_id
