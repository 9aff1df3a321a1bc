"""What a ``Redactor`` does with each field of a message, by the field's kind and name."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any

from chaukas_spec_lite.wire.fields import LIST, STRUCT, VALUE, WRAPPERS, FieldData, fields_of


class Treatment(Enum):
    """How a field is looked at."""

    TEXT = "text"
    TEXTS = "texts"
    ID = "id"
    """Text that joins events, which changes only if a path names it."""
    IDS = "ids"
    STRUCT = "struct"
    JSON = "json"
    """A list or a value of JSON."""
    MESSAGE = "message"
    MESSAGES = "messages"
    BINARY = "binary"
    NOTE = "note"
    """What a ``Redactor`` writes itself, and lists of numbers, times and enums."""
    NUMBER = "number"
    """Numbers, times and enums, in which no text can be."""


_IDS = frozenset({"id", "rule_ids", "hash_prev", "content_hash"})
_NOTES = frozenset({"redaction", "pii_categories"})


@cache
def treatments(cls: type[Any]) -> dict[str, Treatment]:
    """Return the treatment of each field of a message class, by the attribute's name."""
    return {field.name: _treatment(field) for field in fields_of(cls)}


@cache
def classes(cls: type[Any]) -> dict[str, type[Any]]:
    """Return the class of each field of a message class that holds messages, by the attribute's name."""
    return {field.name: field.cls for field in fields_of(cls) if field.kind == "message"}


def _treatment(field: FieldData) -> Treatment:
    several = field.label == "repeated"
    if field.name in _NOTES or field.label == "map":  # no message of an event has a map
        return Treatment.NOTE
    kind = WRAPPERS.get(field.kind, field.kind)
    if kind == "string":
        if field.name in _IDS or field.name.endswith("_id"):
            return Treatment.IDS if several else Treatment.ID
        return Treatment.TEXTS if several else Treatment.TEXT
    if kind == STRUCT:
        return Treatment.STRUCT
    if kind in (LIST, VALUE):
        return Treatment.JSON
    if kind == "message":
        return Treatment.MESSAGES if several else Treatment.MESSAGE
    if kind == "bytes":
        return Treatment.BINARY
    return Treatment.NOTE if several else Treatment.NUMBER
