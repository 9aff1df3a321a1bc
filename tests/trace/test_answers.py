"""Answers in brief, by which runs are compared without keeping what they said."""

from __future__ import annotations

from typing import Any

import pytest

from chaukas_spec_lite import Event, LLMInvocation, MessageContent, ToolResponse
from chaukas_spec_lite.trace.answers import MAX_ANSWER, answer, brief


def output(value: Any) -> Event:
    return Event(tool_response=ToolResponse(output={"output": value}))


EVENTS = [
    Event(),
    Event(message=MessageContent(text="No.")),
    Event(llm_invocation=LLMInvocation(response={"content": "No.", "finish_reason": "stop"})),
    Event(llm_invocation=LLMInvocation(response={"finish_reason": "stop", "content": "No."})),
    Event(tool_response=ToolResponse(error_message="No.")),
    *map(output, ["No.", None, [], {}, 0.0, float("nan"), "\ud800", "x" * 5000, "x" * 5001, {"a": [1.0, {"b": "ü"}]}]),
]


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_answers_are_equal_in_brief_if_they_are_equal(event: Event) -> None:
    for other in EVENTS:
        same = event is other or answer(event) == answer(other)
        assert (brief(event) == brief(other)) == same


def test_some_of_an_answer_is_shown() -> None:
    found = brief(output("x" * 5000))
    assert found is not None
    assert found.text == '{"output": "' + "x" * (MAX_ANSWER - 12)
    assert brief(Event(message=MessageContent(text="No."))) == brief(
        Event(tool_response=ToolResponse(error_message="No."))
    )
    assert brief(Event()) is None
