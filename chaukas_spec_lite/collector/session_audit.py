"""Whether the hash chains of a session hold, in a word, for whoever looks at the session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaukas_spec_lite.audit.verification import FaultKind, Verification, verify
from chaukas_spec_lite.collector.session_state import SessionState
from chaukas_spec_lite.collector.stores.asking import MAX_PAGE_SIZE
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest, SortOrder

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.asking import Tenancy
    from chaukas_spec_lite.collector.stores.base import EventPage

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


async def first_events(
    find: Callable[[QueryRequest], Awaitable[EventPage]], session_id: str, whose: Tenancy
) -> SessionEvents:
    """Fetch the events of a session, as many as are looked at.

    Args:
        find: Finds a page.
        session_id: The session's.
        whose: Where to look for it.
    """
    only = QueryFilter(session_id=session_id, tenant_id=whose.tenant_id, project_id=whose.project_id)
    asked = QueryRequest(filter=only, page_size=MAX_PAGE_SIZE, order_by_time=SortOrder.ASC)
    events: list[bytes] = []
    size = 0
    while True:
        page = await find(asked)
        for data in page.events:
            size += len(data)
            if len(events) == MAX_EVENTS or (events and size > MAX_BYTES):
                return SessionEvents(events, whole=False)
            events.append(data)
        asked.page_token = page.next_page_token
        if not asked.page_token:
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
