"""A grpclib channel to one of several addresses, which connects again by itself whenever it has to.

At most one connection is being made at a time, in a task that all waiting calls share. It outlives the call that began
it: a server that takes longer to connect to than a call may last would otherwise never be reached.
"""

from __future__ import annotations

import asyncio
import copy
import warnings
from collections.abc import Mapping

from chaukas_spec_lite import process
from chaukas_spec_lite.errors import ClientClosedError, RpcError
from chaukas_spec_lite.rpc.client.connecting import Connector
from chaukas_spec_lite.rpc.client.connection import ClientProtocol
from chaukas_spec_lite.rpc.client.endpoint import Address, Endpoint, Tcp
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.client.mapping import deadline_exceeded
from chaukas_spec_lite.rpc.client.proxy import Proxy
from chaukas_spec_lite.rpc.client.tls import Security
from chaukas_spec_lite.rpc.stubs.codec import MessageCodec
from chaukas_spec_lite.rpc.transport.channel import BaseChannel
from chaukas_spec_lite.rpc.transport.limits import Framing

CONNECT_TIMEOUT = 5.0
"""How long one address may take to connect and send its first frame, in seconds, before the next one is tried."""

CLOSE_TIMEOUT = 1.0
"""How long a connection may take to close politely, in seconds."""


