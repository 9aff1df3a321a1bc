"""What fuzzing starts from: inputs that the targets accept, so that mutation begins behind what refuses at once.

Real events where the target reads events, their parts as fields of the other messages, and each field of each message
by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from betterproto2 import Casing

from chaukas_spec_lite import Event
from chaukas_spec_lite.files import event_from_sdk
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.google.protobuf.duration import Duration
from chaukas_spec_lite.wire.fields import (
    DURATION,
    LIST,
    SIGNED,
    STRUCT,
    TIMESTAMP,
    UNSIGNED,
    VALUE,
    WRAPPERS,
    FieldData,
    fields_of,
)
from tests import realdata

_LONGEST = 4_000
"""What is longer is mutated too slowly."""
_DEEPEST = 1
"""The messages of fields have their own fields set; those of their fields are empty."""
_SCALARS: dict[str, Any] = {
    "string": "a text, \u00e9",
    "bytes": b"\x00\xff",
    "bool": True,
    "double": 1.5,
    "float": 0.1,
    **{kind: 2 ** (bits - 1) - 1 for kind, bits in (SIGNED | UNSIGNED).items()},
}
_PLAIN: dict[str, Any] = {
    **_SCALARS,
    **{name: _SCALARS[kind] for name, kind in WRAPPERS.items()},
    STRUCT: {"a": [1.0, None, "b", True, {"c": {}}]},
    LIST: [1.0, None, "b", False, ["c", {}]],
    VALUE: {"a": [-0.5]},
    TIMESTAMP: datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=timezone.utc),
    DURATION: timedelta(seconds=-1, microseconds=-500_000),
}


def encoded(cls: type[Message]) -> Iterator[bytes]:
    """Encoded messages of a class: some with the parts of real events, and each field by itself."""
    if cls is Event:
        yield from (event for event in realdata.events() if len(event) < _LONGEST)
    for message in _samples(cls):
        data = bytes(message)
        if 0 < len(data) < _LONGEST:
            yield data


def json_texts() -> Iterator[bytes]:
    """Events in JSON, by either of the names that fields have: those that the official SDK wrote, and each field."""
    recorded = [event_from_sdk(line) for line in realdata.jsonl() if len(line) < _LONGEST]
    for number, event in enumerate([*recorded, *_samples(Event)]):
        text = event.to_json(casing=Casing.SNAKE if number % 2 else Casing.CAMEL)
        if len(text) < _LONGEST:
            yield text.encode()


def _samples(cls: type[Message]) -> Iterator[Message]:
    for field in fields_of(cls):
        for value in _values(field, 0):
            yield cls(**{field.name: value})
    for holder, field in _struct_fields(cls):
        for struct in _structs():
            yield cls(**{field.name: struct} if holder is None else {holder.name: holder.cls(**{field.name: struct})})


def _structs() -> Iterator[dict[str, Any]]:
    """Structs of real events."""
    for event in map(Event.parse, realdata.events()):
        if event.metadata:
            yield event.metadata
        if event.llm_invocation and event.llm_invocation.request:
            yield event.llm_invocation.request


def _struct_fields(cls: type[Message]) -> Iterator[tuple[FieldData | None, FieldData]]:
    """The first field for a Struct, in the message or in one that is a field of it."""
    for holder in (None, *fields_of(cls)):
        if holder is not None and (holder.kind != "message" or holder.label in ("repeated", "map")):
            continue
        for field in fields_of(cls if holder is None else holder.cls):
            if field.kind == STRUCT and field.label not in ("repeated", "map"):
                yield holder, field
                return


def _values(field: FieldData, depth: int) -> Iterator[Any]:
    for one in _ones(field, depth):
        if field.label == "repeated":
            yield [one, one]
        elif field.label == "map":
            assert field.key is not None
            yield {_SCALARS[field.key]: one}
        else:
            yield one


def _ones(field: FieldData, depth: int) -> Iterator[Any]:
    """One value for a field; for a message, one with each of its fields."""
    if field.kind == "enum":
        yield list(field.cls)[-1]
    elif field.kind in _PLAIN:
        yield _PLAIN[field.kind]
    elif field.cls._full_name == "google.protobuf.Any":
        yield field.cls().pack(Duration(seconds=1))
    else:
        yield field.cls()
        for inner in fields_of(field.cls) if depth < _DEEPEST else ():
            yield from (field.cls(**{inner.name: value}) for value in _values(inner, depth + 1))
