"""What can be said of the hash chains of a session, and of its place in the log.

It stands alone, as the OpenAPI document tells it, too.
"""

from __future__ import annotations

import enum


class SessionState(enum.Enum):
    """What can be said of a session."""

    VERIFIED = "verified"
    """All events are sealed, and all chains complete."""
    OPEN = "open"
    """Nothing is wrong, but a chain has no end."""
    UNSEALED = "unsealed"
    """No event is sealed, or some are not, and nothing is wrong with the others."""
    BROKEN = "broken"
    """Something is wrong."""
    UNFINISHED = "unfinished"
    """It is too large, and nothing was found wrong in its first events."""


class LogState(enum.Enum):
    """What can be said of a session's events in the log of the collector."""

    LOGGED = "logged"
    """All of them are entries of the log that a signed checkpoint covers."""
    WAITING = "waiting"
    """Nothing is wrong, but some of them came after the newest checkpoint."""
    NOT_KEPT = "not kept"
    """The collector keeps no log, or signs none."""
    CONTRADICTED = "contradicted"
    """One of them is not what was logged, is not in the log, or in another one than was signed."""
    REFUSED = "refused"
    """The log itself contradicts what was signed before."""
    EMPTY = "empty"
    """There are no events."""
