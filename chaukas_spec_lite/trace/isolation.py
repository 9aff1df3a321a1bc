"""Gives an event dicts and lists of its own, so that whoever changes the event changes nothing of the program's.

Values are not copied where nobody changes them. A ``before_send`` may: taking a password out of an event is what it is
for, and must not take it out of the arguments that a function is about to be called with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event

_MAX_DEPTH = 100
"""How deep values are copied. What is deeper stays the program's; such values are cut when they are encoded."""


def isolate(event: Event) -> Event:
    """Give an event copies of the dicts and lists that it may share with the program, and return it."""
    if event.metadata:
        event.metadata = own(event.metadata)
    if event.state_update:
        event.state_update = own(event.state_update)
    if (message := event.message) is not None:
        message.metadata = own(message.metadata)
    if (call := event.tool_call) is not None:
        call.arguments = own(call.arguments)
    if (response := event.tool_response) is not None:
        response.output = own(response.output)
    if (llm := event.llm_invocation) is not None:
        llm.request, llm.response = own(llm.request), own(llm.response)
    if (mcp := event.mcp_call) is not None:
        mcp.request, mcp.response = own(mcp.request), own(mcp.response)
    if (handoff := event.agent_handoff) is not None:
        handoff.handoff_data = own(handoff.handoff_data)
    return event


def own(value: Any) -> Any:
    """Copy a value as far as it is made of dicts, lists and tuples; cycles and shared parts stay what they are."""
    return _own(value, {}, 0)


def _own(value: Any, made: dict[int, Any], depth: int) -> Any:
    kind = value.__class__
    if kind not in (dict, list, tuple) or depth > _MAX_DEPTH:
        return value
    if (known := made.get(id(value))) is not None:
        return known
    if kind is dict:
        copied: dict[Any, Any] = {}
        made[id(value)] = copied
        # A list of the items, in case that another thread adds some.
        for key, each in list(cast("dict[Any, Any]", value).items()):
            copied[key] = _own(each, made, depth + 1)
        return copied
    if kind is list:
        items: list[Any] = []
        made[id(value)] = items
        items.extend(_own(each, made, depth + 1) for each in list(value))
        return items
    return tuple(_own(each, made, depth + 1) for each in value)
