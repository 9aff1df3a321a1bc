"""Whether the hash chains of a session hold, in a word, for whoever looks at the session."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from chaukas_spec_lite.audit.verification import FaultKind, Verification, verify
from chaukas_spec_lite.collector.session_state import SessionState

MAX_EVENTS = 10_000
MAX_BYTES = 16 << 20
"""How many events of a session are looked at, and how many bytes of them."""

_PERHAPS_LATER = (FaultKind.CUT_OFF, FaultKind.INTERRUPTED, FaultKind.MISSING)
"""What is no fault as long as not all events were looked at."""


@dataclass(frozen=True, slots=True)
class SessionEvents:
    """The first events of a session, oldest first."""

    events: list[bytes]
    whole: bool
    """Whether these are all."""

    def verified(self) -> tuple[SessionState, Verification]:
        """Follow the chains. Takes time."""
        verification = verify(self.events)
        return _state(verification, self.whole), verification


async def first_events(find: Callable[[int], AsyncGenerator[list[bytes], None]]) -> SessionEvents:
    """Fetch the events of a session, as many as are looked at.

    Args:
        find: Finds so many at most, oldest first, page after page.
    """
    events: list[bytes] = []
    size = 0
    # One more, which tells whether these are all.
    async with aclosing(find(MAX_EVENTS + 1)) as pages:
        async for page in pages:
            for data in page:
                size += len(data)
                if len(events) == MAX_EVENTS or (events and size > MAX_BYTES):
                    return SessionEvents(events, whole=False)
                events.append(data)
    return SessionEvents(events, whole=True)


def _state(found: Verification, whole: bool) -> SessionState:
    if not whole:
        wrong = [fault for fault in found.faults if fault.kind not in _PERHAPS_LATER]
        return SessionState.BROKEN if wrong else SessionState.UNFINISHED
    if not found.sound:
        return SessionState.BROKEN
    if found.unsealed or not found.events:
        return SessionState.UNSEALED
    return SessionState.VERIFIED if found.complete else SessionState.OPEN
