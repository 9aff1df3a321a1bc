"""Long submessages, which are read in place: everything that is true of short ones, held against the reference."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event, LLMInvocation
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.format import LONG
from chaukas_spec_lite.wire.window import Window
from tests import realdata
from tests.codec.test_differential import check_message, damaged
from tests.oracle import disagreement
from tests.profiles import searched
from tests.strategies import delimited, messages


@contextmanager
def everything_in_place() -> Iterator[None]:
    """Have every submessage read in place, however short."""
    decoding = [module for module in sys.modules.values() if getattr(module, "Window", None) is Window]
    assert len(decoding) > 4
    with ExitStack() as stack:
        for module in decoding:
            if hasattr(module, "LONG"):
                stack.enter_context(patch.object(module, "LONG", 0))
        yield


@pytest.mark.parametrize("schema", ["chaukas", "everything"])
@searched(1_000)
@given(st.data())
def test_damaged_messages(schema: str, data: st.DataObject) -> None:
    cls, encoded = data.draw(damaged(schema))
    with everything_in_place():
        assert disagreement(cls, encoded) is None


@searched(300)
@given(messages(Event))
def test_messages(message: Message) -> None:
    with everything_in_place():
        check_message(message)


def test_real_events() -> None:
    with everything_in_place():
        for data in realdata.events():
            assert bytes(Event.parse(data)) == data


def large() -> bytes:
    invocation = LLMInvocation(
        provider="openai", request={"prompt": "é" * LONG, "n": 1}, response={"text": "x" * LONG}, finish_reason="stop"
    )
    return bytes(Event(event_id="e", llm_invocation=invocation, metadata={"a": [1, "b"]}))


def test_a_large_message_cut_off_anywhere() -> None:
    data = large()
    ends = {*range(0, len(data), 1013), *range(60), *(len(data) - back for back in range(60))}
    for end in sorted(ends):
        assert disagreement(Event, data[:end]) is None, end


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda inner: inner + delimited(50, b"unknown"), id="an unknown field at its end"),
        pytest.param(lambda inner: delimited(50, b"unknown") + inner, id="and at its beginning"),
        pytest.param(lambda inner: inner + inner, id="every field twice"),
        pytest.param(lambda inner: inner[:-1], id="its last field goes on behind it"),
        pytest.param(lambda inner: inner + b"\x22\x7f", id="a Struct that goes on behind it"),
        pytest.param(lambda inner: inner + b"\x22\x09", id="a Struct that would be whole with the field behind it"),
        pytest.param(lambda inner: inner + b"\x82\x01\xff\xff\xff\x07", id="a length that goes far beyond"),
        pytest.param(lambda inner: inner + b"\x82\x01", id="a tag without a value"),
        pytest.param(lambda inner: inner + b"\x82\x01\x02\xff\xfe", id="no UTF-8"),
    ],
)
def test_large_messages_in_unusual_forms(content: Any) -> None:
    inner = bytes(LLMInvocation(provider="openai", request={"prompt": "x" * LONG}))
    for behind in (b"", delimited(90, b""), b"\x0a\x01e", delimited(1, b"\x0a\x01k\x12\x02\x08\x00")):
        data = delimited(1, b"e") + delimited(33, content(inner)) + behind
        assert disagreement(Event, data) is None


def test_two_members_of_a_oneof() -> None:
    inner = bytes(LLMInvocation(request={"prompt": "x" * LONG}))
    data = delimited(33, inner) + delimited(37, b"\x0a\x01e") + delimited(90, b"")
    assert disagreement(Event, data) is None
    assert disagreement(Event, delimited(37, b"\x0a\x01e") + delimited(33, inner)) is None
