"""Record one agent run by hand: START and END events around each piece of work, failures included.

    CHAUKAS_GRPC_ENDPOINT=localhost:50051 python examples/record_run.py

The context manager ``work`` is what to copy: it emits the two events of a pair, which share a ``span_id``, and names
the work that surrounds it as the parent.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from chaukas_spec_lite import (
    BlockingChaukasClient,
    BlockingExporter,
    ErrorInfo,
    Event,
    EventStatus,
    EventType,
    LLMInvocation,
    ToolCall,
    ToolResponse,
)

SESSION = str(uuid.uuid4())
parent: ContextVar[str] = ContextVar("parent", default="")


@contextmanager
def work(
    exporter: BlockingExporter, start: EventType, end: EventType, content: dict[str, Any], **fields: Any
) -> Generator[dict[str, Any], None, None]:
    """Emit START, run the body, emit END with what the body put into the dict, or with the error that it raised."""
    fields = {
        "session_id": SESSION,
        "span_id": str(uuid.uuid4()),
        "parent_span_id": parent.get(),
        "agent_name": "triage-agent",
        **fields,
    }
    exporter.emit(Event(type=start, status=EventStatus.STARTED, **content, **fields))
    result: dict[str, Any] = {}
    token = parent.set(fields["span_id"])
    try:
        yield result
    except Exception as error:  # whatever it is, the record has to say so before it goes on
        info = ErrorInfo(error_message=str(error), error_code=type(error).__name__)
        exporter.emit(Event(type=end, status=EventStatus.FAILED, error=info, **fields))
        raise
    else:
        exporter.emit(Event(type=end, status=EventStatus.COMPLETED, **result, **fields))
    finally:
        parent.reset(token)


def run(exporter: BlockingExporter) -> None:
    """An agent asks a model, calls the tool that the model asked for, and fails at another."""
    with work(exporter, EventType.AGENT_START, EventType.AGENT_END, {}):
        model: dict[str, Any] = {"provider": "openai", "model": "gpt-4o"}
        request = LLMInvocation(**model, request={"messages": [{"role": "user", "content": "Where is order 48213?"}]})
        with work(
            exporter,
            EventType.MODEL_INVOCATION_START,
            EventType.MODEL_INVOCATION_END,
            {"llm_invocation": request},
        ) as result:
            result["llm_invocation"] = LLMInvocation(**model, total_tokens=450, finish_reason="tool_calls")

        call = {"tool_call": ToolCall(id="call_1", name="search_orders", arguments={"order_id": "48213"})}
        with work(exporter, EventType.TOOL_CALL_START, EventType.TOOL_CALL_END, call) as result:
            result["tool_response"] = ToolResponse(tool_call_id="call_1", output={"output": {"state": "shipped"}})

        try:
            call = {"tool_call": ToolCall(id="call_2", name="send_mail")}
            with work(exporter, EventType.TOOL_CALL_START, EventType.TOOL_CALL_END, call):
                raise ConnectionError("the mail server is down")
        except ConnectionError:
            pass  # the agent goes on without it


def main() -> None:
    """Record a run and wait until the server has it."""
    client = BlockingChaukasClient(tenant_id="acme", project_id="support-bot")
    with client, BlockingExporter(client) as exporter:
        run(exporter)
        if not exporter.flush(timeout=30):
            raise SystemExit(f"not everything was sent: {exporter.stats().last_error}")
    print(SESSION)


if __name__ == "__main__":
    main()
