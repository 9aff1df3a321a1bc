"""What HTTP servers answer, and what goes wrong on the way there, as errors that an exporter understands.

An exporter asks each error whether the batch may go through later, is too large, or holds an event that never will; see
``export.sender.judge``. Nothing here makes a request.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from chaukas_spec_lite.certificates import why_untrusted
from chaukas_spec_lite.errors import (
    ConnectError,
    ConnectionLostError,
    DeadlineExceededError,
    MessageTooLargeError,
    RpcError,
    StatusCode,
    StatusError,
    TLSError,
)
from chaukas_spec_lite.printable import one_line

LONGEST_PAUSE = 3600.0
"""Seconds that a server may ask to wait: a slip of its clock or its configuration must not hold events for days."""

_MOST_WORDS = 300
"""Characters of an answer that an error quotes."""

_PERMANENT = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.UNIMPLEMENTED,
    405: StatusCode.UNIMPLEMENTED,
    407: StatusCode.UNAUTHENTICATED,
    410: StatusCode.UNIMPLEMENTED,
    415: StatusCode.UNIMPLEMENTED,
    422: StatusCode.INVALID_ARGUMENT,
    500: StatusCode.INTERNAL,
    501: StatusCode.UNIMPLEMENTED,
}
"""Answers that stay the same until somebody corrects something, or that may be about the events. All others that are
not listed count like UNKNOWN.
"""

_PASSING = {
    408: StatusCode.DEADLINE_EXCEEDED,
    425: StatusCode.UNAVAILABLE,
    429: StatusCode.RESOURCE_EXHAUSTED,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
"""Answers after which the same batch may go through."""

_HINTS = {
    404: "nothing takes events there: is the endpoint what stands before /events?",
    405: "nothing takes events there: is the endpoint what stands before /events?",
    407: "the proxy wants a user and password: HTTPS_PROXY=http://user:password@host:port",
    410: "nothing takes events there any more",
    415: "it takes no application/x-protobuf: is it a server for chaukas-sdk?",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes

    @property
    def words(self) -> str:
        """What it says, on one line, or nothing."""
        if self.headers.get("content-encoding", "identity") != "identity":
            return ""
        text = one_line(self.body[: 8 * _MOST_WORDS].decode(errors="replace"))
        return text if len(text) <= _MOST_WORDS else f"{text[:_MOST_WORDS]}…"

    def location(self, url: str) -> str | None:
        """Where a redirect leads; None if it is none."""
        where = self.headers.get("location")
        if where is None or self.status not in (301, 302, 303, 307, 308):
            return None
        try:
            return urljoin(url, where)
        except ValueError:
            return None


def may_follow(status: int, url: str, target: str) -> bool:
    """Whether a redirect may be followed: with method and body, on the same host, and not out of TLS.

    Args:
        status: The status of the answer. With 301 to 303, clients turn a POST into a GET, which a server might answer
            with 200: events would be lost.
        url: Where the request went.
        target: Where it is to go.
    """
    before, after = urlsplit(url), urlsplit(target)
    kept = status in (307, 308) and after.hostname == before.hostname
    return kept and (after.scheme == before.scheme or after.scheme == "https")


def of_redirect(answer: Answer, target: str, rpc: str, peer: str) -> RpcError:
    """Make the error of a redirect that is not followed. Events wait until somebody corrects the endpoint."""
    parts = urlsplit(target)
    where = one_line(f"{parts.scheme}://{parts.hostname or ''}{parts.path}")[:_MOST_WORDS]
    details = f"HTTP {answer.status}: it redirects to {where}, which is not followed: correct the endpoint"
    return StatusError(details, status=StatusCode.UNIMPLEMENTED, rpc=rpc, peer=peer)


def of_answer(answer: Answer, rpc: str, peer: str, *, has_key: bool, now: datetime | None = None) -> RpcError:
    """Make the error of an answer that is no 2xx.

    Args:
        answer: The answer.
        rpc: The request, for the error.
        peer: The server, for the error.
        has_key: Whether an API key was sent.
        now: The time, for a ``Retry-After`` that is a date; that of the system if None.
    """
    status, words = answer.status, answer.words
    hint = key_hint(words, has_key=has_key) if status == 401 else _HINTS.get(status, "")
    details = ": ".join(filter(None, [f"HTTP {status}", hint, words]))
    if status == 413:
        return MessageTooLargeError(details, rpc=rpc, peer=peer)
    # How the official SDK's server says that a batch is too much for it now.
    crowded = status == 503 and "high memory usage" in words.lower()
    code = StatusCode.RESOURCE_EXHAUSTED if crowded else _PASSING.get(status)
    if code is None:
        return StatusError(details, status=_PERMANENT.get(status, StatusCode.UNKNOWN), rpc=rpc, peer=peer)
    pause = pause_of(answer.headers.get("retry-after", ""), now)
    kind = DeadlineExceededError if code is StatusCode.DEADLINE_EXCEEDED else StatusError
    return kind(details, status=code, rpc=rpc, peer=peer, retryable=True, pushback=pause)


def key_hint(words: str, *, has_key: bool) -> str:
    """Say what to do about a 401; nothing where the server itself speaks of the key, as a collector does.

    Args:
        words: What the server says.
        has_key: Whether an API key was sent.
    """
    if "key" in words.lower():
        return ""
    return "it does not accept the api_key" if has_key else "it wants an api_key: set CHAUKAS_API_KEY"


def pause_of(text: str, now: datetime | None = None) -> float | None:
    """Read a ``Retry-After`` (RFC 9110, section 10.2.3): seconds, or a date.

    Args:
        text: The header; empty if there is none.
        now: The time; that of the system if None.

    Returns:
        The seconds, at most ``LONGEST_PAUSE``; None if it says nothing.
    """
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
            date = date if date.tzinfo is not None else date.replace(tzinfo=timezone.utc)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        seconds = max(0.0, (date - (now or datetime.now(timezone.utc))).total_seconds())
    return min(seconds, LONGEST_PAUSE) if math.isfinite(seconds) and seconds >= 0 else None


_CONNECTING = {"ConnectError", "ConnectTimeout", "ProxyError"}
_SLOW = {"ReadTimeout", "WriteTimeout", "PoolTimeout"}
_OF_HTTPX = {*_CONNECTING, *_SLOW, "NetworkError", "ProtocolError", "RequestError", "TransportError", "HTTPError"}


def of_failure(error: Exception, rpc: str, peer: str, timeout: float) -> RpcError | None:
    """Make the error of a request without an answer; None if ``error`` is no failure of the network.

    Args:
        error: What was raised. Classes of httpx are known by their names, so that it is not imported here.
        rpc: The request, for the error.
        peer: The server, for the error.
        timeout: How long it was waited for, in seconds.
    """
    names = {cls.__name__ for cls in type(error).__mro__ if cls.__module__.partition(".")[0] in ("httpx", "httpcore")}
    text = one_line(str(error)) or type(error).__name__
    tls = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return TLSError(why_untrusted(tls), rpc=rpc, peer=peer)
    if tls is not None and names & _CONNECTING:
        reason = (getattr(tls, "reason", None) or str(tls)).lower().replace("_", " ")
        again = isinstance(tls, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
        return TLSError(f"TLS failed: {reason}", rpc=rpc, peer=peer, retryable=again)
    if names & _CONNECTING:
        # As gRPC's client says it: httpx has but "All connection attempts failed".
        if any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error)):
            return ConnectError("refused: is a collector running there?", rpc=rpc, peer=peer, retryable=True)
        return ConnectError(f"no connection: {text}", rpc=rpc, peer=peer, retryable=True)
    if names & _SLOW or isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        details = f"no answer came within {timeout:g} s"
        return DeadlineExceededError(details, status=StatusCode.DEADLINE_EXCEEDED, rpc=rpc, peer=peer, retryable=True)
    if names & _OF_HTTPX or isinstance(error, OSError):
        return ConnectionLostError(f"the connection was lost: {text}", rpc=rpc, peer=peer, retryable=True)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
