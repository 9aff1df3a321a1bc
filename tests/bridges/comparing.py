"""Compares what two recorders say of one run, field by field.

What cannot be equal is compared for what it means: an id for the event that it names, a time for being one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from betterproto2 import Casing

from chaukas_spec_lite import Event
from chaukas_spec_lite.files import read_events

ONLY_SDK = "(only the SDK's)"
ONLY_OURS = "(only the bridge's)"


@dataclass(frozen=True)
class Difference:
    run: str
    event: str
    """The type, such as `TOOL_CALL_END`."""
    field: str
    """The path in the event, `[*]` for each index of a list; or that only one of both has the event."""
    sdk: object
    bridge: object


def read(path: Path) -> list[Event]:
    """The events of a file in the order of time, which the SDK does not keep."""
    found = [each.event for each in read_events(path)]
    return sorted(found, key=lambda event: (event.timestamp is None, event.timestamp))


def differences(run: str, sdk: Sequence[Event], bridge: Sequence[Event]) -> Iterator[Difference]:
    """What is not the same.

    Args:
        run: The name of the run.
        sdk: What the official SDK recorded, in the order of time.
        bridge: What the bridge recorded, likewise.
    """
    theirs, ours = _by_kind(sdk), _by_kind(bridge)
    for key in dict.fromkeys([*theirs, *ours]):
        event = _type(key[0])
        for one, other in zip(theirs[key], ours[key], strict=False):
            for field in sorted({*one, *other}):
                if one.get(field) != other.get(field):
                    yield Difference(run, event, re.sub(r"\[\d+\]", "[*]", field), one.get(field), other.get(field))
        for one in theirs[key][len(ours[key]) :]:
            yield Difference(run, event, ONLY_SDK, one, None)
        for other in ours[key][len(theirs[key]) :]:
            yield Difference(run, event, ONLY_OURS, None, other)


Key = tuple[int, str]
Fields = dict[str, object]


def _by_kind(events: Sequence[Event]) -> dict[Key, list[Fields]]:
    """The fields of all events, those of one type and agent, or operation, together: the first meets the first."""
    found: dict[Key, list[Fields]] = defaultdict(list)
    names = _Names(events)
    for event in events:
        found[int(event.type), _about(event)].append(_fields(event, names))
    return found


def _about(event: Event) -> str:
    """What else tells events of one type apart: the agent, but the SDK names none in calls of servers."""
    return event.mcp_call.operation if event.mcp_call is not None else event.agent_name


class _Names:
    """What to call ids: by the first event that has them."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.spans: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        self.traces: dict[str, str] = {}
        counts: dict[str, int] = defaultdict(int)
        for event in events:
            self.sessions.setdefault(event.session_id, f"session {len(self.sessions) + 1}" if event.session_id else "")
            self.traces.setdefault(event.trace_id, f"trace {len(self.traces) + 1}" if event.trace_id else "")
            if event.span_id and event.span_id not in self.spans:
                name = f"{_type(int(event.type)).removesuffix('_START')} {_about(event)}".rstrip()
                counts[name] += 1
                self.spans[event.span_id] = f"{name} {counts[name]}"
        self.spans[""] = ""


def _fields(event: Event, names: _Names) -> Fields:
    found = dict(_flat("", event.to_dict(casing=Casing.SNAKE)))
    found["event_id"] = bool(event.event_id)
    found["span_id"] = names.spans[event.span_id]
    found["parent_span_id"] = names.spans.get(event.parent_span_id, "a span that is nowhere")
    found["session_id"] = names.sessions[event.session_id]
    found["trace_id"] = names.traces[event.trace_id]
    for field, value in found.items():
        if field.endswith(("timestamp", "_time")):
            found[field] = "a time"
        elif field.endswith(("duration_ms", "execution_time_ms")) and isinstance(value, (int, float)) and value > 0:
            found[field] = "a duration"
        elif field.endswith("stack_trace") and value:
            found[field] = "a stack trace"
    return found


def _flat(path: str, value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), each)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for index, each in enumerate(value):
            yield from _flat(f"{path}[{index}]", each)
    else:
        yield path, value


def _type(number: int) -> str:
    from chaukas_spec_lite import EventType

    return str(EventType(number).name).removeprefix("EVENT_TYPE_")
