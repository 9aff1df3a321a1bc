"""``Sampler``, and what a recorder's events go through on their way."""

from __future__ import annotations

import asyncio

from typing_extensions import assert_type

from chaukas_spec_lite import BlockingExporter, Event, EventExporter, EventType, Sampler
from chaukas_spec_lite.trace.sending import BeforeSend, RecorderStats, Sending, Sink

by_type: dict[EventType, float] = {EventType.DATA_ACCESS: 0.1}
by_name = {"DATA_ACCESS": 0.1}
sampler = Sampler(0.1, rates=by_type, keep_errors=False)
Sampler(rates=by_name, max_waiting_events=100, max_waiting_seconds=60)
Sampler(rates={EventType.TOOL_CALL_START: 1})
assert_type(sampler.keeps("s-1"), bool)
assert_type(sampler.rate, float)


class Listed:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


class Redactor:
    def __call__(self, event: Event) -> Event:
        return event


def no_system(event: Event) -> Event | None:
    return None if event.type == EventType.SYSTEM else event


functions: list[BeforeSend] = [no_system, Redactor(), lambda event: event]
sink: Sink = Listed()
sending = Sending(sink, before_send=no_system)
Sending(Listed(), before_send=functions, sampler=sampler, send_on_error=True)
Sending(Listed(), before_send=(no_system, Redactor()), sampler=None)
assert_type(sending.emit(Event()), bool)
assert_type(sending.flush(5), bool)
assert_type(sending.close(), bool)
assert_type(sending.stats(), RecorderStats)
assert_type(sending.stats().recorded, int)


def exporters(plain: BlockingExporter, exporter: EventExporter) -> None:
    Sending(plain)
    assert_type(asyncio.run(Sending(exporter).aclose()), bool)
