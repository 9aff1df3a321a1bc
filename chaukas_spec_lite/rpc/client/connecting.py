"""Finding a server: the addresses of an endpoint are tried in turn, until somebody speaks HTTP/2 at one of them."""

from __future__ import annotations

import asyncio
import functools
import math
import socket
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from chaukas_spec_lite.errors import ConnectError, RpcError, StatusCode
from chaukas_spec_lite.rpc.client.connection import ClientProtocol
from chaukas_spec_lite.rpc.client.endpoint import Address, Tcp, Unix
from chaukas_spec_lite.rpc.client.mapping import add_hint, http1, of_connecting, of_ending
from chaukas_spec_lite.rpc.client.tls import ALPN, Security
from chaukas_spec_lite.rpc.transport.verification import verify

K = TypeVar("K", bound=Hashable)

LEAST = 1.0
"""How long each try may take at least, in seconds, however little time a call has: later calls wait for it as well."""

SocketAddress = tuple[Any, ...]
"""What the system calls an address: host and port, and for IPv6 two numbers more."""


_MAX_KNOWN = 64
"""How many addresses are remembered as having failed: those of a name change over time."""


class AddressSelection:
    """In which order addresses are tried.

    The address that worked last goes first; those that failed go last, the latest failure at the very end.
    """

    def __init__(self) -> None:
        self._best: Hashable = None
        self._failed: dict[Hashable, None] = {}

    def order(self, addresses: Iterable[K]) -> list[K]:
        """Put addresses into the order in which to try them; otherwise they keep theirs."""
        failed = {address: number for number, address in enumerate(self._failed, 1)}
        return sorted(addresses, key=lambda address: -1 if address == self._best else failed.get(address, 0))

    def worked(self, address: Hashable) -> None:
        """Note that a server was found there."""
        self._best = address
        self._failed.pop(address, None)

    def failed(self, address: Hashable) -> None:
        """Note that none was."""
        if self._best == address:
            self._best = None
        self._failed.pop(address, None)
        self._failed[address] = None
        if len(self._failed) > _MAX_KNOWN:
            del self._failed[next(iter(self._failed))]


def portion(left: float, count: int, most: float, least: float) -> float:
    """Say how many of the seconds that are left the next of so many tries may take, between ``least`` and ``most``."""
    return min(most, max(least, left / count))


