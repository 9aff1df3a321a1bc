"""Requests are cut into events as decoding them would, whole or in pieces, and refused early above a limit."""

from __future__ import annotations

import gzip
import itertools
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import DecodeError, Event, EventBatch
from chaukas_spec_lite.collector import splitting
from chaukas_spec_lite.collector.receipts import IngestLimits, Shape
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.collector.splitting import BatchSplitter, Parcel, split
from chaukas_spec_lite.errors import InvalidRequest, TooMuchError
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, IngestEventRequest
from chaukas_spec_lite.wire.envelopes import batch_request, event_of, event_request, events_of
from chaukas_spec_lite.wire.reading import read_tag
from tests import realdata
from tests.mutations import mutations
from tests.profiles import searched
from tests.strategies import delimited, varint

BATCHES = [body.data for body in realdata.bodies() if body.path == "/events/batch"]
ODD = [
    b"",
    b"\x0a\x00",
    b"\x0a\x00\x0a\x00",
    b"\x12\x00",
    batch_request(bytes(EventBatch(batch_id="b", metadata={"k": [1.0]})), [b"\x0a\x01e", b"", b"\x0a\x01f"]),
    batch_request(bytes(EventBatch(batch_id="a")), [b"\x0a\x01e"]) + batch_request(b"\x0a\x01b", [b"\x0a\x01f"]),
    # Overlong tags and lengths, unknown fields of each kind, groups: around the batch and in it.
    b"\x8a\x00\x85\x00\x9a\x00\x81\x00e",
    b"\xf8\x7f\x05\x0a\x04\x1a\x02\x0a\x00\xfa\x7f\x01x",
    b"\x0a\x09\xfb\x7f\x08\x01\xfc\x7f\x1a\x01e",
    b"\xfb\x7f\x0a\x03\x1a\x01e\xfc\x7f",
    b"\x0a\x0b\x19\x00\x00\x00\x00\x00\x00\x00\x00\x1a\x00",
    b"\x0a\x04\x0a\x02\xff\xff",
    b"\x0a\x05\x1a\x04e",
    b"\x0a\x03\x1a\x04e  ",
    b"\x0a\x02\x1a\x04    ",
    b"\x0a\x02\xfb\x7f\xfc\x7f",
    b"\x0b\x0c",
    b"\x0c",
    b"\x0a",
    b"\x0a\x05",
    b"\x0a\x01\x1a",
    b"\x00\x01",
]


