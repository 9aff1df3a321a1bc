"""One attempt at a unary call: a request out, an answer in, within its time."""

# Subclasses of grpclib's protocol need what it keeps to itself; the version is pinned to 0.4.x.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from h2.exceptions import H2Error, StreamClosedError

from chaukas_spec_lite.errors import AnswerTooLargeError, RpcError
from chaukas_spec_lite.rpc.client.connection import EndingStream
from chaukas_spec_lite.rpc.client.mapping import Cause, Ending, deadline_exceeded, of_ending, of_sending
from chaukas_spec_lite.rpc.client.response import is_grpc, message_of
from chaukas_spec_lite.rpc.transport.framing import GZIP, PREFIX

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.client.connection import ClientProtocol
    from chaukas_spec_lite.rpc.transport.protocol import Headers


class Body:
    """Takes the place of grpclib's buffer: collects the answer and lets the server go on sending at once.

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
            details = f"the answer has at least {size} bytes, above the limit of {self._limit}"
            self._stream.fail(AnswerTooLargeError(details, size=size, limit=self._limit))
        else:  # What stands where a message has its length says nothing: a page of HTML, say, whose status decides.
            del self.data[PREFIX + self._limit :]

    def eof(self) -> None:
        """Take the end."""
        self._stream.complete()

    def unacked_size(self) -> int:
        """Say how much the server is still to be told of as received: all is acknowledged already."""
        return 0


class UnaryStream(EndingStream):
    """The stream of one attempt."""

    body: Body
    stream_id: int

    def __init__(self, protocol: ClientProtocol) -> None:
        connection = protocol.connection
        super().__init__(connection, connection._connection, connection._transport)
        self._protocol = protocol
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sender: asyncio.Task[object] | None = None
        self._interrupted = False
        self.error: RpcError | None = None

    def init_stream(self, stream_id: int, connection: object) -> None:
        """Take the number that HTTP/2 gives the stream."""
        self.id = self.stream_id = stream_id
        self.body = Body(self, self._protocol.framing.max_receive)
        self.buffer = self.body  # type: ignore[assignment]  # it has the three methods that the processor calls

    def complete(self) -> None:
        """Take the end of the answer."""
        self._wake()

    def fail(self, error: RpcError) -> None:
        """End the attempt, unless it has ended."""
        if not self._ended.done():
            self.error = error
            self._wake()

    def __terminated__(self, reason: str) -> None:
        """Take the end of the stream before that of the answer: from a reset, or with the connection."""
        ending = self.ending or self._protocol.ending or Ending(Cause.LOST, reason)
        if self.headers is not None and (self.trailers or dict(self.headers).get(":status") != "200"):
            self.complete()  # Some proxies reset the stream behind their answer.
        else:
            self.fail(of_ending(ending, "", ""))

    def _wake(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
            if self._sender is not None:
                self._interrupted = True
                self._sender.cancel()

    def message(self) -> bytes:
        """Return the encoded message of the complete answer; raise ``RpcError`` if it is no good one."""
        return message_of(self.headers or (), self.trailers, bytes(self.body.data), self._protocol.framing)

    def knows_gzip(self) -> bool:
        """Whether the server said that it takes gzip."""
        return any(name == "grpc-accept-encoding" and GZIP in value for name, value in self.headers or ())

    async def run(self, headers: Headers, frame: bytes) -> None:
        """Send the request and wait for the end of the answer; raise ``RpcError`` if there is none."""
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
                    self.fail(of_ending(Ending(Cause.LOST, f"the stream was closed: {error}"), "", ""))
            finally:
                self._sender = None
            await self._ended
            if self.error is not None:
                raise self.error
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


async def unary(protocol: ClientProtocol, headers: Headers, frame: bytes, timeout: float) -> UnaryStream:
    """Make one attempt and return its stream, which holds the complete answer. Raises ``RpcError``.

    Errors come without RPC name and peer; ``timeout`` is in seconds.
    """
    if protocol.ending is not None:  # It ended as soon as it was made.
        raise of_ending(protocol.ending, "", "")
    stream = UnaryStream(protocol)
    began = time.monotonic()

    def give_up() -> None:
        stream.fail(deadline_exceeded(f"no answer came within {timeout:.3g} s", "", ""))
        protocol.give_up(began)

    timer = asyncio.get_running_loop().call_later(timeout, give_up)
    try:
        await stream.run(headers, frame)
    except (H2Error, OSError) as error:
        if isinstance(error, RpcError):
            raise
        mapped = of_ending(protocol.ending, "", "") if protocol.ending else of_sending(error, "", "")
        if mapped is None:
            raise
        # Nothing says what state the connection is in now; a new one is sure to be good.
        protocol.end(Ending(Cause.LOST, mapped.details))
        raise mapped from error
    finally:
        timer.cancel()
    return stream
