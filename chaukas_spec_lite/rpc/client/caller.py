"""Makes calls: attempt after attempt, within a deadline, over a connection of the current process and event loop.

A call has two clocks. Deadlines and the waits between attempts go by ``CallOptions.clock``, which tests replace. What
happens within an attempt is timed by the event loop's timers, so by ``time.monotonic``.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chaukas_spec_lite import process
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.errors import (
    ClientClosedError,
    ConnectionLostError,
    DeadlineExceededError,
    DecodeError,
    MessageTooLargeError,
    PeerProtocolError,
    RpcError,
    StatusCode,
    StatusError,
)
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.retry import Patience, Repetition, RetryPolicy
from chaukas_spec_lite.rpc.client.attempt import Response, Retired, unary
from chaukas_spec_lite.rpc.client.channel import Channel
from chaukas_spec_lite.rpc.client.endpoint import Address, Endpoint
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.client.mapping import add_hint
from chaukas_spec_lite.rpc.client.proxy import Proxy
from chaukas_spec_lite.rpc.client.tls import Security
from chaukas_spec_lite.rpc.stubs.service import Method
from chaukas_spec_lite.rpc.transport.framing import ACCEPTED, GZIP, TooLarge
from chaukas_spec_lite.rpc.transport.headers import Header
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.rpc.transport.unary_stream import USER_AGENT, encode_timeout
from chaukas_spec_lite.rpc.transport.verification import verify

R = TypeVar("R", bound=Message)

log = logging.getLogger("chaukas_spec_lite.rpc")

_UNDECODED = (StatusCode.UNIMPLEMENTED, StatusCode.UNKNOWN, StatusCode.INTERNAL)
"""How servers respond that do not understand gzip.

