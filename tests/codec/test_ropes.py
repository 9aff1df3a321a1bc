"""Long content, which is written in pieces: everything that is true of short content, held against the reference."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given

from chaukas_spec_lite import EncodeError, Event, EventBatch, LLMInvocation, MessageContent
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyMessage
from chaukas_spec_lite.wellknown import writers
from chaukas_spec_lite.wire import rope
from chaukas_spec_lite.wire.format import LONG, SMALL
from chaukas_spec_lite.wire.rope import Rope, long, sized
from tests import realdata
from tests.codec.test_differential import any_message, check_message
from tests.profiles import searched


@contextmanager
def everything_in_ropes() -> Iterator[None]:
    """Have all content written as if it were long."""
    encoding = [module for module in sys.modules.values() if getattr(module, "sized", None) is sized]
    assert len(encoding) > 5
    with ExitStack() as stack:
        for module in (rope, writers):
            stack.enter_context(patch.object(module, "LONG", 0))
        for module in encoding:
            if module is not rope:
                stack.enter_context(patch.object(module, "SMALL", 0))
        yield


@searched(1_000)
@given(any_message("chaukas"))
def test_chaukas_messages(message: Message) -> None:
    with everything_in_ropes():
        check_message(message)


@searched(1_000)
@given(any_message("everything"))
def test_messages_of_every_kind(message: Message) -> None:
    with everything_in_ropes():
        check_message(message)


def test_real_events() -> None:
    with everything_in_ropes():
        for data in realdata.events():
            assert bytes(Event.parse(data)) == data


@pytest.mark.parametrize("size", [SMALL - 1, SMALL, LONG - 1, LONG, 5 * LONG])
@pytest.mark.parametrize("char", ["x", "é", "敏"])
def test_around_the_limits(size: int, char: str) -> None:
    text = char * size
    # The reference sorts keys, and what is long is to stand before something.
    nested: Any = {"prompt": text, text: [text, {"a": text, "n": 1}, [text, 2], 1.5], "\U0010ffff": True}
    for event in (
        Event(event_id="e", message=MessageContent(role="user", text=text), branch=text),
        Event(event_id="e", tags=[text, "short", text], llm_invocation=LLMInvocation(request=nested, model=text)),
        Event(metadata=nested, extensions=[AnyMessage(type_url=text, value=text.encode())]),
    ):
        check_message(event)
        check_message(EventBatch(batch_id=text, events=[event, Event(event_id="f"), event]))


def test_what_is_no_plain_str_list_or_dict() -> None:
    class Text(str):
        pass

    text = "x" * LONG
    unusual, plain = {"t": (Text(text), [(text,)]), "n": 1}, {"t": [text, [[text]]], "n": 1}
    assert bytes(Event(metadata=unusual, branch=Text(text))) == bytes(Event(metadata=plain, branch=text))


def test_short_content_is_no_rope() -> None:
    text = "x" * (LONG - 1)
    assert long(text) is text
    assert type(sized("\n", text)) is str
    assert isinstance(long("x" * LONG), Rope)
    assert long(made := Rope("x" * LONG)) is made


def test_what_it_holds() -> None:
    both = "before " + (Rope("one") + " two " + (Rope("three") + " four"))
    assert str(both) == f"{both}" == "before one two three four"
    assert both.encode("latin-1") == b"before one two three four"
    assert len(both) == len(str(both))


def test_an_error_within_long_content() -> None:
    request: Any = {"a": "x" * LONG, "b": [{"c": "\ud800"}]}
    with pytest.raises(EncodeError, match="a lone surrogate") as caught:
        bytes(Event(llm_invocation=LLMInvocation(request=request)))
    assert caught.value.path == "Event.llm_invocation.request['b'][0]['c']"
