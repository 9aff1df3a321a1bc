"""`match` on messages, as dataclasses."""

from __future__ import annotations

from typing_extensions import assert_type

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.spec.common.v1.events import LLMInvocation


def describe(event: Event) -> str:
    match event:
        case Event(type=EventType.MODEL_INVOCATION_END, llm_invocation=LLMInvocation() as call):
            assert_type(call, LLMInvocation)
            return f"{call.model}: {call.prompt_tokens}"
        case Event(event_id="e1"):
            return "the first"
        case _:
            return "other"


assert describe(Event(event_id="e1")) == "the first"
assert describe(Event(type=EventType.MODEL_INVOCATION_END, llm_invocation=LLMInvocation(model="m"))) == "m: 0"
