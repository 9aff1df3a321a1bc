"""grpclib's server with what it lacks: compression, a limit on the size of messages, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import BaseTransport
from collections.abc import Awaitable, Collection
from typing import TYPE_CHECKING, Any

from grpclib import protocol
from grpclib.const import Status
from grpclib.events import RecvRequest, listen
from grpclib.exceptions import GRPCError
from grpclib.server import Server, Stream

from chaukas_spec_lite.rpc.stubs.codec import MessageCodec
from chaukas_spec_lite.rpc.transport.framing import MAX_LIMIT, Framing
from chaukas_spec_lite.rpc.transport.limits import Load
from chaukas_spec_lite.rpc.transport.protocol import FramedProtocol

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.stubs.service import ServiceBase

MAX_MESSAGE_BYTES = 16 * 2**20
"""The default limit on the size of a request: four times what other gRPC servers take by default."""

_MESSAGES_HELD = 4
"""How many of the largest requests are held at once, over all connections."""

_MAX_DETAILS = 2000
"""How many bytes of an error are sent. Percent-encoded there are three times as many, and from 8 kB of headers on,
grpcio begins to refuse them."""


class MessageServer(Server):
    """Serves services of ours, with compression; refuses large requests, and lets calls finish before it stops.

    Requests are bounded by ``max_message_bytes``, inflated, and all those that are being received or served together by
    four times as much: what is above is answered with RESOURCE_EXHAUSTED, after which clients try again. How large an
    answer gets is the service's affair.
    """

    def __init__(self, services: Collection[ServiceBase], *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        super().__init__(services, codec=MessageCodec())
        listen(self, RecvRequest, self._count)
        self._framing = Framing(max_receive=max_message_bytes, max_send=MAX_LIMIT)
        self._load = Load(_MESSAGES_HELD * max_message_bytes)
        self._connections: set[_Protocol] = set()
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = self._stopped = False

    @property
    def port(self) -> int:
        """The port it listens on; of the first, if ``host`` has several addresses."""
        sockets = getattr(self._server, "sockets", None)  # which servers of other event loops have, too
        if not sockets:
            raise RuntimeError("the server is not running, so it has no port")
        port: int = sockets[0].getsockname()[1]
        return port

    async def stop(self, grace: float) -> None:
        """Refuse new calls, give those that are running ``grace`` seconds to finish, then end everything."""
        self._stopping = True
        await _within(grace, self._idle.wait())
        self._stopped = True
        self.close()
        connections = list(self._connections)
        for connection in connections:
            connection.processor.close("the server has stopped")
        await _within(grace, asyncio.gather(*(connection.lost.wait() for connection in connections)))
        for connection in list(self._connections):  # whose other side does not read what was sent
            connection.abort()
        await self.wait_closed()

    async def _count(self, request: RecvRequest) -> None:
        """Have the call counted while it runs; grpclib calls this before it runs it."""
        serve = request.method_func

        async def counted(stream: Stream[Any, Any]) -> None:
            if self._stopping:
                raise GRPCError(Status.UNAVAILABLE, "the server is stopping")
            self._calls += 1
            self._idle.clear()
            try:
                await serve(stream)
            except GRPCError as error:
                raise _shortened(error) from error
            finally:
                self._calls -= 1
                if not self._calls:
                    self._idle.set()

        request.method_func = counted

    def _protocol_factory(self) -> protocol.H2Protocol:
        return _Protocol(super()._protocol_factory(), self._framing, self)

    def admit(self, connection: _Protocol) -> None:
        """Note a new connection, unless it comes too late."""
        if self._stopped:
            connection.abort()
        else:
            connection.framed.load = self._load
            self._connections.add(connection)

    def forget(self, connection: _Protocol) -> None:
        """Take note of the end of a connection."""
        self._connections.discard(connection)


async def _within(seconds: float, awaitable: Awaitable[Any]) -> None:
    """Wait, but no longer than that."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(awaitable, seconds)


def _shortened(error: GRPCError) -> GRPCError:
    details = (error.message or "").encode(errors="replace")
    if len(details) <= _MAX_DETAILS:
        return error
    return GRPCError(error.status, f"{details[:_MAX_DETAILS].decode(errors='ignore')} …", error.details)


class _Protocol(FramedProtocol):
    """A connection that can be found while it lasts."""

    def __init__(self, plain: protocol.H2Protocol, framing: Framing, server: MessageServer) -> None:
        super().__init__(plain.handler, plain.config, plain.h2_config, framing)
        self._server = server
        self.lost = asyncio.Event()

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._server.admit(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._server.forget(self)
        self.lost.set()
        super().connection_lost(exc)

    def abort(self) -> None:
        """Close the connection without sending what waits to be sent."""
        self.transport.abort()
