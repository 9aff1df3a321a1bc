"""What the objects of LangChain say, as plain values. Nothing of it is imported: they are known by their attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chaukas_spec_lite.bridges.runs import as_dict, as_list, is_list, is_mapping, texts

_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant", "HumanMessageChunk": "user"}

_PARAMETERS = ("temperature", "max_tokens", "top_p", "frequency_penalty", "presence_penalty")

_REQUESTS = ("input", "question", "query", "text")
_ANSWERS = ("output", "answer", "result", "text")
"""Keys under which chains that take and return a dict have the text, by custom."""


class Said:
    """What a model said: the first generation of a result.

    Args:
        result: An ``LLMResult``.
    """

    def __init__(self, result: Any) -> None:
        first = next(iter(as_list(getattr(result, "generations", None))), None)
        self._generation: Any = next(iter(as_list(first)), None)
        self._message = getattr(self._generation, "message", None)
        self._output = as_dict(getattr(result, "llm_output", None))
        about = as_dict(getattr(self._message, "response_metadata", None))
        known = {**self._output, **as_dict(getattr(self._generation, "generation_info", None)), **about}
        self.finish_reason = _text(known, "finish_reason", "stop_reason", "done_reason")
        self.model = _text(known, "model_name", "model")
        self.response_id = _text(known, "id", "response_id")

    def content(self) -> dict[str, Any]:
        """As the ``response`` of an event."""
        text = getattr(self._generation, "text", "") or ""
        if self._message is not None:
            text = "".join(texts(self._message.content)) or text
        calls = _calls(self._message)
        found: dict[str, Any] = {"content": text} if text or not calls else {}
        if calls:
            found["tool_calls"] = calls
        if self.finish_reason:
            found["finish_reason"] = self.finish_reason
        return found

    def tokens(self) -> dict[str, int]:
        """As ``ModelSpan.response`` takes them; nothing where nobody counted."""
        usage = getattr(self._message, "usage_metadata", None)
        names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens", "total_tokens": "total_tokens"}
        if not usage:
            usage = as_dict(self._output.get("token_usage") or self._output.get("usage"))
            names = {name: name for name in names}
        return {ours: usage[theirs] for ours, theirs in names.items() if isinstance(usage.get(theirs), int)}


def _calls(message: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": call.get("id") or "",
            "name": call.get("name") or "",
            "arguments": json.dumps(call.get("args") or {}, ensure_ascii=False, default=repr),
        }
        for call in getattr(message, "tool_calls", None) or ()
    ]


def request_of(messages: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What a chat model is asked."""
    found: dict[str, Any] = {"messages": [message_of(message) for message in messages]}
    given, options = as_dict(kwargs.get("invocation_params")), as_dict(kwargs.get("options"))
    if names := [_tool_name(tool) for tool in as_list(given.get("tools") or options.get("tools"))]:
        found["tools"] = names
    return found


def message_of(message: Any) -> dict[str, Any]:
    """A message as a dict."""
    kind = getattr(message, "type", "")
    content = message.content
    # Parts that are no texts, such as images, are kept as they are.
    plain = not is_list(content) or len(list(texts(content))) == len(content)
    found: dict[str, Any] = {
        "role": getattr(message, "role", None) or _ROLES.get(kind, kind),
        "content": "".join(texts(content)) if plain else content,
    }
    if calls := _calls(message):
        found["tool_calls"] = calls
    if call_id := getattr(message, "tool_call_id", None):
        found["tool_call_id"] = call_id
    return found


def token_text(event: Any) -> str | None:
    """The text that an event of a stream adds: empty for one that adds something else; None at the beginning."""
    if not is_mapping(event) or event.get("event") in (None, "message-start"):
        return None
    text = as_dict(event.get("delta")).get("text")
    return text if isinstance(text, str) else ""


def model_of(known: Mapping[str, Any], given: Mapping[str, Any], serialized: Mapping[str, Any]) -> tuple[str, str]:
    """Who runs a model, and its name: what LangChain tells LangSmith, or the parameters say, or else its class."""
    model = _text(known, "ls_model_name") or _text(given, "model", "model_name", "model_id")
    return _text(known, "ls_provider"), model or _text(serialized, "name")


def parameters_of(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a call that the schema has fields for."""
    found = {name: known.get(f"ls_{name}", given.get(name)) for name in _PARAMETERS}
    return {name: value for name, value in found.items() if isinstance(value, (int, float))}


def arguments_of(inputs: Mapping[str, Any] | None, text: str) -> dict[str, Any]:
    """A tool's arguments: by name, or the one text."""
    return dict(inputs) if inputs else {"input": text} if text else {}


def tool_output(output: Any) -> tuple[Any, bool]:
    """What a tool returned, and whether that says that it failed."""
    if hasattr(output, "tool_call_id") and hasattr(output, "content"):
        content = output.content
        parts = list(texts(content))
        return ("".join(parts) if parts else content), getattr(output, "status", "") == "error"
    return said_at_last(output, whole=True), False


def documents_of(documents: Sequence[Any]) -> list[str]:
    """What documents are called."""
    found: list[str] = []
    for document in documents:
        about = as_dict(getattr(document, "metadata", None))
        name = getattr(document, "id", None) or about.get("id") or about.get("source") or about.get("title")
        if name:
            found.append(str(name))
    return found


def said_at_last(value: Any, *, whole: bool = False) -> Any:
    """The text in what goes into a chain or comes out of one: of its last message, or under a key of that custom.

    Args:
        value: Whatever it is.
        whole: Whether a dict is wanted as it is.

    Returns:
        The text; of what has none, all that is plain, and the ``repr`` of the rest.
    """
    if isinstance(value, str) or value is None:
        return value or ""
    if hasattr(value, "content") and hasattr(value, "type"):
        return "".join(texts(value.content))
    if is_mapping(value) and not whole:
        messages = as_list(value.get("messages"))
        if messages:
            return _said_in(messages[-1])
        found = [value[key] for key in (*_REQUESTS, *_ANSWERS) if isinstance(value.get(key), str)]
        if len(found) == 1:
            return found[0]
    if is_list(value) and value and hasattr(value[-1], "content"):
        return _said_in(value[-1])
    return plain(value)


def _said_in(message: Any) -> str:
    if is_list(message):  # ("user", "Where is my order?")
        return "".join(texts(message[-1] if message else ""))
    content = message.get("content") if is_mapping(message) else getattr(message, "content", message)
    return "".join(texts(content))


def plain(value: Any, depth: int = 6) -> Any:
    """A value with all that JSON does not have as text."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if hasattr(value, "content") and hasattr(value, "type"):
        return message_of(value)
    if depth and is_mapping(value):
        return {str(key): plain(each, depth - 1) for key, each in value.items()}
    if depth and is_list(value):
        return [plain(each, depth - 1) for each in value]
    return repr(value)


def is_control_flow(error: BaseException) -> bool:
    """Whether an exception only leads elsewhere: LangGraph raises to interrupt a run, or to go on in another graph."""
    return any(base.__name__ == "GraphBubbleUp" for base in type(error).__mro__)


def _text(mapping: Mapping[str, Any], *keys: str) -> str:
    return next((value for key in keys if isinstance(value := mapping.get(key), str) and value), "")


def _tool_name(tool: Any) -> str:
    if isinstance(tool, str):
        return tool
    function: Any = tool.get("function", tool) if is_mapping(tool) else tool
    return str(function.get("name", "")) if is_mapping(function) else str(getattr(function, "name", ""))
