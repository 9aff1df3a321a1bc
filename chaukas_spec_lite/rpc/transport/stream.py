"""Streams with compression and limits: grpclib's, with ``Framing`` put in.

grpclib reads and writes messages as frames through ``Stream.recv_data`` and ``Stream.send_data``; here these two
translate between what is on the wire and the plain frames that grpclib knows.
"""

# Subclasses of grpclib's stream need what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpclib.protocol
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.rpc.transport.framing import ACCEPTED, GZIP, PREFIX, FramingError, TooLarge, UnknownEncoding
from chaukas_spec_lite.rpc.transport.message_io import Read, read_up_to

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.transport.protocol import Connection

Headers = list[tuple[str, str]]

SMALL = 64 << 10
"""The size in bytes up to which messages are counted, but never refused.

A few large requests must not shut out all small ones, such as health checks. The number of calls bounds their sum.
"""
_PART = 4 * SMALL
"""The size in bytes of the parts in which larger messages are received."""


@dataclass
class Load:
    """How many bytes of requests a server holds at once, over all its calls and connections.

    Counted are the messages that are being received, and those whose calls are being served.
    """

    limit: int
    held: int = 0

    def take(self, size: int) -> None:
        """Count a message.

        Args:
            size: Its size in bytes.

        Raises:
            GRPCError: It would be too much at the moment. RESOURCE_EXHAUSTED makes clients try again later.
        """
        self.check(size)
        self.held += size

    def check(self, size: int) -> None:
        """Raise what ``take`` would raise."""
        if size > SMALL and self.held + size > self.limit:
            details = f"the server holds {self.held} bytes of other requests, and no more than {self.limit} in all"
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"{details}: try again later")

    def give(self, size: int) -> None:
        """Forget what was counted."""
        self.held -= size


class Stream(grpclib.protocol.Stream):
    """A stream with compression and limits. Messages that break a rule raise ``GRPCError``."""

    connection: Connection
    checks_messages = True
    """Tells ``message_io`` that ``recv_data`` below checks that messages are complete."""
    _unframed: bytes | None = None
    _announced = False
    """Whether a client has said that its messages may be compressed."""
    _held = 0
    request_complete = False
    """Whether all of the request has come; on a server."""
    last_headers: Headers | None = None
    """What a server's last headers say besides."""
    end_call: Callable[[], None] | None = None
    """Forgets a server's call."""

    async def send_request(
        self, headers: Headers, end_stream: bool = False, *, _processor: grpclib.protocol.EventsProcessor
    ) -> Callable[[], None]:
        """Begin a call, as a client.

        ``grpc-encoding: gzip`` is sent only if the server has said before that it takes gzip. Some servers refuse the
        header even without compressed messages, and a stream of messages cannot be sent again plainly.
        """
        headers = [*headers, ("grpc-accept-encoding", ACCEPTED)]
        self._announced = self.connection.peer_takes_gzip and self.connection.framing.compress_above is not None
        if self._announced:
            headers.append(("grpc-encoding", GZIP))
        return await super().send_request(headers, end_stream, _processor=_processor)

    async def send_headers(self, headers: Headers, end_stream: bool = False) -> None:
        """Begin or end a response, as a server."""
        if headers and headers[0][0] == ":status":  # The beginning of a response. Trailers have no pseudo-header.
            headers = [*headers, ("grpc-accept-encoding", ACCEPTED)]
            if self._compresses() and not end_stream:  # With END_STREAM, no message follows.
                headers.append(("grpc-encoding", GZIP))
        if end_stream:
            headers = [*headers, *(self.last_headers or ())]
            if self.connection.budget is not None:
                self.connection.budget.answered()
        await super().send_headers(headers, end_stream)

    async def send_data(self, data: bytes, end_stream: bool = False) -> None:
        """Send a message that grpclib has framed, compressed if the peer takes that."""
        try:
            framed = self.connection.framing.frame(data[PREFIX:], self._compresses())
        except TooLarge as error:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"to be sent: {error}") from error
        if self.connection.budget is not None:
            self.connection.budget.sent(len(framed))
        await super().send_data(framed, end_stream)

    async def recv_data(self, size: int) -> bytes:
        """Receive the prefix of a message, then the message, as grpclib asks for them: in turn."""
        # The prefix that grpclib was given announced this message, so this is what it asks for now.
        if self._unframed is not None:
            message, self._unframed = self._unframed, None
            return message
        self.let_go()  # With the next message asked for, the last one has been dealt with.
        read = super().recv_data
        try:
            prefix = await read_up_to(read, PREFIX)
            if not prefix:
                return b""
            compressed, length = self.connection.framing.prefix(prefix, self._header("grpc-encoding"))
            message = await self._message(read, length)
            if len(message) != length:
                raise FramingError(f"a message ends before its {length} bytes are complete")
            server = self.connection.load is not None
            self._unframed = self.connection.framing.inflate(message, server) if compressed else message
            self._hold(max(0, len(self._unframed) - length))  # What it has grown by since it was counted.
        except TooLarge as error:
            # The words of gRPC's C++ implementation: clients know by them that no repetition will help.
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"received message larger than max: {error}") from error
        except UnknownEncoding as error:
            raise GRPCError(Status.UNIMPLEMENTED, str(error)) from error
        except FramingError as error:
            raise GRPCError(Status.INTERNAL, str(error)) from error
        return b"\0" + len(self._unframed).to_bytes(4, "big")  # The prefix that grpclib understands: not compressed.

    async def _message(self, read: Read, length: int) -> bytes:
        """Receive a message of a length, which is counted as it comes: to announce one takes nothing from others."""
        if length <= _PART:
            self._hold(length)
            return await read_up_to(read, length)
        if self.connection.load is not None:
            self.connection.load.check(length)  # Before the bytes are read: what is refused is not collected.
        parts: list[bytes] = []
        while length and (part := await read_up_to(read, min(length, _PART))):
            self._hold(len(part))
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _hold(self, size: int) -> None:
        if self.connection.load is not None:
            self.connection.load.take(size)
            self._held += size

    def let_go(self) -> None:
        """Stop counting the message that was received last."""
        if self.connection.load is not None:
            self.connection.load.give(self._held)
            self._held = 0

    def _header(self, name: str) -> str:
        return next((value for key, value in self.headers or () if key == name), "")

    def _compresses(self) -> bool:
        # A client compresses what it has announced. A server compresses what this client accepts; `_announced` stays
        # False there.
        if self._h2_connection.config.client_side or self.connection.framing.compress_above is None:
            return self._announced
        return takes_gzip(self._header("grpc-accept-encoding"))


def takes_gzip(accepted: str) -> bool:
    """Whether the value of a ``grpc-accept-encoding`` header names gzip."""
    return GZIP in (part.strip() for part in accepted.split(","))
