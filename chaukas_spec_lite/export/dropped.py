"""Events that will not be sent: why, and how one is kept in the spool as a dead letter."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class DropReason(str, enum.Enum):
    """Why an event was not sent."""

    INVALID = "invalid"
    """It cannot be encoded, it was given as bytes that are no event, or the server refused it alone."""
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
    SPOOL_LOST = "spool_lost"
    """It was on disk, and cannot be read back: somebody deleted, cut or moved its file, or the file is damaged. Nothing
    is left of such events but their number; a damaged file is set aside as ``*.corrupt``, not deleted."""
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
    """The encoded event."""
    path: str = field(default="", kw_only=True)
    """Where the value stands that was wrong, as in ``Event.metrics``; empty if it was none."""
    converted: bool = field(default=False, kw_only=True)
    """Whether ``data`` is not quite the event that was emitted: with ``strict=True``, one that cannot be encoded is
    kept as it would be sent without."""


@dataclass(frozen=True)
class DeadLetter(Dropped):
    """A dropped event that the spool keeps, so that somebody can look at it and send it again."""

    dropped_at: float
    """When, in seconds since 1970."""
