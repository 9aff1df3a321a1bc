"""Which events are new to somebody who looks again and again. Pure."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from chaukas_spec_lite.spec.common.v1.events import Event

OVERLAP = timedelta(seconds=30)
"""How far each look goes back behind the newest event: events arrive later than they happen, and clocks disagree."""
MAX_KNOWN = 200_000
"""Events that are known again; more than come within the overlap, or a few are shown twice."""


class Following:
    """Remembers what has been seen.

    Args:
        began: When looking began.
    """

    def __init__(self, began: datetime) -> None:
        self._newest = began
        self._known: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def is_new(self, event: Event) -> bool:
        """Whether an event was not seen before; it is from now on."""
        key = event.tenant_id, event.project_id, event.event_id
        if key in self._known:
            return False
        self._known[key] = None
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        if event.timestamp is not None:
            self._newest = max(self._newest, event.timestamp)
        return True

    def since(self, now: datetime) -> datetime:
        """From when on the next look has to go."""
        # A clock that is ahead must not hide all that happens until it is reached.
        return min(self._newest, now) - OVERLAP
