"""Limits: of messages, which are framed within them, with or without compression; and of what a server's calls take.

Pure functions over bytes; ``stream`` puts them into grpclib. Apart from ``framing``, because generated services import
that, and start quicker without settings.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from chaukas_spec_lite.rpc.transport.framing import GZIP, PREFIX, FramingError, TooLarge, UnknownEncoding
from chaukas_spec_lite.settings import POSITIVE_SECONDS, OrNone, Whole, about, check_fields, documented

MAX_LIMIT = 2**31 - 2**17
"""The largest limit that can be set: the largest window of HTTP/2, 2**31 - 1 bytes (RFC 9113, section 6.9.1), less a
margin for what a stream holds beside the message."""

_SIZE = Whole(most=MAX_LIMIT, unit="bytes")

MAX_RATIO, FREE_BYTES = 100, 4 << 20
"""How many times its size a message may inflate to on a server, beyond so many bytes. Events reach a twentieth or a
fiftieth of their size; a few kB that become megabytes cost their sender nothing."""

MIB = 1 << 20

_COUNT = Whole(unit="calls")
_GZIP_WINDOW = 31  # zlib's way to ask for a gzip header around the largest window
_LEVEL = 1  # For events, the higher ones take up to five times as long to save a tenth more.


@documented
@dataclass(frozen=True)
class Framing:
    """Size limits and compression, for either end of a connection.

    Raises:
        SettingError: A value cannot be used.
    """

    max_receive: int = field(
        default=4 * 1024 * 1024,
        metadata=about("The largest message that is received, inflated. 4 MiB is gRPC's usual limit.", _SIZE),
    )
    max_send: int = field(
        default=4 * 1024 * 1024, metadata=about("The largest message that is sent, before compression.", _SIZE)
    )
    compress_above: int | None = field(
        default=1024,
        metadata=about(
            "Messages of this size and more are sent as gzip, if that makes them smaller. None: never.",
            OrNone(Whole(least=0, unit="bytes")),
        ),
    )

    def __post_init__(self) -> None:
        check_fields(self, "framing.")

    def frame(self, message: bytes, compress: bool) -> bytes:
        """Frame a message.

        Args:
            message: The encoded message.
            compress: Whether to try gzip. It is used from ``compress_above`` bytes on, if it makes the message smaller.

        Returns:
            The prefix and the message.

        Raises:
            TooLarge: The message is above ``max_send``.
        """
        size = len(message)
        if size > self.max_send:
            raise TooLarge(size, self.max_send)
        if compress and self.compress_above is not None and size >= self.compress_above:
            deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
            smaller = deflate.compress(message) + deflate.flush()
            if len(smaller) < size:  # Random or compressed content grows, and the flag is set for each message anyway.
                return b"\1" + len(smaller).to_bytes(4, "big") + smaller
        return b"\0" + size.to_bytes(4, "big") + message

    def prefix(self, prefix: bytes, encoding: str) -> tuple[bool, int]:
        """Read what stands before a message.

        Args:
            prefix: Its five bytes.
            encoding: The value of ``grpc-encoding``, which says how compressed messages are compressed.

        Returns:
            Whether the message is compressed, and its length in bytes.

        Raises:
            TooLarge: The length is above ``max_receive``. This is known before any of the message is read.
            UnknownEncoding: It is compressed in a way that was not offered.
            FramingError: The prefix is not valid.
        """
        flag, size = prefix[0], int.from_bytes(prefix[1:PREFIX], "big")
        if flag > 1:
            raise FramingError(f"a message begins with the flag {flag}, which is neither 0 nor 1")
        if flag and encoding != GZIP:
            # An unknown encoding is UNIMPLEMENTED, but the flag without any encoding is an error of the peer:
            # https://github.com/grpc/grpc/blob/master/doc/compression.md
            kind = UnknownEncoding if encoding not in ("", "identity") else FramingError
            raise kind(f"a message is compressed, but as {encoding!r}, and only gzip was offered")
        if size > self.max_receive:
            raise TooLarge(size, self.max_receive)
        return bool(flag), size

    def inflate(self, data: bytes, bounded: bool = False, most: int | None = None) -> bytes:
        """Undo gzip, writing no more than allowed.

        Args:
            data: The compressed message.
            bounded: Whether ``MAX_RATIO`` holds, too, as for what comes from a stranger.
            most: A limit below ``max_receive``.

        Raises:
            TooLarge: The message is above ``max_receive``, or inflates too much.
            FramingError: It cannot be inflated.
        """
        limit = self.max_receive if most is None else min(self.max_receive, most)
        if bounded:
            limit = min(limit, max(FREE_BYTES, MAX_RATIO * len(data)))
        gunzip = zlib.decompressobj(_GZIP_WINDOW)
        try:
            # One byte more than allowed tells a message at the limit from one above it. A few kB may inflate to
            # gigabytes, so zlib must stop there.
            message = gunzip.decompress(data, limit + 1)
        except zlib.error as error:
            raise FramingError(f"a compressed message cannot be inflated: {error}") from error
        if len(message) > limit:
            raise TooLarge(limit, limit, inflated=True)
        if not gunzip.eof or gunzip.unused_data:
            raise FramingError("a compressed message ends too early, or has something behind its end")
        return message


@documented
@dataclass(frozen=True, kw_only=True)
class CallLimits:
    """What a server's calls may take, so that none of them stops it for others.

    A peer is an address, or an IPv6 network of 64 bits. The first 64 KiB of each request and answer have a quarter more
    room than these limits say, so that large ones do not keep small ones out.

    Raises:
        SettingError: A value cannot be used.
    """

    open_bytes: int = field(
        default=4 << 10,
        metadata=about("The largest request of methods that answer everybody, inflated.", _SIZE),
    )
    query_bytes: int = field(
        default=MIB, metadata=about("The largest request of methods that store nothing, inflated.", _SIZE)
    )
    requests_held: int | None = field(
        default=None,
        metadata=about(
            "How many bytes of requests are held together, those that are only in part there and those that are being "
            "served. None: eight of the largest.",
            OrNone(Whole(unit="bytes")),
        ),
    )
    requests_held_per_peer: int | None = field(
        default=None,
        metadata=about("How many of them may be a peer's. None: half of all.", OrNone(Whole(unit="bytes"))),
    )
    requests_held_per_key: int | None = field(
        default=None,
        metadata=about("How many of them may be those of one key. None: half of all.", OrNone(Whole(unit="bytes"))),
    )
    answers_held: int = field(
        default=512 * MIB,
        metadata=about("How many bytes of answers may wait for clients to read them.", Whole(unit="bytes")),
    )
    answers_held_per_peer: int = field(
        default=128 * MIB, metadata=about("How many of them may be a peer's.", Whole(unit="bytes"))
    )
    answers_held_per_connection: int = field(
        default=64 * MIB, metadata=about("How many of them may be a connection's.", Whole(unit="bytes"))
    )
    pace_bytes: int = field(
        default=10 << 10,
        metadata=about(
            "How many bytes of a message, or else its end, have to come, or be read, within each `pace_interval`. What "
            "came before it does not count.",
            Whole(unit="bytes"),
        ),
    )
    pace_interval: float = field(default=10.0, metadata=about("The time for `pace_bytes`.", POSITIVE_SECONDS))
    message_timeout: float = field(
        default=300.0,
        metadata=about("How long a message may take to come, or to be read, in all.", POSITIVE_SECONDS),
    )
    stream_idle: float = field(
        default=600.0,
        metadata=about("How long a stream of requests may be silent between two of them.", POSITIVE_SECONDS),
    )
    calls: int = field(default=10_000, metadata=about("How many calls are served at once.", _COUNT))
    calls_per_peer: int = field(default=5_000, metadata=about("How many of them may be a peer's.", _COUNT))
    watches: int = field(default=1_000, metadata=about("How many calls may watch the server's health at once.", _COUNT))
    watches_per_peer: int = field(default=250, metadata=about("How many of them may be a peer's.", _COUNT))
    watches_per_connection: int = field(default=10, metadata=about("How many of them may be a connection's.", _COUNT))

    def __post_init__(self) -> None:
        check_fields(self, "calls.")
