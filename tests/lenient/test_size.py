"""Events that are too large: cut where they are longest, and media replaced by their hash where that is wanted."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import ErrorInfo, Event, EventType, MessageContent
from chaukas_spec_lite.lenient import Limits, encode
from chaukas_spec_lite.lenient.texts import SHORT, longest_that_fit
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyMessage
from tests.codec.kinds_of_values import CLASSES
from tests.oracle import reference
from tests.profiles import searched


def cut(event: Event, size: int, **limits: Any) -> tuple[Event, list[str]]:
    """Encode an event within a size; return what a reader finds, and what was told."""
    encoded = encode(event, limits=Limits(event_bytes=size, **limits))
    assert len(encoded.data) <= size
    assert reference(Event).FromString(encoded.data).event_id == event.event_id
    return Event.parse(encoded.data), [*map(str, encoded.conversions)]


def test_an_event_of_just_the_size_is_not_touched() -> None:
    event = Event(event_id="e", metadata={"t": "x" * 5000})
    size = len(bytes(event))
    assert encode(event, limits=Limits(event_bytes=size)) == (bytes(event), [])
    read, told = cut(event, size - 1)
    kept = len(read.metadata["t"]) - 22
    assert told == [f"Event.metadata['t']: text of 5,000 bytes was cut to {kept:,}, as the event is too large"]
    assert re.fullmatch(r"x{4900,}\.\.\. \[cut: 5,000 bytes\]", read.metadata["t"])


def test_the_longest_texts_are_cut_first_and_no_more_than_needed() -> None:
    event = Event(
        event_id="e" * 36,
        type=EventType.TOOL_CALL_END,
        message=MessageContent(text="é" * 40_000),
        metadata={"a": "y" * 60_000, "b": ["z" * 3000], "c": "short"},
    )
    read, told = cut(event, 50_000)
    assert read.message is not None
    assert read.metadata["b"] == event.metadata["b"]
    assert read.metadata["c"] == "short"
    assert (read.event_id, read.type) == (event.event_id, event.type)
    lengths = len(read.message.text.encode()), len(read.metadata["a"])
    assert abs(lengths[0] - lengths[1]) <= 1
    assert len(encode(event, limits=Limits(event_bytes=50_000)).data) > 49_900
    assert [line.partition(":")[0] for line in told] == ["Event.message.text", "Event.metadata['a']"]


def test_a_character_is_not_cut_in_two() -> None:
    for size in range(1000, 1010):
        read, _ = cut(Event(event_id="e", metadata={"t": "😀" * 1000}), size)
        assert re.fullmatch(r"😀+\.\.\. \[cut: 4,000 bytes\]", read.metadata["t"])


def test_texts_of_typed_fields_are_cut_and_ids_are_not() -> None:
    event = Event(event_id="i" * SHORT, error=ErrorInfo(stack_trace="s" * 9000), tags=["t" * 9000] * 3)
    read, _ = cut(event, 2000)
    assert read.error is not None
    assert "[cut: 9,000 bytes]" in read.error.stack_trace
    assert all("[cut: 9,000 bytes]" in tag for tag in read.tags)


def test_long_lists_and_dicts_are_cut_where_texts_are_not_enough() -> None:
    event = Event(
        event_id="e",
        metadata={"n": list(range(10_000)), "few": [1, 2, 3], "d": {f"k{n}": n for n in range(5000)}, "t": "x" * 5000},
    )
    read, told = cut(event, 20_000)
    kept = read.metadata["n"]
    assert kept[:-1] == list(range(len(kept) - 1))
    assert kept[-1] == f"[cut after {len(kept) - 1:,} of 10,000]"
    assert read.metadata["few"] == [1, 2, 3]
    assert read.metadata["d"]["..."].endswith(" of 5,000]")
    assert any(line.startswith("Event.metadata['n']: list of 10,000 was cut after") for line in told)


@pytest.mark.parametrize(
    "metadata",
    [
        {f"{n}" + "k" * 1000: n for n in range(100)},
        {"k" * 100_000: 1},
        {"a": [[[[1, "x"] * 10] * 10] * 10] * 10},
        {"a": [{"b": "y" * 190}] * 1000},
        {"a": [b"z" * 500] * 1000},
        {"a": [1j] * 10_000},
    ],
    ids=["long keys", "one key", "nested", "short texts", "bytes", "odd"],
)
def test_whatever_makes_it_large(metadata: dict[str, Any]) -> None:
    for size in (50_000, 5000, 1500):
        read, told = cut(Event(event_id="e", metadata=metadata, tags=["t"]), size)
        assert read.tags == ["t"]
        assert told


def test_what_is_cut_was_converted_first() -> None:
    asked: list[object] = []

    def default(value: object) -> str:
        asked.append(value)
        return "d" * 5000

    encoded = encode(Event(metadata={"a": object(), "b": 1j}), default, Limits(event_bytes=2000))
    assert [each.what for each in encoded.conversions] == [
        "object became text, which default= made of it",
        "complex became text",
        "text of 5,000 bytes was cut to 1,951, as the event is too large",
    ]
    assert len(asked) == 1


def test_bytes_are_left_out_because_a_part_of_them_says_nothing() -> None:
    small, large = AnyMessage(type_url="t/x", value=b"v"), AnyMessage(type_url="t/y", value=b"v" * 5000)
    event = Event(event_id="e", extensions=[small, large, AnyMessage(type_url="t/z")])
    read, told = cut(event, 1000)
    assert read.extensions == [small, AnyMessage(type_url="t/z")]
    assert told == [
        "Event.extensions[1].value: bytes of length 5,000 were left out, as the event is too large",
        "Event.extensions[1]: Any was left out: without its value it would be another message",
    ]
    assert encode(event, limits=Limits(media_bytes=100)).data == bytes(event)
    bytes_field = CLASSES["Singular"](bytes_value=b"v" * 5000, string_value="s")
    encoded = encode(bytes_field, limits=Limits(event_bytes=1000))
    assert CLASSES["Singular"].parse(encoded.data) == CLASSES["Singular"](string_value="s")


@given(st.lists(st.integers(SHORT, 10_000), min_size=1, max_size=50), st.data())
def test_the_longest_that_fits_is_the_longest(sizes: list[int], data: st.DataObject) -> None:
    possible = sum(size - SHORT for size in sizes)
    excess = data.draw(st.integers(1, max(1, possible)))
    longest = longest_that_fit(sizes, excess)

    def gone(length: int) -> int:
        return sum(max(0, size - length) for size in sizes)

    assert longest >= SHORT
    assert gone(longest) >= excess or longest == SHORT
    assert gone(longest + 1) < excess or longest == SHORT


@searched(200)
@given(
    st.recursive(
        st.text(max_size=3000) | st.integers() | st.binary(max_size=500),
        lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=300), inner, max_size=30),
        max_leaves=60,
    ),
    st.integers(700, 5000),
)
def test_any_event_fits(value: Any, size: int) -> None:
    cut(Event(event_id="e", metadata={"v": value}), size)


# Media

PNG = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000)
TEXT = base64.b64encode(PNG).decode()
HASH = f"{len(PNG)} bytes, sha256 {hashlib.sha256(PNG).hexdigest()}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (f"data:image/png;base64,{TEXT}", f"[image/png, {HASH}]"),
        (f"data:;base64,{TEXT}", f"[text/plain, {HASH}]"),
        (f"data:image/png;charset=x;base64,{TEXT}", f"[image/png, {HASH}]"),
        (f"see ![a](data:image/png;base64,{TEXT}) and more", f"see ![a]([image/png, {HASH}]) and more"),
        (TEXT, f"[image/png, {HASH}]"),
        (TEXT.rstrip("="), f"[image/png, {HASH}]"),
        (base64.urlsafe_b64encode(PNG).decode(), f"[image/png, {HASH}]"),
        (base64.encodebytes(PNG).decode(), f"[image/png, {HASH}]"),
        (PNG, f"[bytes, {HASH}]"),
        (
            {"type": "image_url", "url": [f"data:image/png;base64,{TEXT}"]},
            {"type": "image_url", "url": [f"[image/png, {HASH}]"]},
        ),
    ],
    ids=["data URL", "no type", "parameter", "in text", "base64", "no padding", "URL-safe", "lines", "bytes", "inside"],
)
def test_media_become_their_hash_where_that_is_wanted(given: Any, expected: Any) -> None:
    event = Event(event_id="e", metadata={"k": given})
    encoded = encode(event, limits=Limits(media_bytes=1000))
    assert Event.parse(encoded.data).metadata["k"] == expected
    assert encoded.conversions[0].what.endswith(
        "of 5,008 bytes became its size and SHA-256, as it is above media_bytes"
    )
    kept = Event.parse(encode(event).data).metadata["k"]
    assert kept == (TEXT if given is PNG else given)


@pytest.mark.parametrize(
    "text",
    [
        "data:image/png;base64,iVBORw0KGgo=",
        "data:text/plain," + "x" * 5000,
        "iVBORw0KGgo is how base64 of images begins. " * 100,
        "base64, " * 1000,
        "a" * 5000,
        "iVBORw0KGgo" + "=" * 5000,
    ],
    ids=["small", "no base64", "prose", "word", "letters", "padding"],
)
def test_what_is_no_media_stays(text: str) -> None:
    event = Event(event_id="e", metadata={"k": text})
    assert encode(event, limits=Limits(media_bytes=1000)) == (bytes(event), [])


def test_typed_fields_too() -> None:
    event = Event(message=MessageContent(text=f"data:image/png;base64,{TEXT}"))
    read = Event.parse(encode(event, limits=Limits(media_bytes=1000)).data)
    assert read.message == MessageContent(text=f"[image/png, {HASH}]")
