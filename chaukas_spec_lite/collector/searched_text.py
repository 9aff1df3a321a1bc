"""What ``text_query`` is looked for in: every text of an event, at any depth, but for the keys of Structs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, cast

from chaukas_spec_lite.collector.stores.asking import SEPARATOR, fold
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.fields import DEFAULTS, fields_of


def searched_text(event: Event | bytes) -> str:
    """Collect the texts of an event, folded.

    Args:
        event: The event, or its bytes; those have been stored, so they are one.
    """
    found: list[str] = []
    _collect(Event.parse(event) if isinstance(event, bytes) else event, found)
    return SEPARATOR.join(map(fold, found))


def _collect(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        # Empty texts would only add separators.
        if value:
            found.append(value)
    # Values only. The keys of a Struct are like field names: a search for "name" would find nearly every event.
    elif isinstance(value, dict):
        for item in cast("dict[str, Any]", value).values():
            _collect(item, found)
    elif isinstance(value, list):
        for item in cast("Iterable[Any]", value):
            _collect(item, found)
    elif isinstance(value, Message):
        for name in _with_text(type(value)):
            _collect(getattr(value, name), found)


_WITHOUT_TEXT = {"enum", *DEFAULTS} - {"string"}
"""The kinds of fields that hold numbers and bytes."""


@cache
def _with_text(cls: type[Message]) -> tuple[str, ...]:
    """The names of the fields that can hold texts."""
    return tuple(field.name for field in fields_of(cls) if field.kind not in _WITHOUT_TEXT)
