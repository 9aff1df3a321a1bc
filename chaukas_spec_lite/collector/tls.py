"""The collector's side of TLS: its certificate, and which clients' certificates it believes."""

from __future__ import annotations

import ssl
from pathlib import Path

from chaukas_spec_lite.errors import SettingError


def server_context(
    cert: Path | None, key: Path | None, client_ca: Path | None, *, certificates_needed: bool, protocol: str
) -> ssl.SSLContext | None:
    """Load certificates into a context.

    Args:
        cert: The collector's certificate with its chain, PEM; None for no TLS.
        key: Its key; None if it stands in the same file.
        client_ca: The authorities that clients' certificates have to come from; None to ask for no certificate.
        certificates_needed: Whether a client without a certificate is turned away; or else it may have a key instead.
        protocol: What is spoken over it, by its name in ALPN: ``h2``, ``http/1.1``.

    Raises:
        SettingError: A file cannot be used.
    """
    if cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password OpenSSL would ask for one on the terminal, and the program would hang.
        context.load_cert_chain(cert, key, "")
    except (OSError, ValueError) as error:
        raise SettingError("tls_cert", f"{cert} with {key or 'the key in it'} cannot be used: {error}") from error
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ValueError) as error:
            raise SettingError("client_ca", f"{client_ca} cannot be used: {error}") from error
        context.verify_mode = ssl.CERT_REQUIRED if certificates_needed else ssl.CERT_OPTIONAL
    context.set_alpn_protocols([protocol])
    return context
