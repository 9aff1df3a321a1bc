"""Where a server listens: endpoints as people write them, read into addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv6Address, ip_address
from urllib.parse import urlsplit

from chaukas_spec_lite.errors import SettingError

FORMS = "host:port, http://host:port, https://host:port or unix:/path"
PORTS = {"http": 80, "https": 443}


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
        """Whether what is sent there stays on this machine."""
        return all(isinstance(address, Unix) or _is_loopback(address.host) for address in self.addresses)


def parse(text: str | Sequence[str], name: str = "endpoint") -> Endpoint:
    """Read one address, or several: a sequence, or text with commas. Raises ``SettingError`` under ``name``."""
    parts = text.split(",") if isinstance(text, str) else list(text)
    read = [_address(part.strip(), name) for part in parts if part.strip()]
    if not read:
        raise SettingError(name, f"is empty; write {FORMS}")
    kinds = {tls for _, tls in read}
    if len(kinds) > 1:
        raise SettingError(name, "mixes addresses with and without TLS: write all of them with https://, or none")
    return Endpoint(tuple(address for address, _ in read), kinds.pop())


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _address(text: str, name: str) -> tuple[Address, bool | None]:
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        path = path.removeprefix("//") if path.startswith("///") else path
        if not path or "\0" in path or path.startswith("//"):
            raise SettingError(name, f"{text!r} holds no path: write unix:/path")
        return Unix(path), None
    if "@" in text:  # Whatever stands before it may be a password, so it is not shown.
        raise SettingError(name, "holds a user or password, which gRPC does not take: give an api_key instead")
    scheme, separator, _ = text.partition("://")
    if not separator:
        return _host_port(text, None, name), None
    if scheme.lower() not in PORTS:
        raise SettingError(name, f"{scheme}:// is not a scheme that gRPC is spoken over: write {FORMS}")
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise SettingError(name, f"{text!r} is not a URL: {error}") from error
    if url.path not in ("", "/") or url.query or url.fragment:
        shown = f"{url.scheme}://{url.netloc}"
        raise SettingError(
            name, f"{shown} is followed by a path or query, which gRPC endpoints do not have: leave it out"
        )
    return _host_port(url.netloc, PORTS[url.scheme], name), url.scheme == "https"


def _host_port(text: str, default_port: int | None, name: str) -> Tcp:
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        try:
            IPv6Address(host)
        except AddressValueError as error:
            raise SettingError(name, f"{text!r} holds no IPv6 address between its brackets: {error}") from error
        if not closed or (rest and not rest.startswith(":")):
            raise SettingError(name, f"{text!r} is not of the form [address]:port")
        port = rest.removeprefix(":")
    else:
        if text.count(":") > 1:
            raise SettingError(name, f"{text!r}: write an IPv6 address in brackets, with a port: [::1]:50051")
        host, _, port = text.partition(":")
    if not host or any(character.isspace() or character in "/?#%" for character in host if text[0] != "["):
        raise SettingError(name, f"{text!r} holds no host name: write {FORMS}")
    return Tcp(host, _port(port, default_port, text, name))


def _port(port: str, default: int | None, text: str, name: str) -> int:
    if not port:
        if default is None:
            raise SettingError(name, f"{text!r} has no port: write {text.rstrip(':')}:50051, or whatever the port is")
        return default
    if not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536:
        raise SettingError(name, f"{text!r}: the port has to be a number from 1 to 65535")
    return int(port)