def pieces(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The data in pieces of these sizes, over and over."""
    found: list[bytes] = []
    start = 0
    for size in itertools.cycle(sizes):
        if start >= len(data):
            break
        found.append(data[start : start + size])
        start += size
    return found


def outcome(chunks: Sequence[bytes]) -> Any:
    splitter = BatchSplitter()
    events: list[bytes] = []
    try:
        for chunk in chunks:
            events += splitter.feed(chunk)
        events += splitter.finish()
    except InvalidRequest as error:
        return str(error)
    return Parcel(events, splitter.batch_id)


def expected(body: bytes) -> Any:
    try:
        request = IngestEventBatchRequest.parse(body)
    except DecodeError:
        return None
    return Parcel(events_of(body), request.event_batch.batch_id) if request.event_batch is not None else None


def agree(body: bytes, sizes: Sequence[int]) -> None:
    found = outcome([body])
    assert outcome(pieces(body, sizes)) == found
    valid = isinstance(found, Parcel)
    if isinstance(found, Parcel):
        assert split(body, Shape.BATCH) == found
        try:
            for event in found.events:
                skim(event)
        except DecodeError:
            valid = False
    assert (found if valid else None) == expected(body)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_recorded_batches(size: int) -> None:
    for body in BATCHES:
        agree(body, [size])


def test_odd_batches() -> None:
    for body in ODD:
        for sizes in ([1], [2], [3, 1]):
            agree(body, sizes)


@searched(1000)
@given(mutations(st.sampled_from([*ODD, *sorted(BATCHES, key=len)[:20]])), st.lists(st.integers(1, 40), min_size=1))
def test_damaged_batches(body: bytes, sizes: list[int]) -> None:
    agree(body, sizes)


@searched(300)
@given(mutations(st.sampled_from([event_request(event) for event in realdata.events()[:30]])))
def test_damaged_single_events(body: bytes) -> None:
    try:
        event = IngestEventRequest.parse(body).event
    except DecodeError:
        event = None
    try:
        (data,) = split(body, Shape.EVENT).events
        assert data == event_of(body)
        assert Event.parse(data) == event
    except (InvalidRequest, DecodeError):
        assert event is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "IngestEventBatchRequest.event_batch: not set, so there is nothing to store"),
        (b"\x0a\x05", "IngestEventBatchRequest: a length of 5 bytes exceeds the 0 that are left (at byte 1)"),
        (b"\x0a\x03\x1a\x05e", "IngestEventBatchRequest.event_batch: a length of 5 bytes exceeds the 1 that "),
        (b"\x0a\x03\x0a\x01\xff", "IngestEventBatchRequest.event_batch.batch_id: a string is not UTF-8"),
        (b"\x0e", "IngestEventBatchRequest: wire type 6 does not exist (at byte 0)"),
    ],
)
def test_what_is_no_batch(body: bytes, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=re.escape(problem)):
        split(body, Shape.BATCH)


def test_where_the_mistake_is_in_a_stream() -> None:
    body = batch_request(b"", [b"\x0a\x01e"] * 50)[:-3] + b"\x0e  "
    whole, parts = outcome([body]), outcome(pieces(body, [10]))
    assert whole == parts
    with pytest.raises(InvalidRequest, match="event: not set"):
        split(b"", Shape.EVENT)


class Counting:
    """How often fields are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._read = read_tag
        monkeypatch.setattr(splitting, "read_tag", self)

    def __call__(self, *args: Any) -> Any:
        self.count += 1
        return self._read(*args)


def test_many_empty_events_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    small = delimited(1, b"\x1a\x00" * 500_000)
    assert len(gzip.compress(small)) < 1200, "what the attack costs on the wire"
    counting = Counting(monkeypatch)
    with pytest.raises(TooMuchError, match="more than the 10000 allowed of less than 128 bytes each"):
        split(small, Shape.BATCH)
    assert counting.count == 10_002
    large = delimited(1, b"\x1a\x00" * 7_500_000)
    counting.count = 0
    with pytest.raises(TooMuchError, match="events"):
        split(large, Shape.BATCH)
    assert counting.count == 10_002


@pytest.mark.parametrize(
    "body",
    [
        varint(1000 << 3) + b"\0",
        b"\x0a\x00",
        b"\x12\x00",
    ],
    ids=["unknown", "batches", "messages"],
)
def test_so_are_many_other_fields(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    for request in (body * 1_000_000, delimited(1, body * 1_000_000)):
        counting = Counting(monkeypatch)
        with pytest.raises(TooMuchError, match="more than 10000 fields"):
            split(request, Shape.BATCH)
        assert counting.count <= 10_002
        with pytest.raises((TooMuchError, InvalidRequest)):
            split(body * 1_000_000, Shape.EVENT)


def test_a_large_body_of_real_events_is_no_attack() -> None:
    events = realdata.events()
    many = events * (20_000 // len(events) + 1)
    assert split(batch_request(b"", many), Shape.BATCH).events == many


def test_limits() -> None:
    limits = IngestLimits(max_events=3, min_event_bytes=10, max_bytes=100)
    assert len(split(batch_request(b"", [b""] * 3), Shape.BATCH, limits).events) == 3
    assert len(split(batch_request(b"", [b"\x0a\x0e" + b"e" * 14] * 5), Shape.BATCH, limits).events) == 5
    for body, shape in (
        (batch_request(b"", [b""] * 4), Shape.BATCH),
        (batch_request(b"", [b"e" * 98]), Shape.BATCH),
        (event_request(b"e" * 99), Shape.EVENT),
    ):
        with pytest.raises(TooMuchError):
            split(body, shape, limits)
    with pytest.raises(TooMuchError, match="beside its events"):
        split(batch_request(bytes(EventBatch(metadata={"k": "v" * 2_000_000})), []), Shape.BATCH)
    with pytest.raises(TooMuchError, match="no event"):  # a group without end
        outcome(pieces(b"\xfb\x7f" + b"\x08\x01" * 2_000_000, [1 << 16]))


def test_a_large_event_in_many_pieces_is_put_together_once(monkeypatch: pytest.MonkeyPatch) -> None:
    event = b"\x0a\x01e\x12" + varint(3_000_000) + b"t" * 3_000_000
    body = batch_request(b"", [event, event])
    counting = Counting(monkeypatch)
    assert outcome(pieces(body, [1000])) == Parcel([event, event])
    assert counting.count < 12, "it is looked at when it may be whole, not with every piece"
