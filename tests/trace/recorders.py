"""A recorder for tests: its events in a list, its clocks by hand, and the tree as a text."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from textwrap import dedent
from typing import Any

from chaukas_spec_lite import Event
from chaukas_spec_lite.trace.outline import outline
from chaukas_spec_lite.trace.recorder import Recorder
from chaukas_spec_lite.trace.recording import Times


@dataclass
class Kept:
    """A sink that keeps what it gets, as it was when it came: encoded and decoded again."""

    events: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.events.append(Event.parse(bytes(event)))

    def outline(self) -> str:
        return outline(self.events)

    def of(self, type: str) -> list[Event]:
        """The events of a type, by name."""
        return [event for event in self.events if event.type.name == type]

    def one(self, type: str) -> Event:
        (event,) = self.of(type)
        return event


class Hands:
    """Clocks that stand still until they are moved; each look at the date is a microsecond later than the last."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._looks = 0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            self._looks += 1
            start = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
            return start + timedelta(seconds=self.seconds, microseconds=self._looks)

    def times(self) -> Times:
        return Times(now=self.now, monotonic_ns=lambda: round((1 + self.seconds) * 1e9))


def recorder(**settings: Any) -> tuple[Recorder, Kept]:
    kept = Kept()
    return Recorder(kept, **settings), kept


def tree(text: str) -> str:
    """An outline as it stands in a test."""
    return dedent(text).strip("\n")
