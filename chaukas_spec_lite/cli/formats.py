"""The forms that events have outside of a collector: what is read, told by its content, and what is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import betterproto2

from chaukas_spec_lite.collector.doors.platform_json import bare_names, read_event, write_event
from chaukas_spec_lite.errors import JSONError
from chaukas_spec_lite.files import add_zone, event_from_sdk
from chaukas_spec_lite.protojson.text import decode, parse
from chaukas_spec_lite.spec.common.v1.events import Event, EventStatus, EventType, Severity
from chaukas_spec_lite.wire.fields import fields_of
from chaukas_spec_lite.wire.format import varint
from chaukas_spec_lite.wire.scalars import is_array, is_dict

_WRAPPERS = ("events", "event_batch", "eventBatch", "event", "response")
"""Where requests and answers hold their events."""
_ENUMS = {"type": EventType, "status": EventStatus, "severity": Severity}

_SAID = ("metadata", "retry", "cost", "performance")
"""What people want to see of an event besides its content."""

_OBEYED = re.compile("[\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""What a terminal obeys, or shows nothing of, and JSON does not ask to be escaped."""

FORMATS = ("jsonl", "json", "openapi", "delim")
"""What is written: lines of ProtoJSON, as the recorder writes them; an array of the same objects, for people; lines of
the JSON of the HTTP door; encoded events, each behind its length."""


def read_object(data: bytes) -> Iterator[Event | JSONError]:
    """Read the events of a JSON object: an event in ProtoJSON, of the SDK or of the HTTP door, or what holds several.

    Args:
        data: The object.
    """
    try:
        parsed = parse(decode(data))
        if not is_dict(parsed) or not (_is_of_platform(parsed) or _wrapped(parsed)):
            # From the text itself, so that what is wrong has a line and a column.
            yield event_from_sdk(data)
            return
    except JSONError as error:
        yield error
        return
    yield from _read_all(parsed)


def _read_all(outer: dict[str, Any]) -> Iterator[Event | JSONError]:
    waiting: list[Any] = [outer]
    while waiting:
        parsed = waiting.pop()
        if is_dict(parsed) and (inside := _wrapped(parsed)):
            waiting.extend(reversed(inside))
            continue
        try:
            if is_dict(parsed) and _is_of_platform(parsed):
                add_zone(parsed)
                # What the collector adds for what has no JSON is no part of the event.
                yield read_event({name: value for name, value in parsed.items() if name != "omitted"})
            else:
                add_zone(parsed)
                yield Event.from_dict(parsed)
        except JSONError as error:
            yield error


def _wrapped(parsed: dict[str, Any]) -> list[Any]:
    """What stands in the place of events, in a request, a batch or an answer; nothing for an event."""
    if "event_id" in parsed or "eventId" in parsed or "type" in parsed:
        return []
    inside: list[Any] = []
    for name in _WRAPPERS:
        value: Any = parsed.get(name)
        if is_array(value):
            inside += value
        elif is_dict(value):
            inside.append(value)
    return inside


def _is_of_platform(parsed: dict[str, Any]) -> bool:
    return "content" in parsed or any(
        isinstance(parsed.get(name), str) and parsed[name] in bare_names(cls) for name, cls in _ENUMS.items()
    )


def json_of(event: Event, format_: str = "jsonl", indent: int | None = None) -> str:
    """Write an event as JSON in which nothing is left that a terminal would obey.

    Raises:
        JSONError: It has no JSON.
    """
    if format_ == "openapi":
        text = json.dumps(write_event(event), ensure_ascii=False, indent=indent)
    else:
        text = event.to_json(indent=indent, casing=betterproto2.Casing.SNAKE)
    return harmless(text)


def payload(event: Event) -> dict[str, Any]:
    """Everything that an event says of what happened, in JSON; what has no JSON is written as ``repr`` has it."""
    said: dict[str, Any] = {}
    for field in fields_of(Event):
        if (field.oneof == "content" or field.name in _SAID) and (value := getattr(event, field.name)) is not None:
            try:
                said |= Event(**{field.name: value}).to_dict(casing=betterproto2.Casing.SNAKE)
            except JSONError:
                said[field.proto_name] = repr(value)
    return said


def harmless(text: str) -> str:
    """Escape, in JSON, what a terminal would obey; whoever parses it finds the same."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class EventWriter:
    """Makes the bytes of each event, so that no more than one is held.

    Args:
        format_: One of ``FORMATS``.
        refuse: Is told of each event that has no JSON; nothing is written of it.
    """

    def __init__(self, format_: str, refuse: Callable[[Event, JSONError], None]) -> None:
        self._format = format_
        self._refuse = refuse
        self._begun = False

    def of(self, event: Event) -> bytes:
        """Write an event."""
        if self._format == "delim":
            data = bytes(event)
            return varint(len(data)).encode("latin-1") + data
        try:
            text = json_of(event, self._format, 2 if self._format == "json" else None)
        except JSONError as error:
            self._refuse(event, error)
            return b""
        if self._format == "json":
            before = ",\n  " if self._begun else "[\n  "
            self._begun = True
            return (before + text.replace("\n", "\n  ")).encode()
        return text.encode() + b"\n"

    def end(self) -> bytes:
        """Write what stands behind the last event."""
        if self._format != "json":
            return b""
        return b"\n]\n" if self._begun else b"[]\n"
