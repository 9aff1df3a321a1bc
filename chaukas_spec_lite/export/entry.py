"""One event that waits, and where it is."""

from __future__ import annotations

from chaukas_spec_lite.export.stats import Dropped, DropReason

MEMORY, ON_DISK, SENT, GONE = range(4)
"""Where an event is: in memory only, in the spool, with the server, dropped."""

_WHY = {
    DropReason.SPOOL_FULL: "the spool holds spool_max_bytes",
    DropReason.OVERFLOW: "memory holds max_queue_events or max_queue_bytes",
    DropReason.CLOSED: "the exporter is closed",
    DropReason.CORRUPT: "its bytes in the spool are not those that were written",
}


class Entry:
    """One event that waits."""

    __slots__ = ("behind", "data", "seq", "since", "state", "unwritten")

    def __init__(self, seq: int, data: bytes, since: float, state: int = MEMORY) -> None:
        self.seq = seq
        self.data = data
        self.since = since
        self.state = state
        self.behind = False
        self.unwritten = False
        """Whether it stands in the queue's lines of these names."""


def dropped_for(reason: DropReason, data: bytes) -> Dropped:
    """Describe an event that was dropped for a reason that says it all."""
    return Dropped(reason, _WHY[reason], "", data)
