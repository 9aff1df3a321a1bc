"""The client's end of a call: receiving, and sending a stream of requests at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.transport.framing import FramingError, UnknownEncoding
from chaukas_spec_lite.rpc.transport.message_io import end_sending, receive_message, send_message

if TYPE_CHECKING:
    from grpclib.client import Stream

T = TypeVar("T")

MetadataLike = Mapping[str, str | bytes] | Collection[tuple[str, str | bytes]]
"""Request metadata: pairs, or a mapping. The keys of values that are ``bytes`` end in ``-bin``."""

Requests = AsyncIterable[T | Encoded] | Iterable[T | Encoded]
"""What a stream of requests is made of."""


async def receive(call: Stream[Any, T], route: str) -> T | None:
    """Receive a message.

    Args:
        call: The call, begun.
        route: The path of the method, for errors.

    Returns:
        The message, or None at the end of the stream.

    Raises:
        GRPCError: With INTERNAL: the message is cut off, compressed, or no message of the expected type.
    """
    try:
        return await receive_message(call)
    except DecodeError as error:
        raise GRPCError(Status.INTERNAL, f"the response to {route} cannot be decoded: {error}") from error
    except UnknownEncoding as error:
        raise GRPCError(Status.INTERNAL, f"the response to {route} is compressed, which nobody asked for") from error
    except FramingError as error:
        raise GRPCError(Status.INTERNAL, f"the response to {route} ends in the middle of a message") from error


class RequestSender(Generic[T]):
    """Sends requests in the background while responses are received.

    What goes wrong with the requests (their iterator fails, one of them cannot be encoded) is raised by ``receive``.
    """

    def __init__(self, call: Stream[Any, T], requests: Requests[Any], check: Callable[[object], None]) -> None:
        self._call, self._requests, self._check = call, requests, check

    async def __aenter__(self) -> RequestSender[T]:
        self._sending = asyncio.ensure_future(self._send_all())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        ended_early = not self._sending.done()  # Before `_stop`, after which it is always done.
        await _stop(self._sending)
        if exc_val is not None:  # It says more than how the sending ended.
            return
        if ended_early:
            # The server has responded without waiting for the rest. grpclib takes a call as finished only when both
            # sides have ended.
            await end_sending(self._call)
        elif not self._sending.result():
            raise StreamTerminatedError("the server closed the stream of requests")

    async def receive(self, route: str) -> T | None:
        """Receive a message, or None at the end."""
        message = receive(self._call, route)
        receiving = asyncio.ensure_future(message)
        try:
            await asyncio.wait({receiving, self._sending}, return_when=asyncio.FIRST_COMPLETED)
            # If the requests failed, the server waits for more of them and no response will come: raise now. If they
            # were all sent, this raises nothing. A response that is there already counts more.
            if self._sending.done() and not receiving.done():
                self._sending.result()
            return await receiving
        finally:
            await _stop(receiving)

    async def _send_all(self) -> bool:
        """Send the requests; false if the server closed the stream before they were all sent."""
        async for request in _each(self._requests):
            self._check(request)
            try:
                await send_message(self._call, request)
            except StreamTerminatedError:
                return False  # `receive` gets the status with which the server closed it.
        try:
            await end_sending(self._call)
        except StreamTerminatedError:
            return False
        return True


async def _stop(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has ended. Its error is ignored: it was raised already, or no longer matters."""
    task.cancel()
    # `gather` also looks at the error, so that asyncio does not log it as never retrieved.
    await asyncio.gather(task, return_exceptions=True)


async def _each(requests: Requests[T]) -> AsyncIterator[T | Encoded]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request
