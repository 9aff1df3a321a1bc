"""What is skimmed off an event's bytes is what decoding it gives, and skimming accepts what decoding accepts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import DecodeError, Event
from chaukas_spec_lite.collector import skim as skimming
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest
from chaukas_spec_lite.wire.envelopes import batch_request
from tests import realdata
from tests.collector.stores.events import row_of
from tests.mutations import INSERTED, mutations
from tests.profiles import searched
from tests.strategies import delimited, messages, varint

ODD = [
    b"",
    b"\x12\x01t\x0a\x01e",
    b"\x8a\x00\x01e",
    b"\x8a\x80\x80\x80\x00\x01e",
    b"\x8a\x80\x80\x80\x80\x00\x01e",
    b"\x0a\x81\x00e",
    b"\x0a\x81\x80\x80\x80\x00e",
    b"\x0a\x81\x80\x80\x80\x80\x00e",
    b"\x0a\x01a\x0a\x01b",
    b"\x0a\x01\xff\x0a\x01b",
    b"\x0a\x01a\x0a\x00",
    b"\x0a\x05a",
    b"\x0a",
    b"\xf2",
    b"\xf2\x01",
    b"\x0a\x01e\x38",
    b"\x0a\x01e\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x38\x80\x01\x40\x81\x80\x80\x80\x10\x48\x7f",
    b"\x38\x01\x38\x02",
    # Timestamps: two that are merged, odd fields, too many nanos, negative ones, before and after all years.
    b"\x5a\x02\x08\x05\x5a\x02\x10\x07",
    b"\x5a\x04\x08\x01\x08\x02",
    b"\x5a\x04\x10\x01\x08\x02",
    b"\x5a\x00",
    b"\x5a\x00\x5a\x00",
    b"\x5a\x02\x18\x01",
    b"\x5a\x01\x08",
    b"\x5a\x06\x10\xff\xff\xff\xff\x07",
    b"\x5a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x5a\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x5a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    # Tags, each once; members of the oneof, both valid and not.
    *[b"".join(delimited(22, tag) for tag in tags) for tags in ([b"a", b"b", b"a"], [b""], [b"a", b"\xff"])],
    *[delimited(31, one) + delimited(32, other) for one in (b"", b"\x0a\x01\xff") for other in (b"", b"\x0a\x01\xff")],
    *[delimited(90, b"\x0a\x03\x0a\x01k") * 2, delimited(90, b"\x0a\x03\x0a\x02k") + delimited(90, b"")],
    *[delimited(99, b""), delimited(99, b"\x0a\x01x\x12\x01\xff"), delimited(62, b"\xff"), delimited(62, b"ok") * 2],
    *INSERTED,
]


def agree(data: bytes) -> None:
    """Skimming says what decoding says, by itself and in a batch."""
    try:
        expected: Any = row_of(Event.parse(data), data)
    except DecodeError as error:
        expected = str(error)
    try:
        found: Any = skim(data, depth=0)
    except DecodeError as error:
        found = str(error)
    assert found == expected
    try:
        IngestEventBatchRequest.parse(batch_request(b"", [data]))
        in_batch = True
    except DecodeError:
        in_batch = False
    try:
        assert skim(data) == expected
        assert in_batch
    except DecodeError:
        assert not in_batch


def test_recorded_events(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(data: bytes, depth: int) -> None:
        raise AssertionError("a recorded event was decoded")

    events = realdata.events()
    expected = [row_of(Event.parse(event), event) for event in events]
    monkeypatch.setattr(skimming, "_decoded", never)
    assert [skim(event) for event in events] == expected


def test_odd_events() -> None:
    for data in ODD:
        agree(data)
        agree(b"\x0a\x01e" + data)


@searched(2000)
@given(mutations(st.sampled_from(realdata.events()) | messages(Event).map(bytes)))
def test_damaged_events(data: bytes) -> None:
    agree(data)


@searched(500)
@given(st.lists(st.sampled_from(ODD), max_size=6).map(b"".join))
def test_odd_fields_together(data: bytes) -> None:
    agree(data)


def nested(levels: int) -> bytes:
    struct = b""
    for _ in range(levels):
        struct = delimited(1, delimited(1, b"k") + delimited(2, delimited(5, struct)))
    return struct


@pytest.mark.parametrize("places", [(36,), (90,), (31, 3), (39, 5)], ids=str)
def test_what_nests_too_deep(places: tuple[int, ...]) -> None:
    def event(levels: int) -> bytes:
        data = nested(levels)
        for number in reversed(places):
            data = delimited(number, data)
        return data

    for levels in range(25, 40):
        agree(event(levels))
    with pytest.raises(DecodeError, match="deeper than 100"):
        skim(event(40))


def test_groups_nest_too_deep_as_well() -> None:
    for levels in (98, 99, 100, 101):
        agree(varint(500 << 3 | 3) * levels + varint(500 << 3 | 4) * levels)


def test_whose_event_it_is_where_it_does_not_say() -> None:
    owner = Tenancy("acme", "web")
    assert skim(b"\x0a\x01e", owner)[:3] == ("acme", "web", "e")
    assert skim(b"\x0a\x01e\x12\x01t", owner)[:3] == ("t", "web", "e")
    assert skim(b"\x0a\x01e\x1a\x01p", owner)[:3] == ("acme", "p", "e")
    assert skim(b"\x0a\x01e", Tenancy("acme"))[:3] == ("acme", "", "e")
    assert skim(b"\x0a\x01e", owner).data == b"\x0a\x01e", "its bytes stay as they are"
