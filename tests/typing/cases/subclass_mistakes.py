"""What both checkers refuse of a user's own dataclass on top of a message."""

from __future__ import annotations

from dataclasses import dataclass

from chaukas_spec_lite import Event


@dataclass
class Traced(Event):
    """An event with a field of the program's own."""

    attempts: int = 0


Traced(attempts="two")  # error: wrong type
Traced(atempts=2)  # error: misspelt field of its own
Traced(evnt_id="e1")  # error: misspelt field of the message
Traced(event_id=1)  # error: wrong type

traced = Traced(event_id="e1", attempts=2)
traced.atempts = 3  # error: misspelt attribute of its own
traced.sesion_id = "s-1"  # error: misspelt attribute of the message
traced.attempts = "three"  # error: wrong type
_ = traced.sesion_id  # error: misspelt attribute
