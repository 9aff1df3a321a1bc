"""Finding a server: the addresses of an endpoint are tried in turn, until a peer speaks HTTP/2 at one of them.

An endpoint has addresses, and a name among them may stand for several socket addresses. ``Connector._first`` runs on
both levels: over the endpoint's addresses, and for each of them over what the name resolves to.
"""

from __future__ import annotations

import asyncio

# Looking up a name imports this. Imported there, in a thread, it could be half imported when another thread forks, and
# the child would wait for it for ever.
import encodings.idna  # noqa: F401  # pyright: ignore[reportUnusedImport]  # for its effect
import functools
import math
import socket
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from chaukas_spec_lite.errors import ConnectError, RpcError, StatusCode
from chaukas_spec_lite.rpc.client.connection import ClientProtocol
from chaukas_spec_lite.rpc.client.endpoint import Address, Tcp, Unix
from chaukas_spec_lite.rpc.client.mapping import add_hint, http1, of_connecting, of_ending
from chaukas_spec_lite.rpc.client.proxy import Proxy, tunnel
from chaukas_spec_lite.rpc.client.tls import ALPN, Security

K = TypeVar("K", bound=Hashable)

LEAST = 1.0
"""How long each try may take at least, in seconds, even if the call that began it has less time.

Connecting goes on after that call has given up, and later calls use the connection. If tries were as short as the
calls, a server that is slow to connect to would never be reached.
"""

SocketAddress = tuple[Any, ...]
"""What the system calls an address: host and port, and for IPv6 two numbers more."""


_MAX_KNOWN = 64
"""How many failed addresses are remembered. A name may resolve to other addresses each time, without end."""


class AddressSelection:
    """In which order addresses are tried.

    The address that worked last goes first. Addresses that failed go last, in the order of their failures.
    """

    def __init__(self) -> None:
        self._best: Hashable = None
        self._failed: dict[Hashable, None] = {}

    def order(self, addresses: Iterable[K]) -> list[K]:
        """Put addresses into the order in which to try them; otherwise they keep theirs."""
        # The sort is stable: addresses that nothing is known about keep the order of the endpoint or of the resolver.
        failed = {address: number for number, address in enumerate(self._failed, 1)}
        return sorted(addresses, key=lambda address: -1 if address == self._best else failed.get(address, 0))

    def worked(self, address: Hashable) -> None:
        """Note that a server was found there."""
        self._best = address
        self._failed.pop(address, None)

    def failed(self, address: Hashable) -> None:
        """Note that no server was found there."""
        if self._best == address:
            self._best = None
        self._failed.pop(address, None)  # A dict keeps the place of a key that is set again: this moves it to the end.
        self._failed[address] = None
        if len(self._failed) > _MAX_KNOWN:  # The earliest failure says least about the present.
            del self._failed[next(iter(self._failed))]


def portion(left: float, count: int, most: float, least: float) -> float:
    """Divide the time that is left among the tries that are left.

    Args:
        left: The seconds left; may be negative.
        count: How many tries are left, at least 1.
        most: The upper bound of a try, in seconds.
        least: The lower bound, which goes beyond ``left`` if need be, but not beyond ``most``.

    Returns:
        How many seconds the next try may take. A try that ends early leaves its time to those after it.
    """
    return min(most, max(least, left / count))


