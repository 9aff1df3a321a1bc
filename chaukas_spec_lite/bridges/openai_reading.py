"""What the objects of OpenAI's Agents say, as plain values: requests as messages, answers, names of models.

Nothing of the framework is imported. What it traces are objects of OpenAI's API or dicts of the same shape, by version
and model; whatever is not as expected is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaukas_spec_lite.bridges.runs import as_dict, as_list, is_list, is_mapping, texts

SETTINGS = ("temperature", "max_tokens", "top_p", "frequency_penalty", "presence_penalty")
"""The settings of a model call that the schema has fields for."""


@dataclass
class ModelAnswer:
    """What a model said."""

    text: str = ""
    calls: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """The calls of tools that it asks for: ``id``, ``name`` and ``arguments``, the last as JSON."""
    finish_reason: str = ""
    model: str = ""
    response_id: str = ""
    hosted: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Other items of its output: what was done at OpenAI's, such as searches."""

    def content(self) -> dict[str, Any]:
        """As the ``response`` of an event."""
        found: dict[str, Any] = {"content": self.text} if self.text or not self.calls else {}
        if self.calls:
            found["tool_calls"] = self.calls
        if self.finish_reason:
            found["finish_reason"] = self.finish_reason
        return found


def answer_of(response: Any) -> ModelAnswer | None:
    """Read a response of OpenAI's API or of the framework: an object, a dict, or a list of one. None for none."""
    if is_list(response):
        response = next(iter(response), None)
    if response is None:
        return None
    if get(response, "role") is not None:  # a message of the older API
        return _answer_of_message(response)
    found = ModelAnswer(model=text(get(response, "model")), response_id=text(get(response, "id")))
    found.response_id = found.response_id or text(get(response, "response_id"))
    if found.response_id.startswith("__fake"):
        found.response_id = ""  # the framework's, for APIs that have no ids
    for item in as_list(get(response, "output")):
        kind = get(item, "type")
        if kind == "message":
            found.text += "".join(
                text(get(part, "text")) or text(get(part, "refusal")) for part in as_list(get(item, "content"))
            )
        elif kind == "function_call":
            found.calls.append(_call(get(item, "call_id"), item))
        else:
            found.hosted.append(plain(item))
    cut = text(get(get(response, "incomplete_details"), "reason"))
    found.finish_reason = {"max_output_tokens": "length"}.get(cut, cut) or ("tool_calls" if found.calls else "stop")
    return found


def _answer_of_message(message: Any) -> ModelAnswer:
    calls = [_call(get(each, "id"), get(each, "function")) for each in as_list(get(message, "tool_calls"))]
    said = "".join(texts(get(message, "content"))) or text(get(message, "refusal"))
    return ModelAnswer(said, calls, "tool_calls" if calls else "stop")


def _call(call_id: Any, function: Any) -> dict[str, str]:
    return {"id": text(call_id), "name": text(get(function, "name")), "arguments": text(get(function, "arguments"))}


def tokens_of(usage: Any) -> dict[str, int]:
    """The tokens that a usage names, as ``ModelSpan.response`` takes them."""
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens", "total_tokens": "total_tokens"}
    found = {ours: get(usage, theirs) for ours, theirs in names.items()}
    return {name: count for name, count in found.items() if isinstance(count, int)}


def messages_of(system: str | None, items: Any) -> list[dict[str, Any]]:
    """A request's input as messages: items of calls and their outputs become those of an assistant and a tool."""
    found: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    if isinstance(items, str):
        return [*found, {"role": "user", "content": items}]
    for item in as_list(items):
        kind, role = get(item, "type"), get(item, "role")
        if kind == "function_call":
            found.append({"role": "assistant", "tool_calls": [_call(get(item, "call_id"), item)]})
        elif kind == "function_call_output":
            output = {"tool_call_id": get(item, "call_id"), "content": _content(get(item, "output"))}
            found.append({"role": "tool", **output})
        elif isinstance(role, str) and kind in (None, "message"):
            found.append({**plain(item), "content": _content(get(item, "content"))} if kind is None else _said(item))
        else:
            found.append(plain(item))
    return found


def _said(item: Any) -> dict[str, Any]:
    return {"role": get(item, "role"), "content": _content(get(item, "content"))}


def _content(content: Any) -> Any:
    """The text, where the content of a message is nothing but texts."""
    parts = [plain(part) for part in as_list(content)]
    if not parts:
        return content
    found = list(texts(parts))
    return "".join(found) if len(found) == len(parts) else parts


def asked(messages: Sequence[Mapping[str, Any]]) -> str:
    """What the user said last: the messages behind the last one that somebody else wrote."""
    last: list[str] = []
    for message in messages:
        if message.get("role") == "user":
            last.append("".join(texts(message.get("content"))))
        elif message.get("role") not in ("system", "developer"):
            last.clear()
    return "\n".join(filter(None, last))


def provider_and_model(model: Any, default: str = "") -> tuple[str, str]:
    """Who runs a model, and its name, of what an agent has as its ``model``: a name, an object, or None."""
    name = model if isinstance(model, str) else text(get(model, "model"))
    if model is not None and not name:
        return "", type(model).__name__
    parts = (name or default).split("/")
    if len(parts) > 1:
        return parts[-2], parts[-1]  # such as litellm/anthropic/claude
    return "openai", parts[0]


def arguments_of(raw: Any) -> dict[str, Any]:
    """A tool's arguments: the object that their JSON stands for, or the text as ``input``."""
    if not raw:
        return {}
    try:
        found = json.loads(raw)
    except (TypeError, ValueError):
        found = raw
    return as_dict(found) if is_mapping(found) else {"input": found}


def plain(value: Any) -> dict[str, Any]:
    """An object of OpenAI's as a dict."""
    if not is_mapping(value):
        dump = getattr(value, "model_dump", None)
        value = dump(exclude_none=True) if callable(dump) else {"value": repr(value)}
    return as_dict(value)


def get(value: Any, name: str) -> Any:
    """A key of a dict, or an attribute; None if there is none."""
    return value.get(name) if is_mapping(value) else getattr(value, name, None)


def output_of(value: Any) -> Any:
    """What an agent has come to: objects of pydantic as dicts."""
    return plain(value) if callable(getattr(value, "model_dump", None)) else value


def text(value: Any) -> str:
    """A text, or nothing."""
    return value if isinstance(value, str) else ""


def words_of(error: Mapping[str, Any]) -> str:
    """What a noted error says: its details, if it has any."""
    data = as_dict(error.get("data"))
    return text(data.get("error")) or text(error.get("message"))


def summary_of(tool: str, output: Any) -> dict[str, Any]:
    """The answer of an MCP server in brief; the tool's own event has all of it."""
    parts: list[Any] = as_list(output) if is_list(output) else [] if output is None else [output]
    first = next((text(get(part, "text")) for part in parts), "")
    return {"tool_name": tool, "content_count": len(parts), **({"preview": first[:200]} if first else {})}
