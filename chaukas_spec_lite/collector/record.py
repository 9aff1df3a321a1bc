"""What the collector stores of an event: its bytes, and what queries look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from chaukas_spec_lite.collector.query import fold, moment
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.fields import DEFAULTS, fields_of

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event

_SEPARATOR = "\x1f"
"""Stands between two texts of an event, so that nothing is found that is in neither: ASCII's unit separator."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event, ready to be stored."""

    event: Event
    data: bytes
    """The event as it was sent."""

    @property
    def columns(self) -> tuple[str | int | bytes, ...]:
        """The values of the columns that the store has, in their order."""
        event = self.event
        return (
            event.tenant_id,
            event.project_id,
            event.event_id,
            event.session_id,
            event.agent_id,
            event.span_id,
            event.trace_id,
            int(event.type),
            int(event.status),
            int(event.severity),
            *moment(event.timestamp),
            searched_text(event),
            self.data,
        )


def searched_text(event: Event) -> str:
    """What ``text_query`` is looked for in: every text of the event, at any depth, but for the keys of Structs."""
    found: list[str] = []
    _collect(event, found)
    return _SEPARATOR.join(map(fold, found))


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
