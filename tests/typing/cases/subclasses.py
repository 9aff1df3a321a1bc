"""A user's own dataclass on top of a message, with fields that are not sent."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import dataclass, field
from datetime import datetime

from typing_extensions import assert_type

from chaukas_spec_lite import Event, EventType


@dataclass
class Traced(Event):
    """An event with what the program itself wants to know of it."""

    attempts: int = 0
    notes: list[str] = field(default_factory=list[str])

    def note(self, text: str) -> Traced:
        self.notes.append(text)
        return self


traced = Traced(event_id="e1", type=EventType.AGENT_START, attempts=2, notes=["first"])
assert_type(traced, Traced)
assert_type(traced.attempts, int)
assert_type(traced.notes, list[str])
assert_type(traced.event_id, str)
assert_type(traced.timestamp, datetime | None)
assert_type(traced.note("second"), Traced)
assert_type(Traced.parse(bytes(traced)), Traced)
assert_type(dataclasses.replace(traced, attempts=3), Traced)
assert_type(copy.copy(traced), Traced)

traced.attempts += 1
traced.session_id = "s-1"
plain: Event = traced

# Fields of its own are compared, copied and shown; what is sent is the event.
assert (traced.attempts, traced.notes) == (3, ["first", "second"])
assert copy.deepcopy(traced) == traced == pickle.loads(pickle.dumps(traced))
assert "attempts=3" in repr(traced)
assert bytes(plain) == bytes(Event(event_id="e1", type=EventType.AGENT_START, session_id="s-1"))
