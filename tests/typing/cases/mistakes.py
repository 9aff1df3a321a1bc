"""What both checkers refuse."""

from __future__ import annotations

from chaukas_spec_lite import Event, EventType

Event(evnt_id="e1")  # error: misspelt keyword
Event(event_id=1)  # error: wrong type
Event(type="AGENT_START")  # error: a string is no EventType
Event(type=EventType.AGENT_STRAT)  # error: misspelt enum member

ev = Event()
ev.evnt_id = "e1"  # error: misspelt attribute
ev.event_id = 1  # error: wrong type
_ = ev.evnt_id  # error: misspelt attribute
Event.parse("text")  # error: not bytes
