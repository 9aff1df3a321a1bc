"""TLS: which certificates a client trusts, and which of its own it shows."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.rpc.client.endpoint import Endpoint, Unix
from chaukas_spec_lite.settings import Check, Instance, OrNone, about, check_fields, documented

ALPN = "h2"
"""gRPC needs HTTP/2, and over TLS that is agreed on by this name (RFC 9113, section 3.2)."""


class _File(Check["str | Path"]):
    """The path of a file."""

    def _take(self, value: object, name: str) -> str | Path:
        if not isinstance(value, (str, Path)):
            raise SettingTypeError(name, f"has to be a str or a Path, not {type(value).__name__}")
        return value


_FILE = OrNone(_File())
_STR = OrNone(Instance(str))  # Unlike `Text`, it shows no value in its errors, and one of these is a password.


@documented
@dataclass(frozen=True)
class Tls:
    """How to recognise a server, and how the client identifies itself. All files are PEM.

    Raises:
        SettingTypeError: A value has the wrong type.
    """

    ca_file: str | Path | None = field(
        default=None, metadata=about("Certificates of the authorities to trust; None for those of the system.", _FILE)
    )
    cert_file: str | Path | None = field(
        default=None, metadata=about("The client's own certificate, with its chain; None to show none.", _FILE)
    )
    key_file: str | Path | None = field(
        default=None, metadata=about("The key of ``cert_file``; None if it stands in the same file.", _FILE)
    )
    key_password: str | None = field(
        default=None, repr=False, metadata=about("What ``key_file`` is encrypted with; None if it is not.", _STR)
    )
    server_name: str | None = field(
        default=None,
        metadata=about("The name to expect in the server's certificate; None for the endpoint's host.", _STR),
    )
    ssl_context: ssl.SSLContext | None = field(
        default=None,
        metadata=about(
            "A context of your own, in place of the files; it is told to offer HTTP/2.",
            OrNone(Instance(ssl.SSLContext, "ssl.create_default_context() makes one")),
        ),
    )

    def __post_init__(self) -> None:
        check_fields(self, "tls.")

    def context(self) -> ssl.SSLContext:
        """Load the files; raises ``SettingError`` naming the one that is at fault."""
        if self.ssl_context is not None:
            if any((self.ca_file, self.cert_file, self.key_file)):
                raise SettingError(
                    "tls.ssl_context", "is given together with files: load them into it, or leave it out"
                )
            return self.ssl_context
        if self.key_file is not None and self.cert_file is None:
            raise SettingError("tls.key_file", "is given without tls.cert_file")
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:
            raise SettingError("tls.ca_file", f"{self.ca_file} cannot be used: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert_file is not None:
            try:
                # If no password is given, OpenSSL asks for one on the terminal, and the program would hang.
                context.load_cert_chain(self.cert_file, self.key_file, self.key_password or "")
            except (OSError, ValueError) as error:
                files = f"{self.cert_file} with {self.key_file or 'the key in it'}"
                raise SettingError("tls.cert_file", f"{files} cannot be used: {error}") from error
        return context


@dataclass(frozen=True)
class Security:
    """The TLS context of a connection, None without TLS, and the name to expect if it is not the endpoint's host."""

    context: ssl.SSLContext | None
    server_name: str | None = None


def secure(endpoint: Endpoint, tls: bool | Tls | ssl.SSLContext | None) -> Security:
    """Decide whether a connection uses TLS, by the endpoint's form and the argument.

    Args:
        endpoint: ``https://`` asks for TLS, ``http://`` for none, and other forms leave it open.
        tls: True for TLS with the system's authorities; what to trust; or a context, which is told to offer HTTP/2.

    Raises:
        SettingTypeError: ``tls`` is something else.
        SettingError: They contradict each other, a file cannot be used, or a Unix socket has no name to expect.
    """
    if tls is not None and not isinstance(tls, (bool, Tls, ssl.SSLContext)):
        raise SettingTypeError("tls", f"has to be True, Tls(...) or an ssl.SSLContext, not {type(tls).__name__}")
    if endpoint.tls is False and tls:
        raise SettingError("tls", f"is asked for, but the endpoint is http://: write https://{endpoint}")
    if endpoint.tls and tls is False:
        raise SettingError("tls", f"is switched off, but the endpoint is https://: write http://{endpoint}")
    if not tls and not endpoint.tls:
        return Security(None)
    server_name = None
    if isinstance(tls, ssl.SSLContext):
        context = tls
    elif isinstance(tls, Tls):
        context, server_name = tls.context(), tls.server_name
    else:
        context = Tls().context()
    if server_name is None and any(isinstance(address, Unix) for address in endpoint.addresses):
        own = "ssl_context=..., " if isinstance(tls, ssl.SSLContext) else ""
        raise SettingError(
            "tls", f"needs a name over a Unix socket, which has none of its own: write Tls({own}server_name=...)"
        )
    # On a context of the user's own, too: without ALPN, servers choose HTTP/1.
    context.set_alpn_protocols([ALPN])
    return Security(context, server_name)
