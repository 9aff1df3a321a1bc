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


class DropReason(str, enum.Enum):
    """Why an event was not sent."""

    INVALID = "invalid"
    """It cannot be encoded, or the server refused it alone."""
    TOO_LARGE = "too_large"
    """It is larger than ``max_event_bytes``, or than what the server takes."""
    REJECTED = "rejected"
    """The server failed at it, again and again, while it took others."""
    SPOOL_FULL = "spool_full"
    """The spool holds ``spool_max_bytes``."""
    OVERFLOW = "overflow"
    """Memory is full, and the policy chose this event."""
    CLOSED = "closed"
    """The exporter was closed, or the interpreter ended, before it could be sent or spooled."""
    CORRUPT = "corrupt"
    """Its file, or its place in the file, was damaged; the file is set aside, not deleted."""
    UNKNOWN = "unknown"
    """A later version of this library kept the dead letter, for a reason that this one has no name for; the letter's
    ``detail`` begins with it."""


@dataclass(frozen=True)
class Dropped:
    """One event that will not be sent, as the callback and the dead letters give it."""

    reason: DropReason
    detail: str
    """What was wrong, in words."""
    event_id: str
    """Empty if it is not known."""
    data: bytes
    """The encoded event; empty if it could not be encoded."""


@dataclass(frozen=True)
class DeadLetter(Dropped):
    """A dropped event that the spool keeps."""

    dropped_at: float
    """When, in seconds since 1970."""


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
    """Events taken over from processes that ended before they had sent them."""
    pending: int
    """Events that wait to be sent, in memory and on disk."""
    retried: int
    """Attempts to send a batch that failed and were, or will be, followed by another."""
    dropped: Mapping[str, int]
    """Events that will not be sent, by ``DropReason``."""
    sent_bytes: int
    pending_bytes: int
    memory_bytes: int
    """The part of ``pending_bytes`` that is held in memory."""
    last_error: str | None
    """The last failure of the sender or of the spool."""