UNIMPLEMENTED is right (https://github.com/grpc/grpc/blob/master/doc/compression.md); some answer with the others.
"""


@dataclass(frozen=True)
class CallOptions:
    """How calls are made.

    Args:
        timeout: How long a call may take with all its repetitions, in seconds.
        attempt_timeout: How long one attempt may take, in seconds. Default: 10. It doubles whenever a server does not
            answer in time, up to ``timeout``.
        retry: Whether, and when, a call is repeated.
        framing: Size limits and compression.
        keepalive: When a silent server is asked whether it is still there.
        clock: Time and chance.
        http1_hint: What errors say about the endpoint if the peer speaks HTTP/1, so that it is an HTTP API's.
        proxies: The proxies through which some addresses are reached.
    """

    timeout: float
    attempt_timeout: float = 10.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    framing: Framing = field(default_factory=Framing)
    keepalive: Keepalive = field(default_factory=Keepalive)
    clock: Clock = field(default_factory=Clock)
    http1_hint: str = ""
    proxies: Mapping[Address, Proxy] = field(default_factory=dict[Address, Proxy])


class Request:
    """A request's message, framed once for all attempts of a call. It is compressed, or not, when first asked for."""

    def __init__(self, message: bytes, framing: Framing) -> None:
        self._message = message
        self._framing = framing
        self._frames: dict[bool, bytes] = {}

    def frame(self, compress: bool) -> bytes:
        """Frame the message; raises ``MessageTooLargeError``."""
        if compress not in self._frames:
            try:
                self._frames[compress] = self._framing.frame(self._message, compress)
            except TooLarge as error:
                # It is not retryable: the limit is ours, and the message will not shrink.
                raise MessageTooLargeError(f"not sent: {error}", size=error.size, limit=error.limit) from None
        return self._frames[compress]


class UnaryCaller:
    """Calls one service. It connects with the first call, and again after a fork or in another event loop."""

    def __init__(
        self, endpoint: Endpoint, security: Security, metadata: Sequence[Header], options: CallOptions
    ) -> None:
        self.endpoint = endpoint
        self.options = options
        self._security = security
        self._metadata = list(metadata)
        self._channel: Channel | None = None
        self._closed = False
        self._patience = Patience(options.attempt_timeout, options.timeout)
        # Takes 2 ms, once in each process. The first connection needs the result, so the first call would take longer.
        verify()

    async def call(
        self,
        method: Method[Any, R],
        request: bytes,
        timeout: float | None = None,
        once: bool = False,
        trailing: dict[str, str] | None = None,
    ) -> R:
        """Make a call, repeated as long as that can help and its deadline allows.

        Args:
            method: The RPC.
            request: Its message, encoded.
            timeout: How many seconds the call may take, with its repetitions; None for that of the options.
            once: Whether the first failure is the answer. The loss of a connection that was there before is none: it
                tells of a server that was there.
            trailing: Filled with what comes behind the response.

        Raises:
            RpcError: The last attempt failed; ``attempts`` says how many there were.
            ClientClosedError: The caller is closed, or in use in another event loop.
        """
        clock = self.options.clock
        # Chosen once: if the client is closed during the call, the repetition fails on this channel, and no new one
        # is made.
        channel = self._current()
        framed = Request(request, self.options.framing)
        timeout = self.options.timeout if timeout is None else timeout
        deadline = clock.now() + timeout
        repetition = Repetition(self.options.retry, deadline, clock.random)
        previous: RpcError | None = None
        while True:
            # An attempt has a limit of its own, so that one that hangs leaves time for another on a new connection.
            began, left = time.monotonic(), min(self._patience.limit, deadline - clock.now())
            final = once and not channel.usable
            try:
                message, response = await self._attempt(channel, method, framed, left)
                self._patience.answered(time.monotonic() - began)
                if trailing is not None:
                    trailing.update(response.trailing())
                return self._decoded(method, message)
            except RpcError as error:
                self._note_slowness(error, channel, left)
                add_hint(error, self.options.http1_hint)
                error.rpc = method.alias
                # The most exact name known: the address tried, else that of the connection, else all addresses.
                error.peer = error.peer or channel.peer or str(self.endpoint)
                delay = repetition.wait(error, clock.now())
                if delay is None or final or (once and not isinstance(error, ConnectionLostError)):
                    # "No response in time" is often all that the last attempt says; the one before may say why.
                    if error.__cause__ is None:
                        error.__cause__ = previous
                    raise
                previous = error
            log.info("repeating in %.2f s: %s", delay, previous)
            await self._pause(channel, delay)

    def _note_slowness(self, error: RpcError, channel: Channel, allowed: float) -> None:
        # Without a connection it is no server that is slow, and more time would only keep other addresses waiting.
        if isinstance(error, DeadlineExceededError) and channel.usable and self._patience.exceeded(allowed):
            limit = self._patience.limit
            log.warning("%s gave no answer within %.3g s: attempts now take up to %.3g s", channel.peer, allowed, limit)

    async def _pause(self, channel: Channel, seconds: float) -> None:
        """Wait, but no longer than the channel is open: a call must not hold up the end of its program for a backoff.

        The attempt that follows then raises ``ClientClosedError``.
        """
        sleeping = asyncio.ensure_future(self.options.clock.sleep(seconds))
        try:
            await asyncio.wait({sleeping, channel.closed}, return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                sleeping.result()  # The clock of a test may raise, to end a call.
        finally:
            sleeping.cancel()  # `wait` leaves it running, whether the channel was closed or this call was cancelled.

    async def _attempt(
        self, channel: Channel, method: Method[Any, Any], request: Request, timeout: float
    ) -> tuple[bytes, Response]:
        end = time.monotonic() + timeout  # Connecting and a second request without gzip count, too.
        # Framed first: a message that is too large needs no connection.
        frame = request.frame(channel.compresses)
        response = await self._response(channel, method, frame, end)
        try:
            return response.message(), response
        except StatusError as error:
            # `frame[0]` is the compression flag. Without it, or if the server has said that it takes gzip, the status
            # is about the call itself. Only those of `_UNDECODED` may mean compression.
            if not frame[0] or response.knows_gzip() or error.status not in _UNDECODED:
                raise
        # Only trying tells whether gzip was to blame. It is no repetition: the server could not read the request, so
        # this needs no backoff.
        frame = request.frame(False)
        response = await self._response(channel, method, frame, end)
        # If the plain request fails as well, this raises, and compression stays on: it was not to blame.
        message = response.message()
        log.info("%s does not understand gzip: from now on requests go uncompressed", channel.peer)
        channel.compresses = False
        return message, response

    async def _response(self, channel: Channel, method: Method[Any, Any], frame: bytes, end: float) -> Response:
        """Send a request and wait for its response, until ``end``, by ``time.monotonic``."""
        while True:
            protocol = await channel.connection(end - time.monotonic())
            headers = _begin(self._headers(channel, method), frame, end)
            try:
                return await unary(protocol, headers, frame, end - time.monotonic())
            except Retired:
                # No repetition, as the server has not begun the call: a server that limits how old connections become
                # must not cost calls that may be made once only.
                log.debug("%s retires the connection: the call goes to a new one", channel.peer)

    def _headers(self, channel: Channel, method: Method[Any, Any]) -> list[Any]:
        # Pseudo-headers come first (RFC 9113, section 8.3). `te` is there to find out proxies that do not pass trailers
        # on (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests). All are the same in every call,
        # so that their encoded form is remembered (`transport.headers`).
        return [
            (":method", "POST"),
            (":scheme", channel.scheme),
            (":path", method.route),
            (":authority", channel.authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", f"chaukas-spec-lite {USER_AGENT}"),
            ("grpc-accept-encoding", ACCEPTED),
            *self._metadata,
        ]

    @staticmethod
    def _decoded(method: Method[Any, R], message: bytes) -> R:
        try:
            return method.response_type.parse(message)
        except DecodeError as error:
            # Final: a server whose schema differs answers with the same bytes again.
            details = f"the response cannot be decoded: {error}"
            raise PeerProtocolError(details, status=StatusCode.INTERNAL) from error

    @property
    def lacking(self) -> set[str]:
        """Services that the server turned out not to have; forgotten with the channel."""
        return self._current().lacking

    def _current(self) -> Channel:
        """Return the channel of this process and event loop, made now if there is none."""
        process.notice_fork()
        if self._closed:
            raise ClientClosedError("the client is closed")
        loop = asyncio.get_running_loop()
        if self._channel is not None:
            if not self._channel.is_mine:
                # After a fork, or after `asyncio.run` has closed its loop: nobody else can be using that channel.
                self._channel.abandon()
            elif self._channel.loop is loop:
                return self._channel
            else:
                # Futures and transports work on their own loop only. With a channel for each loop, closing the client
                # would have to wait for loops that may not run any more.
                raise ClientClosedError("the client is in use in another event loop: make one for each loop")
        options = self.options
        self._channel = Channel(
            self.endpoint,
            self._security,
            framing=options.framing,
            keepalive=options.keepalive,
            http1_hint=options.http1_hint,
            proxies=options.proxies,
        )
        return self._channel

    async def aclose(self) -> None:
        """Close the connection; calls that are under way fail."""
        # Both before the first await: a call that begins during the closing must be refused, and a second closing must
        # find nothing to close.
        self._closed = True
        channel, self._channel = self._channel, None
        if channel is None:
            return
        if channel.is_mine:
            await channel.aclose()
        else:
            channel.abandon()


def _begin(headers: list[Any], frame: bytes, end: float) -> list[Any]:
    """Add the headers that differ between attempts.

    ``grpc-encoding`` is sent with compressed messages only: servers that do not know gzip refuse the mere announcement.
    """
    encoding = [("grpc-encoding", GZIP)] if frame[0] else []
    return [*headers, *encoding, ("grpc-timeout", _timeout(end - time.monotonic()))]


def _timeout(seconds: float) -> str:
    """Write ``grpc-timeout``, how long a server may take: above one second, as whole seconds, rounded up.

    The client's own timer is exact, so the server may get a little more. With the exact time, each call would have a
    header that never comes again, and HPACK's table would fill with them and lose those that do (RFC 7541, section
    2.3.2). Known headers take one byte each.
    """
    # 0 or less cannot be written. An attempt without time left ends by its timer.
    return f"{math.ceil(seconds)}S" if seconds > 1 else encode_timeout(max(0.001, seconds))
