"""Where a server listens: endpoints as people write them, read into addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from chaukas_spec_lite.errors import SettingError

FORMS = "host:port, grpcs://host:port with TLS, or unix:/path"

_HTTPS_PORT = 443

_SCHEMES: dict[str, tuple[int | None, bool | None]] = {
    "http": (80, False),
    "https": (_HTTPS_PORT, True),
    # No scheme of gRPC's own, but what people write beside https:// that means an HTTP API.
    "grpc": (None, None),
    "grpcs": (_HTTPS_PORT, True),
}
"""By scheme: the port where none is named, None if one has to be; whether it means TLS, None if it does not say."""

_TARGETS = ("dns", "ipv4", "ipv6")
"""The names before gRPC's targets (https://github.com/grpc/grpc/blob/master/doc/naming.md), beside ``unix``."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z+]{0,9}")
_PLAIN = re.compile(r"([a-z]+://)?(\[[0-9a-f:.]*\]?|[a-z0-9._-]*)(:[0-9]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Tcp:
    """A TCP address; ``host`` is a name, an IPv4 or an IPv6 address without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def name(self) -> str:
        """The host as servers and their certificates know it, so without the scope of a link-local IPv6 address.

        Which of this machine's links leads there is for this machine only (RFC 6874, section 4).
        """
        return self.host.partition("%")[0] if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """The address as requests name it."""
        return str(replace(self, host=self.name))


@dataclass(frozen=True)
class Unix:
    """A Unix domain socket."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = Tcp | Unix


@dataclass(frozen=True)
class Endpoint:
    """Addresses of one service, to be tried in this order; ``tls`` is None where their form does not say."""

    addresses: tuple[Address, ...]
    tls: bool | None

    def __str__(self) -> str:
        return ",".join(map(str, self.addresses))

    @property
    def is_local(self) -> bool:
        """Whether all addresses are on this machine, so that requests do not leave it."""
        return all(isinstance(address, Unix) or is_loopback(address.host) for address in self.addresses)


def parse(text: str | Sequence[str], name: str = "endpoint") -> Endpoint:
    """Read one address, or several: a sequence, or text with commas. Raises ``SettingError`` under ``name``."""
    parts = text.split(",") if isinstance(text, str) else list(text)
    read = [_address(part.strip(), name) for part in parts if part.strip()]
    if not read:
        raise SettingError(name, f"is empty; write {FORMS}")
    kinds = {tls for _, tls in read}
    if len(kinds) > 1:
        raise SettingError(name, "mixes addresses with and without TLS: write all of them with grpcs://, or none")
    return Endpoint(tuple(address for address, _ in read), kinds.pop())


def _shown(text: str) -> str:
    """Shorten a wrong endpoint, for errors, to what looks like scheme, host and port: the rest may be a secret."""
    plain = _PLAIN.match(text)
    end = plain.end() if plain else 0
    return text if end == len(text) else f"{text[:end]}…"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _address(text: str, name: str) -> tuple[Address, bool | None]:
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        # unix:///path is gRPC's other form for an absolute path
        # (https://github.com/grpc/grpc/blob/master/doc/naming.md). unix://path would name a host.
        path = path.removeprefix("//") if path.startswith("///") else path
        if not path or "\0" in path or path.startswith("//"):
            raise SettingError(name, "is unix: without a path: write unix:/path")
        return Unix(path), None
    if "@" in text:  # Whatever stands before it may be a password, so it is not shown.
        raise SettingError(name, "holds a user or password, which gRPC does not take: give an api_key instead")
    target, separator, rest = text.partition(":")
    if separator and target in _TARGETS and not rest.isdigit():
        return _target(target, rest, name), None
    scheme, separator, _ = text.partition("://")
    if not separator:
        return host_port(text, None, name), None
    if scheme.lower() not in _SCHEMES:
        shown = f"{scheme}://" if _SCHEME.fullmatch(scheme) else "what stands before ://"
        raise SettingError(name, f"{shown} is not a scheme that gRPC is spoken over: write {FORMS}")
    try:
        url = urlsplit(text)
    except ValueError:  # `from None`, because its text may repeat the endpoint with a secret in it.
        raise SettingError(name, f"{_shown(text)} is not a URL: write {FORMS}") from None
    if url.path not in ("", "/") or url.query or url.fragment:
        raise SettingError(
            name, f"{_shown(text)} holds a path or query, which gRPC endpoints do not have: leave it out"
        )
    port, tls = _SCHEMES[url.scheme]
    return host_port(url.netloc, port, name), tls


def _target(kind: str, rest: str, name: str) -> Tcp:
    """Read one of gRPC's targets, what stands behind its first colon; like there, the port may be left out."""
    if kind == "dns" and rest.startswith("//"):
        server, _, rest = rest.removeprefix("//").partition("/")
        if server:
            raise SettingError(name, "names a DNS server to ask, which is not supported: write dns:///host:port")
    if kind == "ipv6" and not rest.startswith("["):
        rest = f"[{rest}]"  # Without brackets there is no port, as its colon would be one of the address.
    address = host_port(rest, _HTTPS_PORT, name)
    if kind == "ipv4":
        try:
            IPv4Address(address.host)
        except AddressValueError:
            raise SettingError(name, "is ipv4: without an IPv4 address: write ipv4:192.0.2.1:50051") from None
    return address


def host_port(text: str, default_port: int | None, name: str) -> Tcp:
    """Read a host and a port.

    Args:
        text: What was written.
        default_port: The port if there is none in it; None if there has to be one.
        name: The argument or variable it comes from, for errors.

    Raises:
        SettingError: It is something else. Only what looks like a host and a port is shown of it.
    """
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        try:
            IPv6Address(host)
        except AddressValueError:
            raise SettingError(name, f"{_shown(text)} holds no IPv6 address between its brackets") from None
        if not closed or (rest and not rest.startswith(":")):
            raise SettingError(name, f"{_shown(text)} is not of the form [address]:port")
        port = rest.removeprefix(":")
    else:
        if text.count(":") > 1:  # In ::1:50051, nothing tells where the port begins.
            raise SettingError(name, "holds several colons: write IPv6 addresses in brackets, with a port: [::1]:50051")
        host, _, port = text.partition(":")
    if not host or any(character.isspace() or character in "/?#%" for character in host if text[0] != "["):
        what = f"{_shown(text)} holds" if text else "holds"
        raise SettingError(name, f"{what} no host name: write {FORMS}")
    return Tcp(host, _port(port, default_port, text, name))


def _port(port: str, default: int | None, text: str, name: str) -> int:
    if not port:
        if default is None:
            shown = _shown(text.rstrip(":"))
            if shown.isdigit():
                raise SettingError(name, f"{shown} is a port without a host: write 127.0.0.1:{shown}")
            raise SettingError(name, f"{shown} has no port: write {shown}:50051, or whatever the port is")
        return default
    # Six digits suffice to see that a number is too large, and `int` would take long for thousands.
    if not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536:
        raise SettingError(name, f"{_shown(text)}: the port has to be a number from 1 to 65535")
    return int(port)
