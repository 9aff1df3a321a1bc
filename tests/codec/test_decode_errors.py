"""What cannot be decoded: the error says where and what, is always ours, and comes in time that fits the input."""

from __future__ import annotations

import copy
import io
import pickle
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventBatch
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message.message import Message
from tests.generated import everything
from tests.oracle import disagreement
from tests.patience import HANG
from tests.strategies import delimited, varint

CLASSES = everything()
Repeated, Maps, Tree, WellKnown = (CLASSES[name] for name in ("Repeated", "Maps", "Tree", "WellKnown"))
Singular, Keys, WellKnownMaps = (CLASSES[name] for name in ("Singular", "Keys", "WellKnownMaps"))

ID = delimited(1, b"e1")
ERRORS: list[tuple[type[Message], bytes, str]] = [
    (Event, ID + b"\x12", "Event: the input ends inside a varint (at byte 5)"),
    (Event, ID + b"\x12\x05ab", "Event: a length of 5 bytes exceeds the 2 that are left (at byte 5)"),
    (Event, ID + b"\x12\x85", "Event: the input ends inside a varint (at byte 5)"),
    (Event, b"\x12\xff\xff\xff\xff\x0f", "Event: a length is too large (at byte 1)"),
    (Event, b"\x12\x80\x80\x80\x80\x80\x00", "Event: a length is too large (at byte 1)"),
    (Event, ID + b"\x80", "Event: the input ends inside a varint (at byte 4)"),
    (Event, ID + b"\xff\xff\xff\xff\x1f\x00", "Event: a tag is too large (at byte 4)"),
    (Event, ID + b"\x00\x01", "Event: field number 0 is not allowed (at byte 4)"),
    (Event, ID + b"\x0e", "Event: wire type 6 does not exist (at byte 4)"),
    (Event, ID + b"\x0f", "Event: wire type 7 does not exist (at byte 4)"),
    (Event, b"\x40" + b"\xff" * 10 + b"\x01", "Event: a varint is longer than 10 bytes (at byte 1)"),
    (Event, b"\x40\x80", "Event: the input ends inside a varint (at byte 1)"),
    (Event, b"\x1d123", "Event: the input ends inside a fixed-size value (at byte 1)"),
    (Event, b"\x3b\x08\x01", "Event: group 7 has no end (at byte 3)"),
    (Event, b"\x3b\x44", "Event: the end of group 8 has no beginning (at byte 2)"),
    (Event, ID + b"\x3c", "Event: the end of group 7 has no beginning (at byte 5)"),
    (Event, b"\x73" * 101 + b"\x74" * 101, "Event: nested deeper than 100 levels (at byte 101)"),
    (Event, delimited(1, b"a\xff"), "Event.event_id: a string is not UTF-8: invalid start byte (at byte 3)"),
    (
        Event,
        delimited(1, b"\xed\xa0\x80"),
        "Event.event_id: a string is not UTF-8: invalid continuation byte (at byte 2)",
    ),
    (Event, delimited(1, b"a\xc3"), "Event.event_id: a string is not UTF-8: unexpected end of data (at byte 3)"),
    (
        Event,
        delimited(22, b"a") + delimited(22, b"\xff"),
        "Event.tags[1]: a string is not UTF-8: invalid start byte (at byte 7)",
    ),
    (
        Event,
        ID + delimited(33, b"\x28\x80"),
        "Event.llm_invocation: the input ends inside a varint (at byte 8)",
    ),
    (
        Event,
        delimited(33, delimited(1, b"\xff")),
        "Event.llm_invocation.provider: a string is not UTF-8: invalid start byte (at byte 5)",
    ),
    (Event, delimited(11, b"\x08"), "Event.timestamp: the input ends inside a varint (at byte 3)"),
    (
        Event,
        delimited(99, b"") + delimited(99, b"\x0a\x05"),
        "Event.extensions[1]: a length of 5 bytes exceeds the 0 that are left (at byte 7)",
    ),
    (Event, delimited(90, delimited(1, b"\x12")), "Event.metadata: the input ends inside a varint (at byte 6)"),
    (
        Event,
        delimited(90, delimited(1, delimited(1, b"k") + delimited(2, b"\x11abc"))),
        "Event.metadata['k']: the input ends inside a fixed-size value (at byte 11)",
    ),
    (
        Event,
        delimited(
            90, delimited(1, delimited(1, b"k") + delimited(2, delimited(6, delimited(1, b"") + b"\x0a\x01\x20")))
        ),
        "Event.metadata['k'][1]: the input ends inside a varint (at byte 17)",
    ),
    (
        EventBatch,
        delimited(3, ID) + delimited(3, delimited(30, delimited(2, b"\x80"))),
        "EventBatch.events[1].message.text: a string is not UTF-8: invalid start byte (at byte 13)",
    ),
    (Repeated, delimited(1, b"\x01\x80"), "Repeated.int32_value: the input ends inside a varint (at byte 3)"),
    (
        Repeated,
        delimited(7, b"123"),
        "Repeated.fixed32_value: a packed field of 3 bytes is no whole number of fixed32 (at byte 2)",
    ),
    (Repeated, delimited(19, b"\x08"), "Repeated.part[0]: the input ends inside a varint (at byte 4)"),
    (
        Maps,
        delimited(14, b"\x0a\x01k\x12\x01\xff"),
        "Maps.string_value['k']: a string is not UTF-8: invalid start byte (at byte 7)",
    ),
    (Maps, delimited(14, b"\x0a\x01\xff"), "Maps.string_value: a string is not UTF-8: invalid start byte (at byte 4)"),
    (Maps, delimited(19, b"\x12\x01\x08\x0a\x01k"), "Maps.part['k']: the input ends inside a varint (at byte 6)"),
    (Keys, delimited(1, b"\x08\x05\x10"), "Keys.int32_key: the input ends inside a varint (at byte 5)"),
    (WellKnown, delimited(14, b"\x08"), "WellKnown.int32_value: the input ends inside a varint (at byte 3)"),
    (
        WellKnown,
        delimited(3, b"\x1a\x01\xff"),
        "WellKnown.value: a string is not UTF-8: invalid start byte (at byte 4)",
    ),
    (
        WellKnownMaps,
        delimited(2, b"\x08\x07\x12\x03\x0a\x01\x08"),
        "WellKnownMaps.list[7][0]: the input ends inside a varint (at byte 9)",
    ),
    # What another member of the oneof replaces, or a later value, has to be valid all the same.
    (
        Event,
        delimited(36, b"\xff") + delimited(30, b""),
        "Event.state_update: the input ends inside a varint (at byte 3)",
    ),
    (Event, delimited(30, b"\xff") + delimited(36, b""), "Event.message: the input ends inside a varint (at byte 3)"),
    (Event, delimited(1, b"\xff") + ID, "Event.event_id: a string is not UTF-8: invalid start byte (at byte 2)"),
    (
        WellKnown,
        delimited(3, delimited(5, b"\xff") + b"\x08\x00"),
        "WellKnown.value: the input ends inside a varint (at byte 4)",
    ),
    (
        WellKnown,
        delimited(3, delimited(5, b"\xff") + delimited(6, b"")),
        "WellKnown.value: the input ends inside a varint (at byte 4)",
    ),
    (
        Maps,
        delimited(14, b"\x12\x01\xff\x12\x01a"),
        "Maps.string_value['']: a string is not UTF-8: invalid start byte (at byte 4)",
    ),
]


