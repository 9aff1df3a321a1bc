"""The stream of one unary call: sends a request and collects the response, on grpclib's stream.

grpclib's own client call is not used, for two reasons. It can take a response without a status for a success. And it
cancels the task that waits without taking the cancellation back, so that ``asyncio.timeout`` around it miscounts.
"""

# Subclasses of grpclib's stream need what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from grpclib.metadata import USER_AGENT, encode_timeout

from chaukas_spec_lite.rpc.transport.client_side import EndingStream
from chaukas_spec_lite.rpc.transport.endings import (
    Cause,
    Ended,
    Ending,
    ErrorCodes,
    NoAvailableStreamIDError,
    StreamClosedError,
)
from chaukas_spec_lite.rpc.transport.framing import CONTENT_TYPE, PREFIX, TooLarge

__all__ = ["USER_AGENT", "Body", "UnaryStream", "encode_timeout", "is_grpc"]

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.transport.client_side import ClientSide
    from chaukas_spec_lite.rpc.transport.stream import Headers


def is_grpc(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a response that begins with these headers comes from a gRPC server, and is no page of a proxy."""
    first = dict(headers)
    return first.get(":status") == "200" and first.get("content-type", "").startswith(CONTENT_TYPE)


class Body:
    """Takes the place of grpclib's buffer: collects the response, and acknowledges each piece at once.

    grpclib acknowledges what its reader has taken, so that a slow reader slows the server down. Here nobody reads
    before the response is complete. The limit on the size of a message bounds the memory instead.
    """

    def __init__(self, stream: UnaryStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self.data = bytearray()

    def add(self, data: bytes, ack_size: int) -> None:
        """Take a piece of the response; end the attempt as soon as it is known to be too large."""
        self.data += data
        self._stream.connection.ack(self._stream.stream_id, ack_size)
        # The length that the prefix announces is enough to give up before the rest has come.
        announced = int.from_bytes(self.data[1:PREFIX], "big") if len(self.data) >= PREFIX else 0
        size = max(announced, len(self.data) - PREFIX)
        if size <= self._limit:
            return
        if is_grpc(self._stream.headers or ()):
            self._stream.fail(TooLarge(size, self._limit))
        else:
            # A page of HTML, for example, has letters where a message has its length. The call goes on, because the
            # HTTP status says what went wrong; only the memory is bounded.
            del self.data[PREFIX + self._limit :]

    def eof(self) -> None:
        """Take the end."""
        self._stream.complete()

    def unacked_size(self) -> int:
        """Say how many bytes grpclib still has to acknowledge at the end: none, see ``add``."""
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
        """Take the number that HTTP/2 gives the stream, and replace the buffer that grpclib would make."""
        self.id = self.stream_id = stream_id
        self.body = Body(self, self._protocol.framing.max_receive)
        self.buffer = self.body  # type: ignore[assignment]  # it has the three methods that the processor calls

    def complete(self) -> None:
        """Take the end of the response."""
        self._wake()

    def fail(self, error: Exception) -> None:
        """End the attempt with an error, which ``run`` raises. Nothing happens if it has ended already."""
        if not self._ended.done():
            self._error = error
            self._wake()

    def __terminated__(self, reason: str) -> None:
        """Take the end of the stream before the end of the response: from a reset, or with the connection."""
        # With trailers, the response says all it can. The server may reset the stream behind it, to stop a request that
        # it does not need to read (RFC 9113, section 8.1). Some proxies reset it behind an error of HTTP.
        if self.headers is not None and (self.trailers or dict(self.headers).get(":status") != "200"):
            self.complete()
        else:
            # From near to far: the reason for this stream, for the connection, grpclib's words.
            self.fail(Ended(self.ending or self._protocol.ending or Ending(Cause.LOST, reason)))

    def _wake(self) -> None:
        """Let ``run`` go on. If it still sends the request, interrupt that: the outcome is known.

        The sending may be waiting for the peer to read, or to widen a window, which may never happen.
        """
        if not self._ended.done():
            self._ended.set_result(None)
            if self._sender is not None:
                self._interrupted = True  # Tells this cancellation from one by the caller.
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
            # The task may have been cancelled before, and be in its cleanup. Only what is added to this count matters.
            cancels = _cancels(self._sender)
            try:
                release = await self.send_request(headers, _processor=self._protocol.processor)
                await self.send_data(frame, end_stream=True)
            except asyncio.CancelledError:
                # Take back our own cancellation, or `asyncio.timeout` and TaskGroup around the call would take the task
                # for cancelled. If the count is still higher, somebody else wants the task to stop, too. Before Python
                # 3.11 that cannot be told.
                if not self._interrupted or _uncancel(self._sender) > cancels:
                    raise
            except StreamClosedError as error:
                # The stream ended while the request waited for its turn. The reset, if it has been handled, set a
                # reason.
                self._sender = None
                self.fail(Ended(Ending(Cause.LOST, f"the stream was closed: {error}")))
            except NoAvailableStreamIDError:
                # The server said GOAWAY while the request waited for its turn.
                ending = self._protocol.leaving or self._protocol.ending
                if ending is None:
                    raise
                self._sender = None
                self.fail(Ended(ending))
            finally:
                self._sender = None  # From here on nothing is sent, so there is nothing to interrupt.
            await self._ended
            if self._error is not None:
                raise self._error
        finally:
            if release is not None:
                # After an error or a cancellation the server still works on the call: CANCEL tells it to stop. After a
                # complete exchange the stream is closed, and nothing is sent.
                if self.closable:
                    self.reset_nowait(ErrorCodes.CANCEL)
                release()


def _cancels(task: asyncio.Task[object] | None) -> int:
    cancelling = getattr(task, "cancelling", None)  # since 3.11, as is `uncancel`
    return cancelling() if cancelling else 0


def _uncancel(task: asyncio.Task[object] | None) -> int:
    uncancel = getattr(task, "uncancel", None)
    return uncancel() if uncancel else 0
