"""Makes calls: attempt after attempt, within a deadline, over a connection that suits the process and event loop."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from grpclib.metadata import USER_AGENT, encode_timeout
from hpack import HeaderTuple

from chaukas_spec_lite.errors import (
    ClientClosedError,
    DecodeError,
    MessageTooLargeError,
    PeerProtocolError,
    RpcError,
    StatusCode,
    StatusError,
)
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.retry import Repetition, RetryPolicy
from chaukas_spec_lite.rpc.client.attempt import unary
from chaukas_spec_lite.rpc.client.channel import Channel
from chaukas_spec_lite.rpc.client.endpoint import Endpoint
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.client.tls import Security
from chaukas_spec_lite.rpc.stubs.service import Method
from chaukas_spec_lite.rpc.transport.framing import ACCEPTED, GZIP, Framing, TooLarge

R = TypeVar("R", bound=Message)

log = logging.getLogger("chaukas_spec_lite.rpc")

_UNDECODED = (StatusCode.UNIMPLEMENTED, StatusCode.UNKNOWN, StatusCode.INTERNAL)
"""What servers answer that do not understand gzip: the first is right, the others are what some say instead."""


@dataclass(frozen=True)
class Clock:
    """Time, as the caller sees it: seconds of a clock that never jumps, waiting, and chance."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True)
class CallOptions:
    """How calls are made."""

    timeout: float
    """For a call with all its repetitions, in seconds."""
    attempt_timeout: float = 10.0
    """For one attempt."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    framing: Framing = field(default_factory=Framing)
    keepalive: Keepalive = field(default_factory=Keepalive)
    clock: Clock = field(default_factory=Clock)


class Request:
    """A request in the making: its message framed once for all attempts, and plain only where that is needed."""

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
                raise MessageTooLargeError(f"not sent: {error}", size=error.size, limit=error.limit) from None
        return self._frames[compress]


class Caller:
    """Calls one service. Its connection is made on the first call, and anew after a fork or in another event loop."""

    def __init__(
        self, endpoint: Endpoint, security: Security, metadata: Sequence[HeaderTuple], options: CallOptions
    ) -> None:
        self.endpoint = endpoint
        self.options = options
        self._security = security
        self._metadata = list(metadata)
        self._channel: Channel | None = None
        self._closed = False

    async def call(self, method: Method[Any, R], message: bytes, timeout: float | None = None) -> R:
        """Make a call, repeated as long as that can help and its deadline allows; raises ``RpcError``."""
        clock = self.options.clock
        channel = self._current()
        request = Request(message, self.options.framing)
        deadline = clock.now() + (self.options.timeout if timeout is None else timeout)
        repetition = Repetition(self.options.retry, deadline, clock.random)
        previous: RpcError | None = None
        while True:
            left = min(self.options.attempt_timeout, deadline - clock.now())
            try:
                answer = await self._attempt(channel, method, request, left)
                return self._decoded(method, answer)
            except RpcError as error:
                error.rpc = method.alias
                error.peer = error.peer or channel.peer or str(self.endpoint)
                delay = repetition.wait(error, clock.now())
                if delay is None:
                    if error.__cause__ is None:
                        error.__cause__ = previous
                    raise
                previous = error
            log.info("repeating in %.2f s: %s", delay, previous)
            await self._pause(channel, delay)

    async def _pause(self, channel: Channel, seconds: float) -> None:
        """Wait, but no longer than the channel is open."""
        sleeping = asyncio.ensure_future(self.options.clock.sleep(seconds))
        try:
            await asyncio.wait({sleeping, channel.closed}, return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                sleeping.result()
        finally:
            sleeping.cancel()

    async def _attempt(self, channel: Channel, method: Method[Any, Any], request: Request, timeout: float) -> bytes:
        end = time.monotonic() + timeout
        frame = request.frame(channel.compresses)
        protocol = await channel.connection(timeout)
        headers = self._headers(channel, method)
        stream = await unary(protocol, _begin(headers, frame, end), frame, end - time.monotonic())
        try:
            return stream.message()
        except StatusError as error:
            if not frame[0] or stream.knows_gzip() or error.status not in _UNDECODED:
                raise
        frame = request.frame(False)
        stream = await unary(protocol, _begin(headers, frame, end), frame, end - time.monotonic())
        message = stream.message()
        log.info("%s does not understand gzip: from now on requests go uncompressed", channel.peer)
        channel.compresses = False
        return message

    def _headers(self, channel: Channel, method: Method[Any, Any]) -> list[Any]:
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
    def _decoded(method: Method[Any, R], answer: bytes) -> R:
        try:
            return method.response_type.parse(answer)
        except DecodeError as error:
            details = f"the answer cannot be decoded: {error}"
            raise PeerProtocolError(details, status=StatusCode.INTERNAL) from error

    def _current(self) -> Channel:
        if self._closed:
            raise ClientClosedError("the client is closed")
        loop = asyncio.get_running_loop()
        if self._channel is not None:
            if not self._channel.is_mine:
                self._channel.abandon()
            elif self._channel.loop is loop:
                return self._channel
            else:
                raise ClientClosedError("the client is in use in another event loop: make one for each loop")
        options = self.options
        self._channel = Channel(self.endpoint, self._security, framing=options.framing, keepalive=options.keepalive)
        return self._channel

    async def aclose(self) -> None:
        """Close the connection; calls that are under way fail."""
        self._closed = True
        channel, self._channel = self._channel, None
        if channel is None:
            return
        if channel.is_mine:
            await channel.aclose()
        else:
            channel.abandon()


def _begin(headers: list[Any], frame: bytes, end: float) -> list[Any]:
    """Add what differs between attempts. Only a compressed message is announced: some servers refuse the mere word."""
    encoding = [("grpc-encoding", GZIP)] if frame[0] else []
    return [*headers, *encoding, ("grpc-timeout", _timeout(end - time.monotonic()))]


def _timeout(seconds: float) -> str:
    """Write how long a server may take: from a second up, in whole ones, rounded up.

    This end keeps the time itself. Headers that are the same in each call go over the wire as one byte each, while one
    that never repeats pushes all others out of the table of known ones (RFC 7541, section 2.3.2).
    """
    return f"{math.ceil(seconds)}S" if seconds > 1 else encode_timeout(max(0.001, seconds))
