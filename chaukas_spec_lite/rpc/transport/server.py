"""grpclib's server, with public names for the private parts that ``rpc.server`` builds on."""

# A subclass of grpclib's server needs what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from asyncio import BaseTransport
from typing import TYPE_CHECKING, Any

from grpclib.server import Server

from chaukas_spec_lite.rpc.transport.protocol import FramedProtocol
from chaukas_spec_lite.rpc.transport.verification import verify

if TYPE_CHECKING:
    from collections.abc import Collection

    from grpclib._typing import IServable
    from grpclib.encoding.base import CodecBase

    from chaukas_spec_lite.rpc.transport.limits import Framing
    from chaukas_spec_lite.rpc.transport.stream import Load


class BaseServer(Server):
    """A server whose connections have compression and limits, and can be found while they last.

    Args:
        services: What it serves.
        codec: How it encodes and decodes messages.
        framing: Size limits and compression.
        load: Where it counts the messages that it holds.
    """

    def __init__(self, services: Collection[IServable], codec: CodecBase, framing: Framing, load: Load) -> None:
        super().__init__(services, codec=codec)
        self._framing = framing
        self.load = load
        self.connections: set[ServerSide] = set()
        """The connections that are open."""
        self.stopped = False
        """Whether new connections are closed at once."""

    @property
    def port(self) -> int:
        """The port it listens on; of the first, if ``host`` has several addresses."""
        sockets = getattr(self._server, "sockets", None)  # By name: uvloop's servers are no asyncio.Server.
        if not sockets:
            raise RuntimeError("the server is not running, so it has no port")
        port: int = sockets[0].getsockname()[1]
        return port

    async def start(self, *args: Any, **kwargs: Any) -> None:
        """Begin to listen, with grpclib's arguments: ``host``, ``port``, ``path``, ``ssl`` and others."""
        verify()  # Takes 2 ms, once in each process, which the first client would have to wait for otherwise.
        await super().start(*args, **kwargs)

    def _protocol_factory(self) -> ServerSide:
        return ServerSide(super()._protocol_factory(), self._framing, self)


class ServerSide(FramedProtocol):
    """One connection of a server."""

    def __init__(self, plain: Any, framing: Framing, server: BaseServer) -> None:
        super().__init__(plain.handler, plain.config, plain.h2_config, framing)
        self._server = server
        self.lost = asyncio.Event()

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin, unless the server has stopped meanwhile."""
        super().connection_made(transport)
        # A connection that was accepted before the socket was closed may come here after `stop` has listed all of them.
        if self._server.stopped:
            self.abort()
        else:
            self.framed.load = self._server.load
            self._server.connections.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End every call that is being served."""
        self._server.connections.discard(self)
        self.lost.set()
        super().connection_lost(exc)

    def close(self, reason: str) -> None:
        """Close the connection and end its calls, after what waits to be sent."""
        self.processor.close(reason)

    def abort(self) -> None:
        """Close the connection without sending what waits to be sent."""
        self.transport.abort()
