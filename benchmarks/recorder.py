"""What recording costs beside making the same events by hand, and what it costs when it is switched off.

The sink encodes each event, which every sink does at least. Both sides make the same events, field by field; `_check`
says if they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from time import perf_counter_ns
from typing import Any

from benchmarks.measure import Job
from chaukas_spec_lite import (
    Author,
    Event,
    EventStatus,
    EventType,
    LLMInvocation,
    PerformanceMetrics,
    Recorder,
    Severity,
    ToolCall,
    ToolResponse,
)
from chaukas_spec_lite.ids import uuid7

SECTION = "Recorder, beside events made by hand"

_OWNER = {"tenant_id": "acme", "project_id": "support-bot", "branch": "main"}
_REQUEST = {"messages": [{"role": "user", "content": "Where is my order 48213?"}], "temperature": 0.2}


class Encoding:
    """A sink that encodes events, and drops them."""

    def __init__(self) -> None:
        self.events: list[Event] | None = None

    def emit(self, event: Event) -> None:
        """Encode an event."""
        data = bytes(event)
        if self.events is not None:
            self.events.append(Event.parse(data))


def jobs() -> Iterator[Job]:
    """A span of two events: of a tool, as a decorator, of a model; and with a recorder that is switched off."""
    sink = Encoding()
    recorder = Recorder(sink, **_OWNER, tags=["env:prod"])
    off = Recorder(sink, enabled=False)
    hand = Hand(sink)

    @recorder.tool
    def search(order: str) -> str:
        return "shipped"

    session = recorder.session("run", session_id="s" * 36).start()
    with recorder.under(session):
        agent = recorder.agent("triage").start()
    # Not by `with agent`: what a generator opens is not current while what it has yielded is measured.
    with recorder.under(agent):
        pairs: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
            ("a tool call, by `with`", lambda: tool(recorder), hand.tool),
            ("a tool call, by a decorator", lambda: search("48213"), hand.tool),
            ("a model call, by `with`", lambda: model(recorder), hand.model),
        ]
        for name, ours, theirs in pairs:
            _check(sink, ours, theirs)
            yield Job(name, ours, [theirs], 1.5)
        yield Job("a tool call, switched off", lambda: tool(off), [hand.tool], 0.1)


def tool(recorder: Recorder) -> None:
    """Record a call of a tool."""
    with recorder.tool("search", arguments={"order": "48213"}) as span:
        span.result("shipped")


def model(recorder: Recorder) -> None:
    """Record a call of a model."""
    with recorder.model("openai", "gpt-4o", request=_REQUEST, temperature=0.2) as call:
        call.response("It was shipped.", prompt_tokens=412, completion_tokens=38, finish_reason="stop")


class Hand:
    """The same events as a program writes them without a recorder, in the same fields."""

    def __init__(self, sink: Encoding) -> None:
        self.sink = sink
        self.trace_id = uuid7()
        self.parent_span_id = uuid7()

    def tool(self) -> None:
        """Make the two events of a call of a tool."""
        span_id, began = uuid7(), perf_counter_ns()
        self.sink.emit(
            Event(
                **_OWNER,
                event_id=uuid7(),
                session_id="s" * 36,
                trace_id=self.trace_id,
                span_id=span_id,
                parent_span_id=self.parent_span_id,
                type=EventType.TOOL_CALL_START,
                severity=Severity.INFO,
                status=EventStatus.STARTED,
                author=Author.TOOL,
                timestamp=datetime.now(timezone.utc),
                agent_id="triage",
                agent_name="triage",
                tags=["env:prod"],
                tool_call=ToolCall(id=span_id, name="search", arguments={"order": "48213"}),
            )
        )
        took = (perf_counter_ns() - began) / 1e6
        self.sink.emit(
            Event(
                **_OWNER,
                event_id=uuid7(),
                session_id="s" * 36,
                trace_id=self.trace_id,
                span_id=span_id,
                parent_span_id=self.parent_span_id,
                type=EventType.TOOL_CALL_END,
                severity=Severity.INFO,
                status=EventStatus.COMPLETED,
                author=Author.TOOL,
                timestamp=datetime.now(timezone.utc),
                agent_id="triage",
                agent_name="triage",
                tags=["env:prod"],
                tool_response=ToolResponse(tool_call_id=span_id, output={"output": "shipped"}, execution_time_ms=took),
                performance=PerformanceMetrics(duration_ms=took),
                metadata={"name": "search"},
            )
        )

    def model(self) -> None:
        """Make the two events of a call of a model."""
        span_id, began, start_time = uuid7(), perf_counter_ns(), datetime.now(timezone.utc)
        self.sink.emit(
            Event(
                **_OWNER,
                event_id=uuid7(),
                session_id="s" * 36,
                trace_id=self.trace_id,
                span_id=span_id,
                parent_span_id=self.parent_span_id,
                type=EventType.MODEL_INVOCATION_START,
                severity=Severity.INFO,
                status=EventStatus.STARTED,
                author=Author.LLM,
                timestamp=start_time,
                agent_id="triage",
                agent_name="triage",
                tags=["env:prod"],
                llm_invocation=LLMInvocation(
                    provider="openai", model="gpt-4o", request=_REQUEST, temperature=0.2, start_time=start_time
                ),
            )
        )
        took, end_time = (perf_counter_ns() - began) / 1e6, datetime.now(timezone.utc)
        self.sink.emit(
            Event(
                **_OWNER,
                event_id=uuid7(),
                session_id="s" * 36,
                trace_id=self.trace_id,
                span_id=span_id,
                parent_span_id=self.parent_span_id,
                type=EventType.MODEL_INVOCATION_END,
                severity=Severity.INFO,
                status=EventStatus.COMPLETED,
                author=Author.LLM,
                timestamp=end_time,
                agent_id="triage",
                agent_name="triage",
                tags=["env:prod"],
                llm_invocation=LLMInvocation(
                    provider="openai",
                    model="gpt-4o",
                    response={"content": "It was shipped."},
                    prompt_tokens=412,
                    completion_tokens=38,
                    total_tokens=450,
                    temperature=0.2,
                    start_time=start_time,
                    end_time=end_time,
                    duration_ms=took,
                    finish_reason="stop",
                ),
                performance=PerformanceMetrics(duration_ms=took),
            )
        )


def _check(sink: Encoding, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    """Both have to make the same events, but for ids and times."""
    sink.events = made = []
    ours()
    theirs()
    sink.events = None
    halves = [[_shape(event.to_dict()) for event in half] for half in (made[:2], made[2:])]
    assert halves[0] == halves[1], halves


def _shape(value: Any) -> Any:
    """The names in an event, whatever their values."""
    return {name: _shape(each) for name, each in value.items()} if isinstance(value, dict) else type(value)
