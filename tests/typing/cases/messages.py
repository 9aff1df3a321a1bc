"""Building, reading and changing messages."""

from __future__ import annotations

import copy
import dataclasses
import io
from datetime import datetime, timezone
from typing import Any, Protocol

from typing_extensions import assert_type

from chaukas_spec_lite import Event, EventType

ev = Event(event_id=None, type=EventType.AGENT_START, metadata={"k": [1, None, {"x": True}]})
empty = Event()
now = Event(event_id="e1", timestamp=datetime.now(timezone.utc))

assert_type(ev, Event)
assert_type(ev.event_id, str)
assert_type(ev.type, EventType)
assert_type(ev.timestamp, datetime | None)
assert_type(bytes(ev), bytes)
assert_type(Event.parse(b""), Event)
assert_type(Event().load(io.BytesIO(b"")), Event)
assert_type(ev.is_set("timestamp"), bool)
assert_type(ev.to_dict(), dict[str, Any])
assert_type(Event.from_dict({"eventId": "e1"}), Event)
assert_type(ev.to_json(), str)
assert_type(Event.from_json("{}"), Event)
assert_type(copy.deepcopy(ev), Event)

changed = dataclasses.replace(ev, event_id="e2")
assert_type(changed, Event)

ev.event_id = "e3"
ev.type = EventType.EVENT_TYPE_AGENT_END
ev.metadata = {"a": {"b": [1.5, "text", None]}}


class HasTenant(Protocol):
    tenant_id: str


@dataclasses.dataclass
class Noted(Event, HasTenant):
    note: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.note = self.note.strip()


noted = Noted(event_id="e1", note=" seen ")
assert_type(noted.note, str)
assert_type(Noted.parse(b""), Noted)
