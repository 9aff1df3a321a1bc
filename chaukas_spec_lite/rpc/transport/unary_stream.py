"""The stream of one unary call: sends a request and collects the response, on grpclib's stream.

grpclib's own client call is not used, because it can take a response without a status for a success, and loses count of
cancellations.
"""

# Subclasses of grpclib's stream need what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from grpclib.metadata import USER_AGENT, encode_timeout

from chaukas_spec_lite.rpc.transport.client_side import EndingStream
from chaukas_spec_lite.rpc.transport.endings import Cause, Ended, Ending, ErrorCodes, StreamClosedError
from chaukas_spec_lite.rpc.transport.framing import CONTENT_TYPE, PREFIX, TooLarge

__all__ = ["USER_AGENT", "Body", "UnaryStream", "encode_timeout", "is_grpc"]

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.transport.client_side import ClientSide
    from chaukas_spec_lite.rpc.transport.stream import Headers


def is_grpc(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a response that begins like this is one of gRPC, and no page of a proxy on the way."""
    first = dict(headers)
    return first.get(":status") == "200" and first.get("content-type", "").startswith(CONTENT_TYPE)


class Body:
    """Takes the place of grpclib's buffer: collects the response and lets the server go on sending at once.

    No call can stop another by not reading, so flow control has nothing to do here; what bounds the memory is the
    limit on the size of a message.
    """

    def __init__(self, stream: UnaryStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self.data = bytearray()

    def add(self, data: bytes, ack_size: int) -> None:
        """Take a piece."""
        self.data += data
        self._stream.connection.ack(self._stream.stream_id, ack_size)
        announced = int.from_bytes(self.data[1:PREFIX], "big") if len(self.data) >= PREFIX else 0
        size = max(announced, len(self.data) - PREFIX)
        if size <= self._limit:
            return
        if is_grpc(self._stream.headers or ()):
            self._stream.fail(TooLarge(size, self._limit))
        else:  # What stands where a message has its length says nothing: a page of HTML, say, whose status decides.
            del self.data[PREFIX + self._limit :]

    def eof(self) -> None:
        """Take the end."""
        self._stream.complete()

    def unacked_size(self) -> int:
        """Say how much the server is still to be told of as received: all is acknowledged already."""
        return 0


class UnaryStream(EndingStream):
    """The stream of one attempt at a call.

    Args:
        protocol: The connection.
    """

    body: Body
    stream_id: int

    def __init__(self, protocol: ClientSide) -> None:
        connection = protocol.framed
        super().__init__(connection, connection._connection, connection._transport)
        self._protocol = protocol
        self._ended: asyncio.Future[None] = protocol.loop.create_future()
        self._sender: asyncio.Task[object] | None = None
        self._interrupted = False
        self._error: Exception | None = None

    def init_stream(self, stream_id: int, connection: object) -> None:
        """Take the number that HTTP/2 gives the stream."""
        self.id = self.stream_id = stream_id
        self.body = Body(self, self._protocol.framing.max_receive)
        self.buffer = self.body  # type: ignore[assignment]  # it has the three methods that the processor calls

    def complete(self) -> None:
        """Take the end of the response."""
        self._wake()

    def fail(self, error: Exception) -> None:
        """End the attempt, which then raises this error, unless it has ended."""
        if not self._ended.done():
            self._error = error
            self._wake()

    def __terminated__(self, reason: str) -> None:
        """Take the end of the stream before that of the response: from a reset, or with the connection."""
        if self.headers is not None and (self.trailers or dict(self.headers).get(":status") != "200"):
            self.complete()  # Some proxies reset the stream behind their response, which is all there is to know.
        else:
            self.fail(Ended(self.ending or self._protocol.ending or Ending(Cause.LOST, reason)))

    def _wake(self) -> None:
        """Go on in ``run``: if it still sends the request, that is pointless now, as the response is known."""
        if not self._ended.done():
            self._ended.set_result(None)
            if self._sender is not None:
                self._interrupted = True
                self._sender.cancel()

    async def run(self, headers: Headers, frame: bytes) -> None:
        """Send the request and wait until the response is complete; then it is in ``headers``, ``body``, ``trailers``.

        Args:
            headers: Those of the request.
            frame: Its message, framed.

        Raises:
            Ended: The stream ended before the response was complete.
            TooLarge: The response is above the limit.
            Exception: What ``fail`` was called with.
        """
        release: Callable[[], None] | None = None
        try:
            self._sender = asyncio.current_task()
            cancels = _cancels(self._sender)
            try:
                release = await self.send_request(headers, _processor=self._protocol.processor)
                await self.send_data(frame, end_stream=True)
            except asyncio.CancelledError:
                if not self._interrupted or _uncancel(self._sender) > cancels:
                    raise  # somebody else wants the task to stop
            except StreamClosedError as error:
                if not self._ended.done():
                    self.fail(Ended(Ending(Cause.LOST, f"the stream was closed: {error}")))
            finally:
                self._sender = None
            await self._ended
            if self._error is not None:
                raise self._error
        finally:
            if release is not None:
                if self.closable:
                    self.reset_nowait(ErrorCodes.CANCEL)
                release()


def _cancels(task: asyncio.Task[object] | None) -> int:
    cancelling = getattr(task, "cancelling", None)  # since 3.11, as is `uncancel`
    return cancelling() if cancelling else 0


def _uncancel(task: asyncio.Task[object] | None) -> int:
    uncancel = getattr(task, "uncancel", None)
    return uncancel() if uncancel else 0
