"""What is measured: Python values to make events of, for our classes and for the official ones, and encoded events.

Both sides get the same values, but for enums, where each has its own constants; ``Values`` keeps submessages apart,
because either side builds them with its own classes.
"""

from __future__ import annotations

import random
import string
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.wire.fields import fields_of
from tests import realdata

TIME = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=timezone.utc)

IDS = {
    "event_id": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    "session_id": "4f3e2d1c-0b9a-7877-9655-443322110000",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "span_id": "53ce929d-0e0e-7736-8d1f-00f067aa0ba9",
}
NAMES = {
    "tenant_id": "acme",
    "project_id": "support-bot",
    "parent_span_id": "00f067aa-0ba9-72b7-9c1d-53ce929d0e0e",
    "agent_id": "agent-weather",
    "agent_name": "WeatherAgent",
}
REQUEST = {
    "messages": [
        {"role": "system", "content": "You are a helpful assistant that answers questions about the weather."},
        {"role": "user", "content": "What is the weather like in Paris today, and should I take an umbrella along?"},
    ],
    "temperature": 0.7,
    "max_tokens": 256,
    "stream": False,
    "tools": ["get_weather", "get_forecast"],
    "tool_choice": "auto",
}
RESPONSE = {
    "id": "chatcmpl-9f8a7b6c5d4e3f2a1b0c",
    "object": "chat.completion",
    "created": 1767322800,
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "It is 18 degrees and cloudy in Paris, with a 60 percent chance of rain in the afternoon. "
                "Yes, take an umbrella.",
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 48, "completion_tokens": 27, "total_tokens": 75},
}
METADATA = {
    "framework": "openai-agents",
    "version": "0.2.4",
    "environment": "production",
    "retry": None,
    "sampled": True,
    "weights": [0.25, 0.5, 1],
}
INVOCATION = {
    "provider": "openai",
    "model": "gpt-4o-mini",
    "request": REQUEST,
    "response": RESPONSE,
    "prompt_tokens": 48,
    "completion_tokens": 27,
    "total_tokens": 75,
    "temperature": 0.7,
    "max_tokens": 256,
    "start_time": TIME,
    "end_time": TIME + timedelta(milliseconds=830),
    "duration_ms": 830.25,
    "finish_reason": "stop",
}
TAGS = ["prod", "weather"]


@dataclass(frozen=True, slots=True)
class Values:
    """What one event is built of."""

    plain: dict[str, Any]
    """Fields that are no messages of the schema; Structs are dicts, enums are numbers."""
    parts: dict[str, dict[str, Any]]
    """The submessages' fields, by the name of the field that holds them."""
    enums_by_name: bool = False
    """Whether enum members are looked up each time, as programs do that write them out."""

    @property
    def structs(self) -> list[tuple[str | None, str]]:
        """Where Structs are: the submessage's field, or None for the event itself, and the Struct's field."""
        found: list[tuple[str | None, str]] = [(None, name) for name, value in self.plain.items() if _is_struct(value)]
        return found + [
            (part, name) for part, values in self.parts.items() for name in values if _is_struct(values[name])
        ]


def _is_struct(value: Any) -> bool:
    return isinstance(value, dict)


def model() -> Values:
    """The 1.4 kB model invocation: two Struct payloads, and metadata."""
    plain = {**IDS, **NAMES, "type": 21, "severity": 2, "status": 3, "author": 3, "timestamp": TIME}
    return Values({**plain, "tags": TAGS, "metadata": METADATA}, {"llm_invocation": INVOCATION})


def many_fields() -> Values:
    """An event of 21 Struct values beside many scalars and submessages; its enum members are written out."""
    invocation = {
        **INVOCATION,
        "request": {"messages": [REQUEST["messages"][1]], "model": "gpt-4o-mini", "temperature": 0.7, "stream": False},
        "response": {"id": RESPONSE["id"], "created": 1767322800, "usage": RESPONSE["usage"]},
        "top_p": 0.95,
        "frequency_penalty": 0.25,
        "presence_penalty": 0.5,
    }
    parts = {
        "llm_invocation": invocation,
        "retry": {"attempt": 2, "strategy": "exponential", "backoff_ms": 400},
        "redaction": {"fields": ["message.text"], "method": "mask", "salt_id": "salt-7"},
    }
    event = model()
    plain = {
        **event.plain,
        "invocation_id": "run-31",
        "response_id": RESPONSE["id"],
        "is_final": True,
        "branch": "main",
        "pii_categories": ["EMAIL"],
        "metadata": {**METADATA, "weights": [0.25, 0.5]},
    }
    return Values(plain, parts, enums_by_name=True)


