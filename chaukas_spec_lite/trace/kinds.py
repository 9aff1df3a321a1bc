"""What an event says about spans: its kind, which end of a span it marks, its title, and whether it reports an error.

That is taken out of an event as a ``Moment``, so that the event itself, payloads and all, need not be kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from chaukas_spec_lite.spec.common.v1.events import Event, EventStatus, EventType
from chaukas_spec_lite.trace.tree import Edge, Moment

MAX_TITLE = 300
"""Characters kept of a title or an error message, more than any line shows."""


KINDS = {
    EventType.SESSION_START: ("session", Edge.START),
    EventType.SESSION_END: ("session", Edge.END),
    EventType.AGENT_START: ("agent", Edge.START),
    EventType.AGENT_END: ("agent", Edge.END),
    EventType.AGENT_HANDOFF: ("hand-off", Edge.POINT),
    EventType.MODEL_INVOCATION_START: ("model", Edge.START),
    EventType.MODEL_INVOCATION_END: ("model", Edge.END),
    EventType.TOOL_CALL_START: ("tool", Edge.START),
    EventType.TOOL_CALL_END: ("tool", Edge.END),
    EventType.MCP_CALL_START: ("mcp", Edge.START),
    EventType.MCP_CALL_END: ("mcp", Edge.END),
    EventType.INPUT_RECEIVED: ("input", Edge.POINT),
    EventType.OUTPUT_EMITTED: ("output", Edge.POINT),
    EventType.ERROR: ("error", Edge.POINT),
    EventType.RETRY: ("retry", Edge.POINT),
    EventType.POLICY_DECISION: ("policy", Edge.POINT),
    EventType.DATA_ACCESS: ("data", Edge.POINT),
    EventType.STATE_UPDATE: ("state", Edge.POINT),
    EventType.SYSTEM: ("system", Edge.POINT),
}
"""Kind of span and edge of each event type; a number without a name is a point of its own kind."""


COSTLY = ("model", "tool", "mcp")
"""Kinds whose END says what they cost. What an agent's or a session's END says is taken for the sum of those below it,
which would count them twice."""

MAX_CURRENCY = 12
"""Characters kept of a currency, which should have three."""

MAX_COST = 1e12
"""A call that is said to have cost more did not."""


def moment(event: Event) -> Moment:
    """Take out of an event what the tree of spans is built from."""
    # A type that this version does not know is shown as a point, rather than not at all.
    kind, edge = KINDS.get(event.type) or (f"type {int(event.type)}", Edge.POINT)
    return Moment(
        event_id=event.event_id,
        scope=(event.tenant_id, event.project_id),
        session_id=event.session_id,
        span_id=event.span_id,
        parent_id=event.parent_span_id,
        kind=kind,
        edge=edge,
        time=event.timestamp,
        title=_title(event, kind)[:MAX_TITLE],
        # Those of END only, or a call whose START carries the same numbers would count twice.
        tokens=_tokens(event) if kind == "model" and edge is Edge.END else 0,
        # Severity says nothing about errors: a failed END is often just INFO.
        failed=event.status == EventStatus.FAILED or kind == "error",
        cancelled=event.status == EventStatus.CANCELLED,
        error=_error(event)[:MAX_TITLE],
        cost=_cost(event) if kind in COSTLY and edge is Edge.END else {},
    )


def _title(event: Event, kind: str) -> str:
    if kind == "session":
        return _text_in(event.metadata, "name", "agent_name", "crew_name", "framework")
    if kind == "agent":
        return event.agent_name or event.agent_id
    if kind == "retry" and event.retry is not None:
        return f"attempt {event.retry.attempt}, {event.retry.strategy or 'waits'} {event.retry.backoff_ms:,} ms"
    return _title_of_content(event) or _text_in(event.metadata, "message", "name")


def _title_of_content(event: Event) -> str:
    # All of these are members of one oneof, so at most one is set, and the order means nothing.
    if (message := event.message) is not None:
        return message.text
    if (call := event.tool_call) is not None:
        return call.name or call.function_name
    if (llm := event.llm_invocation) is not None:
        return llm.model
    if (mcp := event.mcp_call) is not None:
        return " ".join(filter(None, [mcp.server_name, mcp.method or mcp.operation]))
    if (handoff := event.agent_handoff) is not None:
        names = [handoff.from_agent_name or handoff.from_agent_id, handoff.to_agent_name or handoff.to_agent_id]
        return " -> ".join(name or "?" for name in names)
    if (policy := event.policy) is not None:
        return " ".join(filter(None, [policy.policy_id, policy.outcome]))
    if (access := event.data_access) is not None:
        documents = len(access.document_ids)
        return access.datasource + (f", {documents:,} documents" if documents > 1 else "")
    if event.state_update is not None:
        return ", ".join(sorted(event.state_update))
    return ""


def _text_in(metadata: Mapping[str, object] | None, *keys: str) -> str:
    """The first of these entries that is a text; instrumentation leaves whatever it likes in metadata."""
    values = [metadata.get(key) for key in keys] if metadata else []
    return next((value for value in values if isinstance(value, str) and value), "")


def _tokens(event: Event) -> int:
    # Some instrumentation fills only the two parts, some only the total.
    llm = event.llm_invocation
    return (llm.total_tokens or llm.prompt_tokens + llm.completion_tokens) if llm else 0


def _cost(event: Event) -> dict[str, float]:
    if (cost := event.cost) is None:
        return {}
    # Some instrumentation fills only the two parts, some only the total.
    amount = cost.total_cost or cost.input_cost + cost.output_cost
    currency = cost.currency.strip().upper()[:MAX_CURRENCY]
    # One NaN would make a NaN of every sum that it is part of, and so would infinity, or what adds up to it.
    return {currency: amount} if abs(amount) <= MAX_COST and (amount or currency) else {}


def _error(event: Event) -> str:
    if event.error is not None:
        return event.error.error_message or event.error.error_code
    # A failed tool call reports its error in the response, as content is one of a oneof.
    return event.tool_response.error_message if event.tool_response is not None else ""
