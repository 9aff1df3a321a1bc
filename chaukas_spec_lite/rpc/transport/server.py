"""grpclib's server, with public names for the private parts that ``rpc.server`` builds on.

It accepts connections by itself: see ``accepting``.
"""

# A subclass of grpclib's server needs what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from asyncio import BaseTransport
from typing import TYPE_CHECKING, Any

from grpclib.server import Server

from chaukas_spec_lite.rpc.transport.accepting import Accepting
from chaukas_spec_lite.rpc.transport.admission import Admission, ConnectionLimits
from chaukas_spec_lite.rpc.transport.budget import Debts
from chaukas_spec_lite.rpc.transport.call_guard import CallGuard
from chaukas_spec_lite.rpc.transport.protocol import FramedProtocol
from chaukas_spec_lite.rpc.transport.server_calls import EventsProcessor
from chaukas_spec_lite.rpc.transport.server_stream import ServerStream
from chaukas_spec_lite.rpc.transport.verification import verify

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection

    from grpclib._typing import IServable
    from grpclib.encoding.base import CodecBase

    from chaukas_spec_lite.rpc.transport.limits import CallLimits, Framing

log = logging.getLogger("chaukas_spec_lite.rpc")

_BACKLOG = 100
_FRAMES_AT_ONCE = 64
"""How many frames of one connection are taken before others get their turn: some milliseconds of work."""


class BaseServer(Server):
    """A server whose connections have compression and limits, and can be found while they last.

    Args:
        services: What it serves.
        codec: How it encodes and decodes messages.
        framing: Size limits and compression.
        limits: How many connections it keeps, and for how long.
        calls: What its calls may take.
    """

    def __init__(
        self,
        services: Collection[IServable],
        codec: CodecBase,
        framing: Framing,
        limits: ConnectionLimits,
        calls: CallLimits,
    ) -> None:
        super().__init__(services, codec=codec)
        self._framing = framing
        self.guard = CallGuard(calls, framing.max_receive)
        """Looks after its calls."""
        self.admission = Admission(limits)
        """Decides who is let in."""
        self.debts = Debts(self.admission.now)
        """What each address has spent."""
        self.connections: set[ServerSide] = set()
        """The connections that are open, those amid a TLS handshake excepted."""
        self.stopped = False
        """Whether new connections are closed at once."""
        self._accepting = Accepting(self.admission, self._protocol_factory, self.guard)

    @property
    def port(self) -> int:
        """The port it listens on; of the first, if ``host`` has several addresses."""
        sockets = getattr(self._server, "sockets", None)  # By name: uvloop's servers are no asyncio.Server.
        if not sockets:
            raise RuntimeError("the server is not running, so it has no port")
        port: int = sockets[0].getsockname()[1]
        return port

    async def start(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        path: str | None = None,
        ssl: ssl.SSLContext | None = None,
        **options: Any,
    ) -> None:
        """Begin to listen.

        Args:
            host: The name or address; None for all interfaces.
            port: The port; 0 for any that is free.
            path: That of a Unix socket, instead of host and port.
            ssl: For TLS.
            options: Others of ``asyncio``'s ``create_server``, such as ``sock``.

        Raises:
            OSError: The port is taken, or there is no such address.
            RuntimeError: It has been started already.
        """
        verify()  # Takes 2 ms, once in each process, which the first client would have to wait for otherwise.
        if self._server is not None:
            raise RuntimeError("the server has been started already")
        loop: Any = self._loop  # The overloads of `create_server` do not take options by name.
        backlog: int = options.setdefault("backlog", _BACKLOG)
        # asyncio's server finds the addresses and binds sockets to them, and accepts nobody.
        make, options["ssl"] = self._protocol_factory, ssl
        server: Any = (
            await loop.create_server(make, host, port, start_serving=False, **options)
            if path is None
            else await loop.create_unix_server(make, path, start_serving=False, **options)
        )
        self._server, self._server_closed_fut = server, loop.create_future()
        await self._accepting.listen(server, ssl, backlog)

    def close(self) -> None:
        """Stop to listen, and cancel all calls."""
        self._accepting.close()
        super().close()
        self.guard.close()

    def _protocol_factory(self) -> ServerSide:
        return ServerSide(super()._protocol_factory(), self._framing, self)


