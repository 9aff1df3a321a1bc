"""All 19 types of events: the call that makes each, the event, and its line in the tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chaukas_spec_lite import Author, CostDetails, Event, EventStatus, EventType, PerformanceMetrics, Severity
from tests.trace.recorders import Hands, Kept, Recorder, recorder, tree

COMMON = {
    "tenant_id": "acme",
    "project_id": "support-bot",
    "branch": "main",
    "session_id": "s-1",
    "agent_id": "triage-1",
    "agent_name": "triage",
}
SETTINGS: dict[str, Any] = {"tenant_id": "acme", "project_id": "support-bot", "branch": "main", "tags": ["env:prod"]}


def in_agent(step: Callable[[Recorder, Hands], object]) -> Kept:
    """What a step makes within a session and an agent, without their own events."""
    hands = Hands()
    record, kept = recorder(**SETTINGS, clock=hands.times())
    with record.session("run", session_id="s-1", tags=["team:a"]), record.agent("triage", agent_id="triage-1") as agent:
        before = len(kept.events)
        step(record, hands)
        made = kept.events[before:]
    for event in made:
        assert event.trace_id == agent.trace_id
        assert event.tags == ["env:prod", "team:a"]
        assert event.event_id
        assert event.span_id
        assert event.timestamp is not None
        assert event.parent_span_id == agent.span_id
    return Kept(made)


def content(event: Event, *more: str) -> dict[str, Any]:
    """All that an event has but for what events have in common, and the ids and times that it is given."""
    given = event.to_dict()
    common = ("eventId", "spanId", "parentSpanId", "traceId", "timestamp", "tags")
    for name in (*common, *more):
        given.pop(name, None)
    for name, value in COMMON.items():
        words = name.split("_")
        assert given.pop(words[0] + "".join(word.capitalize() for word in words[1:])) == value
    return given


def kinds(type: EventType, author: Author, status: EventStatus, severity: Severity = Severity.INFO) -> dict[str, str]:
    return {
        "type": f"EVENT_TYPE_{type.name}",
        "author": f"AUTHOR_{author.name}",
        "status": f"EVENT_STATUS_{status.name}",
        "severity": f"SEVERITY_{severity.name}",
    }


POINTS: list[tuple[Callable[[Recorder], None], dict[str, str], dict[str, Any], str]] = [
    (
        lambda record: record.input("Where is it?", metadata={"channel": "chat"}),
        kinds(EventType.INPUT_RECEIVED, Author.USER, EventStatus.COMPLETED),
        {"message": {"role": "user", "text": "Where is it?", "metadata": {"channel": "chat"}}},
        "input Where is it?",
    ),
    (
        lambda record: record.output({"state": "shipped"}),
        kinds(EventType.OUTPUT_EMITTED, Author.AGENT, EventStatus.COMPLETED),
        {"message": {"role": "assistant", "text": '{"state": "shipped"}'}},
        'output {"state": "shipped"}',
    ),
    (
        lambda record: record.error("no key", code="AUTH", recovery_action="log in", recoverable=True),
        kinds(EventType.ERROR, Author.SYSTEM, EventStatus.FAILED, Severity.ERROR),
        {
            "error": {
                "errorMessage": "no key",
                "errorCode": "AUTH",
                "recoverable": True,
                "recoveryAction": "log in",
            }
        },
        "error [failed: no key]",
    ),
    (
        lambda record: record.retry(2, strategy="linear", backoff_ms=1500.4, reason=TimeoutError("too late")),
        kinds(EventType.RETRY, Author.SYSTEM, EventStatus.IN_PROGRESS, Severity.WARN),
        {
            "retry": {"attempt": 2, "strategy": "linear", "backoffMs": 1500},
            "metadata": {"retry_reason": "too late"},
        },
        "retry attempt 2, linear 1,500 ms",
    ),
    (
        lambda record: record.policy("pii-v3", "review", rules=["r1", "r2"], rationale="Needs a person."),
        kinds(EventType.POLICY_DECISION, Author.SYSTEM, EventStatus.COMPLETED),
        {
            "policy": {
                "policyId": "pii-v3",
                "outcome": "review",
                "ruleIds": ["r1", "r2"],
                "rationale": "Needs a person.",
            }
        },
        "policy pii-v3 review",
    ),
    (
        lambda record: record.data_access(
            "vector://products", documents=("d1", "d2"), chunks=["d1#3"], pii_categories=["EMAIL"]
        ),
        kinds(EventType.DATA_ACCESS, Author.SYSTEM, EventStatus.COMPLETED),
        {
            "dataAccess": {
                "datasource": "vector://products",
                "documentIds": ["d1", "d2"],
                "chunkIds": ["d1#3"],
                "piiCategories": ["EMAIL"],
            },
            "piiCategories": ["EMAIL"],
        },
        "data vector://products, 2 documents",
    ),
    (
        lambda record: record.state({"model": {"old": None, "new": "gpt-4o"}}, tools=1),
        kinds(EventType.STATE_UPDATE, Author.SYSTEM, EventStatus.COMPLETED),
        {"stateUpdate": {"model": {"old": None, "new": "gpt-4o"}, "tools": 1}},
        "state model, tools",
    ),
    (
        lambda record: record.handoff("billing", to_id="billing-1", reason="refund", data={"order": "48213"}),
        kinds(EventType.AGENT_HANDOFF, Author.AGENT, EventStatus.COMPLETED),
        {
            "agentHandoff": {
                "fromAgentId": "triage-1",
                "fromAgentName": "triage",
                "toAgentId": "billing-1",
                "toAgentName": "billing",
                "reason": "refund",
                "handoffType": "direct",
                "handoffData": {"order": "48213"},
            }
        },
        "hand-off triage -> billing",
    ),
    (
        lambda record: record.system("cache cleared", severity=Severity.DEBUG, metadata={"entries": 12}),
        kinds(EventType.SYSTEM, Author.SYSTEM, EventStatus.COMPLETED, Severity.DEBUG),
        {"metadata": {"message": "cache cleared", "entries": 12}},
        "system cache cleared",
    ),
]


@pytest.mark.parametrize(("make", "expected", "fields", "line"), POINTS, ids=[line for *_, line in POINTS])
def test_points(make: Callable[[Recorder], None], expected: Any, fields: Any, line: str) -> None:
    kept = in_agent(lambda record, _: make(record))
    (event,) = kept.events
    assert content(event) == expected | fields
    assert kept.outline() == line


def test_a_handoff_may_name_its_giver_and_need_no_agent() -> None:
    record, kept = recorder()
    record.handoff("billing", from_="triage")
    record.handoff("billing", kind="escalation")
    handoffs = [event.agent_handoff for event in kept.events if event.agent_handoff is not None]
    assert [(each.from_agent_id, each.from_agent_name, each.to_agent_id) for each in handoffs] == [
        ("triage", "triage", "billing"),
        ("", "", "billing"),
    ]


def test_model_spans() -> None:
    def step(record: Recorder, hands: Hands) -> None:
        settings = {"temperature": 0.25, "max_tokens": 100, "top_p": 0.5}
        with record.model("openai", "gpt-4o", request={"messages": []}, metadata={"k": 1}, **settings) as call:
            hands.seconds += 1.5
            call.response("Shipped.", prompt_tokens=412, completion_tokens=38, finish_reason="stop", response_id="r-1")
            hands.seconds += 0.5

    kept = in_agent(step)
    start, end = kept.events
    assert start.span_id == end.span_id
    parameters = {"temperature": 0.25, "maxTokens": 100, "topP": 0.5}
    assert content(start) == kinds(EventType.MODEL_INVOCATION_START, Author.LLM, EventStatus.STARTED) | {
        "metadata": {"k": 1},
        "llmInvocation": {
            "provider": "openai",
            "model": "gpt-4o",
            "request": {"messages": []},
            "startTime": start.to_dict()["timestamp"],
            **parameters,
        },
    }
    assert content(end) == kinds(EventType.MODEL_INVOCATION_END, Author.LLM, EventStatus.COMPLETED) | {
        "metadata": {"k": 1},
        "responseId": "r-1",
        "performance": {"durationMs": 2000},
        "llmInvocation": {
            "provider": "openai",
            "model": "gpt-4o",
            "response": {"content": "Shipped."},
            "promptTokens": 412,
            "completionTokens": 38,
            "totalTokens": 450,
            "finishReason": "stop",
            "startTime": start.to_dict()["timestamp"],
            "endTime": end.to_dict()["timestamp"],
            "durationMs": 2000,
            **parameters,
        },
    }
    assert kept.outline() == "model gpt-4o"


def test_a_failed_model_call_says_what_it_was() -> None:
    def step(record: Recorder, _: Hands) -> None:
        with record.model("openai", "gpt-4o") as call:
            call.fail("overloaded")

    kept = in_agent(step)
    _, end = kept.events
    assert content(end, "performance") == kinds(
        EventType.MODEL_INVOCATION_END, Author.LLM, EventStatus.FAILED, Severity.ERROR
    ) | {
        "error": {"errorMessage": "overloaded"},
        "metadata": {"name": "gpt-4o", "provider": "openai", "model": "gpt-4o"},
    }
    assert Kept([end]).outline() == "model gpt-4o [failed: overloaded, no start]"


def test_tool_spans() -> None:
    def step(record: Recorder, hands: Hands) -> None:
        with record.tool("search", arguments={"order": "48213"}, call_id="call_2b3f") as tool:
            hands.seconds += 0.0881
            tool.result({"state": "shipped"}, http_status=200)

    kept = in_agent(step)
    start, end = kept.events
    assert content(start) == kinds(EventType.TOOL_CALL_START, Author.TOOL, EventStatus.STARTED) | {
        "toolCall": {"id": "call_2b3f", "name": "search", "arguments": {"order": "48213"}}
    }
    assert content(end) == kinds(EventType.TOOL_CALL_END, Author.TOOL, EventStatus.COMPLETED) | {
        "toolResponse": {
            "toolCallId": "call_2b3f",
            "output": {"output": {"state": "shipped"}},
            "executionTimeMs": 88.1,
            "httpStatus": 200,
        },
        "performance": {"durationMs": 88.1},
        "metadata": {"name": "search"},
    }
    assert Kept([end]).outline() == "tool search [no start]"


def test_mcp_spans() -> None:
    server = {"server_url": "http://localhost:8000/mcp", "method": "POST", "protocol_version": "2025-06-18"}

    def step(record: Recorder, hands: Hands) -> None:
        with record.mcp("files", "tools/call", request={"name": "read"}, **server) as call:
            hands.seconds += 1
            call.response({"content_count": 1})
        with record.mcp("files", "tools/call") as call:
            call.fail("reset")

    kept = in_agent(step)
    start, end, _, failed = kept.events
    common = {
        "serverName": "files",
        "operation": "tools/call",
        "serverUrl": "http://localhost:8000/mcp",
        "method": "POST",
        "protocolVersion": "2025-06-18",
    }
    assert content(start) == kinds(EventType.MCP_CALL_START, Author.SYSTEM, EventStatus.STARTED) | {
        "mcpCall": common | {"request": {"name": "read"}}
    }
    assert content(end) == kinds(EventType.MCP_CALL_END, Author.SYSTEM, EventStatus.COMPLETED) | {
        "mcpCall": common | {"response": {"content_count": 1}, "executionTimeMs": 1000},
        "performance": {"durationMs": 1000},
    }
    assert failed.metadata == {"name": "files tools/call", "server_name": "files", "operation": "tools/call"}
    assert kept.outline() == tree("""
        mcp files POST
        mcp files tools/call [failed: reset]
    """)


def test_session_and_agent_spans() -> None:
    hands = Hands()
    record, kept = recorder(clock=hands.times())
    with (
        record.session("run", metadata={"user": "u-17"}) as session,
        record.agent("triage", role="assistant", metadata={"model": "gpt-4o"}) as agent,
    ):
        hands.seconds += 2.5
        agent.set(steps=3)
        agent.result("Shipped.")
        session.set({"plan": "free"})
    begun, agent_start, agent_end, ended = kept.events
    assert begun.parent_span_id == ended.parent_span_id == ""
    assert begun.span_id == ended.span_id == session.span_id == agent_start.parent_span_id == agent_end.parent_span_id
    assert begun.metadata == {"name": "run", "user": "u-17"}
    assert ended.metadata == {"name": "run", "user": "u-17", "plan": "free", "success": True, "duration_ms": 2500}
    assert [event.author for event in kept.events] == [Author.SYSTEM, Author.AGENT, Author.AGENT, Author.SYSTEM]
    assert agent_start.metadata == {"role": "assistant", "model": "gpt-4o"}
    assert agent_end.metadata == {"role": "assistant", "model": "gpt-4o", "steps": 3, "output": "Shipped."}
    assert (agent_end.agent_id, agent_end.agent_name, begun.agent_id) == ("triage", "triage", "")
    assert {event.session_id for event in kept.events} == {session.session_id}
    assert agent_end.performance == PerformanceMetrics(duration_ms=2500)
    assert session.event is not None
    assert session.event.event_id == begun.event_id


def test_a_session_in_a_place_of_another_process_goes_on_with_it() -> None:
    from chaukas_spec_lite.trace.context import Place

    record, kept = recorder()
    with record.under(Place("s-1", "t-1", "p-1", "a-1", "triage", ("x",), remote=True)):
        assert record.current is None
        with record.session():
            record.system("here")
        with record.session(session_id="s-2"):
            pass
        record.system("beside")
    assert {event.trace_id for event in kept.events} == {"t-1"}
    assert [event.session_id for event in kept.events] == ["s-1", "s-1", "s-1", "s-2", "s-2", "s-1"]
    assert [event.parent_span_id for event in kept.events if event.type != EventType.SYSTEM] == ["p-1"] * 4
    assert kept.events[-1].parent_span_id == "p-1"
    assert {tuple(event.tags) for event in kept.events} == {("x",)}


# Streaming


def test_chunks_are_the_answer_and_the_first_is_timed() -> None:
    def step(record: Recorder, hands: Hands) -> None:
        with record.model("openai", "gpt-4o") as call:
            hands.seconds += 0.25
            call.chunk("")
            hands.seconds += 1
            call.chunk("Ship")
            call.chunk("ped.")
            call.response(completion_tokens=2)
            call.response(prompt_tokens=3, finish_reason="stop")

    kept = in_agent(step)
    _, end = kept.events
    assert end.performance == PerformanceMetrics(duration_ms=1250, latency_ms=250)
    assert end.llm_invocation is not None
    assert end.llm_invocation.response == {"content": "Shipped."}
    assert (end.llm_invocation.prompt_tokens, end.llm_invocation.total_tokens) == (3, 5)
    assert not end.is_final


def test_parts_are_events_on_request() -> None:
    record, kept = recorder(stream=True)
    with record.agent("a"), record.model("openai", "gpt-4o") as call:
        call.chunk("Ship")
        call.chunk("ped.")
    parts = kept.of("OUTPUT_EMITTED")
    assert [(part.is_partial, part.is_final, part.author, part.status) for part in parts] == [
        (True, False, Author.LLM, EventStatus.IN_PROGRESS)
    ] * 2
    assert [part.message.text for part in parts if part.message] == ["Ship", "ped."]
    end = kept.one("MODEL_INVOCATION_END")
    assert (end.is_partial, end.is_final) == (False, True)
    assert end.llm_invocation is not None
    assert end.llm_invocation.response == {"content": "Shipped."}
    assert kept.outline() == tree("""
        agent a
          model gpt-4o
            output Ship
            output ped.
    """)


def test_an_answer_may_be_a_mapping_and_have_a_cost() -> None:
    record, kept = recorder()
    with record.model("openai", "gpt-4o") as call:
        call.response({"tool_calls": []}, total_tokens=7, cost=CostDetails(total_cost=0.5, currency="EUR"))
    end = kept.one("MODEL_INVOCATION_END")
    assert end.llm_invocation is not None
    assert end.llm_invocation.response == {"tool_calls": []}
    assert end.llm_invocation.total_tokens == 7


def test_the_recorder_has_a_call_for_each_type() -> None:
    record, kept = recorder()
    with record.session("run"), record.agent("a"), record.model("p", "m"), record.tool("t"), record.mcp("s", "o"):
        for make, *_ in POINTS:
            make(record)
    assert {event.type for event in kept.events} == set(EventType) - {EventType.UNSPECIFIED}


def test_an_answer_that_does_not_end_does_not_fill_the_memory() -> None:
    record, kept = recorder()
    with record.model("openai", "gpt-4o") as call:
        for _ in range(30):
            call.chunk("x" * 100_000)
    end = kept.one("MODEL_INVOCATION_END")
    assert end.llm_invocation is not None
    assert end.llm_invocation.response == {"content": "x" * 2_000_000}
    assert end.metadata == {"characters_left_out": 1_000_000}
