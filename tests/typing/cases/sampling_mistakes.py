"""Mistakes with ``Sampler`` and ``before_send`` that both checkers refuse."""

from __future__ import annotations

from chaukas_spec_lite import Event, EventType, Sampler
from chaukas_spec_lite.trace.sending import Sending

by_type: dict[EventType, float] = {EventType.DATA_ACCESS: 0.1}


class Listed:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


class Redactor:
    def __call__(self, event: Event) -> Event:
        return event


async def asynchronous(event: Event) -> Event:
    return event


Sampler(rate="0.1")  # error: a text
Sampler(0.1, by_type)  # error: rates go by name
Sampler(rat=0.1)  # error: there is no such setting
Sampler(rates={1.5: 0.1})  # error: no type of event
Sending(Listed)  # error: the class
Sending([])  # error: has no emit
Sending(Listed(), before_send=asynchronous)  # error: nobody awaits it
Sending(Listed(), before_send=Redactor)  # error: the class
Sending(Listed(), sampler=0.1)  # error: no sampler
