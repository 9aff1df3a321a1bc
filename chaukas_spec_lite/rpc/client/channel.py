"""A grpclib channel to one of several addresses, which connects again by itself whenever it has to."""

# A subclass of grpclib's channel needs what it keeps to itself; the version is pinned to 0.4.x.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import copy
import warnings

import grpclib.client
from grpclib.config import Configuration

from chaukas_spec_lite import process
from chaukas_spec_lite.errors import ClientClosedError, RpcError
from chaukas_spec_lite.rpc.client.connecting import Connector
from chaukas_spec_lite.rpc.client.connection import ClientProtocol
from chaukas_spec_lite.rpc.client.endpoint import Address, Endpoint, Tcp
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.client.mapping import deadline_exceeded
from chaukas_spec_lite.rpc.client.tls import Security
from chaukas_spec_lite.rpc.stubs.codec import MessageCodec
from chaukas_spec_lite.rpc.transport.framing import Framing

CONNECT_TIMEOUT = 5.0
"""How long one address may take to connect and say its first word, in seconds, before the next one is tried."""

CLOSE_TIMEOUT = 1.0
"""How long a connection may take to close politely, in seconds."""


class Channel(grpclib.client.Channel):
    """Connects to the first address that answers; also serves generated stubs, with compression and limits.

    It belongs to the event loop it was made in, and to the process.
    """

    _protocol: ClientProtocol | None = None
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
    ) -> None:
        self._process = process.current()  # first, for __del__
        self.framing = framing or Framing()
        self.compresses = self.framing.compress_above is not None
        """Whether requests are compressed: until a server turns out not to understand it."""
        self._security = security or Security(None)
        self._keepalive = keepalive or Keepalive()
        self._addresses = endpoint.addresses
        self._connector = Connector(self._addresses, self._security, self._protocol_factory, connect_timeout)
        self.peer = ""
        """The address of the last connection."""
        # The stream's window lets the largest message come in one go.
        config = Configuration(http2_stream_window_size=max(4 << 20, self.framing.max_receive + (64 << 10)))
        # Where there is no ssl module, grpclib's own annotation is unknown to pyright.
        super().__init__(codec=MessageCodec(), ssl=self._security.context, config=config)  # pyright: ignore[reportUnknownMemberType]
        self._aim(self._addresses[0])
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when it is closed by its owner."""

    def __repr__(self) -> str:
        """Show the addresses."""
        return f"Channel({','.join(map(str, self._addresses))!r})"

    def __del__(self) -> None:
        """Warn if it was not closed, and close it; in a forked child, leave the parent's connection alone."""
        protocol = self._protocol
        if protocol is None or self._process != process.current() or not protocol.usable:
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
        if self._loop.is_running():  # perhaps in another thread than the one that collects garbage
            self._loop.call_soon_threadsafe(protocol.transport.close)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop it belongs to."""
        return self._loop

    @property
    def authority(self) -> str:
        """The host and port that requests name."""
        return self._authority

    @property
    def scheme(self) -> str:
        """``http``, or ``https`` with TLS."""
        return self._scheme

    @property
    def is_mine(self) -> bool:
        """Whether this process made it, and its loop can still run."""
        return self._process == process.current() and not self._loop.is_closed()

    def abandon(self) -> None:
        """Forget the connection without touching it: it is the parent process's, or its loop is closed."""
        if self._process != process.current():
            process.leave_to_parent(self._loop, self._protocol, self._connecting)
        self._connecting = None
        self._protocol = None

    @property
    def _connected(self) -> bool:
        # grpclib asks only whether the connection is lost, which TLS may never say of a peer that vanished.
        return self._protocol is not None and self._protocol.usable

    async def __connect__(self) -> ClientProtocol:
        """Return a connection that can be used, made now if need be; raises ``RpcError``."""
        if self._protocol is not None and self._protocol.usable:
            return self._protocol
        return await asyncio.shield(self._connect(None))

    async def connection(self, timeout: float) -> ClientProtocol:
        """The same, within ``timeout`` seconds."""
        if self._protocol is not None and self._protocol.usable:
            return self._protocol
        connecting = self._connect(timeout)
        await asyncio.wait({connecting}, timeout=timeout)  # which goes on when this caller gives up
        if not connecting.done():
            raise deadline_exceeded(f"no connection came about within {timeout:.3g} s", "", self._names())
        if connecting.cancelled():
            raise ClientClosedError("the client was closed while it connected")
        error = connecting.exception()
        if isinstance(error, RpcError):  # Each caller gets its own, to note what it did about it.
            raise copy.copy(error) from error.__cause__
        return connecting.result()

    def _connect(self, timeout: float | None) -> asyncio.Task[ClientProtocol]:
        """Connect in a task of its own, so that all who wait share it, and none who leaves ends it.

        ``timeout`` is how long the first of them waits; all addresses are tried within it, unless it is very short.
        """
        if self._closed:
            raise ClientClosedError("the client is closed")
        if self._connecting is None or self._connecting.done():
            self._connecting = self._loop.create_task(self._connect_any(timeout))
            self._connecting.add_done_callback(_retrieve)
        return self._connecting

    async def _connect_any(self, timeout: float | None) -> ClientProtocol:
        protocol, address = await self._connector.connect(timeout)
        return self._take(protocol, address)

    def _take(self, protocol: ClientProtocol, address: Address) -> ClientProtocol:
        """Use a connection, unless the channel was closed while it came about (`wait_for` may miss a cancellation)."""
        if self._closed:
            protocol.transport.abort()
            raise ClientClosedError("the client was closed while it connected")
        self._protocol, self.peer = protocol, str(address)
        self._aim(address)
        return protocol

    def _aim(self, address: Address) -> None:
        """Set what the requests of generated stubs say about the server."""
        self._authority = address.authority if isinstance(address, Tcp) else "localhost"

    def _protocol_factory(self) -> ClientProtocol:
        return ClientProtocol(self._config, self._h2_config, self.framing, self._keepalive)

    def _names(self) -> str:
        return ",".join(map(str, self._addresses))

    def close(self) -> None:
        """Close the connection without waiting for it."""
        self._closed = True
        if not self.closed.done() and not self._loop.is_closed():
            self.closed.set_result(None)
        if self._connecting is not None:
            self._connecting.cancel()
        super().close()

    async def aclose(self) -> None:
        """Close the connection and wait until it is closed, for ``CLOSE_TIMEOUT`` at most."""
        protocol, connecting = self._protocol, self._connecting
        self.close()
        if connecting is not None:
            await asyncio.wait({connecting})
        if protocol is not None:
            await asyncio.wait({protocol.lost}, timeout=CLOSE_TIMEOUT)
            if not protocol.lost.done():
                protocol.transport.abort()
                await asyncio.sleep(0)


def _retrieve(task: asyncio.Task[ClientProtocol]) -> None:
    """Take the error of a connection that nobody waits for any more, lest asyncio complain that nobody did."""
    if not task.cancelled():
        task.exception()
