"""Values of the wrong kind in the arguments of a recorder's methods: they can be read, and cost nothing else."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event, Recorder, Redactor
from chaukas_spec_lite.files import read_events
from tests.oracle import canonical, reference

BEFORE: dict[str, Any] = {
    "nothing": None,
    "a redactor": Redactor(),
    "a function": lambda event: event,
    "both": [Redactor(), lambda event: event],
}


def read(path: Path) -> dict[str, Event]:
    """Read a recording as the official package does too; the last event of each type."""
    events = [recorded.event for recorded in read_events(path)]
    for event in events:
        assert canonical(reference(Event).FromString(bytes(event)))
    return {event.type.name: event for event in events}


@pytest.mark.parametrize("before", BEFORE)
def test_what_no_field_takes_stands_in_the_metadata(before: str, tmp_path: Path) -> None:
    path = tmp_path / "events.delim"
    odd: Any = "hot"
    with Recorder.to(path, before_send=BEFORE[before]) as recorder:
        with recorder.model("openai", "gpt-4o", temperature=odd, max_tokens=odd, metadata={"k": 1}) as call:
            call.response("42", finish_reason=odd)
        with recorder.tool("search") as tool:
            tool.result("found", http_status=odd)
        recorder.retry(odd, backoff_ms=odd)
    found = read(path)
    parameters = {"llm_invocation.temperature": "hot", "llm_invocation.max_tokens": "hot"}
    for name in ("MODEL_INVOCATION_START", "MODEL_INVOCATION_END"):
        assert found[name].metadata == {"k": 1, "chaukas": {"odd_values": parameters}}
        assert (found[name].llm_invocation or "").model == "gpt-4o"  # type: ignore[union-attr]  # there is one
    assert (found["TOOL_CALL_END"].metadata or {})["chaukas"] == {"odd_values": {"tool_response.http_status": "hot"}}
    assert found["RETRY"].metadata == {"chaukas": {"odd_values": {"retry.attempt": "hot", "retry.backoff_ms": "hot"}}}


def test_it_is_told_with_the_path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    odd: Any = "hot"
    with (
        caplog.at_level(logging.WARNING),
        Recorder.to(tmp_path / "events.jsonl") as recorder,
        recorder.model("openai", "gpt-4o", temperature=odd),
    ):
        pass
    (line,) = caplog.messages
    assert "Event.llm_invocation.temperature: str went to the metadata: expected float, got str" in line


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("levels", [60, 500, 5000])
@pytest.mark.parametrize("shape", ["list", "dict"])
def test_of_what_is_nested_too_deep_only_the_innermost_is_lost(
    before: str, shape: str, levels: int, tmp_path: Path
) -> None:
    path, deep = tmp_path / "events.delim", "leaf"
    for _ in range(levels):
        deep = [deep] if shape == "list" else {"d": deep}  # type: ignore[assignment]  # any value
    value: Any = deep
    with Recorder.to(path, before_send=BEFORE[before]) as recorder:
        with recorder.model("openai", "gpt-4o", request=value, metadata={"k": value}) as call:
            call.response(value)
        with recorder.tool("search", arguments=value) as tool:
            tool.result(value)
        with recorder.mcp("server", "tools/call", request=value) as mcp:
            mcp.response(value)
        recorder.state(value)
        recorder.handoff("billing", data=value, metadata=value)
    mark = f"[nested too deep: {shape} of 1]"
    found = read(path)
    held = (
        *(
            found["MODEL_INVOCATION_START"].metadata,
            found["AGENT_HANDOFF"].metadata,
            found["STATE_UPDATE"].state_update,
        ),
        (found["MODEL_INVOCATION_START"].llm_invocation or Any).request,
        (found["MODEL_INVOCATION_END"].llm_invocation or Any).response,
        (found["TOOL_CALL_START"].tool_call or Any).arguments,
        (found["TOOL_CALL_END"].tool_response or Any).output,
        (found["MCP_CALL_START"].mcp_call or Any).request,
        (found["MCP_CALL_END"].mcp_call or Any).response,
        (found["AGENT_HANDOFF"].agent_handoff or Any).handoff_data,
    )
    for each in held:
        assert mark in repr(each)
        assert repr(each).count("{") + repr(each).count("[") > 25