class Connector:
    """Connects to the first address where a server answers with SETTINGS, the first frame of HTTP/2.

    A connection alone says little: there may be a proxy without a server behind it, or a server of another protocol.

    Args:
        addresses: Where to look, in this order.
        security: TLS, or none.
        make: Makes the protocol of each connection.
        timeout: How many seconds each address that the system connects to may take; a name may stand for several.
        http1_hint: What errors say about the endpoint if the peer speaks HTTP/1.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        security: Security,
        make: Callable[[], ClientProtocol],
        timeout: float,
        http1_hint: str = "",
    ) -> None:
        self._addresses = addresses
        self._security = security
        self._make = make
        self._timeout = timeout
        self._hint = http1_hint
        self._selection, self._socket_selection = AddressSelection(), AddressSelection()
        self._last: tuple[ClientProtocol, Address, SocketAddress] | None = None
        """The connection made last, and where it went."""

    async def connect(self, timeout: float | None) -> tuple[ClientProtocol, Address]:
        """Connect to the first address where a server is found.

        Args:
            timeout: How many seconds all addresses share, or None for no limit beside that of each address.

        Returns:
            The connection, and the address it was made to.

        Raises:
            RpcError: None was found; its type and status are those of all failures, if they have them in common.
        """
        self._judge_last()
        # Now, because the loop is idle while the name is looked up; it is done once in each process.
        asyncio.get_running_loop().call_soon(verify)

        async def try_one(address: Address, limit: float) -> ClientProtocol:
            protocol, at = await self._connect_to(address, limit)
            self._last = protocol, address, at
            return protocol

        # None of them has a limit of its own here: a name may stand for many, each of which has.
        end = math.inf if timeout is None else time.monotonic() + timeout
        return await self._first(self._addresses, self._selection, str, try_one, end, math.inf)

    def _judge_last(self) -> None:
        """Put an address last where a server began to speak, but was gone before it responded to anything.

        That is known only now, when a new connection is needed.
        """
        if self._last is not None:
            protocol, address, at = self._last
            if not protocol.responded:
                self._selection.failed(address)
                self._socket_selection.failed(at)
            self._last = None

    async def _first(
        self,
        addresses: Iterable[K],
        selection: AddressSelection,
        name: Callable[[K], str],
        connect: Callable[[K, float], Awaitable[ClientProtocol]],
        end: float,
        most: float,
    ) -> tuple[ClientProtocol, K]:
        """Try addresses until a moment in time, each for ``most`` seconds; return the first connection that is made."""
        errors: list[RpcError] = []
        ordered = selection.order(addresses)
        for number, address in enumerate(ordered):
            limit = portion(end - time.monotonic(), len(ordered) - number, most, min(LEAST, self._timeout))
            try:
                protocol = await connect(address, limit)
            except Exception as error:
                mapped = of_connecting(error, name(address))
                if mapped is None:
                    raise
                mapped.__cause__ = error.__cause__ if mapped is error else error
                mapped.peer = mapped.peer or name(address)
                add_hint(mapped, self._hint)
                errors.append(mapped)
                selection.failed(address)
            else:
                selection.worked(address)
                return protocol, address
        raise _all(errors)

    async def _connect_to(self, address: Address, limit: float) -> tuple[ClientProtocol, SocketAddress]:
        """Try what an address stands for; errors name the address."""
        end = time.monotonic() + limit
        if isinstance(address, Unix):
            opening = functools.partial(self._open_unix, address)
            return await asyncio.wait_for(_settled(opening), min(limit, self._timeout)), (address.path,)
        infos = await asyncio.wait_for(_look_up(address), min(limit, self._timeout))
        families = {info[4]: info[0] for info in infos}

        async def try_one(at: SocketAddress, limit: float) -> ClientProtocol:
            return await asyncio.wait_for(_settled(functools.partial(self._open_tcp, address, families[at], at)), limit)

        if not families:
            raise ConnectError("the name has no address", retryable=True)
        try:
            return await self._first(families, self._socket_selection, socket_host, try_one, end, self._timeout)
        except RpcError as error:
            error.peer = str(address)
            raise

    async def _open_unix(self, address: Unix) -> ClientProtocol:
        _, protocol = await asyncio.get_running_loop().create_unix_connection(
            self._make, address.path, ssl=self._security.context, server_hostname=self._security.server_name
        )
        return protocol

    async def _open_tcp(self, address: Tcp, family: int, at: SocketAddress) -> ClientProtocol:
        context, name = self._security.context, self._security.server_name
        _, protocol = await asyncio.get_running_loop().create_connection(
            self._make,
            socket_host(at),
            at[1],
            family=family,
            ssl=context,
            server_hostname=address.name if context is not None and name is None else name,
        )
        return protocol


async def _settled(open_: Callable[[], Awaitable[ClientProtocol]]) -> ClientProtocol:
    """Open a connection and wait for the server's first frame."""
    protocol = await open_()
    try:
        # Before the server's first frame is waited for: one without HTTP/2 would wait for a request instead.
        ssl_object = protocol.transport.get_extra_info("ssl_object")
        if ssl_object is not None and ssl_object.selected_alpn_protocol() != ALPN:
            raise http1("", "")
        await protocol.settled
        if protocol.ending is not None:
            raise of_ending(protocol.ending, "", "")
    except BaseException:
        protocol.transport.abort()
        raise
    return protocol


async def _look_up(address: Tcp) -> Sequence[tuple[Any, ...]]:
    try:
        return await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except RuntimeError:  # The interpreter is shutting down, and threads can no longer be asked.
        return socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)


def socket_host(at: SocketAddress) -> str:
    """Write the host with the scope that a link-local IPv6 address needs, which stands behind it as a number."""
    host, scope = str(at[0]), at[3] if len(at) > 3 else 0
    return f"{host}%{scope}" if scope and "%" not in host else host


def _all(errors: Sequence[RpcError]) -> RpcError:
    """Make one error of those of all addresses; it is final if each of them is."""
    if len(errors) == 1:
        return errors[0]
    kinds = {type(error) for error in errors}
    kind = kinds.pop() if len(kinds) == 1 else ConnectError
    statuses = {error.status for error in errors}
    status = statuses.pop() if len(statuses) == 1 else StatusCode.UNAVAILABLE
    details = errors[0].details
    if any(error.details != details for error in errors):
        details = "; ".join(f"{error.peer}: {error.details}" for error in errors)
    peer = ",".join(error.peer for error in errors)
    made = kind(details, status=status, peer=peer, retryable=any(error.retryable for error in errors))
    made.__cause__ = errors[-1].__cause__
    return made
