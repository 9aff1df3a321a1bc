"""What is told of a conversion, as a person reads it in the log: what was there, what is recorded, and what is lost."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections import UserList
from collections.abc import Iterator
from typing import Any

import pytest

from chaukas_spec_lite import Event, LLMInvocation, MessageContent, ToolCall, ToolResponse
from chaukas_spec_lite.lenient import Conversion, Limits, encode
from chaukas_spec_lite.lenient.table import TABLE
from tests.codec.kinds_of_values import CLASSES
from tests.lenient.test_table import EXAMPLES
from tests.oracle import reference


class Thing:
    def __repr__(self) -> str:
        return "<Thing>"


class Silent:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Torn(UserList[int]):
    def __iter__(self) -> Iterator[int]:
        yield 1
        raise KeyError("no more")


class Closed(list[int]):
    def __iter__(self) -> Iterator[int]:
        raise KeyError("closed")


class Array:
    dtype = "float64"
    shape: tuple[int, ...] = ()

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def tolist(self) -> Any:
        return [1.0] * self.shape[0] if self.shape else 1.0


ITSELF: list[Any] = []
ITSELF.append(ITSELF)
DEEP: Any = {}
for _ in range(60):
    DEEP = {"d": DEEP}

IN_A_STRUCT: list[tuple[Any, str, bool]] = [
    (uuid.UUID(int=0), "UUID became text", False),
    ({1}, "set became a list", False),
    (Array(2), "Array became a list", False),
    (Array(), "Array became a number", False),
    (
        Array(1000, 1000),
        "Array became the text [an array of float64, shape (1000, 1000)], as it is too large",
        True,
    ),
    (Thing(), "Thing became its repr, as text", False),
    (Silent(), "Silent became the text [Silent, whose repr raises RuntimeError]", True),
    (ITSELF, "list contains itself; the second time it became the text [contains itself: list of 1]", True),
    (DEEP, "dict, nested deeper than can be read, became the text [nested too deep: dict of 1]", True),
    (2**60, "int beyond 2**53 became text, as a number would lose its last digits", False),
    (math.nan, "float became the text 'NaN', as JSON has no such number", False),
    (math.inf, "float became the text 'Infinity', as JSON has no such number", False),
    ("\ud800", "half of a surrogate pair, at index 0 of the text, became its escape, \\ud800", False),
    ({7: 1}, "key of type int became the text '7'", False),
    ({"7": 0, 7: 1}, "the key '7' was there already, so this one became '7 (2)'", False),
    (Torn([1, 2]), "Torn was cut after its first 1, as reading it further raised KeyError", True),
    (Closed([1]), "Closed was read as the list that it is derived from, as its own way raised KeyError", False),
]


@pytest.mark.parametrize(("value", "what", "lost"), IN_A_STRUCT, ids=[what for _, what, _ in IN_A_STRUCT])
def test_a_value_in_a_struct(value: Any, what: str, lost: bool) -> None:
    told = encode(Event(metadata={"k": value})).conversions[-1]
    assert told.path.startswith("Event.metadata['k']")
    assert (told.what, told.lost) == (what, lost)


IN_FIELDS: list[tuple[type[Any], str, Any, str, bool]] = [
    (Event, "agent_name", 5, "int became text", False),
    (LLMInvocation, "prompt_tokens", 12.6, "float became int, rounded", False),
    (LLMInvocation, "prompt_tokens", "many", "str was left out: expected int for int32, got str; use int(value)", True),
    (Event, "timestamp", dt.datetime(2026, 1, 2), "datetime without a time zone became one in UTC", False),  # noqa: DTZ001
    (Event, "tags", "a", "str became a list with nothing else in it, as the field holds a list", False),
    (Event, "tags", [None], "None was left out: a list or a map cannot hold it", True),
    (Event, "tool_call", 5, "int went to the metadata: it has none of the fields of ToolCall", False),
    (Event, "tool_call", MessageContent(), "MessageContent was left out: it has none of the fields of ToolCall", True),
    (Event, "tool_call", {"name": "n", "x": 5}, "int went to the metadata: ToolCall has no such field", False),
    (ToolCall, "auth_required", "y", 'str was left out: expected bool, got str; use value == "true"', True),
    (Event, "tool_call", {"name": "n"}, "dict became ToolCall", False),
    (Event, "tool_call", reference(ToolCall)(), "ToolCall of the official package became one of this package", False),
    (Event, "extensions", [ToolCall()], "ToolCall became an Any that holds it", False),
    (ToolResponse, "output", "x", "str became the dict {'output': ...}, as the field holds nothing but a dict", False),
    (CLASSES["WellKnown"], "list", 5, "int became a list with nothing else in it, as the field holds a list", False),
    (
        CLASSES["Maps"],
        "string_value",
        {1: "a", "1": "b"},
        "an entry before this one, whose key is '1' too, was left out",
        True,
    ),
    (Event, "_unknown_fields", 5, "_unknown_fields: int was left out: expected bytes", True),
]


@pytest.mark.parametrize(("cls", "field", "value", "what", "lost"), IN_FIELDS, ids=[each[3] for each in IN_FIELDS])
def test_a_value_in_a_field(cls: type[Any], field: str, value: Any, what: str, lost: bool) -> None:
    message = cls()
    setattr(message, field, value)
    told = encode(message).conversions[-1]
    assert (told.what, told.lost) == (what, lost)


def test_of_two_members_of_a_oneof_the_one_that_is_left_out_is_named() -> None:
    event = Event(message=MessageContent(text="hi"))
    event.tool_call = ToolCall(name="n")
    what = "MessageContent was left out: tool_call is set too, and only one of oneof content can be"
    assert encode(event).conversions == [Conversion("Event.message", what, lost=True)]


def test_default_is_named_with_what_it_made() -> None:
    for made, words in (("x", "text"), (1, "a number"), ({}, "a dict"), (None, "null"), (uuid.UUID(int=0), "UUID")):
        (told, *_) = encode(Event(metadata={"k": Thing()}), lambda _, made=made: made).conversions  # type: ignore[misc]
        assert told.what == f"Thing became {words}, which default= made of it"


def test_each_begins_with_the_type_that_was_there_and_says_one_thing_that_is_there_now() -> None:
    for value, _ in EXAMPLES:
        told = encode(Event(metadata={"k": value})).conversions
        name = value.__name__ if isinstance(value, type) else type(value).__name__
        assert re.match(rf"(the class |[\w.]+\.)?{name}\b", told[0].what), told
        assert " or " not in told[0].what, "what was recorded is one of the two"


def test_each_row_with_a_choice_says_which_it_was() -> None:
    assert all(row.says_which for row in TABLE if re.search(r" or |;|where", row.becomes))


def test_losses_are_told_although_there_are_more_conversions_than_are_told() -> None:
    value = [*[uuid.UUID(int=0)] * 2000, ITSELF, "x" * 5000]
    told = encode(Event(metadata={"k": value}), limits=Limits(event_bytes=90_000)).conversions
    assert [each.what for each in told if each.lost] == [IN_A_STRUCT[7][1]]
    assert len([each for each in told if not each.lost]) == 1000


def test_a_loss_on_the_way_to_text_is_told() -> None:
    (lost, became) = encode(Event(message=MessageContent(text=ITSELF))).conversions  # type: ignore[arg-type]  # wrong
    assert (lost.lost, lost.path) == (True, "Event.message.text[0]")
    assert (became.what, became.lost) == ("list became text", False)


def test_a_conversion_is_a_line() -> None:
    (told,) = encode(Event(metadata={"k": uuid.UUID(int=0)})).conversions
    assert str(told) == "Event.metadata['k']: UUID became text"
