"""Events for interop tests that are as large as the official packages take by default."""

from __future__ import annotations

from chaukas_spec_lite import Event
from tests import realdata


def large_events() -> list[bytes]:
    """Events of 4 MB in all, few enough for one page: recorded ones, padded."""
    events = [Event.parse(data) for data in realdata.events()[:800]]
    bare = sum(len(bytes(event)) for event in events)
    for event in events:
        event.branch = "x" * ((4_100_000 - bare) // len(events))
    return [bytes(event) for event in events]