class ServerSide(FramedProtocol):
    """One connection of a server, from the moment in which it is accepted: a ``Guest``."""

    def __init__(self, plain: Any, framing: Framing, server: BaseServer) -> None:
        super().__init__(plain.handler, plain.config, plain.h2_config, framing)
        self._server = server
        self.lost = asyncio.Event()
        self.address = ""
        self.arrived = self.busy = server.admission.now()
        self.connected = False
        """Whether the connection has come about; over TLS that takes a while."""
        self._accepted: socket.socket | None = None

    def arrive(self, accepted: socket.socket, address: str) -> None:
        """Take note of the socket, with which it has to end if no connection comes about."""
        self._accepted, self.address = accepted, address

    def settle(self) -> None:
        """End for good if no connection has come about."""
        if not self.connected and self._accepted is not None:
            self._accepted.close()
            self._server.admission.forget(self)
            self.handler.close()  # grpclib keeps it for ever otherwise.

    @property
    def greeted(self) -> bool:
        """Whether it has spoken HTTP/2."""
        return self.connected and isinstance(self.processor, EventsProcessor) and self.processor.greeted

    @property
    def calls(self) -> int:
        """How many calls it has."""
        return len(self.processor.streams) if self.connected else 0

    @property
    def amid_headers(self) -> bool:
        """Whether headers have begun to come, and have not ended."""
        return self.connected and self.framed.h2.amid_headers

    @property
    def waits(self) -> bool:
        """Whether all of its calls wait for the rest of their requests."""
        streams = self.processor.streams.values()
        return not any(isinstance(stream, ServerStream) and stream.request_complete for stream in streams)

    def turn_away(self, reason: str) -> None:
        """Close it at once; a client that has no calls is told so that it knows that none was begun."""
        if not self.connected:
            if self._accepted is not None:
                with contextlib.suppress(OSError):  # It may be closed already.
                    self._accepted.shutdown(socket.SHUT_RDWR)
        elif not self.greeted or self.calls or self.transport.get_write_buffer_size():
            self.abort()
        else:
            self.framed.h2.close_connection()  # GOAWAY, which names the last call that was taken.
            self.close(reason)

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin, unless the server has stopped meanwhile."""
        super().connection_made(transport)
        self.connected = True
        self._accepted = None
        self.framed.budget = self.framed.h2.budget = self._server.debts.begin(self.address)
        self.framed.h2.frames_at_once = _FRAMES_AT_ONCE
        # A connection that was accepted before the socket was closed may come here after `stop` has listed all of them.
        if self._server.stopped:
            self.abort()
        else:
            self._server.connections.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End every call that is being served."""
        if self.framed.budget is not None:
            self._server.debts.end(self.address, self.framed.budget)
        self._server.connections.discard(self)
        self._server.admission.forget(self)
        self.lost.set()
        super().connection_lost(exc)

    def events_processor(self) -> EventsProcessor:
        """Make the object that handles the events of HTTP/2."""
        return EventsProcessor(self.handler, self.framed, self._server.guard, self.address)

    def input_excessive(self) -> None:
        """End the connection of a client that asks for too much without making calls."""
        self._server.admission.told.log(
            "calm",
            logging.WARNING,
            "a connection from %s is ended: it sent too many frames that bring nothing",
            self.address or "a socket",
        )
        super().input_excessive()

    def close(self, reason: str) -> None:
        """Close the connection and end its calls, after what waits to be sent."""
        self.processor.close(reason)

    def abort(self) -> None:
        """Close the connection without sending what waits to be sent."""
        self.transport.abort()
