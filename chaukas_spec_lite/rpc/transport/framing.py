"""Messages as gRPC frames them: one byte that says whether it is compressed, four for the length, and the message.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. Pure functions over bytes; ``stream`` puts
them into grpclib.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from chaukas_spec_lite.errors import SettingError

GZIP = "gzip"
ACCEPTED = "identity,gzip"
CONTENT_TYPE = "application/grpc"
"""How the content type of each request and response begins."""
PREFIX = 5
"""The number of bytes before each message."""

MAX_LIMIT = 2**31 - 2**17
"""The largest limit there can be: what an HTTP/2 window can hold, less a margin."""

_GZIP_WINDOW = 31  # zlib's way to ask for a gzip header around the largest window
_LEVEL = 1  # For events, the higher ones take up to five times as long to save a tenth more.


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


@dataclass(frozen=True)
class Framing:
    """Size limits and compression, for either end of a connection."""

    max_receive: int = 4 * 1024 * 1024
    """The size in bytes, inflated, up to which a message is received; gRPC's usual limit."""
    max_send: int = 4 * 1024 * 1024
    """The size in bytes, before compression, up to which a message is sent."""
    compress_above: int | None = 1024
    """The size in bytes from which on messages are sent as gzip, if that makes them smaller; None for never."""

    def __post_init__(self) -> None:
        for name in ("max_receive", "max_send"):
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 < value <= MAX_LIMIT:
                raise SettingError(name, f"has to be a number of bytes above 0 and well below 2 GiB, not {value!r}")
        above = self.compress_above
        if above is not None and (not isinstance(above, int) or above < 0):
            raise SettingError("compress_above", f"has to be a number of bytes or None, not {above!r}")

    def frame(self, message: bytes, compress: bool) -> bytes:
        """Frame a message, as gzip if wanted and worth it. Raises ``TooLarge``."""
        size = len(message)
        if size > self.max_send:
            raise TooLarge(size, self.max_send)
        if compress and self.compress_above is not None and size >= self.compress_above:
            deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
            smaller = deflate.compress(message) + deflate.flush()
            if len(smaller) < size:
                return b"\1" + len(smaller).to_bytes(4, "big") + smaller
        return b"\0" + size.to_bytes(4, "big") + message

    def prefix(self, prefix: bytes, encoding: str) -> tuple[bool, int]:
        """Read what stands before a message: whether it is compressed, and its length.

        Raises ``TooLarge`` before anything is read, ``UnknownEncoding`` and ``FramingError``.
        """
        flag, size = prefix[0], int.from_bytes(prefix[1:PREFIX], "big")
        if flag > 1:
            raise FramingError(f"a message begins with the flag {flag}, which is neither 0 nor 1")
        if flag and encoding != GZIP:
            # They differ: https://github.com/grpc/grpc/blob/master/doc/compression.md
            kind = UnknownEncoding if encoding not in ("", "identity") else FramingError
            raise kind(f"a message is compressed, but as {encoding!r}, and only gzip was offered")
        if size > self.max_receive:
            raise TooLarge(size, self.max_receive)
        return bool(flag), size

    def inflate(self, data: bytes) -> bytes:
        """Undo gzip, writing no more than ``max_receive`` bytes. Raises ``TooLarge`` and ``FramingError``."""
        gunzip = zlib.decompressobj(_GZIP_WINDOW)
        try:
            message = gunzip.decompress(data, self.max_receive + 1)
        except zlib.error as error:
            raise FramingError(f"a compressed message cannot be inflated: {error}") from error
        if len(message) > self.max_receive:
            raise TooLarge(self.max_receive, self.max_receive, inflated=True)
        if not gunzip.eof or gunzip.unused_data:
            raise FramingError("a compressed message ends too early, or has something behind its end")
        return message