@pytest.mark.parametrize(
    ("cls", "data", "expected"),
    ERRORS,
    ids=[f"{cls.__name__}-{data[:20].hex()}-{len(data)}" for cls, data, _ in ERRORS],
)
def test_errors(cls: type[Message], data: bytes, expected: str) -> None:
    with pytest.raises(DecodeError) as caught:
        cls.parse(data)
    assert str(caught.value) == expected
    assert disagreement(cls, data) is None


def test_errors_survive_pickling() -> None:
    with pytest.raises(DecodeError) as caught:
        Event.parse(b"\x12\x05ab")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.offset, again.path) == (str(caught.value), 1, "Event")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("text", r"str; use Event\.from_json\(text\) for JSON"),
        ({}, r"dict; use Event\.from_dict\(value\)"),
        (Event(), "Event; it is a message already"),
        (io.BytesIO(), r"BytesIO; use Event\(\)\.load\(stream\)"),
        (None, "None$"),
        (5, "int$"),
        ([1], "list$"),
        (object(), "object$"),
    ],
    ids=repr,
)
def test_what_is_no_bytes_is_a_type_error(data: Any, said: str) -> None:
    with pytest.raises(TypeError, match=rf"Event\.parse expects bytes, got {said}"):
        Event.parse(data)


class Broken(io.BytesIO):
    def read(self, _: int | None = -1, /) -> bytes:
        raise AttributeError("of its own")

    def write(self, _: Any, /) -> int:
        raise TypeError("of its own")


@pytest.mark.parametrize(
    ("stream", "load", "dump"),
    [
        (b"", r"bytes; use Event\.parse\(data\), or io\.BytesIO\(data\)", "bytes; it needs a method write"),
        ("events.bin", r'str; use open\(path, "rb"\)', r'str; use open\(path, "wb"\)'),
        (Path("events.bin"), r'Path; use open\(path, "rb"\)', r'Path; use open\(path, "wb"\)'),
        (io.StringIO("{}"), 'StringIO; open the file in binary mode, "rb"', 'StringIO; open .* mode, "wb"'),
        (None, "None; it needs a method read", "None; it needs a method write"),
    ],
    ids=repr,
)
def test_what_is_no_stream_of_bytes_is_a_type_error(stream: Any, load: str, dump: str) -> None:
    for size in (None, -1, 2):
        if isinstance(stream, io.StringIO):
            stream.seek(0)
        with pytest.raises(TypeError, match=rf"Event\.load expects a stream of bytes, got \w*{load}"):
            Event().load(stream, size)
    for delimit in (True, False):
        with pytest.raises(TypeError, match=rf"Event\.dump expects a stream of bytes, got \w*{dump}"):
            Event().dump(stream, delimit)


