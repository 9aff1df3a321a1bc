"""What the HTTP door lets clients do, so that none of them stops it for others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Sizes in bytes, times in seconds. How large a batch may be says ``IngestLimits``."""

    max_json_bytes: int = 8 << 20
    """A body of JSON, inflated: what is read of it takes many times as much memory."""
    max_query_bytes: int = 1 << 20
    """A query, whatever its form."""
    max_held_bytes: int = 512 << 20
    """All bodies that are being read, together, inflated. No key or address has more than what is still free, so that
    one by itself has half of it. Bodies of up to 64 KiB are never refused for it."""
    max_header_bytes: int = 16 << 10
    """The head of a request: its first line and headers."""
    header_timeout: float = 10.0
    """From the opening of a connection, or the first byte of a request, until its head is there."""
    idle_timeout: float = 75.0
    """Between two requests on a connection."""
    body_patience: float = 30.0
    """How long a body may fall short of ``body_rate``."""
    body_rate: int = 16 << 10
    """How many bytes of it have to come in a second."""
    body_timeout: float = 300.0
    """For a whole body, however quickly it comes."""
    send_timeout: float = 30.0
    """While a client takes nothing of its answer."""
    max_connections: int = 1000
    """Open at the same time. It is less where the process may not open so many files."""
    max_connections_per_address: int = 250
    """Of one address, and never more than three quarters of all. Behind a proxy all clients have one."""


LIMITS = HttpLimits()
"""What is allowed unless something else is said."""
