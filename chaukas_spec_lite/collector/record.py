"""What the collector stores of an event: its bytes, and what queries look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.query import moment
from chaukas_spec_lite.collector.searched_text import searched_text

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event


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
