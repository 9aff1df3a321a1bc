"""What can be said of the hash chains of a session. It stands alone, as the OpenAPI document tells it, too."""

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
