"""Nothing that the wire carries is lost: through decoding, copying of every kind, and encoding."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wellknown import struct_readers, writers
from chaukas_spec_lite.wellknown.times import WireDatetime, WireTimedelta
from chaukas_spec_lite.wellknown.values import NO_KIND, NULL, UnknownNull
from tests.generated import everything
from tests.mutations import mutations
from tests.oracle import canonical, reference
from tests.profiles import searched
from tests.strategies import delimited, messages, varint

CLASSES = everything()
WellKnown, Singular = CLASSES["WellKnown"], CLASSES["Singular"]


def test_caches_are_bounded_and_refill() -> None:
    """More distinct keys and seconds than they hold: nothing is left out, nothing of the epoch is written."""
    zero = datetime(1970, 1, 1, tzinfo=timezone.utc)
    for number in range(5_000):
        written = Event(timestamp=zero + timedelta(seconds=number), metadata={f"k{number}": number})
        assert Event.parse(bytes(written)) == written
    for cache in (writers._SECONDS, writers._KEYS, struct_readers._KEYS):
        assert 0 < len(cache) <= 4_096
    writers._SECONDS.clear()
    assert [bytes(Event(timestamp=zero)) for _ in range(2)] == [b"Z\0"] * 2


def test_an_entry_without_a_value_at_the_deepest_level_encodes_again() -> None:
    """31 Structs and a list around a Struct whose entry is empty: read, its value would stand one level too deep."""
    data = delimited(1, b"")
    for _ in range(31):
        data = delimited(1, delimited(1, b"k") + delimited(2, delimited(5, data)))
    data = delimited(1, delimited(1, b"k") + delimited(2, delimited(6, delimited(1, delimited(5, data)))))
    decoded = Event.parse(delimited(90, data))
    assert Event.parse(bytes(decoded)) == decoded


KEEPING: dict[str, Callable[[Any], Any]] = {
    "nothing done": lambda message: message,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda message: pickle.loads(pickle.dumps(message)),
    # Protocols 0 and 1 write floats as text, which loses the sign of NaN.
    "older pickle": lambda message: pickle.loads(pickle.dumps(message, 2)),
    "replace": dataclasses.replace,
    "decoding again": lambda message: type(message).parse(bytes(message)),
}

UNKNOWN = b"\xc0\x3e\x01"  # field 1000


def struct(value: bytes) -> bytes:
    """The content of a Struct with one entry, whose Value has the given content."""
    return delimited(1, delimited(1, b"k") + delimited(2, value))


KEPT: dict[str, tuple[type[Message], bytes]] = {
    "nanoseconds": (Event, delimited(11, b"\x08\x01\x10\x07")),
    "nanoseconds before 1970": (Event, delimited(11, b"\x08" + varint((1 << 64) - 1) + b"\x10\x07")),
    "the latest second": (Event, delimited(11, b"\x08" + varint((1 << 63) - 1))),
    "the earliest second": (Event, delimited(11, b"\x08" + varint(1 << 63))),
    "the year 10000": (Event, delimited(11, b"\x08" + varint(253_402_300_800))),
    "negative nanos": (Event, delimited(11, b"\x08\x01\x10" + varint((1 << 64) - 1))),
    "a billion nanos": (Event, delimited(11, b"\x10" + varint(1_000_000_000))),
    "an unknown field in a Timestamp": (Event, delimited(11, b"\x08\x01" + UNKNOWN)),
    "a long Duration": (WellKnown, delimited(6, b"\x08" + varint((1 << 63) - 1) + b"\x10\x01")),
    "mixed signs": (WellKnown, delimited(6, b"\x08\x01\x10" + varint((1 << 64) - 1_000))),
    "an unknown field in a Duration": (WellKnown, delimited(6, b"\x08\x01" + UNKNOWN)),
    "an unknown field in a Struct": (Event, delimited(90, struct(b"\x08\x00") + UNKNOWN)),
    "an unknown field in an empty Struct": (Event, delimited(90, UNKNOWN)),
    "an unknown field in a map entry": (Event, delimited(90, delimited(1, b"\x0a\x01k\x12\x02\x08\x00\x18\x05"))),
    "an unknown field in a string Value": (Event, delimited(90, struct(b"\x1a\x01a" + UNKNOWN))),
    "an unknown field in a number Value": (Event, delimited(90, struct(b"\x11" + bytes(8) + UNKNOWN))),
    "an unknown field in a bool Value": (Event, delimited(90, struct(b"\x20\x01" + UNKNOWN))),
    "an unknown field in a null Value": (Event, delimited(90, struct(b"\x08\x00" + UNKNOWN))),
    "an unknown field in a Value of no kind": (Event, delimited(90, struct(UNKNOWN))),
    "unknown fields around and in a list": (
        Event,
        delimited(90, struct(delimited(6, b"\x0a\x00" + UNKNOWN) + b"\x38\x02")),
    ),
    "unknown fields around and in a dict": (
        Event,
        delimited(90, struct(delimited(5, struct(b"") + UNKNOWN) + b"\x38\x02")),
    ),
    "a NullValue of another number": (Event, delimited(90, struct(b"\x08\x05"))),
    "a Value of no kind": (Event, delimited(90, struct(b""))),
    "a null Value": (WellKnown, delimited(3, b"\x08\x00")),
    "a null Value in a oneof": (CLASSES["WellKnownOneOf"], delimited(3, b"\x08\x00")),
    "an optional null Value": (WellKnown, b"\x9a\x01\x02\x08\x00"),
    "null and no kind in lists": (CLASSES["WellKnownRepeated"], delimited(3, b"\x08\x00") + delimited(3, b"")),
    "null and no kind in maps": (
        CLASSES["WellKnownMaps"],
        delimited(3, b"\x0a\x01a\x12\x02\x08\x00") + delimited(3, b"\x0a\x01b\x12\x00"),
    ),
    "an unknown field in a wrapper": (WellKnown, delimited(14, b"\x08\x05" + UNKNOWN)),
    "an unknown field in an empty wrapper": (WellKnown, delimited(16, UNKNOWN)),
    "a wrapper of a zero": (WellKnown, delimited(14, b"")),
    "unknown fields of every wire type": (
        Event,
        UNKNOWN + b"\xc1\x3e" + bytes(8) + b"\xc5\x3e" + bytes(4) + b"\xc3\x3e\x08\x01\xc4\x3e",
    ),
    "a known field of another wire type": (Event, b"\x08\x01" + b"\x3a\x00"),
    "an unknown enum value": (Event, b"\x38\xe7\x07"),
    "a negative enum value": (Event, b"\x38" + varint((1 << 64) - 7)),
    "unknown enum values in a list": (CLASSES["Repeated"], b"\x82\x01\x03\x01\xe7\x07"),
    "an unknown enum value in a map": (CLASSES["Maps"], b"\x82\x01\x06\x0a\x01k\x10\xe7\x07"),
    "minus zero": (Singular, b"\x5d" + b"\0\0\0\x80" + b"\x61" + bytes(7) + b"\x80"),
    "NaN": (Singular, b"\x5d" + b"\0\0\xc0\x7f" + b"\x61" + b"\0\0\0\0\0\0\xf8\x7f"),
    "infinities": (Singular, b"\x5d" + b"\0\0\x80\xff" + b"\x61" + b"\0\0\0\0\0\0\xf0\x7f"),
    "the order of keys": (
        Event,
        delimited(
            90, b"".join(delimited(1, delimited(1, key) + b"\x12\x02\x08\x00") for key in (b"z", b"a", b"m", b""))
        ),
    ),
    "presence": (CLASSES["Optional"], b"\x08\x00\x68\x00\x72\x00\x7a\x00\x80\x01\x00\x9a\x01\x00"),
    "an empty submessage": (Event, delimited(30, b"")),
}


@pytest.mark.parametrize("keep", KEEPING.values(), ids=KEEPING)
@pytest.mark.parametrize(("cls", "data"), KEPT.values(), ids=KEPT)
def test_what_is_kept(cls: type[Message], data: bytes, keep: Callable[[Any], Any]) -> None:
    message = cls.parse(data)
    kept = keep(message)
    assert kept == message
    assert bytes(kept) == data
    reference(cls).FromString(data)


NAMES = list(KEPT)


@pytest.mark.parametrize("name", NAMES)
def test_each_differs_from_the_rest(name: str) -> None:
    """Equality sees all that is kept."""
    cls, data = KEPT[name]
    for other, (other_cls, other_data) in KEPT.items():
        if other != name and other_cls is cls:
            assert cls.parse(data) != cls.parse(other_data), other


CLASS_LIST = [Event, *CLASSES.values()]


@searched(500)
@given(st.data())
def test_messages_survive_copying(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(CLASS_LIST).flatmap(messages))
    encoded = bytes(message)
    for how, keep in KEEPING.items():
        assert bytes(keep(message)) == encoded, how


@searched(500)
@given(st.data())
def test_what_was_decoded_always_encodes_again(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(CLASS_LIST))
    encoded = data.draw(mutations(messages(cls).map(bytes)))
    try:
        message = cls.parse(encoded)
    except ValueError:
        return
    for how, keep in KEEPING.items():
        again = bytes(keep(message))
        assert canonical(reference(cls).FromString(again)) == canonical(reference(cls).FromString(encoded)), how


def test_what_decoding_shows() -> None:
    """The Python values that stand for what plain ones cannot hold."""
    timestamp: Any = Event.parse(KEPT["nanoseconds"][1]).timestamp
    assert isinstance(timestamp, WireDatetime)
    assert (timestamp.seconds, timestamp.nanos) == (1, 7)
    assert timestamp + timedelta(0) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc)
    far: Any = Event.parse(KEPT["the latest second"][1]).timestamp
    assert (far.seconds, far.year) == ((1 << 63) - 1, 9999)
    duration: Any = WellKnown.parse(KEPT["mixed signs"][1]).duration
    assert isinstance(duration, WireTimedelta)
    metadata = Event.parse(KEPT["an unknown field in a bool Value"][1]).metadata
    assert metadata is not None
    assert metadata["k"]
    assert metadata["k"] is not True
    assert WellKnown.parse(KEPT["a null Value"][1]).value is NULL
    assert WellKnown.parse(b"").value is None
    assert WellKnown.parse(b"\x1a\x00").value is NO_KIND
    null = Event.parse(KEPT["a NullValue of another number"][1]).metadata
    assert null == {"k": UnknownNull(5)}
    assert Event.parse(delimited(90, struct(b"\x08\x00"))).metadata == {"k": None}
    event = Event.parse(KEPT["an unknown enum value"][1])
    assert isinstance(event.type, EventType)
    assert event.type == 999
    floats: Any = Singular.parse(KEPT["minus zero"][1])
    assert math.copysign(1, floats.double_value) == -1
    order = Event.parse(KEPT["the order of keys"][1]).metadata
    assert list(order or {}) == ["z", "a", "m", ""]


def test_an_entry_with_unknown_fields_is_itself_unknown_as_in_the_reference() -> None:
    cls, data = KEPT["an unknown field in a map entry"]
    event: Any = cls.parse(data)
    assert event.metadata == event.metadata
    assert dict(event.metadata) == {}
    assert dict(reference(cls).FromString(data).metadata.fields) == {}


@pytest.mark.parametrize("levels", [30, 47])
def test_nan_is_equal_to_itself_wherever_it_stands(levels: int) -> None:
    value = b"\x11\0\0\0\0\0\0\xf8\x7f"
    for unknown in (b"", UNKNOWN):
        nested = value
        for _ in range(levels):
            nested = delimited(6, delimited(1, nested) + unknown) + unknown
        data = delimited(90, struct(nested))
        assert Event.parse(data) == Event.parse(data)
        assert Event.parse(data) != Event.parse(data.replace(value, value[:-1] + b"\x3f"))


def test_unknown_fields_around_nan_are_compared() -> None:
    nan = b"\x11\0\0\0\0\0\0\xf8\x7f"
    first, second = (Event.parse(delimited(90, struct(nan + unknown))) for unknown in (b"\x38\x01", b"\x38\x02"))
    assert first != second
    assert first == copy.deepcopy(first)
