"""What a server responds to a unary call: from headers, body and trailers to the message or an error of ours.

The order of the questions matters: first the status of gRPC, then that of HTTP, and only then the body. A proxy's page
has a body, too, which must not be read as a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from chaukas_spec_lite.errors import (
    DeadlineExceededError,
    MessageTooLargeError,
    PeerProtocolError,
    ResponseTooLargeError,
    RpcError,
    StatusCode,
    StatusError,
)
from chaukas_spec_lite.rpc.client.mapping import RETRYABLE
from chaukas_spec_lite.rpc.transport.framing import CONTENT_TYPE, PREFIX, FramingError, TooLarge
from chaukas_spec_lite.rpc.transport.limits import Framing

# https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md; the rest is UNKNOWN.
_HTTP = {
    "400": StatusCode.INTERNAL,
    "401": StatusCode.UNAUTHENTICATED,
    "403": StatusCode.PERMISSION_DENIED,
    "404": StatusCode.UNIMPLEMENTED,
    "429": StatusCode.UNAVAILABLE,
    "502": StatusCode.UNAVAILABLE,
    "503": StatusCode.UNAVAILABLE,
    "504": StatusCode.UNAVAILABLE,
}

_STATUSES_OF_SIZE = frozenset({StatusCode.RESOURCE_EXHAUSTED, StatusCode.OUT_OF_RANGE, StatusCode.UNKNOWN})
"""What servers respond to a message above their limit: nearly all RESOURCE_EXHAUSTED, tonic OUT_OF_RANGE, Envoy
UNKNOWN.
"""

_WORDS_OF_SIZE = (
    "message larger than max",  # C++ with Python and Ruby, Go, JavaScript
    "after decompression larger than max",  # Go
    "decompresses to a size larger than",  # JavaScript
    "message exceeds maximum size",  # Java
    "exceeds the maximum configured message size",  # .NET
    "is larger than configured max",  # Connect for Go
    "is larger than configured readmaxbytes",  # Connect for JavaScript
    "exceeded the configured maximum payload size",  # Swift
    "message length too large",  # tonic
    "exceeded while decompressing message",  # tonic
    "message too large",
    "request too large",
    "payload too large",  # Envoy
    "request entity too large",
    "content too large",
)
"""How gRPC's implementations say that a message is above their limit, and how HTTP says it, as proxies do."""

MAX_DETAILS = 2048
"""The number of characters of a server's message that an error shows."""


def message_of(
    headers: Iterable[tuple[str, str]], trailers: Iterable[tuple[str, str]] | None, body: bytes, framing: Framing
) -> bytes:
    """Return the encoded message of a complete response.

    Raises:
        RpcError: The response is an error, or no response of gRPC. RPC name and peer are not filled in.
    """
    first = dict(headers)
    # "Trailers-Only": an error without a message has its status in the first and only headers
    # (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses).
    last = first if trailers is None else dict(trailers)
    failed = _status(first, last)
    if failed is not None:
        failed.pushback = _pushback(last)
        raise failed
    if not body:  # An empty message has a prefix of five bytes, so no bytes at all are no message.
        raise _broken("the server ended the call with status OK, but without a message")
    try:
        return _message(body, first.get("grpc-encoding", "identity"), framing)
    except TooLarge as error:
        raise ResponseTooLargeError(
            f"the response is too large: {error}", size=error.size, limit=error.limit
        ) from error
    except FramingError as error:  # Final: the stream ended as announced, so nothing was lost on the way.
        raise _broken(f"the response is not a message: {error}") from error


def _message(body: bytes, encoding: str, framing: Framing) -> bytes:
    if len(body) < PREFIX:
        raise FramingError(f"it ends after {len(body)} bytes, in the middle of its prefix")
    compressed, size = framing.prefix(body[:PREFIX], encoding)
    # Also true for a second message, which a unary response must not have.
    if len(body) != PREFIX + size:
        raise FramingError(f"{len(body) - PREFIX} bytes came, where {size} were announced")
    return framing.inflate(body[PREFIX:]) if compressed else body[PREFIX:]


def _status(first: Mapping[str, str], last: Mapping[str, str]) -> RpcError | None:
    text = last.get("grpc-status")
    if text is None:
        return _without_status(first)
    # It counts even beside an HTTP status that is not 200, as the document above _HTTP says.
    try:
        status = StatusCode(int(text))
    except ValueError:
        return StatusError(f"the server answered with the unknown status {text[:20]!r}", status=StatusCode.UNKNOWN)
    if status is StatusCode.OK:
        return None
    # Some servers do not percent-encode it, but send UTF-8, each byte of which is a character here.
    message = last.get("grpc-message", "").encode("latin-1", "replace").decode(errors="replace")
    details = unquote(message, errors="replace")[:MAX_DETAILS]
    if status is StatusCode.DEADLINE_EXCEEDED:
        # The server's own limit, or ours as `grpc-timeout` told it. Our deadline ends the repetitions.
        return DeadlineExceededError(details, status=status, retryable=True)
    if _is_about_size(status, details):
        return MessageTooLargeError(f"the server refused the request: {details}", status=status)
    return StatusError(details, status=status, retryable=status in RETRYABLE)


def _is_about_size(status: StatusCode, details: str) -> bool:
    """Whether this is a server's size limit, which no repetition will get past.

    gRPC has no status for it: RESOURCE_EXHAUSTED also means a quota, which waiting helps against. Only the words
    differ.
    """
    return status in _STATUSES_OF_SIZE and any(words in details.lower() for words in _WORDS_OF_SIZE)


def _without_status(first: Mapping[str, str]) -> RpcError:
    """Make the error of a response without ``grpc-status``, which comes from a proxy or from no gRPC server."""
    http = first.get(":status", "")
    if http == "413":  # a proxy has a limit of its own
        return MessageTooLargeError("the server refused the request: it answered with HTTP status '413'")
    if http != "200":
        status = _HTTP.get(http, StatusCode.UNKNOWN)
        details = f"the server answered with HTTP status {http!r}"
        return StatusError(details, status=status, retryable=status in RETRYABLE)
    # For HTTP all is well. But without a status of gRPC, nothing says that the server did what it was asked for.
    content_type = first.get("content-type", "")
    if not content_type.startswith(CONTENT_TYPE):
        return _broken(f"the server answered with content-type {content_type[:80]!r}, which is not gRPC's")
    return _broken("the server ended the call without a status")


def _broken(details: str) -> PeerProtocolError:
    return PeerProtocolError(details, status=StatusCode.INTERNAL)


def _pushback(last: Mapping[str, str]) -> float | None:
    """Read the wait that the server asks for, in seconds; -1 stands for "do not repeat", None for no wish.

    By gRFC A6, a value that is negative or no number means "do not repeat".
    """
    text = last.get("grpc-retry-pushback-ms")
    if text is None:
        return None
    return int(text) / 1000 if text.isascii() and text.isdigit() and len(text) < 10 else -1.0