def small() -> Values:
    """The 0.2 kB event of ids, type and timestamp."""
    return Values({**IDS, "type": 10, "timestamp": TIME}, {})


def different_models(count: int) -> list[Values]:
    """Model invocations that share no id, no time and no text, and few keys."""
    chance = random.Random(1)
    return [_different_model(chance) for _ in range(count)]


def _different_model(chance: random.Random) -> Values:
    base = model()
    start = TIME + timedelta(seconds=chance.randrange(10**7), microseconds=chance.randrange(10**6))
    tokens = chance.randrange(8000)
    invocation = {
        **base.parts["llm_invocation"],
        "request": _shaken(REQUEST, chance),
        "response": _shaken(RESPONSE, chance),
        "prompt_tokens": tokens,
        "total_tokens": tokens + 27,
        "start_time": start,
        "end_time": start + timedelta(milliseconds=tokens),
        "duration_ms": float(tokens),
    }
    plain = {**base.plain, **_ids(chance), "timestamp": start, "metadata": _shaken(METADATA, chance)}
    return Values(plain, {"llm_invocation": invocation})


def different_small(count: int) -> list[Values]:
    """Small events that share no id and no time."""
    chance = random.Random(2)
    return [
        Values(
            {
                **_ids(chance),
                "type": int(chance.choice(list(EventType)[1:])),
                "timestamp": TIME + timedelta(seconds=chance.randrange(10**7), microseconds=chance.randrange(10**6)),
            },
            {},
        )
        for _ in range(count)
    ]


def _ids(chance: random.Random) -> dict[str, str]:
    return {name: str(uuid.UUID(int=chance.getrandbits(128))) for name in IDS}


def _shaken(value: Any, chance: random.Random) -> Any:
    """Change every string and number of a JSON value, and one key in four."""
    if isinstance(value, dict):
        return {
            key if chance.randrange(4) else f"{key}_{_word(chance)}": _shaken(item, chance)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_shaken(item, chance) for item in value]
    if isinstance(value, str):
        return " ".join(_word(chance, len(word)) for word in value.split(" "))
    if isinstance(value, float):
        return chance.random()
    return chance.randrange(10**6) if type(value) is int else value


def _word(chance: random.Random, length: int = 6) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=length))


def real() -> list[Values]:
    """The recorded events of ``tests/data``."""
    return [_values(Event.parse(data)) for data in realdata.events()]


def real_small() -> list[Values]:
    """The same, cut to ids, type and timestamp."""
    names = {*IDS, "type", "timestamp"}
    return [Values({name: event.plain[name] for name in names if name in event.plain}, {}) for event in real()]


def _values(event: Event) -> Values:
    parts = {}
    plain = {}
    for field in fields_of(Event):
        if event.is_set(field.name):
            value = getattr(event, field.name)
            if field.kind == "message":
                parts[field.name] = {
                    inner.name: getattr(value, inner.name)
                    for inner in fields_of(type(value))
                    if value.is_set(inner.name)
                }
            else:
                plain[field.name] = int(value) if field.kind == "enum" else value
    return Values(plain, parts)


def prompt(text: str) -> Values:
    """A model invocation with a long prompt."""
    request = {"messages": [{"role": "user", "content": text}], "model": "gpt-4o-mini"}
    return Values(
        {**IDS, "type": 20, "timestamp": TIME}, {"llm_invocation": {"provider": "openai", "request": request}}
    )


ASCII_PROMPT = ("The quick brown fox jumps over the lazy dog. " * 2223)[:100_000]
CJK_PROMPT = ("敏捷的棕色狐狸跳过了懒惰的狗。" * 2223)[:33_333]  # three bytes each


def with_metadata(metadata: dict[str, Any]) -> Values:
    """The small event with a Struct."""
    return Values({**IDS, "type": 10, "timestamp": TIME, "metadata": metadata}, {})


def distinct_keys(count: int) -> dict[str, Any]:
    """A dict of that many keys."""
    return {f"key_{number}": number for number in range(count)}


def fresh_structs(count: int, keys: int) -> list[dict[str, Any]]:
    """Dicts whose keys never repeat."""
    return [{f"key-{number}-{key}": "value" for key in range(keys)} for number in range(count)]
