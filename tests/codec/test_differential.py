"""Our codec against the reference's: every message type, what both write, and what both make of damaged bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaukas_spec_lite import Event, EventBatch
from chaukas_spec_lite.message.message import Message
from tests import realdata
from tests.mutations import INSERTED, mutations
from tests.oracle import CHAUKAS, canonical, disagreement, everything, reference
from tests.profiles import searched
from tests.strategies import delimited, messages, reference_message, varint

CLASSES = {"chaukas": CHAUKAS, "everything": everything()}


def test_all_classes_are_there() -> None:
    assert len(CHAUKAS) == 43
    assert len(CLASSES["everything"]) == 16


def any_message(schema: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(CLASSES[schema]).flatmap(messages)


def check_message(message: Message) -> None:
    """Both build it, write the same bytes, and read them back to what was built."""
    cls = type(message)
    theirs = reference_message(message, reference(cls)())
    ours = bytes(message)
    assert ours == canonical(theirs)
    assert canonical(reference(cls).FromString(ours)) == canonical(theirs)
    read = cls.parse(theirs.SerializeToString())
    assert canonical(reference(cls).FromString(bytes(read))) == canonical(theirs)
    assert bytes(cls.parse(ours)) == ours
    assert cls.parse(ours) == cls.parse(ours)


@searched(2_000)
@given(any_message("chaukas"))
def test_chaukas_messages(message: Message) -> None:
    check_message(message)


@searched(2_000)
@given(any_message("everything"))
def test_messages_of_every_kind(message: Message) -> None:
    check_message(message)


@pytest.mark.parametrize(
    "cls", [cls for classes in CLASSES.values() for cls in classes], ids=lambda cls: cls._full_name
)
@settings(max_examples=25)
@given(st.data())
def test_each_message_type(cls: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages(cls))
    check_message(message)
    assert disagreement(cls, data.draw(mutations(st.just(bytes(message))))) is None


@st.composite
def damaged(draw: Any, schema: str) -> tuple[type[Message], bytes]:
    message = draw(any_message(schema))
    return type(message), draw(mutations(st.just(bytes(message))))


@searched(2_000)
@given(damaged("chaukas"))
def test_damaged_chaukas_messages(case: tuple[type[Message], bytes]) -> None:
    assert disagreement(*case) is None


@searched(2_000)
@given(damaged("everything"))
def test_damaged_messages_of_every_kind(case: tuple[type[Message], bytes]) -> None:
    assert disagreement(*case) is None


REAL = sorted({event for event in realdata.events() if len(event) < 3_000}, key=lambda event: (len(event), event))


@searched(2_000)
@given(mutations(st.sampled_from(REAL)))
def test_damaged_real_events(data: bytes) -> None:
    assert disagreement(Event, data) is None


@searched(2_000)
@given(st.sampled_from([Event, EventBatch, *CLASSES["everything"]]), st.binary(max_size=40))
def test_random_bytes(cls: type[Message], data: bytes) -> None:
    assert disagreement(cls, data) is None


@pytest.mark.parametrize(
    "data", [*INSERTED, *[REAL[len(REAL) // 2] + field for field in INSERTED]], ids=lambda data: data.hex()[-40:]
)
def test_single_unusual_fields(data: bytes) -> None:
    for cls in (Event, *CLASSES["everything"]):
        assert disagreement(cls, data) is None


@pytest.mark.parametrize("event", [REAL[0], REAL[len(REAL) // 2], REAL[-1]], ids=len)
def test_every_truncation(event: bytes) -> None:
    for end in range(len(event)):
        assert disagreement(Event, event[:end]) is None, end


def nested(levels: int, innermost: bytes) -> bytes:
    """An Event whose metadata holds lists within lists; the innermost Value has the given content."""
    value = innermost
    for _ in range(levels):
        value = delimited(6, delimited(1, value))
    return delimited(90, delimited(1, delimited(1, b"k") + delimited(2, value)))


INNERMOST = {
    "no kind": b"",
    "null": b"\x08\x00",
    "number": b"\x11" + bytes(8),
    "empty struct": delimited(5, b""),
    "empty list": delimited(6, b""),
    "entry": delimited(5, delimited(1, b"")),
    "entry without value": delimited(5, delimited(1, delimited(1, b"k"))),
    "entry with no kind": delimited(5, delimited(1, delimited(1, b"k") + delimited(2, b""))),
    "entry with null": delimited(5, delimited(1, delimited(1, b"k") + delimited(2, b"\x08\x00"))),
    "entry with unknown": delimited(5, delimited(1, b"\x38\x01")),
    "unknown": delimited(5, b"\x38\x01"),
    "group": b"\x3b\x3c",
    "groups": b"\x3b\x43\x44\x3c",
}


@pytest.mark.parametrize("innermost", INNERMOST.values(), ids=INNERMOST)
def test_at_the_limit_of_nesting(innermost: bytes) -> None:
    for levels in range(45, 52):
        data = nested(levels, innermost)
        assert disagreement(Event, data) is None, levels
        content = delimited(30, delimited(3, data[3 - (len(data) < 130) :]))  # one level deeper: message.metadata
        assert disagreement(Event, content) is None, levels


@pytest.mark.parametrize("levels", range(97, 104))
def test_groups_at_the_limit_of_nesting(levels: int) -> None:
    group = b"\x73" * levels + b"\x74" * levels
    assert disagreement(Event, group) is None
    assert disagreement(Event, b"\xf2\x01" + varint(len(group)) + group) is None


TREE = {cls.__name__: cls for cls in CLASSES["everything"]}["Tree"]


@pytest.mark.parametrize("levels", range(97, 104))
@pytest.mark.parametrize("number", [1, 2, 4])
def test_messages_at_the_limit_of_nesting(number: int, levels: int) -> None:
    data = b""
    for _ in range(levels):
        data = delimited(number, data)
    assert disagreement(TREE, data) is None


@pytest.mark.parametrize("levels", range(48, 53))
@pytest.mark.parametrize("innermost", [b"", b"\x0a\x00", b"\x0a\x00\x12\x00", b"\x0a\x01k\x38\x01"], ids=bytes.hex)
def test_maps_at_the_limit_of_nesting(innermost: bytes, levels: int) -> None:
    data = delimited(3, innermost)
    for _ in range(levels):
        data = delimited(3, b"\x0a\x01k" + delimited(2, data))
    assert disagreement(TREE, data) is None
    assert disagreement(TREE, delimited(1, data)) is None