def test_what_a_stream_itself_raises_is_left_alone() -> None:
    with pytest.raises(AttributeError, match="of its own"):
        Event().load(Broken())
    with pytest.raises(TypeError, match="of its own"):
        Event().dump(Broken())


@pytest.mark.parametrize("of", [bytearray, memoryview])
def test_all_kinds_of_bytes(of: type[Any]) -> None:
    assert Event.parse(of(ID)) == Event(event_id="e1")


def chain(levels: int, number: int) -> bytes:
    data = b""
    for _ in range(levels):
        data = delimited(number, data)
    return data


def values(levels: int, number: int, inner: int) -> bytes:
    data = b"\x08\x00"
    for _ in range(levels):
        data = delimited(number, delimited(inner, delimited(2, data) if number == 5 else data))
    return delimited(90, delimited(1, delimited(2, data)))


DEEP = {
    "messages": (Tree, chain(20_000, 1)),
    "repeated messages": (Tree, chain(20_000, 2)),
    "members of a oneof": (Tree, chain(20_000, 4)),
    "lists": (Event, values(20_000, 6, 1)),
    "structs": (Event, values(20_000, 5, 1)),
    "groups": (Event, b"\x73" * 100_000),
    "closed groups": (Event, b"\x73" * 100_000 + b"\x74" * 100_000),
}


@pytest.mark.parametrize(("cls", "data"), DEEP.values(), ids=DEEP)
def test_deep_nesting(cls: type[Message], data: bytes) -> None:
    with pytest.raises(DecodeError, match="nested deeper than 100 levels"):
        cls.parse(data)


def frames() -> int:
    count, frame = 0, sys._getframe()
    while frame.f_back is not None:
        count, frame = count + 1, frame.f_back
    return count


@contextmanager
def stack_left(size: int) -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(frames() + size)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("number", [1, 2, 4])
@pytest.mark.parametrize("rest", [b"", b"\xc0\x3e\x01", b"\x32\x80\x00"], ids=["ordinary", "unknown", "overlong"])
def test_the_deepest_messages_leave_the_caller_room_on_the_stack(number: int, rest: bytes) -> None:
    """Python allows 1,000 frames unless told otherwise; the exact decoder takes more of them than the ordinary one."""
    data = b""
    for _ in range(100):
        data = delimited(number, data) + rest
    with stack_left(400):
        message = Tree.parse(data)
        encoded = bytes(message)
        again = Tree.parse(encoded)
    with stack_left(750):
        assert message == again == copy.deepcopy(message) == pickle.loads(pickle.dumps(message))
        assert repr(message) == repr(again)
    assert disagreement(Tree, data) is None


def twice(levels: int) -> bytes:
    """Lists within lists, each of which comes in two pieces."""
    value = b"\x08\x00"
    for _ in range(levels):
        value = delimited(6, delimited(1, value)) + delimited(6, b"")
    return delimited(90, delimited(1, delimited(1, b"k") + delimited(2, value)))


def entries_twice(levels: int) -> bytes:
    tree = b""
    for _ in range(levels):
        tree = delimited(3, delimited(2, tree) + delimited(2, b""))
    return tree


MERGED = {
    "pieces of lists in lists": (Event, twice(47)),
    "broken pieces of lists in lists": (Event, twice(47)[:-1] + b"\xff"),
    "pieces of map values in map values": (Tree, entries_twice(49)),
    "pieces of messages with a Struct": (
        Event,
        b"".join(
            delimited(30, delimited(3, delimited(1, delimited(1, b"%d" % number) + delimited(2, b"\x08\x00"))))
            for number in range(5_000)
        ),
    ),
    "pieces of messages with unknown fields": (Event, delimited(30, b"\xc0\x3e\x01") * 20_000),
    "members of a oneof by turns": (Event, (delimited(30, b"") + delimited(36, b"")) * 3_000),
    "unknown fields": (Event, b"\xc0\x3e\x01" * 100_000),
    "pieces of a Struct": (Event, delimited(90, delimited(1, delimited(2, b"\x08\x00"))) * 10_000),
}


@pytest.mark.parametrize(("cls", "data"), MERGED.values(), ids=MERGED)
def test_merging_takes_time_in_proportion(cls: type[Message], data: bytes) -> None:
    """Anything worse than linear would take minutes to ages here; benchmarks/guard.py holds the ratios."""
    start = time.process_time()
    assert disagreement(cls, data) is None
    assert time.process_time() - start < HANG


def test_a_huge_length_reserves_no_memory() -> None:
    with pytest.raises(DecodeError, match="a length of 2147483647 bytes exceeds the 1 that are left"):
        Event.parse(b"\x0a" + varint((1 << 31) - 1) + b"a")
