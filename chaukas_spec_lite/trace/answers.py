"""What came out of work, for runs to be compared by."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any, NamedTuple

from chaukas_spec_lite.spec.common.v1.events import Event


def answer(event: Event) -> Any:
    """What came out of the work whose END, or whose only event, this is: no ids, times or amounts.

    A model's response, a tool's output, a text, what was decided; None where the event holds nothing of the kind.
    """
    if (llm := event.llm_invocation) is not None:
        return llm.response
    if (tool := event.tool_response) is not None:
        return tool.output if tool.output is not None else tool.error_message or None
    if (mcp := event.mcp_call) is not None:
        return mcp.response
    if (message := event.message) is not None:
        return message.text or None
    if (policy := event.policy) is not None:
        return policy.outcome or None
    if (error := event.error) is not None:
        return error.error_message or error.error_code or None
    return event.state_update


MAX_ANSWER = 300
"""Characters kept of an answer, for people to see what it is about."""


class BriefAnswer(NamedTuple):
    """An answer without its weight: as much of it as tells it from others, and some of it to be shown."""

    digest: bytes
    text: str


def brief(event: Event) -> BriefAnswer | None:
    """What ``answer`` tells, in brief; None where it tells nothing. Equal answers are equal in brief."""
    if (said := answer(event)) is None:
        return None
    # Keys in one order, as dicts are equal in any; an escape for half a surrogate pair, which has no bytes.
    written = json.dumps(said, sort_keys=True, default=repr)
    text = said if isinstance(said, str) else json.dumps(said, sort_keys=True, default=repr, ensure_ascii=False)
    return BriefAnswer(blake2b(written.encode(), digest_size=16).digest(), text[:MAX_ANSWER])
