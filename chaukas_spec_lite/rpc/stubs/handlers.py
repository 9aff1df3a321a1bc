"""The server's end of a call: from a service's method to the coroutine that grpclib runs for each call."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.errors import DecodeError, EncodeError
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.transport.framing import FramingError, UnknownEncoding
from chaukas_spec_lite.rpc.transport.message_io import aside, receive_message, receive_no_more

if TYPE_CHECKING:
    from grpclib.server import Stream

_CLIENT_STREAMS = (Cardinality.STREAM_UNARY, Cardinality.STREAM_STREAM)
_SERVER_STREAMS = (Cardinality.UNARY_STREAM, Cardinality.STREAM_STREAM)

_LARGE = 16 << 10
"""The size in bytes from which a request is decoded in a thread."""

log = logging.getLogger(__name__)


def serve(
    implementation: Callable[..., Any],
    route: str,
    cardinality: Cardinality,
    request_type: type[Any],
    response_type: type[Any],
    most: int | None = None,
) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    """Make the coroutine function that serves a call with ``implementation``.

    Args:
        implementation: The service's method.
        route: That of its calls.
        cardinality: Which kind of calls they are.
        request_type: What requests are decoded to. The codec hands them over as bytes.
        response_type: What the method returns, or yields.
        most: The largest request in bytes, if that is less than the server takes elsewhere.
    """
    requests = _Requests(route, request_type, most)

    async def handler(stream: Stream[Any, Any]) -> None:
        # For a stream of requests, the method gets an iterator and begins before the first one has come. The request is
        # bound to no name here: it need not be kept until the answer has been read.
        several = cardinality in _CLIENT_STREAMS
        result = implementation(requests.each(stream) if several else await requests.only(stream))
        if cardinality in _SERVER_STREAMS:
            await _send_each(stream, result, route, response_type)
        else:
            await _send(stream, await result, route, response_type)

    return handler


@dataclass(frozen=True)
class _Requests:
    """The requests of one method: how they are received and decoded."""

    route: str
    kind: type[Any]
    most: int | None

    async def each(self, stream: Stream[Any, Any]) -> AsyncGenerator[Any, None]:
        """Receive a stream of them."""
        while (request := await self._receive(stream)) is not None:
            yield request

    async def only(self, stream: Stream[Any, Any]) -> Any:
        """Receive the only one."""
        request = await self._receive(stream)
        if request is None:
            raise GRPCError(Status.INVALID_ARGUMENT, f"a request to {self.route} holds no message")
        receive_no_more(stream)
        return request

    async def _receive(self, stream: Stream[Any, Any]) -> Any:
        try:
            data = await receive_message(stream, self.most)
            if data is None or self.kind is Encoded:
                return data
            # What is large may take long, and others are not to wait for it.
            return self.kind.parse(data) if len(data) <= _LARGE else await aside(stream, partial(self.kind.parse, data))
        except DecodeError as error:
            raise GRPCError(Status.INVALID_ARGUMENT, str(error)) from error
        except UnknownEncoding as error:
            details = f"a request to {self.route} is compressed: send it as it is"
            raise GRPCError(Status.UNIMPLEMENTED, details) from error
        except FramingError as error:
            details = f"a request to {self.route} ends in the middle of a message"
            raise GRPCError(Status.INVALID_ARGUMENT, details) from error


async def _send_each(
    stream: Stream[Any, Any], responses: AsyncIterable[object], route: str, response_type: type[Any]
) -> None:
    if not isinstance(responses, AsyncIterable):
        # A coroutine: the method was written with `return` instead of `yield`. Closing it avoids the warning that it
        # was never awaited, beside the error that says what is wrong.
        if isinstance(responses, Coroutine):
            responses.close()
        raise _faulty(route, f"is not an async generator: it returned {type(responses).__name__}")
    try:
        async for response in responses:
            await _send(stream, response, route, response_type)
    finally:
        # If the client has gone, the generator still holds what it opened. Without this, its `finally` would run when
        # the garbage collector gets to it.
        if isinstance(responses, AsyncGenerator):
            await responses.aclose()


async def _send(stream: Stream[Any, Any], response: object, route: str, response_type: type[Any]) -> None:
    if not isinstance(response, (response_type, Encoded)):
        raise _faulty(route, f"returned {type(response).__name__}, not {response_type.__name__}")
    try:
        await stream.send_message(response)
    except EncodeError as error:
        raise _faulty(route, f"returned what cannot be encoded: {error}") from error


def _faulty(route: str, problem: str) -> GRPCError:
    """Log a mistake in the service itself, since grpclib does not log statuses, and make the client's error."""
    log.error("the implementation of %s %s", route, problem)
    return GRPCError(Status.INTERNAL, f"the implementation of {route} {problem}")
