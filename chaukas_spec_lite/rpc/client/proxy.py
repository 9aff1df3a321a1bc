"""HTTP proxies that open a tunnel to a server by CONNECT (RFC 9110, section 9.3.6), as the environment names them.

The variables are those that gRPC's other implementations read
(https://github.com/grpc/grpc/blob/master/doc/environment_variables.md). Connections within this machine never go
through a proxy, for which ``localhost`` would be itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import socket
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from chaukas_spec_lite.errors import ConnectError, SettingError
from chaukas_spec_lite.rpc.client.endpoint import Address, Endpoint, Tcp, host_port, is_loopback

log = logging.getLogger("chaukas_spec_lite.rpc")

VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
"""Where a proxy may be named. The first that is set counts; set to nothing, it means that there is no proxy."""
EXCEPTIONS = ("no_grpc_proxy", "no_proxy")
"""Where hosts that are reached without it may be listed. The first that is set counts."""

_MAX_RESPONSE = 16 << 10
"""How many bytes the head of a proxy's response may have."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([ -~]{0,200}))?")


@dataclass(frozen=True)
class Proxy:
    """A proxy; ``credentials`` are user and password with a colon, or empty."""

    address: Tcp
    variable: str
    credentials: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.address} ({self.variable})"


def proxies_of(endpoint: Endpoint, environ: Mapping[str, str]) -> dict[Address, Proxy]:
    """Say which of an endpoint's addresses are reached through a proxy, and through which one.

    Args:
        endpoint: The addresses.
        environ: The environment. What cannot be used there is logged as a warning and left alone, because other
            programs may understand it.
    """
    proxy = _named(environ)
    if proxy is None:
        return {}
    listed = next((environ[name] for name in EXCEPTIONS if name in environ), "")
    direct = [entry.strip().lower() for entry in listed.split(",") if entry.strip()]
    return {
        address: proxy
        for address in endpoint.addresses
        if isinstance(address, Tcp) and not is_loopback(address.host) and not _excepted(address.name.lower(), direct)
    }


def _named(environ: Mapping[str, str]) -> Proxy | None:
    variable = next((name for name in VARIABLES if name in environ), None)
    text = environ[variable].strip() if variable else ""
    if variable is None or not text:
        return None
    scheme, separator, rest = text.rpartition("://")
    if separator and scheme.lower() != "http":
        log.warning("%s names no http:// proxy, so it is not used: only those are supported for gRPC", variable)
        return None
    credentials, _, place = rest.partition("/")[0].rpartition("@")
    try:
        return Proxy(host_port(place, 80, variable), variable, unquote(credentials))
    except SettingError as error:
        log.warning("%s, so it is not used: write http://host:port", error)
        return None


def _excepted(host: str, direct: list[str]) -> bool:
    """Whether a host is listed: by its name or a domain, its address, a network such as ``10.0.0.0/8``, or ``*``."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for entry in direct:
        entry = entry.strip("[]").removeprefix(".")
        if entry in ("*", host):
            return True
        if address is None:
            if host.endswith(f".{entry}"):
                return True
        elif "/" in entry:
            try:
                network = ipaddress.ip_network(entry, strict=False)
            except ValueError:  # Other programs may know what it means.
                continue
            if address in network:
                return True
    return False


async def tunnel(sock: socket.socket, at: tuple[object, ...], proxy: Proxy, target: Tcp) -> None:
    """Connect a socket to a proxy, and have it opened to a server.

    Args:
        sock: A socket that does not block.
        at: The proxy's socket address.
        proxy: The proxy.
        target: The server. The proxy looks up its name.

    Raises:
        ConnectError: The proxy refused.
        OSError: It could not be reached, or the connection was lost.
    """
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, at)
    lines = [f"CONNECT {target.authority} HTTP/1.1", f"Host: {target.authority}"]
    if proxy.credentials:
        lines.append(f"Proxy-Authorization: Basic {b64encode(proxy.credentials.encode()).decode()}")
    await loop.sock_sendall(sock, "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1"))
    head = bytearray()
    # One byte at a time: what follows the head comes from the server already, and belongs to the connection.
    while not head.endswith(b"\r\n\r\n"):
        byte = await loop.sock_recv(sock, 1)
        if not byte:
            raise ConnectError("the proxy closed the connection before it answered", retryable=True)
        head += byte
        if len(head) > _MAX_RESPONSE or not _STATUS_BEGINS.startswith(bytes(head[: len(_STATUS_BEGINS)])):
            raise ConnectError("what answers is no HTTP proxy")
    status = _STATUS.match(head)
    if status is None:
        raise ConnectError("what answers is no HTTP proxy")
    if not status[1].startswith(b"2"):
        # 5xx: it cannot reach the server, which may pass. 4xx: it does not want to.
        said = " ".join(part.decode() for part in status.groups() if part)
        raise ConnectError(f"the proxy answered {said}{_ADVICE.get(status[1], '')}", retryable=status[1] >= b"500")


_STATUS_BEGINS = b"HTTP/1."
_ADVICE = {
    b"407": ": write http://user:password@host:port",
    b"403": f": allow the server there, or list its host in {EXCEPTIONS[1]}",
}