class Channel(BaseChannel[ClientProtocol]):
    """Connects to the first address that answers; also serves generated stubs, with compression and limits.

    It belongs to the event loop it was made in, and to the process.

    Args:
        endpoint: The addresses.
        security: TLS, or none.
        framing: Size limits and compression.
        keepalive: When a silent server is asked whether it is still there.
        connect_timeout: How long one address may take to connect and send its first frame, in seconds. Default: 5.
        http1_hint: What errors say about the endpoint if the peer speaks HTTP/1.
        proxies: The proxies through which some addresses are reached.
    """

    _connecting: asyncio.Task[ClientProtocol] | None = None
    _closed = False

    def __init__(
        self,
        endpoint: Endpoint,
        security: Security | None = None,
        *,
        framing: Framing | None = None,
        keepalive: Keepalive | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        http1_hint: str = "",
        proxies: Mapping[Address, Proxy] | None = None,
    ) -> None:
        self._process = process.current()  # First: `__del__` reads it, even if one of the lines below raises.
        self.framing = framing or Framing()
        self.compresses = self.framing.compress_above is not None
        """Whether requests are compressed. ``UnaryCaller`` sets it to False when a server does not understand it."""
        self.lacking: set[str] = set()
        """Services that the server turned out not to have; whoever chooses between services keeps them here."""
        self._security = security or Security(None)
        self._keepalive = keepalive or Keepalive()
        self._addresses = endpoint.addresses
        self._connector = Connector(
            self._addresses, self._security, self._make_protocol, connect_timeout, http1_hint, proxies or {}
        )
        self._retired: list[ClientProtocol] = []
        """Connections that take no new calls, and stay open for those that they have."""
        self.peer = ""
        """The address of the last connection."""
        # The largest message with its prefix fits into the window of its stream, so a server never has to wait for
        # WINDOW_UPDATE in the middle of a message (RFC 9113, section 6.9).
        window = max(4 << 20, self.framing.max_receive + (64 << 10))
        super().__init__(MessageCodec(), self._security.context, window)
        self._aim(self._addresses[0])
        self.closed: asyncio.Future[None] = self.loop.create_future()
        """Done when it is closed by its owner."""

    def __repr__(self) -> str:
        """Show the addresses."""
        return f"Channel({','.join(map(str, self._addresses))!r})"

    def __del__(self) -> None:
        """Warn if it was not closed, and close it; in a forked child, leave the parent's connection alone."""
        # Closing it in the child would send GOAWAY, or TLS's goodbye, on the socket that the parent still uses.
        if self._process != process.current():
            return
        unclosed = [protocol for protocol in self._protocols() if protocol.open]
        if unclosed:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
        if self.loop.is_running():  # The collector runs in any thread, and transports may be touched in their own only.
            for protocol in unclosed:
                self.loop.call_soon_threadsafe(protocol.transport.close)

    @property
    def is_mine(self) -> bool:
        """Whether this process made it, and its loop can still run."""
        return self._process == process.current() and not self.loop.is_closed()

    def abandon(self) -> None:
        """Forget the connection without touching it, because it is the parent's, or because its loop is closed."""
        # Destroying the loop in a child would remove the parent's sockets from an epoll that both share. If only the
        # loop is closed, the garbage collector may have everything.
        if self._process != process.current():
            process.leave_to_parent(self.loop, self._protocols(), self._connecting)
        self._connecting = None
        self.protocol = None
        self._retired = []

    def _protocols(self) -> list[ClientProtocol]:
        """Give the connections that may be open."""
        made = [] if self.protocol is None else [self.protocol]
        return [protocol for protocol in self._retired + made if not protocol.lost.done()]

    async def connect(self) -> ClientProtocol:
        """Return a connection that can be used, made now if need be; raises ``RpcError``. Generated stubs call this."""
        if self.protocol is not None and self.protocol.usable:
            return self.protocol
        # A stub's call that is cancelled, by its own timeout for example, must not end what other calls wait for.
        return await asyncio.shield(self._connect(None))

    async def connection(self, timeout: float) -> ClientProtocol:
        """Return a connection that can be used, made now if need be.

        Args:
            timeout: How many seconds this caller waits for it.

        Raises:
            RpcError: None came about, or not in time.
            ClientClosedError: The channel is closed.
        """
        if self.protocol is not None and self.protocol.usable:
            return self.protocol
        connecting = self._connect(timeout)
        # Unlike `wait_for`, `wait` cancels nothing: connecting goes on for other calls when this caller gives up.
        await asyncio.wait({connecting}, timeout=timeout)
        if not connecting.done():
            raise deadline_exceeded(f"no connection came about within {timeout:.3g} s", "", self._names())
        if connecting.cancelled():
            raise ClientClosedError("the client was closed while it connected")
        error = connecting.exception()
        if isinstance(error, RpcError):  # Callers share the task, and each notes its own RPC and attempts in the error.
            raise copy.copy(error) from error.__cause__
        return connecting.result()

    def _connect(self, timeout: float | None) -> asyncio.Task[ClientProtocol]:
        """Begin to connect, or return the task that is connecting already.

        Args:
            timeout: How many seconds the caller waits. If its task is a new one, all addresses share this time, though
                each has at least ``LEAST`` seconds. Later callers take part in a task whatever their own timeout is.
        """
        if self._closed:
            raise ClientClosedError("the client is closed")
        if self._connecting is None or self._connecting.done():
            self._connecting = self.loop.create_task(self._connect_any(timeout))
            self._connecting.add_done_callback(_retrieve)
        return self._connecting

    async def _connect_any(self, timeout: float | None) -> ClientProtocol:
        protocol, address = await self._connector.connect(timeout)
        return self._take(protocol, address)

    def _take(self, protocol: ClientProtocol, address: Address) -> ClientProtocol:
        """Use a connection, unless the channel was closed while it was being made."""
        # `close` cancels the task, but before Python 3.12 `wait_for` loses a cancellation that comes together with its
        # result (https://github.com/python/cpython/issues/86296). Such a connection would stay open for ever.
        if self._closed:
            protocol.transport.abort()
            raise ClientClosedError("the client was closed while it connected")
        self._retired = self._protocols()
        self.protocol, self.peer = protocol, str(address)
        self._aim(address)
        return protocol

    def _aim(self, address: Address) -> None:
        """Set what the requests of generated stubs say about the server.

        A Unix socket has no name, so requests say ``localhost``, as those of gRPC's other implementations do.
        """
        self.authority = address.authority if isinstance(address, Tcp) else "localhost"

    def _make_protocol(self) -> ClientProtocol:
        return ClientProtocol(self.configuration, self.framing, self._keepalive)

    def _names(self) -> str:
        return ",".join(map(str, self._addresses))

    def close(self) -> None:
        """Close the connection without waiting for it."""
        self._closed = True  # Before anything that may let another call run: from now on none connects.
        # Completing a future schedules its callbacks, which a closed loop refuses.
        if not self.closed.done() and not self.loop.is_closed():
            self.closed.set_result(None)
        if self._connecting is not None:
            self._connecting.cancel()
        for protocol in self._retired:
            protocol.processor.close()
        super().close()

    async def aclose(self) -> None:
        """Close the connection and wait until it is closed, for ``CLOSE_TIMEOUT`` at most."""
        protocols, connecting = self._protocols(), self._connecting  # `close` forgets the connection.
        self.close()
        if connecting is not None:
            await asyncio.wait({connecting})
        if protocols:
            await asyncio.wait({protocol.lost for protocol in protocols}, timeout=CLOSE_TIMEOUT)
            for protocol in protocols:
                if not protocol.lost.done():
                    protocol.transport.abort()
            await asyncio.sleep(0)  # `abort` only schedules `connection_lost`, which closes the socket.


def _retrieve(task: asyncio.Task[ClientProtocol]) -> None:
    """Look at a task's error, which nobody else does if no call waits for it any more: asyncio would log a warning."""
    if not task.cancelled():
        task.exception()
