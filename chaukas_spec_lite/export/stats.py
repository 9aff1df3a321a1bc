"""What an exporter tells about events: what became of one, and the sums."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Emitted(enum.Enum):
    """What ``emit`` did with an event."""

    SPOOLED = "spooled"
    """It is on disk, and survives the process; or it has reached the server already."""
    QUEUED = "queued"
    """It is in memory only; with a spool, it goes to disk as soon as that is possible."""
    DROPPED = "dropped"
    """It will not be sent; ``Stats.dropped``, the log, the callback and the dead letters say why."""


@dataclass(frozen=True)
class Stats:
    """Sums since the exporter was made, in this process; sizes are in bytes of encoded events.

    ``emitted + recovered == sent + pending + sum(dropped.values())``: every event is in one of these places.
    """

    emitted: int
    """Calls of ``emit`` that are decided, which is all but those that ``overflow="block"`` makes wait."""
    spooled: int
    """Those of them that returned SPOOLED."""
    queued: int
    """Those of them that returned QUEUED; with a spool, the disk was too slow or failed for them."""
    sent: int
    """Events that the server has acknowledged."""
    recovered: int
    """Events taken over from processes that ended before they had sent them, less those that others took over from this
    one: it may be negative. A log at which the server keeps failing counts only while it has its turn."""
    pending: int
    """Events that wait to be sent, in memory and on disk."""
    retried: int
    """Attempts to send a batch that failed and were, or will be, followed by another."""
    dropped: Mapping[str, int]
    """Events that will not be sent, by ``DropReason``."""
    converted: int
    """Events of which a value could not be encoded, and was converted or cut; the log says which."""
    sent_bytes: int
    pending_bytes: int
    memory_bytes: int
    """The part of ``pending_bytes`` that is held in memory."""
    last_error: str | None
    """The last failure of the sender or of the spool."""
