"""How gRPC frames messages: one byte that says whether it is compressed, four for the length, and the message.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. ``limits`` makes and reads the frames.
"""

from __future__ import annotations

GZIP = "gzip"
ACCEPTED = "identity,gzip"
CONTENT_TYPE = "application/grpc"
"""How the content type of each request and response begins."""
PREFIX = 5
"""The number of bytes before each message."""


class FramingError(Exception):
    """A frame that is not valid."""


class UnknownEncoding(FramingError):
    """A message compressed in a way that was not offered."""


class TooLarge(Exception):
    """A message above the limit; ``size`` is the size as far as it is known."""

    def __init__(self, size: int, limit: int, inflated: bool = False) -> None:
        super().__init__(size, limit, inflated)
        self.size = size
        self.limit = limit
        self.inflated = inflated

    def __str__(self) -> str:
        at_least = "more than " if self.inflated else ""
        what = "inflates to" if self.inflated else "has"
        return f"the message {what} {at_least}{self.size} bytes, above the limit of {self.limit}"
