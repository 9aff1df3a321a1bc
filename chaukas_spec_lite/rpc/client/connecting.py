"""Finding a server: the addresses of an endpoint are tried in turn, until somebody speaks HTTP/2 at one of them."""

from __future__ import annotations

import asyncio
import functools
import math
import socket
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from chaukas_spec_lite.errors import ConnectError, HTTP1Error, RpcError, StatusCode
from chaukas_spec_lite.rpc.client.address_selection import Preference, portion
from chaukas_spec_lite.rpc.client.connection import ClientProtocol
from chaukas_spec_lite.rpc.client.endpoint import Address, Tcp, Unix
from chaukas_spec_lite.rpc.client.mapping import HTTP1_HINT, of_connecting, of_ending
from chaukas_spec_lite.rpc.client.tls import ALPN, Security

K = TypeVar("K", bound=Hashable)

LEAST = 1.0
"""How long each try may take at least, in seconds, however little time a call has: others join it, and come later."""

SocketAddress = tuple[Any, ...]
"""What the system calls an address: host and port, and for IPv6 two numbers more."""


class Connector:
    """Connects to the first address where a server answers with SETTINGS, the first frame of HTTP/2.

    A connection alone says little: there may be a proxy without a server behind it, or a server of another protocol.
    ``timeout`` is for each address that the system connects to, of which a name may have several.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        security: Security,
        make: Callable[[], ClientProtocol],
        timeout: float,
    ) -> None:
        self._addresses = addresses
        self._security = security
        self._make = make
        self._timeout = timeout
        self._preferred, self._preferred_sockets = Preference(), Preference()
        self._last: tuple[ClientProtocol, Address, SocketAddress] | None = None
        """The connection made last, and where it went."""

    async def connect(self, timeout: float | None) -> tuple[ClientProtocol, Address]:
        """Connect within ``timeout`` seconds, if given, which all addresses share; raises ``RpcError``."""
        self._judge_last()

        async def try_one(address: Address, limit: float) -> ClientProtocol:
            protocol, at = await self._connect_to(address, limit)
            self._last = protocol, address, at
            return protocol

        # None of them has a limit of its own here: a name may stand for many, each of which has.
        end = math.inf if timeout is None else time.monotonic() + timeout
        return await self._first(self._addresses, self._preferred, str, try_one, end, math.inf)

    def _judge_last(self) -> None:
        """Put an address last where a server began to speak, but was gone before it answered anything."""
        if self._last is not None:
            protocol, address, at = self._last
            if not protocol.answered:
                self._preferred.failed(address)
                self._preferred_sockets.failed(at)
            self._last = None

    async def _first(
        self,
        addresses: Iterable[K],
        preferred: Preference,
        name: Callable[[K], str],
        connect: Callable[[K, float], Awaitable[ClientProtocol]],
        end: float,
        most: float,
    ) -> tuple[ClientProtocol, K]:
        """Try addresses until a moment in time, each for ``most`` seconds; return the first that works, and its own."""
        errors: list[RpcError] = []
        ordered = preferred.order(addresses)
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
                errors.append(mapped)
                preferred.failed(address)
            else:
                preferred.worked(address)
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
            return await self._first(families, self._preferred_sockets, socket_host, try_one, end, self._timeout)
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
        ssl_object = protocol.transport.get_extra_info("ssl_object")
        if ssl_object is not None and ssl_object.selected_alpn_protocol() != ALPN:
            raise HTTP1Error(HTTP1_HINT, status=StatusCode.UNKNOWN)
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
