"""What the HTTP door lets clients do, so that none of them stops it for others."""

from __future__ import annotations

from dataclasses import dataclass, field

from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits


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
    body_patience: float = 30.0
    """How long a body may fall short of ``body_rate``."""
    body_rate: int = 16 << 10
    """How many bytes of it have to come in a second."""
    body_timeout: float = 300.0
    """For a whole body, however quickly it comes."""
    send_timeout: float = 30.0
    """While a client takes nothing of its answer."""
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
    """How many there may be, and for how long. ``handshake`` is also the time for the head of each later request, from
    its first byte on, and ``idle`` that between two requests. Behind a proxy all clients have one address."""


LIMITS = HttpLimits()
"""What is allowed unless something else is said."""
