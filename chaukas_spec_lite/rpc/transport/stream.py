"""Streams with compression and limits: grpclib's, with ``Framing`` put in.

grpclib reads and writes messages as frames through ``Stream.recv_data`` and ``Stream.send_data``; here these two
translate between what is on the wire and the plain frames that grpclib knows. ``server_stream`` adds what servers need.
"""

# Subclasses of grpclib's stream need what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import grpclib.protocol
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.rpc.transport.framing import ACCEPTED, GZIP, PREFIX, FramingError, TooLarge, UnknownEncoding
from chaukas_spec_lite.rpc.transport.message_io import read_up_to

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.transport.protocol import Connection

Headers = list[tuple[str, str]]


class Stream(grpclib.protocol.Stream):
    """A stream with compression and limits. Messages that break a rule raise ``GRPCError``."""

    connection: Connection
    checks_messages = True
    """Tells ``message_io`` that ``recv_data`` below checks that messages are complete."""
    _unframed: bytes | None = None
    _announced = False
    """Whether a client has said that its messages may be compressed."""

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

    async def send_data(self, data: bytes, end_stream: bool = False) -> None:
        """Send a message that grpclib has framed, compressed if the peer takes that."""
        await super().send_data(self._framed(data), end_stream)

    def _framed(self, data: bytes) -> bytes:
        try:
            return self.connection.framing.frame(data[PREFIX:], self._compresses())
        except TooLarge as error:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"to be sent: {error}") from error

    async def recv_data(self, size: int) -> bytes:
        """Receive the prefix of a message, then the message, as grpclib asks for them: in turn."""
        # The prefix that grpclib was given announced this message, so this is what it asks for now.
        if self._unframed is not None:
            message, self._unframed = self._unframed, None
            return message
        try:
            prefix = await self._prefix()
            if not prefix:
                return b""
            compressed, length = self.connection.framing.prefix(prefix, self._header("grpc-encoding"))
            message = await self._message(length)
            if len(message) != length:
                raise FramingError(f"a message ends before its {length} bytes are complete")
            self._unframed = await self._inflated(message) if compressed else message
        except TooLarge as error:
            # The words of gRPC's C++ implementation: clients know by them that no repetition will help.
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"received message larger than max: {error}") from error
        except UnknownEncoding as error:
            raise GRPCError(Status.UNIMPLEMENTED, str(error)) from error
        except FramingError as error:
            raise GRPCError(Status.INTERNAL, str(error)) from error
        return b"\0" + len(self._unframed).to_bytes(4, "big")  # The prefix that grpclib understands: not compressed.

    async def _prefix(self) -> bytes:
        """Receive what stands before a message, or nothing at the end."""
        return await read_up_to(super().recv_data, PREFIX)

    async def _message(self, length: int) -> bytes:
        """Receive a message of a length."""
        return await read_up_to(super().recv_data, length)

    async def _inflated(self, message: bytes) -> bytes:
        """Undo compression."""
        return self.connection.framing.inflate(message)

    def _header(self, name: str) -> str:
        return next((value for key, value in self.headers or () if key == name), "")

    def _compresses(self) -> bool:
        return self._announced  # A client compresses what it has announced.


@lru_cache(maxsize=32)  # Clients say the same with each of their calls.
def takes_gzip(accepted: str) -> bool:
    """Whether the value of a ``grpc-accept-encoding`` header names gzip."""
    return GZIP in (part.strip() for part in accepted.split(","))
