"""Why a server's certificate is not trusted, and what to do where the reader can: the same words for gRPC and HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
"""What OpenSSL reports (``X509_V_ERR_...``) where nobody is known who vouches for it: its issuer, or whoever signed
itself. Of an expired certificate, or one for another name, no list of authorities makes a good one."""


def why_untrusted(error: ssl.SSLCertVerificationError) -> str:
    """Say on one line why a certificate is not trusted, and how to name its authority if that is what is missing."""
    said = f"the server's certificate is not trusted: {error.verify_message}"
    if error.verify_code not in _UNKNOWN_AUTHORITY:
        return said
    return f"{said}: SSL_CERT_FILE names the file of whom to trust"
