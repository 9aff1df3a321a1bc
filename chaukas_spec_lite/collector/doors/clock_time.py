"""The time of a store's clock, as JSON has it. It stands alone, as what knows no message needs it, too."""

from __future__ import annotations

from datetime import datetime, timezone


def clock_time(seconds: float) -> str:
    """Write the time of a store's clock, in seconds since 1970, as RFC 3339."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
