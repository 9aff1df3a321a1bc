"""What decides about an event when a sampler is asked: what it belongs to, and whether it reports an error."""

from __future__ import annotations

from typing import NamedTuple, cast

from chaukas_spec_lite.defaults import complete
from chaukas_spec_lite.spec.common.v1.events import Event, EventStatus, EventType
from chaukas_spec_lite.trace.kinds import KINDS
from chaukas_spec_lite.trace.tree import Edge


class Facts(NamedTuple):
    """What decides about an event, as the recorder made it: a ``before_send`` may hash its ids."""

    group: tuple[str, str]
    """What it belongs to, ``session``, ``trace``, ``span`` or ``event``, with the id of that."""
    type: int
    edge: Edge
    span: tuple[str, str]
    """Its kind and span id, by which START and END know each other; without an id nobody knows."""
    rate_key: str
    """By what the rate of its type decides: the same for START and END."""

    @property
    def type_name(self) -> str:
        """The name of its type, for counts."""
        return EventType(self.type).name or str(int(self.type))


def facts_of(event: Event) -> Facts:
    """Read off an event what decides about it; its id and time are filled in if they are missing."""
    complete(event, None)
    event_type: object = event.type
    number = event_type if isinstance(event_type, int) else 0  # Events may hold anything.
    kind, edge = KINDS.get(cast("EventType", number), ("", Edge.POINT))
    span_id, event_id = _text(event.span_id), _text(event.event_id)
    is_end_of_span = edge is not Edge.POINT and span_id != ""
    if session_id := _text(event.session_id):
        group = "session", session_id
    elif trace_id := _text(event.trace_id):
        group = "trace", trace_id
    else:
        group = ("span", span_id) if is_end_of_span else ("event", event_id)
    return Facts(group, number, edge, (kind, span_id), span_id if is_end_of_span else event_id)


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def is_error(event: Event) -> bool:
    """Whether an event reports an error, by which its session is kept."""
    return event.status == EventStatus.FAILED or event.type == EventType.ERROR
