"""The quick look at whether an event is in canonical form: right where it says yes, which it does of usual events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event
from chaukas_spec_lite.audit.canonical import encode_in_order
from chaukas_spec_lite.audit.canonical_walk import Walked, walk
from chaukas_spec_lite.audit.sealed import read_sealed, read_sealed_bytes
from chaukas_spec_lite.errors import CodecError
from chaukas_spec_lite.wire.format import NotCanonical
from tests import realdata
from tests.strategies import messages


def walked(data: bytes) -> Walked | None:
    try:
        return walk(data)
    except (NotCanonical, ValueError, KeyError, IndexError):
        return None


def judged_rightly(data: bytes) -> bool:
    """Whether it was said to be in canonical form; if so, it is."""
    found = walked(data)
    if found is None:
        return False
    event = Event.parse(data)
    assert encode_in_order(event) == data
    *texts, type_, start, stop = found
    names = ("event_id", "tenant_id", "project_id", "session_id", "hash_prev", "content_hash")
    assert texts == [getattr(event, name) for name in names]
    assert type_ == event.type
    event.content_hash = ""
    assert encode_in_order(event) == data[:start] + data[stop:]
    return True


def test_real_events_are_seen_to_be_canonical() -> None:
    for data in realdata.events():
        assert judged_rightly(encode_in_order(Event.parse(data)))


@given(messages(Event))
def test_what_is_said_to_be_canonical_is(event: Event) -> None:
    judged_rightly(bytes(event))
    judged_rightly(encode_in_order(event))


@given(st.integers(0, 40), st.data())
def test_a_changed_event_is_judged_rightly(number: int, data: st.DataObject) -> None:
    good = encode_in_order(Event.parse(realdata.events()[number * 37]))
    at = data.draw(st.integers(0, len(good) - 1))
    judged_rightly(good[:at] + data.draw(st.binary(max_size=2)) + good[at + data.draw(st.integers(0, 2)) :])


@pytest.mark.parametrize("number", range(0, 1500, 300))
def test_each_changed_byte_is_judged_rightly(number: int) -> None:
    good = encode_in_order(Event.parse(realdata.events()[number]))[:400]
    for at in range(len(good)):
        for byte in (good[at] ^ 1, good[at] ^ 128, 0, good[at] + 1 & 255):
            judged_rightly(good[:at] + bytes([byte]) + good[at + 1 :])


@given(messages(Event) | st.binary(max_size=30))
def test_both_ways_come_to_the_same(given_as: Event | bytes) -> None:
    data = bytes(given_as)
    try:
        expected = read_sealed(Event.parse(data))
    except CodecError:
        with pytest.raises(CodecError):
            read_sealed_bytes(data)
    else:
        assert read_sealed_bytes(data) == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x12\x01t\x0a\x01e", "out of order"),
        (b"\x0a\x01e\x0a\x01f", "twice"),
        (b"\x0a\x00", "a default that is written"),
        (b"\x0a\x81\x00e", "a length that is padded"),
        (b"\x38\x00", "a number that is a default"),
        (b"\x38\x82\x00", "a number that is padded"),
        (b"\xd2\x05\x08\x0a\x06\x0a\x01a\x12\x00\x00", "a struct that is torn"),
        (b"\xd2\x05\x12\x0a\x07\x0a\x01b\x12\x02\x08\x00\x0a\x07\x0a\x01a\x12\x02\x08\x00", "keys out of order"),
        (b"\xf2\x01\x00\xfa\x01\x00", "two of a oneof"),
        (b"\xa2\x01\x01p", "a worm_proof_id, which is not hashed"),
        (b"\x0a\x01\xff", "no text"),
        (b"\xa8\x46\x01", "a field that nobody knows"),
    ],
)
def test_what_is_not_canonical_is_left_to_the_exact_way(data: bytes, why: str) -> None:
    assert walked(data) is None, why
    assert walked(b"\xd2\x05\x12\x0a\x07\x0a\x01a\x12\x02\x08\x00\x0a\x07\x0a\x01b\x12\x02\x08\x00") is not None
