"""Sessions that tests of the page look at: the recording of the demonstration, and some that were made up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import chaukas_spec_lite
from chaukas_spec_lite import (
    CostDetails,
    ErrorInfo,
    Event,
    EventStatus,
    EventType,
    LLMInvocation,
    RedactionInfo,
    ToolCall,
    ToolResponse,
)
from tests.realdata import split_delimited

DEMO = "01a21c48-9012-76a7-9e37-79b97f4a7c15"
"""The session that the demonstration has recorded."""
BEGAN = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)

EVIL = "<img src=x onerror=alert(1)>\u202edesrever<script>alert(2)</script>"
"""What would do something in a page that took it for markup, with a mark that reverses the direction of writing."""
LONG = "long " * 100_000


def demo() -> list[bytes]:
    """The events of the demonstration."""
    path = Path(chaukas_spec_lite.__file__).parent / "cli/data/session.delim"
    return [*split_delimited(path.read_bytes(), path.name)]


def event(session: str, event_id: str, type_: EventType, span: str, after: float, **more: Any) -> bytes:
    """An event so many seconds after the beginning."""
    at = BEGAN + timedelta(seconds=after)
    return bytes(
        Event(event_id=event_id, session_id=session, type=type_, span_id=span, timestamp=at, **more),
    )


def talk() -> Iterator[bytes]:
    """A session ``talk``: a model that calls two tools, one of which fails."""
    request = {
        "temperature": 0.5,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather in Rome?"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "Tells it."}}],
    }
    calls = [
        {"id": "call-1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}},
        {"id": "call-2", "type": "function", "function": {"name": "mail", "arguments": "{}"}},
    ]
    asked = LLMInvocation(provider="openai", model="gpt-4o", request=request)
    said = LLMInvocation(
        provider="openai",
        model="gpt-4o",
        response={"content": "", "tool_calls": calls},
        prompt_tokens=30,
        completion_tokens=12,
        finish_reason="tool_calls",
    )
    cost = CostDetails(input_cost=0.25, output_cost=0.5, total_cost=0.75, currency="USD")
    inside: dict[str, Any] = {"parent_span_id": "agent"}
    yield event("talk", "t1", EventType.AGENT_START, "agent", 0, agent_name="guide")
    yield event("talk", "t2", EventType.MODEL_INVOCATION_START, "model", 1, llm_invocation=asked, **inside)
    yield event("talk", "t3", EventType.MODEL_INVOCATION_END, "model", 2, llm_invocation=said, cost=cost, **inside)
    call = ToolCall(id="call-1", name="weather", arguments={"city": "Rome"})
    yield event("talk", "t4", EventType.TOOL_CALL_START, "weather", 3, tool_call=call, **inside)
    response = ToolResponse(tool_call_id="call-1", output={"output": {"sky": "clear"}})
    yield event("talk", "t5", EventType.TOOL_CALL_END, "weather", 4, tool_response=response, **inside)
    yield event(
        "talk", "t6", EventType.TOOL_CALL_START, "mail", 5, tool_call=ToolCall(id="call-2", name="mail"), **inside
    )
    failed: dict[str, Any] = {"status": EventStatus.FAILED, "error": ErrorInfo(error_message="mailbox full")}
    yield event("talk", "t7", EventType.TOOL_CALL_END, "mail", 6, **failed, **inside)
    yield event("talk", "t8", EventType.AGENT_END, "agent", 10, agent_name="guide")


def hostile() -> Iterator[bytes]:
    """A session ``hostile``, in every text of which stands what a page must not obey."""
    request = {"messages": [{"role": EVIL, "content": EVIL, EVIL: EVIL}, {"role": "user", "content": LONG}]}
    asked = LLMInvocation(provider=EVIL, model=EVIL, request=request)
    yield event("hostile", "h1", EventType.AGENT_START, "h-agent", 0, agent_name=EVIL, agent_id=EVIL)
    yield event("hostile", "h2", EventType.MODEL_INVOCATION_START, "h-model", 1, llm_invocation=asked)
    yield event("hostile", "h3", EventType.TOOL_CALL_START, "h-tool", 2, tool_call=ToolCall(id=EVIL, name=EVIL))
    wrong = ErrorInfo(error_message=EVIL, error_code=EVIL, stack_trace=EVIL)
    yield event("hostile", "h4", EventType.TOOL_CALL_END, "h-tool", 3, status=EventStatus.FAILED, error=wrong)
    taken = RedactionInfo(fields=["metadata.secret", EVIL], method="mask")
    yield event(
        "hostile",
        "h5",
        EventType.SYSTEM,
        "h-system",
        4,
        metadata={"message": EVIL, "secret": "s", "note": "[redacted EMAIL]", "many": [*range(1000)]},
        tags=[EVIL, *(f"tag {number}" for number in range(300))],
        redaction=taken,
        pii_categories=[EVIL],
    )


def long_run(spans: int) -> Iterator[bytes]:
    """A session ``long``: an agent with so many tools, every hundredth of which fails."""
    yield event("long", "l", EventType.AGENT_START, "agent", 0, agent_name="busy")
    for number in range(1, spans):
        span, inside = f"tool-{number}", {"parent_span_id": "agent"}
        call = ToolCall(name=f"step {number}")
        status = EventStatus.FAILED if number % 100 == 0 else EventStatus.COMPLETED
        yield event("long", f"{span}s", EventType.TOOL_CALL_START, span, number, tool_call=call, **inside)
        yield event("long", f"{span}e", EventType.TOOL_CALL_END, span, number + 1, status=status, **inside)


def another_talk() -> Iterator[bytes]:
    """A session ``talk 2``, which is not as ``talk`` was."""
    for each in map(Event.parse, talk()):
        if each.span_id == "mail":
            continue
        each.event_id, each.session_id = f"2{each.event_id}", "talk 2"
        if each.type is EventType.TOOL_CALL_END and each.timestamp is not None:
            each.timestamp += timedelta(seconds=2)
            each.tool_response = ToolResponse(tool_call_id="call-1", output={"output": {"sky": "cloudy"}})
        yield bytes(each)


def every_run() -> list[bytes]:
    """All of them."""
    return [*demo(), *talk(), *another_talk(), *hostile(), *long_run(1500)]
