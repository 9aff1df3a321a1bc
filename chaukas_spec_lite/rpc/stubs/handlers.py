"""The server's end of a call: from a service's method to the coroutine that grpclib runs for each call."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.errors import DecodeError, EncodeError
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.transport.framing import FramingError, UnknownEncoding
from chaukas_spec_lite.rpc.transport.message_io import receive_message

if TYPE_CHECKING:
    from grpclib.server import Stream

_CLIENT_STREAMS = (Cardinality.STREAM_UNARY, Cardinality.STREAM_STREAM)
_SERVER_STREAMS = (Cardinality.UNARY_STREAM, Cardinality.STREAM_STREAM)

log = logging.getLogger(__name__)


def serve(
    implementation: Callable[..., Any], route: str, cardinality: Cardinality, response_type: type[Any]
) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    """Make the coroutine function that serves a call with ``implementation``."""

    async def handler(stream: Stream[Any, Any]) -> None:
        # For a stream of requests, the method gets an iterator and begins before the first one has come.
        argument = _requests(stream, route) if cardinality in _CLIENT_STREAMS else await _only(stream, route)
        result = implementation(argument)
        if cardinality in _SERVER_STREAMS:
            await _send_each(stream, result, route, response_type)
        else:
            await _send(stream, await result, route, response_type)

    return handler


async def _receive(stream: Stream[Any, Any], route: str) -> Any:
    """Receive a request, or None at the end."""
    try:
        return await receive_message(stream)
    except DecodeError as error:
        raise GRPCError(Status.INVALID_ARGUMENT, str(error)) from error
    except UnknownEncoding as error:
        raise GRPCError(Status.UNIMPLEMENTED, f"a request to {route} is compressed: send it as it is") from error
    except FramingError as error:
        raise GRPCError(Status.INVALID_ARGUMENT, f"a request to {route} ends in the middle of a message") from error


async def _requests(stream: Stream[Any, Any], route: str) -> AsyncGenerator[Any, None]:
    while (request := await _receive(stream, route)) is not None:
        yield request


async def _only(stream: Stream[Any, Any], route: str) -> Any:
    request = await _receive(stream, route)
    if request is None:
        raise GRPCError(Status.INVALID_ARGUMENT, f"a request to {route} holds no message")
    return request


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