class Connector:
    """Connects to the first address where a server answers with SETTINGS, its first frame (RFC 9113, section 3.4).

    That TCP connects says little: there may be a proxy without a server behind it, or a server of another protocol.

    Args:
        addresses: Where to look, in this order.
        security: TLS, or none.
        make: Makes the protocol of each connection.
        timeout: How many seconds each socket address may take, and the look-up of a name; a name may stand for several
            socket addresses.
        http1_hint: What errors say about the endpoint if the peer speaks HTTP/1.
        proxies: The proxies through which some of the addresses are reached.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        security: Security,
        make: Callable[[], ClientProtocol],
        timeout: float,
        http1_hint: str = "",
        proxies: Mapping[Address, Proxy] | None = None,
    ) -> None:
        self._addresses = addresses
        self._security = security
        self._make = make
        self._timeout = timeout
        self._hint = http1_hint
        self._proxies = proxies or {}
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

        async def try_one(address: Address, limit: float) -> ClientProtocol:
            protocol, at = await self._connect_to(address, limit)
            self._last = protocol, address, at
            return protocol

        # The limit of a single address (`most`) is infinite here: a name may stand for many socket addresses, and
        # `_connect_to` limits each of those.
        end = math.inf if timeout is None else time.monotonic() + timeout
        return await self._first(self._addresses, self._selection, str, try_one, end, math.inf)

    def _judge_last(self) -> None:
        """Put the address of the last connection at the end if no call there ever had a response.

        A server that sends SETTINGS and then breaks off, such as one that is overloaded, would otherwise stay the first
        choice for ever. Whether it responded is final only now, when a new connection is needed.
        """
        if self._last is not None:
            protocol, address, at = self._last
            # One that is still open has calls that it may respond to, although it takes no new ones.
            if not protocol.responded and not protocol.open:
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
                if mapped is None:  # A bug, ours or a library's: trying other addresses would hide it.
                    raise
                # An error of the inner level comes through here again: its cause is the library's error, not itself.
                mapped.__cause__ = error.__cause__ if mapped is error else error
                mapped.peer = mapped.peer or name(address)
                add_hint(mapped, self._hint)
                # Errors that are final for this address, as HTTP/1 or a wrong certificate, end nothing either: another
                # address may lead to the right server.
                errors.append(mapped)
                selection.failed(address)
            else:
                selection.worked(address)
                return protocol, address
        raise _all(errors)

    async def _connect_to(self, address: Address, limit: float) -> tuple[ClientProtocol, SocketAddress]:
        """Connect to one address of the endpoint: to the socket, or to what the name resolves to, one after the other.

        Errors name the address as the endpoint has it.
        """
        end = time.monotonic() + limit  # Before the look-up, whose time counts.
        if isinstance(address, Unix):
            opening = functools.partial(self._open_unix, address)
            return await asyncio.wait_for(_settled(opening), min(limit, self._timeout)), (address.path,)
        proxy = self._proxies.get(address)
        try:
            # A proxy looks up the server's name itself.
            infos = await asyncio.wait_for(_look_up(proxy.address if proxy else address), min(limit, self._timeout))
            families = {info[4]: info[0] for info in infos}  # The same socket address twice is tried once.

            async def try_one(at: SocketAddress, limit: float) -> ClientProtocol:
                opening = functools.partial(self._open_tcp, address, families[at], at)
                return await asyncio.wait_for(_settled(opening), limit)

            if not families:
                raise ConnectError("the name has no address", retryable=True)
            return await self._first(families, self._socket_selection, socket_host, try_one, end, self._timeout)
        except Exception as error:
            mapped = of_connecting(error, str(address))
            if mapped is None:
                raise
            mapped.peer = str(address)  # Users know the name that they wrote, not what it resolves to.
            if proxy is not None:
                mapped.details = f"through the proxy {proxy}: {mapped.details}"
            if mapped is error:
                raise
            raise mapped from error

    async def _open_unix(self, address: Unix) -> ClientProtocol:
        _, protocol = await asyncio.get_running_loop().create_unix_connection(
            self._make, address.path, ssl=self._security.context, server_hostname=self._security.server_name
        )
        return protocol

    async def _open_tcp(self, address: Tcp, family: int, at: SocketAddress) -> ClientProtocol:
        context, name = self._security.context, self._security.server_name
        # The certificate is checked against the name that the user wrote: `socket_host` is an IP address. Without TLS,
        # asyncio refuses any `server_hostname`.
        tls: dict[str, Any] = {
            "ssl": context,
            "server_hostname": address.name if context is not None and name is None else name,
        }
        connect, proxy = asyncio.get_running_loop().create_connection, self._proxies.get(address)
        if proxy is None:
            _, protocol = await connect(self._make, socket_host(at), at[1], family=family, **tls)
            return protocol
        # With the protocol by name: asyncio turns Nagle's algorithm off only where it stands there.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            sock.setblocking(False)
            await tunnel(sock, at, proxy, address)
            _, protocol = await connect(self._make, sock=sock, **tls)
        except BaseException:  # A cancellation (the time is over) too: nobody else knows the socket to close it.
            sock.close()
            raise
        return protocol


async def _settled(open_: Callable[[], Awaitable[ClientProtocol]]) -> ClientProtocol:
    """Open a connection and wait for the server's first frame."""
    protocol = await open_()
    try:
        # ALPN first. A peer that did not agree to HTTP/2 waits for a request in HTTP/1, and waiting for its SETTINGS
        # would use up the time of this address.
        ssl_object = protocol.transport.get_extra_info("ssl_object")
        if ssl_object is not None and ssl_object.selected_alpn_protocol() != ALPN:
            raise http1("", "")
        await protocol.settled  # Set by SETTINGS and by any ending: the two have to be told apart.
        if protocol.ending is not None:  # A GOAWAY that comes with SETTINGS ends it, too, as it has no call.
            raise of_ending(protocol.ending, "", "")
    except BaseException:  # A cancellation (the time is over) too: nobody else knows this connection to close it.
        protocol.transport.abort()
        raise
    return protocol


async def _look_up(address: Tcp) -> Sequence[tuple[Any, ...]]:
    try:
        return await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except RuntimeError:  # The interpreter ends and starts no threads. Blocking the loop beats losing the last events.
        return socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)


def socket_host(at: SocketAddress) -> str:
    """Write the host of a socket address, with its scope if it is a link-local IPv6 address: ``fe80::1%2``.

    The system's address holds the scope as a number of its own, while asyncio takes only a host and a port, so it has
    to stand in the host (RFC 4007, section 11). Without it, no link-local address can be reached.
    """
    host, scope = str(at[0]), at[3] if len(at) > 3 else 0
    return f"{host}%{scope}" if scope and "%" not in host else host


def _all(errors: Sequence[RpcError]) -> RpcError:
    """Make one error of the errors of all addresses.

    It keeps their type and status if they have it in common. It is retryable if any of them is: that address may work
    the next time.
    """
    if len(errors) == 1:
        return errors[0]
    kinds = {type(error) for error in errors}
    kind = kinds.pop() if len(kinds) == 1 else ConnectError
    statuses = {error.status for error in errors}
    status = statuses.pop() if len(statuses) == 1 else StatusCode.UNAVAILABLE
    details = errors[0].details
    if any(error.details != details for error in errors):  # Otherwise the same words would stand there several times.
        details = "; ".join(f"{error.peer}: {error.details}" for error in errors)
    peer = ",".join(error.peer for error in errors)
    made = kind(details, status=status, peer=peer, retryable=any(error.retryable for error in errors))
    made.__cause__ = errors[-1].__cause__
    return made
