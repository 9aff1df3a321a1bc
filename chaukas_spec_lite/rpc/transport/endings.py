"""How connections and streams end, and the names of h2 that the rest of ``rpc`` uses for it.

``rpc.client.mapping`` makes errors of these: it decides by the cause, never by words.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from h2.errors import ErrorCodes
from h2.exceptions import H2Error, NoAvailableStreamIDError, StreamClosedError

__all__ = [
    "Cause",
    "Ended",
    "Ending",
    "ErrorCodes",
    "H2Error",
    "NoAvailableStreamIDError",
    "StreamClosedError",
    "code_name",
]


class Cause(enum.Enum):
    """Why a connection, or one call's stream of it, ended."""

    CLOSED = "closed"  # by us
    LOST = "lost"  # by the peer, or on the way
    SILENT = "silent"  # a ping was not answered
    GOAWAY = "goaway"  # the server takes no more calls; without an error code, it has not begun this one
    RESET = "reset"  # the stream; the connection goes on
    GARBAGE = "garbage"  # invalid HTTP/2, after it was valid
    STRANGER = "stranger"  # another protocol from the first byte on
    HTTP1 = "http1"
    TLS = "tls"


@dataclass(frozen=True)
class Ending:
    """How a connection or stream ended; ``code`` is HTTP/2's, if there was a GOAWAY or RST_STREAM."""

    cause: Cause
    details: str
    code: int | None = None


class Ended(Exception):
    """A stream, or its connection, ended before the response was complete."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.details)
        self.ending = ending


def code_name(code: int | None) -> str:
    """Name an HTTP/2 error code."""
    return next((known.name for known in ErrorCodes if known == code), str(code))
