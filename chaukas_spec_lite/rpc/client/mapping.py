"""Errors of grpclib, h2, ssl, sockets and timeouts become errors of ours here, and nowhere else.

Each function also decides whether the error is retryable: whether the same call may succeed later without anybody
changing a setting.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

from chaukas_spec_lite.certificates import why_untrusted
from chaukas_spec_lite.errors import (
    ConnectError,
    ConnectionLostError,
    DeadlineExceededError,
    HTTP1Error,
    PeerProtocolError,
    RpcError,
    StatusCode,
    StatusError,
    TLSError,
)
from chaukas_spec_lite.rpc.transport.endings import Cause, Ending, ErrorCodes, H2Error

RETRYABLE = frozenset(
    {
        StatusCode.UNAVAILABLE,
        StatusCode.RESOURCE_EXHAUSTED,
        StatusCode.ABORTED,
        StatusCode.CANCELLED,
        StatusCode.DEADLINE_EXCEEDED,
    }
)
"""The statuses after which the same call may succeed later.

gRFC A6 leaves the choice to the service, because the server may have carried out a call that ends like this. Here it is
safe to repeat one: events carry an id by which a server recognises them, and queries change nothing.
"""

_NO_TLS = frozenset({"wrong version number", "record layer failure"})
"""What OpenSSL says of bytes that are no TLS record, by its version."""

# https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors; the rest is INTERNAL.
_RESETS: dict[int | None, StatusCode] = {
    ErrorCodes.REFUSED_STREAM: StatusCode.UNAVAILABLE,
    ErrorCodes.CANCEL: StatusCode.CANCELLED,
    ErrorCodes.ENHANCE_YOUR_CALM: StatusCode.RESOURCE_EXHAUSTED,
    ErrorCodes.INADEQUATE_SECURITY: StatusCode.PERMISSION_DENIED,
}


def of_ending(ending: Ending, rpc: str, peer: str) -> RpcError:
    """Make the error of a call that did not survive its connection or stream."""
    details = ending.details
    # With HTTP_1_1_REQUIRED, a server that speaks HTTP/2 asks for HTTP/1.1 nevertheless (RFC 9113, section 7).
    if ending.cause is Cause.HTTP1 or ending.code == ErrorCodes.HTTP_1_1_REQUIRED:
        return http1(rpc, peer)
    if ending.cause is Cause.TLS:
        return TLSError(details, rpc=rpc, peer=peer)
    if ending.cause in (Cause.STRANGER, Cause.GARBAGE):
        # Garbage after valid frames may be an accident on the way. Garbage from the first byte on is another protocol.
        again = ending.cause is Cause.GARBAGE
        return PeerProtocolError(details, status=StatusCode.INTERNAL, rpc=rpc, peer=peer, retryable=again)
    status = StatusCode.UNAVAILABLE
    if ending.cause is Cause.RESET:
        status = _RESETS.get(ending.code, StatusCode.INTERNAL)
    # Nothing was wrong with the call, so it may be repeated. Not if the user closed the client, nor if the server finds
    # the TLS settings too weak (RFC 9113, section 9.2), which stay the same.
    again = ending.cause is not Cause.CLOSED and ending.code != ErrorCodes.INADEQUATE_SECURITY
    return ConnectionLostError(details, status=status, rpc=rpc, peer=peer, retryable=again)


def http1(rpc: str, peer: str) -> HTTP1Error:
    """Make the error of a peer that speaks HTTP/1 only."""
    return HTTP1Error("the peer speaks HTTP/1, not gRPC", status=StatusCode.UNKNOWN, rpc=rpc, peer=peer)


def add_hint(error: RpcError, http1_hint: str) -> None:
    """Add to the error of a peer that speaks HTTP/1 where its address may come from, unless that is said already."""
    # It may be: an error of connecting gets its hint in `Connector`, and comes through `UnaryCaller` afterwards.
    if http1_hint and isinstance(error, HTTP1Error) and not error.details.endswith(http1_hint):
        error.details += f": {http1_hint}"


def of_connecting(error: BaseException, peer: str) -> RpcError | None:
    """Make the error of a connection that could not be made; None if ``error`` is no such failure."""
    if isinstance(error, RpcError):
        return error
    # From special to general: SSLError, TimeoutError, gaierror and PermissionError are all OSErrors.
    if isinstance(error, (ssl.SSLError, ssl.CertificateError)):
        return _tls(error, peer)
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return ConnectError("no connection came about in time", peer=peer, retryable=True)
    if isinstance(error, socket.gaierror):
        # "Try again" may pass by itself, and so may "unknown": names appear when services start.
        return ConnectError(f"the name cannot be resolved: {error.strerror}", peer=peer, retryable=True)
    if isinstance(error, PermissionError):
        # The file mode of a Unix socket, or a sandbox: somebody has to change it, so repeating is no use.
        return ConnectError(f"no permission to connect: {error.strerror}", peer=peer)
    if isinstance(error, ConnectionRefusedError):  # The server may be about to start.
        return ConnectError("refused: is a collector running there?", peer=peer, retryable=True)
    if isinstance(error, OSError):  # Unreachable, for now.
        return ConnectError(f"no connection: {error.strerror or error}", peer=peer, retryable=True)
    if isinstance(error, UnicodeError):  # what Python's IDNA codec raises
        return ConnectError(f"the host name is not valid: {error}", status=StatusCode.INVALID_ARGUMENT, peer=peer)
    return None


def _tls(error: ssl.SSLError | ssl.CertificateError, peer: str) -> RpcError:
    # The alert of a TLS server that offers no "h2" (RFC 7301, section 3.2).
    if "NO_APPLICATION_PROTOCOL" in (getattr(error, "reason", None) or ""):
        return http1("", peer)
    if isinstance(error, ssl.SSLCertVerificationError):
        return TLSError(why_untrusted(error), peer=peer)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        # A server that restarts, or a proxy without a server behind it, does this: it may pass.
        return TLSError("the peer closed the connection during the TLS handshake", peer=peer, retryable=True)
    reason = (getattr(error, "reason", None) or str(error)).lower().replace("_", " ")
    hint = "; does the peer speak TLS? If not, leave out grpcs:// or https://" if reason in _NO_TLS else ""
    return TLSError(f"TLS failed: {reason}{hint}", peer=peer)


def of_connection_lost(error: BaseException | None, heard: bool, tls: bool) -> Ending:
    """Say why asyncio reports a connection as lost; ``heard`` is whether the peer ever said anything."""
    if isinstance(error, ssl.SSLError):
        mapped = _tls(error, "")
        return Ending(Cause.LOST if mapped.retryable else Cause.TLS, mapped.details)
    # A peer that has spoken HTTP/2 has the protocol right. One that closes without a word is often a matter of TLS.
    if heard:
        reason = f": {error.strerror or error}" if isinstance(error, OSError) else ""
        return Ending(Cause.LOST, f"the connection was lost{reason}")
    # With TLS 1.3, a server refuses a client only after the client believes that all is well.
    hint = (
        "does it expect a client certificate?" if tls else "does it expect TLS? Then write grpcs:// before the address"
    )
    return Ending(Cause.LOST, f"the peer closed the connection before it said anything; {hint}")


def of_sending(error: Exception, rpc: str, peer: str) -> RpcError | None:
    """Make the error of a call that a library refused to go on with; None if ``error`` comes from no library."""
    if isinstance(error, RpcError):
        return error
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return deadline_exceeded("the response did not come in time", rpc, peer)
    if isinstance(error, GRPCError):
        status = StatusCode(error.status.value)
        return StatusError(error.message or "", status=status, rpc=rpc, peer=peer, retryable=status in RETRYABLE)
    if isinstance(error, (H2Error, StreamTerminatedError, ProtocolError)):
        details = f"HTTP/2 cannot go on: {str(error) or type(error).__name__}"
        return ConnectionLostError(details, rpc=rpc, peer=peer, retryable=True)
    mapped = of_connecting(error, peer)
    if mapped is not None:
        mapped.rpc = rpc
    return mapped


def deadline_exceeded(details: str, rpc: str, peer: str) -> DeadlineExceededError:
    """Make the error of an attempt that took too long; another one may fare better."""
    return DeadlineExceededError(details, status=StatusCode.DEADLINE_EXCEEDED, rpc=rpc, peer=peer, retryable=True)
