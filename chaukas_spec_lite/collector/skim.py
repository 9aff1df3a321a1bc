"""What queries look at of an event, from its bytes."""

from __future__ import annotations

from chaukas_spec_lite.collector.query import EVERYBODY, Tenancy, moment
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.spec.common.v1.events import Event

DEPTH = 2
"""How deep an event stands in the batches and pages that it travels in. What nests so deep that no page could show it
cannot be stored."""


def skim(data: bytes, owner: Tenancy = EVERYBODY, *, with_text: bool = False, depth: int = DEPTH) -> EventRow:
    """Read the columns of an event, and check that it is one.

    Args:
        data: The event.
        owner: Its tenant and project where it names none.
        with_text: Whether the row gets the event's text.
        depth: The level below the outermost message that it has to be valid at.

    Raises:
        DecodeError: It is no event, for exactly what ``Event.parse`` refuses, too.
    """
    event = _decoded(data, depth)
    return EventRow(
        event.tenant_id or owner.tenant_id or "",
        event.project_id or owner.project_id or "",
        event.event_id,
        event.session_id,
        event.agent_id,
        event.span_id,
        event.trace_id,
        int(event.type),
        int(event.status),
        int(event.severity),
        *moment(event.timestamp),
        tuple(dict.fromkeys(event.tags)),
        data,
        searched_text(event) if with_text else None,
    )


def _decoded(data: bytes, depth: int) -> Event:
    event = Event()
    try:
        slow_decode.merge(event, data, depth)
    except DecodeError as error:
        error.path = f"{Event.__name__}{error.path}"
        raise
    return event
